"""Drafts for the EHR: one resource for a tap, however often it is tried; what cannot be written waits and is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.actions import Actor
from app.actions.ordering import Ordering
from app.core.ledger.ordering import LINE, ORDER, TASK, Write
from app.core.ledger.outgoing import Came, Post, Written
from app.core.ledger.permission import Refusal, Sitting
from app.core.roles import Role
from app.deliver.ehr import By, EhrWriting
from app.errors import NotAllowed
from app.sources.ehr.authored import authored
from app.store import Store
from tests.app.leaving import DOCTOR, ITEM, OPENING, PATIENT, done, fresh, noon, under
from tests.core.made import TODAY
from tests.store.one_store import Clock, at_once

BY = By("Practitioner/1", "clinician")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("template") / "store.sqlite3"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(template: Path, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with fresh(template, tmp_path, clock) as opened:
        yield opened


def draft(kind: str = ORDER, **other: Any) -> Write:
    fields: dict[str, Any] = {
        "patient": "Patient/p1", "encounter": "Encounter/e1", "author": "Practitioner/1",
        "author_name": "Dr. Wren Castellane", "at": noon(), "words": "Stool test",
    }  # fmt: skip
    return Write(kind, "", **(fields | other))


class Ehr:
    """An EHR that keeps what it is sent, by our identifier, and then answers as it is told."""

    def __init__(self, *answers: Written) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.answers = list(answers)
        self.against: list[str] = []

    def create(self, resource: dict[str, Any], against: str, about_to_send: Callable[[str], None]) -> Written:
        self.against.append(against)
        about_to_send("asked")
        answer = self.answers.pop(0) if self.answers else Written(Came.SENT, reference=f"{ORDER}/n1")
        if answer.came in (Came.SENT, Came.UNKNOWN):
            self.kept[resource["identifier"][0]["value"]] = resource
        else:
            about_to_send("")
        return answer


def ordering(store: Store) -> Ordering:
    return Ordering(store, authored)


def written(store: Store, ehr: Ehr, ids: tuple[str, ...], patient: str = PATIENT) -> int:
    return EhrWriting(store, lambda _: ehr, "this-process").run(OPENING, patient, BY, ids)


def test_a_draft_is_written_and_stands_in_the_chart(store: Store) -> None:
    ehr, made = Ehr(), ordering(store)
    put = made.put(DOCTOR, under(), ITEM, [draft()])
    assert not ehr.kept  # nothing leaves from there
    assert written(store, ehr, put.ids) == 1
    (resource,) = ehr.kept.values()
    assert (resource["resourceType"], resource["status"]) == (ORDER, "draft")
    (one,) = made.drafted(PATIENT, ITEM)
    assert (one.message.post, one.message.payer_words, one.by) == (Post.SENT, "ServiceRequest/n1", DOCTOR.name)
    assert not one.open
    assert done(store) == [("draft-for-ehr", "ok"), ("write-ehr", "ok")]


def test_two_taps_and_two_people_make_one(store: Store) -> None:
    ehr, made = Ehr(), ordering(store)
    first = made.put(DOCTOR, under(), ITEM, [draft()])
    second = made.put(replace(DOCTOR, launch="other", name="Maria Silva"), under(launch="other"), ITEM, [draft()])
    assert first.ids == second.ids
    assert written(store, ehr, first.ids) + written(store, ehr, second.ids) == 1
    assert len(ehr.kept) == 1


def test_many_at_once_make_one(store: Store) -> None:
    ehr, made = Ehr(), ordering(store)

    def tap(_: int) -> int:
        return written(store, ehr, made.put(DOCTOR, under(), ITEM, [draft()]).ids)

    assert sum(at_once(6, tap)) == 1
    assert ehr.against == [""]


def test_another_kind_thing_or_day_is_another_draft(store: Store) -> None:
    made = ordering(store)
    other_day = noon().replace(day=noon().day - 1)
    drafts = [draft(), draft(TASK), draft(LINE), draft(at=other_day), replace(draft(), patient="Patient/p1")]
    ids = [made.put(DOCTOR, under(), ITEM, [each]).ids[0] for each in drafts]
    assert len(set(ids)) == 4
    assert ids[0] == ids[4]


def test_what_may_have_arrived_is_tried_again_knowing_that(store: Store) -> None:
    ehr, made = Ehr(Written(Came.UNKNOWN, trouble="slow")), ordering(store)
    put = made.put(DOCTOR, under(), ITEM, [draft()])
    assert written(store, ehr, put.ids) == 0
    (one,) = made.drafted(PATIENT, ITEM)
    assert (one.message.post, one.message.trouble, one.open) == (Post.WAITING, "slow", True)
    assert made.waiting(PATIENT, "main") == put.ids
    assert written(store, ehr, put.ids) == 1
    assert ehr.against == ["", "asked"]


def test_a_process_that_died_while_writing_leaves_what_it_began(store: Store, clock: Clock) -> None:
    class Killed(Exception):
        pass

    class Dies(Ehr):
        def create(self, resource: dict[str, Any], against: str, about_to_send: Callable[[str], None]) -> Written:
            super().create(resource, against, about_to_send)
            raise Killed

    made = ordering(store)
    put = made.put(DOCTOR, under(), ITEM, [draft()])
    with pytest.raises(Killed):
        written(store, Dies(), put.ids)
    (one,) = made.drafted(PATIENT, ITEM)
    assert one.open
    assert not made.withdraw(DOCTOR, under(), put.ids[0])  # it may have arrived: nobody says that it has not
    clock.advance(minutes=5)
    ehr = Ehr()
    assert written(store, ehr, put.ids) == 1
    assert ehr.against == ["asked"]


@pytest.mark.parametrize("came", [Came.LATER, Came.REFUSED])
def test_what_was_not_written_waits_for_a_person(store: Store, came: Came) -> None:
    ehr, made = Ehr(Written(came, trouble="not-taken", words="no such code")), ordering(store)
    put = made.put(DOCTOR, under(), ITEM, [draft()])
    assert written(store, ehr, put.ids) == 0
    (one,) = made.drafted(PATIENT, ITEM)
    assert (one.open, one.message.trouble, one.message.payer_words) == (True, "not-taken", "no such code")
    assert made.again(DOCTOR, under(), put.ids[0]) is (came is Came.REFUSED)  # what waits needs no permission
    assert written(store, ehr, made.waiting(PATIENT, "main")) == 1


def test_what_has_not_left_can_be_taken_back(store: Store) -> None:
    ehr, made = Ehr(Written(Came.LATER, trouble="busy")), ordering(store)
    put = made.put(DOCTOR, under(), ITEM, [draft()])
    written(store, ehr, put.ids)
    assert made.withdraw(DOCTOR, under(), put.ids[0])
    assert written(store, ehr, put.ids) == 0
    (one,) = made.drafted(PATIENT, ITEM)
    assert (one.message.post, one.open) == (Post.WITHDRAWN, False)


def test_nobody_writes_into_another_patients_chart(store: Store) -> None:
    ehr, made, other = Ehr(), ordering(store), f"{OPENING.issuer}|p2"
    put = made.put(DOCTOR, under(), ITEM, [draft()])
    assert written(store, ehr, put.ids, other) == 0
    assert not ehr.kept
    assert not made.again(DOCTOR, under(patient=other), put.ids[0])
    assert not made.withdraw(DOCTOR, under(patient=other), put.ids[0])
    assert not made.drafted(other, ITEM)
    assert written(store, ehr, put.ids) == 1  # it was not lost


def test_without_a_visit_nothing_is_drafted(store: Store) -> None:
    put = ordering(store).put(DOCTOR, under(sitting=Sitting("", "", None, TODAY)), ITEM, [draft()])
    assert (put.refused, put.ids) == (Refusal.NO_VISIT, ())


@pytest.mark.parametrize(("withheld", "why"), [("deceased", Refusal.DECEASED), ("hospice", Refusal.HOSPICE)])
def test_nothing_is_drafted_for_the_dead_or_dying(store: Store, withheld: str, why: Refusal) -> None:
    sitting = Sitting("Encounter/e1", "in-progress", TODAY, TODAY, withheld)
    assert ordering(store).put(DOCTOR, under(sitting=sitting), ITEM, [draft()]).refused is why


@pytest.mark.parametrize("role", [Role.MANAGER, Role.PRIVACY, Role.OPERATOR, Role.FINANCE, Role.NONE])
def test_who_records_nothing_drafts_nothing(store: Store, role: Role) -> None:
    who: Actor = replace(DOCTOR, role=role)
    made = ordering(store)
    for tap in (
        lambda: made.put(who, under(), ITEM, [draft()]),
        lambda: made.again(who, under(), "0"),
        lambda: made.withdraw(who, under(), "0"),
    ):
        with pytest.raises(NotAllowed):
            tap()
