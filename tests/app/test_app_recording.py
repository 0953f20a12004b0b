"""Whatever is said of an item in one visit and taken back again: what leaves is what stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.actions.actor import Actor
from app.actions.recording import Recording
from app.actions.tap import Tap, Under
from app.core.ledger import permission, version
from app.core.ledger.action import Action, Item, Target
from app.core.ledger.item import counting, standing
from app.core.ledger.outgoing import Post
from app.core.ledger.permission import Sitting
from app.core.ledger.remarks import Code, code_for
from app.core.ledger.verb import Kind, Verb, Why
from app.core.roles import Role
from app.store import Store
from app.store.migrations import migrate
from app.store.said import Person
from tests.store.one_store import open_store

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
TODAY = date(2026, 3, 2)
ISSUER, VISIT = "https://ehr.example", "Encounter/e1"
DOCTOR = Actor("a-launch", "Practitioner/1", "Wren Castellane", Role.CLINICIAN, ISSUER)
HEART = Item(
    Kind.PROMPT, ("hcc/226@2026",), "Heart failure", "p1", (Target("northwind", "ra1", "h", "risk", "ra-2.1.0"),)
)
COUNTED = replace(HEART, keys=("hcc/224@2026",), label="Heart failure, end-stage", targets=(
    Target("northwind", "ra1", "e", "risk", "ra-2.1.0"), Target("lakeside", "ra7", "e", "risk", "ra-3.0.0-ballot"),
))  # fmt: skip
A1C = Item(Kind.GAP, ("a1c@2026",), "HbA1c test", "p2", (
    Target("northwind", "g1", "a", "care-gaps", "deqm-us-5.0.0"),
    Target("harbor", "g2", "b", "care-gaps", "deqm-uv-1.0.0"),
))  # fmt: skip
ITEMS = (HEART, COUNTED, A1C)
_patients = count(1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("recording")
    opened = open_store(f"sqlite:///{folder}/recording.sqlite3", lambda: NOW)
    migrate(opened.engine)
    yield opened
    opened.close()


def under(patient: str, visit: str = VISIT) -> Under:
    return Under(
        patient=patient,
        person=Person(),
        sitting=Sitting(visit, "in-progress", TODAY, TODAY),
        ehr="main",
        launch="a-launch",
        zone=UTC,
        ends_at=NOW + timedelta(hours=9),
        npi="1234567893",
    )


def say(desk: Recording, here: Under, item: Item, verb: Verb, *whys: Why) -> Action | None:
    known = desk.ledger(here.patient).actions
    more = {"on": TODAY, "place": "Harbour Clinic"} if verb is Verb.ALREADY_DONE else {}
    tap = Tap(verb, version.of(item, known), whys, **more)  # type: ignore[arg-type]
    return desk.record(DOCTOR, here, item, tap).action


def owed(actions: tuple[Action, ...]) -> Counter[tuple[str, str, str]]:
    """What each payer is to hear of what stands now, by group."""
    found: Counter[tuple[str, str, str]] = Counter()
    for item in ITEMS:
        for each in counting(standing(item, actions)):
            for target in item.targets:
                code = code_for(each, target)
                if isinstance(code, Code):
                    found[target.payer, f"{target.report_id}/{target.group_id}", code.code] += 1
    return found


def leaves(desk: Recording, patient: str) -> Counter[tuple[str, str, str]]:
    live = [each for each in desk.ledger(patient).messages if each.post is not Post.WITHDRAWN]
    return Counter((each.to, each.group, each.code) for each in live)


#: Which item, which of the verbs that it takes, which of their reasons; or None: what was said last is taken back.
_steps = st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 2), st.integers(0, 10), st.integers(0, 5))), max_size=7)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_steps)
def test_at_most_one_remark_a_group_and_it_says_what_stands(
    store: Store, steps: list[tuple[int, int, int] | None]
) -> None:
    desk, patient = Recording(store), f"{ISSUER}|p{next(_patients)}"
    here = under(patient, f"Encounter/{patient}")
    for step in steps:
        actions = desk.ledger(patient).actions
        if step is None:
            left = [each for each in actions if each.undone_at is None]
            if left:
                desk.undo(DOCTOR, here, left[-1].id)
        else:
            item = ITEMS[step[0]]
            verbs = [verb for verb in Verb if permission.refused(verb, (), item, Role.CLINICIAN, here.sitting) is None]
            verb = [each for each in verbs if each is not Verb.WRONG_PATIENT][step[1] % (len(verbs) - 1)]
            whys = permission.reasons(verb, item, Role.CLINICIAN, here.sitting)
            say(desk, here, item, verb, *([whys[step[2] % len(whys)]] if whys else []))
        there = leaves(desk, patient)
        assert there == owed(desk.ledger(patient).actions)
        assert max(Counter(key[:2] for key in there.elements()).values(), default=1) == 1


def test_what_a_later_word_replaced_waits_again_once_that_is_taken_back(store: Store) -> None:
    desk, here = Recording(store), under(f"{ISSUER}|first", "Encounter/first")
    ordered = say(desk, here, A1C, Verb.ORDERED)
    declined = say(desk, here, A1C, Verb.DECLINED)
    assert ordered
    assert declined
    assert {code for _, _, code in leaves(desk, here.patient)} == {"patient-refused"}
    assert not _open(desk, here)
    assert desk.undo(DOCTOR, here, declined.id).action
    assert {code for _, _, code in leaves(desk, here.patient)} == {"order-placed"}
    assert _open(desk, here) == [("result", ordered.id)]
    assert desk.undo(DOCTOR, here, ordered.id).action
    assert not leaves(desk, here.patient)
    assert not _open(desk, here)


def test_asking_for_help_says_nothing_against_what_was_said_before(store: Store) -> None:
    desk, here = Recording(store), under(f"{ISSUER}|second", "Encounter/second")
    say(desk, here, HEART, Verb.PRESENT)
    say(desk, here, HEART, Verb.NEEDS_HELP, Why.TRANSPORT)
    assert leaves(desk, here.patient) == {("northwind", "ra1/h", "assessed-present"): 1}
    say(desk, here, A1C, Verb.NEEDS_HELP, Why.COST)
    say(desk, here, A1C, Verb.ORDERED)
    assert sorted(what for what, _ in _open(desk, here)) == ["help", "help", "result"]
    say(desk, here, A1C, Verb.DONE)
    assert sorted(what for what, _ in _open(desk, here)) == ["evidence", "help"]


def _open(desk: Recording, here: Under) -> list[tuple[str, str]]:
    return [(each.what, each.action) for each in desk.ledger(here.patient).follow_ups if each.done_at is None]
