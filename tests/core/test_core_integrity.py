"""Coding integrity: high-risk groups without corroboration, slips of the keyboard, and both sides of the evidence."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Concept, Fact
from app.core.conditions.acute import GROUPS
from app.core.conditions.searches import DRUGS, LABS
from app.core.flag import PromptRow, PromptState
from app.core.report import ConditionCategory
from tests.core.asked import bmi, diagnosed, drug, egfr, lab, listed, look, only_row, visit
from tests.core.made import category, fact, few, hcpcs, icd, on, seen

RX = {"system": "http://terminology.hl7.org/CodeSystem/cmsrxhcc", "version": "8"}
COPD = category("280", "Chronic lung disorders", "J44.9")
KIDNEY = category("328", "Kidney disease, stage 3B", "N18.32")
OBESITY = category("48", "Morbid Obesity", "E66.01")
FAILURE = category("226", "Heart failure", "I50.22")
DEPRESSION = category("155", "Major Depression", "F33.1")
CHRONIC_EMBOLISM = category("267", "Deep Vein Thrombosis and Pulmonary Embolism", "I82.501")
ARTHRITIS = category("93", "Rheumatoid Arthritis", "M05.79")
DEMENTIA = category("127", "Dementia", "F03.90")

# --- acute conditions and cancer ------------------------------------------------------------------------------------

STROKE = category("249", "Ischemic or Unspecified Stroke", "I63.9")
HEART_ATTACK = category("228", "Acute Myocardial Infarction", "I21.4")
SEPSIS = category("2", "Septicemia, Sepsis", "A41.9")
EMBOLISM = category("267", "Deep Vein Thrombosis and Pulmonary Embolism", "I26.99")
CANCER = category("23", "Prostate, Breast, and Other Cancers", "C50.911")


@pytest.mark.parametrize(
    ("one", "term"),
    [
        (STROKE, "History of stroke, with what remains of it"),
        (HEART_ATTACK, "Old myocardial infarction"),
        (SEPSIS, "History of sepsis"),
        (EMBOLISM, "History of embolism or thrombosis"),
        (CANCER, "Personal history of breast cancer"),
    ],
)
def test_acute_events_and_cancer_offer_the_history_term(one: ConditionCategory, term: str) -> None:
    for each in (one, replace(one, cc_type="suspected")):
        row = only_row(each)
        assert (row.state, row.history_term) == (PromptState.HISTORY_TERM, term)
        assert row.because
        assert row.rule is not None
        assert (row.rule.name, row.rule.version) != ("", "")
    assert only_row(replace(one, diagnoses=())).state is PromptState.HISTORY_TERM


@pytest.mark.parametrize(
    "label",
    ["Acute ischemic stroke", "Stroke", "Acute myocardial infarction", "Sepsis", "Pulmonary embolism", "Breast cancer"],
)
def test_models_that_we_do_not_know_are_kept_out_by_their_words(label: str) -> None:
    assert only_row(category("9", label, **RX)).state is PromptState.HISTORY_TERM


@pytest.mark.parametrize(
    "one",
    [
        category("264", "Vascular Disease", "I73.9"),
        category("267", "Deep Vein Thrombosis and Pulmonary Embolism", "I27.82"),  # chronic
        category("249", "Late effects of stroke", "I69.351"),
        category("9", "Heart failure", **RX),
        category("264", "Stroke, by the payer's words alone"),  # the category is known, and it is another
    ],
)
def test_what_is_not_acute_is_asked(one: ConditionCategory) -> None:
    assert only_row(one).state is PromptState.ASSESS_HISTORIC


def test_one_acute_category_keeps_the_whole_condition_out() -> None:
    late_effects = category("9", "Stroke", "I69.351", **RX)
    acute = category("8", "Stroke", "I63.9", **RX)
    assert only_row(late_effects, acute).state is PromptState.HISTORY_TERM


def in_hospital(code: str, when: str, setting: str = "IMP", **stay: Any) -> tuple[Fact, Fact]:
    """A hospital encounter, and the problem that it put on the list: as its own diagnosis it would settle the year."""
    at = visit(when, setting=setting, words="Stay", **stay)
    return at, diagnosed(code, at, when=when, category=("problem-list-item",))


@pytest.mark.parametrize(
    ("when", "state"),
    [
        ("2026-10-23", PromptState.ASSESS_HISTORIC),  # 28 days
        ("2026-10-22", PromptState.HISTORY_TERM),
        ("2026-12-01", PromptState.HISTORY_TERM),
    ],
)
def test_a_heart_attack_may_be_assessed_for_28_days_after_the_hospital(when: str, state: PromptState) -> None:
    for setting in ("IMP", "EMER", "OBSENC"):
        assert only_row(HEART_ATTACK, facts=in_hospital("I21.4", when, setting)).state is state
    loose = (visit(when, setting="EMER"), fact("Condition", icd("I21.4"), when))
    assert only_row(HEART_ATTACK, facts=loose).state is state
    at_payer = seen("Hospital stay", when, concept=icd("I21.4"), setting="IMP")
    assert only_row(replace(HEART_ATTACK, evidence=(at_payer,))).state is state
    for fields in ({"concept": icd("I10")}, {"setting": "AMB"}, {"setting": ""}, {"when": None}):
        evidence = (replace(at_payer, **fields),)  # type: ignore[arg-type] # the list names fields
        assert only_row(replace(HEART_ATTACK, evidence=evidence)).state is PromptState.HISTORY_TERM


STAY, OF_STAY = in_hospital("I21.4", "2026-11-01")


@pytest.mark.parametrize(
    "facts",
    [
        (OF_STAY,),  # of an encounter that the chart does not have
        (replace(STAY, setting="AMB"), OF_STAY),  # an office says so, as in OIG's audits
        (replace(STAY, setting=""), OF_STAY),
        (replace(STAY, status="cancelled"), OF_STAY),
        (replace(STAY, status="entered-in-error"), OF_STAY),
        (replace(STAY, when=None), OF_STAY),
        (STAY, replace(OF_STAY, verification="refuted")),
        (STAY, replace(OF_STAY, verification="provisional")),
        (STAY, replace(OF_STAY, concept=icd("I10"))),
        (STAY, replace(OF_STAY, encounter="", when=on("2026-10-30"))),  # another day
        (STAY, replace(OF_STAY, when=on("2024-10-30"))),  # a stay for an old one
    ],
)
def test_a_heart_attack_without_its_hospital_record_is_history(facts: tuple[Fact, ...]) -> None:
    assert only_row(HEART_ATTACK, facts=facts).state is PromptState.HISTORY_TERM


@pytest.mark.parametrize(("one", "code"), [(STROKE, "I63.9"), (SEPSIS, "A41.9"), (EMBOLISM, "I26.99")])
def test_stroke_sepsis_and_embolism_are_asked_in_the_hospital_only(one: ConditionCategory, code: str) -> None:
    going_on = in_hospital(code, "2026-11-18", status="in-progress")
    assert only_row(one, facts=going_on).state is PromptState.ASSESS_HISTORIC
    for over in (
        in_hospital(code, "2026-11-18"),
        in_hospital(code, "2026-11-18", status="in-progress", until=on("2026-11-19")),
        in_hospital(code, "2026-11-20", setting="AMB", status="in-progress"),
        (diagnosed(code, None), drug("Apixaban 5 mg")),
    ):
        assert only_row(one, facts=over).state is PromptState.HISTORY_TERM


TREATED = [
    fact("Encounter", Concept(text="Oncology follow-up"), "2026-04-01", setting="AMB"),
    fact("Encounter", Concept(text="Visit"), "2026-04-01", who="Hemato-Oncology of Elmsworth"),
    fact("Procedure", hcpcs("J9035"), "2026-04-01"),
    fact("Procedure", Concept(text="External beam radiation therapy"), "2026-04-01"),
    drug("Anastrozole 1 mg tablet"),
    fact("Condition", icd("Z51.11"), "2026-04-01", category=("encounter-diagnosis",)),
]
UNTREATED = [
    fact("Encounter", Concept(text="Oncology follow-up"), "2025-04-01"),
    fact("Encounter", Concept(text="Oncology follow-up"), "2026-04-01", status="cancelled"),
    fact("Encounter", Concept(text="Oncology follow-up"), "2026-12-01", status="planned"),
    drug("Anastrozole 1 mg tablet", "2025-02-01"),
    drug("Metformin 500 mg"),
    drug("Abiraterone 250 mg"),  # for another site
    drug("Anastrozole 1 mg tablet", intent="proposal"),
    fact("Condition", icd("Z51.11"), "2026-04-01", category=("encounter-diagnosis",), verification="refuted"),
    fact("Encounter", Concept(text="Urology follow-up"), "2026-04-01"),
    drug("Anastrozole 1 mg tablet", status="entered-in-error"),
    fact("Procedure", Concept(text="Chemotherapy education"), "2026-04-01"),
    fact("Condition", icd("Z51.11"), "2026-04-01", category=("problem-list-item",)),
]


@pytest.mark.parametrize("entry", TREATED, ids=lambda f: f"{f.type} {f.concept.label}")
def test_cancer_under_treatment_is_asked(entry: Fact) -> None:
    assert only_row(CANCER, facts=(entry,)).state is PromptState.ASSESS_HISTORIC


@pytest.mark.parametrize("entry", UNTREATED, ids=lambda f: f"{f.type} {f.concept.label} {f.status}")
def test_cancer_without_treatment_this_year_is_history(entry: Fact) -> None:
    row = only_row(CANCER, facts=(entry,))
    assert (row.state, row.history_term) == (PromptState.HISTORY_TERM, "Personal history of breast cancer")


def test_an_oncology_visit_that_the_payer_saw_counts() -> None:
    at_payer = seen("Oncology office visit", "2026-03-03", type="Encounter")
    assert only_row(replace(CANCER, evidence=(at_payer,))).state is PromptState.ASSESS_HISTORIC
    others = [{"when": on("2025")}, {"type": "Condition"}, {"what": "Office visit"}]
    for fields in others:
        evidence = (replace(at_payer, **fields),)  # type: ignore[arg-type] # the list names fields
        assert only_row(replace(CANCER, evidence=evidence)).state is PromptState.HISTORY_TERM


@pytest.mark.parametrize(
    ("code", "label", "words"),
    [
        ("C34.90", "Lung cancer", "Osimertinib 80 mg"),
        ("C18.9", "Colon cancer", "Capecitabine 500 mg"),
        ("C61", "Prostate cancer", "Leuprolide 22.5 mg"),
        ("C91.10", "Leukaemia", "Ibrutinib 420 mg"),
    ],
)
def test_each_site_has_a_term_and_treatment_of_its_own(code: str, label: str, words: str) -> None:
    one = category("9", label, code, **RX)
    untreated = only_row(one)
    assert untreated.state is PromptState.HISTORY_TERM
    assert only_row(one, facts=[drug(words)]).state is PromptState.ASSESS_HISTORIC
    assert only_row(replace(one, diagnoses=()), facts=[drug(words)]).state is PromptState.ASSESS_HISTORIC


def test_the_search_for_treatment_is_named_or_said_to_be_impossible() -> None:
    row = only_row(CANCER)
    assert (row.searched, row.absent, row.unread) == (True, ("no-cancer-treatment",), ())
    row = only_row(CANCER, unread=["MedicationRequest"])
    assert (row.searched, row.absent, row.unread) == (False, (), ("MedicationRequest",))


def test_every_group_is_whole() -> None:
    assert {group.key for group in GROUPS} >= {
        "acute-stroke", "myocardial-infarction", "sepsis", "acute-embolism", "lung-cancer", "breast-cancer",
        "colon-cancer", "prostate-cancer",
    }  # fmt: skip
    for group in GROUPS:
        assert group.history_term
        assert group.source.name
        assert group.source.version
        assert bool(group.corroboration.settings) != bool(group.corroboration.treatment)
        assert group.listed_days > 0
        assert not group.unless_drug or group.unless_drug in {row.absence for row in DRUGS}


# --- mis-keyed ------------------------------------------------------------------------------------------------------

SLIP = category("93", "Rheumatoid Arthritis", "M05.9", evidence=(seen(),))
BOTH_DAYS = (listed("M50.9", "2024-02-01"), listed("M50.9", "2025-03-01"))


def test_one_record_of_a_diagnosis_like_another_that_the_chart_has_often_is_a_slip() -> None:
    row = only_row(SLIP, facts=BOTH_DAYS)
    assert (row.state, row.because) == (PromptState.PAYER_ONLY, "mis-keyed")
    assert set(row.against) == set(BOTH_DAYS)


@pytest.mark.parametrize(
    ("one", "facts"),
    [
        (SLIP, BOTH_DAYS[:1]),
        (SLIP, (BOTH_DAYS[0], replace(BOTH_DAYS[0], ref="Condition/x"))),  # on one day
        (SLIP, (*BOTH_DAYS, listed("M06.9", "2025-01-01"))),  # the chart has the condition itself
        (SLIP, tuple(replace(each, verification="refuted") for each in BOTH_DAYS)),
        (replace(SLIP, evidence=(seen(), seen(ref="Condition/e2"))), BOTH_DAYS),  # seen twice is no slip
        (replace(SLIP, diagnoses=()), BOTH_DAYS),
        (replace(SLIP, diagnoses=(icd("M05.9"), icd("M06.9"))), BOTH_DAYS),
        (SLIP, (listed("M51.9", "2024-02-01"), listed("M51.9", "2025-03-01"))),
    ],
)
def test_what_is_no_slip(one: ConditionCategory, facts: tuple[Fact, ...]) -> None:
    assert only_row(one, facts=facts).state is PromptState.ASSESS_HISTORIC


# --- both sides -----------------------------------------------------------------------------------------------------

DAY = "2026-03-01"


@pytest.mark.parametrize(
    ("one", "entry", "side"),
    [
        (COPD, lab("19926-5", "62", "%", DAY), "for"),
        (COPD, lab("19926-5", "0.62", "{ratio}", DAY), "for"),
        (COPD, lab("19926-5", "0.74", "1", DAY), "against"),
        (COPD, lab("19926-5", "70", "%", DAY), "against"),
        (COPD, lab("19926-5", "62", "%", "2020-03-01"), ""),
        (COPD, lab("19926-5", "62", "L", DAY), ""),
        (COPD, lab("19926-5", "62", "", DAY), ""),
        (COPD, drug("Tiotropium 18 mcg"), "for"),
        (COPD, drug("Albuterol inhaler"), ""),
        (KIDNEY, egfr(42, DAY), "for"),
        (KIDNEY, egfr(60, DAY), "against"),
        (KIDNEY, lab("98979-8", "60", "mL/min/1.73m2", DAY, ">"), "against"),
        (KIDNEY, lab("98979-8", "60", "mL/min/1.73m2", DAY, "<"), "for"),
        (KIDNEY, lab("98979-8", "45", "mL/min/1.73m2", DAY, ">"), ""),
        (KIDNEY, lab("98979-8", "90", "mL/min/1.73m2", DAY, "<"), ""),
        (KIDNEY, lab("9318-7", "142", "mg/g", DAY), "for"),
        (KIDNEY, lab("9318-7", "8", "mg/g", DAY), ""),  # stage 3 without albumin is stage 3
        (OBESITY, bmi("41.2", DAY), "for"),
        (OBESITY, bmi("35", DAY), "for"),
        (OBESITY, bmi("34.9", DAY), "against"),
        (FAILURE, lab("10230-1", "35", "%", DAY), "for"),
        (FAILURE, lab("10230-1", "60", "%", DAY), ""),  # a preserved ejection fraction speaks neither way
        (FAILURE, lab("33762-6", "800", "pg/mL", DAY), "for"),
        (FAILURE, lab("33762-6", "80", "pg/mL", DAY), "against"),
        (FAILURE, lab("30934-4", "10", "ng/L", DAY, "<"), "against"),
        (FAILURE, drug("Sacubitril-valsartan 49/51 mg"), "for"),
        (FAILURE, drug("Furosemide 40 mg"), ""),
        (DEPRESSION, lab("44261-6", "14", "{score}", DAY), "for"),
        (DEPRESSION, lab("44261-6", "3", "", DAY), "against"),
        (DEPRESSION, lab("44261-6", "7", "{score}", DAY), ""),
        (DEPRESSION, drug("Sertraline 50 mg"), "for"),
        (category("38", "Diabetes", "E11.9"), drug("Metformin 500 mg"), "for"),
        (category("38", "Diabetes", "E11.9"), drug("Empagliflozin 10 mg"), ""),
        (category("38", "Diabetes", "E11.9"), drug("Metformin 500 mg", status="stopped"), ""),
        (category("38", "Diabetes", "E11.9"), drug("Metformin 500 mg", "2019-01-01", status="completed"), ""),
        (category("38", "Diabetes", "E11.9"), drug("Metformin 500 mg", "2026-12-24"), ""),
        (CHRONIC_EMBOLISM, drug("Apixaban 5 mg"), "for"),
        (DEMENTIA, egfr(42, DAY), ""),
    ],
)
def test_results_and_drugs_speak_for_and_against(one: ConditionCategory, entry: Fact, side: str) -> None:
    row = only_row(one, facts=[entry])
    assert (row.in_chart == (entry,), row.against == (entry,)) == (side == "for", side == "against")


@pytest.mark.parametrize(
    ("one", "facts", "absent"),
    [
        (CHRONIC_EMBOLISM, [], ("no-anticoagulant",)),
        (CHRONIC_EMBOLISM, [drug("Apixaban 5 mg", "2021-01-01")], ()),  # active still
        (CHRONIC_EMBOLISM, [drug("Apixaban 5 mg", "2021-01-01", status="completed")], ("no-anticoagulant",)),
        (CHRONIC_EMBOLISM, [drug("Warfarin 5 mg", "2026-01-01", status="stopped")], ()),
        (CHRONIC_EMBOLISM, [drug("Heparin lock flush")], ("no-anticoagulant",)),
        (COPD, [], ("no-bronchodilator",)),
        (DEPRESSION, [], ("no-antidepressant",)),
        (ARTHRITIS, [], ("no-dmard",)),
        (FAILURE, [], ()),
        (DEMENTIA, [], ()),
    ],
)
def test_a_drug_that_is_not_taken_speaks_against(
    one: ConditionCategory, facts: list[Fact], absent: tuple[str, ...]
) -> None:
    assert only_row(one, facts=facts).absent == absent


def test_whether_anything_was_searched_is_said() -> None:
    assert not only_row(DEMENTIA).searched
    assert only_row(KIDNEY).searched
    row = only_row(KIDNEY, unread=["Observation"])
    assert (row.searched, row.unread) == (False, ("Observation",))
    row = only_row(CHRONIC_EMBOLISM, unread=["MedicationRequest"])
    assert (row.searched, row.absent, row.unread) == (False, (), ("MedicationRequest",))


def test_every_search_has_a_source_and_limits_that_do_not_overlap() -> None:
    for row in LABS:
        assert row.source.name
        assert row.source.version
        assert row.supports_below is None or row.against_from is None or row.supports_below <= row.against_from
        assert row.supports_from is None or row.against_below is None or row.against_below <= row.supports_from
    assert all(each.source.name and each.source.version for each in DRUGS)


# --- properties -----------------------------------------------------------------------------------------------------

_STRENGTH = {PromptState.ASSESS_HISTORIC: 2, PromptState.ASSESS_SUSPECTED: 1}
ONES = [
    COPD,
    KIDNEY,
    OBESITY,
    FAILURE,
    DEPRESSION,
    CHRONIC_EMBOLISM,
    STROKE,
    HEART_ATTACK,
    SEPSIS,
    EMBOLISM,
    CANCER,
    SLIP,
]
AGAINST = [
    *BOTH_DAYS,
    *(lab(code, value, unit, DAY) for code, value, unit in (
        ("19926-5", "78", "%"), ("98979-8", "88", "mL/min/1.73m2"), ("39156-5", "24", "kg/m2"), ("44261-6", "0", ""),
        ("33762-6", "40", "pg/mL"))),
    *(fact("Condition", concept, DAY, **how) for concept in (
        icd("J44.9"), icd("N18.32"), icd("I50.22"), icd("F33.1"), icd("I21.4"), icd("C50.911"), icd("M05.9"))
      for how in ({"verification": "refuted"}, {"status": "resolved"}, {"status": "inactive"})),
]  # fmt: skip
OTHERS = [
    listed("J44.9", "2019-01-01"), listed("N18.32", "2025-01-01"), listed("I21.4", "2020-01-01"), egfr(41, DAY),
    drug("Apixaban 5 mg"), drug("Anastrozole 1 mg"), *in_hospital("I21.4", "2026-11-01"), visit(), bmi("41", DAY),
]  # fmt: skip


def strength(rows: tuple[PromptRow, ...], one: ConditionCategory) -> int:
    return max((_STRENGTH.get(row.state, 0) for row in rows if one in row.categories), default=0)


@few
@given(
    st.sampled_from(ONES),
    st.sampled_from(["historic", "suspected"]),
    st.sampled_from([(), (seen(),), (seen("Chart review"),)]),
    st.lists(st.sampled_from(OTHERS), max_size=5, unique=True),
    st.lists(st.sampled_from(AGAINST), max_size=4, unique=True),
)
def test_evidence_against_never_makes_a_stronger_prompt(
    one: ConditionCategory, kind: str, evidence: Any, facts: list[Fact], against: list[Fact]
) -> None:
    one = replace(one, cc_type=kind, evidence=evidence)
    before, after = look(one, facts=facts).rows, look(one, facts=[*facts, *against]).rows
    assert strength(after, one) <= strength(before, one)


@few
@given(
    st.sampled_from([STROKE, SEPSIS, EMBOLISM, HEART_ATTACK, CANCER]),
    st.lists(
        st.sampled_from(
            [*(f for f in OTHERS if f.type != "Encounter" and "Anastrozole" not in f.concept.text), *AGAINST]
        )
    ),
    st.sets(st.sampled_from(["Encounter", "Procedure", "MedicationRequest", "Condition"])),
)
def test_a_high_risk_group_is_never_asked_without_corroboration(
    one: ConditionCategory, facts: list[Fact], unread: set[str]
) -> None:
    """No chart without a hospital encounter or a treatment lets one through, whatever else it holds or withholds."""
    rows = look(one, facts={each.ref: each for each in facts}.values(), unread=unread).rows
    assert strength(rows, one) == 0
