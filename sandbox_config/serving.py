"""WSGI apps on loopback ports, for the sandbox, the demo and the tests: quiet, threaded, gone when the block ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Says nothing of good requests; errors are still logged."""

    disable_nagle_algorithm = True  # headers and body are two writes: without this every answer may wait 40 ms

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


@contextmanager
def serving(wsgi: Any, where: int | socket.socket) -> Iterator[None]:
    """Serve one app in threads until the block ends: on 127.0.0.1 and this port, or on a listening socket."""
    if isinstance(where, int):
        server = make_server("127.0.0.1", where, wsgi, threaded=True, request_handler=Quiet)
    else:
        host, port = where.getsockname()[:2]
        server = make_server(host, port, wsgi, threaded=True, request_handler=Quiet, fd=where.fileno())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody held a moment ago, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
