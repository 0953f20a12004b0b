"""Many people act while processes are killed: `python -m tests.loop.torture` runs it large, on SQLite and PostgreSQL,
with payers that fail at random; the tests run a small share of the same.

    open      everybody launches; two people have one patient; after so many actions each they go on to the next
    act       they tap, all at once; a kill comes whenever so many taps have been kept
    finish    the EHR finishes the visits, somebody looks once more, and what waited leaves; the last kills come here
    rest      until nothing waits any more, or for as long as was given; then everything is compared
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests import postgres
from tests.loop.checks import problems, waiting
from tests.loop.people import Person, Taps
from tests.loop.stage import Stage, stage

EACH = 25  # actions of one person about one patient
PAIR = ("dr", "np")  # who has the same patient at the same time
WHAT = ("jobs", "server", "worker")


@dataclass(frozen=True)
class Size:
    """`rests_s`: how long what is left may take to leave; `stops_s`: when people stop, whatever they have done."""

    people: int = 20
    actions: int = 500
    kills: int = 10
    late_kills: int = 3  # of them, while it leaves
    failing: int = 0  # percent of all calls to payers
    rests_s: float = 120.0
    stops_s: float = 240.0
    seed: int = 1


@dataclass(frozen=True)
class Found:
    """What came of it. `problems` empty: none lost, none doubled."""

    problems: list[str]
    taps: Taps
    kills: Counter[str]
    posts: Counter[str]
    seconds: Mapping[str, float]  # of each part

    def __str__(self) -> str:
        kills = ", ".join(f"{what} {number}" for what, number in sorted(self.kills.items()))
        posts = ", ".join(f"{post} {number}" for post, number in sorted(self.posts.items()))
        told = f"{len(self.taps.kept)} kept, {len(self.taps.refused)} refused, {len(self.taps.unknown)} never answered"
        lines = [f"actions: {told}; undone {len(self.taps.undone)}", f"kills: {kills}", f"outbox: {posts}"]
        lines.append(", ".join(f"{part} {seconds:.0f} s" for part, seconds in self.seconds.items()))
        return "\n".join([*lines, f"{len(self.problems)} problems", *self.problems[:30]])


class _Took:
    """How long each part took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.monotonic()

    def part(self, name: str) -> None:
        now = time.monotonic()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now


def run(folder: Path, database: str, size: Size) -> Found:
    """The whole of it once, on one database."""
    took, draw, taps = _Took(), random.Random(size.seed), Taps()  # which, not whether
    pairs = max(1, size.people // len(PAIR))
    rounds = max(1, round(size.actions / (EACH * size.people)))
    with stage(folder, database, pairs * rounds) as here:
        took.part("start")
        with _killing(here, taps, size, draw):
            for number in range(rounds):
                patients = range(number * pairs, (number + 1) * pairs)
                people = [
                    _person(here, patients[n % pairs], PAIR[n // pairs % 2], draw, taps) for n in range(size.people)
                ]
                _all([person.open for person in people])
                took.part("open")
                _failing(here, size)
                _act(people, taps, size, size.actions * (number + 1) // rounds, took)
                _failing(here, replace(size, failing=0))
                _finish(here, patients)
                took.part("finish")
        _failing(here, size)
        _rest(here, size, draw)
        took.part("rest")
        found = problems(here, taps)
        if size.kills > len(here.kills):
            found.append(f"only {len(here.kills)} kills")
        if size.actions > len(taps.kept):
            found.append(f"only {len(taps.kept)} actions")
        return Found(found, taps, Counter(here.kills), waiting(here), took.seconds)


def _person(here: Stage, patient: int, user: str, draw: random.Random, taps: Taps) -> Person:
    return Person(here.ehr, _visit(patient), user, random.Random(draw.random()), taps)


def _visit(patient: int) -> str:
    """The story of one patient (`tests.bench.clinic`)."""
    return f"visit-{patient:02}"


def _failing(here: Stage, size: Size) -> None:
    """So many calls of each payer fail from now on; none while people open panels, which would only show it."""
    for number, payer in enumerate(here.payers):
        here.control(payer, "_chance", percent=size.failing, seed=size.seed + number)


@contextmanager
def _killing(here: Stage, taps: Taps, size: Size, draw: random.Random) -> Iterator[None]:
    """Whenever so many actions were kept, something is killed, until the block ends."""
    early = size.kills - size.late_kills
    at = sorted(draw.sample(range(1, size.actions), early))
    done = threading.Event()

    def kill() -> None:
        for number, when in enumerate(at):
            while len(taps.kept) < when:
                if done.wait(0.01):
                    return
            here.kill(WHAT[number % len(WHAT)])

    killing = threading.Thread(target=kill)
    killing.start()
    try:
        yield
    finally:
        done.set()
        killing.join()


def _act(people: Sequence[Person], taps: Taps, size: Size, enough: int, took: _Took) -> None:
    """Everybody taps until so many were kept, or for as long as was given."""
    stops = time.monotonic() + size.stops_s * EACH * size.people / max(size.actions, EACH * size.people)

    def more() -> bool:
        return len(taps.kept) < enough and time.monotonic() < stops

    _all([lambda person=person: person.act(more) for person in people])  # type: ignore[misc]
    took.part("act")


def _finish(here: Stage, patients: Sequence[int]) -> None:
    """The EHR finishes every visit, and somebody opens each patient once more."""
    for patient in patients:
        here.control("ehr", "_visit", scenario=_visit(patient), status="finished")
    _all([_person(here, patient, PAIR[0], random.Random(patient), Taps()).open for patient in patients])


def _rest(here: Stage, size: Size, draw: random.Random) -> None:
    """The last kills, while it leaves; then as long as something waits and time is left. After a kill, what waits for
    its next try or for the end of a lease need not be waited for.
    """
    end = time.monotonic() + size.rests_s
    for _ in range(size.kills - len(here.kills)):
        time.sleep(draw.uniform(0.2, 1.0))
        here.kill(draw.choice(("jobs", "jobs", "server")))
    left, since, patience = Counter[str](), time.monotonic(), 8.0
    while time.monotonic() < end:
        now = waiting(here)
        if not now["held"] + now["waiting"]:
            return
        if now != left:
            left, since = now, time.monotonic()
        elif time.monotonic() - since > patience:
            here.kill("jobs")
            since, patience = time.monotonic(), 2 * patience  # on a busy machine they take long to begin
        time.sleep(0.3)


def _all(work: Sequence[object]) -> None:
    """Each in a thread of its own, until all are done; then the first that went wrong is raised."""
    wrong: list[BaseException] = []

    def one(what: object) -> None:
        try:
            what()  # type: ignore[operator]
        except BaseException as e:
            wrong.append(e)

    threads = [threading.Thread(target=one, args=(what,), daemon=True) for what in work]  # Ctrl-C ends them
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make torture ARGS=", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--on", choices=["sqlite", "postgresql"], action="append", help="one engine; else both")
    for name, usual in (("people", 50), ("actions", 10_000), ("kills", 200), ("failing", 30), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--minutes", type=float, default=60, help="at most so long an engine")
    given = parser.parse_args(argv)
    size = Size(given.people, given.actions, given.kills, given.kills // 5, given.failing, seed=given.seed)
    size = replace(size, stops_s=given.minutes * 45, rests_s=given.minutes * 15)
    failed = False
    for engine in given.on or ["sqlite", "postgresql"]:
        with ExitStack() as running:
            folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="chartside-torture-")))
            url = f"sqlite:///{folder}/torture.sqlite3"
            if engine == "postgresql":
                url = running.enter_context(postgres.database(running.enter_context(postgres.server())))
            print(f"{engine}: {size.people} people, {size.actions} actions, {size.kills} kills", flush=True)
            found = run(folder, url, size)
            print(found, flush=True)
            failed |= bool(found.problems)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
