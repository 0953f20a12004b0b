from __future__ import annotations

import pytest

from app.store.errors import SealBroken
from app.store.opened import Opened
from tests.store.one_store import at_once


class Opener:
    """Opens by reversing, and counts."""

    def __init__(self) -> None:
        self.opened: list[bytes] = []

    def __call__(self, sealed: bytes, row: str) -> bytes:
        self.opened.append(sealed)
        if sealed == b"broken":
            raise SealBroken
        return row.encode() + sealed


def test_the_same_bytes_in_the_same_row_are_opened_once() -> None:
    values, opener = Opened(), Opener()
    for _ in range(3):
        assert values.get("row", b"a", opener) == b"rowa"
        assert values.get("other", b"a", opener) == b"othera"
        assert values.get("row", b"b", opener) == b"rowb"
    assert opener.opened == [b"a", b"a", b"b"]


def test_what_cannot_be_opened_is_tried_again() -> None:
    values, opener = Opened(), Opener()
    for _ in range(2):
        with pytest.raises(SealBroken):
            values.get("row", b"broken", opener)
    assert len(opener.opened) == 2


def test_the_least_recently_used_make_room() -> None:
    values, opener = Opened(limit=30), Opener()
    for sealed in (b"a" * 10, b"b" * 10, b"c" * 10, b"a" * 10, b"d" * 10):
        values.get("row", sealed, opener)
    opener.opened.clear()
    for sealed in (b"a" * 10, b"c" * 10, b"d" * 10, b"b" * 10):
        values.get("row", sealed, opener)
    assert opener.opened == [b"b" * 10]
    assert values.get("row", b"e" * 31, opener) == b"row" + b"e" * 31  # larger than all the room there is


def test_threads_do_not_spoil_the_count() -> None:
    values, opener = Opened(limit=100), Opener()
    at_once(8, lambda n: [values.get("row", bytes([i % 40]) * 7, opener) for i in range(n, 200)])
    assert values._size == sum(len(sealed) for _, sealed in values._values) <= 100
