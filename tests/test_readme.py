"""The README says what the code does: its diagrams and its table are drawn from the code (`python -m tests.drawn`)."""

from __future__ import annotations

import pytest

from app.core.ledger import remarks
from app.core.ledger.verb import Verb
from tests.drawn import BLOCKS, NOT_SENT, README, drawn, marked, remark_table


@pytest.mark.parametrize("name", BLOCKS)
def test_the_readme_shows_what_the_code_says(name: str) -> None:
    shown = marked(README.read_text(encoding="utf-8"), name)
    assert shown == BLOCKS[name](), "python -m tests.drawn"


def test_the_table_has_every_action_and_every_code_that_is_ever_sent() -> None:
    lines = remark_table().splitlines()[2:]
    assert {line.split(" | ")[0].removeprefix("| ") for line in lines} == {verb.value for verb in Verb}
    sent = {code for row in remarks.rows() for _, code in row.said}
    for code in sent:
        assert f"`{code}`" in remark_table()
    assert all(line.count(" | ") == lines[0].count(" | ") for line in lines)
    assert NOT_SENT in remark_table()


def test_drawing_twice_changes_nothing() -> None:
    once = drawn(README.read_text(encoding="utf-8"))
    assert drawn(once) == once
