"""The HTTP session that sources use: every read from the socket ends at the thread's deadline; no cookie is kept.

A read time-out in requests is per `recv`: a peer that sends one byte now and then, in the headers or in the body, holds
a thread for hours. Here each `recv` may wait only as long as the deadline has left. Cookies are refused, because one
session serves many users of one EHR.
"""

from __future__ import annotations

import http.client
import io
import socket
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from app.sources import deadline
from app.sources.deadline import Deadline

USER_AGENT = "Chartside (SMART on FHIR app)"


class _TimedReader(io.RawIOBase):
    """The response's socket file; each read first sets the socket's time-out to what the deadline has left."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, limit: Deadline) -> None:
        self._raw, self._sock, self._limit = raw, sock, limit
        self._silence = sock.gettimeout()  # the read time-out of this request

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._limit.remaining()
        if left <= 0:
            raise TimeoutError("deadline")
        self._sock.settimeout(left if self._silence is None else min(left, self._silence))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        if (limit := deadline.current()) is not None:
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_TimedReader(raw, sock, limit))


class _Connection(HTTPConnection):
    response_class = _TimedResponse


class _TlsConnection(HTTPSConnection):
    response_class = _TimedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


class DeadlineAdapter(HTTPAdapter):
    """requests' adapter over connections that keep the deadline, through a proxy as well."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _Session(requests.Session):
    """Reads the machine's proxy settings once for each server; never looks at a Location.

    2026-11, requests 2.34: it walks the whole environment three times for every request, a third of a call's cost. And
    even when told not to follow a redirect, it would read the redirect's body without a size cap.
    """

    def __init__(self) -> None:
        super().__init__()
        self._surroundings: dict[tuple[str, str], Any] = {}

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        if proxies or verify is not None or cert is not None:  # stated for this one request
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        parts = urlsplit(url)
        server = parts.scheme, parts.netloc
        found = self._surroundings.get(server)
        if found is None:
            found = self._surroundings[server] = super().merge_environment_settings(url, {}, None, None, None)
        return {**found, "stream": self.stream if stream is None else stream}

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Without the cookies that we refuse and the .netrc that is not ours to use."""
        prepared = requests.PreparedRequest()
        prepared.prepare(
            method=(request.method or "").upper(), url=request.url, headers={**self.headers, **request.headers},
            files=request.files, data=request.data, json=request.json, params=request.params, auth=request.auth,
            hooks=request.hooks,
        )  # fmt: skip
        return prepared

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 # the signature is requests'
        return None


def new_session() -> requests.Session:
    """A session for one thread and one source."""
    session = _Session()
    session.headers["User-Agent"] = USER_AGENT
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    adapter = DeadlineAdapter(max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
