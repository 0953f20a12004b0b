"""One card, many contracts: who asks, in which terms, and where statements contradict each other."""

from __future__ import annotations

from dataclasses import replace

from drawing import view
from handmade import (
    IDS,
    LAKESIDE_LINES,
    NORTHWIND_LINES,
    TODAY,
    a1c,
    card,
    days,
    disputed,
    gap,
    one_truth,
    panel,
    reopened,
    row,
    two_payers,
)

from app.core.flag import Change, Changes, PatientStatus, State, StatusKind
from app.web.present.changes import change_line
from app.web.present.gaps import row_view
from app.web.present.names import Payers
from app.web.present.terms import lower_first
from app.web.present.views import RowView

PAYERS = Payers.of((*NORTHWIND_LINES, *LAKESIDE_LINES))


def shown(found: object) -> RowView:
    return row_view(found, PAYERS, TODAY, IDS)


def test_several_payers_are_named_in_one_line_as_of_the_one_that_words_the_card() -> None:
    seen = shown(two_payers())
    assert seen.says == "Northwind and Lakeside ask for it"
    assert seen.as_of == "Northwind calculated on 14 Nov 2026, 8 days ago"
    assert seen.measure_end == "first measure ends 31 Dec 2026, in 6 weeks"


def test_each_payer_keeps_its_own_terms() -> None:
    mine, theirs = shown(two_payers()).terms
    assert (mine.payer, mine.says) == ("Northwind Health Plan", "open")
    assert theirs.says == "open; differs from Northwind's in measure, version and period"
    assert {each.label: each.words for each in theirs.lines} == {
        "Measure": "Glycemic status assessment, version 2025",
        "Period": "1 Jul 2026 to 30 Jun 2027, ends in 7 months",
        "Contract": "Lakeside Advantage 2026",
        "Here": "do today",
        "As of": "calculated on 2 Nov 2026, 3 weeks ago, data through 23 Sep 2026, 9 weeks ago",
    }


def test_a_single_payer_has_no_list_of_terms() -> None:
    seen = shown(card(row()))
    assert seen.terms == ()
    assert seen.details[0].label == "Measure"
    assert all(each.label != "Measure" for each in shown(two_payers()).details)


def test_a_window_that_is_not_the_period_is_said() -> None:
    wider = replace(two_payers().rows[0], window=replace(gap().period, start=days(-1000)))
    mine = shown(replace(two_payers(), rows=(wider, *two_payers().rows[1:]))).terms[0]
    assert "what was done 26 Feb 2024 to 31 Dec 2026" in [each.words for each in mine.lines]


def test_open_at_one_and_met_at_another_is_shown_as_that() -> None:
    seen = shown(disputed())
    assert seen.clashes == ("Northwind says open, Lakeside says met.",)
    assert [each.payer for each in seen.terms] == ["Northwind Health Plan", "Lakeside Community Health"]
    assert seen.says == "Northwind Health Plan: open"


def test_a_value_that_would_reopen_what_a_plan_calls_met_says_so() -> None:
    assert shown(reopened()).clashes == ("Lakeside says met; 9.8 % of today would reopen it.",)
    older = replace(reopened(), rows=(replace(reopened().main, settled_by=a1c("9.4", -20)),))
    assert shown(older).clashes == ("Lakeside says met; 9.4 % of 2 Nov 2026 would reopen it.",)


def test_services_keep_the_letters_that_make_them_readable() -> None:
    assert [lower_first(each) for each in ("Mammogram", "HbA1c test", "FIT", "")] == [
        "mammogram",
        "HbA1c test",
        "FIT",
        "",
    ]


def test_what_changed_is_one_collapsed_line_and_nothing_the_first_time() -> None:
    fold = next(each for each in view(one_truth()).folds if each.id == "changes")
    assert fold.summary == "Since 12 Nov: 2 changes"
    assert [each.words for each in fold.parts[0].lines] == [
        "HbA1c test: do today, was ordered",
        "Glycemic status: new, out of range",
    ]
    first = panel(changes=Changes(None, (Change("a", "HbA1c", "", "do-today"),)))
    assert not [each for each in view(first).folds if each.id == "changes"]
    assert not [each for each in view(panel(changes=Changes(days(-3)))).folds if each.id == "changes"]


def test_every_kind_of_change_has_words() -> None:
    assert change_line(Change("a", "HbA1c", "do-today", "")) == "HbA1c: no longer listed, was do today"
    assert change_line(Change("a", "HbA1c", "do-today", "do-today")) == (
        "HbA1c: still do today, with a newer entry in this chart"
    )
    assert change_line(Change("a", "HbA1c", "do-today", "met")) == "HbA1c: met, by the payers, was do today"
    assert change_line(Change("c", "HCC 37: Diabetes", "", "assess-historic")) == "Diabetes: new, historic"


def test_a_status_that_changes_measures_is_one_quiet_line_and_says_what_it_changes() -> None:
    found = PatientStatus(StatusKind.PALLIATIVE, "Condition/1", days(-40), "Palliative care")
    (bare,) = view(panel(status=(found,))).status
    assert bare.quiet
    assert (bare.words, bare.source) == ("", "Palliative care, 13 Oct 2026, 6 weeks ago (condition).")
    taken = row(State.EXCLUDED, settled_by=replace(a1c("1", -40), ref="Condition/1"))
    (told,) = view(panel(status=(found,), excluded=(card(taken),))).status
    assert told.words == "1 measure does not apply because of it."
    (undated,) = view(panel(status=(replace(found, when=None, what=""),))).status
    assert undated.source == "Condition, date not stated."
