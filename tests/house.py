"""The whole house on free loopback ports: sandbox EHR and payers, and the app, each a real HTTP server in a thread.

The EHR answers on `localhost` and the app on `127.0.0.1`, because only then is the app's frame cross-site.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from werkzeug.serving import WSGIRequestHandler, make_server


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any, **__: Any) -> None:
        """Say nothing: tests read answers, not logs."""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def serving(app: Any, port: int) -> Iterator[None]:
    """Serve one WSGI app on 127.0.0.1:port in threads until the block ends."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def browser_session() -> requests.Session:
    """An HTTP client with a cookie jar that, like a browser on loopback, sends Secure cookies over http."""
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(secure_protocols=("http", "https")))
    return session


@dataclass
class House:
    """The addresses of one running house and the parts that tests switch."""

    ehr: str
    payers: dict[str, str]
    app: str
    wsgi: dict[str, Any] = field(default_factory=dict)

    def stop(self) -> None:
        """Filled in by `house`."""
