"""Peers that hold on to a connection, over real sockets: every question ends at its deadline."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable

import pytest
from sources_wire import raw_server

from app.sources.connections import Connections
from app.sources.errors import Down, Slow, SourceError, Unreadable
from app.sources.http import Limits

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n"
TOTAL = 0.8
BOMB = gzip.compress(b"x" * 20_000_000)


def trickle_body(sock: socket.socket, over: threading.Event) -> None:
    sock.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")
    while not over.wait(0.05):
        sock.sendall(b" ")


def trickle_chunks(sock: socket.socket, over: threading.Event) -> None:
    sock.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while not over.wait(0.05):
        sock.sendall(b"1\r\n \r\n")


def trickle_headers(sock: socket.socket, over: threading.Event) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not over.wait(0.05):
        sock.sendall(b"x")


def one_byte_every_nine_seconds(sock: socket.socket, over: threading.Event) -> None:
    sock.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n{")
    over.wait(9)


def say_nothing(sock: socket.socket, over: threading.Event) -> None:
    over.wait(9)


def endless(sock: socket.socket, over: threading.Event) -> None:
    sock.sendall(HEAD + b"Connection: close\r\n\r\n" + b'{"a":"')
    while not over.is_set():
        sock.sendall(b"x" * 65536)


def endless_redirect(sock: socket.socket, over: threading.Event) -> None:
    sock.sendall(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n")
    while not over.is_set():
        sock.sendall(b"x" * 65536)


def compressed_endless(sock: socket.socket, over: threading.Event) -> None:
    sock.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB)


def cut_off(sock: socket.socket, over: threading.Event) -> None:
    sock.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")


@pytest.mark.parametrize(
    ("answer", "kind", "slow"),
    [
        (trickle_body, Slow, True),
        (trickle_chunks, Slow, True),
        (trickle_headers, Slow, True),
        (one_byte_every_nine_seconds, Slow, True),
        (say_nothing, Slow, True),
        (endless, Unreadable, False),
        (endless_redirect, Unreadable, False),
        (compressed_endless, Unreadable, False),
        (cut_off, Down, False),
    ],
)
def test_a_question_ends_at_its_deadline_or_at_the_size_cap(
    answer: Callable[[socket.socket, threading.Event], None], kind: type[SourceError], slow: bool
) -> None:
    with raw_server(answer) as base:
        total = TOTAL if slow else 5.0
        http = Connections().http("ehr", base, limits=Limits(total=total, attempts=1))
        start = time.monotonic()
        with pytest.raises(SourceError) as caught:
            http.get("Patient/1")
        took = time.monotonic() - start
    assert type(caught.value) is kind
    assert took < total + 5
    assert took >= TOTAL - 0.1 or not slow


def test_a_refused_connection_is_down_and_quick() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Down):
        Connections().http("ehr", f"http://127.0.0.1:{port}", limits=Limits(total=TOTAL)).get("Patient/1")


def test_cookies_of_one_answer_are_not_sent_with_the_next() -> None:
    asked: list[bytes] = []

    def answer(sock: socket.socket, over: threading.Event) -> None:
        sock.sendall(HEAD + b'Set-Cookie: who=ann; Path=/\r\nContent-Length: 7\r\n\r\n{"a":1}')
        asked.append(sock.recv(65536))
        sock.sendall(HEAD + b'Content-Length: 7\r\n\r\n{"a":1}')

    with raw_server(answer) as base:
        http = Connections().http("ehr", base)
        assert http.get("x") == http.get("y") == {"a": 1}
    assert asked[0].startswith(b"GET /y ")
    assert b"cookie" not in asked[0].lower()


def test_a_connection_is_used_again_and_its_deadline_with_it() -> None:
    accepted: list[int] = []

    def answer(sock: socket.socket, over: threading.Event) -> None:
        accepted.append(1)
        for _ in range(2):
            sock.sendall(HEAD + b'Content-Length: 7\r\n\r\n{"a":1}')
            if not sock.recv(65536):
                return
        over.wait(5)

    with raw_server(answer) as base:
        http = Connections().http("ehr", base, limits=Limits(total=TOTAL, attempts=1))
        assert http.get("x") == http.get("y") == {"a": 1}
        with pytest.raises(Slow):
            http.get("z")
    assert accepted == [1]
