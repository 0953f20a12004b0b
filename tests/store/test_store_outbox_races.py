"""The outbox, many at once: nothing is taken twice, nothing is lost between two hands, nothing stays behind."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from app.core.ledger.outgoing import Post, Sends
from app.store import Store, audit, outbox, recorded, visits
from tests.store.ledger_rows import ACTION, PATIENT, entry, parcel, visit
from tests.store.one_store import Clock, at_once
from tests.store.test_store_audit import ENTRY

LEASE = timedelta(minutes=1)
KINDS = [Sends.REMARK]


def put(store: Store, rows: int, reports: int, *, held_for: str = "", to: str = "northwind") -> list[str]:
    about = entry(store, "put-remark")
    with store.begin() as tx:
        parcels = [parcel(report=f"report-{n % reports}", group=f"g{n}", visit=held_for, to=to) for n in range(rows)]
        return list(outbox.put(tx, about, parcels))


def drain(store: Store, who: str, to: str = "northwind") -> list[tuple[str, ...]]:
    """Writes that one taker got until nothing is left; it comes to an end with none of them."""
    found: list[tuple[str, ...]] = []
    while True:
        with store.begin() as tx:
            taken = outbox.take(tx, to, KINDS, who, LEASE)
        if not taken:
            return found
        found.append(tuple(each.id for each in taken))


def posts(store: Store) -> dict[str, Post]:
    with store.read() as tx:
        return {each.id: each.post for each in outbox.of_patient(tx, PATIENT)}


def test_two_takers_never_get_the_same_row_or_two_of_one_report(store: Store, clock: Clock) -> None:
    names = put(store, 24, 8) + put(store, 8, 4, to="lakeside")
    to = ("northwind", "lakeside")
    for _ in range(2):  # those that took them all have died: the next ones get everything again
        writes = [write for got in at_once(6, lambda n: drain(store, f"w{n}", to[n % 2])) for write in got]
        assert sorted(name for write in writes for name in write) == sorted(names)
        assert sorted(len(write) for write in writes) == [2] * 4 + [3] * 8
        clock.now += LEASE


def test_what_is_withdrawn_while_others_take_is_in_one_hand_only(store: Store) -> None:
    names = put(store, 24, 24)

    def work(n: int) -> set[str]:
        if n < 3:
            return {name for write in drain(store, f"w{n}") for name in write}
        gone: set[str] = set()
        for name in names[n % 3 :: 3]:
            about = entry(store, "withdraw-remark", launch=f"launch-{n}")
            with store.begin() as tx:
                gone |= set(outbox.withdraw(tx, about, [name], "undone"))
        return gone

    hands = at_once(6, work)
    assert sorted(name for hand in hands for name in hand) == sorted(names)
    withdrawn = {name for name, post in posts(store).items() if post is Post.WITHDRAWN}
    assert withdrawn == set().union(*hands[3:])


def test_an_undo_and_the_end_of_the_visit_leave_each_row_in_one_state(store: Store) -> None:
    here = visit(store)
    names = put(store, 12, 12, held_for=here.key)

    def work(n: int) -> tuple[str, ...] | int:
        about = entry(store, "x", launch=f"launch-{n}")
        with store.begin() as tx:
            if n == 0:
                return outbox.release(tx, about, here.key)
            return outbox.withdraw(tx, about, names[n - 1 :: 3], "undone")

    released, *withdrawn = at_once(4, work)
    assert isinstance(released, int)
    gone = {name for each in withdrawn if isinstance(each, tuple) for name in each}
    found = posts(store)
    assert {name for name, post in found.items() if post is Post.WITHDRAWN} == gone
    assert {post for name, post in found.items() if name not in gone} <= {Post.WAITING}
    assert released + len(gone) >= len(names)  # a row may be released and then withdrawn, before it was taken


def test_nothing_stays_held_when_somebody_acts_while_the_visit_is_closed(store: Store) -> None:
    here = visit(store)
    with store.begin() as tx:
        visits.see(tx, here, ())

    def work(n: int) -> None:
        about = replace(ENTRY, action="x", launch="jobs" if n == 0 else "handle-one")
        with store.begin() as tx:
            if n == 0:
                assert visits.close(tx, here.key)
                outbox.release(tx, about, here.key)
            else:
                recorded.lock(tx, PATIENT)
                visits.alone(tx, here.key)
                action = recorded.add(tx, about, ACTION, f"tap-{n}")
                outbox.put(tx, about, [parcel(group=f"g{n}", action=action.id, visit=here.key)])

    at_once(6, work)
    assert list(posts(store).values()) == [Post.WAITING] * 5
    with store.read() as tx:
        assert audit.verify(tx) == []


def test_a_dead_letter_that_two_people_send_again_is_sent_once(store: Store) -> None:
    (name,) = put(store, 1, 1)
    about = entry(store, "dead-letter")
    with store.begin() as tx:
        outbox.dead(tx, about, [name], "not-allowed")

    def again(n: int) -> bool:
        with store.begin() as tx:
            return outbox.resend(tx, replace(about, launch=f"launch-{n}"), name)

    assert sum(at_once(4, again)) == 1


STEPS = st.lists(
    st.sampled_from(["put", "take", "sent", "later", "dead", "resend", "withdraw", "lease over"]), max_size=25
)


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, data=st.data())
def test_whatever_happens_each_row_is_somewhere_and_one_report_in_one_hand(
    store: Store, clock: Clock, steps: list[str], data: st.DataObject
) -> None:
    to = f"payer-{secrets.token_hex(8)}"  # what an earlier example left is another destination's
    names: list[str] = []
    hands: dict[str, tuple[str, ...]] = {}
    about = entry(store, "x")
    for n, step in enumerate(steps):
        with store.begin() as tx:
            if step == "put":
                names += outbox.put(tx, about, [parcel(report=f"report-{n % 2}", group=f"g{n}", to=to)])
            elif step == "take":
                got = tuple(each.id for each in outbox.take(tx, to, KINDS, f"w{n}", LEASE))
                assert not set(got) & {name for hand in hands.values() for name in hand}
                hands |= {f"w{n}": got} if got else {}
            elif step == "lease over":
                clock.now += LEASE
                hands.clear()
            elif step == "withdraw" and names:
                chosen = data.draw(st.sampled_from(names))
                gone = outbox.withdraw(tx, about, [chosen], "undone")
                assert not set(gone) & {name for hand in hands.values() for name in hand}
            elif step == "resend" and names:
                outbox.resend(tx, about, data.draw(st.sampled_from(names)))
            elif hands:
                who = data.draw(st.sampled_from(sorted(hands)))
                mine = hands.pop(who)
                if step == "sent":
                    assert set(outbox.sent(tx, about, mine, confirmable=True)) == set(mine)
                elif step == "later":
                    outbox.later(tx, mine, timedelta(seconds=1), "down", who=who)
                else:
                    assert set(outbox.dead(tx, about, mine, "x", who=who)) == set(mine)
    clock.now += LEASE
    left = {name for write in drain(store, "last", to) for name in write}
    found = posts(store)
    assert {found[name] for name in names} <= {Post.WAITING, Post.SENT, Post.DEAD, Post.WITHDRAWN}
    assert left == {name for name in names if found[name] is Post.WAITING}


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_taking_reads_by_an_index_and_not_through_the_box(store: Store) -> None:
    said: list[tuple[str, object]] = []

    def listen(*given: object) -> None:
        if "outbox" in str(given[2]):
            said.append((str(given[2]), given[3]))

    put(store, 3, 3)
    event.listen(store.engine, "before_cursor_execute", listen)
    try:
        with store.begin() as tx:
            outbox.due(tx, KINDS)
            assert outbox.take(tx, "northwind", KINDS, "one", LEASE)
            outbox.to_follow(tx, "one", LEASE, 5)
    finally:
        event.remove(store.engine, "before_cursor_execute", listen)
    with store.read() as tx:
        plans = [
            str(row.detail)
            for statement, parameters in said
            for row in tx.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
        ]
    assert len(said) >= 4
    assert [plan for plan in plans if plan.startswith("SCAN outbox")] == []
