"""A provider's day from a real FHIR server that is not ours, asked by our own adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.core.answers import Known
from app.core.schedule.appointment import DayAsk, Plan
from app.core.schedule.entry import ScheduleEntry
from app.sources.connections import Connections
from app.sources.ehr import Ehr
from sandbox_config.serving import free_ports
from tests.peers.sekmet import load, sekmet

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("peers")]

NOW = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)


@dataclass(frozen=True)
class Entry:
    id: str = "peer"
    quirks: Mapping[str, Any] = field(default_factory=dict)
    timezone: str = "America/New_York"
    schedule: ScheduleEntry | None = None


def taking_part(ref: str) -> dict[str, Any]:
    return {"actor": {"reference": ref}, "status": "accepted"}


def appointment(name: str, start: str, provider: str = "dr", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Appointment", "id": name, "status": "booked", "start": start,
        "end": start.replace(":00:00", ":20:00").replace(":45:00", ":55:00"),
        "participant": [taking_part("Patient/p"), taking_part(f"Practitioner/{provider}")],
    } | more  # fmt: skip


RESOURCES = [
    {"resourceType": "Patient", "id": "p", "name": [{"family": "Öz", "given": ["Ana"]}], "birthDate": "1957-02-03"},
    {"resourceType": "Practitioner", "id": "dr", "name": [{"family": "Moss"}]},
    {"resourceType": "Practitioner", "id": "other", "name": [{"family": "Poe"}]},
    appointment("first", "2026-11-23T00:45:00-05:00"),
    appointment("nine", "2026-11-23T14:00:00Z"),
    appointment("last", "2026-11-23T23:45:00-05:00"),
    appointment("before", "2026-11-22T23:45:00-05:00"),
    appointment("after", "2026-11-24T00:00:00-05:00"),
    appointment("theirs", "2026-11-23T10:00:00-05:00", "other"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("schedule")
    with sekmet(folder / "sekmet", port, f"http://127.0.0.1:{port}/fhir", {"types": ["none"]}) as address:
        load(f"{address}/fhir", RESOURCES)
        yield f"{address}/fhir"


@pytest.mark.parametrize("plan", [None, Plan.PORTABLE, Plan.PRACTITIONER])
def test_a_day_of_a_real_fhir_server(base: str, plan: Plan | None) -> None:
    entry = Entry(schedule=ScheduleEntry(plan=plan))
    ehr = Ehr(entry, base, None, connections=Connections(clock=lambda: NOW))
    found = ehr.schedule(DayAsk.of("Practitioner/dr", DAY))
    assert isinstance(found, Known), found
    assert {each.ref for each in found.value.appointments} == {
        "Appointment/first",
        "Appointment/nine",
        "Appointment/last",
    }
    rode_along = [each.names[0].family for each in found.value.patients]
    assert rode_along == ([] if plan is Plan.PRACTITIONER else ["Öz"])
    assert found.incomplete == ()


def test_a_provider_without_visits_has_an_empty_day_there(base: str) -> None:
    ehr = Ehr(Entry(), base, None, connections=Connections(clock=lambda: NOW))
    found = ehr.schedule(DayAsk.of("Practitioner/nobody", DAY))
    assert isinstance(found, Known), found
    assert found.value.appointments == ()
