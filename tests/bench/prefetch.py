"""The night of a large clinic: calls, the most in any minute and at once, and what was asked twice though it was here.

The EHR and the payer answer by hand, so that what is measured is ours; the payer's limit is kept by two processes
together, each killed again and again. `measure` is a small clinic within seconds: its limit is on calls at once, and a
kill moves the clock past the leases. `measure_long` is the 60 providers and 1,500 visits of the issue; its payer allows
1,500 calls a minute where a real one would allow 600, so that the night is over in minutes and still meets its limit.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.allowance import Limit
from app.core.answers import Answer, Known
from app.core.report import Member, Report
from app.sources.allowances import Allowances
from app.sources.answering import answer
from app.sources.deadline import Deadline
from app.store import prefetch as rows
from app.store.allowances import SqlShares
from app.store.migrations import migrate
from tests.app.nights import DAY, Others, at, night
from tests.bench.figure import Figure
from tests.store.one_store import open_store

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Clinic:
    """`kill_after`: calls; the next process starts so many seconds later by its clock (`ahead`)."""

    providers: int
    visits: int
    limit: Limit
    kill_after: int
    kills: int
    ahead: int

    @property
    def refs(self) -> tuple[str, ...]:
        return tuple(f"Practitioner/{n}" for n in range(self.providers))


SMALL = Clinic(providers=6, visits=60, limit=Limit(in_flight=4), kill_after=90, kills=2, ahead=150)
LARGE = Clinic(providers=60, visits=1500, limit=Limit(in_flight=8, per_minute=1500), kill_after=1500, kills=4, ahead=0)
CLINICS = {"small": SMALL, "large": LARGE}


@dataclass
class Timed(Others):
    """Writes down when each call of the payer began and ended, within what it allows."""

    allowances: Allowances | None = None

    def _call(self, source: str, what: str, of: str, value: Any) -> Answer[Any]:
        allowed = self.allowances.of(source) if self.allowances else None
        if allowed is None:
            return super()._call(source, what, of, value)

        def ask() -> Any:
            with Deadline(8) as here, allowed.call(here):
                self._log(f"begin {time.time()} {what} {of}")
                found = super(Timed, self)._call(source, what, of, value)
                self._log(f"end {time.time()} {what} {of}")
                return found

        return answer(source, ask)

    def kept(self, source: str, answer: Answer[Any]) -> None:
        if isinstance(answer, Known) and isinstance(answer.value, Member):
            self._log(f"kept {time.time()} member {answer.value.patient_id.removeprefix('m-')}")
        elif isinstance(answer, Known) and isinstance(answer.value, Report):
            self._log(f"kept {time.time()} care-gaps {answer.value.subject_id.removeprefix('m-')}")

    def _log(self, line: str) -> None:
        with (self.calls.parent / "times").open("a", buffering=1) as file:
            file.write(line + "\n")


def work(url: str, folder: Path, clinic: Clinic, ahead: float) -> None:
    """What each process does, until it is killed or there is nothing left."""
    clock = at(ahead)
    with closing(open_store(url, clock)) as store:
        allowances = Allowances({"northwind": clinic.limit}, SqlShares(store, f"{time.time()}"))
        others = Timed(
            folder / "calls", clinic.visits, takes=0.02, now=clock, providers=clinic.refs, allowances=allowances
        )
        with night(store, others, who=f"{time.time()}") as prefetching:
            prefetching.work(prefetching.begin("main", DAY))
        allowances.close()


def measure() -> Iterator[Figure]:
    yield from _measured("small")


def measure_long() -> Iterator[Figure]:
    yield from _measured("large")


def _measured(name: str) -> Iterator[Figure]:
    clinic, began = CLINICS[name], time.monotonic()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        url = f"sqlite:///{folder}/night.sqlite3"
        with closing(open_store(url, at(0))) as store:
            migrate(store.engine)
        moved = _with_kills(name, clinic, url, folder, began)
        with closing(open_store(url, at(moved + 600))) as store, store.read() as tx:
            left = rows.left(tx, f"main {DAY}")
        times = [line.split() for line in (folder / "times").read_text().splitlines()]
        asked = Counter(" ".join(rest) for what, _, *rest in times if what == "begin")
        calls = sum((folder / "calls").read_text().count(f"{source} ") for source in ("main", "northwind"))
    assert sum(what == "kept" for what, *_ in times) > clinic.visits, "what is kept is written down"
    what = f"prefetch of {clinic.visits} visits"
    yield Figure(f"{what}: seconds", time.monotonic() - began)
    yield Figure(f"{what}: visits not done", left.undone + max(0, clinic.visits + clinic.providers - left.done), 0)
    yield Figure(f"{what}: calls, EHR and payer", calls)
    yield Figure(f"{what}: calls, payer", sum(asked.values()))
    yield Figure(f"{what}: asked twice though here", _twice(times), 0)
    out = 4 * clinic.limit.in_flight if clinic.limit.in_flight else 32
    yield Figure(f"{what}: repeated, out at a kill", sum(n - 1 for n in asked.values()), clinic.kills * out)
    if clinic.limit.per_minute:
        yield Figure(f"{what}: most calls in a minute", _peak(times), clinic.limit.per_minute)
    yield Figure(f"{what}: most calls at once", _most_at_once(times), clinic.limit.in_flight)


def _with_kills(name: str, clinic: Clinic, url: str, folder: Path, began: float) -> float:
    """Two processes at a time, both killed a few times, until one ends by itself. How far the clock was moved."""
    ahead = 0.0
    for round_ in range(clinic.kills + 1):
        now = ahead + time.monotonic() - began
        command = [sys.executable, "-m", "tests.bench.prefetch", name, url, str(folder), str(now)]
        pair = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
        if round_ < clinic.kills:
            _until_called(pair[0], folder / "calls", (round_ + 1) * clinic.kill_after)
            ahead += clinic.ahead
        for process in pair:
            process.kill() if round_ < clinic.kills else process.wait()
            process.wait()
    return ahead + time.monotonic() - began


def _until_called(process: subprocess.Popen[bytes], calls: Path, lines: int) -> None:
    """Until so many calls were made in all, or the process has ended."""
    while process.poll() is None and not (calls.exists() and calls.read_bytes().count(b"\n") >= lines):
        time.sleep(0.01)


def _twice(times: list[list[str]]) -> int:
    """Calls for what stood in the store already."""
    kept: set[str] = set()
    twice = 0
    for what, _, *rest in times:
        name = " ".join(rest)
        if what == "kept":
            kept.add(name)
        twice += what == "begin" and name in kept
    return twice


def _peak(times: list[list[str]]) -> int:
    """The most calls that began within any sixty seconds."""
    began = sorted(float(when) for what, when, *_ in times if what == "begin")
    first = most = 0
    for last, when in enumerate(began):
        while began[first] <= when - 60:
            first += 1
        most = max(most, last - first + 1)
    return most


def _most_at_once(times: list[list[str]]) -> int:
    """Calls that were out at once. One that was killed is taken to have ended then: its process made no more."""
    open_: dict[str, float] = {}
    spans: list[tuple[float, int]] = []
    for what, when, *rest in times:
        name, at_ = " ".join(rest), float(when)
        if what == "begin":
            open_[name] = at_
        elif what == "end" and name in open_:
            spans += [(open_.pop(name), 1), (at_, -1)]
    out = most = 0
    for _, change in sorted(spans):
        out += change
        most = max(most, out)
    return most


if __name__ == "__main__":
    work(sys.argv[2], Path(sys.argv[3]), CLINICS[sys.argv[1]], float(sys.argv[4]))
