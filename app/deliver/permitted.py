"""Whether a payer may be asked about a patient when nobody has the chart open: by our own access to the EHR.

What forbids it is read anew, as a launch would read it (docs/rules.md). An EHR that gives us no access of our own lets
nobody be asked: there the next look at the patient tells what became of what was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from app.core.answers import Answer, Known
from app.core.asking import PayerRow
from app.core.chart import Coverage, Fact, Patient
from app.core.consents import Consent
from app.core.coverage import connect
from app.core.restrictions import CONSENT, FLAG, restrictions
from app.store import Store, barred


class Charts(Protocol):
    """What is read of one EHR, with our own token."""

    def patient(self, patient_id: str) -> Answer[Patient]: ...
    def coverages(self, patient_id: str) -> Answer[tuple[Coverage, ...]]: ...
    def consents(self, patient_id: str) -> Answer[tuple[Consent, ...]]: ...
    def facts(self, kind: str, patient_id: str, since: date | None) -> Answer[tuple[Fact, ...]]: ...


@dataclass(frozen=True, slots=True)
class Access:
    """One EHR that gives us access of our own. `kinds`: in which resources it keeps restrictions."""

    id: str
    timezone: str
    kinds: tuple[str, ...]
    charts: Charts


@dataclass(frozen=True, slots=True)
class Permitted:
    """`ehrs`: by issuer."""

    store: Store
    ehrs: Mapping[str, Access]
    rows: Sequence[PayerRow]
    clock: Callable[[], datetime]

    def payers(self, patient: str) -> frozenset[str]:
        """The payers that may be asked about a patient (patient key): of an active coverage, and not barred by
        anything. None of one who has died, and none where any of it could not be read.
        """
        issuer, _, patient_id = patient.rpartition("|")
        access = self.ehrs.get(issuer)
        if access is None or not patient_id:
            return frozenset()
        who, coverages = access.charts.patient(patient_id), access.charts.coverages(patient_id)
        if not (isinstance(who, Known) and isinstance(coverages, Known)) or who.value.deceased:
            return frozenset()
        consents = access.charts.consents(patient_id) if CONSENT in access.kinds else None
        flags = access.charts.facts(FLAG, patient_id, None) if FLAG in access.kinds else None
        with self.store.read() as tx:
            own = barred.own(tx, patient)
        today = self.clock().astimezone(ZoneInfo(access.timezone)).date()
        connected, _ = connect(coverages.value, access.id, today, self.rows)
        found = restrictions(consents, flags, own, connected, today, access.kinds, self.rows)
        return frozenset(row.id for row, _ in connected if found.known and row.id not in found.refused)
