"""One quiet line of the panel: who has prepared what for today's appointment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from handmade import IDS, LINKS, asking

from app.core.schedule.tick import Tick, Ticked
from app.web.present.pages import shell
from app.web.present.panel import panel
from app.web.present.place import Drawn
from app.web.present.prepared import prepared_words

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("America/New_York"))
AT = datetime(2026, 11, 23, 12, 42, tzinfo=UTC)  # 07:42 there
ORDERED = Tick("Appointment/1", "Patient/1", "hba1c", Ticked.ORDERED, "Maria Silva", AT, "A-17", service="HbA1c test")
READY = Tick("Appointment/1", "Patient/1", "", Ticked.PREPPED, "Maria Silva", AT + timedelta(minutes=3))
TOLD = Tick("Appointment/1", "Patient/1", "x", Ticked.TOLD, "Lena Ortiz", AT - timedelta(hours=16))


@pytest.mark.parametrize(
    ("ticks", "says"),
    [
        ((), ""),
        ((ORDERED,), "Prepared by Maria Silva: HbA1c test ordered, order A-17 (07:42)."),
        ((replace(ORDERED, order=""),), "Prepared by Maria Silva: HbA1c test ordered (07:42)."),
        ((READY,), "Prepared by Maria Silva: the visit ready (07:45)."),
        ((TOLD,), "Prepared by Lena Ortiz: front desk told of a step (22 Nov 2026, 15:42)."),
        ((replace(READY, by=" "),), "Prepared by somebody: the visit ready (07:45)."),
        (
            (TOLD, ORDERED, READY),
            "Prepared by Lena Ortiz: front desk told of a step (22 Nov 2026, 15:42). "
            "Prepared by Maria Silva: HbA1c test ordered, order A-17 (07:42); the visit ready (07:45).",
        ),
    ],
)
def test_who_prepared_what_and_when(ticks: tuple[Tick, ...], says: str) -> None:
    assert prepared_words(ticks, NOW) == says


@pytest.mark.parametrize("what", list(Ticked))
def test_every_mark_has_words(what: Ticked) -> None:
    assert prepared_words([replace(READY, what=what)], NOW)


def test_a_chart_opened_from_the_schedule_says_that_it_is_not_the_open_one() -> None:
    assert (
        "not from the chart in Sandbox EHR: another patient may be open"
        in shell("Ada", None, "Sandbox EHR", apart=True).apart
    )
    assert shell("Ada", None, "Sandbox EHR").apart == ""


def shown(ticks: tuple[Tick, ...], drawn: Drawn) -> tuple[str, str, str]:
    made = panel(asking(), now=NOW, links=LINKS, version="1", ids=IDS, drawn=drawn, ticks=ticks)
    return made.prepared, made.late_prepared, made.next_url


def test_a_mark_that_comes_after_rows_were_drawn_pushes_none_of_them_away() -> None:
    words = prepared_words([READY], NOW)
    first = shown((READY,), Drawn())
    assert first[:2] == (words, "")
    before = parse_qs(urlsplit(first[2]).query)["drawn"][0]
    assert shown((READY,), Drawn.parse("1", before))[:2] == (words, "")  # once above, it stays there
    unmarked = parse_qs(urlsplit(shown((), Drawn())[2]).query)["drawn"][0]
    assert shown((READY,), Drawn.parse("1", unmarked))[:2] == ("", words)
