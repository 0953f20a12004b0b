"""The ledgers of the patients of a day: read together as they are one by one, with a version for each state of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import event

from app.core.ledger.outgoing import Judged, Ledger, Post
from app.store import Store, follow_ups, ledgers, outbox, recorded
from tests.store.ledger_rows import ACTION, FOLLOW_UP, ISSUER, PATIENT, PERSON, entry, parcel
from tests.store.one_store import Clock

OTHER, NOBODY = PATIENT.replace("p1", "p2"), PATIENT.replace("p1", "p3")
DAY = (PATIENT, OTHER, NOBODY)


def versions(store: Store) -> dict[str, str]:
    with store.read() as tx:
        return ledgers.versions(tx, DAY)


def add(store: Store, token: str, patient: str = PATIENT) -> str:
    about = entry(store, "record-action", patient)
    with store.begin() as tx:
        recorded.lock(tx, patient)
        return recorded.add(tx, about, ACTION, token).id


def put(store: Store, name: str, action: str, patient: str = PATIENT) -> None:
    about = entry(store, "put-remark", patient)
    with store.begin() as tx:
        outbox.put(tx, about, [replace(parcel(name), action=action, patient=patient)])


def promise(store: Store, name: str, patient: str = PATIENT) -> None:
    about = entry(store, "add-follow-up", patient)
    with store.begin() as tx:
        follow_ups.add(tx, about, ISSUER, PERSON, [replace(FOLLOW_UP, id=name)])


def test_they_are_those_of_each_patient_without_what_decides_nothing_any_more(store: Store) -> None:
    first, second = add(store, "1"), add(store, "2", OTHER)
    for name, action in (("m1", first), ("m2", ""), ("m3", first)):
        put(store, name, action)
    for name, patient in (("f1", PATIENT), ("f2", PATIENT), ("f3", OTHER)):
        promise(store, name, patient)
    back = entry(store, "withdraw-remark")
    with store.begin() as tx:
        outbox.withdraw(tx, back, ["m3"], "later-word")
        follow_ups.done(tx, back, ["f2"], "person")
    with store.read() as tx:
        found = ledgers.of_patients(tx, DAY)
        assert found == {
            each: Ledger(
                recorded.of_patient(tx, each),
                tuple(m for m in outbox.of_patient(tx, each) if m.action and m.post is not Post.WITHDRAWN),
                tuple(f for f in follow_ups.of_patient(tx, each) if not f.done_at),
            )
            for each in (PATIENT, OTHER)
        }
    assert [each.id for each in found[OTHER].actions] == [second]
    assert [each.id for each in found[PATIENT].messages] == ["m1"]
    assert [each.id for each in found[PATIENT].follow_ups] == ["f1"]
    assert set(versions(store)) == {PATIENT, OTHER}


def test_every_change_is_another_version_of_that_patient_alone(store: Store, clock: Clock) -> None:
    add(store, "other", OTHER)
    seen = [versions(store)]
    assert set(seen[0]) == {OTHER}

    def after(change: Callable[[], object]) -> None:
        clock.advance(seconds=1)
        change()
        seen.append(versions(store))
        assert seen[-1] == versions(store)

    about = entry(store, "changed")
    added: list[str] = []

    def write(function: Callable[..., object], *said: object, **more: object) -> None:
        with store.begin() as tx:
            function(tx, replace(about, at=tx.now), *said, **more)

    after(lambda: added.append(add(store, "1")))
    after(lambda: put(store, "m1", added[0]))
    after(lambda: write(outbox.sent, ["m1"], confirmable=True))
    after(lambda: write(outbox.judge, "m1", Judged.CONFIRMED))
    after(lambda: write(outbox.judge, "m1", Judged.REOPENED))
    after(lambda: promise(store, "f1"))
    after(lambda: write(follow_ups.done, ["f1"], "person"))
    after(lambda: write(recorded.undo, added[0], "Imani Osei"))
    mine = [each.get(PATIENT, "") for each in seen]
    assert len({*mine}) == len(mine) - 1  # a promise that is done leaves what was before it
    assert mine[6] != mine[7] == mine[5]
    assert {each[OTHER] for each in seen} == {seen[0][OTHER]}


def test_a_day_costs_one_statement_to_look_at_and_three_to_read(store: Store) -> None:
    for n, each in enumerate((PATIENT, OTHER)):
        add(store, str(n), each)
        promise(store, f"f{n}", each)
    said: list[str] = []

    def listen(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if "SELECT" in statement and ("actions" in statement or "outbox" in statement or "follow_ups" in statement):
            said.append(statement)

    event.listen(store.engine, "before_cursor_execute", listen)
    try:
        with store.begin() as tx:
            ledgers.versions(tx, DAY)
            assert len(said) == 1
            ledgers.of_patients(tx, DAY)
            assert len(said) == 4
    finally:
        event.remove(store.engine, "before_cursor_execute", listen)
