"""One payer gap meets the chart: its state, its urgency, what it names."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import CHART_TYPES, Concept, Fact, Patient, Quantity
from app.core.flag import GapRow, State, Urgency
from app.core.gaps import Reconciler
from app.core.measures import REGISTRY
from app.core.report import Gap, GapStatus, Measure, Period
from tests.core.made import (
    BREAST,
    COLORECTAL,
    HBA1C,
    OTHER,
    PATIENT,
    PRESSURE,
    TODAY,
    colonoscopy,
    fact,
    few,
    gap,
    hba1c,
    icd,
    loinc,
    mammogram,
    on,
    pressure,
    reading,
    seen,
    stool,
)

HOSPICE = fact("Flag", Concept(text="Hospice patient"), "2026-06-01")
ORDER = fact("ServiceRequest", loinc("4548-4", "HbA1c"), "2026-11-10")
KIDNEY = Measure("https://plan.example/Measure/KED", "2026", "Kidney")
RECONCILIATION = Measure("https://plan.example/Measure/TRC-MRP", "2026", "Reconciliation")
CPT = fact("Procedure", Concept(text="Colonoscopy"), "2022-05-05")


def look(
    one: Gap, *facts: Fact, unread: tuple[str, ...] = (), today: date = TODAY, hospice: Fact | None = None
) -> GapRow:
    return Reconciler(reading(*facts, unread=unread), today, hospice).row(one)


def rows(gaps: list[Gap], *facts: Fact, unread: tuple[str, ...] = (), hospice: Fact | None = None) -> list[GapRow]:
    return Reconciler(reading(*facts, unread=unread), TODAY, hospice).rows(gaps)


def state(one: Gap, *facts: Fact, **other: object) -> tuple[State, Fact | None]:
    found = look(one, *facts, **other)  # type: ignore[arg-type] # the tests name arguments of look
    return found.state, found.settled_by


def test_nothing_on_file_is_to_be_done_today() -> None:
    found = look(gap())
    assert (found.state, found.act, found.service) == (State.DO_TODAY, "order-hba1c", "HbA1c test")
    assert (found.clinical_due, found.last_in_chart, found.settled_by, found.missing) == (None, None, None, ())
    assert found.urgency is Urgency.MONITORING
    assert found.rule is not None
    assert not found.staff_can


def test_evidence_of_before_and_after_the_report_settles_alike() -> None:
    for day in ("2026-02-01", "2026-11-19"):  # the report was calculated on 1 November
        good = hba1c("7.0", day)
        assert state(gap(), good) == (State.DONE_HERE, good)


def test_a_value_out_of_range_is_done_and_never_offered_as_closing() -> None:
    bad = hba1c("9.4", "2026-09-01")
    found = look(gap(), bad, ORDER)
    assert (found.state, found.settled_by, found.act) == (State.OUT_OF_RANGE, bad, "repeat-or-intensify")
    assert found.urgency is Urgency.MONITORING
    assert not found.staff_can


def test_what_is_ordered_is_named_and_left_to_staff() -> None:
    found = look(gap(), ORDER)
    assert (found.state, found.settled_by, found.staff_can, found.act) == (State.ORDERED, ORDER, True, "await-result")


def test_what_excludes_is_named() -> None:
    cancer = fact("Condition", icd("C18.7"), "2019-01-01")
    assert state(gap(COLORECTAL), cancer, colonoscopy("2022-05-05")) == (State.EXCLUDED, cancer)
    assert state(gap(), hba1c("7.0", "2026-03-01"), hospice=HOSPICE) == (State.EXCLUDED, HOSPICE)
    assert state(gap(OTHER), hospice=HOSPICE) == (State.EXCLUDED, HOSPICE)


@pytest.mark.parametrize("measure", [OTHER, replace(HBA1C, version="99"), replace(HBA1C, version="")])
def test_a_measure_or_version_without_a_reviewed_rule_is_not_checked(measure: Measure) -> None:
    found = look(gap(measure), hba1c("7.0", "2026-03-01"))
    assert (found.state, found.rule, found.settled_by, found.last_in_chart) == (State.NOT_CHECKED, None, None, None)
    assert found.urgency is Urgency.LATER
    assert found.act == "check-chart"


def test_an_unreviewed_version_still_has_its_short_name() -> None:
    assert look(gap(replace(HBA1C, version="99"))).service == "HbA1c test"
    assert look(gap(OTHER)).service == ""


def test_an_entry_with_a_code_of_another_list_is_shown_and_decides_nothing() -> None:
    found = look(gap(COLORECTAL), CPT)
    assert (found.state, found.because, found.unclear) == (State.CANNOT_TELL, "code-not-known", (CPT,))
    assert found.last_in_chart == CPT


# --- every other state ------------------------------------------------------------------------------------------------


def test_an_order_that_got_no_result_in_time_is_asked_for_again_and_named() -> None:
    late = replace(ORDER, when=on("2026-09-01"))
    found = look(gap(), late)
    assert (found.state, found.overdue, found.settled_by) == (State.DO_TODAY, late, None)
    assert look(gap(), late, ORDER).overdue is None
    assert look(gap(), late, hba1c("7.0", "2026-09-05")).overdue is None


def test_what_somebody_else_did_is_a_record_to_request() -> None:
    told = fact("Procedure", Concept(text="Colonoscopy, outside facility"), "2021-03-01")
    found = look(gap(COLORECTAL), told)
    assert (found.state, found.settled_by, found.act) == (State.DONE_ELSEWHERE, told, "request-record")
    assert found.staff_can
    assert look(gap(COLORECTAL), told, colonoscopy("2022-05-05")).state is State.DONE_HERE


@pytest.mark.parametrize(
    ("measure", "patient", "why"),
    [
        (BREAST, replace(PATIENT, sex="male"), "sex"),
        (COLORECTAL, replace(PATIENT, birth_date=on("1949-01-01")), "age"),
        (COLORECTAL, replace(PATIENT, birth_date=on("1990")), "age"),
    ],
)
def test_a_patient_outside_the_measure_is_told_to_the_plan(measure: Measure, patient: Patient, why: str) -> None:
    found = Reconciler(reading(), TODAY, patient=patient).row(gap(measure))
    assert (found.state, found.because, found.act) == (State.DOES_NOT_APPLY, why, "tell-the-plan")
    assert found.staff_can
    assert Reconciler(reading(), TODAY, patient=PATIENT).row(gap(measure)).state is State.DO_TODAY


def test_a_refuted_diagnosis_takes_a_patient_out_unless_the_chart_holds_something_to_act_on() -> None:
    refuted = fact("Condition", icd("E11.9", "Type 2 diabetes"), "2025-01-01", verification="refuted")

    def state_of(*facts: Fact) -> tuple[State, Fact | None]:
        found = Reconciler(reading(*facts), TODAY, patient=PATIENT).row(gap())
        return found.state, found.settled_by

    bad = hba1c("9.4", "2026-09-01")
    assert state_of(refuted) == (State.DOES_NOT_APPLY, refuted)
    assert state_of(refuted, bad) == (State.OUT_OF_RANGE, bad)


def test_the_window_and_the_contract_stand_on_every_row() -> None:
    assert look(gap(COLORECTAL)).window == Period(date(2017, 1, 1), date(2026, 12, 31))
    one = Reconciler(reading(), TODAY, plans={"northwind": "Gold PPO"})
    assert one.row(gap()).contract == "Gold PPO"
    assert one.row(gap(OTHER, contract="Quality 2026")).contract == "Quality 2026"


def test_of_a_measure_that_asks_for_several_things_what_is_done_is_named_and_what_is_missing_asked_for() -> None:
    egfr = fact("Observation", loinc("98979-8", "eGFR"), "2026-03-01", value=Quantity(Decimal(71), "mL/min"))
    found = look(gap(KIDNEY), egfr)
    assert (found.state, found.parts, found.act) == (State.DO_TODAY, (egfr,), "order-urine-albumin")
    assert look(gap(KIDNEY)).act == "order-kidney-tests"


def test_a_discharge_that_the_chart_does_not_hold_cannot_be_checked() -> None:
    found = look(gap(RECONCILIATION))
    assert (found.state, found.because) == (State.CANNOT_TELL, "event-not-in-chart")


def test_what_can_no_longer_count_is_not_asked_for_although_the_period_runs() -> None:
    stay = fact("Encounter", Concept(text="Inpatient stay"), "2026-08-01", until=on("2026-08-05"), setting="IMP")
    found = look(gap(RECONCILIATION), stay)
    assert (found.state, found.window) == (State.PERIOD_OVER, Period(date(2026, 8, 5), date(2026, 9, 4)))
    soon = replace(stay, until=on("2026-11-10"))
    assert look(gap(RECONCILIATION), soon).state is State.DO_TODAY


def test_a_period_that_a_rule_was_not_written_for_is_not_checked() -> None:
    assert look(gap(period=Period(date(2031, 1, 1), date(2031, 12, 31)))).state is State.NOT_CHECKED


# --- what could not be read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("measure", [HBA1C, PRESSURE, COLORECTAL, BREAST], ids=lambda m: m.title)
def test_every_type_that_a_rule_needs_is_needed_to_say_do_today(measure: Measure) -> None:
    rule, _ = REGISTRY.find(measure)
    for kind in rule.needs if rule else ():
        found = look(gap(measure), unread=(kind,))
        assert (found.state, found.because, found.missing) == (State.CANNOT_TELL, "unread-types", (kind,))


def test_what_was_found_stands_although_other_types_are_unread() -> None:
    assert look(gap(COLORECTAL), colonoscopy("2022-05-05"), unread=("Observation",)).state is State.DONE_HERE
    assert look(gap(COLORECTAL), colonoscopy("2022-05-05"), unread=("ServiceRequest",)).missing == ()


def test_the_newest_value_is_not_known_when_results_were_read_in_part() -> None:
    known = reading(hba1c("7.0", "2026-03-01"))
    part = replace(known, unread=frozenset({"Observation"}))
    assert Reconciler(part, TODAY).row(gap()).state is State.CANNOT_TELL
    bad = replace(reading(hba1c("9.9", "2026-03-01")), unread=frozenset({"Observation"}))
    assert Reconciler(bad, TODAY).row(gap()).state is State.CANNOT_TELL
    assert Reconciler(replace(known, unread=frozenset({"Appointment"})), TODAY).row(gap()).state is State.DONE_HERE


# --- time -----------------------------------------------------------------------------------------------------------

AFTER = date(2027, 1, 1)
BAD = hba1c("9.9", "2026-09-01")


@pytest.mark.parametrize(
    ("measure", "facts", "unread", "expected"),
    [
        (HBA1C, [], (), State.PERIOD_OVER),
        (HBA1C, [BAD], (), State.PERIOD_OVER),
        (HBA1C, [replace(ORDER, when=on("2026-12-28"))], (), State.PERIOD_OVER),
        (HBA1C, [], ("Observation",), State.PERIOD_OVER),
        (COLORECTAL, [CPT], (), State.PERIOD_OVER),
        (OTHER, [], (), State.PERIOD_OVER),
        (HBA1C, [hba1c("7.0", "2026-12-31")], (), State.DONE_HERE),
        (HBA1C, [hba1c("7.0", "2027-01-01")], (), State.PERIOD_OVER),
        (COLORECTAL, [fact("Condition", icd("C18.7"), "2019-01-01")], (), State.EXCLUDED),
    ],
)
def test_after_the_last_day_it_can_only_be_sent_or_explained(
    measure: Measure, facts: list[Fact], unread: tuple[str, ...], expected: State
) -> None:
    found = look(gap(measure), *facts, unread=unread, today=AFTER)
    assert found.state is expected
    assert found.staff_can is (found.settled_by != BAD and expected in (State.PERIOD_OVER, State.DONE_HERE))


def test_on_the_last_day_it_is_still_to_be_done() -> None:
    assert look(gap(), today=date(2026, 12, 31)).state is State.DO_TODAY


def test_a_value_out_of_range_is_kept_when_the_period_is_over() -> None:
    bad = hba1c("9.9", "2026-09-01")
    assert state(gap(), bad, today=AFTER) == (State.PERIOD_OVER, bad)


def test_what_is_not_due_yet_ranks_later() -> None:
    assert look(gap(status=GapStatus.PROSPECTIVE)).urgency is Urgency.LATER
    assert look(gap(), hba1c("7.0", "2025-12-20"), today=date(2026, 2, 1)).urgency is Urgency.LATER
    assert look(gap(), hba1c("7.0", "2025-12-20"), today=date(2026, 6, 20)).urgency is Urgency.MONITORING
    assert look(gap(BREAST), mammogram("2024-09-30")).urgency is Urgency.PREVENTION


# --- the payer's last one -------------------------------------------------------------------------------------------


def test_the_payers_last_one_is_the_newest_that_is_the_service() -> None:
    old = seen("Mammogram", "2022-01-01", ref="Procedure/1", type="Procedure")
    new = seen("Claim", "2023-01-01", ref="Procedure/2", type="Procedure", concept=loinc("24606-6"))
    visit = seen("Visit", "2026-01-01", ref="Encounter/3", type="Encounter")
    undated = replace(new, ref="Procedure/4", when=None)
    other = seen("Falls check", "2024-01-01", ref="Procedure/5", type="Procedure")
    by_words = seen("", "2022-06-01", ref="Procedure/6", type="Procedure", concept=Concept(text="Mammography"))
    everything = (old, new, visit, undated, other, by_words)
    assert look(gap(BREAST, evidence=everything)).last_at_payer == new
    assert look(gap(BREAST, evidence=(by_words, visit))).last_at_payer == by_words
    assert look(gap(BREAST, evidence=(visit, other))).last_at_payer is None
    assert look(gap(OTHER, evidence=everything)).last_at_payer == other


# --- abnormal screenings --------------------------------------------------------------------------------------------

POSITIVE = stool("Positive", "2026-08-01")


def abnormal(*facts: Fact, unread: tuple[str, ...] = (), status: GapStatus = GapStatus.OPEN) -> GapRow | None:
    made = rows([gap(COLORECTAL, status)], *facts, unread=unread)
    return next((r for r in made if r.urgency is Urgency.ABNORMAL), None)


@pytest.mark.parametrize("status", [GapStatus.OPEN, GapStatus.CLOSED, GapStatus.PROSPECTIVE, GapStatus.NOT_APPLICABLE])
def test_an_abnormal_stool_test_is_a_row_of_its_own_whatever_the_payer_says(status: GapStatus) -> None:
    found = abnormal(POSITIVE, status=status)
    assert found is not None
    assert (found.state, found.act, found.settled_by) == (State.DO_TODAY, "order-follow-up-colonoscopy", POSITIVE)
    assert found.clinical_due == date(2026, 8, 1)
    assert not found.staff_can


def test_sending_the_screening_does_not_remove_its_follow_up() -> None:
    states = [r.state for r in rows([gap(COLORECTAL)], POSITIVE)]
    assert states == [State.DONE_HERE, State.DO_TODAY]


def test_one_follow_up_row_however_many_payers_list_the_measure() -> None:
    made = rows([gap(COLORECTAL), gap(COLORECTAL, payer="lakeside")], POSITIVE)
    assert sum(r.urgency is Urgency.ABNORMAL for r in made) == 1


@pytest.mark.parametrize(
    "facts",
    [
        [POSITIVE, colonoscopy("2026-08-01")],
        [stool("Not detected", "2026-08-01")],
        [stool(None, "2026-08-01")],
        [stool("Positive", "2022-11-19")],  # four years: history
        [stool("Positive", "2026-08-01", status="preliminary")],
        [stool("Positive", "2026-12-01")],
    ],
)
def test_no_follow_up_row(facts: list[Fact]) -> None:
    assert abnormal(*facts) is None


def test_neither_a_colonoscopy_of_before_nor_another_stool_test_follows_up() -> None:
    assert abnormal(POSITIVE, colonoscopy("2026-07-31")) is not None
    assert abnormal(POSITIVE, stool("Negative", "2026-09-01")) is not None


def test_an_ordered_follow_up_waits_with_staff() -> None:
    order = fact("ServiceRequest", Concept(text="Colonoscopy, diagnostic"), "2026-08-15")
    found = abnormal(POSITIVE, order)
    assert found is not None
    assert (found.state, found.settled_by, found.staff_can) == (State.ORDERED, order, True)


def test_a_follow_up_under_another_code_or_in_unread_types_cannot_be_told() -> None:
    under_cpt = fact("Procedure", Concept(text="Colonoscopy"), "2026-11-20")
    found = abnormal(POSITIVE, under_cpt)
    assert found is not None
    assert (found.state, found.because, found.unclear) == (State.CANNOT_TELL, "code-not-known", (under_cpt,))
    unread = abnormal(POSITIVE, unread=("Procedure",))
    assert unread is not None
    assert (unread.state, unread.because, unread.missing) == (State.CANNOT_TELL, "unread-types", ("Procedure",))


def test_hospice_has_no_follow_up_row() -> None:
    assert [r.state for r in rows([gap(COLORECTAL)], POSITIVE, hospice=HOSPICE)] == [State.EXCLUDED]


def test_only_open_and_prospective_gaps_make_rows() -> None:
    made = rows([gap(status=status) for status in GapStatus])
    assert [r.gap.status for r in made] == [GapStatus.OPEN, GapStatus.PROSPECTIVE]


# --- properties -----------------------------------------------------------------------------------------------------

MEASURES = [HBA1C, PRESSURE, COLORECTAL, BREAST, OTHER]
dates = st.dates(date(2016, 6, 1), date(2026, 12, 20)).map(date.isoformat)
statuses = st.sampled_from(
    ["final", "preliminary", "amended", "cancelled", "completed", "not-done", "active", "booked"]
)
entries = st.one_of(
    st.builds(lambda v, d, s: hba1c(v, d, status=s), st.sampled_from(["7.0", "9.4", None]), dates, statuses),
    st.builds(lambda v, d, s: pressure(v, "80", d, status=s), st.sampled_from(["120", "160"]), dates, statuses),
    st.builds(lambda d, s: colonoscopy(d, status=s), dates, statuses),
    st.builds(lambda v, d, s: stool(v, d, status=s), st.sampled_from(["Positive", "Negative", None]), dates, statuses),
    st.builds(lambda d, s: mammogram(d, status=s), dates, statuses),
    st.builds(lambda d, s: replace(CPT, when=on(d), status=s), dates, statuses),
    st.builds(lambda d, s: replace(ORDER, when=on(d), status=s), dates, statuses),
)
charts = st.lists(entries, max_size=6)
any_gap = st.builds(gap, st.sampled_from(MEASURES), st.sampled_from([GapStatus.OPEN, GapStatus.PROSPECTIVE]))
some_types = st.sets(st.sampled_from(CHART_TYPES), min_size=1).map(tuple)


@few
@given(any_gap, charts, some_types)
def test_reading_less_never_turns_into_do_today(one: Gap, facts: list[Fact], unread: tuple[str, ...]) -> None:
    before, after = look(one, *facts), look(one, *[f for f in facts if f.type not in unread], unread=unread)
    if after.state is State.DO_TODAY:
        assert before.state is State.DO_TODAY


@few
@given(any_gap, charts)
def test_entries_in_error_are_as_if_they_were_not_there(one: Gap, facts: list[Fact]) -> None:
    in_error = [replace(f, status="entered-in-error") for f in facts]
    assert look(one, *in_error) == look(one)


@few
@given(any_gap, charts, st.dates(date(2027, 1, 1), date(2030, 1, 1)))
def test_after_the_period_nothing_is_to_be_done(one: Gap, facts: list[Fact], today: date) -> None:
    assert look(one, *facts, today=today).state in (State.DONE_HERE, State.PERIOD_OVER, State.EXCLUDED)


@few
@given(any_gap, charts)
def test_what_settles_a_gap_counts_by_status_and_has_a_date(one: Gap, facts: list[Fact]) -> None:
    found = look(one, *facts)
    if found.state in (State.DONE_HERE, State.OUT_OF_RANGE):
        assert found.settled_by is not None
        assert found.settled_by.status in ("final", "amended", "corrected", "completed")
        assert found.settled_by.when is not None
        assert found.settled_by.when.end <= TODAY
