"""Documentation prompts: a question with both sides, never an answer, never a code."""

from __future__ import annotations

from dataclasses import replace

import pytest
from handmade import (
    IDS,
    LAKESIDE_LINES,
    NORTHWIND_LINES,
    TODAY,
    category,
    fact,
    historic,
    on,
    prompt,
    removal,
    suspected,
)

from app.core.chart import Concept
from app.core.flag import Hidden, PromptRow, PromptState
from app.core.report import Evidence
from app.web.present.names import Payers
from app.web.present.prompts import HIDDEN_WORDS, REMOVE_WORDS, hidden_line, prompt_view
from app.web.present.views import PromptView
from app.web.present.words import PROMPT_MARKS

PAYERS = Payers.of((*NORTHWIND_LINES, *LAKESIDE_LINES))
HIDDEN_WHYS = {
    "net-new",
    "pending",
    "closed",
    "invalid",
    "superseded",
    "settled",
    "unknown-status",
    "period-over",
}  # Hidden.why


def shown(row: PromptRow) -> PromptView:
    return prompt_view(row, PAYERS, TODAY, IDS)


def test_every_prompt_state_has_a_mark_and_sentences() -> None:
    assert set(PROMPT_MARKS) == set(PromptState)
    for state in PromptState:
        seen = shown(prompt(state, "Heart failure"))
        assert seen.why
        assert seen.action
        assert seen.mark.word
        assert "Heart failure" in seen.title


def test_historic_and_suspected_look_and_read_differently() -> None:
    old, new = shown(historic()), shown(suspected())
    assert old.title == "Assess: Diabetes with chronic complications"
    assert new.title == "Assess: possible Chronic kidney disease, moderate"
    assert old.why == "On record before, last on 16 Oct 2025. No assessment at a visit in 2026 found."
    assert new.why == "A suspicion, not a diagnosis: inferred by Northwind Health Plan from other records."
    assert old.mark.word != new.mark.word
    assert old.mark.shape != new.mark.shape
    assert old.mark.tone != new.mark.tone


@pytest.mark.parametrize("state", [PromptState.PAYER_ONLY, PromptState.NO_EVIDENCE, PromptState.HISTORY_TERM])
def test_only_what_may_be_assessed_is_asked(state: PromptState) -> None:
    assert not shown(prompt(state, "Stroke")).title.startswith("Assess")


@pytest.mark.parametrize("row", [historic(), suspected()])
def test_not_present_is_as_easy_to_answer_as_present(row: PromptRow) -> None:
    assert "present" in shown(row).action
    assert "not present" in shown(row).action


def test_evidence_has_date_setting_and_source() -> None:
    seen = shown(historic())
    mine, theirs = seen.supporting
    assert (mine.what, mine.when) == ("Diabetic polyneuropathy", "22 Dec 2024, 23 months ago")
    assert (mine.setting, mine.source) == ("problem list", "this chart")
    assert theirs.when == "16 Oct 2025, 13 months ago"
    assert (theirs.setting, theirs.source) == ("office visit", "Northwind, from claim")


def test_against_stands_beside_for_and_an_empty_side_says_so() -> None:
    assert [each.what for each in shown(suspected()).against] == [
        "eGFR 78 mL/min/1.73m2",
        "Urine albumin/creatinine ratio 12 mg/g",
    ]
    bare = shown(prompt(PromptState.ASSESS_SUSPECTED, "Obesity"))
    assert "No evidence" in bare.no_support
    assert "no search against it exists" in bare.no_against
    looked = replace(prompt(PromptState.ASSESS_SUSPECTED, "Obesity"), searched=True)
    assert "Nothing found" in shown(looked).no_against
    unread = replace(looked, unread=("Observation",))
    assert shown(unread).no_against == "Not looked for: results could not be read."


def test_what_was_looked_for_and_not_found_stands_against_with_the_same_weight() -> None:
    seen = shown(replace(suspected(), against=(), absent=("no-anticoagulant", "no-novelty")))
    assert [each.what for each in seen.against] == ["No anticoagulant found", "No novelty found"]
    assert {(each.when, each.setting, each.source) for each in seen.against} == {
        ("in what could be read of this chart", "", "")
    }


def test_a_removal_candidate_needs_no_payer() -> None:
    seen = shown(removal())
    assert (seen.title, seen.mark.word) == ("Acute myocardial infarction", "Consider removing")
    assert (seen.payer, seen.says, seen.as_of) == ("", "This chart", "as read for this visit")
    assert "present" in seen.action
    assert "not present" in seen.action
    assert seen.id != shown(replace(removal(), label="Sepsis")).id


@pytest.mark.parametrize("because", [*REMOVE_WORDS, "something-new"])
def test_why_a_condition_looks_unsupported_is_said(because: str) -> None:
    assert shown(removal(because)).why.startswith(("Listed", "On record"))


def test_a_chart_that_has_less_is_not_called_empty() -> None:
    here = removal().in_chart
    assert here
    for state in (PromptState.PAYER_ONLY, PromptState.NO_EVIDENCE):
        assert "does not reach it" in shown(replace(prompt(state, "Kidney disease, stage 5"), in_chart=here)).why
    assert "nothing in this chart" in shown(replace(prompt(PromptState.PAYER_ONLY, "Stroke"), in_chart=())).why


def test_a_diagnosis_that_looks_like_a_slip_says_so() -> None:
    slip = replace(prompt(PromptState.PAYER_ONLY, "Stroke"), because="mis-keyed")
    assert shown(slip).why.startswith("It looks like a slip")


def test_a_model_without_tables_of_ours_says_that_no_hierarchy_was_applied() -> None:
    seen = shown(replace(historic(), modelled=False))
    assert seen.why.endswith("In the payer's words; no hierarchy of ours was applied.")


@pytest.mark.parametrize("label", ["HCC 37: Heart failure", "RxHCC 186 – Heart failure", "CC 85, Heart failure"])
def test_a_condition_is_assessed_and_not_its_category(label: str) -> None:
    seen = shown(PromptRow((category(label),), PromptState.ASSESS_HISTORIC, (), (), ()))
    assert seen.title == "Assess: Heart failure"
    assert f"“{label}”" in " ".join(each.words for each in seen.details)


def test_a_category_of_any_model_loses_its_own_number_and_nothing_else() -> None:
    own = category("CB-12: Diabetes", code="CB-12")
    stage = category("CKD 3: moderate", code="CB-40")
    titles = [shown(PromptRow((each,), PromptState.ASSESS_HISTORIC, (), (), ())).title for each in (own, stage)]
    assert titles == ["Assess: Diabetes", "Assess: CKD 3: moderate"]


def test_both_sides_are_cut_at_the_same_length_and_lose_nothing() -> None:
    facts = tuple(fact("Observation", f"eGFR {n}", -n, category=("laboratory",)) for n in range(5))
    seen = shown(PromptRow((category(),), PromptState.ASSESS_SUSPECTED, (), facts, facts))
    assert len(seen.supporting) == len(seen.against) == 3
    assert seen.more_supporting == seen.more_against == "and 2 more"
    assert [each.label for each in seen.details[:4]] == ["Also for"] * 2 + ["Also against"] * 2


def test_chart_and_payer_are_both_seen_and_a_bare_visit_comes_last() -> None:
    visit = Evidence("Encounter/1", "Encounter", "Office visit", when=on(-1))
    claim = Evidence("Condition/1", "Condition", "Heart failure", when=on(-400))
    facts = tuple(fact("Condition", f"Heart failure {n}", -n) for n in range(3))
    seen = shown(PromptRow((category(),), PromptState.ASSESS_HISTORIC, (visit, claim, claim), facts, ()))
    assert [each.what for each in seen.supporting] == ["Heart failure 0", "Heart failure 1", "Heart failure"]
    assert seen.more_supporting == "and 2 more"


def test_evidence_is_attributed_to_the_payer_that_listed_it() -> None:
    claim = Evidence("Condition/1", "Condition", "Heart failure", when=on(-400))
    lists = (category(), category(payer="lakeside", evidence=(claim,)))
    seen = shown(PromptRow(lists, PromptState.ASSESS_HISTORIC, (claim,), (), ()))
    assert seen.supporting[0].source.startswith("Lakeside")


def test_unreadable_and_undated_evidence_is_shown_as_that() -> None:
    shut = Evidence("Observation/9", readable=False)
    seen = shown(PromptRow((category(),), PromptState.ASSESS_SUSPECTED, (shut,), (), ()))
    assert seen.supporting[0].what == "One record that Northwind did not let us read"
    assert seen.supporting[0].when == "date not stated"
    assert seen.supporting[0].setting == "setting not stated"


def test_a_category_without_a_label_is_called_by_its_diagnosis() -> None:
    unnamed = category("", diagnoses=(Concept(text="Heart failure"),))
    assert shown(PromptRow((unnamed,), PromptState.ASSESS_HISTORIC, (), (), ())).title == "Assess: Heart failure"
    nameless = category("RAF 0.3", diagnoses=())
    title = shown(PromptRow((nameless,), PromptState.ASSESS_HISTORIC, (), (), ())).title
    assert title == "Assess: a condition that the payer does not name"


def test_several_payers_are_one_prompt_as_of_the_oldest() -> None:
    seen = shown(historic())
    assert seen.says == "Northwind Health Plan and Lakeside Community Health"
    assert seen.as_of == "calculated on 2 Nov 2026, 3 weeks ago"
    undated = replace(historic(), categories=(category(calculated=None),))
    assert shown(undated).as_of == "calculation date not stated"


def test_a_vague_date_is_not_sharpened() -> None:
    year = replace(on(0), start=on(0).start.replace(2025, 1, 1), end=on(0).end.replace(2025, 12, 31))
    entry = replace(fact("Condition", "Heart failure", -1), when=year)
    seen = shown(PromptRow((category(),), PromptState.ASSESS_HISTORIC, (), (entry,), ()))
    assert "last in 2025" in seen.why


def test_a_result_that_fits_is_no_record_of_the_condition() -> None:
    egfr = fact("Observation", "eGFR", -5)
    seen = shown(PromptRow((category(),), PromptState.ASSESS_HISTORIC, (), (egfr,), ()))
    assert seen.why.startswith("On record before. ")


def test_the_history_term_is_offered_where_the_office_may_not_assess() -> None:
    assert "History of stroke" in shown(prompt(PromptState.HISTORY_TERM, "Acute stroke")).action


def test_every_hidden_reason_has_words_and_names_what_dominates() -> None:
    assert set(HIDDEN_WORDS) == HIDDEN_WHYS
    line = hidden_line(Hidden(category("Diabetes"), "superseded", "Diabetes with complications"), PAYERS)
    assert line == "Diabetes: covered by Diabetes with complications (Northwind Health Plan)"
    settled = hidden_line(Hidden(category("Diabetes"), "settled", "Type 2 diabetes"), PAYERS)
    assert "assessed at a visit this year, according to this chart: Type 2 diabetes" in settled
