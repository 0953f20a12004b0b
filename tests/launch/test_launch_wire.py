"""Requests over real sockets: a slow or endless server gets no more than its time and size."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from front_door import House, Network
from memory_store import MemoryStore

from launch import wire
from launch.discovery import Cache
from launch.errors import EhrUnreachable, EhrUnreadable, shown
from launch.registry import Registry

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A one-connection HTTP server that writes what `answer` writes."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listening.accept()[0] as connection:
            connection.recv(65_536)
            try:
                answer(connection)
            except OSError:
                return  # the client has had enough

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        listening.close()
        thread.join(timeout=5)


def drip(head: bytes, byte: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(byte)
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        drip(HEAD + b"Content-Length: 9999\r\n\r\n", b" "),
        drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["length", "chunked"],
)
def test_a_server_that_sends_one_byte_at_a_time_is_left(
    answer: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "DEADLINE", 0.3)
    with server(answer) as url, pytest.raises(EhrUnreachable):
        wire.get_json(requests.Session, url)


def test_a_server_that_never_stops_is_left() -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"\r\n")
        while True:
            connection.sendall(b" " * 65_536)

    with server(endless) as url, pytest.raises(EhrUnreadable, match="1000 kB"):
        wire.get_json(requests.Session, url)


def test_a_broken_off_answer_is_no_answer() -> None:
    with (
        server(lambda c: c.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")) as url,
        pytest.raises(EhrUnreachable),
    ):
        wire.get_json(requests.Session, url)


def test_a_compressed_bomb_is_left() -> None:
    import gzip

    bomb = gzip.compress(b" " * 50_000_000)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with server(lambda c: c.sendall(head + bomb)) as url, pytest.raises(EhrUnreadable, match="1000 kB"):
        wire.get_json(requests.Session, url)


def test_a_byte_order_mark_is_no_reason_to_refuse() -> None:
    body = b'\xef\xbb\xbf{"a": 1}'
    with server(lambda c: c.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)) as url:
        assert wire.get_json(requests.Session, url) == {"a": 1}


@pytest.mark.parametrize("name", ["authlib", "urllib3"])
def test_loggers_that_print_secrets_are_quiet(
    name: str, clock: Any, network: Network, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
    House(clock, network, store)
    assert logging.getLogger(name).level == logging.WARNING


def test_the_discovery_cache_is_bounded(clock: Any) -> None:
    cache: Cache[int] = Cache(clock)
    for n in range(1000):
        cache.put(str(n), n)
    assert len(cache._kept) == 256
    assert (cache.get("0"), cache.get("999")) == (None, 999)


@pytest.mark.parametrize("text", ["a\r\nb", "x" * 5000, "\x00\x1b[31m", "\u202eabc"])
def test_foreign_text_is_one_short_printable_line(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) <= 120


def test_an_empty_registry_is_a_registry() -> None:
    assert Registry([]).find("https://ehr.example/fhir") is None
