"""One guarded HTTP client for one source: token, deadline, size, retries, paging, and nothing to any other origin.

It returns JSON objects or raises `errors.SourceError`; what the JSON says is the adapters' business. Thread-safe as
long as `session_factory` gives each thread a session of its own (`connections.py`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn, TypeVar
from urllib.parse import urlencode

import requests
from requests.auth import AuthBase
from urllib3.exceptions import LocationParseError, ReadTimeoutError

from app.core.answers import Reason
from app.sources import replies
from app.sources.breaker import Breaker, Call
from app.sources.deadline import Deadline
from app.sources.errors import Busy, Down, NotAllowed, SignedOut, Slow, SourceError, Unreadable, Waiting
from app.sources.exact import written
from app.sources.health import Health, Watch
from app.sources.limits import Allowance
from app.sources.replies import Json, Reply
from app.sources.urls import Params, resolve, with_query

#: Called with False for a token, with True for a new one because the last was answered 401.
Bearer = Callable[[bool], str]

FHIR_JSON = "application/fhir+json"
Headers = tuple[tuple[str, str], ...]
T = TypeVar("T")
Now = Callable[[], datetime]
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOPS = 3
_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, bytes and counts that no source may exceed. `total` bounds a whole question, with pages and retries."""

    connect: float = 3.0
    read: float = 8.0  # silence; `total` usually ends first
    total: float = 8.0
    max_bytes: int = 5_000_000
    max_pages: int = 20
    attempts: int = 3


@dataclass(frozen=True, slots=True)
class Request:
    """One call as it leaves. `attempts` overrides the client's limit for calls that must not be repeated."""

    method: str
    url: str
    body: bytes | None = None
    content_type: str = ""
    attempts: int | None = None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one search. `trouble` is why the rest of them is missing."""

    bundles: tuple[Json, ...]
    trouble: SourceError | None = None


class _Authorization(AuthBase):
    """Sets the header itself, or requests would put the machine's .netrc in its place."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Http:
    """The client of one source. `bearer_errors` says what the exceptions of `bearer` mean."""

    def __init__(
        self,
        source: str,
        base: str,
        *,
        session_factory: Callable[[], requests.Session],
        bearer: Bearer | None = None,
        bearer_errors: Mapping[type[Exception], Reason] | None = None,
        limits: Limits | None = None,
        breaker: Breaker | None = None,
        health: Health | None = None,
        allowance: Allowance | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.source, self.base, self.limits = source, base.rstrip("/"), limits or Limits()
        self._session_factory, self._bearer, self._bearer_errors = session_factory, bearer, dict(bearer_errors or {})
        self._breaker = breaker or Breaker(monotonic=monotonic)
        self._health = health or Watch(clock, monotonic).of(source)
        self._allowance = allowance
        self._clock, self._monotonic, self._sleep = clock, monotonic, sleep

    def within(self, seconds: float | None = None) -> Deadline:
        """The time for one question: `with http.within(): ...` around everything that answers it."""
        return Deadline(self.limits.total if seconds is None else seconds, self._monotonic)

    def get(self, path: str, params: Params = (), *, headers: Headers = ()) -> Json:
        """Read or search. `path` is relative to the base, or a URL of the same origin."""
        return self.ask(Request("GET", resolve(self.base, with_query(path, params)), headers=headers))

    def lines(self, url: str) -> tuple[Json | None, ...]:
        """A file of NDJSON (Bulk Data): one resource a line, None for a line that cannot be read."""
        accept = (("Accept", "application/fhir+ndjson, application/ndjson;q=0.9"),)
        return self._tried(Request("GET", resolve(self.base, url), headers=accept), replies.accepted_lines)

    def pause(self, seconds: float) -> None:
        """Wait, as a source asks us to. Raises Slow at once when the question's time does not allow it."""
        with self.within() as limit:
            if seconds >= limit.remaining():
                raise Slow("wants to be asked again after our time is over")
            self._sleep(seconds)

    def post(self, path: str, body: Json, *, headers: Headers = ()) -> Json:
        """An operation that reads (`$care-gaps`, `$member-match`); it may be repeated."""
        content = json.dumps(body, ensure_ascii=False).encode()
        return self.ask(Request("POST", resolve(self.base, path), content, FHIR_JSON, headers=headers))

    def read(self, path: str) -> Reply:
        """A resource with the headers that name its version. Raises SourceError."""
        return self._tried(Request("GET", resolve(self.base, path)), replies.read)

    def write(self, method: str, path: str, body: object, *, headers: Headers = ()) -> Reply:
        """Send what must not be sent twice: one attempt. Bytes leave as they are. Raises SourceError.

        After NotAllowed, NotFound, Refused, Busy, SignedOut and Resting it has not arrived; after others it may have.
        """
        content = body if isinstance(body, bytes) else written(body)
        request = Request(method, resolve(self.base, path), content, FHIR_JSON, attempts=1, headers=headers)
        return self._tried(request, replies.taken)

    def post_form(self, path: str, params: Params, *, attempts: int | None = None) -> Json:
        """A search by POST (FHIR R4 search 3.1.1.5), or a token request."""
        content = urlencode(list(params)).encode()
        form = "application/x-www-form-urlencoded"
        return self.ask(Request("POST", resolve(self.base, path), content, form, attempts))

    def search(self, path: str, params: Params, *, post: bool = False) -> Pages:
        """Every page of a search. Raises only for the first; trouble further on is named in the result."""
        with self.within():
            first = self.post_form(f"{path}/_search", params) if post else self.get(path, params)
            if first.get("resourceType") != "Bundle":
                raise Unreadable("answered a search with something other than a Bundle")
            bundles = [first]
            try:
                self._follow(bundles)
            except SourceError as trouble:
                return Pages(tuple(bundles), trouble)
            return Pages(tuple(bundles))

    def ask(self, request: Request) -> Json:
        """One call with its retries. Raises SourceError."""
        return self._tried(request, replies.accepted)

    def _tried(self, request: Request, meaning: Callable[[int, Mapping[str, str], bytes, Now], T]) -> T:
        attempts = request.attempts or self.limits.attempts
        with self.within() as limit, self._health.call(), self._breaker.call() as call:
            for attempt in range(attempts):
                limit.check()
                try:
                    return meaning(*self._with_token(request, limit, call), self._clock)
                except (Busy, Down) as trouble:
                    self._hold_off(trouble)
                    pause = _PAUSE * 2**attempt if trouble.retry_after is None else trouble.retry_after
                    hopeless = isinstance(trouble, Waiting) or (isinstance(trouble, Down) and not trouble.again)
                    if hopeless or attempt == attempts - 1 or pause >= limit.remaining():
                        raise
                    self._sleep(pause)
        raise AssertionError("attempts is at least one")

    def _hold_off(self, trouble: SourceError) -> None:
        """What a limited source asks one of us, all of us heed."""
        if self._allowance is not None and isinstance(trouble, Busy) and trouble.retry_after:
            self._allowance.hold_off(trouble.retry_after)

    def _follow(self, bundles: list[Json]) -> None:
        seen: set[str] = set()
        while (link := _next_link(bundles[-1])) is not None:
            url = resolve(self.base, link)
            if url in seen:
                raise Unreadable("the pages of a search lead back to one another")
            if len(bundles) >= self.limits.max_pages:
                raise Unreadable(f"a search has more than {self.limits.max_pages} pages")
            seen.add(url)
            page = self.ask(Request("GET", url))
            if page.get("resourceType") != "Bundle":
                raise Unreadable("a page of a search is not a Bundle")
            bundles.append(page)

    # --- one attempt --------------------------------------------------------------------------------------------------

    def _with_token(self, request: Request, limit: Deadline, call: Call) -> tuple[int, Mapping[str, str], bytes]:
        """One attempt; a 401 is worth exactly one new token."""
        status, headers, body = self._send(request, self._token(renew=False), limit, call)
        if status == 401 and self._bearer is not None:
            status, headers, body = self._send(request, self._token(renew=True), limit, call)
            if status == 401:
                raise SignedOut("answered 401 to a new token")
        return status, headers, body

    def _token(self, *, renew: bool) -> str | None:
        if self._bearer is None:
            return None
        try:
            return self._bearer(renew)
        except tuple(self._bearer_errors) as error:
            reason = next(r for kind, r in self._bearer_errors.items() if isinstance(error, kind))
            raise _TOKEN_TROUBLE.get(reason, SignedOut)("there is no token") from error

    def _send(
        self, request: Request, token: str | None, limit: Deadline, call: Call
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body, after redirects within the origin (a redirected POST only by 307 and 308)."""
        method, url, content = request.method, request.url, request.body
        for _ in range(_HOPS):
            with self._allowance.call(limit) if self._allowance else nullcontext():
                call.begins()
                try:
                    status, headers, body = self._exchange(method, url, content, request, token, limit)
                except Slow:
                    call.silent()
                    raise
            if status not in _REDIRECTS:
                return status, headers, body
            url = resolve(url, headers.get("Location", ""))
            if method != "GET" and status not in (307, 308):
                raise Unreadable(f"answered a {method} with {status}")
        raise Unreadable("redirected again and again")

    def _exchange(
        self, method: str, url: str, content: bytes | None, request: Request, token: str | None, limit: Deadline
    ) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Accept": f"{FHIR_JSON}, application/json;q=0.9"} | dict(request.headers)
        if content is not None:
            headers["Content-Type"] = request.content_type
        left = limit.check()
        timeout = (min(self.limits.connect, left), min(self.limits.read, left))
        start = self._monotonic()
        try:
            reply = self._session_factory().request(
                method, url, data=content, headers=headers, auth=_Authorization(token),
                timeout=timeout, allow_redirects=False, stream=True,
            )  # fmt: skip
            with closing(reply):
                answered = reply.status_code, reply.headers, self._read(reply, limit)
            self._health.took(self._monotonic() - start)
            return answered
        except (requests.RequestException, LocationParseError, TimeoutError) as error:
            _explain(error, limit)

    def _read(self, reply: requests.Response, limit: Deadline) -> bytes:
        """The body, cut off at the size cap and at the deadline."""
        length = reply.headers.get("Content-Length", "")
        if length.isdecimal() and len(length) < 20 and int(length) > self.limits.max_bytes:
            raise Unreadable("answered with more than we read")
        body = bytearray()
        for chunk in reply.iter_content(1 << 16):
            body += chunk
            if len(body) > self.limits.max_bytes:
                raise Unreadable("answered with more than we read")
            limit.check()
        return bytes(body)


_TOKEN_TROUBLE: Mapping[Reason, Callable[[str], SourceError]] = {
    Reason.SIGNED_OUT: SignedOut, Reason.NOT_ALLOWED: NotAllowed, Reason.DOWN: Down, Reason.SLOW: Slow,
    Reason.BUSY: Busy,
}  # fmt: skip


def _explain(error: Exception, limit: Deadline) -> NoReturn:
    """Raise the SourceError that trouble of requests or urllib3 means."""
    if isinstance(error, requests.ConnectTimeout):
        raise Down("no connection in time", again=False) from error
    timed_out = isinstance(error, requests.Timeout | TimeoutError) or (
        bool(error.args) and isinstance(error.args[0], ReadTimeoutError)  # requests wraps a time-out of the body so
    )
    if timed_out or limit.remaining() <= 0:
        raise Slow("no complete answer in time") from error
    if isinstance(error, requests.exceptions.SSLError | requests.exceptions.ProxyError):
        raise Down("no trusted connection", again=False) from error
    if isinstance(error, requests.exceptions.ContentDecodingError | LocationParseError | ValueError):
        raise Unreadable("answered in a way that HTTP does not allow") from error
    raise Down("the connection failed") from error


def _next_link(bundle: Json) -> str | None:
    links = bundle.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None
