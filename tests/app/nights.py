"""A night with an EHR and a payer that write down every call, in this process or in one that can be killed.

    python -m tests.app.nights URL CALLS AHEAD PATIENTS

works on the run until it is done. CALLS is the file of the calls, AHEAD how far the clock is moved, in seconds.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.core.answers import Answer, Known, Unknown
from app.core.asking import CARE_GAPS, Opening, PayerRow
from app.core.chart import Coverage, Patient
from app.core.consents import Consent
from app.core.coverage import Recognition
from app.core.measures import RULES, Registry
from app.core.report import Gap, GapStatus, Measure, Member, Period, Report
from app.core.roles import Role, RoleRow
from app.core.schedule.appointment import Appointment, DayAsk, Schedule
from app.core.schedule.entry import Prefetch
from app.gather import Gathering
from app.prefetch import Discreet, Entry, Prefetching
from app.sources.pools import Pools, Rank
from app.store import Store
from tests.gather.made import AT_PAYER, COVERED, MARISOL
from tests.store.one_store import open_store

DAY = date(2026, 3, 3)
NIGHT = datetime(2026, 3, 3, 7, 30, tzinfo=UTC)  # 02:30 in New York
ZONE = "America/New_York"
PROVIDERS = ("Practitioner/one", "Practitioner/two")
ISSUER = "https://ehr.example"
ENTRY = Entry("main", "Main", ISSUER, ZONE, Prefetch("ours"), PROVIDERS, ("Consent", "Flag"))


@dataclass
class Others:
    """An EHR with `patients` on the two schedules, and the payer of all of them. `says`: what is otherwise of some."""

    calls: Path
    patients: int = 6
    takes: float = 0.0
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ehr_says: Callable[[str, str], Any] = lambda _what, _of: None
    payer_says: Callable[[str, str], Any] = lambda _what, _of: None
    providers: tuple[str, ...] = PROVIDERS

    def _call(self, source: str, what: str, of: str, value: Any) -> Answer[Any]:
        descriptor = os.open(self.calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{source} {what} {of}\n".encode())
        os.close(descriptor)
        time.sleep(self.takes)
        said = (self.ehr_says if source == "main" else self.payer_says)(what, of)
        if isinstance(said, Unknown):
            return said
        return Known(value if said is None else said, source, self.now())

    def schedule(self, ehr: str, ask: DayAsk) -> Answer[Schedule]:
        start = datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=ZoneInfo(ZONE))
        mine = range(self.providers.index(ask.provider), self.patients, len(self.providers))
        found = tuple(
            Appointment(f"Appointment/{n}", "booked", start, patients=(f"Patient/p{n}",), practitioners=(ask.provider,))
            for n in mine
        )
        return self._call(ehr, "schedule", ask.provider, Schedule(found))

    # the EHR, as gather asks it

    def patient(self, name: str) -> Answer[Patient]:
        return self._call("main", "patient", name, replace(MARISOL, id=name))

    def coverages(self, name: str) -> Answer[tuple[Coverage, ...]]:
        return self._call("main", "coverages", name, (replace(COVERED, ref=f"Coverage/{name}"),))

    def consents(self, name: str) -> Answer[tuple[Consent, ...]]:
        return self._call("main", "consents", name, ())

    def facts(self, kind: str, name: str, _since: date | None) -> Answer[tuple[Any, ...]]:
        return self._call("main", kind, name, ())

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the night asks for {name}")

    def kept(self, source: str, answer: Answer[Any]) -> None:
        """An answer stands in the store now."""

    def asked(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@dataclass
class Payer:
    others: Others

    def member(self, patient: Patient, _coverage: Coverage) -> Answer[Member]:
        found = Member("northwind", f"m-{patient.id}", "NW-1", "identifier", replace(AT_PAYER, id=f"m-{patient.id}"))
        return self.others._call("northwind", "member", patient.id, found)

    def care_gaps(self, member: Member, _period: Period) -> Answer[Report]:
        name = member.patient_id.removeprefix("m-")
        return self.others._call("northwind", "care-gaps", name, report(name, "hba1c-control"))

    def risk(self, _member: Member, _period: Period) -> Answer[Report]:
        raise AssertionError("the night asks for no risk")

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the night asks for {name}")


def report(name: str, measure: str) -> Report:
    """What the payer says of one patient: one open gap."""
    gap = Gap(
        "northwind", "r1", "g1", Measure(f"https://northwind.example/Measure/{measure}"), GapStatus.OPEN, "open-gap",
        False, None, None, Period(date(2026, 1, 1), date(2026, 12, 31)),
    )  # fmt: skip
    return Report("northwind", "care-gaps", f"m-{name}", replace(AT_PAYER, id=f"m-{name}"), gaps=(gap,))


@contextmanager
def night(store: Store, others: Others, who: str = "one", **more: Any) -> Iterator[Prefetching]:
    """One process that works at night, until the block ends."""
    rows = [PayerRow("northwind", "Northwind", (Recognition(payor="Northwind"),))]
    pools, registry = Pools(), Registry(RULES, {})
    gathering = Gathering(
        store,
        pools,
        ehr=lambda _: others,
        payers={"northwind": Discreet(Payer(others), lambda: registry)},  # type: ignore[arg-type]
        rows=rows,
        who=who,
        heard=others.kept,
        rank=Rank.PREFETCH,  # type: ignore[arg-type,dict-item] # what is not asked is not there
    )
    try:
        yield Prefetching(
            store,
            gathering,
            others.schedule,
            {"main": replace(ENTRY, providers=others.providers)},
            others.now,
            threading.Event(),
            **more,
        )
    finally:
        pools.shutdown()
        gathering.close()


@contextmanager
def launch(store: Store, others: Others, name: str) -> Iterator[tuple[Gathering, Opening]]:
    """Somebody opens a patient of the schedule, in a process of their own."""
    pools, rows = Pools(), [PayerRow("northwind", "Northwind", (Recognition(payor="Northwind"),), speaks=(CARE_GAPS,))]
    payers: dict[str, Any] = {"northwind": Payer(others)}
    gathering = Gathering(store, pools, ehr=lambda _: others, payers=payers, rows=rows, who="web")  # type: ignore[arg-type,return-value] # what is not asked is not there
    yours = (RoleRow(Role.MANAGER, any=True),)
    try:
        yield gathering, Opening("a-launch", "main", "Main", ISSUER, name, None, None, DAY, roles=yours, types=())
    finally:
        pools.shutdown()
        gathering.close()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def at(ahead: float) -> Callable[[], datetime]:
    """The night's clock, which runs; moved by `ahead` seconds."""
    began = time.monotonic()
    return lambda: NIGHT + timedelta(seconds=ahead + time.monotonic() - began)


def main(url: str, calls: str, ahead: str, patients: str) -> None:
    clock = at(float(ahead))
    with closing(open_store(url, clock)) as store:
        others = Others(Path(calls), int(patients), takes=0.02, now=clock)
        with night(store, others, who=f"process {os.getpid()}", at_once=4) as prefetching:
            prefetching.work(prefetching.begin("main", DAY))


if __name__ == "__main__":
    main(*sys.argv[1:])
