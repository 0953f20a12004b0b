"""Every measure of the registry at its borders: window, status, code, value, setting, exclusions."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Coding, Component, Concept, Fact, Quantity
from app.core.dates import add_months
from app.core.evidence import Findings, findings
from app.core.flag import StatusKind
from app.core.measures import (
    REGISTRY,
    RULES,
    Registry,
    blood_pressure,
    breast,
    cervical,
    colorectal,
    eye_exam,
    glycaemic,
    immunization,
    kidney,
    reconciliation,
    statin,
)
from app.core.measures.names import PayerName, by_rule
from app.core.measures.rule import COUNTS, MeasureRule
from app.core.report import Measure, Period
from app.core.status_rows import ROWS
from app.core.terminology import CVX, HCPCS, ICD10CM, ICD10PCS, LOINC, RXNORM
from tests.core.made import (
    BREAST,
    COLORECTAL,
    ECQM,
    HBA1C,
    OTHER,
    PRESSURE,
    TODAY,
    YEAR,
    colonoscopy,
    fact,
    hba1c,
    hcpcs,
    icd,
    loinc,
    mammogram,
    on,
    percent,
    pressure,
    reading,
    steady,
    stool,
)


def look(rule: MeasureRule, *facts: Fact, period: Period = YEAR, today: date = TODAY) -> Findings:
    return findings(rule, period, reading(*facts), today)


def outcome(found: Findings) -> str:
    if found.done:
        return "done"
    return "missed" if found.out_of_range else found.because or "nothing"


# --- the registry ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "rule", "reviewed"),
    [
        (HBA1C, glycaemic.RULE, True),
        (PRESSURE, blood_pressure.RULE, True),
        (COLORECTAL, colorectal.RULE, True),
        (BREAST, breast.RULE, True),
        (Measure("https://plan.example/Measure/COL", "2026"), colorectal.RULE, True),
        (Measure("https://plan.example/Measure/col-e", "MY2026"), colorectal.RULE, True),
        (Measure("https://plan.example/Measure/COL/", "2026"), colorectal.RULE, True),
        (Measure("https://plan.example/Measure/COL", "2031"), colorectal.RULE, False),
        (Measure("https://plan.example/Measure/COL", ""), colorectal.RULE, False),
        (Measure("https://plan.example/Measure/COLONY", "2026"), None, False),
        (Measure("https://ecqi.example/CMS122v14", "14.1.000"), glycaemic.RULE, True),
        (Measure("https://ecqi.example/CMS122v14", "140"), glycaemic.RULE, False),
        (Measure(ECQM + "CMS122FHIRDiabetesAssessGreaterThan9Percent", "0.6.000"), glycaemic.RULE, False),
        (Measure("http://hl7.org/fhir/us/cqfmeasures/Measure/EXM130-FHIR", "8.0.000"), colorectal.RULE, False),
        (Measure("https://northwind.example/Measure/breast", "2026"), None, False),  # a payer's word, that no entry has
        (Measure(ECQM + "CMS122FHIRDiabetesAssessGT9Pct", "1.0.000"), glycaemic.RULE, True),
        (Measure(ECQM + "CMS124FHIRCervicalCancerScreen", "1.0.000"), cervical.RULE, True),
        (Measure("https://plan.example/Measure/GSD", "MY2026"), None, False),  # below 8 % and above 9 %
        (Measure("https://plan.example/Measure/KED", "MY2026"), kidney.RULE, True),
        (Measure("https://plan.example/Measure/EED", "2026"), eye_exam.RULE, True),
        (Measure("https://plan.example/Measure/CMS347v9", "9.1.000"), statin.RULE, True),
        (Measure("https://plan.example/Measure/SPC", "2026"), None, False),  # received and adherence
        (Measure("https://plan.example/Measure/DSF-E", "2026"), None, False),  # screening and follow-up
        (Measure("https://plan.example/Measure/TRC", "2026"), None, False),  # four rates at once
        (Measure("https://plan.example/Measure/TRC-MRP", "2026"), reconciliation.RULE, True),  # this very one
        (Measure("https://plan.example/Measure/AIS-E", "2026"), None, False),  # five vaccines at once
        (Measure("https://plan.example/Measure/CMS147v13", "13"), immunization.INFLUENZA, False),
        (Measure("https://plan.example/Measure/7", "2026", "Breast  Cancer SCREENING"), breast.RULE, False),
        (OTHER, None, False),
        (Measure("", "", ""), None, False),
    ],
)
def test_which_rule_a_payers_measure_has(measure: Measure, rule: MeasureRule | None, reviewed: bool) -> None:
    assert REGISTRY.find(measure) == (rule, reviewed)


HOME = "https://payer.example/fhir/Measure/"


@pytest.mark.parametrize(
    ("measure", "rule", "reviewed"),
    [
        (Measure(HOME + "mammograms", "2026"), breast.RULE, True),
        (Measure(HOME + "mammograms/", "7.3"), breast.RULE, True),
        (Measure(HOME + "mammograms", "2025"), breast.RULE, False),
        (Measure(HOME + "mammograms", ""), breast.RULE, False),
        (Measure(HOME + "sugar", "2026"), glycaemic.RULE, False),  # no version of it was compared
        (Measure(HOME + "COL", "2026"), breast.RULE, True),  # the whole name is stronger than its last part
        (Measure("https://elsewhere.example/Measure/mammograms", "2026"), None, False),  # another payer's
        (Measure("https://elsewhere.example/Measure/COL", "2026"), colorectal.RULE, True),
    ],
)
def test_a_payers_own_names_come_from_its_entry(measure: Measure, rule: MeasureRule | None, reviewed: bool) -> None:
    names = [
        PayerName("breast-screening", HOME + "mammograms", ("2026",)),
        PayerName("breast-screening", HOME + "mammograms/", ("7.*",)),
        PayerName("breast-screening", HOME + "COL", ("2026",)),
        PayerName("glycaemic-status", HOME + "sugar"),
    ]
    registry = Registry(RULES, by_rule(names, RULES))
    assert registry.find(measure, YEAR) == (rule, reviewed)
    assert registry.with_codes([]).find(measure, YEAR) == (rule, reviewed)


@pytest.mark.parametrize(
    ("period", "reviewed"),
    [
        (YEAR, True),
        (Period(date(2025, 10, 15), date(2026, 10, 14)), True),
        (Period(date(2026, 1, 1), date(2026, 6, 30)), True),
        (Period(date(2024, 12, 31), date(2025, 12, 30)), False),
        (Period(date(2026, 7, 1), date(2027, 6, 30)), False),
    ],
)
def test_a_report_of_a_period_that_the_rule_was_not_written_for_is_not_reviewed(period: Period, reviewed: bool) -> None:
    assert REGISTRY.find(HBA1C, period) == (glycaemic.RULE, reviewed)


def test_no_name_stands_for_two_measures() -> None:
    named = [name.canonical for rule in REGISTRY.rules for name in rule.names]
    assert len(named) == len(set(named))
    titles = [title for rule in REGISTRY.rules for title in rule.titles]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("rule", REGISTRY.rules, ids=lambda rule: rule.key)
def test_a_rule_is_complete(rule: MeasureRule) -> None:
    assert rule.source.name
    assert rule.source.version
    assert rule.source.url.startswith(("https://ecqi.healthit.gov/", "https://www.ncqa.org/"))
    assert rule.source.reviewer == ""  # nobody has reviewed it yet, and the screen says so
    assert rule.population.words
    assert rule.service
    assert rule.act
    assert rule.evidence
    assert rule.latest == bool(rule.targets)
    assert bool(rule.targets) == bool(rule.months_out_of_range)
    assert bool(rule.act_out_of_range) == bool(rule.targets or (rule.follow_up and rule.follow_up.days is not None))
    assert set(rule.evidence_types) <= set(COUNTS)
    assert {*rule.order_types, *rule.evidence_types} <= set(rule.needs)
    assert rule.effective.start <= YEAR.start
    assert rule.effective.end >= YEAR.end
    kinds = [kind.name for kind in rule.evidence]
    assert len(kinds) == len(set(kinds))
    assert {name for way in rule.ways for name in (*way.kinds, *way.near)} <= set(kinds)
    if rule.follow_up:
        after = [kind for kind in rule.evidence if kind.name in rule.follow_up.after]
        assert len(after) == len(rule.follow_up.after)
        assert all(kind.abnormal for kind in after)
    assert all(title == title.casefold() for title in rule.titles)


def test_only_code_systems_that_may_be_shipped_are_shipped() -> None:
    sets = [kind.codes for rule in REGISTRY.rules for kind in rule.evidence]
    sets += [codes for rule in REGISTRY.rules for exclusion in rule.exclusions for codes in exclusion.all_of]
    sets += [rule.follow_up.settled_by.codes for rule in REGISTRY.rules if rule.follow_up]
    sets += [rule.population.diagnosis for rule in REGISTRY.rules]
    sets += [row.codes for row in ROWS]
    results = [r for rule in REGISTRY.rules for kind in rule.evidence for r in (kind.result, kind.abnormal) if r]
    sets += [codes for each in results for codes in (each.codes, each.means)]
    systems = {system for each in sets for system, _ in (*each.full, *each.beginnings)}
    assert systems <= {LOINC, ICD10CM, ICD10PCS, HCPCS, CVX, RXNORM}


# --- windows --------------------------------------------------------------------------------------------------------

BORDERS = [
    (glycaemic.RULE, lambda day: hba1c("7.0", day), "2026-01-01"),
    (blood_pressure.RULE, lambda day: pressure("120", "70", day), "2026-01-01"),
    (breast.RULE, mammogram, "2024-10-01"),
    (colorectal.RULE, colonoscopy, "2017-01-01"),
    (colorectal.RULE, lambda day: fact("Procedure", hcpcs("G0104"), day), "2022-01-01"),
    (colorectal.RULE, lambda day: fact("DiagnosticReport", loinc("79101-2"), day), "2022-01-01"),
    (colorectal.RULE, lambda day: fact("Observation", loinc("77354-9"), day, value="Negative"), "2024-01-01"),
    (colorectal.RULE, lambda day: stool("Negative", day), "2026-01-01"),
]


@pytest.mark.parametrize(("rule", "make", "first"), BORDERS)
def test_the_first_day_counts_and_the_day_before_does_not(rule: MeasureRule, make: object, first: str) -> None:
    day = date.fromisoformat(first)
    assert outcome(look(rule, make(first))) == "done"  # type: ignore[operator] # a maker of facts
    before = make((day - timedelta(days=1)).isoformat())  # type: ignore[operator] # a maker of facts
    assert outcome(look(rule, before)) == "nothing"
    assert look(rule, before).newest == before  # shown as the last one done


@pytest.mark.parametrize(("rule", "make", "first"), BORDERS)
def test_the_last_day_counts_and_the_day_after_does_not(rule: MeasureRule, make: object, first: str) -> None:
    today = date(2027, 2, 1)
    assert outcome(look(rule, make("2026-12-31"), today=today)) == "done"  # type: ignore[operator] # a maker of facts
    assert outcome(look(rule, make("2027-01-01"), today=today)) == "nothing"  # type: ignore[operator] # a maker


@pytest.mark.parametrize(("rule", "make", "first"), BORDERS)
def test_what_lies_in_the_future_has_not_been_done(rule: MeasureRule, make: object, first: str) -> None:
    found = look(rule, make("2026-11-22"))  # type: ignore[operator] # a maker of facts
    assert outcome(found) == "nothing"
    assert found.newest is None
    assert found.clinical_due is None


@pytest.mark.parametrize(("rule", "make", "first"), BORDERS)
def test_what_is_dated_tomorrow_may_be_tonight(rule: MeasureRule, make: object, first: str) -> None:
    found = look(rule, make("2026-11-21"))  # type: ignore[operator] # a maker of facts
    assert (outcome(found), found.newest, found.clinical_due) == ("date-not-certain", None, None)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026", "done"),
        ("2026-03", "done"),
        ("2025", "nothing"),
        (None, "date-not-certain"),
    ],
)
def test_a_date_of_less_precision_counts_when_all_of_it_is_inside(when: str | None, expected: str) -> None:
    assert outcome(look(glycaemic.RULE, hba1c("7.0", when))) == expected


def test_a_month_that_crosses_the_border_cannot_be_told() -> None:
    fiscal = Period(date(2025, 10, 15), date(2026, 10, 14))
    assert outcome(look(glycaemic.RULE, hba1c("7.0", "2025-10"), period=fiscal)) == "date-not-certain"
    assert outcome(look(breast.RULE, mammogram("2023-09"), period=fiscal)) == "nothing"
    assert outcome(look(colorectal.RULE, colonoscopy("2016-10"), period=fiscal)) == "date-not-certain"


def test_a_period_that_begins_on_a_leap_day_looks_nine_years_back_to_the_28th() -> None:
    leap = Period(date(2028, 2, 29), date(2029, 2, 27))
    today = date(2028, 6, 1)
    assert outcome(look(colorectal.RULE, colonoscopy("2019-02-28"), period=leap, today=today)) == "done"
    assert outcome(look(colorectal.RULE, colonoscopy("2019-02-27"), period=leap, today=today)) == "nothing"


def test_a_procedure_over_several_days_counts_by_its_last() -> None:
    long = colonoscopy("2016-12-31", until=on("2017-01-01"))
    assert outcome(look(colorectal.RULE, long)) == "done"


@steady
@given(st.dates(date(2015, 1, 1), date(2026, 11, 20)))
def test_colonoscopy_counts_exactly_from_nine_years_before_the_period(day: date) -> None:
    done = outcome(look(colorectal.RULE, colonoscopy(day.isoformat()))) == "done"
    assert done is (day >= date(2017, 1, 1))


@steady
@given(st.integers(2005, 2060), st.integers(-1500, 800))
def test_mammograms_count_from_october_two_years_before_whatever_the_year(year: int, offset: int) -> None:
    day, today = date(year, 1, 1) + timedelta(days=offset), date(year + 3, 1, 1)
    period = Period(date(year, 1, 1), date(year, 12, 31))
    done = outcome(look(breast.RULE, mammogram(day.isoformat()), period=period, today=today)) == "done"
    assert done is (date(year - 2, 10, 1) <= day <= date(year, 12, 31))


# --- status, code, setting ------------------------------------------------------------------------------------------

ALL_STATUSES = [
    "registered",
    "preliminary",
    "final",
    "amended",
    "corrected",
    "cancelled",
    "entered-in-error",
    "unknown",
    "",
]


@pytest.mark.parametrize("status", ALL_STATUSES)
def test_only_final_results_are_evidence(status: str) -> None:
    found = outcome(look(glycaemic.RULE, hba1c("7.0", "2026-10-30", status=status)))
    assert found == ("done" if status in ("final", "amended", "corrected") else "nothing")


@pytest.mark.parametrize(
    "status", ["preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "unknown"]
)
def test_only_completed_procedures_are_evidence(status: str) -> None:
    found = outcome(look(colorectal.RULE, colonoscopy("2025-10-30", status=status)))
    assert found == ("done" if status == "completed" else "nothing")


@pytest.mark.parametrize(
    "concept",
    [
        Concept((Coding("http://www.ama-assn.org/go/cpt", "45378"),), "Colonoscopy, flexible"),
        Concept((Coding("http://snomed.info/sct", "73761001", "Colonoscopy"),)),
        Concept(text="COLONOSCOPY WITH BIOPSY"),
    ],
)
def test_what_reads_like_it_under_another_code_cannot_be_told(concept: Concept) -> None:
    entry = fact("Procedure", concept, "2022-05-05")
    found = look(colorectal.RULE, entry)
    assert (outcome(found), found.unclear, found.newest) == ("code-not-known", (entry,), entry)


@pytest.mark.parametrize(
    "words",
    [
        "Colonoscopy prep kit",
        "Colonoscopy declined",
        "History of colonoscopy",
        "Colon, barium enema",
        "Respirator fit test",
    ],
)
def test_what_only_speaks_of_it_is_nothing(words: str) -> None:
    assert outcome(look(colorectal.RULE, fact("Procedure", Concept(text=words), "2026-05-05"))) == "nothing"


def test_words_are_held_against_their_own_kinds_window() -> None:
    old = fact("Observation", Concept(text="FIT, local laboratory"), "2024-05-05", value="Negative")
    assert outcome(look(colorectal.RULE, old)) == "nothing"  # a stool test of two years ago serves nobody
    assert outcome(look(colorectal.RULE, replace(old, when=on("2026-05-05")))) == "code-not-known"


def test_known_evidence_wins_over_words() -> None:
    words = fact("Procedure", Concept(text="Colonoscopy"), "2024-05-05")
    known = colonoscopy("2020-01-01")
    assert look(colorectal.RULE, words, known).done == known


def test_codes_are_found_under_the_other_names_of_their_systems() -> None:
    for system in ("urn:oid:2.16.840.1.113883.6.285", "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"):
        entry = fact("Procedure", Concept((Coding(system, "g0121"),)), "2022-05-05")
        assert look(colorectal.RULE, entry).done == entry


def test_an_order_or_a_booking_is_no_evidence() -> None:
    order = fact("ServiceRequest", loinc("4548-4"), "2026-11-10")
    assert outcome(look(glycaemic.RULE, order)) == "nothing"
    assert look(glycaemic.RULE, order).under_way == order


def test_a_screening_result_without_a_value_is_none() -> None:
    found = look(colorectal.RULE, stool(None, "2026-05-05"))
    assert outcome(found) == "value-not-certain"
    assert found.clinical_due is None


@pytest.mark.parametrize("setting", ["EMER", "IMP", "acute", "NONAC", "SS", "PRENC", "OBSENC"])
def test_pressures_from_hospital_and_emergency_do_not_count(setting: str) -> None:
    stay = fact("Encounter", Concept(text="Stay"), "2026-06-01", setting=setting, until=on("2026-06-05"))
    inside = pressure("120", "70", "2026-06-02", encounter=stay.ref)
    loose = pressure("120", "70", "2026-06-05")
    assert outcome(look(blood_pressure.RULE, stay, inside)) == "nothing"
    assert outcome(look(blood_pressure.RULE, stay, loose)) == "nothing"
    assert outcome(look(blood_pressure.RULE, stay, pressure("120", "70", "2026-06-06"))) == "done"


def test_a_pressure_from_an_office_visit_during_a_stay_elsewhere_counts() -> None:
    stay = fact("Encounter", Concept(text="Stay"), "2026-06-01", setting="IMP", until=on("2026-06-05"))
    visit = fact("Encounter", Concept(text="Visit"), "2026-06-03", setting="AMB")
    assert (
        outcome(look(blood_pressure.RULE, stay, visit, pressure("120", "70", "2026-06-03", encounter=visit.ref)))
        == "done"
    )


# --- the newest day decides -----------------------------------------------------------------------------------------


def test_the_newest_value_decides() -> None:
    good, bad = hba1c("7.0", "2026-03-01"), hba1c("9.4", "2026-09-01")
    assert look(glycaemic.RULE, good, bad).out_of_range == bad
    assert look(glycaemic.RULE, replace(good, when=on("2026-10-01")), bad).done


def test_of_two_values_of_one_day_the_lowest_decides_and_is_named() -> None:
    low, high = hba1c("8.9", "2026-03-01", ref="Observation/a"), hba1c("9.5", "2026-03-01", ref="Observation/b")
    assert look(glycaemic.RULE, high, low).done == low


def test_a_newest_result_without_a_value_cannot_be_told() -> None:
    assert outcome(look(glycaemic.RULE, hba1c("7.0", "2026-03-01"), hba1c(None, "2026-09-01"))) == "value-not-certain"


def test_a_newer_entry_that_reads_like_one_leaves_it_open() -> None:
    local = fact(
        "Observation", Concept((Coding("https://lab.example", "A1C"),), "Hgb A1c"), "2026-09-01", value=percent("9.9")
    )
    known = hba1c("7.0", "2026-03-01")
    assert outcome(look(glycaemic.RULE, known, local)) == "code-not-known"
    assert outcome(look(glycaemic.RULE, hba1c("7.0", "2026-09-02"), local)) == "done"
    assert outcome(look(glycaemic.RULE, local)) == "code-not-known"


def test_dates_that_may_be_newer_leave_it_open_only_when_they_disagree() -> None:
    day, month = hba1c("7.0", "2026-09-15"), hba1c("9.9", "2026-09")
    assert outcome(look(glycaemic.RULE, day, month)) == "date-not-certain"
    assert outcome(look(glycaemic.RULE, day, replace(month, value=percent("8.0")))) == "done"
    assert outcome(look(glycaemic.RULE, day, hba1c("9.9", None))) == "date-not-certain"
    assert outcome(look(glycaemic.RULE, hba1c("7.0", "2026-10-01"), month)) == "done"


def test_what_is_certainly_older_than_the_newest_day_leaves_nothing_open() -> None:
    top = [hba1c("7.0", "2026-09"), hba1c("7.1", "2026-09-15")]
    local = fact("Observation", Concept(text="Hgb A1c"), "2026-09-10", value=percent("9.9"))
    assert outcome(look(glycaemic.RULE, *top, local)) == "done"
    assert outcome(look(glycaemic.RULE, *top, replace(local, when=on("2026-09-20")))) == "code-not-known"


def test_a_result_that_may_be_of_this_period_and_newer_leaves_it_open() -> None:
    fiscal = Period(date(2026, 3, 15), date(2026, 12, 31))
    early = hba1c("9.9", "2026-03")
    assert outcome(look(glycaemic.RULE, hba1c("7.0", "2026-03-20"), early, period=fiscal)) == "date-not-certain"
    assert outcome(look(glycaemic.RULE, hba1c("7.0", "2026-04-20"), early, period=fiscal)) == "done"


def test_a_day_with_half_a_pressure_is_passed_over() -> None:
    whole = pressure("150", "95", "2026-03-01")
    half = fact(
        "Observation", loinc("85354-9"), "2026-09-01",
        components=(Component(loinc("8480-6"), Quantity(120, "mmHg")), Component(loinc("8462-4"), None)),
    )  # fmt: skip
    assert look(blood_pressure.RULE, whole, half).out_of_range == whole
    assert outcome(look(blood_pressure.RULE, half)) == "value-not-certain"


def test_pressures_written_as_two_observations_count_together() -> None:
    apart = [
        fact("Observation", loinc(code), "2026-09-01", value=Quantity(value, "mmHg"))
        for code, value in (("8480-6", 128), ("8462-4", 78))
    ]
    assert outcome(look(blood_pressure.RULE, *apart)) == "done"


# --- due dates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "facts", "due"),
    [
        (glycaemic.RULE, [hba1c("7.0", "2026-03-31")], "2026-09-30"),
        (glycaemic.RULE, [hba1c("9.4", "2026-03-31")], "2026-06-30"),
        (glycaemic.RULE, [hba1c("9.4", "2025-12-01")], "2026-03-01"),  # out of range before the period: due sooner
        (glycaemic.RULE, [hba1c("7.4", "2025-09-14")], "2026-03-14"),
        (blood_pressure.RULE, [pressure("150", "95", "2026-10-31")], "2026-11-30"),
        (blood_pressure.RULE, [pressure("120", "70", "2024-02-29")], "2025-02-28"),
        (breast.RULE, [mammogram("2023-05-05")], "2025-05-05"),
        (colorectal.RULE, [colonoscopy("2015-05-05")], "2025-05-05"),
        (colorectal.RULE, [stool("Negative", "2024-05-05"), colonoscopy("2012-05-05")], "2025-05-05"),
        (colorectal.RULE, [stool("Negative", "2024-05-05"), colonoscopy("2018-05-05")], "2028-05-05"),
        (breast.RULE, [], None),
    ],
)
def test_when_it_is_due_for_the_patient(rule: MeasureRule, facts: list[Fact], due: str | None) -> None:
    assert look(rule, *facts).clinical_due == (date.fromisoformat(due) if due else None)


# --- exclusions -----------------------------------------------------------------------------------------------------

PALLIATIVE = fact("Condition", icd("Z51.5"), "2026-02-01")
EXCLUDED = [
    *((rule, [PALLIATIVE]) for rule in REGISTRY.rules if any(o.kind is StatusKind.PALLIATIVE for o in rule.statuses)),
    (colorectal.RULE, [fact("Condition", icd("C18.7"), "2009-01-01", status="resolved")]),
    (colorectal.RULE, [fact("Condition", icd("Z85.038"))]),
    (colorectal.RULE, [fact("Procedure", Concept((Coding(ICD10PCS, "0DTE0ZZ"),)), "2011-01-01")]),
    (breast.RULE, [fact("Condition", icd("Z90.13"), "2011-01-01")]),
    (breast.RULE, [fact("Condition", icd("Z90.11"), "2011-01-01"), fact("Condition", icd("Z90.12"), "2013-01-01")]),
    (blood_pressure.RULE, [fact("Condition", icd("N18.6"), "2020-01-01")]),
    (blood_pressure.RULE, [fact("Condition", icd("O10.011"), "2026-03-01")]),
    (blood_pressure.RULE, [fact("Condition", icd("Z33.1"), "2025-06-01")]),
    (blood_pressure.RULE, [fact("Procedure", hcpcs("S9339"), "2019-03-01")]),
]
NOT_EXCLUDED = [
    (glycaemic.RULE, [replace(PALLIATIVE, verification="refuted")]),
    (glycaemic.RULE, [replace(PALLIATIVE, verification="provisional")]),
    (glycaemic.RULE, [replace(PALLIATIVE, status="entered-in-error")]),
    (glycaemic.RULE, [replace(PALLIATIVE, until=on("2025-12-31"), when=on("2025-01-01"))]),
    (glycaemic.RULE, [replace(PALLIATIVE, when=on("2025-03-01"), category=("encounter-diagnosis",))]),
    (glycaemic.RULE, [replace(PALLIATIVE, when=on("2025-03-01"), status="resolved")]),
    (glycaemic.RULE, [replace(PALLIATIVE, when=None)]),
    (glycaemic.RULE, [replace(PALLIATIVE, when=on("2026-12-01"))]),
    (breast.RULE, [fact("Condition", icd("Z90.11"), "2011-01-01")]),
    (colorectal.RULE, [fact("Condition", icd("Z80.0"), "2011-01-01")]),  # family history
    (colorectal.RULE, [fact("Procedure", Concept((Coding(ICD10PCS, "0DTE0ZZ"),)), "2011-01-01", status="not-done")]),
    (blood_pressure.RULE, [fact("Condition", icd("Z33.1"), "2024-06-01")]),  # an old pregnancy that nobody closed
    (blood_pressure.RULE, [fact("Condition", icd("N18.4"), "2020-01-01")]),
]


@pytest.mark.parametrize(("rule", "facts"), EXCLUDED)
def test_what_takes_the_patient_out(rule: MeasureRule, facts: list[Fact]) -> None:
    assert set(look(rule, *facts).excluded) == set(facts)


@pytest.mark.parametrize(("rule", "facts"), NOT_EXCLUDED)
def test_what_does_not(rule: MeasureRule, facts: list[Fact]) -> None:
    assert look(rule, *facts).excluded == ()


# --- on its way -----------------------------------------------------------------------------------------------------


def ordered(rule: MeasureRule, *facts: Fact) -> bool:
    return look(rule, *facts).under_way is not None


@pytest.mark.parametrize(
    ("fields", "on_its_way"),
    [
        ({}, True),
        ({"status": "draft"}, False),
        ({"status": "revoked"}, False),
        ({"status": "completed"}, False),
        ({"intent": "order"}, True),
        ({"intent": "proposal"}, False),
        ({"when": None}, False),
        ({"when": None, "recorded": on("2026-11-10")}, True),
        ({"when": on("2026-10-21")}, True),  # thirty days
        ({"when": on("2026-10-20")}, False),  # overdue: asked again
        ({"when": on("2026-12-10")}, True),  # planned
        ({"concept": Concept(text="A1c, fasting")}, True),  # an order by words: it is named, and it is no evidence
        ({"concept": Concept(text="A1c education")}, False),
    ],
)
def test_orders_count_until_they_are_overdue(fields: dict[str, object], on_its_way: bool) -> None:
    order = fact("ServiceRequest", loinc("4548-4"), "2026-11-10")
    assert ordered(glycaemic.RULE, replace(order, **fields)) is on_its_way  # type: ignore[arg-type] # names of fields


def test_an_order_older_than_the_last_result_was_that_results() -> None:
    order = fact("ServiceRequest", loinc("4548-4"), "2026-11-01")
    assert not ordered(glycaemic.RULE, order, hba1c("9.9", "2026-11-02"))
    assert ordered(glycaemic.RULE, order, hba1c("9.9", "2026-10-31"))
    assert not ordered(glycaemic.RULE, order, hba1c("9.9", "2026-11-01", related=(order.ref,)))


@pytest.mark.parametrize(
    ("status", "day", "booked"),
    [
        ("booked", "2026-12-03", True),
        ("booked", "2026-11-20", True),
        ("booked", "2026-11-19", False),
        ("cancelled", "2026-12-03", False),
        ("noshow", "2026-12-03", False),
        ("proposed", "2026-12-03", False),
    ],
)
def test_a_booking_counts_from_today_on(status: str, day: str, booked: bool) -> None:
    entry = fact("Appointment", Concept(text="Mammogram, both sides"), day, status=status)
    assert ordered(breast.RULE, entry) is booked


def test_what_is_done_at_a_visit_is_not_waited_for_because_a_visit_is_booked() -> None:
    visit = fact("Appointment", Concept(text="Blood pressure follow-up, A1c"), "2026-11-20")
    order = fact("ServiceRequest", Concept(text="Blood pressure check"), "2026-11-19")
    assert not ordered(blood_pressure.RULE, visit, order)
    assert not ordered(glycaemic.RULE, visit)


def test_a_result_that_is_not_final_is_on_its_way() -> None:
    assert ordered(glycaemic.RULE, hba1c("9.9", "2026-11-15", status="preliminary"))
    assert not ordered(glycaemic.RULE, hba1c("9.9", "2026-09-15", status="registered"))
    assert not ordered(glycaemic.RULE, hba1c("9.9", "2026-11-15", status="entered-in-error"))


@steady
@given(st.integers(0, 400))
def test_an_order_is_overdue_exactly_after_the_rules_days(age: int) -> None:
    order = fact("ServiceRequest", hcpcs("G0121"), (TODAY - timedelta(days=age)).isoformat())
    assert ordered(colorectal.RULE, order) is (age <= colorectal.RULE.order_days)


def test_due_dates_do_not_slip_over_months_of_different_length() -> None:
    assert look(glycaemic.RULE, hba1c("7.0", "2026-08-31")).clinical_due == add_months(date(2026, 8, 31), 6)
