"""What changed since a patient was last opened: only what could be known both times is compared."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.answers import Reason, Unknown
from app.core.changes import Entry, Memory, Seen, changes, of_gaps, of_prompts
from app.core.chart import Concept, Fact
from app.core.flag import Change, Panel
from app.core.report import Evidence, Gap, GapStatus, Measure
from tests.core.made import (
    BREAST,
    COLORECTAL,
    HBA1C,
    LAKE_PATIENT,
    OTHER,
    TODAY,
    build,
    category,
    chart,
    colonoscopy,
    few,
    gap,
    hba1c,
    known,
    lakeside,
    loinc,
    on,
    payer,
    report,
    stool,
)

DOWN, LAKE_DOWN = Unknown("northwind", Reason.DOWN), Unknown("lakeside", Reason.DOWN)
THEIRS = {"payer": "lakeside", "report_id": "l1"}


def gaps_of(*facts: Fact, ours: list[Gap] | Unknown, other: list[Gap] | Unknown = LAKE_DOWN) -> Memory:
    return of_gaps(panel(*facts, ours=ours, other=other), TODAY)


def panel(*facts: Fact, ours: list[Gap] | Unknown, other: list[Gap] | Unknown) -> Panel:
    one = payer(ours) if isinstance(ours, list) else payer(care_gaps=ours)
    two = lakeside(*other) if isinstance(other, list) else lakeside(care_gaps=other)
    return build(chart(*facts), one, two)


def said(before: Memory, now: Memory) -> list[tuple[str, str, str]]:
    return [(each.label, each.was, each.now) for each in changes(before, now)]


def test_nothing_changed() -> None:
    same = gaps_of(hba1c("9.4", "2026-09-01"), ours=[gap(), gap(OTHER, group_id="2")])
    assert changes(same, same) == ()


def test_new_gone_and_another_state_are_named() -> None:
    before = gaps_of(ours=[gap(), gap(BREAST, group_id="2")])
    now = gaps_of(hba1c("7.0", "2026-11-19"), ours=[gap(), gap(OTHER, group_id="3")])
    assert changes(before, now) == (
        Change(now.entries[0].keys[0], "Home fall-risk walkthrough", "", "not-checked"),
        Change("glycaemic-status", "HbA1c test", "do-today", "done-here"),
        Change("breast-screening", "Mammogram", "do-today", ""),
    )


def test_met_and_open_again_are_news_and_met_alone_is_none() -> None:
    opened, met = gaps_of(ours=[gap()]), gaps_of(ours=[gap(status=GapStatus.CLOSED)])
    assert said(opened, met) == [("HbA1c test", "do-today", "met")]
    assert said(met, opened) == [("HbA1c test", "met", "do-today")]
    assert said(gaps_of(ours=[]), met) == []
    assert said(met, gaps_of(ours=[])) == []


def test_a_newer_value_is_news_while_there_is_something_to_do_about_it() -> None:
    before = gaps_of(hba1c("9.4", "2026-09-01"), ours=[gap()])
    now = gaps_of(hba1c("9.4", "2026-09-01"), hba1c("9.8", "2026-11-01"), ours=[gap()])
    assert said(before, now) == [("HbA1c test", "out-of-range", "out-of-range")]
    assert said(now, before) == []
    good = [gaps_of(hba1c("7.0", day), ours=[gap()]) for day in ("2026-09-01", "2026-11-01")]
    assert said(*good) == []


# --- what could not be known ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "silent",
    [DOWN, Unknown("northwind", Reason.RESTRICTED), Unknown("northwind", Reason.HELD)],
    ids=lambda each: each.reason,
)
def test_what_a_silent_payer_would_have_said_is_neither_gone_nor_new(silent: Unknown) -> None:
    there, out = gaps_of(ours=[gap()], other=[]), gaps_of(ours=silent, other=[])
    assert said(there, out) == []
    assert said(out, there) == []


def test_nothing_of_a_report_about_somebody_else_is_remembered() -> None:
    wrong = known(replace(report("care-gaps", [gap(OTHER)]), subject_id="somebody"))
    body = of_gaps(build(chart(), payer(care_gaps=wrong)), TODAY).write()
    assert b"fall" not in body
    assert b"northwind" not in body


@pytest.mark.parametrize("how", [{"stale_because": Reason.DOWN}, {"incomplete": ("page 2",)}])
def test_an_older_copy_or_a_part_of_an_answer_makes_nothing_gone(how: dict[str, Any]) -> None:
    there = gaps_of(ours=[gap()])
    part = of_gaps(build(chart(), payer(care_gaps=known(report("care-gaps", ()), **how))), TODAY)
    assert said(there, part) == []
    assert said(part, there) == []


def test_one_of_two_who_list_it_is_silent_and_it_is_not_gone() -> None:
    both = gaps_of(ours=[gap()], other=[gap(**THEIRS)])
    assert said(both, gaps_of(ours=DOWN, other=[])) == []
    assert said(both, gaps_of(ours=DOWN, other=[gap(**THEIRS)])) == []
    assert said(both, gaps_of(ours=[], other=[])) == [("HbA1c test", "do-today", "")]


def test_the_states_of_those_who_spoke_both_times_are_compared() -> None:
    newer = replace(HBA1C, version="99")  # not checked at the other payer
    good = hba1c("7.0", "2026-03-01")
    both = gaps_of(good, ours=[gap()], other=[gap(newer, **THEIRS)])
    assert both.entries[0].seen[0].state == "not-checked"
    assert said(both, gaps_of(good, ours=[gap()], other=DOWN)) == []
    assert said(gaps_of(good, ours=[gap()], other=DOWN), both) == []


def test_what_another_payer_had_shown_is_no_change_while_it_is_silent() -> None:
    negative = Concept(text="Negative")
    shown = Evidence(
        "Observation/e", "Observation", "FIT", loinc("29771-3"), on("2026-04-01"), value=negative, status="final"
    )
    theirs = replace(gap(COLORECTAL, **THEIRS), status=GapStatus.CLOSED, evidence=(shown,))
    both = gaps_of(ours=[gap(COLORECTAL)], other=[theirs])
    assert both.entries[0].seen[0].state == "done-elsewhere"
    assert said(both, gaps_of(ours=[gap(COLORECTAL)], other=DOWN)) == []
    assert said(gaps_of(ours=[gap(COLORECTAL)], other=DOWN), both) == []


UNNAMED = Measure("", "", "Home fall-risk walkthrough")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (gap(UNNAMED, report_id="r1"), gap(UNNAMED, report_id="r2")),
        (gap(UNNAMED, report_id="r1"), gap(UNNAMED, report_id="r2", group_id="other")),
        (gap(OTHER), gap(replace(OTHER, title="Falls walk-through"))),
        (gap(OTHER), gap(replace(OTHER, title="Falls walk-through"), report_id="r2")),
    ],
)
def test_another_report_id_or_title_is_no_other_gap(one: Gap, other: Gap) -> None:
    assert said(gaps_of(ours=[one]), gaps_of(ours=[other])) == []
    met = replace(other, status=GapStatus.CLOSED)
    assert said(gaps_of(ours=[one]), gaps_of(ours=[met])) == [(other.measure.title, "not-checked", "met")]


def test_two_of_one_name_are_told_apart_by_nothing_and_so_by_their_ids() -> None:
    before = gaps_of(ours=[gap(UNNAMED, group_id="1"), gap(UNNAMED, group_id="2")])
    assert len({entry.keys for entry in before.entries}) == 2
    assert all(len(entry.keys) == 1 for entry in before.entries)


def test_what_unread_types_have_made_of_a_state_is_no_news() -> None:
    read = gaps_of(ours=[gap()])
    unread = of_gaps(build(chart(unread=("Observation",)), payer([gap()])), TODAY)
    assert said(read, unread) == []
    assert said(unread, read) == []


def test_what_the_chart_alone_shows_can_be_new_and_is_never_called_gone() -> None:
    found = gaps_of(stool("Positive", "2026-08-01"), ours=[])
    assert said(gaps_of(ours=[]), found) == [("Colonoscopy after an abnormal stool test", "", "do-today")]
    assert said(found, gaps_of(colonoscopy("2026-11-01"), ours=[])) == []


# --- conditions -------------------------------------------------------------------------------------------------------


def prompts_of(*categories: Any, risk: Any = None) -> Memory:
    answer = risk or known(report("risk", categories), "northwind")
    return of_prompts(build(chart(), payer(risk=answer)), TODAY)


def test_conditions_are_compared_too() -> None:
    low, heart = category("155", "Depression", "F33.1"), category("226", "Heart failure", "I50.22")
    settled = replace(low, evidence_status="closed-gap")
    assert sorted(said(prompts_of(low), prompts_of(settled, heart))) == [
        ("Depression", "assess-historic", "closed"),
        ("Heart failure", "", "assess-historic"),
    ]
    assert said(prompts_of(low), prompts_of(low)) == []
    assert said(prompts_of(low), prompts_of(risk=DOWN)) == []
    assert said(prompts_of(), prompts_of(settled)) == []


def test_a_condition_that_a_silent_payer_had_documented_has_not_become_a_suspicion() -> None:
    here = category("37", "Diabetes", "E11.22", cc_type="suspected")
    theirs = known(
        replace(report("risk", [category("37", "Diabetes", "E11.22", payer="lakeside")]), payer="lakeside",
                subject_id="lk-1", subject=LAKE_PATIENT),
    )  # fmt: skip
    ours = known(report("risk", [here]), "northwind")
    both, alone = (
        of_prompts(build(chart(), payer(risk=ours), lakeside(risk=risk)), TODAY) for risk in (theirs, LAKE_DOWN)
    )
    assert [entry.seen[0].state for entry in both.entries] == ["assess-historic"]
    assert [entry.seen[0].state for entry in alone.entries] == ["assess-suspected"]
    assert said(both, alone) == []
    assert said(alone, both) == []


def test_a_condition_under_another_model_is_the_same_condition() -> None:
    v28, v24 = category("155", "Depression", "F33.1"), category("59", "Depression", "F33.1", version="24")
    assert said(prompts_of(v28, v24), prompts_of(v24)) == []
    assert said(prompts_of(v24), prompts_of(v28, v24)) == []


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_memory_holds_no_value_and_no_payers_number() -> None:
    body = gaps_of(hba1c("9.4", "2026-09-01"), ours=[gap(payer_words="SECRET", report_id="R-77")]).write()
    for secret in (b"9.4", b"SECRET", b"R-77", b"NW-2048", b"Okonkwo"):
        assert secret not in body


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"null", b"{}", b'["2026-01-01"]', b'["soon", [], [], []]', b'["2026-01-01",[],[],[[1]]]']
)
def test_what_was_written_in_another_form_is_not_remembered(body: bytes) -> None:
    assert Memory.read(body) is None


names = st.text(max_size=4)
entries = st.builds(
    Entry,
    st.lists(names, min_size=1, max_size=2).map(tuple),
    names,
    st.lists(st.builds(Seen, st.sampled_from(["", "a", "b"]), names, names), min_size=1, max_size=3).map(tuple),
    st.booleans(),
)
some = st.frozensets(st.sampled_from(["", "a", "b"]))
memories = st.builds(Memory, st.dates(), some, some, st.lists(entries, max_size=4).map(tuple))


@few
@given(memories, memories)
def test_every_memory_is_read_as_it_was_written_and_compares(one: Memory, other: Memory) -> None:
    assert Memory.read(one.write()) == one
    assert all(each.was or each.now for each in changes(one, other)) or any(
        not seen.state for memory in (one, other) for entry in memory.entries for seen in entry.seen
    )


@few
@given(memories, memories)
def test_who_did_not_answer_both_times_makes_no_news(one: Memory, other: Memory) -> None:
    nobody = frozenset[str]()
    assert changes(replace(one, heard=nobody, whole=nobody), other) == ()
    assert changes(one, replace(other, heard=nobody, whole=nobody)) == ()


def test_the_day_is_the_clinics() -> None:
    assert of_gaps(panel(ours=[gap(COLORECTAL)], other=DOWN), date(2026, 1, 2)).day == date(2026, 1, 2)
