"""A small share of `python -m tests.loop.torture`, and that what it compares would be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.core.ledger.outgoing import Message, Post, Sends
from app.store.outbox import Listed
from tests.loop.checks import of_ledger, of_outbox, of_payer
from tests.loop.people import Taps
from tests.loop.torture import Size, run
from tests.store.ledger_rows import ACTION, parcel
from tests.store.one_store import START

ONE = replace(ACTION, id="a1", word="tap 1")
SENT = Message("r1", Sends.REMARK, "northwind", Post.SENT, START, "a1", "rejected", "report-1/group-1")
ROW = Listed(SENT, parcel("r1", visit="v1"), "")
THERE: Mapping[str, Any] = {
    "id": "chartside-r1", "report": "report-1", "group": "group-1", "code": "rejected", "times": 1,
}  # fmt: skip


@pytest.mark.xdist_group("loop")
def test_nothing_is_lost_or_said_twice_while_processes_are_killed(tmp_path: Path) -> None:
    found = run(tmp_path, f"sqlite:///{tmp_path}/loop.sqlite3", Size())
    assert found.problems == [], str(found)


@pytest.mark.parametrize(
    ("taps", "recorded", "wrong"),
    [
        (Taps(kept={"tap 1"}), [ONE], []),
        (Taps(unknown={"tap 1", "tap 2"}), [ONE], []),
        (Taps(kept={"tap 1", "tap 2"}), [ONE], ["lost: tap 2"]),
        (Taps(kept={"tap 1"}), [ONE, replace(ONE, id="a2")], ["recorded 2 times: tap 1"]),
        (Taps(unknown={"tap 1"}), [ONE, replace(ONE, id="a2")], ["recorded 2 times: tap 1"]),
        (Taps(refused={"tap 1"}), [ONE], ["refused, and recorded: tap 1"]),
        (Taps(), [ONE], ["from nowhere: tap 1"]),
        (Taps(kept={"tap 1"}, undone={"a1"}), [ONE], ["taken back, and stands: a1"]),
        (Taps(kept={"tap 1"}, undone={"a1"}), [replace(ONE, undone_at=START)], []),
    ],
)
def test_a_ledger_that_is_not_what_people_were_told_is_found(taps: Taps, recorded: list[Any], wrong: list[str]) -> None:
    assert list(of_ledger(recorded, taps)) == wrong


@pytest.mark.parametrize("post", [Post.HELD, Post.WAITING, Post.DEAD])
def test_what_has_not_left_is_found(post: Post) -> None:
    assert list(of_outbox([ROW, replace(ROW, message=replace(SENT, id="r2", post=Post.WITHDRAWN))])) == []
    assert len(list(of_outbox([replace(ROW, message=replace(SENT, post=post))]))) == 1
    assert list(of_outbox([ROW, ROW])) == ["2 words of one visit for report-1/group-1"]


@pytest.mark.parametrize(
    ("received", "right"),
    [
        ([THERE], True),
        ([], False),
        ([THERE, THERE], False),
        ([{**THERE, "times": 2}], False),
        ([{**THERE, "code": "not-assessed"}], False),
        ([THERE, {**THERE, "id": "chartside-r2"}], False),
    ],
    ids=["once", "never", "twice", "stored twice", "another code", "one that was not due"],
)
def test_a_payer_that_has_not_got_just_what_was_due_is_found(received: list[Mapping[str, Any]], right: bool) -> None:
    assert (list(of_payer("northwind", received, [ROW])) == []) is right
