"""Additions and removals side by side: for the privacy role alone, in one table, and loud when it was tampered with."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from ledger_house import SOMEBODY, Desk, assess, issuer, store_of, trail, words
from sqlalchemy import text

from app.store.compliance import Direction, Line
from app.store.said import Person
from app.web.present.compliance import broken_words
from tests.house import House, house

pytestmark = pytest.mark.xdist_group("compliance")  # one house for all of them

LINES = (
    Line(Direction.ADDED, "northwind", "Heart failure", "CMS-HCC V28", "suspected", by="Wren", person=SOMEBODY),
    Line(
        Direction.REMOVED, "northwind", "Diabetes with complications", "CMS-HCC V28", "closed-gap",
        "never-had-condition", "Wren", "=not hers", SOMEBODY,
    ),
    Line(Direction.REMOVED, "lakeside", "HIV/AIDS", "CMS-HCC V28", "historic", "never-had-condition", "Wren", "",
         Person("Strand, Jo", "born 1 Jan 1970", "record RB-2")),
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("compliance")) as running:
        assess(running, *LINES)
        assess(running, Line(Direction.ADDED, "northwind", "Another EHR's", person=SOMEBODY), tenant="second")
        yield running


def test_both_sides_stand_beside_each_other_with_their_counts(home: House) -> None:
    desk = Desk(home, "privacy", story="one-open-gap")
    page = desk.soup("compliance")
    titles = {str(side["data-side"]): words(side.select_one("h2")) for side in page.select("[data-side]")}
    assert titles == {"added": "Assessed present: 1", "removed": "Not present, and counted: 2"}
    added, removed = (words(side) for side in page.select("[data-side]"))
    assert "Heart failure" in added
    assert "Northwind Health Plan: suspected" in added
    assert "counted this year" in removed
    assert "Never had it" in removed
    assert "Another EHR's" not in page.text
    assert page.select_one("[data-whole]") is not None
    assert not page.select("[data-broken]")
    [entry] = [each for each in trail(home, desk.handle) if each.action == "read-compliance"]
    assert entry.counts == {"line": 3}
    assert entry.patient == f"{issuer(home)}|pat-1"


def test_the_table_has_both_and_withholds_what_is_sensitive(home: House) -> None:
    desk = Desk(home, "privacy", story="one-open-gap")
    [link] = desk.soup("compliance").select("a[download]")
    page = desk.session.get(f"{home.app}{link['href']}", timeout=30)
    rows = list(csv.DictReader(io.StringIO(page.content.decode("utf-8-sig"))))
    assert [(row["Assessed present"], row["Not present, and counted"]) for row in rows] == [
        ("Heart failure", ""),
        ("", "Diabetes with complications"),
        ("", "withheld: sensitive"),
    ]
    assert rows[1]["Payer has it as"] == "counted this year"
    assert rows[1]["Birth date"] == "3 Feb 1961"
    assert "HIV" not in page.text
    assert "HIV/AIDS" in desk.get("compliance").text  # on the screen it is named, and not on paper
    assert [each.action for each in trail(home, desk.handle)].count("export-compliance") == 1


@pytest.mark.parametrize("user", ["dr", "ma", "mgr", "it"])
def test_nobody_else_sees_it(home: House, user: str) -> None:
    desk = Desk(home, user, story="one-open-gap")
    for to in ("compliance", "compliance/list.csv"):
        refused = desk.get(to)
        assert refused.status_code == 403
        assert "Heart failure" not in refused.text


def test_a_list_that_somebody_has_emptied_says_so_loudly(tmp_path_factory: pytest.TempPathFactory) -> None:
    with house(tmp_path_factory.mktemp("emptied")) as own:
        assess(own, *LINES)
        with store_of(own) as store, store.begin() as tx:
            for name in ("update", "delete"):
                tx.conn.execute(text(f"DROP TRIGGER compliance_append_only_{name}"))
            tx.conn.execute(text("DELETE FROM compliance WHERE seq = 2"))
        page = Desk(own, "privacy", story="one-open-gap").soup("compliance")
        alert = page.select_one('[role="alert"][data-broken]')
        assert "This list is not what was written. Lines 2 and 3 are" in words(alert)
        assert page.select_one("[data-whole]") is None


def test_many_broken_lines_are_one_sentence() -> None:
    assert broken_words(()) == ""
    assert "Lines 1, 2, 3, 4 and 5 and others are missing or edited" in broken_words(range(1, 9))
