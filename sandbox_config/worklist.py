"""The practice's worklist file: what one tenant's practice exports each night, because its EHR lists no schedule."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sandbox_config.scenario import CLINIC_TZ, Scenario

VARIABLE = "CHARTSIDE_WORKLIST"
FILE = ".run/worklist.csv"  # where local.toml looks unless the variable says otherwise
COLUMNS = ("date", "time", "patient", "provider", "reason", "type", "status")


def write(path: str | Path, scenarios: Iterable[Scenario]) -> None:
    """One line a patient and appointment. Walk-ins and what was entered in error are in no export."""
    lines = []
    for scenario in scenarios:
        for booked in scenario.of("Appointment"):
            actors = [one["actor"].get("reference", "") for one in booked["participant"]]
            provider = next((ref.rpartition("/")[2] for ref in actors if ref.startswith("Practitioner/")), "")
            if not provider or "meta" in booked or booked["status"] == "entered-in-error":
                continue
            start = datetime.fromisoformat(booked["start"]).astimezone(CLINIC_TZ)
            day, clock, kind = start.date().isoformat(), start.strftime("%H:%M"), booked["serviceType"][0]["text"]
            reason = str(booked.get("description", ""))
            lines.append((day, clock, scenario.patient_id, provider, reason, kind, booked["status"]))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *sorted(lines)])
