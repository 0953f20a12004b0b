"""What is put away and when it comes back, by itself and on whole panels."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import changes
from app.core.flag import MAX_GAPS, MAX_PROMPTS, Card, Panel, PromptRow, PromptState
from app.core.ledger import dismissal, machine
from app.core.ledger.action import Action
from app.core.ledger.dismissal import Back, Now, Shelf
from app.core.ledger.item import is_new, of_card, of_panel, of_prompt
from app.core.ledger.outgoing import Judged, Ledger, Post, Sends
from app.core.ledger.verb import Kind, Verb
from app.core.visit import Visit
from tests.core.made import (
    BREAST,
    COLORECTAL,
    HBA1C,
    NOW,
    OTHER,
    PRESSURE,
    TODAY,
    build,
    category,
    chart,
    fact,
    few,
    gap,
    hba1c,
    icd,
    payer,
    seen,
    steady,
)
from tests.core.recorded import VISIT, action, follow_up, item, ledger, message

HERE = Now(TODAY, VISIT)
NEXT = Now(TODAY + timedelta(days=40), "Encounter/next")
PROMPT = item(Kind.PROMPT)


def shelf(made: Action, now: Now = HERE, **other: Any) -> tuple[Shelf, Back]:
    found = dismissal.placed(other.pop("of", made.item), ledger(made, **other), now)
    return found.shelf, found.back


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        (Verb.DONE, Shelf.SETTLED),
        (Verb.ORDERED, Shelf.SETTLED),
        (Verb.ALREADY_DONE, Shelf.PUT_AWAY),
        (Verb.DECLINED, Shelf.PUT_AWAY),
        (Verb.NOT_APPROPRIATE, Shelf.PUT_AWAY),
        (Verb.NOT_NOW, Shelf.PUT_AWAY),
        (Verb.NEEDS_HELP, Shelf.SETTLED),
        (Verb.PRESENT, Shelf.SETTLED),
        (Verb.NOT_PRESENT, Shelf.PUT_AWAY),
        (Verb.IN_PROGRESS, Shelf.SETTLED),
    ],
)
def test_one_word_puts_an_item_aside(verb: Verb, expected: Shelf) -> None:
    assert shelf(action(verb)) == (expected, Back.NOTHING)


@pytest.mark.parametrize("verb", Verb)
def test_at_the_next_visit_only_what_was_for_this_one_comes_back(verb: Verb) -> None:
    comes_back = verb in (Verb.NOT_NOW, Verb.NEEDS_HELP, Verb.IN_PROGRESS)
    if verb is not Verb.WRONG_PATIENT:
        assert (shelf(action(verb), NEXT)[1] is Back.NEXT_VISIT) == comes_back


@pytest.mark.parametrize("verb", sorted(set(Verb) - {Verb.WRONG_PATIENT}))
def test_new_evidence_brings_everything_back_and_the_same_again_nothing(verb: Verb) -> None:
    made = action(verb, item(facts="c1-p1-s1"))
    assert shelf(made, of=item(facts="c1-c2-p1-s1")) == (Shelf.SHOWN, Back.NEW_EVIDENCE)
    assert shelf(made, of=item(facts="c1-p1-p2-s1"))[1] is Back.NEW_EVIDENCE
    reissued = item(facts="c1-p1-s1", targets=(replace(made.item.targets[0], report_id="r2"),))
    assert shelf(made, of=reissued)[1] is Back.NOTHING
    assert shelf(made, of=item(facts="p1-s2"))[1] is Back.NOTHING  # a silent source, another day


def test_put_off_until_a_day_comes_back_on_that_day_whatever_visit_it_is() -> None:
    made = action(Verb.NOT_NOW, until=TODAY + timedelta(days=10))
    assert dismissal.placed(made.item, ledger(made), HERE).until == TODAY + timedelta(days=10)
    for days, expected in ((0, Back.NOTHING), (9, Back.NOTHING), (10, Back.DATE), (30, Back.DATE)):
        assert shelf(made, Now(TODAY + timedelta(days=days), "Encounter/later"))[1] is expected, days


def test_without_an_encounter_the_clinics_day_is_the_visit() -> None:
    late = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)  # 20 November, 19:30, in Chicago
    made = action(Verb.NOT_NOW, encounter="", at=late)
    zone = ZoneInfo("America/Chicago")
    assert shelf(made, Now(date(2026, 11, 20), "", zone))[1] is Back.NOTHING
    assert shelf(made, Now(date(2026, 11, 21), "", zone))[1] is Back.NEXT_VISIT


def test_who_looks_later_that_day_without_an_encounter_is_at_no_next_visit() -> None:
    made = action(Verb.NOT_NOW)
    assert shelf(made, Now(TODAY, ""))[1] is Back.NOTHING
    assert shelf(made, Now(TODAY + timedelta(days=1), ""))[1] is Back.NEXT_VISIT
    before_it = action(Verb.NOT_NOW, encounter="")
    assert shelf(before_it, HERE)[1] is Back.NEXT_VISIT


def test_what_was_promised_and_has_not_come_brings_it_back_the_day_after() -> None:
    made, due = action(Verb.ORDERED), TODAY + timedelta(days=30)
    promised = follow_up(due=due)
    assert shelf(made, Now(due, "Encounter/x"), follow_ups=(promised,))[1] is Back.NOTHING
    assert shelf(made, Now(due + timedelta(days=1), "Encounter/x"), follow_ups=(promised,))[1] is Back.OVERDUE
    done = replace(promised, done_at=NOW)
    assert shelf(made, Now(due + timedelta(days=1), "Encounter/x"), follow_ups=(done,))[1] is Back.NOTHING


@pytest.mark.parametrize("judged", [Judged.REJECTED, Judged.REOPENED])
def test_a_payer_that_contradicts_brings_it_back(judged: Judged) -> None:
    made = action(Verb.ALREADY_DONE)
    assert shelf(made, NEXT, messages=(message(made, judged=judged),))[1] is Back.CONFLICT
    assert shelf(made, NEXT, messages=(message(made, judged=judged, post=Post.WITHDRAWN),))[1] is Back.NOTHING


def test_what_a_payer_has_not_confirmed_in_time_comes_back() -> None:
    made = action(Verb.ALREADY_DONE)
    sent = message(made)
    for days, expected in ((45, Back.NOTHING), (46, Back.LATE)):
        now = Now(TODAY + timedelta(days=days), "Encounter/x")
        assert shelf(made, now, messages=(sent,))[1] is expected
        assert shelf(made, replace(now, confirm_days={"northwind": 90}), messages=(sent,))[1] is Back.NOTHING
    declined = action(Verb.DECLINED)  # a refusal changes nothing at the payer: there is nothing to confirm
    said = message(declined, code="patient-refused")
    assert shelf(declined, Now(TODAY + timedelta(days=300)), messages=(said,))[1] is Back.NOTHING


def test_a_write_to_the_ehr_is_no_word_to_a_payer() -> None:
    made = action(Verb.ORDERED)
    written = message(made, kind=Sends.EHR, judged=Judged.REJECTED)
    assert shelf(made, NEXT, messages=(written,))[1] is Back.NOTHING


def test_what_was_taken_back_puts_nothing_away_and_the_word_before_stands() -> None:
    first = action(Verb.ORDERED)
    second = action(Verb.DECLINED, id="a2", number=2)
    undone = replace(second, undone_at=NOW)
    assert dismissal.placed(item(), ledger(first, second), HERE).shelf is Shelf.PUT_AWAY
    assert dismissal.placed(item(), ledger(first, undone), HERE).shelf is Shelf.SETTLED
    assert dismissal.placed(item(), ledger(replace(first, undone_at=NOW), undone), HERE).shelf is Shelf.SHOWN


def test_a_report_of_another_patient_that_is_seen_again_was_released() -> None:
    assert shelf(action(Verb.WRONG_PATIENT)) == (Shelf.SHOWN, Back.HELD)


_facts = st.lists(st.sampled_from([f"{kind}{n}" for kind in "pcs" for n in range(3)]), unique=True)


@steady
@given(st.sampled_from(Verb), _facts, _facts, st.integers(0, 400), st.sampled_from([VISIT, "Encounter/next", ""]))
def test_a_dismissal_never_hides_new_evidence(
    verb: Verb, then: list[str], now: list[str], days: int, encounter: str
) -> None:
    made = action(verb, item(facts="-".join(sorted(then))))
    here = item(facts="-".join(sorted(now)))
    found = dismissal.placed(here, ledger(made), Now(TODAY + timedelta(days=days), encounter))
    if is_new(made.item, here):
        assert found.shelf is Shelf.SHOWN
    if {each for each in now if each[0] != "s"} - set(then):
        assert found.shelf is Shelf.SHOWN


# --- panels -----------------------------------------------------------------------------------------------------------

MEASURES = (HBA1C, PRESSURE, COLORECTAL, BREAST, OTHER)
GAPS = [gap(measure, group_id=f"g{n}") for n, measure in enumerate(MEASURES)]
CATEGORIES = [
    category("226", "Heart failure", "I50.9", evidence=(seen(),)),
    category("280", "COPD", "J44.9", evidence=(seen(),)),
    category("38", "Diabetes", "E11.9", evidence=(seen(),)),
]
STROKE = fact("Condition", icd("I63.9", "Acute ischemic stroke"), "2025-02-01", category=("problem-list-item",))
CHART = chart(hba1c("9.4", "2026-03-02"), STROKE)
AT_VISIT = Visit(TODAY, "AMB", VISIT)


def panel(of: Ledger | None = None) -> Panel:
    return build(CHART, payer(GAPS, CATEGORIES), visit=AT_VISIT, ledger=of or Ledger())


def cards_of(made: Panel) -> tuple[Card, ...]:
    return (*made.gaps, *made.more_gaps, *made.staff, *made.excluded, *made.put_away, *made.settled)


def rows_of(made: Panel) -> tuple[PromptRow, ...]:
    return (*made.prompts, *made.more_prompts, *made.put_away_prompts, *made.settled_prompts)


PLAIN = panel()
ITEMS = of_panel(PLAIN, TODAY)


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """What anybody may have recorded about this panel, in this visit and before."""
    made: list[Action] = []
    for number in range(1, draw(st.integers(0, 8)) + 1):
        about = draw(st.sampled_from(ITEMS))
        made.append(
            action(
                draw(st.sampled_from(machine.VERBS[about.kind])),
                about,
                id=f"a{number}",
                number=number,
                encounter=draw(st.sampled_from([VISIT, "Encounter/before", ""])),
                at=NOW - timedelta(days=draw(st.integers(0, 200))),
                undone_at=draw(st.sampled_from([None, None, NOW])),
            )
        )
    return Ledger(tuple(made), tuple(message(a, id=f"m{a.id}", judged=draw(st.sampled_from(Judged))) for a in made))


@few
@given(ledgers())
def test_whatever_was_recorded_every_row_is_on_one_shelf_and_the_budget_holds(of: Ledger) -> None:
    made = panel(of)
    assert sorted(card.act for card in cards_of(made)) == sorted(card.act for card in cards_of(PLAIN))
    assert len(rows_of(made)) == len(rows_of(PLAIN))
    assert len(made.gaps) <= MAX_GAPS
    assert len(made.prompts) <= MAX_PROMPTS
    assert len(made.gaps) <= len(PLAIN.gaps)  # actions add no expanded row
    assert len(made.prompts) <= len(PLAIN.prompts)
    assert (made.clear, made.complete, made.closed, made.hidden) == (
        PLAIN.clear,
        PLAIN.complete,
        PLAIN.closed,
        PLAIN.hidden,
    )


@few
@given(ledgers())
def test_an_item_is_put_away_on_the_panel_exactly_when_it_is_by_the_rule(of: Ledger) -> None:
    made = panel(of)
    shelves = {
        **{of_card(c, TODAY).keys: Shelf.PUT_AWAY for c in made.put_away},
        **{of_card(c, TODAY).keys: Shelf.SETTLED for c in made.settled},
        **{of_prompt(r, TODAY).keys: Shelf.PUT_AWAY for r in made.put_away_prompts},
        **{of_prompt(r, TODAY).keys: Shelf.SETTLED for r in made.settled_prompts},
    }
    for each in ITEMS:
        assert shelves.get(each.keys, Shelf.SHOWN) is dismissal.placed(each, of, HERE).shelf


def test_who_finishes_a_row_is_not_handed_another_in_the_same_visit() -> None:
    first = PLAIN.gaps[0]
    made = panel(ledger(action(Verb.DECLINED, of_card(first, TODAY))))
    assert made.put_away == (first,)
    assert made.gaps == PLAIN.gaps[1:]
    assert made.more_gaps == PLAIN.more_gaps
    later = panel(ledger(action(Verb.DECLINED, of_card(first, TODAY), encounter="Encounter/before")))
    assert len(later.gaps) == MAX_GAPS
    assert later.gaps[: MAX_GAPS - 1] == PLAIN.gaps[1:]


def test_a_row_out_of_the_fold_that_is_put_away_moves_no_expanded_row() -> None:
    (last,) = PLAIN.more_gaps[-1:]
    made = panel(ledger(action(Verb.NOT_NOW, of_card(last, TODAY))))
    assert made.gaps == PLAIN.gaps
    assert last in made.put_away


def test_a_condition_that_was_assessed_leaves_the_expanded_rows() -> None:
    asked = next(row for row in PLAIN.prompts if row.state is not PromptState.REMOVE)
    made = panel(ledger(action(Verb.PRESENT, of_prompt(asked, TODAY))))
    assert made.settled_prompts == (asked,)
    assert made.prompts == tuple(row for row in PLAIN.prompts if row is not asked)
    absent = panel(ledger(action(Verb.NOT_PRESENT, of_prompt(asked, TODAY))))
    assert absent.put_away_prompts == (asked,)


def test_at_the_next_visit_a_removal_has_one_of_the_two_rows_again() -> None:
    asked = [row for row in PLAIN.prompts if row.state is not PromptState.REMOVE]
    made = panel(ledger(*(action(Verb.PRESENT, of_prompt(row, TODAY), encounter="Encounter/before") for row in asked)))
    assert len(made.prompts) == MAX_PROMPTS
    assert [row.state for row in made.prompts].count(PromptState.REMOVE) == 1


def test_what_is_put_away_is_not_gone_and_comes_back_with_a_new_value() -> None:
    (card,) = [card for card in PLAIN.gaps if card.act == "glycaemic-status"]
    said = ledger(action(Verb.DECLINED, of_card(card, TODAY)))
    assert [each.act for each in panel(said).put_away] == ["glycaemic-status"]
    newer = chart(hba1c("9.4", "2026-03-02"), hba1c("10.2", "2026-11-19"), STROKE)
    back = build(newer, payer(GAPS, CATEGORIES), visit=AT_VISIT, ledger=said)
    assert "glycaemic-status" in [each.act for each in back.gaps]
    assert back.put_away == ()


def test_what_was_put_away_is_no_change_since_the_patient_was_last_opened() -> None:
    said = [action(Verb.DECLINED, of_card(PLAIN.gaps[0], TODAY)), action(Verb.DONE, of_card(PLAIN.gaps[1], TODAY))]
    said += [action(Verb.PRESENT, of_prompt(row, TODAY)) for row in PLAIN.prompts]
    made = panel(ledger(*said))
    assert len(made.put_away) == len(made.settled) == 1
    assert made.settled_prompts
    for of in (changes.of_gaps, changes.of_prompts):
        before, now = of(PLAIN, TODAY), of(made, TODAY)
        assert {each.keys for each in now.entries} == {each.keys for each in before.entries}
        assert changes.changes(before, now) == changes.changes(now, before) == ()
