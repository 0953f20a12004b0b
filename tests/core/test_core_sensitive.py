"""What is sensitive: by label, code, measure, category or words; and what minors may keep confidential."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Coding, Concept, Fact
from app.core.measures import REGISTRY
from app.core.report import GapReason, Measure
from app.core.sensitive import Topic, of_card, of_category, of_fact, of_gap, of_labels, of_words
from app.core.sensitive_rows import CODES, LABELS, MEASURES, WORDS
from app.core.terminology import CVX, RXNORM
from tests.core.made import (
    BREAST,
    COLORECTAL,
    HBA1C,
    OTHER,
    PRESSURE,
    build,
    category,
    chart,
    fact,
    few,
    gap,
    hba1c,
    icd,
    loinc,
    payer,
    stool,
)
from tests.core.scheduled import CERVICAL, DEPRESSION, INFLUENZA, KIDNEY, RECONCILED, STATIN

ADULT, TEEN, CHILD = 40, 15, 8


@pytest.mark.parametrize(
    ("label", "topic"),
    [
        ("R", Topic.RESTRICTED), ("V", Topic.RESTRICTED), ("ETH", Topic.SUBSTANCE_USE), ("PSY", Topic.BEHAVIOURAL),
        ("HIV", Topic.HIV), ("SDV", Topic.VIOLENCE), ("SEX", Topic.REPRODUCTIVE), ("STD", Topic.SEXUAL),
        ("42CFRPart2", Topic.SUBSTANCE_USE),
        ("CEL", Topic.RESTRICTED), ("DIA", Topic.RESTRICTED), ("N", None), ("U", None), ("NORDSCLCD", None), ("", None),
    ],
)  # fmt: skip
def test_the_ehrs_own_labels_decide(label: str, topic: Topic | None) -> None:
    assert of_labels(("N", label)) is topic
    assert of_fact(hba1c("7.0", "2026-01-01", labels=(label,)), ADULT) is topic


@pytest.mark.parametrize(
    ("found", "topic"),
    [
        (fact("Condition", icd("F32.1")), Topic.BEHAVIOURAL),
        (fact("Condition", icd("F11.20")), Topic.SUBSTANCE_USE),
        (fact("Condition", icd("F17.210", "Nicotine dependence")), None),  # 42 CFR 2.11: not tobacco
        (fact("Condition", icd("F03.90", "Dementia")), None),
        (fact("Condition", icd("B20")), Topic.HIV),
        (fact("Condition", icd("O09.90")), Topic.REPRODUCTIVE),
        (fact("Condition", icd("A54.9")), Topic.SEXUAL),
        (fact("Condition", icd("T74.11XA")), Topic.VIOLENCE),
        (fact("Condition", icd("R45.851")), Topic.BEHAVIOURAL),
        (fact("Condition", icd("E11.9", "Type 2 diabetes")), None),
        (fact("Condition", Concept(text="Opioid use disorder, in recovery")), Topic.SUBSTANCE_USE),
        (fact("Observation", loinc("44261-6")), Topic.BEHAVIOURAL),
        (fact("Observation", loinc("75622-1")), Topic.HIV),
        (fact("Observation", loinc("10524-7")), Topic.REPRODUCTIVE),
        (fact("Observation", loinc("4548-4", "HbA1c")), None),
        (fact("Observation", loinc("1", "Status"), value=Concept(text="Pregnant")), Topic.REPRODUCTIVE),
        (fact("DiagnosticReport", loinc("1", "Report"), conclusion=Concept(text="Chlamydia detected")), Topic.SEXUAL),
        (fact("MedicationRequest", Concept((Coding(RXNORM, "1819"),))), Topic.SUBSTANCE_USE),
        (fact("MedicationRequest", Concept((Coding(RXNORM, "36437"),))), Topic.BEHAVIOURAL),
        (fact("MedicationRequest", Concept(text="Metformin 500 mg")), None),
        (stool("positive", "2026-01-01"), None),
    ],
)
def test_codes_and_words_of_an_entry_decide(found: Fact, topic: Topic | None) -> None:
    assert of_fact(found, ADULT) is topic


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("STI check", Topic.SEXUAL),
        ("Anxiety", Topic.BEHAVIOURAL),
        ("Prenatal visit", Topic.REPRODUCTIVE),
        ("Well-woman exam", Topic.REPRODUCTIVE),
        ("IUD removal", Topic.REPRODUCTIVE),
        ("Medication-assisted treatment, suboxone", Topic.SUBSTANCE_USE),
        ("PrEP: pre-exposure prophylaxis", Topic.HIV),
        ("Intimate partner violence", Topic.VIOLENCE),
        ("Termination", Topic.REPRODUCTIVE),
        ("New OB", Topic.REPRODUCTIVE),
        ("OB f/u 28 weeks", Topic.REPRODUCTIVE),
        ("Depo shot", Topic.REPRODUCTIVE),
        ("D&C follow up", Topic.REPRODUCTIVE),
        ("Planned Parenthood referral", Topic.REPRODUCTIVE),
        ("MAT follow-up", Topic.SUBSTANCE_USE),
        ("Recovery clinic", Topic.SUBSTANCE_USE),
        ("BH intake", Topic.BEHAVIOURAL),
        ("Counseling", Topic.BEHAVIOURAL),
        ("PrEP follow-up", Topic.HIV),
        ("Viral load", Topic.HIV),
        ("Ryan White case review", Topic.HIV),
        ("Gender care", Topic.SEXUAL),
        ("DV follow-up", Topic.VIOLENCE),
        ("BRCA result", Topic.GENETIC),
        ("Annual physical", None),
        ("Colonoscopy prep", None),
        ("Start prep before colonoscopy", None),
        ("Nutrition counseling", None),
        ("Depo-Medrol injection", None),
        ("IPV vaccine, dose 2", None),
        ("Transfer of care", None),
        ("Termination of coverage", None),
        ("Pain on top of the foot", None),
        ("Cervical spine X-ray", None),
        ("ST depression on the ECG", None),
        ("ST depression on the ECG; depression screening", Topic.BEHAVIOURAL),
        ("Hearing aids", None),
        ("Alcohol swab", None),
        ("Non-alcoholic fatty liver", None),
        ("Diabetes and blood pressure", None),
        ("Follow-up", None),
        ("", None),
    ],
)
def test_words_decide_and_their_other_meanings_do_not(text: str, topic: Topic | None) -> None:
    assert of_words(text, ADULT) is topic


@pytest.mark.parametrize(
    ("text", "age", "topic"),
    [
        ("Gardasil, second dose", TEEN, Topic.MINOR),
        ("Gardasil, second dose", ADULT, None),
        ("Gardasil, second dose", CHILD, None),
        ("Gardasil, second dose", None, Topic.MINOR),  # who may be a minor is one
        ("Vaping", TEEN, Topic.MINOR),
        ("Confidential visit", 12, Topic.MINOR),
        ("Confidential visit", 18, None),
        ("Sports physical", TEEN, None),
    ],
)
def test_what_minors_may_keep_confidential(text: str, age: int | None, topic: Topic | None) -> None:
    assert of_words(text, age) is topic
    assert of_fact(fact("Procedure", Concept(text=text)), age) is topic


def test_a_vaccine_by_its_code_alone_is_confidential_for_minors() -> None:
    dose = fact("Immunization", Concept((Coding(CVX, "165"),)))
    assert [of_fact(dose, age) for age in (CHILD, TEEN, ADULT)] == [None, Topic.MINOR, None]


@pytest.mark.parametrize(
    ("measure", "topic"),
    [
        (CERVICAL, Topic.REPRODUCTIVE),
        (replace(CERVICAL, version="99"), Topic.REPRODUCTIVE),  # in whatever version
        (DEPRESSION, Topic.BEHAVIOURAL),
        *((each, None) for each in (HBA1C, PRESSURE, COLORECTAL, BREAST, KIDNEY, STATIN, INFLUENZA, RECONCILED, OTHER)),
        (Measure("https://plan.example/Measure/CHL", "2026", "Screening"), Topic.SEXUAL),
        (Measure("https://plan.example/Measure/FUH-7", "2026", ""), Topic.BEHAVIOURAL),
        (Measure("https://plan.example/Measure/CMS349FHIRHIVScreening", "1.0.000", ""), Topic.HIV),
        (Measure("https://plan.example/Measure/CMS137v14", "", ""), Topic.SUBSTANCE_USE),
        (Measure("https://plan.example/Measure/TimelyPrenatalCare", "", ""), Topic.REPRODUCTIVE),
        (Measure("", "", "Antidepressant medication management"), Topic.BEHAVIOURAL),
        (Measure("https://plan.example/Measure/KED", "1999", ""), None),
    ],
)
def test_a_measure_is_sensitive_by_its_rule_or_by_what_the_payer_calls_it(
    measure: Measure, topic: Topic | None
) -> None:
    assert of_gap(gap(measure), ADULT) is topic


def test_the_payers_own_words_count_where_no_rule_knows_the_measure() -> None:
    assert of_gap(gap(OTHER, payer_words="Follow-up after a positive alcohol screening"), ADULT) is Topic.SUBSTANCE_USE
    assert of_gap(gap(OTHER, reasons=(GapReason("x", "", "No HIV test on file"),)), ADULT) is Topic.HIV


def test_a_card_is_sensitive_by_its_act_its_gaps_and_the_labels_of_what_it_rests_on() -> None:
    labelled = hba1c("9.9", "2026-10-01", labels=("R",))
    (cervical, *_) = build(chart(), payer([gap(CERVICAL)])).gaps
    (high,) = build(chart(labelled), payer([gap(HBA1C)])).gaps
    (plain,) = build(chart(hba1c("9.9", "2026-10-01")), payer([gap(HBA1C)])).gaps
    assert [of_card(card, ADULT) for card in (cervical, high, plain)] == [Topic.REPRODUCTIVE, Topic.RESTRICTED, None]


def test_the_follow_up_of_a_sensitive_screening_is_sensitive() -> None:
    screened = fact("Observation", loinc("44261-6", "PHQ-9"), "2026-10-01", value=stool("positive", "2026-01-01").value)
    (card, *_) = build(chart(screened)).gaps
    assert (card.act, of_card(card, ADULT)) == ("depression-screening/follow-up", Topic.BEHAVIOURAL)


@pytest.mark.parametrize(
    ("made", "topic"),
    [
        (category("155", "Major depression"), Topic.BEHAVIOURAL),
        (category("155", "x"), Topic.BEHAVIOURAL),
        (category("55", "x", version="24"), Topic.SUBSTANCE_USE),
        (category("1", "x"), Topic.HIV),
        (category("37", "Diabetes with complications", "E11.22"), None),
        (category("999", "x", "F20.9"), Topic.BEHAVIOURAL),
        (category("999", "Alcohol use disorder"), Topic.SUBSTANCE_USE),
    ],
)
def test_a_category_by_its_number_its_diagnoses_or_its_words(made, topic) -> None:  # type: ignore[no-untyped-def]
    assert of_category(made, ADULT) is topic


@given(st.sampled_from(sorted(LABELS)), st.sampled_from([None, CHILD, TEEN, ADULT]))
@few
def test_no_age_makes_a_label_harmless(label: str, age: int | None) -> None:
    assert of_fact(hba1c("7.0", "2026-01-01", labels=(label,)), age) is not None


def test_rows_name_measures_that_there_are_and_topics_have_rows() -> None:
    assert set(MEASURES) <= {rule.key for rule in REGISTRY.rules}
    assert set(CODES) == set(WORDS)
