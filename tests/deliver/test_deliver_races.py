"""The end of a visit while people still record and take back: on both engines each remark is in one state, and no word
that was taken back is sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.actions import Actor
from app.actions.recording import Recording
from app.actions.tap import Outcome, Tap, Under
from app.core.ledger import version
from app.core.ledger.action import Item, Target
from app.core.ledger.outgoing import Post
from app.core.ledger.permission import Refusal, Sitting
from app.core.ledger.verb import Kind, Verb, Why
from app.core.report import ConditionCategory, Measure
from app.core.roles import Role
from app.deliver import Closing
from app.store import Store, audit, compliance, outbox, recorded, visits
from app.store.compliance import Direction
from app.store.said import Person
from tests.core.made import TODAY
from tests.deliver.shop import ISSUER, PATIENT
from tests.store.one_store import START

DOCTOR = Actor("a-launch", "Practitioner/1", "Dr. Wren Castellane", Role.CLINICIAN, ISSUER)


def item(n: int = 0) -> Item:
    target = Target("northwind", f"r{n}", "g1", "care-gaps", "deqm-us-5.0.0", "open-gap")
    return Item(Kind.GAP, (f"act-{n}@2026",), "Eye exam", "facts", (target,), None, "do-today")


def under(visit: str = "e1", **other: Any) -> Under:
    sitting = Sitting(f"Encounter/{visit}", "in-progress", TODAY, TODAY)
    fields: dict[str, Any] = {
        "patient": PATIENT, "person": Person("ROE, Jane"), "ehr": "main", "sitting": sitting, "launch": "a-launch",
        "zone": ZoneInfo("UTC"), "ends_at": START, "npi": "1234567893",
    }  # fmt: skip
    return Under(**(fields | other))


def tap(store: Store, what: Item, verb: Verb = Verb.DECLINED, *whys: Why) -> Tap:
    with store.read() as tx:
        return Tap(verb, version.of(what, recorded.of_patient(tx, PATIENT)), whys)


def posts(store: Store, action: str) -> set[Post]:
    with store.read() as tx:
        return {each.post for each in outbox.of_action(tx, action)}


def recorded_as(outcome: Outcome) -> str:
    assert outcome.action is not None, outcome
    return outcome.action.id


def today(store: Store) -> Sitting:
    with store.read() as tx:
        day = tx.now.date()
    return Sitting("Encounter/e1", "in-progress", day, day)


def survived(what: Callable[[], None], wrong: list[BaseException]) -> None:
    try:
        what()
    except BaseException as error:
        wrong.append(error)


def test_an_undo_that_waits_for_the_end_of_the_visit_comes_too_late(store: Store) -> None:
    made, closing = Recording(store), Closing(store, {})
    here = under(sitting=today(store))
    name = recorded_as(made.record(DOCTOR, here, item(), tap(store, item())))
    assert posts(store, name) == {Post.HELD}
    came: list[Outcome] = []
    undoing = threading.Thread(target=lambda: came.append(made.undo(DOCTOR, here, name)))
    with store.begin() as tx:
        key = visits.key(tx, ISSUER, "Encounter/e1")
        visits.alone(tx, key)
        undoing.start()
        time.sleep(0.5)  # for the other to come as far as it can; where it has not, nothing is shown and nothing fails
        assert closing.close(tx, key)
    undoing.join(60)
    assert [each.refused for each in came] == [Refusal.VISIT_OVER]
    assert posts(store, name) == {Post.WAITING}


def test_whoever_records_and_takes_back_while_visits_end_nothing_is_in_two_states(store: Store) -> None:
    """Eight at once: nobody waits for ever, and nobody is turned away by the database."""
    made, closing = Recording(store), Closing(store, {})
    said: list[str] = []
    wrong: list[BaseException] = []

    def somebody(n: int) -> None:
        actor = replace(DOCTOR, launch=f"launch {n}", user=f"Practitioner/{n}")
        for visit in range(4):
            here = under(
                f"v{visit}", launch=actor.launch, sitting=replace(today(store), encounter=f"Encounter/v{visit}")
            )
            what = item(10 * n + visit)
            name = recorded_as(made.record(actor, here, what, tap(store, what)))
            said.append(name)
            if n % 2:
                made.undo(actor, here, name)

    def end() -> None:
        for visit in range(4):
            with store.begin() as tx:
                closing.close(tx, visits.key(tx, ISSUER, f"Encounter/v{visit}"))

    people: list[Callable[[], None]] = [lambda n=n: somebody(n) for n in range(6)]  # type: ignore[misc] # bound now
    threads = [threading.Thread(target=survived, args=(each, wrong)) for each in (*people, end, end)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not wrong
    end()
    with store.read() as tx:
        undone = {each.id: each.undone_at is not None for each in recorded.of_patient(tx, PATIENT)}
        assert not audit.verify(tx)
    assert set(undone) == set(said)
    for name in said:
        assert posts(store, name) == {Post.WITHDRAWN if undone[name] else Post.WAITING}


def test_a_tap_on_what_was_taken_back_is_none(store: Store) -> None:
    """From a page that still shows it as it was before."""
    made, here = Recording(store), under(sitting=today(store))
    first = tap(store, item())
    name = recorded_as(made.record(DOCTOR, here, item(), first))
    assert recorded_as(made.record(DOCTOR, here, item(), first)) == name  # a double tap
    made.undo(DOCTOR, here, name)
    again = made.record(DOCTOR, here, item(), first)
    assert again.action is None
    assert again.changed


def test_other_words_on_the_same_button_are_no_double_tap(store: Store) -> None:
    """Or the second day would be shown as recorded, and never be."""
    made, here = Recording(store), under(sitting=today(store))
    first = replace(tap(store, item(), Verb.NOT_NOW), until=here.sitting.today + timedelta(days=30))
    name = recorded_as(made.record(DOCTOR, here, item(), first))
    other = made.record(DOCTOR, here, item(), replace(first, until=here.sitting.today + timedelta(days=60)))
    assert other.action is None
    assert other.changed
    assert [each.id for each in other.changed.acted] == [name]


def test_a_removal_that_is_taken_back_is_a_line_of_its_own(store: Store) -> None:
    """Also where the payer's list is another one by then."""
    category = ConditionCategory(
        "northwind", "r1", "g1", Measure("hcc"), "", "28", "37", "Diabetes", "historic", "closed-gap"
    )
    target = Target("northwind", "r1", "g1", "risk", "ra-2.1.0", "closed-gap")
    what = Item(Kind.PROMPT, ("diabetes@2026",), "Diabetes", "facts", (target,), None, "assess-historic")
    made, here = Recording(store), under(sitting=today(store))
    seen = replace(here, categories=(category,))
    name = recorded_as(made.record(DOCTOR, seen, what, tap(store, what, Verb.NOT_PRESENT, Why.NEVER_HAD)))
    made.undo(DOCTOR, here, name)
    with store.read() as tx:
        lines = compliance.lines(tx, ISSUER)
        assert not compliance.broken(tx)
    assert [(each.direction, each.reason) for each in lines] == [
        (Direction.REMOVED, str(Why.NEVER_HAD)), (Direction.REMOVED, "taken-back"),
    ]  # fmt: skip
