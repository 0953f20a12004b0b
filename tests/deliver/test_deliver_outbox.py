"""Draining the outbox on both engines: many workers and none twice, a dead payer beside a live one, what must not leave
any more, and a process that is killed.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from app.core.ledger.action import Target
from app.core.ledger.outgoing import Came, Post, Sends, Written
from app.deliver import Delivery
from app.deliver.writing import LEASE, Writing
from app.store import Store, audit, outbox, restrictions, schema
from app.store.migrations import migrate
from app.store.outbox import Parcel
from app.store.said import Note
from tests.deliver.byhand import ByHand
from tests.deliver.shop import PATIENT, Shop, entry, found, later, names, parcel, put
from tests.store.one_store import Clock, open_store

pytestmark = pytest.mark.xdist_group("shops")
ROOT = Path(__file__).parents[2]


def group(n: int, *, report: int | None = None, payer: str = "northwind") -> Target:
    return Target(payer, f"r{n if report is None else report}", f"g{n}", "risk", "ra-2.1.0")


# --- many at once -----------------------------------------------------------------------------------------------------


def test_many_workers_send_each_once_and_all_of_a_report_in_one_write(store: Store) -> None:
    payer, ids = ByHand(before=lambda: time.sleep(0.002)), names(40)
    put(store, [parcel(group(n, report=n // 4), name=name) for n, name in enumerate(ids)])
    workers = [Delivery(store, {"northwind": payer}, f"process {n}") for n in range(4)]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert payer.there == dict.fromkeys(ids, 1)
    assert sorted(map(len, payer.writes)) == [4] * 10
    assert {found(store, name).message.post for name in ids} == {Post.SENT}
    with store.read() as tx:
        assert not audit.verify(tx)


def test_a_payer_that_hangs_holds_up_no_other(store: Store) -> None:
    let_go, dead = threading.Event(), ByHand()
    dead.before = lambda: let_go.wait(60) and None
    alive, ids = ByHand(), names(12)
    put(store, [parcel(group(n, payer="dead" if n % 2 else "alive"), name=name) for n, name in enumerate(ids)])
    delivery = Delivery(store, {"dead": dead, "alive": alive}, "one")
    try:
        delivery.nudge()
        _until(lambda: len(alive.there) == 6)
        assert not dead.there
    finally:
        let_go.set()
        delivery.close()
    assert dead.there.total() >= 1, "what was in hand came to an end"


def test_a_nudge_while_it_works_is_not_lost(store: Store) -> None:
    payer = ByHand()
    first, second = names(2)
    put(store, [parcel(group(1), name=first)])
    delivery = Delivery(store, {"northwind": payer}, "one")

    def more() -> None:
        payer.before = lambda: None
        put(store, [parcel(group(2, report=1), name=second)])  # behind the first: the same report
        delivery.nudge()

    payer.before = more
    delivery.nudge()
    _until(lambda: second in payer.there)
    delivery.close()
    assert payer.there == {first: 1, second: 1}


def test_what_failed_is_tried_again_soon_by_the_same_process(store: Store, clock: Clock) -> None:
    said = [Written(Came.UNKNOWN, trouble="slow")]
    payer = ByHand(says=lambda: said.pop() if said else None)
    (name,) = put(store, [parcel(group(1), name=names(1)[0])])
    delivery = Delivery(store, {"northwind": payer}, "one", writing=partial(Writing, draw=lambda: 0.0))
    delivery.nudge()
    try:
        end = time.monotonic() + 60
        while found(store, name).message.post is not Post.SENT:
            assert time.monotonic() < end
            clock.advance(seconds=20)  # the store's clock stands still otherwise
            time.sleep(0.1)
    finally:
        delivery.close()
    assert payer.there == {name: 1}


def test_what_the_breaker_kept_from_being_asked_was_no_try(store: Store) -> None:
    payer = ByHand(says=lambda: Written(Came.LATER, trouble="resting", wait=30.0))
    (name,) = put(store, [parcel(group(1), name=names(1)[0])])
    Delivery(store, {"northwind": payer}, "one").run()
    message = found(store, name).message
    assert (message.post, message.tries, message.trouble) == (Post.WAITING, 0, "resting")


def test_evidence_leaves_as_it_was_shown(store: Store) -> None:
    envelope = {
        "how": "submit-data",
        "path": "Measure/$submit-data",
        "headers": {},
        "content": "{}",
        "identifier": "x|1",
    }
    payer, body = ByHand(), {"envelope": envelope, "report": "r1"}
    (name,) = put(store, [Parcel(Sends.EVIDENCE, "northwind", "", PATIENT, body, id=names(1)[0], action="a1")])
    Delivery(store, {"northwind": payer}, "one").run()
    assert payer.there == {"x|1": 1}
    assert found(store, name).message.post is Post.SENT


# --- what must not leave any more -------------------------------------------------------------------------------------


def restrict(store: Store, payer: str = "northwind") -> None:
    with store.begin() as tx:
        assert restrictions.enter(tx, entry(tx, "restrict"), payer, Note())


@pytest.mark.parametrize("whom", ["northwind", restrictions.EVERY_PAYER])
def test_a_restriction_that_came_after_it_was_put_in_keeps_it_here(store: Store, whom: str) -> None:
    payer = ByHand()
    (name,) = put(store, [parcel(group(1), name=names(1)[0])])
    restrict(store, whom)
    Delivery(store, {"northwind": payer}, "one").run()
    message = found(store, name).message
    assert (message.post, message.trouble) == (Post.WITHDRAWN, "restriction")
    assert not payer.there


def test_one_that_comes_just_before_the_write_keeps_it_here(store: Store) -> None:
    payer = ByHand(before=lambda: restrict(store))
    (name,) = put(store, [parcel(group(1), name=names(1)[0])])
    Delivery(store, {"northwind": payer}, "one").run()
    message = found(store, name).message
    assert (message.post, message.trouble) == (Post.WITHDRAWN, "restriction")
    assert not payer.there


def test_another_payers_restriction_keeps_nothing_here(store: Store) -> None:
    payer = ByHand()
    (name,) = put(store, [parcel(group(1), name=names(1)[0])])
    restrict(store, "lakeside")
    Delivery(store, {"northwind": payer}, "one").run()
    assert payer.there == {name: 1}


def test_what_a_look_has_put_aside_meanwhile_is_not_sent(store: Store) -> None:
    """A restriction that the chart alone holds: who has the row under lease hears of it by the row."""

    def look() -> None:
        with store.begin() as tx:
            outbox.dead(tx, entry(tx, "withdraw-unsent"), ids, "restriction")

    payer = ByHand(before=look)
    ids = put(store, [parcel(group(1), name=names(1)[0])])
    Delivery(store, {"northwind": payer}, "one").run()
    assert not payer.there
    message = found(store, ids[0]).message
    assert (message.post, message.trouble) == (Post.DEAD, "restriction")


def test_whose_lease_ran_out_sends_nothing_and_forgets_nothing_of_the_next(store: Store, clock: Clock) -> None:
    (name,) = put(store, [parcel(group(1), name=names(1)[0])])
    first, second = (Writing(store, ByHand(), "northwind", who) for who in ("first", "second"))
    with store.begin() as tx:
        late = first.take(tx)
    clock.advance(seconds=LEASE.total_seconds() + 1)  # or the clock of the machine has jumped
    with store.begin() as tx:
        taken = second.take(tx)
        assert outbox.against(tx, [name], "7", who="second") == (name,)
    outcomes = first.send(late)
    assert outcomes[0].written.trouble == "lease-over"
    with store.begin() as tx:
        assert outbox.against(tx, [name], "", who="first") == (), "it does not know what the second has sent"
        first.settle(tx, outcomes)
    sent = second.send(taken)
    with store.begin() as tx:
        second.settle(tx, sent)
    assert found(store, name).message.post is Post.SENT


# --- killed -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(shops: Callable[[str], Shop]) -> Shop:
    return shops("northwind")


@pytest.fixture
def database(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/killed.sqlite3"
    with closing(open_store(url, later(0))) as opened:
        migrate(opened.engine)
    return url


def test_a_process_killed_while_a_write_is_under_way_leaves_it_to_the_next(shop: Shop, database: str) -> None:
    with closing(open_store(database, later(0))) as store:
        (name,) = put(store, [parcel(shop.groups()[0], name=names(1)[0])])
        with shop.fault("hang:write"):
            process = _process(database, shop, 0)
            _until(lambda: _is_written_down(store, name))
            process.send_signal(signal.SIGKILL)
            process.wait(60)
        message = found(store, name).message
        assert (message.post, message.tries) == (Post.WAITING, 1)
    ahead = LEASE.total_seconds() + 10
    assert _process(database, shop, ahead).wait(120) == 0
    with closing(open_store(database, later(ahead))) as store:
        assert found(store, name).message.post is Post.SENT
    assert shop.times() == {name: 1}


def test_what_the_payer_has_and_nobody_wrote_down_is_not_sent_again(shop: Shop, database: str) -> None:
    ahead = LEASE.total_seconds() + 10
    with closing(open_store(database, later(0))) as store:
        (name,) = put(store, [parcel(shop.groups()[0], name=names(1)[0])])
        killed = Writing(store, shop.payer(), "northwind", "killed")
        with store.begin() as tx:
            taken = killed.take(tx)
        with shop.fault("stored-no-answer"):
            (came,) = killed.send(taken)  # and it is killed before it settles anything
        assert came.written.came is Came.UNKNOWN
    writes = shop.writes()
    with closing(open_store(database, later(ahead))) as store:
        Delivery(store, {"northwind": shop.payer()}, "the next").run()
        assert found(store, name).message.post is Post.SENT
    assert shop.times() == {name: 1}
    assert shop.writes() == writes


def _process(database: str, shop: Shop, ahead: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.deliver.shop", database, shop.name, shop.url, str(shop.keys), str(ahead)]
    return subprocess.Popen(command, cwd=ROOT)


def _is_written_down(store: Store, name: str) -> bool:
    """Whether the version that a write is put on stands in its row: the next thing that happens is the write."""
    with store.read() as tx:
        against = tx.conn.execute(select(schema.outbox.c.against).where(schema.outbox.c.id == name)).scalar_one()
    return bool(against) and (time.sleep(0.3) or True)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
