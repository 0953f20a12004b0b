"""Removal candidates: what the problem list carries without support, what is left alone, and their place."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import panel
from app.core.chart import CHART_TYPES, Concept, Fact
from app.core.conditions.removal import candidates
from app.core.conditions.unsupported import CONTRADICTIONS, STALE
from app.core.flag import MAX_PROMPTS, PromptRow, PromptState
from app.core.prompts import expanded, prompts
from tests.core.asked import MODELS, bmi, diagnosed, drug, egfr, lab, listed, look, only_row, visit
from tests.core.made import TODAY, category, chart, fact, few, icd, on, payer, reading, seen

SEEN = (visit("2025-02-02"), visit("2026-03-03"))  # a patient who is seen here

STROKE, MI, SEPSIS, CLOT = (listed(code, "2024-05-05") for code in ("I63.9", "I21.4", "A41.9", "I26.99"))
CANCER = listed("C50.911", "2019-05-05")
KIDNEY = listed("N18.32", "2022-05-05")
NORMAL = (egfr(78, "2025-06-01"), egfr(82, "2026-05-01"))
OBESITY = listed("E66.01", "2021-05-05")
SLIM = (bmi("27.1", "2025-06-01"), bmi("26.4", "2026-05-01"))
COPD = listed("J44.9", "2018-05-05")


def found(*facts: Fact, unread: tuple[str, ...] = (), today: date = TODAY) -> list[tuple[str, str]]:
    made = candidates(reading(*facts, unread=unread), today)
    return [(each.entries[0].concept.label, each.because) for each in made]


CASES: list[tuple[Fact, tuple[Fact, ...], str]] = [
    (STROKE, (), "acute-event-listed"),
    (MI, (), "acute-event-listed"),
    (SEPSIS, (), "acute-event-listed"),
    (CLOT, (), "acute-event-listed"),
    (CANCER, SEEN, "cancer-without-treatment"),
    (KIDNEY, NORMAL, "labs-contradict"),
    (OBESITY, SLIM, "labs-contradict"),
    (COPD, SEEN, "not-assessed-lately"),
]
NEEDS = {
    "acute-event-listed": ("Condition", "Encounter"),
    "cancer-without-treatment": ("Condition", "Encounter", "Procedure", "MedicationRequest"),
    "labs-contradict": ("Condition", "Encounter", "Observation"),
    "not-assessed-lately": ("Condition", "Encounter", "Observation", "MedicationRequest"),
}
case = pytest.mark.parametrize(("entry", "beside", "because"), CASES, ids=lambda v: v if isinstance(v, str) else "")


@case
def test_an_entry_that_the_chart_does_not_support_is_a_candidate(
    entry: Fact, beside: tuple[Fact, ...], because: str
) -> None:
    assert found(entry, *beside) == [(entry.concept.label, because)]
    row = only_row(facts=[entry, *beside])
    assert (row.state, row.because, row.label, row.categories) == (
        PromptState.REMOVE, because, entry.concept.label, ()
    )  # fmt: skip
    assert entry in row.in_chart
    assert row.searched
    assert row.rule is not None
    assert row.rule.name


@case
@pytest.mark.parametrize(
    "fields",
    [
        {"category": ("encounter-diagnosis",)},
        {"category": ()},
        {"status": "resolved"},
        {"status": "inactive"},
        {"status": ""},
        {"verification": "refuted"},
        {"verification": "provisional"},
        {"status": "entered-in-error"},
        {"when": None, "recorded": None},  # nobody knows since when
        {"recorded": on("2026-01-01")},  # written this year
        {"when": on("2026-02-02")},
        {"when": on("2026"), "recorded": None},
    ],
)
def test_what_is_never_a_candidate(entry: Fact, beside: tuple[Fact, ...], because: str, fields: dict[str, Any]) -> None:
    assert found(replace(entry, **fields), *beside) == []


@case
def test_a_condition_that_was_assessed_this_year_is_left_alone(
    entry: Fact, beside: tuple[Fact, ...], because: str
) -> None:
    at = visit("2026-06-06", setting="VR", words="Telephone call")  # any assessment at all
    assert found(entry, *beside, at, diagnosed(entry.concept.label, at)) == []
    assert found(entry, *beside, diagnosed(entry.concept.label, None, recorded=on("2026-01-02"))) == []


@case
def test_an_unread_type_of_the_chart_makes_no_candidate(entry: Fact, beside: tuple[Fact, ...], because: str) -> None:
    for kind in CHART_TYPES:
        needed = kind in NEEDS[because] or (entry is CLOT and kind == "MedicationRequest")
        assert bool(found(entry, *beside, unread=(kind,))) is not needed, kind


@pytest.mark.parametrize(
    ("entry", "facts"),
    [
        (replace(MI, when=on("2025-12-20"), recorded=on("2025-12-20")), ()),  # see below: 28 days are not over
        (CLOT, (drug("Apixaban 5 mg"),)),
        (CLOT, (drug("Warfarin 5 mg", "2026-01-01", status="stopped"),)),
        (CANCER, ()),  # nobody is seen here: nothing follows from silence
        (CANCER, (*SEEN, drug("Anastrozole 1 mg", "2025-02-01"))),
        (CANCER, (*SEEN, fact("Encounter", Concept(text="Oncology follow-up"), "2025-04-01"))),
        (CANCER, (*SEEN, fact("Encounter", Concept(text="Breast surgery clinic"), "2025-04-01"))),
        (CANCER, (*SEEN, listed("C79.51", "2024-01-01"))),  # spread
        (CANCER, (*SEEN, diagnosed("C50.912", visit("2025-01-01"), recorded=on("2025-01-01")))),
        (listed("C91.10", "2019-01-01"), SEEN),  # leukaemia is watched
        (KIDNEY, NORMAL[:1]),
        (KIDNEY, (egfr(78, "2026-03-01"), egfr(82, "2026-05-01"))),  # too close
        (KIDNEY, (*NORMAL, egfr(51, "2026-06-01"))),  # low again
        (KIDNEY, (NORMAL[0], egfr(51, "2026-04-01"), NORMAL[1])),
        (KIDNEY, (egfr(78, "2022-06-01"), NORMAL[1])),  # too long ago
        (KIDNEY, (*NORMAL, lab("9318-7", "142", "mg/g", "2026-01-01"), egfr(55, "2026-09-01"))),
        (KIDNEY, (*NORMAL, listed("Z94.0", "2020-01-01"))),
        (listed("N18.6", "2022-05-05"), NORMAL),
        (listed("N18.1", "2022-05-05"), NORMAL),  # stages 1 and 2 have a normal rate
        (OBESITY, (SLIM[0], bmi("36", "2026-06-01"))),
        (OBESITY, (*SLIM, listed("Z33.1", "2025-08-01"))),
        (COPD, (SEEN[0],)),
        (COPD, (visit("2023-12-12"), visit("2024-02-02"))),  # not seen lately
        (COPD, (*SEEN, lab("19926-5", "61", "%", "2025-01-01"))),
        (COPD, (*SEEN, drug("Tiotropium 18 mcg", "2022-01-01"))),
        (COPD, (*SEEN, visit("2024-12-01", words="J44.9"))),
        (COPD, (*SEEN, diagnosed("J44.1", visit("2024-12-01"), recorded=on("2024-12-01")))),
        (listed("J44.9", "2024-01-01"), SEEN),
        (listed("F33.42", "2019-01-01"), SEEN),  # in remission, by its own words
        (listed("I10", "2010-01-01"), SEEN),  # nothing to look for
        (listed("Q90.9", "1980-01-01"), SEEN),
    ],
)
def test_what_is_left_alone(entry: Fact, facts: tuple[Fact, ...]) -> None:
    today = date(2026, 1, 10) if entry.concept.label == "I21.4" else TODAY
    assert found(entry, *facts, today=today) == []


def test_normal_results_written_as_more_than_count() -> None:
    above = [lab("98979-8", "60", "mL/min/1.73m2", day, ">") for day in ("2025-06-01", "2026-05-01")]
    assert found(KIDNEY, *above) == [("N18.32", "labs-contradict")]


def test_the_results_against_it_and_the_history_term_come_along() -> None:
    assert only_row(facts=[KIDNEY, *NORMAL]).against == NORMAL[::-1]
    stroke = only_row(facts=[STROKE])
    assert stroke.history_term == "History of stroke, with what remains of it"
    assert only_row(facts=[CLOT]).absent == ("no-anticoagulant",)
    assert only_row(facts=[CANCER, *SEEN]).absent == ("no-cancer-treatment",)


def test_one_condition_is_one_candidate() -> None:
    rows = look(facts=[KIDNEY, listed("N18.31", "2021-01-01"), listed("N18.4", "2020-01-01"), *NORMAL]).rows
    assert [row.because for row in rows] == ["labs-contradict"]


# --- with what payers say -------------------------------------------------------------------------------------------

PAYER_KIDNEY = category("328", "Kidney disease, stage 3B", "N18.32")


@pytest.mark.parametrize("kind", ["historic", "suspected"])
def test_a_candidate_that_a_payer_lists_is_that_row(kind: str) -> None:
    one = replace(PAYER_KIDNEY, cc_type=kind)
    row = only_row(one, facts=[KIDNEY, *NORMAL])
    assert (row.state, row.because, row.categories) == (PromptState.REMOVE, "labs-contradict", (one,))
    assert (row.in_chart, row.against) == ((KIDNEY,), NORMAL[::-1])


def test_what_a_payers_records_corroborate_is_no_candidate() -> None:
    oncology = seen("Oncology office visit", "2026-03-03", type="Encounter")
    cancer = category("23", "Breast cancer", "C50.911", evidence=(oncology,))
    assert only_row(cancer, facts=[CANCER, *SEEN]).state is PromptState.ASSESS_HISTORIC
    assert only_row(replace(cancer, evidence=()), facts=[CANCER, *SEEN]).state is PromptState.REMOVE
    copd = category("280", "Chronic lung disease", "J44.9")  # assessed elsewhere
    assert only_row(copd, facts=[COPD, *SEEN]).state is PromptState.ASSESS_HISTORIC
    assert only_row(replace(copd, evidence=(seen("Chart review"),)), facts=[COPD, *SEEN]).state is PromptState.REMOVE


AGAINST = fact("Condition", icd("F33.1"), "2025-10-10", status="resolved")
PAYER_DEPRESSION = category("155", "Major Depression", "F33.1")  # its evidence is of May 2025


def test_a_documented_category_against_which_everything_speaks_is_a_candidate() -> None:
    row = only_row(PAYER_DEPRESSION, facts=[AGAINST])
    assert (row.state, row.because, row.against) == (PromptState.REMOVE, "only-against", (AGAINST,))


@pytest.mark.parametrize(
    ("fields", "facts", "unread"),
    [
        ({}, [], ()),
        ({}, [AGAINST, drug("Sertraline 50 mg")], ()),
        ({}, [AGAINST, listed("F33.0", "2021-01-01")], ()),
        ({}, [AGAINST], ("Observation",)),
        ({}, [AGAINST], ("MedicationRequest",)),
        ({"evidence": (seen("Office visit", "2025-11-11"),)}, [AGAINST], ()),  # newer than what speaks against it
        ({"evidence": (replace(seen(), when=None),)}, [AGAINST], ()),
        ({"cc_type": "suspected"}, [AGAINST], ()),
    ],
)
def test_what_is_asked_all_the_same(fields: dict[str, Any], facts: list[Fact], unread: tuple[str, ...]) -> None:
    row = only_row(replace(PAYER_DEPRESSION, **fields), facts=facts, unread=unread)
    assert row.state in (PromptState.ASSESS_HISTORIC, PromptState.ASSESS_SUSPECTED)


# --- its place ------------------------------------------------------------------------------------------------------

HISTORIC = [category(str(n), f"Condition {n}", evidence=(seen(),)) for n in (127, 201)]
SUSPECTED = [replace(category(str(n), f"Condition {n}"), cc_type="suspected") for n in (198, 238)]
REMOVALS = [[STROKE], [MI]]


@pytest.mark.parametrize("removals", [0, 1, 2])
@pytest.mark.parametrize("suspected", [0, 1, 2])
@pytest.mark.parametrize("historic", [0, 1, 2])
def test_where_there_is_a_removal_one_of_the_rows_is_one(historic: int, suspected: int, removals: int) -> None:
    facts = [each for pair in REMOVALS[:removals] for each in pair]
    rows = look(*HISTORIC[:historic], *SUSPECTED[:suspected], facts=facts).rows
    shown, rest = expanded(rows)
    assert sorted(map(id, (*shown, *rest))) == sorted(map(id, rows))
    assert len(shown) == min(MAX_PROMPTS, historic + suspected + removals)
    asks = historic + suspected
    assert sum(row.state is PromptState.REMOVE for row in shown) == min(removals, 1 if asks else MAX_PROMPTS)
    states = [row.state for row in shown]
    if PromptState.REMOVE in states and PromptState.ASSESS_SUSPECTED in states:
        assert states.index(PromptState.REMOVE) < states.index(PromptState.ASSESS_SUSPECTED)
    if historic:
        assert states[0] is PromptState.ASSESS_HISTORIC


def test_a_panel_holds_removals_back_until_every_payer_has_answered() -> None:
    def made(**answers: Any) -> tuple[PromptRow, ...]:
        return panel.build(
            chart(STROKE), [payer(**answers)], unconnected=(), today=TODAY, visit=None, ehr_name="EHR",
            may_see_prompts=True, models=MODELS,
        ).prompts  # fmt: skip

    assert [row.state for row in made()] == [PromptState.REMOVE]
    assert made(risk=None) == ()
    assert panel.build(
        chart(STROKE), [payer()], unconnected=(), today=TODAY, visit=None, ehr_name="EHR", may_see_prompts=False
    ).prompts == ()  # fmt: skip


def test_no_removals_are_made_where_none_are_asked_for() -> None:
    assert prompts([], reading(STROKE), TODAY, MODELS, removals=False).rows == ()


# --- properties -----------------------------------------------------------------------------------------------------

POOL: list[Fact] = [
    *(entry for entry, _, _ in CASES), *NORMAL, *SLIM, *SEEN, egfr(41, "2026-06-01"), bmi("44", "2026-06-01"),
    drug("Apixaban 5 mg"), drug("Tiotropium 18 mcg"), drug("Anastrozole 1 mg"), listed("I10", "2015-01-01"),
]  # fmt: skip


@few
@given(st.lists(st.sampled_from(POOL), unique=True), st.sets(st.sampled_from(CHART_TYPES), max_size=3))
def test_candidates_come_from_the_list_and_from_read_charts_only(facts: list[Fact], unread: set[str]) -> None:
    for each in candidates(reading(*facts, unread=unread), TODAY):
        assert each.entries
        assert set(each.entries) <= set(facts)
        assert all("problem-list-item" in entry.category for entry in each.entries)
        assert not unread & set(NEEDS[each.because])


@few
@given(st.lists(st.sampled_from(POOL), unique=True), st.sampled_from(POOL))
def test_support_never_makes_a_candidate(facts: list[Fact], more: Fact) -> None:
    """Another drug, a result for a condition: no more candidates than before."""
    supports = more.type == "MedicationRequest" or more.ref in {fact.ref for fact in POOL[14:16]}
    if supports:
        assert set(found(*facts, *([] if more in facts else [more]))) <= set(found(*facts))


def test_the_rules_have_sources() -> None:
    assert all(row.source.name and row.source.version for row in CONTRADICTIONS)
    assert STALE.source.name
