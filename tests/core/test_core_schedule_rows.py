"""Rows of the morning schedule: counts, steps with an owner, the mode of the visit, what withholds and is not known."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.answers import Reason, Unknown
from app.core.chart import Chart, Concept, Fact, Patient, When
from app.core.flag import Panel, PayerAnswers, State, StatusKind
from app.core.report import Gap, GapStatus, Measure
from app.core.schedule import rows
from app.core.schedule.appointment import Mode
from app.core.schedule.entry import Protocol
from app.core.schedule.row import MAX_STEPS, Counts, MarkKind, Owner, Row, Standing, Where
from tests.core.made import (
    BREAST,
    COLORECTAL,
    HBA1C,
    NOW,
    OTHER,
    PATIENT,
    PRESSURE,
    TODAY,
    category,
    chart,
    colonoscopy,
    fact,
    facts_by_type,
    few,
    gap,
    hba1c,
    hcpcs,
    icd,
    known,
    lakeside,
    loinc,
    mammogram,
    payer,
    pressure,
    stool,
)
from tests.core.scheduled import (
    CERVICAL,
    DEPRESSION,
    INFLUENZA,
    KIDNEY,
    RECONCILED,
    STATIN,
    appointment,
    every,
    keys,
    panel_of,
    person,
    row,
    visited,
)

HOSPICE = fact("Flag", Concept(text="Hospice patient"), "2026-06-01")
MEASURES = (HBA1C, PRESSURE, COLORECTAL, BREAST, INFLUENZA, CERVICAL, DEPRESSION, KIDNEY, STATIN, RECONCILED, OTHER)
SEEN = visited("2026-05-05")


def cards(panel: Panel) -> int:
    return len(panel.gaps) + len(panel.more_gaps) + len(panel.staff) + len(panel.excluded)


def total(counts: Counts) -> int:
    return counts.today + counts.next_visit + counts.ordered + counts.staff + counts.unclear + counts.excluded


# --- steps ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "facts", "act", "owner", "where"),
    [
        (HBA1C, (), "order-hba1c", Owner.CLINICIAN, Where.ORDER),
        (KIDNEY, (), "order-kidney-tests", Owner.CLINICIAN, Where.ORDER),
        (INFLUENZA, (), "send-or-explain", Owner.MEDICAL_ASSISTANT, Where.ORDER),
        (CERVICAL, (), "offer-cervical-screening", Owner.CLINICIAN, Where.IN_ROOM),
        (PRESSURE, (), "measure-blood-pressure", Owner.MEDICAL_ASSISTANT, Where.IN_ROOM),
        (PRESSURE, (pressure("152", "94", "2026-10-01"),), "repeat-or-intensify", Owner.CLINICIAN, Where.ORDER),
        (COLORECTAL, (), "offer-colorectal-screening", Owner.CLINICIAN, Where.HOME),
        (BREAST, (), "order-mammogram", Owner.CLINICIAN, Where.ORDER),
        (DEPRESSION, (), "screen-depression", Owner.MEDICAL_ASSISTANT, Where.IN_ROOM),
        (STATIN, (), "consider-statin", Owner.CLINICIAN, Where.ORDER),
        (HBA1C, (hba1c("7.0", "2026-10-01"),), "send-evidence", Owner.MEDICAL_ASSISTANT, Where.ORDER),
        (OTHER, (), "check-chart", Owner.CLINICIAN, Where.ORDER),
    ],
)
def test_each_step_has_an_owner_and_a_place(
    measure: Measure, facts: tuple[Fact, ...], act: str, owner: Owner, where: Where
) -> None:
    (step,) = every(row(payer([gap(measure)]), facts=facts))
    assert (step.act, step.owner, step.where, step.next_visit) == (act, owner, where, False)
    assert step.payers == ("northwind",)


def test_a_measure_that_nobody_knows_stands_in_the_payers_words() -> None:
    (step,) = every(row(payer([gap(OTHER)])))
    assert (step.service, step.quoted, step.owner) == (OTHER.title, True, Owner.CLINICIAN)
    (named,) = every(row(payer([gap(HBA1C)])))
    assert (named.service, named.quoted) == ("HbA1c test", False)


def test_what_is_ordered_or_booked_is_counted_and_is_no_step() -> None:
    order = fact("ServiceRequest", loinc("4548-4", "HbA1c"), "2026-11-10", intent="order")
    made = row(payer([gap(HBA1C)]), facts=(order,))
    assert (every(made), made.counts.ordered, made.counts.today) == ((), 1, 0)


def test_staff_items_stand_after_clinical_ones() -> None:
    made = row(payer([gap(HBA1C), gap(COLORECTAL)]), facts=(hba1c("7.0", "2026-10-01"),))
    assert [(s.key, s.act) for s in made.steps] == [
        ("colorectal-screening", "offer-colorectal-screening"),
        ("glycaemic-status", "send-evidence"),
    ]
    assert (made.counts.today, made.counts.staff) == (1, 1)


def test_an_abnormal_result_without_its_follow_up_stands_first_and_is_the_clinicians() -> None:
    made = row(payer([gap(HBA1C)]), facts=(stool("positive", "2026-09-01"),))
    assert keys(made)[0] == "colorectal-screening/follow-up"
    assert made.steps[0].owner is Owner.CLINICIAN


def test_an_order_for_it_that_nothing_came_of_is_the_care_coordinators() -> None:
    order = fact("ServiceRequest", hcpcs("G0121", "Colonoscopy"), "2026-04-01", intent="order")
    made = row(facts=(stool("positive", "2026-03-01"), order))
    assert (made.steps[0].key, made.steps[0].owner) == ("colorectal-screening/follow-up", Owner.CARE_COORDINATOR)


def test_one_act_is_one_step_with_every_payer_that_asks_for_it() -> None:
    asked = replace(gap(HBA1C), payer="lakeside")
    made = row(payer([gap(HBA1C)]), lakeside(asked))
    assert [step.payers for step in every(made)] == [("lakeside", "northwind")]


def test_labs_are_what_a_laboratory_can_prepare() -> None:
    order = fact("ServiceRequest", loinc("48642-3", "eGFR"), "2026-11-10", intent="order")
    made = row(payer([gap(HBA1C), gap(BREAST), gap(COLORECTAL)]))
    assert made.labs == ("HbA1c test",)
    assert row(payer([gap(HBA1C)]), facts=(hba1c("9.8", "2026-10-01"), order)).labs == ()


@given(st.lists(st.sampled_from(MEASURES), unique=True, max_size=len(MEASURES)), st.sampled_from(list(Mode)))
@few
def test_counts_add_up_to_the_panels_cards_and_steps_are_few(asked: list[Measure], mode: Mode) -> None:
    facts = (SEEN, hba1c("7.0", "2026-10-01"), pressure("150", "94", "2026-10-01"), stool("positive", "2026-09-01"))
    made_of, answers = chart(*facts), payer([gap(each) for each in asked])
    panel = panel_of(made_of, answers, mode=mode)
    made = row(answers, made=made_of, at=appointment(mode=mode))
    assert total(made.counts) == cards(panel)
    assert len(made.steps) <= MAX_STEPS
    assert len(every(made)) == cards(panel) - made.counts.ordered - made.counts.excluded
    assert len(set(keys(made))) == len(keys(made))


@given(st.lists(st.sampled_from(MEASURES), unique=True, max_size=len(MEASURES)))
@few
def test_steps_stand_in_the_order_of_the_panel(asked: list[Measure]) -> None:
    made_of, answers = chart(SEEN, stool("positive", "2026-09-01")), payer([gap(each) for each in asked])
    panel = panel_of(made_of, answers)
    ranked = [card.act for card in (*panel.gaps, *panel.more_gaps)]
    staff = [card.act for card in panel.staff if card.main.state is not State.ORDERED]
    assert keys(row(answers, made=made_of)) == [*ranked, *staff]


# --- the mode of the visit --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [Mode.VIDEO, Mode.PHONE])
def test_from_afar_only_acts_in_the_room_move_and_stay_counted(mode: Mode) -> None:
    made = row(payer([gap(PRESSURE), gap(CERVICAL), gap(HBA1C), gap(COLORECTAL)]), at=appointment(mode=mode))
    moved = {step.key for step in every(made) if step.next_visit}
    assert moved == {"blood-pressure", "cervical-screening"}
    assert (made.counts.today, made.counts.next_visit) == (2, 2)
    assert keys(made)[:2] == ["glycaemic-status", "colorectal-screening"]


def test_a_questionnaire_can_be_answered_by_telephone() -> None:
    (step,) = every(row(payer([gap(DEPRESSION)]), at=appointment(mode=Mode.PHONE)))
    assert (step.where, step.next_visit) == (Where.HOME, False)


def test_prompts_are_counted_whatever_the_mode_and_never_steps() -> None:
    categories = [category("37", "Diabetes with complications", "E11.22"), category("226", "Heart failure", "I50.9")]
    for mode in Mode:
        made = row(payer([], categories), at=appointment(mode=mode))
        assert (made.counts.prompts, every(made)) == (2, ())


def test_who_may_not_see_prompts_is_not_told_how_many() -> None:
    made = row(payer([], [category("37", "Diabetes", "E11.22")]), may_see_prompts=False)
    assert made.counts.prompts == 0


# --- what withholds ---------------------------------------------------------------------------------------------------

DEAD = replace(PATIENT, deceased=When.day(date(2026, 10, 3)))


@given(st.lists(st.sampled_from(MEASURES), unique=True))
@few
def test_of_the_deceased_only_the_appointment_is_checked(asked: list[Measure]) -> None:
    stay = visited("2026-10-28", "IMP", until="2026-11-02")
    made = row(payer([gap(each) for each in asked]), made=chart(stool("positive", "2026-09-01"), stay, patient=DEAD))
    assert [(step.key, step.act, step.owner) for step in every(made)] == [
        ("visit-check", "check-appointment", Owner.FRONT_DESK)
    ]
    assert (made.withheld, made.counts, made.marks, made.labs) == ("deceased", Counts(), (), ())
    assert made.status[0].kind is StatusKind.DECEASED


def test_the_deceased_are_known_from_the_schedule_before_any_chart_is_read() -> None:
    made = rows.build(appointment(), "Patient/ehr-1", patient=DEAD, chart=None, panel=None, day=TODAY, complete=False)
    assert (made.withheld, [step.key for step in made.steps]) == ("deceased", ["visit-check"])


def test_one_record_of_a_death_is_enough() -> None:
    """The schedule's answer and the chart's are of different moments."""
    made = row(payer([gap(HBA1C)]), patient=DEAD)
    assert (made.withheld, keys(made), made.counts) == ("deceased", ["visit-check"], Counts())


def test_of_hospice_nothing_is_expanded_and_what_is_left_out_is_counted() -> None:
    stay = visited("2026-10-28", "IMP", until="2026-11-02")
    made = row(payer([gap(HBA1C), gap(BREAST)], [category("37", "Diabetes", "E11.22")]), facts=(HOSPICE, stay))
    assert (made.withheld, every(made), made.labs) == ("hospice", (), ())
    assert (made.counts.excluded, made.counts.prompts, made.counts.today) == (2, 0, 0)


# --- after a discharge ------------------------------------------------------------------------------------------------

STAY = visited("2026-10-28", "IMP", until="2026-11-08", text="Hospital stay")


def test_after_a_discharge_somebody_follows_up_until_day_thirty() -> None:
    made = row(payer([gap(HBA1C)]), facts=(STAY, SEEN))
    assert keys(made) == ["transition", "glycaemic-status"]
    step = made.steps[0]
    assert (step.owner, step.due, step.state) == (Owner.CARE_COORDINATOR, date(2026, 12, 8), State.DO_TODAY)
    assert made.counts.today == 1  # a step of ours is no gap of the payers'


def test_what_is_abnormal_stands_before_it() -> None:
    assert keys(row(facts=(STAY, stool("positive", "2026-09-01")))) == ["colorectal-screening/follow-up", "transition"]


def test_where_a_payer_asks_for_the_reconciliation_its_card_is_the_step() -> None:
    assert keys(row(payer([gap(RECONCILED)]), facts=(STAY,))) == ["medication-reconciliation"]


@pytest.mark.parametrize(
    ("entry", "state"),
    [
        (fact("Procedure", Concept(text="Medication reconciliation"), "2026-11-12"), State.CANNOT_TELL),
        (fact("Procedure", Concept(text="Medication reconciliation"), "2026-10-12"), State.DO_TODAY),
    ],
)
def test_an_entry_that_reads_like_it_since_the_discharge_makes_it_unclear(entry: Fact, state: State) -> None:
    (step,) = every(row(facts=(STAY, entry)))
    assert (step.key, step.state) == ("transition", state)


def test_an_unread_type_makes_it_unclear() -> None:
    (step,) = every(row(made=chart(STAY, unread=("Procedure",))))
    assert (step.key, step.state) == ("transition", State.CANNOT_TELL)


# --- standing orders --------------------------------------------------------------------------------------------------

AT_THE_DOOR = Protocol("Vital signs", "4", "Dr. Ellison", date(2027, 6, 30), ("blood-pressure",))
LABORATORY = Protocol("Diabetes monitoring", "2", "Dr. Ellison", date(2027, 6, 30), ("glycaemic-status",))


def test_a_standing_order_gives_the_step_to_whom_it_frees() -> None:
    (step,) = every(row(payer([gap(HBA1C)]), protocols=(LABORATORY,)))
    assert step.covering is not None
    assert (step.covering.standing, step.owner) == (Standing.ELIGIBLE, Owner.MEDICAL_ASSISTANT)
    (without,) = every(row(payer([gap(HBA1C)])))
    assert without.covering is not None
    assert (without.covering.standing, without.owner) == (Standing.NO_PROTOCOL, Owner.CLINICIAN)


def test_a_standing_order_judges_no_value_and_no_doubt() -> None:
    (high,) = every(row(payer([gap(HBA1C)]), facts=(hba1c("9.8", "2026-10-01"),), protocols=(LABORATORY,)))
    assert (high.act, high.covering) == ("repeat-or-intensify", None)
    (unread,) = every(row(payer([gap(HBA1C)]), made=chart(unread=("Condition",)), protocols=(LABORATORY,)))
    assert (unread.state, unread.covering) == (State.CANNOT_TELL, None)


def test_what_cannot_be_done_at_this_visit_is_under_no_standing_order() -> None:
    (step,) = every(row(payer([gap(PRESSURE)]), protocols=(AT_THE_DOOR,), at=appointment(mode=Mode.VIDEO)))
    assert (step.next_visit, step.covering) == (True, None)


# --- who is not known -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "facts", "expected"),
    [
        (None, (), (False, True)),
        (None, (visited("2026-05-05"),), (False, False)),
        (None, (visited("2026-05-05", status="cancelled"),), (False, True)),
        (None, (visited("2026-11-20"),), (False, True)),
        (None, (hba1c("7.0", "2021-05-05"),), (False, False)),  # known before the visits that are read
        (None, (hba1c("7.0", "2021-05-05", reported=True),), (False, True)),
        (True, (), (True, False)),
        (False, (), (False, False)),
    ],
)
def test_new_is_what_is_stated_and_first_here_what_the_chart_lacks(
    stated: bool | None, facts: tuple[Fact, ...], expected: tuple[bool, bool]
) -> None:
    made = row(facts=facts, at=appointment(new_patient=stated))
    assert (made.new_patient, made.first_here) == expected


def test_visits_that_could_not_be_read_make_nobody_first_here() -> None:
    assert row(made=chart(unread=("Encounter",))).first_here is False


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ("", ""), ("en", ""), ("en-US", ""), ("English", ""), ("English (United States)", ""),
        ("eng", ""), ("Unknown", ""), ("und", ""), ("Declined to specify", ""), ("Patient declined", ""),
        ("Spanish", "Spanish"), ("es", "es"), ("spa", "spa"), ("Vietnamese", "Vietnamese"), ("enga", "enga"),
    ],
)  # fmt: skip
def test_a_language_is_shown_where_it_is_not_the_clinics(stated: str, shown: str) -> None:
    assert row(made=chart(patient=replace(PATIENT, language=stated))).language == shown


@pytest.mark.parametrize(
    ("booked", "needed", "shown"), [(True, None, True), (False, True, True), (False, False, False)]
)
def test_an_interpreter_is_booked_or_needed(booked: bool, needed: bool | None, shown: bool) -> None:
    made = chart(patient=replace(PATIENT, interpreter=needed))
    assert row(made=made, at=appointment(interpreter=booked)).interpreter is shown


# --- what has come in since -------------------------------------------------------------------------------------------


def lab(when: str, **other: Any) -> Fact:
    return fact("Observation", loinc("2160-0", "Creatinine"), when, category=("laboratory",), **other)


def test_results_since_the_last_visit_are_counted_once() -> None:
    inside = lab("2026-08-01")
    made = row(
        facts=(
            SEEN,
            inside,
            fact("DiagnosticReport", Concept(text="Panel"), "2026-08-01", related=(inside.ref,)),
            lab("2026-09-01"),
            lab("2026-05-04"),  # before
            lab("2026-05-05", recorded=When.day(date(2026, 5, 7))),  # taken at the visit, issued after it
            lab("2026-09-02", status="preliminary"),
            fact("Observation", loinc("8480-6"), "2026-09-03", category=("vital-signs",)),
        )
    )
    assert made.results_since == 3
    assert row(facts=(lab("2026-09-01"),)).results_since == 0  # no visit to count from


def test_orders_without_a_result_are_pending_and_overdue_by_their_rule() -> None:
    new = fact("ServiceRequest", loinc("4548-4", "HbA1c"), "2026-11-10", intent="order")
    old = fact("ServiceRequest", loinc("4548-4", "HbA1c"), "2026-08-01", intent="order")
    unknown = fact("ServiceRequest", Concept(text="Sleep study"), "2026-01-10", intent="order")
    done = fact("ServiceRequest", loinc("2160-0"), "2026-09-01", intent="order")
    plan = fact("ServiceRequest", Concept(text="Perhaps a walk"), "2026-09-01", intent="plan")
    refused = fact("ServiceRequest", Concept(text="Sleep study"), "2026-09-01", intent="order", refused=True)
    made = row(facts=(new, old, unknown, done, plan, refused, lab("2026-09-03", related=(done.ref,))))
    assert (made.orders_pending, made.orders_overdue) == (3, 1)


# --- sources ----------------------------------------------------------------------------------------------------------

DOWN = Unknown("lakeside", Reason.DOWN)


def silent(reason: Reason) -> PayerAnswers:
    no = Unknown("lakeside", reason)
    return lakeside(care_gaps=no, risk=no)


@pytest.mark.parametrize(
    ("reason", "restricted", "unheard"),
    [
        (Reason.RESTRICTED, ("lakeside",), ()),
        (Reason.RESTRICTION_UNKNOWN, ("lakeside",), ()),
        (Reason.DOWN, (), ("lakeside",)),
        (Reason.NOT_IDENTIFIED, (), ("lakeside",)),
    ],
)
def test_payers_that_were_not_asked_or_did_not_answer_are_named(
    reason: Reason, restricted: tuple[str, ...], unheard: tuple[str, ...]
) -> None:
    made = row(payer([gap(HBA1C)]), silent(reason))
    assert (made.restricted, made.silent, made.payers) == (restricted, unheard, ("northwind", "lakeside"))


def test_a_payer_that_is_still_out_is_not_silent_and_leaves_the_row_incomplete() -> None:
    made = row(payer([]), lakeside(care_gaps=None, risk=None), complete=True, payers_out=("lakeside",))
    assert (made.silent, made.complete) == ((), False)
    assert row(payer([])).complete is True
    assert row(payer([]), complete=False).complete is False


def test_no_coverage_on_file_is_said() -> None:
    assert row(made=chart(coverages=known(()))).silent == ("no-payer",)


def test_unread_types_are_named_and_missing_risks_are_no_lack() -> None:
    none = Unknown("ehr", Reason.NOT_ALLOWED)
    made = chart(coverages=none)
    made = replace(made, facts={**made.facts, "Flag": none, "RiskAssessment": none})
    assert row(made=made).unread == ("Coverage", "Flag")


def test_a_row_is_as_old_as_its_oldest_source() -> None:
    early = NOW - timedelta(hours=9)
    answers = payer([gap(HBA1C)])
    assert answers.care_gaps is not None
    old = replace(answers, care_gaps=replace(answers.care_gaps, received=early))  # type: ignore[call-arg]
    assert row(old).as_of == early.isoformat()
    assert row(answers).as_of == NOW.isoformat()


def test_before_anything_is_read_a_row_is_the_appointment() -> None:
    made = rows.build(appointment(), "Patient/9", patient=None, chart=None, panel=None, day=TODAY, complete=False)
    assert made == Row(appointment(), "Patient/9")


def test_while_the_chart_is_out_nothing_is_suggested() -> None:
    facts = facts_by_type(())
    del facts["Condition"]
    made = row(payer([gap(HBA1C)]), made=Chart(known(PATIENT), known(()), facts))
    assert (every(made), made.counts) == ((), Counts())


# --- rows beside each other -------------------------------------------------------------------------------------------


def seat(patient: Patient, minute: int = 0, minutes: int = 20, **other: Any) -> Row:
    first = appointment()
    start = first.start + timedelta(minutes=minute)
    ref = f"Appointment/{patient.id}-{minute}"
    booked = replace(first, ref=ref, start=start, end=start + timedelta(minutes=minutes), **other)
    return Row(booked, f"Patient/{patient.id}", patient)


def test_similar_names_on_one_day_are_marked_and_the_order_stays() -> None:
    given_ = [seat(person("Okafor", "Grace")), seat(person("Brandt"), 20), seat(person("Okafor", "Ada"), 40)]
    made = rows.together(given_)
    assert [each.similar for each in made] == [True, False, True]
    assert [each.appointment.ref for each in made] == [each.appointment.ref for each in given_]


def test_one_patient_twice_is_nobody_else() -> None:
    ida = person("Okafor")
    assert [each.similar for each in rows.together([seat(ida), seat(ida, 60)])] == [False, False]


@pytest.mark.parametrize(
    ("minute", "other", "clash"),
    [
        (0, {}, True),
        (10, {}, True),
        (20, {}, False),
        (10, {"practitioners": ("Practitioner/other",)}, False),
        (10, {"practitioners": (), "locations": ("Location/1",)}, False),
    ],
)
def test_two_appointments_at_one_time_are_a_double_booking(minute: int, other: dict[str, Any], clash: bool) -> None:
    made = rows.together([seat(person("Okafor")), seat(person("Brandt", "Bo"), minute, **other)])
    assert [each.double_booked for each in made] == [clash, clash]


def test_a_group_visit_is_no_double_booking() -> None:
    both = appointment(patients=("Patient/1", "Patient/2"))
    made = [
        rows.build(both, ref, patient=None, chart=None, panel=None, day=TODAY, complete=False) for ref in both.patients
    ]
    assert [(each.group, each.double_booked) for each in rows.together(made)] == [(2, False), (2, False)]
    assert row().group == 0


def test_a_row_carries_its_marks() -> None:
    assert [mark.kind for mark in row(facts=(STAY,)).marks] == [MarkKind.DISCHARGED]


def test_more_gaps_never_make_more_than_three_steps() -> None:
    few_, many = [gap(each) for each in MEASURES[:3]], [gap(each) for each in MEASURES]
    facts = (SEEN, icd_fact("E11.9"))
    assert len(row(payer(few_), facts=facts).steps) == len(row(payer(many), facts=facts).steps) == MAX_STEPS


def icd_fact(code: str) -> Fact:
    return fact("Condition", icd(code), "2020-01-01")


def test_a_gap_that_is_met_or_unknown_leaves_no_step() -> None:
    gaps: list[Gap] = [gap(HBA1C, GapStatus.CLOSED), gap(BREAST, GapStatus.NOT_APPLICABLE)]
    made = row(payer(gaps), facts=(colonoscopy("2024-01-01"), mammogram("2026-02-02"), hba1c("7.0", "2026-03-03")))
    assert (every(made), total(made.counts)) == ((), 0)
