"""What is support enough: for a suspicion its own stage, against a removal anything at all; and what settles."""

from collections.abc import Iterable
from typing import Any

import pytest

from app.core.chart import Coding, Concept, Fact
from app.core.conditions.drugs import CLASSES
from app.core.conditions.reach import REACHES
from app.core.conditions.searches import LABS
from app.core.flag import PromptState
from app.core.report import ConditionCategory
from app.core.terminology import SNOMED
from tests.core.asked import bmi, diagnosed, drug, egfr, hidden, lab, listed, look, only_row, visit
from tests.core.made import category, fact, icd, seen

BARE: dict[str, Any] = {"cc_type": "suspected", "evidence": ()}
HRA = (seen("Home health risk assessment", source="in-home assessment"),)
COMPLICATIONS = category("37", "Diabetes with chronic complications", "E11.22", **BARE)
PLAIN = category("38", "Diabetes", "E11.9", **BARE)
ACUTE_FAILURE = category("224", "Acute on chronic heart failure", "I50.23", **BARE)
FAILURE = category("226", "Heart failure", "I50.22", **BARE)
COPD = category("280", "COPD", "J44.9", **BARE)
OBESITY = category("48", "Morbid obesity", "E66.01", **BARE)
DEPRESSION = category("155", "Major depression", "F33.1", **BARE)


def kidney(stage: str, **fields: Any) -> ConditionCategory:
    number = {"N18.5": "326", "N18.4": "327", "N18.32": "328", "N18.31": "329"}[stage]
    return category(number, f"Kidney disease {stage}", stage, **{**BARE, **fields})


def a1c(value: str, when: str = "2026-05-01") -> Fact:
    return lab("4548-4", value, "%", when)


def score(value: str) -> Fact:
    return lab("44261-6", value, "{score}", "2026-09-01")


# --- suspicions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "facts"),
    [
        (COMPLICATIONS, [listed("E11.9", "2020-01-01"), drug("metformin 500"), a1c("9.9")]),
        (kidney("N18.5"), [listed("N18.31", "2024-01-01"), egfr(52, "2026-05-01")]),
        (kidney("N18.5"), [egfr(15, "2026-05-01")]),
        (kidney("N18.4"), [egfr(22, "2025-05-01"), egfr(40, "2026-05-01")]),  # the newest counts
        (kidney("N18.32"), [egfr(45, "2026-05-01")]),
        (ACUTE_FAILURE, [listed("I50.9", "2024-01-01"), lab("30934-4", "900", "pg/mL", "2026-05-01")]),
        (PLAIN, [drug("metformin 500 mg"), a1c("5.4"), listed("E28.2", "2020-01-01")]),
        (PLAIN, [drug("insulin glargine")]),
        (COPD, [drug("tiotropium 18 mcg")]),
        (COPD, [drug("ipratropium bromide 0.06% nasal spray")]),
        (category("93", "Rheumatoid arthritis", "M05.9", **BARE), [drug("methotrexate 2.5 mg")]),
        (DEPRESSION, [drug("amitriptyline 10 mg nightly for migraine")]),
        (category("155", "Major depression", "F33.2", **BARE), [score("12")]),
        (category("48", "Morbid obesity", "E66.813", **BARE), [bmi("36", "2026-05-01")]),
    ],
)
def test_a_milder_member_of_the_family_or_a_drug_makes_no_suspicion_stronger(
    one: ConditionCategory, facts: list[Fact]
) -> None:
    assert only_row(one, facts=facts).state is PromptState.NO_EVIDENCE


@pytest.mark.parametrize(
    ("one", "facts"),
    [
        (COMPLICATIONS, [listed("E11.22", "2020-01-01")]),
        (COMPLICATIONS, [listed("E11.42", "2020-01-01")]),  # of the same category
        (PLAIN, [listed("E11.22", "2020-01-01")]),  # of a higher one
        (PLAIN, [a1c("6.5")]),
        (kidney("N18.5"), [egfr(14, "2026-05-01")]),
        (kidney("N18.4"), [egfr(29, "2026-05-01")]),
        (kidney("N18.4"), [listed("N18.5", "2024-01-01")]),
        (kidney("N18.32"), [egfr(44, "2026-05-01")]),
        (kidney("N18.31"), [egfr(52, "2026-05-01")]),
        (category("329", "Kidney disease, stage 3", **BARE), [egfr(52, "2026-05-01")]),  # no diagnosis named
        (ACUTE_FAILURE, [listed("I50.23", "2024-01-01")]),
        (FAILURE, [lab("10230-1", "30", "%", "2026-05-01")]),
        (COPD, [lab("19926-5", "55", "%", "2024-05-01")]),
        (OBESITY, [bmi("35.1", "2026-05-01")]),
        (DEPRESSION, [score("12")]),
    ],
)
def test_its_own_or_a_higher_category_or_a_result_of_its_stage_does(one: ConditionCategory, facts: list[Fact]) -> None:
    assert only_row(one, facts=facts).state is PromptState.ASSESS_SUSPECTED


@pytest.mark.parametrize("cc_type", ["suspected", "historic"])
def test_a_home_assessment_is_no_more_for_a_milder_stage_in_the_chart(cc_type: str) -> None:
    facts = [listed("N18.31", "2024-01-01"), egfr(52, "2026-05-01")]
    one = kidney("N18.4", cc_type=cc_type, evidence=HRA)
    assert only_row(one, facts=facts).state is PromptState.PAYER_ONLY
    assert only_row(one, facts=[*facts, egfr(28, "2026-06-01")]).state.value == f"assess-{cc_type}"


def test_what_was_documented_is_asked_by_anything_of_its_family() -> None:
    one = category("37", "Diabetes with complications", "E11.22", evidence=())
    assert only_row(one, facts=[listed("E11.9", "2020-01-01")]).state is PromptState.ASSESS_HISTORIC


def test_one_graver_category_of_a_row_is_not_carried_by_a_milder_one() -> None:
    facts = [listed("N18.31", "2024-01-01")]
    assert only_row(kidney("N18.5"), kidney("N18.31", payer="lakeside"), facts=facts).state is PromptState.NO_EVIDENCE


# --- removals -------------------------------------------------------------------------------------------------------

HERE = [visit("2025-03-03"), visit("2026-05-05")]


def done(words: str, when: str = "2026-05-01", kind: str = "Procedure", **other: Any) -> Fact:
    return fact(kind, Concept(text=words), when, **other)


def snomed(code: str, words: str, when: str = "2015-01-01") -> Fact:
    return fact("Condition", Concept((Coding(SNOMED, code, words),), words), when, category=("problem-list-item",))


@pytest.mark.parametrize(
    ("code", "entry"),
    [
        ("C50.911", drug("ARIMIDEX 1 mg tablet")),
        ("C50.911", drug("Verzenio 150 mg")),
        ("C50.911", done("Breast surgery clinic", kind="Encounter")),
        ("C50.911", done("MRI breast", kind="ServiceRequest", status="active", intent="order")),
        ("C50.911", done("Ultrasound of left breast", kind="DiagnosticReport")),
        ("C61", done("Lupron Depot 22.5 mg injection")),
        ("C61", drug("Xtandi 40 mg")),
        ("C61", done("PSA", kind="Observation")),
        ("C67.9", done("Intravesical BCG instillation")),
        ("C67.9", done("Urology surveillance cystoscopy", kind="Encounter", setting="AMB")),
        ("C67.9", done("Office visit", kind="Encounter", setting="AMB", who="Urology")),
        ("C73", done("Endocrinology thyroid cancer follow-up", kind="Encounter", setting="AMB")),
        ("C73", drug("levothyroxine 112 mcg")),
        ("C73", drug("Synthroid 112 mcg", "2019-01-01", status="active")),
        ("C34.90", drug("TAGRISSO 80 mg")),
        ("C18.9", drug("Lonsurf")),
        ("C50.911", drug("")),  # nobody knows what it is
        ("C71.9", done("Office visit", kind="Encounter")),  # a site of which we do not know what would show it
    ],
)
def test_a_cancer_of_which_anything_speaks_is_no_candidate(code: str, entry: Fact) -> None:
    assert look(facts=[*HERE, listed(code, "2022-01-01"), entry]).rows == ()


@pytest.mark.parametrize("code", ["C50.911", "C61", "C67.9", "C73", "C34.90", "C18.9"])
def test_a_cancer_of_which_nothing_speaks_is_one(code: str) -> None:
    told = done("Family history of breast, lung, colon, bladder, thyroid and prostate cancer", kind="Encounter")
    assert only_row(facts=[*HERE, listed(code, "2022-01-01"), told]).because == "cancer-without-treatment"


@pytest.mark.parametrize(
    ("code", "words"),
    [("C50.911", "ARIMIDEX 1 mg"), ("C61", "Lupron Depot"), ("C67.9", "TICE BCG intravesical"), ("C34.90", "Keytruda")],
)
def test_cancer_treatment_under_a_brand_is_treatment(code: str, words: str) -> None:
    number = {"C50.911": "23", "C61": "23", "C67.9": "22", "C34.90": "20"}[code]
    row = only_row(category(number, "Cancer", code), facts=[listed(code, "2022-01-01"), drug(words)])
    assert row.state is PromptState.ASSESS_HISTORIC


def test_a_vaccine_is_no_cancer_treatment() -> None:
    row = only_row(category("22", "Bladder cancer", "C67.9"), facts=[drug("BCG live vaccine")])
    assert row.state is PromptState.HISTORY_TERM


BNP = lab("30934-4", "20", "pg/mL", "2026-05-01")
NORMAL_RATE = [egfr(78, "2025-06-01"), egfr(82, "2026-05-01")]


@pytest.mark.parametrize(
    ("one", "facts"),
    [
        (("37", "E10.9"), [a1c("5.5")]),
        (("37", "E10.9"), [a1c("5.5"), drug("Humalog KwikPen 100 unit/mL")]),
        (("38", "E11.9"), [a1c("5.6"), drug("semaglutide (Ozempic) 1 mg"), drug("empagliflozin 10 mg")]),
        (("38", "E11.9"), [a1c("5.5"), snomed("44054006", "Diabetes mellitus type 2")]),
        (("226", "I50.22"), [BNP]),
        (("226", "I50.22"), [BNP, drug("carvedilol 25 mg"), drug("furosemide 40"), drug("spironolactone 25")]),
        (("155", "F33.1"), [score("2")]),
        (("328", "N18.32"), NORMAL_RATE[:1]),
        (("328", "N18.32"), [*NORMAL_RATE, snomed("70536003", "Kidney transplant recipient")]),
        (("280", "J44.9"), [lab("19926-5", "75", "%", "2026-05-01"), drug("Advair Diskus")]),
        (("48", "E66.01"), [bmi("31", "2025-06-01"), bmi("30", "2026-05-01"), drug("Wegovy 2.4 mg")]),
    ],
)
def test_results_under_treatment_or_one_alone_refute_nothing(one: tuple[str, str], facts: list[Fact]) -> None:
    row = only_row(category(one[0], "Condition", one[1]), facts=facts)
    assert row.state is PromptState.ASSESS_HISTORIC


@pytest.mark.parametrize(
    ("one", "facts"),
    [
        (("328", "N18.32"), NORMAL_RATE),
        (("280", "J44.9"), [lab("19926-5", "75", "%", "2026-05-01")]),
        (("48", "E66.01"), [bmi("31", "2025-06-01"), bmi("30", "2026-05-01")]),
        (("38", "E11.9"), [fact("Condition", icd("E11.9"), "2026-05-01", verification="refuted")]),
    ],
)
def test_what_refutes(one: tuple[str, str], facts: list[Fact]) -> None:
    row = only_row(category(one[0], "Condition", one[1]), facts=facts)
    assert (row.state, row.because) == (PromptState.REMOVE, "only-against")


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("J44.9", [lab("19926-5", "55", "%", "2022-10-01")]),
        ("J44.9", [drug("albuterol HFA")]),
        ("J44.9", [drug("Advair 250/50")]),
        ("I50.22", [lab("10230-1", "30", "%", "2022-10-01")]),
        ("I50.22", [drug("carvedilol 25 mg")]),
        ("I50.22", [drug("Farxiga 10 mg")]),
        ("E11.9", [a1c("6.3"), drug("Ozempic 1 mg weekly")]),
        ("E11.9", [a1c("6.3"), drug("Jardiance 10 mg")]),
        ("E10.9", [a1c("6.4"), drug("Humalog KwikPen")]),
        ("E10.9", [a1c("6.4"), drug("Lantus SoloStar")]),
        ("E11.9", [drug("")]),
        ("E11.9", [snomed("44054006", "Diabetes mellitus type 2", "2025-01-01")]),
        ("F33.1", [drug("Lexapro 10 mg")]),
        ("F33.1", [drug("Abilify 5 mg")]),
        ("M05.9", [drug("Humira pen")]),
    ],
)
def test_a_chronic_condition_with_proof_or_treatment_is_not_stale(code: str, facts: list[Fact]) -> None:
    entry = listed(code, "2018-01-01")
    assert only_row(facts=[*HERE, entry]).because == "not-assessed-lately"
    assert look(facts=[*HERE, entry, *facts]).rows == ()


@pytest.mark.parametrize(
    "beside",
    [
        [lab("50210-4", "44", "mL/min/{1.73_m2}", "2026-05-02")],
        [lab("94677-2", "48", "mL/min/{1.73_m2}", "2026-05-02")],
        [lab("9318-7", "400", "mg/g", "2026-05-01")],
        [lab("9318-7", "45", "mg/mmol", "2026-05-01")],
        [snomed("70536003", "Kidney transplant recipient")],
        [done("Hemodialysis", "2025-02-01")],
        [done("Peritoneal dialysis training", "2025-02-01", kind="Encounter")],
    ],
)
def test_a_normal_rate_does_not_contradict_what_else_shows_kidney_disease(beside: list[Fact]) -> None:
    chart = [*HERE, listed("N18.31", "2022-01-01"), *NORMAL_RATE]
    assert only_row(facts=chart).because == "labs-contradict"
    assert look(facts=[*chart, *beside]).rows == ()


# --- hidden ---------------------------------------------------------------------------------------------------------

LUNG, BREAST = category("20", "Lung cancer", "C34.90"), category("23", "Breast cancer", "C50.911")


@pytest.mark.parametrize("status", ["", "not-applied", "applied-superseded"])
def test_what_ends_in_the_history_hides_nothing_that_is_treated(status: str) -> None:
    breast = category("23", "Breast cancer", "C50.911", hierarchical_status=status)
    found = look(LUNG, breast, facts=[drug("anastrozole 1 mg")])
    assert sorted(row.state.value for row in found.rows) == ["assess-historic", "history-term"]
    both = look(LUNG, breast, facts=[drug("anastrozole 1 mg"), drug("osimertinib 80 mg")])
    assert hidden(both) == [("23", "superseded", "Lung cancer")]


# --- settled --------------------------------------------------------------------------------------------------------


def settles(words: str, setting: str = "AMB", **entry: Any) -> bool:
    at = visit("2026-05-05", setting, words)
    found = look(category("38", "Diabetes", "E11.9"), facts=[at, diagnosed("E11.9", at, **entry)])
    return not found.rows and [each.why for each in found.hidden] == ["settled"]


@pytest.mark.parametrize(
    ("words", "setting"),
    [
        ("Laboratory", "AMB"), ("Lab visit", "AMB"), ("Nurse visit - blood draw only", "AMB"),
        ("Flu shot clinic", "AMB"), ("Telemedicine", "VR"),
        ("Imaging", "AMB"), ("Call with patient", "AMB"), ("Call with patient", "VR"), ("", "VR"),
        ("Audio only", "VR"), ("No show", "AMB"),
    ],
)  # fmt: skip
def test_where_no_clinician_saw_the_patient_nothing_is_settled(words: str, setting: str) -> None:
    assert not settles(words, setting)


@pytest.mark.parametrize(
    ("words", "setting"),
    [
        ("Office visit", "AMB"), ("", "AMB"), ("Nurse practitioner visit", "AMB"), ("House call", "HH"),
        ("Video visit", "VR"), ("Synchronous audio and video", "VR"), ("Audio-visual telemedicine", "VR"),
    ],
)  # fmt: skip
def test_a_visit_settles(words: str, setting: str) -> None:
    assert settles(words, setting)


@pytest.mark.parametrize("status", ["resolved", "inactive", "remission"])
def test_a_diagnosis_that_is_over_settles_nothing(status: str) -> None:
    assert settles("Office visit", status="active")
    assert not settles("Office visit", status=status)


# --- the tables -----------------------------------------------------------------------------------------------------


def names_twice(names: Iterable[str]) -> list[str]:
    found = list(names)
    return [each for each in found if found.count(each) > 1]


def test_the_drug_table_is_whole() -> None:
    for row in CLASSES.values():
        assert len(row) > 2
        assert not names_twice(row)
        assert all(word == word.lower() and "|" not in word for word in row)


def test_every_reach_is_of_a_lab_that_is_searched() -> None:
    assert {row.lab for row in REACHES} <= {each.name for each in LABS}
    assert all(row.diagnoses for row in REACHES)
