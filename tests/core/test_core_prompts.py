"""Prompts: what may be asked, what is only counted, what settles, what speaks for and against."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Concept, Fact
from app.core.conditions import family, hierarchy
from app.core.conditions.family import families
from app.core.conditions.model import NO_MODELS, version_of
from app.core.flag import PromptState
from app.core.prompts import prompts
from app.core.report import ConditionCategory, Measure, Period
from tests.core.asked import MODELS, diagnosed, drug, egfr, hidden, look, merged, only_row, visit
from tests.core.made import TODAY, category, fact, few, icd, loinc, percent, reading, seen

DIABETES = category("37", "Diabetes with Chronic Complications", "E11.22")
V24_DIABETES = category("18", "Diabetes with Chronic Complications", "E11.22", version="24", group_id="v24-18")
PLAIN_DIABETES = category("38", "Diabetes without Complications", "E11.9")
DEPRESSION = category("155", "Major Depression", "F33.1")
SUSPECTED = {"cc_type": "suspected"}
BARE = Measure("https://p.example/m", "1")
RX = {"system": "http://terminology.hl7.org/CodeSystem/cmsrxhcc", "version": "8"}


# --- what is asked and what is counted ------------------------------------------------------------------------------


def test_historic_and_suspected_are_asked_and_look_different() -> None:
    assert only_row(DIABETES).state is PromptState.ASSESS_HISTORIC
    assert only_row(replace(DIABETES, cc_type="suspected")).state is PromptState.ASSESS_SUSPECTED


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"cc_type": "net-new"}, "net-new"),
        ({"cc_type": "net-new", "evidence_status": "pending"}, "net-new"),
        ({"evidence_status": "pending"}, "pending"),
        ({"evidence_status": "closed-gap"}, "closed"),
        ({"evidence_status": "invalid-gap"}, "invalid"),
        ({"evidence_status": ""}, "unknown-status"),
        ({"evidence_status": "reopened"}, "unknown-status"),
        ({"cc_type": "inferred-by-model"}, "unknown-status"),
        ({"hierarchical_status": "applied-superseded"}, "superseded"),
        ({"period": Period(date(2025, 1, 1), date(2025, 12, 31))}, "period-over"),
    ],
)
@pytest.mark.parametrize("base", [DIABETES, replace(DIABETES, cc_type="suspected")])
def test_what_is_never_asked(base: ConditionCategory, fields: dict[str, str], why: str) -> None:
    found = look(replace(base, **fields))  # type: ignore[arg-type] # the table names fields
    assert found.rows == ()
    assert hidden(found) == [("37", why, "")]


# --- hierarchy ------------------------------------------------------------------------------------------------------


def test_our_table_applies_where_the_payer_says_nothing_and_names_what_dominates() -> None:
    for status in ("", "not-applied"):
        found = look(replace(PLAIN_DIABETES, hierarchical_status=status), DIABETES)
        assert hidden(found) == [("38", "superseded", "Diabetes with Chronic Complications")]
        assert [row.categories for row in found.rows] == [(DIABETES,)]


def test_a_payers_own_word_on_hierarchy_is_kept() -> None:
    stays = replace(PLAIN_DIABETES, hierarchical_status="applied-not-superseded")
    assert hidden(look(stays, DIABETES)) == []
    gone = replace(PLAIN_DIABETES, hierarchical_status="applied-superseded")
    assert hidden(look(gone, DIABETES)) == [("38", "superseded", "Diabetes with Chronic Complications")]
    assert hidden(look(gone)) == [("38", "superseded", "")]  # the payer does not say by what, and no row of ours does


@pytest.mark.parametrize(
    ("fields", "dominates"),
    [
        ({}, True),
        ({"evidence_status": "closed-gap"}, True),
        ({"evidence_status": "pending"}, True),
        ({"cc_type": "net-new", "evidence_status": ""}, True),
        ({"evidence_status": "invalid-gap"}, False),
        (SUSPECTED, False),  # an inference dominates nothing
        ({**SUSPECTED, "evidence_status": "closed-gap"}, True),
        ({"payer": "lakeside"}, False),
        ({"version": "24"}, False),
        ({"period": Period(date(2025, 1, 1), date(2025, 12, 31))}, False),
        ({"code": "326"}, False),
    ],
)
def test_what_dominates(fields: dict[str, object], dominates: bool) -> None:
    higher = replace(DIABETES, **fields)  # type: ignore[arg-type] # the table names fields
    superseded = ("38", "superseded", higher.label) in hidden(look(PLAIN_DIABETES, higher))
    assert superseded is dominates


def test_the_highest_of_several_is_named() -> None:
    highest = category("36", "Diabetes with Severe Acute Complications", "E11.00")
    assert ("38", "superseded", highest.label) in hidden(look(PLAIN_DIABETES, DIABETES, highest))


@pytest.mark.parametrize(
    ("fields", "version"),
    [
        ({}, "28"),
        ({"version": "V28"}, "28"),
        ({"version": "", "model": Measure("https://p.example/m", "28")}, "28"),
        ({"version": "", "model": Measure("https://p.example/Measure/cms-hcc-v24", "1")}, "24"),
        ({"version": "", "model": Measure("https://p.example/m", "1", "CMS-HCC V28")}, "28"),
        ({"version": "22"}, "22"),
        ({"version": "24", "model": Measure("https://p.example/m", "24", "CMS-HCC ESRD V24")}, ""),
        ({"version": "", "model": Measure("https://p.example/Measure/cms-hcc-esrd-v24", "1")}, ""),
        ({"version": "28", "model": Measure("https://p.example/m", "1", "HHS-HCC V28")}, ""),
        ({"version": "", "model": Measure("https://p.example/m", "2026")}, ""),
        ({"version": "v24"}, "24"),
        ({"version": " 28 "}, "28"),
        ({"version": "", "model": Measure("https://p.example/m", "1", "CMS-HCC model, version 28")}, "28"),
        ({"version": "", "model": Measure("https://p.example/m", "1", "CMS-HCC 28, continuing enrollees")}, "28"),
        ({"version": "", "model": Measure("https://p.example/Measure/cms_hcc_28|2026", "1")}, "28"),
        ({"version": "2026-02-28", "model": BARE}, ""),  # a date
        ({"version": "20260228", "model": BARE}, ""),
        ({"version": "", "model": Measure("https://p.example/m", "2026-02-28", "Risk, as of 2026-02-28")}, ""),
        ({"version": "1.0.24", "model": BARE}, ""),  # a release
        ({"version": "24.1", "model": BARE}, ""),
        ({"version": "v24.1.0", "model": BARE}, ""),
        ({"version": "2026-02-28", "model": Measure("https://p.example/m", "1.0.28", "CMS-HCC V24")}, "24"),
        ({"version": "", "model": Measure("https://p.example/24/Measure/risk", "1")}, ""),  # a tenant
        ({"version": "", "model": Measure("https://p.example/m", "1", "HCC 24 and 28")}, ""),  # categories
        ({"version": "", "model": Measure("https://p.example/m", "1", "From V24 to V28")}, ""),  # either
        ({"system": "http://terminology.hl7.org/CodeSystem/cmsrxhcc", "version": "28"}, ""),
    ],
)
def test_a_category_means_nothing_without_its_model_version(fields: dict[str, object], version: str) -> None:
    assert version_of(replace(DIABETES, **fields)) == version  # type: ignore[arg-type] # names of fields


@pytest.mark.parametrize(
    ("version", "code", "categories"),
    [
        ("28", "E1122", ("37",)),
        ("28", "E119", ("38",)),
        ("28", "E1165", ("38",)),
        ("24", "E1165", ("18",)),
        ("28", "E1101", ("36",)),
        ("28", "E0922", ()),
        ("24", "E0922", ("18",)),
        ("28", "I5022", ("226",)),
        ("28", "I5023", ("224",)),
        ("24", "I5023", ("85",)),
        ("28", "I132", ("226", "326")),
        ("28", "N1832", ("328",)),
        ("24", "N1832", ("138",)),
        ("28", "J449", ("280",)),
        ("28", "F331", ("155",)),
        ("28", "E113511", ("298", "37")),
        ("28", "I10", ()),
        ("22", "E1122", ()),
        ("28", "E1", ()),
    ],
)
def test_the_categories_of_a_diagnosis(version: str, code: str, categories: tuple[str, ...]) -> None:
    assert hierarchy.categories_of(MODELS.get(version), code) == categories


def test_a_category_is_named_as_its_table_names_it_when_the_payer_does_not() -> None:
    unnamed = replace(DIABETES, label="")
    assert hidden(look(PLAIN_DIABETES, unnamed)) == [("38", "superseded", "Diabetes with Chronic Complications")]


@pytest.mark.parametrize("written", ["HCC 37", "HCC37", "037", " 37 "])
def test_a_category_may_be_written_with_its_letters(written: str) -> None:
    assert hidden(look(PLAIN_DIABETES, replace(DIABETES, code=written)))[0][:2] == ("38", "superseded")


def test_without_tables_no_hierarchy_is_claimed_and_the_row_says_so() -> None:
    found = prompts([PLAIN_DIABETES, DIABETES], reading(), TODAY)
    assert (found.hidden, [row.modelled for row in found.rows]) == ((), [False])
    assert only_row(DIABETES).modelled
    for fields in ({"version": "22"}, RX, {"system": "https://p.example/hhs-hcc", "version": "07"}):
        higher, lower = (replace(each, **fields) for each in (DIABETES, PLAIN_DIABETES))
        row = only_row(higher, lower)
        assert (row.modelled, len(row.categories)) == (False, 2)


# --- one condition, one row -----------------------------------------------------------------------------------------


def test_one_condition_of_two_models_and_two_payers_is_one_row_with_the_main_one_first() -> None:
    lakeside = replace(DIABETES, payer="lakeside", cc_type="suspected")
    row = only_row(lakeside, V24_DIABETES, DIABETES)
    assert row.categories == (DIABETES, V24_DIABETES, lakeside)
    assert row.state is PromptState.ASSESS_HISTORIC


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (DIABETES, PLAIN_DIABETES, True),
        (DIABETES, category("30", "Diabetes with complications", "E11.22", **RX), True),
        (DIABETES, category("30", "Diabetes with CHRONIC complications", **RX), True),
        (DIABETES, category("30", "Diabetes, complicated", **RX), False),  # no diagnosis, other words: not told
        (DIABETES, category("30", "Sugar", "E11.22", "I10", **RX), False),
        (DEPRESSION, category("132", "Depression, moderate", "F33.1", **RX), True),
        (DEPRESSION, category("132", "MAJOR  depression", **RX), True),
        (DEPRESSION, category("132", "Major Depression", "F32.1", **RX), True),
        (DEPRESSION, category("132", "Depression", "F32.1", "F33.1", **RX), True),
        (DEPRESSION, category("132", "Low mood", "F32.1", **RX), True),
        (DEPRESSION, category("132", "Low mood", "F31.9", **RX), False),
        (category("253", "Palsy"), category("103", "Hemiplegia", version="24"), True),  # the tables say so
        (category("264", "Vessels"), category("108", "Vascular", version="24"), False),  # other diagnoses too
        (category("253", "Palsy", "G81.91"), category("103", "Hemiplegia", "I69.351", version="24"), False),
        (category("253", "Palsy"), category("103", "Hemiplegia", version="24", system="x"), False),
        (category("X1", "This"), category("X2", "That", payer="lakeside"), False),
        (replace(DEPRESSION, label="", diagnoses=()), category("X2", "That"), False),
        (category("X1", "Something"), category("X2", "something ", payer="lakeside"), True),
        (category("X1", "This"), category("X1", "That", payer="lakeside"), True),
        (category("226", "Heart failure", "I50.22"), category("328", "Kidney disease", "N18.32"), False),
        (category("226", "Heart failure", "I13.2"), category("326", "Kidney disease", "I13.2"), False),
        (category("280", "Lung", "J44.9"), category("111", "COPD", version="24"), True),
        (category("280", "Lung", "J84.10"), category("111", "COPD", "J44.9", version="24"), False),
        (category("48", "Morbid obesity", "E66.01"), category("22", "Obesity", "E66.2", version="24"), True),
    ],
)
def test_what_is_one_condition(one: ConditionCategory, other: ConditionCategory, together: bool) -> None:
    assert (len(merged([one, other])) == 1) is together
    assert (len(merged([other, one])) == 1) is together


def test_a_third_category_can_join_two_groups() -> None:
    one = category("X1", "First words", "A99.1", "B99.2")
    two = category("X2", "Second words", "C44.1", "D99.2")
    both = category("X3", "First words", "D99.2", "A99.1")
    assert [len(group) for group in merged([one, two, both])] == [3]


def test_families() -> None:
    assert family.family_of(DIABETES, MODELS) == "diabetes"
    assert family.family_of(replace(DIABETES, diagnoses=()), MODELS) == "diabetes"  # all its members are
    assert family.family_of(replace(DIABETES, diagnoses=()), NO_MODELS) == ""
    assert family.family_of(category("280", "Lung"), MODELS) == ""
    assert families("E1122") == ("diabetes",)
    assert families("I480") == ("I48",)
    assert families("F331") == ("depression",)
    assert families("E66813") == ("morbid obesity",)
    assert families("I10") == ("I10",)
    assert families("F3") == ()


# --- evidence -------------------------------------------------------------------------------------------------------

UNREADABLE = seen("", readable=False)
REVIEW = seen("Retrospective chart review", setting="chart review")


@pytest.mark.parametrize(
    ("cc_type", "evidence", "state"),
    [
        ("suspected", (), PromptState.NO_EVIDENCE),
        ("suspected", (UNREADABLE,), PromptState.NO_EVIDENCE),
        ("suspected", (seen(""),), PromptState.NO_EVIDENCE),
        ("suspected", (seen("Words of a record that could not be read", readable=False),), PromptState.NO_EVIDENCE),
        ("suspected", (REVIEW,), PromptState.PAYER_ONLY),
        ("suspected", (seen(),), PromptState.ASSESS_SUSPECTED),
        ("historic", (), PromptState.PAYER_ONLY),
        ("historic", (UNREADABLE,), PromptState.PAYER_ONLY),
        ("historic", (REVIEW,), PromptState.PAYER_ONLY),
        ("historic", (seen("In-home health risk assessment"),), PromptState.PAYER_ONLY),
        ("historic", (seen("Visit", source="HRA vendor"),), PromptState.PAYER_ONLY),
        ("historic", (seen("Visit", source="Northwind House Calls"),), PromptState.PAYER_ONLY),
        ("historic", (seen("Ankle-brachial index, home screening device"),), PromptState.PAYER_ONLY),
        ("historic", (seen("PAD reading", type="Device"),), PromptState.PAYER_ONLY),
        ("historic", (REVIEW, seen()), PromptState.ASSESS_HISTORIC),
        ("historic", (seen("Pacemaker device clinic visit"),), PromptState.ASSESS_HISTORIC),
    ],
)
def test_where_the_payers_evidence_comes_from(cc_type: str, evidence: tuple[object, ...], state: PromptState) -> None:
    row = only_row(replace(DEPRESSION, cc_type=cc_type, evidence=evidence))  # type: ignore[arg-type] # of Evidence
    assert row.state is state
    assert row.supporting == evidence
    shown = [piece for piece in evidence if piece.readable]  # type: ignore[attr-defined] # of Evidence
    assert bool(row.rule) is (state is PromptState.PAYER_ONLY and bool(shown))


def test_something_in_this_chart_makes_it_more_than_the_payers_record() -> None:
    listed = fact("Condition", icd("F33.1"), "2024-01-01", category=("problem-list-item",))
    row = only_row(replace(DEPRESSION, evidence=(REVIEW,)), facts=(listed,))
    assert (row.state, row.in_chart) == (PromptState.ASSESS_HISTORIC, (listed,))
    assert (
        only_row(replace(DEPRESSION, cc_type="suspected", evidence=()), facts=(listed,)).state
        is PromptState.ASSESS_SUSPECTED
    )


def test_for_and_against_stand_beside_each_other_newest_first() -> None:
    old = fact("Condition", icd("F33.0"), "2021-01-01")
    new = fact("Condition", Concept(text="major  DEPRESSION"), "2024-01-01")
    over = fact("Condition", icd("F33.42"), "2025-01-01", status="remission")
    refuted = fact("Condition", icd("F33.1"), "2023-01-01", verification="refuted")
    other = fact("Condition", icd("I10"), "2024-01-01")
    row = only_row(DEPRESSION, facts=(old, over, new, refuted, other))
    assert row.in_chart == (new, old)
    assert row.against == (over, refuted)


def test_measurements_speak_for_and_against_by_their_value() -> None:
    kidney = category("328", "Kidney disease, stage 3B", "N18.32")
    low, high = egfr(42, "2026-03-01"), egfr(60, "2026-06-01")
    silent = [
        egfr(42, "2023-03-01"),  # too long ago
        egfr(42, "2026-12-01"),
        egfr(42, "2026-03-01", status="preliminary"),
        egfr(42, "2026-03-01", unit="mL/s"),
        replace(low, ref="Observation/x", value=None),
    ]
    row = only_row(kidney, facts=(low, high, *silent))
    assert (row.in_chart, row.against) == ((low,), (high,))


@pytest.mark.parametrize(("value", "side"), [("6.5", "for"), ("6.4", ""), ("5.7", ""), ("5.6", "against")])
def test_hba1c_speaks_for_and_against_diabetes(value: str, side: str) -> None:
    row = only_row(DIABETES, facts=(fact("Observation", loinc("4548-4"), "2026-03-01", value=percent(value)),))
    assert (bool(row.in_chart), bool(row.against)) == (side == "for", side == "against")


# --- settled --------------------------------------------------------------------------------------------------------

OFFICE = visit()


def settles(found: Fact, *others: Fact, one: ConditionCategory = DIABETES) -> bool:
    return [h.why for h in look(one, facts=(found, *others)).hidden] == ["settled"]


def test_an_encounter_diagnosis_of_this_year_settles_and_is_named() -> None:
    made = look(DIABETES, facts=(OFFICE, diagnosed("E11.22", OFFICE)))
    assert made.rows == ()
    assert hidden(made) == [("37", "settled", "E11.22")]


@pytest.mark.parametrize(
    ("code", "one", "is_settled"),
    [
        ("E11.42", DIABETES, True),  # the same category
        ("E11.01", DIABETES, True),  # a higher one
        ("E11.9", DIABETES, False),  # a lower one
        ("E11.22", PLAIN_DIABETES, True),
        ("F33.1", DEPRESSION, True),  # the very diagnosis
        ("F33.2", DEPRESSION, True),
        ("F33.9", DEPRESSION, False),  # V28 has no category for it
        ("I10", DIABETES, False),
    ],
)
def test_the_same_or_a_higher_category_settles(code: str, one: ConditionCategory, is_settled: bool) -> None:
    assert settles(OFFICE, diagnosed(code, OFFICE), one=one) is is_settled


@pytest.mark.parametrize(
    "fields",
    [
        {"category": ("problem-list-item",)},
        {"category": ()},
        {"encounter": ""},
        {"encounter": "Encounter/unknown"},
        {"verification": "refuted"},
        {"verification": "provisional"},
        {"status": "entered-in-error"},
    ],
)
def test_a_problem_list_entry_never_settles(fields: dict[str, object]) -> None:
    entry = replace(diagnosed("E11.22", OFFICE), **fields)  # type: ignore[arg-type] # the table names fields
    assert not settles(OFFICE, entry)


@pytest.mark.parametrize(
    ("seen_at", "is_settled"),
    [
        (visit(setting="VR", words="Video visit"), True),
        (visit(setting="VR", words="Telephone call"), False),
        (visit(setting="VR", words="Audio-only visit"), False),
        (visit(setting="VR", words="E-visit"), False),
        (visit(setting="AMB", words="Phone encounter"), False),
        (visit(setting="IMP"), True),
        (visit(setting="EMER"), True),
        (visit(setting="HH"), True),
        (visit(setting=""), False),
        (visit(status="planned"), False),
        (visit(status="cancelled"), False),
        (visit(status="in-progress", when="2026-11-20"), True),
        (visit(when="2025-12-31"), False),
        (visit(when="2026-01-01"), True),
        (visit(when="2026-11-21"), False),
        (replace(visit(), when=None), False),
    ],
)
def test_the_visit_must_be_in_person_or_by_video_and_in_the_service_year(seen_at: Fact, is_settled: bool) -> None:
    assert settles(seen_at, diagnosed("E11.22", seen_at)) is is_settled


def test_a_report_on_a_part_of_the_year_is_about_the_year() -> None:
    nine_months = replace(DIABETES, period=Period(date(2026, 1, 1), date(2026, 9, 30)))
    late = visit("2026-11-01")
    assert settles(late, diagnosed("E11.22", late), one=nine_months)
    assert only_row(nine_months).state is PromptState.ASSESS_HISTORIC  # and it is not over in November
    assert only_row(DIABETES, today=date(2026, 12, 31)).state is PromptState.ASSESS_HISTORIC
    assert hidden(look(DIABETES, today=date(2027, 1, 1))) == [("37", "period-over", "")]
    fiscal = replace(DIABETES, period=Period(date(2025, 10, 1), date(2026, 9, 30)))
    assert hidden(look(fiscal)) == [("37", "period-over", "")]
    assert settles(late, diagnosed("E11.22", late), one=replace(DIABETES, period=None))


# --- properties -----------------------------------------------------------------------------------------------------

CODES = ["17", "18", "23", "36", "37", "38", "226", "228", "326", "328", "329", "X9"]
DIAGNOSES = ["E11.22", "E11.9", "C50.911", "I50.22", "I13.2", "N18.32", "I21.4", "F33.1"]
any_category = st.builds(
    lambda code, dx, number, **fields: category(code, f"Category {code}", *dx, group_id=f"g{number}", **fields),
    st.sampled_from(CODES),
    st.lists(st.sampled_from(DIAGNOSES), max_size=2),
    st.integers(0, 999),
    cc_type=st.sampled_from(["historic", "suspected", "net-new", "other"]),
    evidence_status=st.sampled_from(["open-gap", "open-gap", "pending", "closed-gap", "invalid-gap", ""]),
    hierarchical_status=st.sampled_from(["", "not-applied", "applied-superseded", "applied-not-superseded"]),
    version=st.sampled_from(["24", "28", ""]),
    payer=st.sampled_from(["northwind", "lakeside"]),
    evidence=st.sampled_from([(), (seen(),), (REVIEW,)]),
)
some_facts = st.lists(
    st.sampled_from([OFFICE, diagnosed("E11.22", OFFICE), diagnosed("N18.32", None), drug("Anastrozole 1 mg tablet")]),
    max_size=4,
    unique=True,
)


@few
@given(st.lists(any_category, max_size=8, unique_by=lambda each: each.group_id), some_facts, st.randoms())
def test_every_category_is_in_exactly_one_place_in_any_order(
    categories: list[ConditionCategory], facts: list[Fact], chance: object
) -> None:
    found = look(*categories, facts=facts)
    placed = [c for row in found.rows for c in row.categories] + [h.category for h in found.hidden]
    assert sorted(map(repr, placed)) == sorted(map(repr, categories))
    shuffled = list(categories)
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # random.Random
    again = look(*shuffled, facts=facts)
    assert {row.categories for row in again.rows} == {row.categories for row in found.rows}
    assert set(map(repr, again.hidden)) == set(map(repr, found.hidden))


@few
@given(st.lists(any_category, max_size=8), some_facts)
def test_only_open_historic_or_suspected_categories_are_in_rows(
    categories: list[ConditionCategory], facts: list[Fact]
) -> None:
    for row in look(*categories, facts=facts).rows:
        for one in row.categories:
            assert (one.cc_type in ("historic", "suspected"), one.evidence_status) == (True, "open-gap")
            assert one.hierarchical_status != "applied-superseded"
        if row.state is PromptState.ASSESS_SUSPECTED:
            assert row.supporting or row.in_chart
