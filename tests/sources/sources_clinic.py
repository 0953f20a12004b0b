"""EHRs that list a day in their own ways: what each declares, takes, refuses and passes over in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sources_wire import Call, Clock, Reply, Wire, bundle, connections

from app.core.schedule.appointment import DayAsk
from app.core.schedule.entry import ScheduleEntry
from app.sources.ehr import Ehr

Json = dict[str, Any]

DR = "Practitioner/dr"
TODAY = date(2026, 11, 23)
ASK = DayAsk.of(DR, TODAY)
NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)  # eight in the morning at the clinic
DAY = [("date", "ge2026-11-23T00:00:00-05:00"), ("date", "lt2026-11-24T00:00:00-05:00")]


@dataclass(frozen=True)
class Entry:
    id: str = "main"
    quirks: Mapping[str, Any] = field(default_factory=dict)
    timezone: str = "America/New_York"
    schedule: ScheduleEntry | None = None


class Today(Clock):
    """A clock that stands at eight in the morning until the test moves it."""

    def __init__(self) -> None:
        super().__init__()
        self._now = NOW

    def now(self) -> datetime:
        return self._now

    def later(self, hours: int) -> None:
        self._now += timedelta(hours=hours)
        self.seconds += hours * 3600


def person(ref: str, shown: str = "", **more: Any) -> Json:
    return {"actor": {"reference": ref, **({"display": shown} if shown else {})}, "status": "accepted"} | more


def appointment(name: str, start: str = "09:00", *people: Json, patient: str = "", **more: Any) -> Json:
    stated = start if "T" in start else f"2026-11-23T{start}:00-05:00"
    patient = patient or f"Patient/{name}"
    return {
        "resourceType": "Appointment", "id": name, "status": "booked", "start": stated,
        "participant": [person(patient), person(DR, "Dr. Lee Moss"), *people],
    } | more  # fmt: skip


def encounter(name: str, **more: Any) -> Json:
    return {
        "resourceType": "Encounter", "id": name, "status": "in-progress", "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/{name}"}, "period": {"start": "2026-11-23T08:10:00-05:00"},
        "participant": [{"individual": {"reference": DR}}],
    } | more  # fmt: skip


def declares(*, includes: Iterable[str] = (), **types: str) -> Json:
    """A CapabilityStatement: type -> its search parameters in one string."""
    resources = [
        {
            "type": kind, "interaction": [{"code": "read"}, {"code": "search-type"}],
            "searchParam": [{"name": name} for name in names.split()], "searchInclude": list(includes),
        }
        for kind, names in types.items()
    ]  # fmt: skip
    return {
        "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
        "rest": [{"mode": "server", "resource": resources}],
    }  # fmt: skip


FULL = declares(includes=["Appointment:patient"], Appointment="actor practitioner patient location date status")


def ehr(
    host: Callable[[Call], Any],
    statement: Any = FULL,
    schedule: ScheduleEntry | None = None,
    *,
    quirks: Any = None,
    granted: Iterable[str] = (),
) -> tuple[Ehr, Wire]:
    """An adapter in front of `host`; `statement` answers its metadata."""

    def with_metadata(call: Call) -> Any:
        return statement if call.path == "/fhir/metadata" else host(call)

    wire = Wire(ehr=with_metadata)
    entry = Entry(quirks=quirks or {}, schedule=schedule)
    shared = connections(wire, Today())
    return Ehr(
        entry, "https://ehr.example/fhir", lambda renew: "token", connections=shared, granted=list(granted)
    ), wire


def asked(wire: Wire, kind: str = "Appointment") -> list[list[tuple[str, str]]]:
    """The parameters of each search of a type."""
    return [call.params for call in wire.calls if call.path == f"/fhir/{kind}"]


def refused(call: Call) -> Reply:
    return Reply({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}, 400)


def oracle(*found: Json) -> Callable[[Call], Any]:
    """Exactly one of three, two bounds with time and offset, no more than that; typed references refused."""

    def host(call: Call) -> Any:
        names = [name for name, _ in call.params]
        one = [name for name in names if name in ("patient", "practitioner", "location")]
        dates = call.get("date")
        bounded = len(dates) == 2 and all("T" in each and ("-05:00" in each or each.endswith("Z")) for each in dates)
        if len(one) != 1 or not bounded or set(names) - {"date", one[0]} or "/" in call.get(one[0])[0]:
            return refused(call)
        return bundle(*found)

    return host


def medplum(*found: Json) -> Callable[[Call], Any]:
    """Typed references only: a bare id finds nothing, without a word."""

    def host(call: Call) -> Any:
        who = call.get("actor") + call.get("practitioner")
        return bundle(*found) if who == [DR] and all("T" in each for each in call.get("date")) else bundle()

    return host
