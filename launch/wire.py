"""Requests to an EHR's sign-in side: always with a time-out, a total deadline and a size cap, never to another origin.

requests' own time-out is per read, so a server that sends one byte at a time would hold a worker for hours.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from launch.errors import EhrUnreachable, EhrUnreadable

TIMEOUT = (3.05, 5.0)  # connect, each read
DEADLINE = 8.0  # seconds for one whole exchange
MAX_BYTES = 1_000_000
MAX_REDIRECTS = 3
_CHUNK = 65_536

Http = Callable[[], requests.Session]


def read_json(response: requests.Response, *, started: float | None = None) -> Any:
    """The JSON body of a streamed response; EhrUnreadable or EhrUnreachable for anything else."""
    body = _read(response, started=time.monotonic() if started is None else started)
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        kind = "a web page" if body.lstrip()[:1] == b"<" else "text that is not JSON"
        raise EhrUnreadable(f"{kind} (HTTP {response.status_code})") from error


def _read(response: requests.Response, *, started: float) -> bytes:
    raw = cast(urllib3.HTTPResponse, response.raw)
    parts, size = [], 0
    try:
        with response:
            while chunk := raw.read1(_CHUNK, decode_content=True):
                parts.append(chunk)
                size += len(chunk)
                if size > MAX_BYTES:
                    raise EhrUnreadable(f"more than {MAX_BYTES // 1000} kB")
                if time.monotonic() - started > DEADLINE:
                    raise EhrUnreachable
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise EhrUnreachable from error
    return b"".join(parts)


def get_json(http: Http, url: str, *, accept: str = "application/json") -> Any:
    """GET `url` and return its JSON, or None if the server says that it has none (any 4xx).

    Redirects are followed within the same origin only (RFC 6454): discovery decides where tokens go.
    """
    started = time.monotonic()
    with http() as session:
        for _ in range(MAX_REDIRECTS + 1):
            try:
                response = session.get(
                    url, headers={"Accept": accept}, timeout=TIMEOUT, allow_redirects=False, stream=True
                )
            except (requests.RequestException, OSError) as error:
                raise EhrUnreachable from error
            if response.status_code not in (301, 302, 303, 307, 308):
                return _body(response, started)
            response.close()
            target = urljoin(url, response.headers.get("Location", ""))
            if urlsplit(target)[:2] != urlsplit(url)[:2]:
                raise EhrUnreadable("a redirect to another server")
            url = target
    raise EhrUnreadable("too many redirects")


def _body(response: requests.Response, started: float) -> Any:
    if response.status_code >= 500:
        response.close()
        raise EhrUnreachable(f"The EHR answered with an error (HTTP {response.status_code}). Try again in a moment.")
    if response.status_code >= 400:
        response.close()
        return None
    return read_json(response, started=started)
