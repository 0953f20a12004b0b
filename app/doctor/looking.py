"""One guarded look at a server: a request with a deadline and a size cap, no redirect followed, nothing raised."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import requests
from urllib3.exceptions import HTTPError, LocationParseError

from app.sources.deadline import Deadline
from app.sources.errors import SourceError, Unreadable
from app.sources.replies import Json, parse

ONE_CALL = 4.0  # seconds
MAX_BYTES = 5_000_000

Params = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `status` 0: nothing did, and `trouble` says why in our words."""

    url: str
    status: int = 0
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    trouble: str = ""
    at: datetime | None = None  # our clock when its headers were here

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def said(self) -> str:
        """For a finding: how it answered."""
        return self.trouble or f"HTTP {self.status}"

    def json(self) -> Json | None:
        """Its JSON object, or None."""
        try:
            found = parse(self.body) if self.good else None
        except Unreadable:
            return None
        return found if isinstance(found, dict) else None

    def header(self, name: str) -> str:
        return str((self.headers or {}).get(name, ""))

    def ahead(self) -> float | None:
        """Seconds by which the server's clock is ahead of ours (RFC 9110 `Date`); None when it does not say."""
        try:
            stated = parsedate_to_datetime(self.header("Date"))
        except ValueError:
            return None
        stated = stated if stated.tzinfo else stated.replace(tzinfo=UTC)
        return (stated - self.at).total_seconds() if self.at else None


class Looking:
    """Looks at servers for one entry, on one thread. `make_session` may carry the wire elsewhere."""

    def __init__(self, make_session: Callable[[], requests.Session], clock: Callable[[], datetime]) -> None:
        self._session, self.clock = make_session(), clock

    def get(self, url: str, *, accept: str = "application/json", bearer: str = "") -> Reply:
        return self._ask("GET", url, {"Accept": accept}, None, bearer)

    def post_form(self, url: str, form: Params, *, bearer: str = "") -> Reply:
        headers = {"Accept": "application/fhir+json", "Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", url, headers, urlencode(list(form)).encode(), bearer)

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes | None, bearer: str) -> Reply:
        try:
            with Deadline(ONE_CALL) as limit:
                left = limit.check()
                reply = self._session.request(
                    method, url, data=body, headers=headers, auth=_Auth(bearer),
                    timeout=(left, left), allow_redirects=False, stream=True,
                )  # fmt: skip
                at = self.clock()
                with reply:
                    return Reply(url, reply.status_code, reply.headers, _body(reply, limit), at=at)
        except SourceError as trouble:
            return Reply(url, trouble=trouble.detail)
        except (requests.RequestException, HTTPError, LocationParseError, OSError, ValueError) as error:
            return Reply(url, trouble=_why(error))


class _Auth(requests.auth.AuthBase):
    """Sets the header itself, or requests would put the machine's .netrc in its place."""

    def __init__(self, bearer: str) -> None:
        self._bearer = bearer

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._bearer:
            request.headers["Authorization"] = f"Bearer {self._bearer}"
        return request


def _body(reply: requests.Response, limit: Deadline) -> bytes:
    body = bytearray()
    for chunk in reply.iter_content(1 << 16):
        body += chunk
        if len(body) > MAX_BYTES:
            raise Unreadable("answered with more than we read")
        limit.check()
    return bytes(body)


def _why(error: Exception) -> str:
    """Our words for it; the library's may quote addresses with everything in them."""
    cause: Any = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message})"
        args = [a for a in getattr(cause, "args", ()) if isinstance(a, Exception)]
        cause = getattr(cause, "reason", None) or cause.__cause__ or (args[0] if args else None)
        cause = cause if isinstance(cause, Exception) else None
    if isinstance(error, requests.exceptions.SSLError):
        return "no TLS connection"
    if isinstance(error, requests.Timeout | TimeoutError):
        return "no complete answer in time"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not let us through"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return "answered in a way that HTTP does not allow"
