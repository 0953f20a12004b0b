"""What an item is called and what is known of it: both survive a re-issued report; the version tells what changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.flag import Card, Panel, PromptState
from app.core.ledger import item as items
from app.core.ledger import version
from app.core.ledger.action import Action, Item
from app.core.ledger.item import is_new, of_card, of_prompt, same
from app.core.ledger.verb import Kind, Verb
from app.core.report import GapStatus, Period
from tests.core.made import (
    HBA1C,
    NOW,
    OTHER,
    TODAY,
    build,
    category,
    chart,
    fact,
    gap,
    hba1c,
    icd,
    known,
    lakeside,
    payer,
    report,
    seen,
    steady,
    stool,
)
from tests.core.recorded import action, item

LAST_YEAR = Period(date(2025, 1, 1), date(2025, 12, 31))


def card_of(*facts: Any, panel: Panel | None = None, **other: Any) -> Card:
    made = panel or build(chart(*facts), payer([gap(**other)]))
    cards = (*made.gaps, *made.more_gaps, *made.staff, *made.excluded)
    assert len(cards) == 1
    return cards[0]


def gap_item(*facts: Any, **other: Any) -> Item:
    return of_card(card_of(*facts, **other), TODAY)


def prompt_item(*categories: Any, facts: tuple[Any, ...] = ()) -> Item:
    made = build(chart(*facts), payer(categories=categories))
    (row,) = (*made.prompts, *made.more_prompts)
    return of_prompt(row, TODAY)


def test_an_item_is_an_act_in_a_period_and_no_payers_id() -> None:
    made = gap_item()
    assert made.kind is Kind.GAP
    assert made.keys == ("glycaemic-status@2026",)
    assert made.period_end == date(2026, 12, 31)
    (target,) = made.targets
    assert (target.payer, target.report_id, target.group_id) == ("northwind", "r1", "g1")
    assert (target.question, target.status, target.key) == ("care-gaps", "open-gap", "glycaemic-status")
    assert target.measure == f"{HBA1C.url}|{HBA1C.version}"


def test_a_target_speaks_the_dialect_of_its_report() -> None:
    spoken = known(report("care-gaps", [gap()], dialect="deqm-us-5.0.0"), "northwind")
    panel = build(chart(), payer(care_gaps=spoken))
    assert [t.dialect for t in of_card(card_of(panel=panel), TODAY).targets] == ["deqm-us-5.0.0"]
    answered = known(report("risk", [category("85", "Heart failure", "I50.9")], dialect="ra-2.1.0"), "northwind")
    (row,) = build(chart(), payer(risk=answered)).prompts
    assert [t.dialect for t in of_prompt(row, TODAY).targets] == ["ra-2.1.0"]


def test_each_payer_that_asks_is_a_target() -> None:
    panel = build(chart(), payer([gap()]), lakeside(gap(payer="lakeside", report_id="lk", group_id="x")))
    made = of_card(card_of(panel=panel), TODAY)
    assert {(t.payer, t.report_id) for t in made.targets} == {("northwind", "r1"), ("lakeside", "lk")}


def test_a_report_issued_again_changes_neither_the_name_nor_the_facts() -> None:
    first = gap_item(hba1c("9.4", "2026-03-02", ref="Observation/1"))
    again = gap_item(
        hba1c("9.4", "2026-03-02", ref="Observation/1"),
        report_id="r2",
        group_id="g2",
        calculated=date(2026, 11, 19),
        data_through=date(2026, 11, 1),
    )
    assert same(first, again)
    assert first.facts == again.facts
    assert not is_new(first, again)
    told = prompt_item(category("85", "Heart failure", "I50.9"))
    retold = prompt_item(
        category("85", "Heart failure", "I50.9", report_id="ra2", group_id="z", evidence=(seen(ref="Condition/other"),))
    )
    assert same(told, retold)
    assert told.facts == retold.facts


def test_a_measure_that_we_do_not_know_is_found_again_under_another_title() -> None:
    renamed = replace(OTHER, title="Fall risk at home")
    first, again = gap_item(measure=OTHER), gap_item(measure=renamed, report_id="r9")
    assert same(first, again)
    assert not same(first, gap_item(measure=replace(OTHER, url="https://plan.example/Measure/else")))


def test_another_period_is_another_item() -> None:
    this_year, last_year = gap_item(), gap_item(period=LAST_YEAR)
    assert not same(this_year, last_year)
    both = build(chart(), payer([gap(), gap(group_id="g2", period=LAST_YEAR)]))
    assert of_card(card_of(panel=both), TODAY).keys == ("glycaemic-status@2026",)  # what can still be done


def test_what_a_payer_or_the_chart_says_anew_is_new_evidence() -> None:
    first = gap_item(hba1c("9.4", "2026-03-02", ref="Observation/1"))
    newer = gap_item(hba1c("9.4", "2026-03-02", ref="Observation/1"), hba1c("9.1", "2026-08-01", ref="Observation/2"))
    assert is_new(first, newer)
    assert is_new(first, gap_item(hba1c("9.4", "2026-03-02", ref="Observation/1"), status=GapStatus.PROSPECTIVE))
    assert is_new(first, gap_item(hba1c("9.5", "2026-03-02", ref="Observation/1")))  # the entry was corrected


def test_what_is_silent_today_is_not_new_evidence() -> None:
    observed = hba1c("9.4", "2026-03-02", ref="Observation/1")
    first = gap_item(observed)
    unread = build(chart(observed, unread=("Observation",)), payer([gap()]))
    assert not is_new(first, of_card(card_of(panel=unread), TODAY))
    assert not is_new(of_card(card_of(panel=unread), TODAY), gap_item())  # it can be read again, and says nothing
    two = build(chart(observed), payer([gap()]), lakeside(gap(payer="lakeside", report_id="lk")))
    assert not is_new(of_card(card_of(panel=two), TODAY), first)
    assert is_new(first, of_card(card_of(panel=two), TODAY))


def test_what_only_the_calendar_changes_is_not_new_evidence() -> None:
    made = build(chart(), payer([gap()]), today=date(2027, 1, 4))
    over = of_card(card_of(panel=made), date(2027, 1, 4))
    assert same(gap_item(), over)
    assert over.state != gap_item().state
    assert not is_new(gap_item(), over)


def test_a_prompt_is_its_condition_in_its_year_whatever_models_list_it() -> None:
    one = category("226", "Heart failure", "I50.9")
    other = category("85", "Heart failure", "I50.9", version="24", group_id="hcc-v24")
    made = prompt_item(one, other)
    assert made.kind is Kind.PROMPT
    assert len(made.targets) == 2
    assert same(made, prompt_item(one))
    assert same(made, prompt_item(other))
    assert all(key.endswith("@2026") for key in made.keys)


def test_a_new_entry_for_or_against_a_condition_is_new_evidence() -> None:
    heart = category("226", "Heart failure", "I50.9")
    then = prompt_item(heart)
    entry = fact("Condition", icd("I50.9", "Heart failure"), "2026-05-01", ref="Condition/9")
    now = prompt_item(heart, facts=(entry,))
    assert is_new(then, now)
    assert not is_new(now, then)


def test_a_removal_names_what_payers_count_of_the_very_same_diagnosis() -> None:
    stroke = fact("Condition", icd("I63.9", "Acute ischemic stroke"), "2025-02-01", category=("problem-list-item",))
    closed = category("249", "Ischemic stroke", "I63.9", evidence_status="closed-gap")
    other = category("38", "Diabetes", "E11.9", evidence_status="closed-gap")
    taken_off = category("250", "Ischemic stroke", "I63.9", evidence_status="invalid-gap")
    made = build(chart(stroke), payer(categories=[closed, other, taken_off]))
    (row,) = [row for row in (*made.prompts, *made.more_prompts) if row.state is PromptState.REMOVE]
    assert [each.code for each in row.also] == ["249"]
    removal = of_prompt(row, TODAY)
    assert removal.against
    assert [(t.group_id, t.status) for t in removal.targets] == [("hcc-249", "closed-gap")]
    (alone,) = build(chart(stroke), payer()).prompts
    assert same(removal, of_prompt(alone, TODAY))  # a payer that is silent today makes it no other


def test_what_is_only_counted_is_an_item_of_its_own() -> None:
    net_new = category("38", "Diabetes", "E11.9", cc_type="net-new")
    (hidden,) = build(chart(), payer(categories=[net_new])).hidden
    made = items.of_hidden(hidden, TODAY)
    assert made.keys == prompt_item(replace(net_new, cc_type="historic")).keys
    assert (made.state, made.against, [t.group_id for t in made.targets]) == ("counted/net-new", True, ["hcc-38"])


def test_an_abnormal_result_without_follow_up_is_a_finding_of_nobodys() -> None:
    made = build(chart(stool("Positive", "2026-09-01")), payer())
    (card,) = made.gaps
    found = of_card(card, TODAY)
    assert found.kind is Kind.FINDING
    assert found.targets == ()
    assert found.keys == ("colorectal-screening/follow-up@2026",)


def test_every_card_and_prompt_of_a_panel_is_an_item() -> None:
    made = build(chart(), payer([gap(), gap(OTHER, group_id="g2")], [category("226", "Heart failure", "I50.9")]))
    assert len(items.of_panel(made, TODAY)) == 3


# --- version ----------------------------------------------------------------------------------------------------------

_statements = st.lists(st.sampled_from(["p1", "p2", "c1", "c2", "s1", "s2"]), unique=True, max_size=6)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Action, ...]:
    count = draw(st.integers(0, 4))
    undone = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    return tuple(
        action(Verb.DECLINED, id=f"a{n}", number=n, undone_at=NOW + timedelta(minutes=n) if gone else None)
        for n, gone in enumerate(undone, 1)
    )


@steady
@given(_statements, _statements, histories(), histories())
def test_the_version_changes_when_facts_or_words_do_and_only_then(
    then: list[str], now: list[str], before: tuple[Action, ...], after: tuple[Action, ...]
) -> None:
    seen_, here = item(facts="-".join(sorted(then))), item(facts="-".join(sorted(now)))
    marks = [(len(each), sum(a.undone_at is not None for a in each)) for each in (before, after)]
    alike = seen_.facts == here.facts and marks[0] == marks[1]
    assert (version.of(seen_, before) == version.of(here, after)) == alike


@steady
@given(_statements, _statements, histories(), st.integers(0, 4))
def test_what_has_changed_is_told(then: list[str], now: list[str], after: tuple[Action, ...], known_: int) -> None:
    before = tuple(replace(each, undone_at=None) for each in after[:known_])
    seen_, here = item(facts="-".join(sorted(then))), item(facts="-".join(sorted(now)))
    told = version.changed(version.of(seen_, before), here, after)
    assert bool(told) == (version.of(seen_, before) != version.of(here, after))
    for kind, differs in (("p", told.payers), ("c", told.chart), ("s", told.state)):
        assert differs == ({e for e in then if e[0] == kind} != {e for e in now if e[0] == kind})
    assert told.acted == after[len(before) :]
    assert {each.number for each in told.undone} == {e.number for e in after[: len(before)] if e.undone_at}


def test_an_action_on_another_item_changes_nothing() -> None:
    elsewhere = action(Verb.DECLINED, item(keys=("breast@2026",)))
    assert version.of(item(), (elsewhere,)) == version.of(item(), ())


def test_a_version_that_cannot_be_read_has_changed() -> None:
    for text in ("", "x", "a-b-c.", "a-b.1", "a-b-c.1ux", "a-b-c.-1"):
        assert version.changed(text, item(), ()), text


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "1.5", "²", "", "1u" + "9" * 5000])
def test_a_version_that_is_none_has_changed_in_everything(number: str) -> None:
    """Whatever somebody puts into the form: also a number that Python does not read."""
    facts = version.of(item(), ()).partition(".")[0]
    assert version.changed(f"{facts}.{number}", item(), ()).payers
