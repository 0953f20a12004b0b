"""An EHR and payers that answer by hand, for what no real HTTP server can be made to do at the right moment."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import Opening, PayerRow
from app.core.chart import Coverage, Identifier, Name, Patient, When
from app.core.consents import Consent
from app.core.coverage import Recognition
from app.core.report import Member, Period, Report
from app.core.roles import Role, RoleRow, User
from app.gather import Gathering, Reader, State
from app.sources.pools import Pools, Size
from app.store import Store

Now = Callable[[], datetime]

MARISOL = Patient("p1", (Name(family="Rivera", given=("Marisol",)),), When.day(date(1961, 4, 2)), "female")
COVERED = Coverage(
    "Coverage/1", "active", ("Northwind",), member_ids=(Identifier("n", "NW-1", "MB"),), relationship="self"
)
AT_PAYER = Patient("m1", MARISOL.names, MARISOL.birth_date, "female", identifiers=COVERED.member_ids)
ANYBODY = (RoleRow(Role.CLINICIAN, any=True),)
WHO = Reader("Practitioner/1")


def real() -> datetime:
    return datetime.now(UTC)


def opening(**changed: Any) -> Opening:
    of = Opening(
        "handle", "main", "Main", "https://ehr.example", "p1", None, "Practitioner/1", date(2026, 3, 2), roles=ANYBODY
    )
    return replace(of, **changed)


@dataclass
class Chart:
    """An EHR that answers at once, or when `open_` is set; `facts_of` replaces what it says of one type."""

    now: Now = real
    covers: tuple[str, ...] = ("Northwind",)
    says: tuple[Consent, ...] = ()
    facts_of: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    open_: threading.Event = field(default_factory=threading.Event)
    asked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.open_.set()

    def _known(self, what: str, value: Any) -> Answer[Any]:
        self.asked[what] += 1
        self.open_.wait(30)
        return Known(value, "main", self.now())

    def user(self, ref: str) -> Answer[User]:
        return self._known("user", User(ref))

    user_roles = user

    def encounter(self, encounter_id: str) -> Answer[Any]:
        raise AssertionError(encounter_id)

    def patient(self, _patient_id: str) -> Answer[Patient]:
        return self._known("patient", MARISOL)

    def coverages(self, _patient_id: str) -> Answer[tuple[Coverage, ...]]:
        return self._known("coverage", tuple(replace(COVERED, ref=f"Coverage/{c}", payors=(c,)) for c in self.covers))

    def consents(self, _patient_id: str) -> Answer[tuple[Consent, ...]]:
        return self._known("consents", self.says)

    def facts(self, kind: str, _patient_id: str, _since: date | None) -> Answer[tuple[Any, ...]]:
        return self._known(kind, self.facts_of.get(kind, ()))


@dataclass
class Payer:
    """A payer that counts, and takes its time."""

    id: str
    now: Now = real
    takes: float = 0.0
    down: bool = False
    asked: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def _count(self, what: str, value: Any) -> Answer[Any]:
        with self._lock:
            self.asked[what] += 1
        time.sleep(self.takes)
        return Unknown(self.id, Reason.DOWN) if self.down else Known(value, self.id, self.now())

    def member(self, _patient: Patient, _coverage: Coverage) -> Answer[Member]:
        return self._count("member", Member(self.id, "Patient/m1", "NW-1", "identifier", AT_PAYER))

    def care_gaps(self, _member: Member, _period: Period) -> Answer[Report]:
        return self._count("care-gaps", Report(self.id, "care-gaps", "Patient/m1", AT_PAYER))

    def risk(self, _member: Member, _period: Period) -> Answer[Report]:
        return self._count("risk", Report(self.id, "risk", "Patient/m1", AT_PAYER))


@contextmanager
def gathering(store: Store, chart: Chart, payers: Mapping[str, Payer], who: str = "one") -> Iterator[Gathering]:
    """One process that asks them until the block ends. A payer is recognised by its id with a capital."""
    rows = [PayerRow(name, name.title(), (Recognition(payor=name.title()),)) for name in payers]
    pools = Pools(size=Size(workers=16, queue=2000, patience=60))
    made = Gathering(store, pools, ehr=lambda _: chart, payers=payers, rows=rows, who=who)
    try:
        yield made
    finally:
        pools.shutdown()
        made.close()


def finished(made: Gathering, of: Opening, limit: float = 30) -> State:
    """The state in which nothing is out any more."""
    seen, end = None, time.monotonic() + limit
    while time.monotonic() < end:
        state = made.show(of, WHO, seen=seen, timeout=2)
        if state.complete:
            return state
        seen = state.version
    raise TimeoutError(f"still out: {[ask for ask in state.plan.asks if ask not in state.answers]}")
