"""The panel: gate, rank, budget, strip, and when "No open gaps" may be said."""

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.answers import Reason, Unknown
from app.core.chart import CHART_TYPES, Chart, Concept, Coverage, Fact, Identifier, Patient
from app.core.flag import (
    MAX_GAPS,
    MAX_PROMPTS,
    Card,
    GapRow,
    IdentityNote,
    Panel,
    PayerAnswers,
    PromptState,
    SourceState,
    State,
    StatusKind,
    Urgency,
)
from app.core.report import Gap, GapStatus, Measure
from app.core.visit import Visit
from tests.core.made import (
    BREAST,
    COLORECTAL,
    COVERAGE,
    HBA1C,
    LAKE_COVERAGE,
    MEMBER,
    OTHER,
    PATIENT,
    PAYER_PATIENT,
    PRESSURE,
    TODAY,
    build,
    category,
    chart,
    colonoscopy,
    fact,
    facts_by_type,
    few,
    gap,
    hba1c,
    known,
    lakeside,
    mammogram,
    payer,
    pressure,
    report,
    seen,
    stool,
)

DOWN = Unknown("northwind", Reason.DOWN)
HOSPICE = fact("Flag", Concept(text="Hospice patient"), "2026-06-01")


def states(made: Panel) -> dict[str, tuple[SourceState, Reason | None]]:
    return {line.key: (line.state, line.reason) for line in made.sources}


def all_cards(made: Panel) -> list[Card]:
    return [*made.gaps, *made.more_gaps, *made.staff, *made.excluded]


def all_rows(made: Panel) -> list[GapRow]:
    return [row for card in all_cards(made) for row in card.rows]


def mains(cards: Iterable[Card]) -> list[GapRow]:
    return [card.main for card in cards]


# --- one open gap ---------------------------------------------------------------------------------------------------


def test_one_open_gap() -> None:
    made = build(chart(hba1c("7.6", "2025-09-20")), payer([gap()]))
    assert [(row.state, row.service) for row in mains(made.gaps)] == [(State.DO_TODAY, "HbA1c test")]
    assert made.patient == PATIENT
    assert made.complete
    assert not made.clear
    assert states(made) == {
        key: (SourceState.ANSWERED, None) for key in ("chart", "coverage", "northwind/care-gaps", "northwind/risk")
    }
    line = made.sources[2]
    assert (line.calculated, line.received) == (date(2026, 11, 1), "2026-11-20T14:00:00+00:00")


def test_met_and_other_gaps_are_counted() -> None:
    gaps = [gap(status=status, group_id=status.value) for status in GapStatus]
    made = build(chart(), payer([*gaps, gap(BREAST, GapStatus.CLOSED, group_id="met")]))
    assert [g.measure for g in made.closed] == [BREAST]
    assert {g.status for g in made.other} == {GapStatus.NOT_APPLICABLE, GapStatus.UNKNOWN}
    assert [row.gap.status for row in made.gaps[0].rows if row.gap] == [GapStatus.OPEN, GapStatus.PROSPECTIVE]
    assert [g.status for g in made.gaps[0].closed] == [GapStatus.CLOSED]


def test_the_same_gap_sent_twice_is_one_row() -> None:
    assert len(all_rows(build(chart(), payer([gap(), gap()])))) == 1


# --- order and budget -----------------------------------------------------------------------------------------------


def test_order_is_urgency_then_visit_then_the_patients_due_date_then_the_measures_end() -> None:
    gaps = [
        gap(OTHER, group_id="1"),
        gap(BREAST, group_id="2"),
        gap(COLORECTAL, group_id="3"),
        gap(PRESSURE, group_id="4"),
        gap(HBA1C, group_id="5"),
    ]
    facts = [
        stool("Positive", "2026-10-01"),
        mammogram("2024-05-01"),
        hba1c("7.0", "2025-10-01"),
        pressure("130", "80", "2025-02-01"),
    ]
    here = build(chart(*facts), payer(gaps))
    assert [row.service for row in mains((*here.gaps, *here.more_gaps))] == [
        "Colonoscopy after an abnormal stool test",
        "Blood pressure check",
        "HbA1c test",
        "Mammogram",
        "",
    ]
    assert [row.state for row in mains(here.staff)] == [State.DONE_HERE]
    by_video = build(chart(*facts), payer(gaps), visit=Visit(TODAY, "VR"))
    assert [row.service for row in mains(by_video.gaps)][1:] == ["HbA1c test", "Blood pressure check"]
    in_person = build(chart(*facts), payer(gaps), visit=Visit(TODAY, "AMB"))
    assert in_person.gaps == here.gaps
    over = build(chart(*facts), payer(gaps), visit=Visit(TODAY, "AMB", finished=True))
    assert over.gaps == by_video.gaps


def test_never_done_stands_before_overdue_and_the_earlier_end_before_the_later() -> None:
    early = gap(OTHER, group_id="a", period=replace(gap().period, end=date(2026, 11, 30)))
    late = gap(OTHER, group_id="b")
    done, never = gap(BREAST, group_id="c"), gap(COLORECTAL, group_id="d")
    made = build(chart(mammogram("2024-05-01")), payer([late, early, done, never]))
    ordered = mains((*made.gaps, *made.more_gaps))
    assert [row.gap.group_id for row in ordered if row.gap] == ["d", "c", "a", "b"]


def test_three_are_expanded_and_the_rest_is_counted() -> None:
    gaps = [gap(OTHER, group_id=f"g{n}") for n in range(7)]
    made = build(chart(), payer(gaps))
    assert (len(made.gaps), len(made.more_gaps)) == (3, 4)


def test_what_staff_can_do_is_outside_the_three() -> None:
    made = build(
        chart(hba1c("7.0", "2026-09-01"), colonoscopy("2022-01-01")), payer([gap(), gap(COLORECTAL, group_id="2")])
    )
    assert made.gaps == ()
    assert [row.state for row in mains(made.staff)] == [State.DONE_HERE, State.DONE_HERE]
    assert not made.clear


def test_prompts_have_their_own_budget_and_only_what_may_be_asked_is_expanded() -> None:
    categories = [
        category("155", "Depression", "F33.1"),
        category("48", "Obesity", "E66.01", cc_type="suspected"),
        category("226", "Heart failure", "I50.22"),
        category("249", "Stroke", "I63.9"),
        category("238", "Arrhythmia", "I48.0", evidence=()),
        category("38", "Diabetes", "E11.9", evidence_status="closed-gap"),
    ]
    made = build(chart(), payer([], categories))
    assert [row.categories[0].label for row in made.prompts] == ["Depression", "Heart failure"]
    assert [row.state for row in made.more_prompts] == [
        PromptState.ASSESS_SUSPECTED,
        PromptState.PAYER_ONLY,
        PromptState.HISTORY_TERM,
    ]
    assert [hidden.why for hidden in made.hidden] == ["closed"]


def test_prompts_with_something_in_the_chart_and_the_nearer_deadline_come_first() -> None:
    listed = fact("Condition", Concept(text="Obesity"), "2024-01-01")
    late = category("226", "Heart failure", "I50.22", deadline=date(2027, 3, 31))
    soon = category("155", "Depression", "F33.1", deadline=date(2027, 1, 31))
    obesity = category("48", "Obesity", "E66.01")
    made = build(chart(listed), payer([], [late, soon, obesity]))
    assert [row.categories[0].label for row in (*made.prompts, *made.more_prompts)] == [
        "Obesity",
        "Depression",
        "Heart failure",
    ]


def test_who_may_not_see_prompts_gets_none_and_no_line_for_them() -> None:
    made = build(chart(), payer([], [category("155", "Depression", "F33.1")]), may_see_prompts=False)
    assert (made.prompts, made.more_prompts, made.hidden) == ((), (), ())
    assert "northwind/risk" not in states(made)
    assert made.clear


# --- the status gate ------------------------------------------------------------------------------------------------


def test_nothing_is_shown_of_the_dead_but_who_and_where_from() -> None:
    dead = replace(PATIENT, deceased=True)
    made = build(chart(patient=dead), payer([gap()], [category("155", "", "F33.1")]))
    assert made.withheld == "deceased"
    assert (all_rows(made), made.closed, made.other, made.prompts, made.hidden) == ([], (), (), (), ())
    assert made.patient == dead
    assert made.sources
    assert not made.clear


def test_hospice_expands_nothing_and_lists_what_is_excluded() -> None:
    made = build(chart(HOSPICE), payer([gap(), gap(OTHER, group_id="2")], [category("155", "", "F33.1")]))
    assert made.withheld == "hospice"
    assert (made.gaps, made.more_gaps, made.staff, made.prompts, made.more_prompts, made.hidden) == ((),) * 6
    assert [(row.state, row.settled_by) for row in mains(made.excluded)] == [(State.EXCLUDED, HOSPICE)] * 2
    assert [finding.kind for finding in made.status] == [StatusKind.HOSPICE]


def test_hospice_without_gaps_is_not_called_clear() -> None:
    assert not build(chart(HOSPICE), payer()).clear


def test_a_status_that_could_not_be_read_is_said_and_gaps_are_still_shown() -> None:
    made = build(chart(unread=("Flag",)), payer([gap()]))
    assert [(finding.kind, finding.source_ref) for finding in made.status] == [(StatusKind.UNREADABLE, "Flag")]
    assert [row.state for row in mains(made.gaps)] == [State.DO_TODAY]


def test_the_payers_record_of_death_is_named_and_hides_nothing() -> None:
    dead = replace(PAYER_PATIENT, deceased=True)
    answer = known(replace(report("care-gaps", [gap()]), subject=dead))
    made = build(chart(), payer(care_gaps=answer))
    assert made.identity == (IdentityNote("northwind", ("record of death",)),)
    assert len(made.gaps) == 1


# --- identity -------------------------------------------------------------------------------------------------------


def test_nothing_of_another_patients_report_is_used() -> None:
    wrong = known(replace(report("care-gaps", [gap()]), subject_id="nw-78"))
    made = build(chart(), payer(care_gaps=wrong))
    assert all_rows(made) == []
    assert states(made)["northwind/care-gaps"] == (SourceState.NO_ANSWER, Reason.WRONG_PATIENT)
    assert states(made)["northwind/risk"] == (SourceState.ANSWERED, None)
    assert made.sources[2].calculated is None
    assert not made.clear


def test_a_difference_that_does_not_block_is_noted_once() -> None:
    other = replace(PAYER_PATIENT, sex="male")
    member = known(replace(MEMBER, patient=other))
    made = build(chart(), payer([gap()], member=member))
    assert made.identity == (IdentityNote("northwind", ("sex",)),)


def test_nothing_is_shown_while_the_patient_is_not_known() -> None:
    out = replace(chart(), patient=None)
    made = build(out, payer([gap()]))
    assert (made.patient, all_rows(made), made.complete) == (None, [], False)
    assert states(made)["northwind/care-gaps"] == (SourceState.ASKING, None)
    refused = build(replace(out, patient=Unknown("ehr", Reason.NOT_ALLOWED)), payer([gap()]))
    assert all_rows(refused) == []
    assert states(refused)["northwind/care-gaps"] == (SourceState.NO_ANSWER, Reason.NOT_IDENTIFIED)
    assert states(refused)["chart"] == (SourceState.NO_ANSWER, Reason.NOT_ALLOWED)
    assert refused.complete
    assert not refused.clear


def test_a_payer_that_does_not_know_the_member_says_so_for_each_question() -> None:
    member = Unknown("northwind", Reason.NOT_IDENTIFIED)
    made = build(chart(), payer(member=member, care_gaps=None, risk=None))
    assert states(made)["northwind/care-gaps"] == (SourceState.NO_ANSWER, Reason.NOT_IDENTIFIED)
    assert states(made)["northwind/risk"] == (SourceState.NO_ANSWER, Reason.NOT_IDENTIFIED)
    assert made.complete


# --- progress -------------------------------------------------------------------------------------------------------


def test_nothing_is_ranked_before_the_chart_that_decides_it_has_answered() -> None:
    for kind in ("Observation", "ServiceRequest", "Flag", "Condition"):
        facts = facts_by_type(())
        del facts[kind]
        made = build(replace(chart(), facts=facts), payer([gap()]))
        assert all_rows(made) == []
        assert not made.complete
        assert states(made)["chart"] == (SourceState.ASKING, None)


def test_a_type_that_no_rule_needs_holds_nothing_up() -> None:
    facts = facts_by_type(())
    del facts["AllergyIntolerance"]
    made = build(replace(chart(), facts=facts), payer([gap()]))
    assert len(made.gaps) == 1
    assert not made.complete
    assert not made.clear


def test_a_payer_that_is_still_out_is_asking() -> None:
    for still in (payer(care_gaps=None), payer(member=None, care_gaps=None, risk=None), payer(member=None)):
        made = build(chart(), still)
        assert states(made)["northwind/care-gaps"] == (SourceState.ASKING, None)
        assert not made.complete
        assert not made.clear


def test_while_something_without_a_line_is_out_nothing_is_complete_or_clear() -> None:
    made = build(chart(), payer(), more_out=True)
    assert (made.complete, made.clear) == (False, False)


def test_an_empty_chart_asks() -> None:
    made = build(Chart())
    assert states(made) == {"chart": (SourceState.ASKING, None), "coverage": (SourceState.ASKING, None)}
    assert not made.complete


# --- the strip ------------------------------------------------------------------------------------------------------


def test_what_of_the_chart_was_refused_or_read_in_part_is_named() -> None:
    facts = facts_by_type(
        (),
        Observation=known((), incomplete=("2 pages not read", "1 entry not readable")),
        Procedure=Unknown("ehr", Reason.NOT_ALLOWED),
        Flag=known((), stale_because=Reason.DOWN),
    )
    line = build(replace(chart(), facts=facts)).sources[0]
    assert line.incomplete == (
        "Observation: 2 pages not read",
        "Observation: 1 entry not readable",
        "Procedure",
        "Flag: older copy",
    )
    assert (line.state, line.reason) == (SourceState.ANSWERED, Reason.NOT_ALLOWED)


def test_a_chart_of_which_nothing_could_be_read_is_no_answer() -> None:
    line = build(chart(unread=CHART_TYPES)).sources[0]
    assert (line.state, line.reason, line.incomplete) == (SourceState.NO_ANSWER, Reason.NOT_ALLOWED, CHART_TYPES)


@pytest.mark.parametrize(
    ("coverages", "state"),
    [
        (None, (SourceState.ASKING, None)),
        (Unknown("ehr", Reason.NOT_ALLOWED), (SourceState.NO_ANSWER, Reason.NOT_ALLOWED)),
        (known(()), (SourceState.NO_PAYER, None)),
        (known((replace(COVERAGE, status="cancelled"),)), (SourceState.NO_PAYER, None)),
        (known((COVERAGE,)), (SourceState.ANSWERED, None)),
        (known((COVERAGE,), stale_because=Reason.DOWN), (SourceState.STALE, Reason.DOWN)),
    ],
)
def test_the_coverage_line(coverages: Any, state: tuple[SourceState, Reason | None]) -> None:
    assert states(build(replace(chart(), coverages=coverages)))["coverage"] == state


@pytest.mark.parametrize(
    ("patient", "state"),
    [
        (Unknown("ehr", Reason.NOT_ALLOWED), (SourceState.NO_ANSWER, Reason.NOT_ALLOWED)),
        (None, (SourceState.ASKING, None)),
    ],
)
def test_of_a_patient_who_is_not_known_no_payer_on_file_is_not_said(
    patient: Any, state: tuple[SourceState, Reason | None]
) -> None:
    made = replace(chart(), patient=patient, coverages=known(()))
    assert states(build(made))["coverage"] == state
    assert states(build(replace(made, coverages=known((COVERAGE,)))))["coverage"] == (SourceState.ANSWERED, None)


def test_a_coverage_that_nobody_is_connected_to_has_a_line_of_its_own() -> None:
    harbor = Coverage("Coverage/9", "active", payors=("", "Harbor Mutual"))
    nameless = Coverage("Coverage/8", "active", plan="Gold PPO")
    made = build(chart(coverages=known((COVERAGE, harbor))), payer(), unconnected=(harbor, nameless))
    assert [(line.key, line.name, line.state, line.reason) for line in made.sources[-2:]] == [
        ("coverage/Coverage/9", "Harbor Mutual", SourceState.NO_ANSWER, Reason.NOT_CONNECTED),
        ("coverage/Coverage/8", "Gold PPO", SourceState.NO_ANSWER, Reason.NOT_CONNECTED),
    ]
    assert not made.clear


def test_a_last_good_answer_is_shown_as_what_it_is() -> None:
    stale = known(report("care-gaps", [gap()]), stale_because=Reason.SLOW)
    made = build(chart(), payer(care_gaps=stale))
    assert states(made)["northwind/care-gaps"] == (SourceState.STALE, Reason.SLOW)
    assert len(made.gaps) == 1


def test_what_was_not_readable_in_a_report_is_counted_and_outcomes_are_kept() -> None:
    answer = known(report("care-gaps", (), unreadable=("MeasureReport/7: no measure",), outcomes=("COL not run",)))
    line = build(chart(), payer(care_gaps=replace(answer, incomplete=("page 2",)))).sources[2]
    assert (line.unreadable, line.incomplete, line.said) == (1, ("page 2",), ("COL not run",))


def test_a_question_that_a_payer_does_not_answer_at_all_has_no_line() -> None:
    made = build(chart(), payer(speaks=("risk",)))
    assert "northwind/care-gaps" not in states(made)
    assert not made.clear


# --- clear ----------------------------------------------------------------------------------------------------------


def test_clear_when_every_payer_of_every_active_coverage_answered_and_none_is_open() -> None:
    assert build(chart(), payer()).clear
    both = known((COVERAGE, LAKE_COVERAGE))
    assert build(chart(coverages=both), payer([gap(status=GapStatus.CLOSED)]), lakeside()).clear
    assert build(chart(), payer([gap(status=GapStatus.NOT_APPLICABLE)])).clear


NOT_CLEAR: dict[str, tuple[Chart, list[PayerAnswers]]] = {
    "an open gap": (chart(), [payer([gap()])]),
    "a gap coming due": (chart(), [payer([gap(status=GapStatus.PROSPECTIVE)])]),
    "a gap of unknown status": (chart(), [payer([gap(status=GapStatus.UNKNOWN)])]),
    "an abnormal result under a met gap": (
        chart(stool("Positive", "2026-08-01")),
        [payer([gap(COLORECTAL, GapStatus.CLOSED)])],
    ),
    "a payer down": (chart(), [payer(care_gaps=DOWN)]),
    "a payer whose risk report is down": (chart(), [payer(risk=DOWN)]),
    "a last good answer": (chart(), [payer(care_gaps=known(report("care-gaps", ()), stale_because=Reason.DOWN))]),
    "an answer in part": (chart(), [payer(care_gaps=known(report("care-gaps", ()), incomplete=("page 2",)))]),
    "something not readable": (chart(), [payer(care_gaps=known(report("care-gaps", (), unreadable=("x",))))]),
    "an outcome inside the answer": (chart(), [payer(care_gaps=known(report("care-gaps", (), outcomes=("x",))))]),
    "no payer": (chart(), []),
    "no payer on file": (chart(coverages=known(())), []),
    "coverage not readable": (chart(coverages=Unknown("ehr", Reason.NOT_ALLOWED)), []),
    "coverage not readable, an old payer": (chart(coverages=Unknown("ehr", Reason.NOT_ALLOWED)), [payer()]),
    "coverage read in part": (chart(coverages=known((COVERAGE,), incomplete=("page 2",))), [payer()]),
    "coverage from before": (chart(coverages=known((COVERAGE,), stale_because=Reason.DOWN)), [payer()]),
    "a coverage that was not asked": (chart(coverages=known((COVERAGE, LAKE_COVERAGE))), [payer()]),
    "one of two payers down": (chart(coverages=known((COVERAGE, LAKE_COVERAGE))), [payer(), lakeside(care_gaps=DOWN)]),
}


@pytest.mark.parametrize(("made", "payers"), NOT_CLEAR.values(), ids=NOT_CLEAR)
def test_not_clear(made: Chart, payers: list[PayerAnswers]) -> None:
    assert not build(made, *payers).clear


# --- properties -----------------------------------------------------------------------------------------------------

MEASURES = [HBA1C, PRESSURE, COLORECTAL, BREAST, OTHER, replace(HBA1C, version="99"), Measure("", "", "")]
any_gap = st.builds(
    lambda measure, status, number, name, year: gap(
        measure, status, group_id=f"g{number}", report_id=f"r{number % 3}", payer=name,
        period=replace(gap().period, end=date(year, 12, 31)),
    ),
    st.sampled_from(MEASURES),
    st.sampled_from(GapStatus),
    st.integers(0, 50),
    st.sampled_from(["northwind"]),
    st.sampled_from([2025, 2026, 2027]),
)  # fmt: skip
gap_lists = st.lists(any_gap, max_size=8, unique=True)
facts_pool: list[Fact] = [
    hba1c("7.0", "2026-03-01"), hba1c("9.4", "2026-09-01"), pressure("150", "95", "2026-09-01"), HOSPICE,
    colonoscopy("2020-01-01"), stool("Positive", "2026-08-01"), mammogram("2025-01-01"),
    fact("ServiceRequest", Concept(text="Mammogram"), "2026-11-01"),
    fact("Procedure", Concept(text="Colonoscopy"), "2024"),
]  # fmt: skip
fact_lists = st.lists(st.sampled_from(facts_pool), max_size=4, unique=True)
answers = st.sampled_from([DOWN, None, Unknown("northwind", Reason.SLOW), Unknown("northwind", Reason.RESTRICTED)])
visits = st.sampled_from([None, Visit(TODAY, "AMB"), Visit(TODAY, "VR"), Visit(TODAY)])


@few
@given(gap_lists, fact_lists, visits)
def test_every_gap_received_is_in_exactly_one_place(gaps: list[Gap], facts: list[Fact], visit: Visit | None) -> None:
    made = build(chart(*facts), payer(gaps), visit=visit)
    met = [gap for card in all_cards(made) for gap in card.closed]
    placed = [row.gap for row in all_rows(made) if row.gap and row.gap not in met]
    assert sorted(map(repr, [*placed, *met, *made.closed, *made.other])) == sorted(map(repr, gaps))
    assert len(made.gaps) <= MAX_GAPS
    assert len(made.prompts) <= MAX_PROMPTS
    assert not made.more_gaps or len(made.gaps) == MAX_GAPS
    assert all(row.state is State.EXCLUDED for row in mains(made.excluded))
    assert len({card.act for card in all_cards(made)}) == len(all_cards(made))
    assert not any(row.staff_can for row in mains((*made.gaps, *made.more_gaps)))


@few
@given(gap_lists, gap_lists, fact_lists)
def test_adding_gaps_never_adds_expanded_rows_beyond_the_budget(
    some: list[Gap], more: list[Gap], facts: list[Fact]
) -> None:
    before = build(chart(*facts), payer(some))
    after = build(chart(*facts), payer(dict.fromkeys([*some, *more])))
    assert len(after.gaps) <= MAX_GAPS
    assert len(before.gaps) <= len(after.gaps)  # and nothing expanded makes room for nothing


@few
@given(gap_lists, fact_lists, visits, st.randoms())
def test_the_order_does_not_depend_on_the_order_of_arrival(
    gaps: list[Gap], facts: list[Fact], visit: Visit | None, chance: Any
) -> None:
    made = build(chart(*facts), payer(gaps), visit=visit)
    shuffled, moved = list(gaps), list(facts)
    chance.shuffle(shuffled)
    chance.shuffle(moved)
    again = build(chart(*moved), payer(shuffled), visit=visit)
    shown = [
        (row.gap, row.state) for row in mains((*made.gaps, *made.more_gaps)) if row.urgency is not Urgency.ABNORMAL
    ]
    assert [
        (row.gap, row.state) for row in mains((*again.gaps, *again.more_gaps)) if row.urgency is not Urgency.ABNORMAL
    ] == shown
    assert [row.urgency for row in mains(again.gaps)] == sorted(
        (row.urgency for row in mains(again.gaps)), key=list(Urgency).index
    )


@few
@given(gap_lists, fact_lists, answers, answers, st.sampled_from(["care_gaps", "risk", "both", "member", "coverages"]))
def test_unknown_never_becomes_clear(gaps: list[Gap], facts: list[Fact], one: Any, two: Any, where: str) -> None:
    fields_ = {"care_gaps": {"care_gaps": one}, "risk": {"risk": one}, "both": {"care_gaps": one, "risk": two}}
    made_chart, change = chart(*facts), fields_.get(where, {})
    if where == "member":
        change = {"member": one, "care_gaps": None, "risk": None}
    if where == "coverages":
        made_chart = replace(made_chart, coverages=one)
    assert not build(made_chart, payer(gaps, **change)).clear


@few
@given(gap_lists, fact_lists, st.sets(st.sampled_from(CHART_TYPES), min_size=1))
def test_losing_a_type_never_adds_something_to_do_today(gaps: list[Gap], facts: list[Fact], lost: set[str]) -> None:
    def due(made: Panel) -> set[Gap]:
        rows = [row for row in all_rows(made) if row.state is State.DO_TODAY and row.urgency is not Urgency.ABNORMAL]
        return {row.gap for row in rows}

    kept = [f for f in facts if f.type not in lost and f is not HOSPICE]
    whole = [f for f in facts if f is not HOSPICE]
    assert due(build(chart(*kept, unread=lost), payer(gaps))) <= due(build(chart(*whole), payer(gaps)))


@few
@given(gap_lists, fact_lists)
def test_entries_in_error_change_nothing(gaps: list[Gap], facts: list[Fact]) -> None:
    in_error = [replace(f, status="entered-in-error") for f in facts]
    assert build(chart(*in_error), payer(gaps)) == build(chart(), payer(gaps))


@few
@given(gap_lists, st.sampled_from(["birth_date", "identifiers", "id"]))
def test_nothing_of_a_mismatched_report_reaches_the_panel(gaps: list[Gap], part: str) -> None:
    wrong = {
        "birth_date": replace(PAYER_PATIENT, birth_date=None, names=(), identifiers=(Identifier("", "ZZ9", "MB"),)),
        "identifiers": replace(PAYER_PATIENT, identifiers=(Identifier("", "ZZ9", "MB"),)),
        "id": replace(PAYER_PATIENT, id="somebody"),
    }[part]
    marked = [replace(g, payer_words="SECRET") for g in gaps]
    answer = known(replace(report("care-gaps", marked), subject=wrong))
    risk = known(
        replace(report("risk", [category("155", "SECRET", "F33.1", evidence=(seen("SECRET"),))]), subject=wrong)
    )
    assert "SECRET" not in repr(build(chart(), payer(care_gaps=answer, risk=risk)))


def test_no_money_and_no_weight_has_a_place_on_the_panel() -> None:
    names = {field.name for kind in (Panel, GapRow, Patient, Gap) for field in fields(kind)}
    assert not names & {"raf", "weight", "money", "amount", "price", "coefficient", "incentive"}
