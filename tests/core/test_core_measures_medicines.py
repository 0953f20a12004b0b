"""Statins, vaccines, depression screening and medication reconciliation at their borders."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Coding, Concept, Fact, Quantity, When
from app.core.evidence import Findings, findings
from app.core.flag import State
from app.core.gaps import Reconciler
from app.core.measures import REGISTRY, antidepressants, depression, immunization, reconciliation, statin
from app.core.measures.imported import CodeList
from app.core.measures.rule import MeasureRule
from app.core.reading import read
from app.core.report import Measure, Period
from app.core.terminology import CVX, LOINC, RXNORM, codes
from tests.core.made import PATIENT, TODAY, YEAR, chart, fact, gap, hcpcs, icd, loinc, on, reading, steady


def look(rule: MeasureRule, *facts: Fact, today: date = TODAY, period: Period = YEAR) -> Findings:
    return findings(rule, period, reading(*facts), today)


def outcome(found: Findings) -> str:
    if found.done:
        return "done"
    if found.out_of_range:
        return "missed"
    return "late" if found.late else found.because or "nothing"


# --- statin -----------------------------------------------------------------------------------------------------------


def pill(when: str | None, code: str = "83367", **other: object) -> Fact:
    made = Concept((Coding(RXNORM, code),), "atorvastatin 40 mg")
    return fact("MedicationRequest", made, when, **{"intent": "order", **other})


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (pill("2026-01-01"), "done"),
        (pill("2026-11-20"), "done"),
        (pill("2025-06-01"), "done"),  # still active: it reaches into the period
        (pill("2025-06-01", status="completed"), "nothing"),
        (pill("2025-06-01", status="completed", until=on("2025-12-31")), "nothing"),
        (pill("2025-06-01", status="completed", until=on("2026-01-01")), "done"),
        (pill("2026-06-01", status="stopped"), "nothing"),
        (pill("2026-06-01", status="cancelled"), "nothing"),
        (pill("2026-06-01", status="draft"), "nothing"),
        (pill("2026-06-01", intent="proposal"), "nothing"),
        (pill("2026-06-01", intent="plan"), "nothing"),
        (pill("2026-06-01", refused=True), "told-not-to"),
        (pill("2026-06-01", not_done_reason="dose changed"), "done"),  # why its status is what it is
        (pill("2026-06-01", until=on("2027-06-01")), "done"),  # a supply that runs on
        (pill("2026-12-01"), "nothing"),
        (pill(None), "date-not-certain"),
        (pill("2025"), "done"),
        (pill("2026-06-01", "6472"), "done"),
        (pill("2026-06-01", "617311"), "code-not-known"),  # a product: recognised by its words
        (pill("2026-06-01", "999999"), "code-not-known"),
    ],
    ids=lambda v: f"{v.when and v.when.text} {v.status} {v.intent}" if isinstance(v, Fact) else v,
)
def test_which_prescriptions_are_statin_therapy(entry: Fact, expected: str) -> None:
    assert outcome(look(statin.RULE, entry)) == expected


def test_products_that_the_practice_imports_are_statin_therapy() -> None:
    products = CodeList("statin-therapy/statin prescription", codes(RXNORM, "617311"))
    rule = next(rule for rule in REGISTRY.with_codes([products]).rules if rule.key == "statin-therapy")
    assert outcome(look(rule, pill("2026-06-01", "617311"))) == "done"


@pytest.mark.parametrize("name", antidepressants.INGREDIENTS.values())
def test_every_antidepressant_is_recognised_by_its_name_too(name: str) -> None:
    ordered = fact("MedicationRequest", Concept(text=f"{name.capitalize()} 50 mg"), "2026-05-01", intent="order")
    assert outcome(look(depression.RULE, phq9("14", "2026-05-01"), ordered)) == "code-not-known"


@pytest.mark.parametrize(
    "entry",
    [
        fact("Condition", icd("O09.511"), "2026-05-01"),
        fact("Condition", icd("Z39.1"), "2026-05-01"),
        fact("Condition", icd("M62.82"), "2026-05-01"),
        fact("Condition", icd("N18.6"), "2019-05-01"),
        fact("Condition", icd("K74.60"), "2019-05-01"),
        fact("Condition", icd("Z51.5"), "2026-05-01"),
        fact("AllergyIntolerance", Concept((Coding(RXNORM, "83367"),)), "2019-05-01"),
    ],
    ids=lambda f: f.concept.label,
)
def test_what_speaks_against_a_statin(entry: Fact) -> None:
    assert look(statin.RULE, entry).excluded == (entry,)


@pytest.mark.parametrize(
    "entry",
    [
        fact("Condition", icd("O09.511"), "2024-05-01"),  # an old pregnancy that nobody closed
        fact("Condition", icd("M62.82"), "2019-05-01", status="resolved", until=on("2019-06-01")),
        fact("AllergyIntolerance", Concept((Coding(RXNORM, "83367"),)), "2019-05-01", status="inactive"),
        fact("AllergyIntolerance", Concept((Coding(RXNORM, "83367"),)), "2019-05-01", verification="refuted"),
    ],
    ids=lambda f: f.concept.label + f.status,
)
def test_what_does_not(entry: Fact) -> None:
    assert look(statin.RULE, entry).excluded == ()


# --- vaccines ---------------------------------------------------------------------------------------------------------


SNOMED, SUBSTANCE = "http://snomed.info/sct", "AllergyIntolerance"


def told(words: str, *codings: Coding) -> Concept:
    return Concept(codings, words)


def state(*facts: Fact) -> tuple[State, str, tuple[str, ...]]:
    """What the row of a statin gap says: its state, why, and the entries that make it so."""
    measure = Measure("https://madie.cms.gov/Measure/CMS347FHIRStatinPreventionTxCVD", "1.0.000", "Statin therapy")
    made = Reconciler(reading(*facts), TODAY).row(gap(measure))
    return made.state, made.because, tuple(each.ref for each in made.unclear)


@pytest.mark.parametrize(
    "entry",
    [
        fact(SUBSTANCE, told("Lipitor", Coding(RXNORM, "153165")), "2020-01-01"),
        fact(SUBSTANCE, told("", Coding(RXNORM, "83367")), "2020-01-01"),
        fact("Observation", loinc("82810-3"), "2026-10-20", value=told("Pregnant (finding)")),
    ],
    ids=lambda f: f.concept.label,
)
def test_who_cannot_take_a_statin_is_out(entry: Fact) -> None:
    assert state(entry)[0] is State.EXCLUDED


def test_an_allergy_to_a_product_is_recognised_by_its_words() -> None:
    named = Coding(RXNORM, "617312", "atorvastatin 10 MG Oral Tablet")
    assert state(fact(SUBSTANCE, told("", named), "2020-01-01"))[0] is State.CANNOT_TELL


@pytest.mark.parametrize(
    "entry",
    [
        fact(SUBSTANCE, told("STATINS-HMG-COA REDUCTASE INHIBITORS"), "2020-01-01"),
        fact(SUBSTANCE, told("Hmg-Coa Reductase Inhibitors (Statins)"), "2020-01-01"),
        fact(SUBSTANCE, told("Statin"), None),
        fact(SUBSTANCE, told("Atorvastatin", Coding(SNOMED, "1")), "2020-01-01"),
        fact(SUBSTANCE, told("Crestor", Coding(RXNORM, "999999")), "2020-01-01", status=""),
        fact(SUBSTANCE, told("", Coding(RXNORM, "83367")), "2020-01-01", verification="unconfirmed"),
        fact("Condition", told("Statin intolerance", Coding(SNOMED, "1")), "2021-01-01"),
        fact("Condition", told("Myopathy caused by statin"), "2021-01-01"),
        fact("Condition", told("Atorvastatin-induced myalgia"), "2021-01-01"),
        fact("Condition", told("History of rhabdomyolysis"), "2012-01-01"),
        fact("Flag", told("Unable to tolerate statins"), "2021-01-01"),
        fact("Condition", told("Normal pregnancy", Coding(SNOMED, "1")), "2026-08-01"),
        fact("Condition", told("High risk pregnancy"), "2026-08-01"),
        fact("Condition", told("Pregnancy with previous cesarean section"), "2026-08-01"),
        fact("Condition", told("24 weeks gestation"), "2026-10-01"),
        fact("Condition", told("Pregnancy"), "2026-08-01", verification="provisional"),
        fact("Flag", told("High-risk pregnancy"), "2026-08-01"),
        fact("Observation", loinc("82810-3"), "2026-10-20", value=told("", Coding(SNOMED, "1"))),
        fact("Observation", loinc("82810-3"), "2026-10-20", value=told("Possible pregnancy")),
        fact("Observation", loinc("82810-3"), "2026-10-20", value="pregnant, 12 weeks"),
        fact("Observation", loinc("11778-8", "Delivery date Estimated"), "2026-10-20", value="2027-04-01"),
        fact("MedicationRequest", told("atorvastatin 40 mg"), "2026-10-20", intent="order", refused=True),
        fact("MedicationRequest", told("Do not give any rosuvastatin"), "2026-10-20", intent="order"),
    ],
    ids=lambda f: f"{f.type}: {f.concept.label} {f.value or ''} {f.verification}",
)
def test_what_reads_like_a_reason_against_a_statin_is_named_and_nothing_is_suggested(entry: Fact) -> None:
    why = "told-not-to" if entry.type == "MedicationRequest" else "exclusion-not-certain"
    assert state(entry) == (State.CANNOT_TELL, why, (entry.ref,))


@pytest.mark.parametrize(
    "entry",
    [
        fact(SUBSTANCE, told("Nystatin"), "2020-01-01"),
        fact(SUBSTANCE, told("Penicillin"), "2020-01-01"),
        fact(SUBSTANCE, told("Statins"), "2020-01-01", status="resolved"),
        fact(SUBSTANCE, told("Statins"), "2020-01-01", verification="refuted"),
        fact("Condition", told("Statin therapy started"), "2020-01-01"),
        fact("Condition", told("Wife is pregnant"), "2026-08-01"),
        fact("Condition", told("History of pregnancy loss"), "2026-08-01"),
        fact("Condition", told("Normal pregnancy"), "2025-08-01"),  # an old one that nobody closed
        fact("Condition", told("Normal pregnancy"), "2026-08-01", status="resolved"),
        fact("Observation", loinc("82810-3"), "2026-10-20", value=told("Not pregnant (finding)")),
        fact("Observation", loinc("82810-3"), "2026-10-20", value=told("", Coding(LOINC, "LA26683-5"))),
        fact("Observation", loinc("82810-3"), "2026-10-20", value=told("Unknown")),
        fact("Observation", loinc("82810-3"), "2026-10-20", value=False),
        fact("Observation", loinc("82810-3"), "2026-10-20"),
        fact("Observation", loinc("82810-3"), "2026-05-20", value=told("Possible pregnancy")),
        fact("MedicationRequest", told("atorvastatin"), "2026-10-20", intent="order", refused=True, status="stopped"),
    ],
    ids=lambda f: f"{f.type}: {f.concept.label} {f.value or ''} {f.status} {f.verification}",
)
def test_what_is_no_reason_against_a_statin(entry: Fact) -> None:
    assert state(entry) == (State.DO_TODAY, "", ())


def test_the_newest_answer_says_whether_there_may_be_a_pregnancy() -> None:
    asked = fact("Observation", loinc("82810-3"), "2026-10-20", value=told("Possible pregnancy"))
    later = fact("Observation", loinc("82810-3"), "2026-11-01", value=told("Not pregnant"))
    assert state(asked, later)[0] is State.DO_TODAY


def test_a_statin_that_is_taken_settles_it_whatever_reads_like_a_reason_against() -> None:
    assert state(pill("2026-06-01"), fact(SUBSTANCE, told("Statins"), "2020-01-01"))[0] is State.DONE_HERE


def shot(code: str, when: str | None, **other: object) -> Fact:
    return fact("Immunization", Concept((Coding(CVX, code),)), when, **other)


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2025-06-30", "nothing"), ("2025-07-01", "done"), ("2026-06-30", "done"), ("2026-07-01", "nothing")],
)
def test_the_influenza_season_of_the_measure(day: str, expected: str) -> None:
    assert outcome(look(immunization.INFLUENZA, shot("150", day))) == expected


def test_after_its_season_nothing_can_count_any_more() -> None:
    assert look(immunization.INFLUENZA, today=date(2026, 7, 1)).over
    assert not look(immunization.INFLUENZA, today=date(2026, 6, 30)).over
    assert look(immunization.INFLUENZA).window == Period(date(2025, 7, 1), date(2026, 6, 30))


@pytest.mark.parametrize("status", ["not-done", "entered-in-error"])
def test_a_vaccine_that_was_not_given_is_none(status: str) -> None:
    assert outcome(look(immunization.INFLUENZA, shot("150", "2025-10-01", status=status))) == "nothing"


def test_a_vaccine_by_words_or_of_another_list_cannot_be_told() -> None:
    assert outcome(look(immunization.INFLUENZA, fact("Immunization", Concept(text="Flu shot"), "2025-10-01"))) == (
        "code-not-known"
    )
    hib = fact("Immunization", Concept(text="Haemophilus influenzae b"), "2025-10-01")
    assert outcome(look(immunization.INFLUENZA, hib)) == "nothing"


def test_a_vaccine_that_was_only_reported_was_given_elsewhere() -> None:
    told = shot("150", "2025-10-01", reported=True)
    found = look(immunization.INFLUENZA, told)
    assert (found.done, found.elsewhere) == (None, told)
    assert look(immunization.INFLUENZA, shot("150", "2024-10-01", reported=True)).elsewhere is None


def born(day: str, *facts: Fact) -> Findings:
    made = chart(*facts, patient=replace(PATIENT, birth_date=on(day)))
    return findings(immunization.PNEUMOCOCCAL, YEAR, read(made), TODAY)


@pytest.mark.parametrize(
    ("birth", "day", "expected"),
    [
        ("1950-03-14", "1969-03-14", "done"),
        ("1950-03-14", "1969-03-13", "nothing"),
        ("1952-02-29", "1971-02-28", "nothing"),  # who is born on 29 February is 19 on 1 March
        ("1952-02-29", "1971-03-01", "done"),
        ("1950", "1969-06-01", "date-not-certain"),
        ("1950", "1970-01-01", "done"),
        ("1950-03", "1969", "date-not-certain"),
    ],
)
def test_pneumococcal_vaccines_count_from_the_nineteenth_birthday(birth: str, day: str, expected: str) -> None:
    assert outcome(born(birth, shot("33", day))) == expected


def test_a_childs_pneumococcal_vaccine_is_none() -> None:
    assert outcome(born("1950-03-14", shot("100", "2010-01-01"))) == "nothing"


@steady
@given(st.dates(date(1930, 1, 1), date(1960, 12, 31)), st.integers(-400, 400))
def test_the_birthday_itself_counts(birth: date, offset: int) -> None:
    turned = date(birth.year + 19, 3, 1) if (birth.month, birth.day) == (2, 29) else birth.replace(year=birth.year + 19)
    day = turned + timedelta(days=offset)
    found = born(birth.isoformat(), shot("133", day.isoformat()))
    assert (found.done is not None) is (offset >= 0)


# --- depression screening ---------------------------------------------------------------------------------------------


def phq9(value: str | None, when: str, code: str = "44261-6") -> Fact:
    return fact("Observation", loinc(code), when, value=Quantity(Decimal(value)) if value else None)


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("44261-6", "9", "done"),
        ("44261-6", "10", "missed"),
        ("55758-7", "2", "done"),
        ("55758-7", "3", "missed"),
        ("89204-2", "10", "missed"),
        ("71354-5", "9", "done"),
        ("48545-8", "5", "missed"),
        ("48545-8", "4", "done"),
        ("44261-6", None, "value-not-certain"),
        ("44261-6", "400", "value-not-certain"),
    ],
)
def test_the_cut_of_each_instrument(code: str, value: str | None, expected: str) -> None:
    assert outcome(look(depression.RULE, phq9(value, "2026-05-01", code))) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [("Negative", "done"), ("Positive", "missed"), ("Not positive", "done"), ("", "value-not-certain")],
)
def test_a_screening_in_words(words: str, expected: str) -> None:
    entry = fact("Observation", loinc("73832-8"), "2026-05-01", value=Concept(text=words))
    assert outcome(look(depression.RULE, entry)) == expected


def plan(when: str, code: str = "H0004") -> Fact:
    return fact("Procedure", hcpcs(code), when)


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-04-30", "missed"), ("2026-05-01", "done"), ("2026-05-03", "done"), ("2026-05-04", "late")],
)
def test_a_positive_screening_counts_with_its_plan_within_two_days(day: str, expected: str) -> None:
    assert outcome(look(depression.RULE, phq9("14", "2026-05-01"), plan(day))) == expected


def test_an_antidepressant_or_a_referral_is_a_plan() -> None:
    pill_ = fact("MedicationRequest", Concept((Coding(RXNORM, "36437"),), "sertraline"), "2026-05-01", intent="order")
    assert outcome(look(depression.RULE, phq9("14", "2026-05-01"), pill_)) == "done"
    product = replace(pill_, concept=Concept((Coding(RXNORM, "312941"),), "sertraline 50 MG Oral Tablet"))
    assert outcome(look(depression.RULE, phq9("14", "2026-05-01"), product)) == "code-not-known"
    referral = fact("ServiceRequest", hcpcs("H0031"), "2026-05-02", intent="order")
    assert outcome(look(depression.RULE, phq9("14", "2026-05-01"), referral)) == "done"
    worded = fact("ServiceRequest", Concept(text="Referral to psychiatry"), "2026-05-02", intent="order")
    assert outcome(look(depression.RULE, phq9("14", "2026-05-01"), worded)) == "code-not-known"


def test_the_newest_screening_decides() -> None:
    assert outcome(look(depression.RULE, phq9("14", "2026-03-01"), phq9("4", "2026-05-01"))) == "done"
    assert outcome(look(depression.RULE, phq9("4", "2026-03-01"), phq9("14", "2026-05-01"))) == "missed"


@pytest.mark.parametrize("code", ["G8431", "G8510"])
def test_a_code_that_says_screening_and_result_needs_nothing_more(code: str) -> None:
    assert outcome(look(depression.RULE, fact("Procedure", hcpcs(code), "2026-05-01"))) == "done"


@pytest.mark.parametrize(("code", "out"), [("F31.9", True), ("F30.2", True), ("F32.9", False)])
def test_bipolar_disorder_takes_the_patient_out(code: str, out: bool) -> None:
    assert bool(look(depression.RULE, fact("Condition", icd(code), "2011-01-01")).excluded) is out


# --- medication reconciliation ----------------------------------------------------------------------------------------


def stay(end: str | None, **other: object) -> Fact:
    fields = {"setting": "IMP", "until": on(end) if end else None, **other}
    return fact("Encounter", Concept(text="Hospital stay"), "2026-01-05", **fields)


def reconciled(when: str) -> Fact:
    return fact("Procedure", Concept(text="Medication reconciliation"), when)


def test_each_discharge_opens_a_window_of_thirty_days() -> None:
    found = look(reconciliation.RULE, stay("2026-11-02"))
    assert found.window == Period(date(2026, 11, 2), date(2026, 12, 2))
    assert (found.over, found.clinical_due) == (False, date(2026, 11, 2))
    assert look(reconciliation.RULE, stay("2026-10-20")).over


@pytest.mark.parametrize(
    ("day", "expected"), [("2026-11-01", "nothing"), ("2026-11-02", "code-not-known"), ("2026-11-19", "code-not-known")]
)
def test_what_reads_like_it_in_the_window_cannot_be_told(day: str, expected: str) -> None:
    assert outcome(look(reconciliation.RULE, stay("2026-11-02"), reconciled(day))) == expected


@pytest.mark.parametrize(
    "made",
    [
        (),
        (stay(None, status="in-progress"),),
        (stay("2026-11-02", setting="AMB"),),
        (stay("2026-11-02", status="cancelled"),),
        (stay("2025-12-31"),),
        (stay("2026-11"),),
    ],
)
def test_a_discharge_that_the_chart_does_not_hold_is_said(made: tuple[Fact, ...]) -> None:
    found = look(reconciliation.RULE, *made)
    assert (outcome(found), found.over) == ("event-not-in-chart", False)


@pytest.mark.parametrize(("day", "counts"), [("2026-12-01", True), ("2026-12-02", False)])
def test_discharges_count_to_the_first_of_december(day: str, counts: bool) -> None:
    found = look(reconciliation.RULE, stay(day), today=date(2026, 12, 20))
    assert (found.because == "") is counts


def test_a_discharge_whose_window_runs_comes_first() -> None:
    found = look(reconciliation.RULE, stay("2026-03-01"), stay("2026-11-10"))
    assert found.window == Period(date(2026, 11, 10), date(2026, 12, 10))


def test_the_day_is_the_one_written_in_the_charts_own_time_zone() -> None:
    late = When(date(2026, 11, 2), date(2026, 11, 2), "2026-11-02T23:30:00-08:00")
    found = look(reconciliation.RULE, fact("Encounter", Concept(), "2026-10-30", setting="IMP", until=late))
    assert found.window == Period(date(2026, 11, 2), date(2026, 12, 2))
