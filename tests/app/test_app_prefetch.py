"""The night before: whom it asks what, what it keeps, and that a kill at any point costs nothing that is here."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.answers import Known, Reason, Unknown
from app.core.asking import CARE_GAPS, Ask
from app.prefetch import Prefetching
from app.store import Store, audit
from app.store import prefetch as rows
from app.store.migrations import migrate
from app.store.purge import purge
from app.store.schema import answers, prefetch
from tests import postgres
from tests.app.nights import DAY, NIGHT, PROVIDERS, Others, at, launch, night, report, until
from tests.store.one_store import Clock, open_store

RUN = f"main {DAY}"


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.now = NIGHT
    return clock


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path}/night.sqlite3", clock)) as opened:
        migrate(opened.engine)
        yield opened


def kept(store: Store) -> list[tuple[str, bool]]:
    """Every answer that stands in the store: its source, and whether it belongs to a launch."""
    with store.read() as tx:
        found = tx.conn.execute(select(answers.c.source, answers.c.scope_hash)).all()
    return sorted((row.source, bool(row.scope_hash)) for row in found)


def trail(store: Store) -> list[audit.Audit]:
    with store.read() as tx:
        return audit.trail(tx, f"prefetch {RUN}")


def work(store: Store, others: Others, **more: Any) -> rows.Left:
    with night(store, others, **more) as prefetching:
        return prefetching.work(prefetching.begin("main", DAY))


def test_the_payer_is_asked_about_every_patient_on_the_schedule_once(store: Store, calls: Path, clock: Clock) -> None:
    others = Others(calls, patients=5, now=clock)
    assert work(store, others).undone == 0
    asked = Counter(line.rpartition(" ")[0] for line in others.asked())
    per_patient = (
        "main patient",
        "main coverages",
        "main consents",
        "main Flag",
        "northwind member",
        "northwind care-gaps",
    )
    assert asked == {"main schedule": 2, **dict.fromkeys(per_patient, 5)}
    assert kept(store) == [("northwind", False)] * 10, "the payers' answers, and nothing of the EHR's"
    assert work(store, others).undone == 0
    assert len(others.asked()) == 32, "a second run of the same night asks nothing"


def test_it_is_audited_as_the_system_in_a_chain_of_its_own(store: Store, calls: Path, clock: Clock) -> None:
    work(store, Others(calls, patients=2, now=clock))
    entries = trail(store)
    assert {(entry.who, entry.role) for entry in entries} == {("system", "prefetch")}
    done = [entry for entry in entries if entry.action == "prefetch" and entry.patient]
    assert {entry.patient for entry in done} == {"https://ehr.example|p0", "https://ehr.example|p1"}
    assert all(entry.counts["northwind/care-gaps"] == 1 and entry.counts["ehr/coverage"] == 1 for entry in done)
    for patient in {entry.patient for entry in done}:
        mine = [entry.action for entry in entries if entry.patient == patient]
        assert mine == ["prefetch-ask", "prefetch"], "said before it is asked, and again what it came to"
    with store.read() as tx:
        assert audit.verify(tx) == []


def test_what_is_sensitive_is_not_kept(store: Store, calls: Path, clock: Clock) -> None:
    def says(what: str, name: str) -> Any:
        return report(name, "cervical-screening") if (what, name) == ("care-gaps", "p1") else None

    others = Others(calls, patients=3, now=clock, payer_says=says)
    assert work(store, others).undone == 0
    with store.read() as tx:
        good = tx.conn.execute(select(answers.c.good).where(answers.c.source == "northwind")).scalars().all()
    assert len([body for body in good if body]) == 5, "three members, two reports: of the one report nothing"
    assert [entry.patient for entry in trail(store) if "northwind/not-kept" in entry.counts] == [
        "https://ehr.example|p1"
    ]


def test_what_the_night_left_alone_is_asked_at_once_by_whoever_opens_the_patient(
    store: Store, calls: Path, clock: Clock
) -> None:
    def says(what: str, name: str) -> Any:
        return report(name, "cervical-screening") if (what, name) == ("care-gaps", "p1") else None

    others = Others(calls, patients=3, now=clock, payer_says=says)
    assert work(store, others).undone == 0
    with launch(store, others, "p1") as (gathering, opening):
        gathering.advance(opening)
        until(lambda: gathering.state(opening).complete)
        found = gathering.state(opening).answers[Ask("northwind", CARE_GAPS)]
    assert isinstance(found, Known), "not what the night left, though it is only a moment old"
    assert Counter(others.asked())["northwind care-gaps p1"] == 2


def test_a_payer_is_not_asked_where_a_restriction_cannot_be_read(store: Store, calls: Path, clock: Clock) -> None:
    others = Others(
        calls, patients=2, now=clock,
        ehr_says=lambda what, of: Unknown("main", Reason.NOT_ALLOWED) if (what, of) == ("Flag", "p0") else None,
    )  # fmt: skip
    assert work(store, others).undone == 0
    assert not [line for line in others.asked() if line.startswith("northwind") and line.endswith(" p0")]
    assert [line for line in others.asked() if line == "northwind care-gaps p1"]
    (told,) = [entry for entry in trail(store) if any("not-asked" in what for what in entry.counts)]
    assert told.patient == "https://ehr.example|p0"


def test_trouble_with_one_patient_is_put_off_and_stops_nobody(store: Store, calls: Path, clock: Clock) -> None:
    ill = {"p1"}

    def says(what: str, of: str) -> Any:
        return Unknown("northwind", Reason.DOWN) if what == "member" and of in ill else None

    others = Others(calls, patients=4, now=clock, payer_says=says)
    with night(store, others) as prefetching:
        run = prefetching.begin("main", DAY)
        left = _until_put_off(store, prefetching, run)
        assert (left.done, left.undone) == (5, 1), "two schedules, three patients; one waits"
        ill.clear()
        clock.now = clock.now + timedelta(minutes=5)
        assert prefetching.work(run).undone == 0
    assert [line for line in others.asked() if line == "northwind care-gaps p1"]


def _until_put_off(store: Store, prefetching: Prefetching, run: str) -> rows.Left:
    """Work until one row has been put off and all others are done; then stop."""
    working = threading.Thread(target=prefetching.work, args=(run,))
    working.start()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with store.read() as tx:
            left = rows.left(tx, run)
            put_off = [entry for entry in audit.trail(tx, f"prefetch {run}") if entry.outcome.startswith("put off")]
        if put_off and left.undone == 1:
            break
        time.sleep(0.05)
    prefetching.stopping.set()
    working.join(60)
    prefetching.stopping.clear()
    return left


def test_everything_is_gone_the_following_night(store: Store, calls: Path, clock: Clock) -> None:
    others = Others(calls, patients=3, now=clock)
    work(store, others)
    clock.now = NIGHT + timedelta(hours=20)  # the evening of the day
    with store.begin() as tx:
        assert purge(tx)["answers of the prefetch"] == 0
    assert len(kept(store)) == 6
    clock.now = NIGHT + timedelta(hours=22)  # 00:30 at the clinic
    with store.begin() as tx:
        assert purge(tx)["answers of the prefetch"] == 6
    assert kept(store) == []
    with store.read() as tx:
        assert tx.conn.execute(select(func.count()).select_from(prefetch)).scalar_one() == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_kills_at_any_point_ask_nothing_again_that_is_here(kind: str, tmp_path: Path, calls: Path) -> None:
    with ExitStack() as running:
        url = f"sqlite:///{tmp_path}/kills.sqlite3"
        if kind == "postgresql":
            try:
                url = running.enter_context(postgres.database(running.enter_context(postgres.server())))
            except postgres.PostgresMissing as e:
                pytest.skip(str(e))
        chance, patients, kills = random.Random(2026), 16, 3
        with closing(open_store(url, at(0))) as store:
            migrate(store.engine)
        others = Others(calls, patients)
        for number in range(kills):
            _killed_after(url, calls, number * 300, patients, len(others.asked()) + chance.randrange(2, 24))
        killed = len(others.asked())
        assert killed < 6 * patients + 2, "every kill came before the end"
        _process(url, calls, kills * 300, patients).wait(timeout=120)
        with closing(open_store(url, at(kills * 300 + 60))) as store, store.read() as tx:
            assert rows.left(tx, RUN).undone == 0
            versions = tx.conn.execute(select(answers.c.source, answers.c.version, answers.c.scope_hash)).all()
        assert sorted(set(versions)) == [("northwind", 1, "")], "every question of the payer was answered once"
        assert len(versions) == 2 * patients
        again = Counter(line for line in others.asked() if line.startswith("northwind"))
        assert sum(count - 1 for count in again.values()) <= kills * 4, "but for what was out at a kill"


def _process(url: str, calls: Path, ahead: int, patients: int) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "tests.app.nights", url, str(calls), str(ahead), str(patients)]
    return subprocess.Popen(arguments, cwd=Path(__file__).parent.parent.parent, env={**os.environ})


def _killed_after(url: str, calls: Path, ahead: int, patients: int, lines: int) -> None:
    """One process, killed once so many calls have been made in all."""
    process = _process(url, calls, ahead, patients)
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        if calls.exists() and calls.read_bytes().count(b"\n") >= lines:
            break
        time.sleep(0.005)
    process.kill()
    process.wait()


def test_the_two_schedules_are_those_of_the_providers(store: Store, calls: Path, clock: Clock) -> None:
    others = Others(calls, patients=0, now=clock)
    assert work(store, others).done == 2
    assert sorted(others.asked()) == [f"main schedule {provider}" for provider in PROVIDERS]
