"""The wire of the tests: hosts that are functions, and raw sockets that misbehave. Nothing of ours is replaced."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from app.sources.connections import Connections
from app.sources.wire import new_session

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


class Call:
    """One request as a host saw it."""

    def __init__(self, request: requests.PreparedRequest) -> None:
        assert request.url
        parts = urlsplit(request.url)
        self.method, self.url, self.path, self.host = str(request.method), request.url, parts.path, parts.netloc
        self.headers = request.headers
        self.body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        form = "form-urlencoded" in self.headers.get("Content-Type", "")
        self.params = parse_qsl(self.body.decode() if form else parts.query, keep_blank_values=True)

    @property
    def bearer(self) -> str | None:
        value = self.headers.get("Authorization")
        return value.removeprefix("Bearer ") if value else None

    def json(self) -> Any:
        return json.loads(self.body)

    def get(self, name: str) -> list[str]:
        return [value for key, value in self.params if key == name]


class Reply:
    """What a host answers."""

    def __init__(self, body: Any = b"", status: int = 200, **headers: str) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body, default=float).encode()
        self.headers = {"Content-Type": "application/fhir+json"} | {k.replace("_", "-"): v for k, v in headers.items()}


Host = Callable[[Call], Any]


class Wire(BaseAdapter):
    """Host -> function. A call to a host that is not here fails the test; so does one without a time-out."""

    def __init__(self, **hosts: Host) -> None:
        super().__init__()
        self.hosts = {f"{name}.example": host for name, host in hosts.items()}
        self.calls: list[Call] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        call = Call(request)
        self.calls.append(call)
        assert kwargs["timeout"], "a request without a time-out"
        assert call.host in self.hosts, f"{call.host} was asked"
        reply = self.hosts[call.host](call)
        if isinstance(reply, Exception):
            raise reply
        return self._response(request, reply if isinstance(reply, Reply) else Reply(reply))

    def close(self) -> None: ...

    def _response(self, request: requests.PreparedRequest, reply: Reply) -> requests.Response:
        response = requests.Response()
        response.status_code, response.request, response.url = reply.status, request, str(request.url)
        response.headers.update(reply.headers)
        body = io.BytesIO(reply.body)
        response.raw = HTTPResponse(body, headers=reply.headers, status=reply.status, preload_content=False)
        return response

    def session(self) -> requests.Session:
        session = new_session()
        session.mount("https://", self)
        session.mount("http://", self)
        return session

    def asked(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path.endswith(path)]


class Clock:
    """Time that the test moves: `connections` of one test share it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOW

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def connections(wire: Wire, clock: Clock | None = None) -> Connections:
    clock = clock or Clock()
    return Connections(wire.session, clock=clock.now, monotonic=clock.monotonic, sleep=clock.sleep)


def bundle(*resources: Any, next_url: str = "", mode: str = "match") -> dict[str, Any]:
    """A searchset of resources."""
    found = {"resourceType": "Bundle", "type": "searchset"}
    found["entry"] = [{"resource": r, "search": {"mode": mode}} for r in resources]  # type: ignore[assignment] # JSON
    if next_url:
        found["link"] = [{"relation": "next", "url": next_url}]  # type: ignore[assignment] # JSON
    return found


@contextmanager
def raw_server(answer: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """A real loopback server; `answer` writes bytes as it likes, until the event says that the test is over."""
    over, listening = threading.Event(), socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=handle, args=(connection,), daemon=True)
            threads.append(thread)
            thread.start()

    def handle(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                answer(connection, over)
            except OSError:
                pass  # the client hung up, as it should

    acceptor = threading.Thread(target=serve, daemon=True)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for thread in [acceptor, *threads]:
            thread.join(timeout=2)
