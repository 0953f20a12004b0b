"""One card for one clinical act: who asks, in which version, where two payers contradict each other, what is stale."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.cards import MOST_TO_DO
from app.core.chart import Fact, Quantity
from app.core.flag import MAX_GAPS, Card, Clash, GapRow, Panel, PayerAnswers, State, Urgency, Verify
from app.core.freshness import DataClass, SourceClass
from app.core.measures import REGISTRY
from app.core.report import Evidence, Gap, GapStatus, Measure
from tests.core.made import (
    BREAST,
    COLORECTAL,
    HBA1C,
    OTHER,
    PRESSURE,
    TODAY,
    YEAR,
    build,
    chart,
    colonoscopy,
    fact,
    few,
    gap,
    hba1c,
    known,
    lakeside,
    loinc,
    payer,
    percent,
    report,
    seen,
    stool,
)

NEWER = replace(HBA1C, version="99")
NEXT = replace(YEAR, start=date(2027, 1, 1), end=date(2027, 12, 31))
LAST = replace(YEAR, start=date(2025, 1, 1), end=date(2025, 12, 31))
CLAIMS = DataClass("care-gaps", SourceClass.ADJUDICATED_CLAIMS, 60, 90)
OLD, FRESH = TODAY - timedelta(days=91), TODAY - timedelta(days=90)


def theirs(measure: Measure = HBA1C, status: GapStatus = GapStatus.OPEN, **other: Any) -> Gap:
    """The same measure at the other payer."""
    return gap(measure, status, **({"payer": "lakeside", "report_id": "l1"} | other))


def cards(made: Panel) -> list[Card]:
    return [*made.gaps, *made.more_gaps, *made.staff, *made.excluded]


def rows(made: Panel) -> list[GapRow]:
    return [row for card in cards(made) for row in card.rows]


def of_card(card: Card) -> list[Gap]:
    """Every gap of a card; one that is met and would be reopened has a row and is named as met."""
    return [row.gap for row in card.rows if row.gap and row.gap not in card.closed] + list(card.closed)


def only(made: Panel) -> Card:
    (card,) = cards(made)
    return card


def both(*facts: Fact, ours: list[Gap], other: list[Gap], **more: Any) -> Panel:
    return build(chart(*facts), payer(ours), lakeside(*other), **more)


# --- what is one act --------------------------------------------------------------------------------------------------


def test_one_act_of_two_payers_is_one_card_with_each_payers_own_row() -> None:
    ours = gap(contract="Quality 2026")
    card = only(both(ours=[ours], other=[theirs(NEWER, period=replace(YEAR, end=date(2026, 11, 30)))]))
    assert card.act == "glycaemic-status"
    assert [(row.gap.payer, row.gap.measure.version, row.state, row.contract) for row in card.rows if row.gap] == [
        ("northwind", "0.5.000", State.DO_TODAY, "Quality 2026"),
        ("lakeside", "99", State.NOT_CHECKED, "Gold PPO"),
    ]
    assert card.rows[0].window == YEAR


def test_a_payer_that_answers_late_joins_the_card_and_leaves_its_name() -> None:
    before = only(build(chart(), payer([gap()]), lakeside(care_gaps=None)))
    after = only(both(ours=[gap()], other=[theirs(period=replace(YEAR, end=date(2026, 11, 30)))]))
    assert before.act == after.act
    assert [row.gap.payer for row in after.rows if row.gap] == ["lakeside", "northwind"]  # the nearer end first


def test_unknown_measures_are_one_act_by_canonical_and_title_never_by_title_alone() -> None:
    same = theirs(replace(OTHER, version="4"))
    card = only(both(ours=[gap(OTHER)], other=[same]))
    assert {row.gap.measure.version for row in card.rows if row.gap} == {"3", "4"}
    for measure in (replace(OTHER, url="https://lake.example/Measure/falls"), replace(OTHER, title="Falls")):
        assert len(cards(both(ours=[gap(OTHER)], other=[theirs(measure)]))) == 2
    nameless = Measure("", "", OTHER.title)
    assert len(cards(both(ours=[gap(nameless)], other=[theirs(nameless)]))) == 2


def test_several_rates_of_an_unknown_measure_are_several_cards() -> None:
    rates = [gap(OTHER, group_id="one"), gap(OTHER, group_id="two")]
    made = both(ours=rates, other=[theirs(OTHER)])
    assert sorted(len(card.rows) for card in cards(made)) == [1, 1, 1]


def test_the_follow_up_of_an_abnormal_result_is_a_card_of_its_own_and_first() -> None:
    made = both(stool("Positive", "2026-08-01"), ours=[gap(COLORECTAL)], other=[])
    assert [(card.act, card.main.gap) for card in made.gaps] == [("colorectal-screening/follow-up", None)]
    assert [card.act for card in made.staff] == ["colorectal-screening"]


def test_an_abnormal_result_needs_no_payers_measure_to_be_found() -> None:
    made = build(chart(stool("Positive", "2026-08-01")), payer())
    assert [card.main.urgency for card in made.gaps] == [Urgency.ABNORMAL]
    assert not made.clear


# --- the main row -----------------------------------------------------------------------------------------------------


def test_the_states_are_all_ordered_by_what_they_leave_to_do() -> None:
    assert sorted(MOST_TO_DO) == sorted(State)


def test_a_card_is_settled_only_when_every_payers_row_is() -> None:
    good = hba1c("7.0", "2026-03-01")
    made = both(good, ours=[gap()], other=[theirs(NEWER)])
    assert [row.state for row in made.gaps[0].rows] == [State.NOT_CHECKED, State.DONE_HERE]
    assert [row.state for row in only(both(good, ours=[gap()], other=[theirs()])).rows] == [State.DONE_HERE] * 2
    assert both(good, ours=[gap()], other=[theirs()]).staff


def test_a_period_that_is_over_does_not_hide_the_one_that_runs() -> None:
    card = only(both(ours=[gap(period=LAST, group_id="old"), gap()], other=[]))
    assert [row.state for row in card.rows] == [State.DO_TODAY, State.PERIOD_OVER]


# --- contradictions ---------------------------------------------------------------------------------------------------


def test_open_at_one_payer_and_met_at_another_is_a_clash_and_both_are_named() -> None:
    met = theirs(status=GapStatus.CLOSED)
    made = both(ours=[gap()], other=[met])
    assert (only(made).clashes, only(made).closed) == ((Clash.OPEN_AND_CLOSED,), (met,))
    assert made.closed == ()


@pytest.mark.parametrize(
    ("ours", "other"),
    [
        ([gap()], [theirs(status=GapStatus.CLOSED, period=LAST)]),
        ([gap(), gap(status=GapStatus.CLOSED, group_id="2")], []),
        ([gap(status=GapStatus.PROSPECTIVE)], [theirs(status=GapStatus.CLOSED)]),
        ([gap(BREAST)], [theirs(status=GapStatus.CLOSED)]),
    ],
    ids=["another period", "the same payer", "coming due", "another act"],
)
def test_no_clash(ours: list[Gap], other: list[Gap]) -> None:
    assert [card.clashes for card in cards(both(ours=ours, other=other))] == [()]


def test_a_met_gap_that_the_newest_value_would_reopen_is_a_card_although_nobody_has_it_open() -> None:
    bad = hba1c("9.4", "2026-10-01")
    met = gap(status=GapStatus.CLOSED)
    made = both(hba1c("7.0", "2026-02-01"), bad, ours=[met], other=[])
    card = only(made)
    assert card.clashes == (Clash.WOULD_REOPEN,)
    assert (card.main.state, card.main.urgency, card.main.settled_by) == (State.OUT_OF_RANGE, Urgency.MONITORING, bad)
    assert (card.main.gap, card.closed, made.closed, made.clear) == (met, (met,), (), False)
    assert made.gaps == (card,)


def test_beside_a_payer_that_says_out_of_range_the_met_gap_is_only_named() -> None:
    bad, met = hba1c("9.4", "2026-10-01"), theirs(status=GapStatus.CLOSED)
    card = only(both(bad, ours=[gap()], other=[met]))
    assert card.clashes == (Clash.OPEN_AND_CLOSED, Clash.WOULD_REOPEN)
    assert (len(card.rows), card.closed) == (1, (met,))


def test_a_period_that_is_over_does_not_hide_what_would_be_reopened() -> None:
    card = only(both(hba1c("9.4", "2026-10-01"), ours=[gap(period=LAST)], other=[theirs(status=GapStatus.CLOSED)]))
    assert [row.state for row in card.rows] == [State.OUT_OF_RANGE, State.PERIOD_OVER]


@pytest.mark.parametrize(
    ("facts", "met"),
    [
        ([hba1c("7.0", "2026-10-01")], gap(status=GapStatus.CLOSED)),
        ([hba1c("9.4", "2025-10-01")], gap(status=GapStatus.CLOSED)),
        ([], gap(status=GapStatus.CLOSED)),
        ([hba1c("9.4", "2025-10-01")], gap(status=GapStatus.CLOSED, period=LAST)),
        ([hba1c("9.4", "2026-10-01")], gap(NEWER, GapStatus.CLOSED)),
    ],
    ids=["on target", "of another year", "nothing on file", "the period is over", "a version that was not compared"],
)
def test_what_reopens_nothing(facts: list[Fact], met: Gap) -> None:
    made = both(*facts, ours=[met], other=[])
    assert (cards(made), made.closed) == ([], (met,))


def test_unread_results_reopen_nothing() -> None:
    made = build(chart(unread=("Observation",)), payer([gap(status=GapStatus.CLOSED)]))
    assert cards(made) == []


# --- a status that we derived in the wrong direction ------------------------------------------------------------------


@pytest.mark.parametrize("status", [GapStatus.OPEN, GapStatus.CLOSED])
def test_a_derived_status_whose_direction_is_not_the_measures_is_not_believed(status: GapStatus) -> None:
    derived = gap(status=status, derived=True, improvement="increase")
    row = only(build(chart(), payer([derived]))).main
    assert (row.state, row.because) == (State.CANNOT_TELL, "direction-not-certain")
    assert only(build(chart(hba1c("9.4", "2026-10-01")), payer([derived]))).main.state is State.OUT_OF_RANGE
    stated = replace(derived, improvement="decrease")
    made = build(chart(), payer([stated]))
    assert [row.state for row in rows(made)] == ([State.DO_TODAY] if status is GapStatus.OPEN else [])
    upwards = replace(derived, measure=PRESSURE)
    assert [row.state for row in rows(build(chart(), payer([upwards])))] == [row.state for row in rows(made)]


# --- done elsewhere ---------------------------------------------------------------------------------------------------


def scope(when: str, **other: Any) -> Evidence:
    concept = colonoscopy(when).concept
    fields = {"ref": "Procedure/9", "type": "Procedure", "concept": concept, "status": "completed"}
    return seen("Colonoscopy", when, **(fields | other))


def a1c(value: str | None, when: str) -> Evidence:
    quantity = percent(value) if value else None
    other = {"ref": f"Observation/{when}", "type": "Observation", "status": "final", "value": quantity}
    return seen("HbA1c", when, concept=loinc("4548-4"), **other)


def test_what_another_payer_has_seen_is_done_elsewhere_and_left_to_staff() -> None:
    piece = scope("2021-05-05")
    made = both(ours=[gap(COLORECTAL)], other=[theirs(BREAST, GapStatus.CLOSED, evidence=(piece,))])
    row = only(made).main
    assert (row.state, row.elsewhere, row.seen_by, row.act) == (
        State.DONE_ELSEWHERE,
        piece,
        "lakeside",
        "request-record",
    )
    assert (row.settled_by, made.gaps, len(made.staff)) == (None, (), 1)


@pytest.mark.parametrize(
    "piece",
    [
        scope("2016-05-05"),
        scope("2016"),
        scope("2027-05-05"),
        scope("2021-05-05", status="not-done"),
        scope("2021-05-05", status=""),
        scope("2021-05-05", concept=fact("Procedure", loinc("1-1"), "2021").concept),
        scope("2021-05-05", type="ServiceRequest", status="active"),
        replace(scope("2021-05-05"), when=None),
    ],
    ids=["too old", "may be too old", "ahead", "not done", "of no status", "another code", "an order", "undated"],
)
def test_what_another_payer_has_seen_and_settles_nothing(piece: Evidence) -> None:
    made = both(ours=[gap(COLORECTAL)], other=[theirs(BREAST, GapStatus.CLOSED, evidence=(piece,))])
    assert only(made).main.state is State.DO_TODAY


def test_a_payer_that_counted_it_in_its_numerator_needs_to_show_no_status() -> None:
    piece = scope("2021-05-05", status="", population="initial-population, numerator")
    made = both(ours=[gap(COLORECTAL)], other=[theirs(BREAST, GapStatus.CLOSED, evidence=(piece,))])
    assert only(made).main.state is State.DONE_ELSEWHERE


def test_the_payers_own_evidence_is_not_elsewhere() -> None:
    made = both(ours=[gap(COLORECTAL, evidence=(scope("2021-05-05"),))], other=[])
    assert only(made).main.state is State.DO_TODAY


@pytest.mark.parametrize(
    ("pieces", "state"),
    [
        ([a1c("7.0", "2026-05-05")], State.DONE_ELSEWHERE),
        ([a1c("9.4", "2026-05-05")], State.DO_TODAY),
        ([a1c(None, "2026-05-05")], State.DO_TODAY),
        ([a1c("7.0", "2026-05-05"), a1c("9.4", "2026-06-05")], State.DO_TODAY),
    ],
)
def test_where_the_newest_value_decides_it_must_be_on_target(pieces: list[Evidence], state: State) -> None:
    made = both(ours=[gap()], other=[theirs(BREAST, GapStatus.CLOSED, evidence=tuple(pieces))])
    assert only(made).main.state is state


def test_a_value_in_this_chart_is_not_overruled_by_what_another_payer_has() -> None:
    made = both(hba1c("9.4", "2026-02-01"), ours=[gap()], other=[theirs(BREAST, evidence=(a1c("7.0", "2026-05-05"),))])
    assert State.OUT_OF_RANGE in [row.state for row in rows(made)]


def test_nothing_of_a_report_about_somebody_else_is_done_elsewhere() -> None:
    wrong = known(
        replace(
            report("care-gaps", [theirs(BREAST, GapStatus.CLOSED, evidence=(scope("2021-05-05"),))]),
            payer="lakeside",
            subject_id="another",
        )
    )
    made = build(chart(), payer([gap(COLORECTAL)]), lakeside(care_gaps=wrong))
    assert only(made).main.state is State.DO_TODAY


# --- verify first -----------------------------------------------------------------------------------------------------


def hedis(name: str, title: str, group: str, **other: object) -> Gap:
    return gap(Measure(f"https://plan.example/Measure/{name}", "MY2026", title), group_id=group, **other)


@pytest.mark.parametrize(
    "gaps",
    [
        [hedis("GSD", "Glycemic status <8.0%", "a"), hedis("GSD", "Glycemic status >9.0%", "b")],
        [hedis("GSD", "Glycemic Status Assessment for Patients With Diabetes", group) for group in "ab"],
        [hedis("SPC", "Statin received", "a"), hedis("SPC", "Statin adherence 80%", "b"), hedis("SPD", "Statin", "c")],
        [hedis("SPC", "Statin Therapy for Patients With Cardiovascular Disease", group) for group in "ab"],
        [hedis("DSF-E", "Depression screening", "a"), hedis("DSF-E", "Follow-up on positive screen", "b")],
        [hedis("TRC", "Notification of admission", "a"), hedis("TRC", "Patient engagement", "b"),
         hedis("TRC", "Medication Reconciliation Post-Discharge", "c")],
    ],
    ids=lambda gaps: gaps[0].measure.title,
)  # fmt: skip
def test_several_rates_under_one_canonical_are_never_one_card_and_none_is_checked(gaps: list[Gap]) -> None:
    made = build(chart(hba1c("8.5", "2026-09-01")), payer(gaps))
    cards = (*made.gaps, *made.more_gaps, *made.staff)
    assert [[row.state for row in card.rows] for card in cards] == [[State.NOT_CHECKED]] * len(gaps)
    assert len({card.act for card in cards}) == len(gaps)


def dated_(day: date | None, through: date | None = None) -> dict[str, date | None]:
    return {"calculated": day, "data_through": through}


def claims(*gaps: Gap) -> PayerAnswers:
    return payer(gaps, data=(CLAIMS,))


def test_verify_first_is_said_when_the_class_has_passed_its_own_limit() -> None:
    made = build(chart(), claims(gap(**dated_(TODAY, OLD))))
    assert only(made).verify == (Verify("northwind", CLAIMS, OLD, 91),)
    assert only(build(chart(), claims(gap(**dated_(OLD))))).verify[0].base == OLD


@pytest.mark.parametrize("through", [TODAY + timedelta(days=1), date(2026, 12, 31), TODAY])
def test_data_that_reaches_past_its_own_calculation_does_not_make_it_fresh(through: date) -> None:
    made = build(chart(), claims(gap(**dated_(OLD, through))))
    assert only(made).verify == (Verify("northwind", CLAIMS, OLD, 91),)


@pytest.mark.parametrize(
    ("answers", "facts"),
    [
        (claims(gap(**dated_(TODAY, FRESH))), []),
        (claims(gap(**dated_(None))), []),
        (payer([gap(**dated_(OLD))]), []),
        (payer([gap(**dated_(OLD))], data=(replace(CLAIMS, question="risk"),)), []),
        (claims(gap(**dated_(OLD))), [hba1c("9.4", "2026-10-01")]),
        (claims(gap(**dated_(OLD))), [hba1c("7.0", "2026-10-01")]),
    ],
    ids=["at the limit", "no date", "no class", "another question", "out of range here", "done here"],
)
def test_no_verify_first(answers: PayerAnswers, facts: list[Fact]) -> None:
    assert only(build(chart(*facts), answers)).verify == ()


def test_somebody_with_fresh_data_who_asks_for_the_same_act_has_verified_it() -> None:
    for fresh in ({"data": (CLAIMS,)}, {}):
        made = build(chart(), claims(gap(**dated_(OLD))), lakeside(theirs(**dated_(FRESH)), **fresh))
        assert only(made).verify == ()
    stale = build(chart(), claims(gap(**dated_(OLD))), lakeside(theirs(**dated_(OLD)), data=(CLAIMS,)))
    assert [each.payer for each in only(stale).verify] == ["lakeside", "northwind"]


def test_what_is_to_be_verified_first_comes_after_the_rest_of_its_class_and_is_never_hidden() -> None:
    ours = [gap(COLORECTAL, **dated_(OLD)), gap(BREAST, group_id="2", **dated_(FRESH))]
    assert [card.act for card in build(chart(), claims(*ours)).gaps] == ["breast-screening", "colorectal-screening"]
    turned = [gap(COLORECTAL, **dated_(FRESH)), gap(BREAST, group_id="2", **dated_(OLD))]
    assert [card.act for card in build(chart(), claims(*turned)).gaps] == ["colorectal-screening", "breast-screening"]
    again = [gap(COLORECTAL, **dated_(OLD)), gap(BREAST, group_id="2", **dated_(OLD))]
    assert len(build(chart(), claims(*again)).gaps) == 2
    urgent = [gap(**dated_(OLD)), gap(BREAST, group_id="2", **dated_(FRESH))]
    assert [card.act for card in build(chart(), claims(*urgent)).gaps] == ["glycaemic-status", "breast-screening"]


@few
@given(st.integers(0, 400), st.integers(1, 400))
def test_the_limit_alone_decides(days: int, limit: int) -> None:
    made_of = replace(CLAIMS, limit_days=limit)
    made = build(chart(), payer([gap(**dated_(TODAY - timedelta(days=days)))], data=(made_of,)))
    assert bool(only(made).verify) is (days > limit)


def test_the_strip_names_the_class_and_the_oldest_day_its_data_goes_to() -> None:
    made = build(chart(), claims(gap(**dated_(TODAY, OLD)), gap(BREAST, group_id="2", **dated_(TODAY, FRESH))))
    line = next(line for line in made.sources if line.key == "northwind/care-gaps")
    assert (line.data, line.data_through) == (CLAIMS, OLD)
    out = build(chart(), payer(care_gaps=None, data=(CLAIMS,)))
    assert next(line for line in out.sources if line.key == "northwind/care-gaps").data == CLAIMS


# --- properties -------------------------------------------------------------------------------------------------------

MEASURES = [HBA1C, PRESSURE, COLORECTAL, BREAST, OTHER, NEWER, replace(OTHER, version="4"), Measure("", "", "Falls")]
PIECES = [scope("2021-05-05"), a1c("7.0", "2026-05-05"), a1c("9.9", "2026-06-05")]
FACTS = [
    hba1c("7.0", "2026-03-01"), hba1c("9.4", "2026-09-01"), colonoscopy("2020-01-01"), stool("Positive", "2026-08-01"),
    fact("ServiceRequest", loinc("4548-4"), "2026-11-10"),
    replace(hba1c(None, "2026-10-01"), value=Quantity(Decimal(8), "%", "%")),
]  # fmt: skip


def listed(payer_id: str) -> st.SearchStrategy[list[Gap]]:
    one = st.builds(
        lambda measure, status, number, period, derived, day, pieces: gap(
            measure, status, payer=payer_id, group_id=f"g{number}", report_id=f"r{number % 2}", period=period,
            derived=derived, calculated=day, data_through=None, evidence=tuple(pieces),
        ),
        st.sampled_from(MEASURES), st.sampled_from(GapStatus), st.integers(0, 5), st.sampled_from([LAST, YEAR, NEXT]),
        st.booleans(), st.sampled_from([OLD, FRESH, None]), st.lists(st.sampled_from(PIECES), max_size=2),
    )  # fmt: skip
    return st.lists(one, max_size=6, unique=True)


facts_ = st.lists(st.sampled_from(FACTS), max_size=4, unique=True)


def everybody(facts: list[Fact], ours: list[Gap], other: list[Gap]) -> Panel:
    return build(chart(*facts), claims(*ours), lakeside(*other, data=(CLAIMS,)))


@few
@given(facts_, listed("northwind"), listed("lakeside"))
def test_every_gap_is_in_one_place_and_every_act_is_one_card(
    facts: list[Fact], ours: list[Gap], other: list[Gap]
) -> None:
    made = everybody(facts, ours, other)
    placed = [each for card in cards(made) for each in of_card(card)]
    met = [each for card in cards(made) for each in card.closed]
    assert sorted(map(repr, [*placed, *made.closed, *made.other])) == sorted(map(repr, [*ours, *other]))
    assert len({card.act for card in cards(made)}) == len(cards(made))
    assert len(made.gaps) <= MAX_GAPS
    assert all(each.status is GapStatus.CLOSED for each in (*met, *made.closed))


@few
@given(facts_, listed("northwind"), listed("lakeside"), st.randoms())
def test_nothing_depends_on_who_answers_first(
    facts: list[Fact], ours: list[Gap], other: list[Gap], chance: Any
) -> None:
    made = everybody(facts, ours, other)
    moved, shuffled, swapped = list(facts), list(ours), list(other)
    for each in (moved, shuffled, swapped):
        chance.shuffle(each)
    again = build(chart(*moved), lakeside(*swapped, data=(CLAIMS,)), claims(*shuffled))
    assert cards(again) == cards(made)
    assert again.closed == made.closed


@few
@given(facts_, listed("northwind"), listed("lakeside"))
def test_a_late_payer_takes_no_card_away_and_makes_no_more_room(
    facts: list[Fact], ours: list[Gap], other: list[Gap]
) -> None:
    alone, together = everybody(facts, ours, []), everybody(facts, ours, other)
    assert {card.act for card in cards(alone)} <= {card.act for card in cards(together)}
    assert len(together.gaps) <= MAX_GAPS


@few
@given(facts_, listed("northwind"), listed("lakeside"))
def test_a_card_is_ranked_by_the_row_that_leaves_most_to_do(
    facts: list[Fact], ours: list[Gap], other: list[Gap]
) -> None:
    made = everybody(facts, ours, other)
    for card in cards(made):
        places = [MOST_TO_DO.index(row.state) for row in card.rows]
        assert places == sorted(places)
    order = [(list(Urgency).index(card.main.urgency), bool(card.verify)) for card in (*made.gaps, *made.more_gaps)]
    assert order == sorted(order)


@few
@given(facts_, listed("northwind"))
def test_a_known_measure_is_called_by_its_rule(facts: list[Fact], ours: list[Gap]) -> None:
    keys = {rule.key for rule in REGISTRY.rules}
    for card in cards(everybody(facts, ours, [])):
        known_one = card.main.gap and REGISTRY.find(card.main.gap.measure)[0]
        assert (card.act.removesuffix("/follow-up") in keys) is bool(known_one or card.main.gap is None)
