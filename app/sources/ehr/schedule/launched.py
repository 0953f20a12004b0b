"""Plan F: only what the launch itself names, an Appointment or an Encounter: nothing else can be listed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from app.core.schedule.appointment import DayAsk, Plan, Schedule
from app.sources.ehr.schedule.reading import Reading, Resolve, schedule
from app.sources.errors import CannotList, SourceError, Unreadable
from app.sources.fhir.appointments import visit
from app.sources.http import Http
from app.sources.urls import instance

_READS = 5


def launched(http: Http, named: Sequence[str], ask: DayAsk, zone: tzinfo, resolve: Resolve) -> tuple[Schedule, Reading]:
    """The named resources. Raises CannotList when none of them is of these days: that says nothing of the days."""
    for kind, reading in (("Appointment", Reading()), ("Encounter", Reading("Encounter", visit))):
        for ref in [ref for ref in named if ref.startswith(f"{kind}/")][:_READS]:
            resource_id = ref.partition("/")[2]
            try:
                resource = http.get(instance(kind, resource_id))
            except SourceError as trouble:
                reading.failed(trouble)
                continue
            if resource.get("resourceType") != kind or resource.get("id") != resource_id:
                raise Unreadable(f"answered with another {kind} than was asked for")
            reading.take_one(resource)
        found = schedule(reading, ask, zone, Plan.LAUNCHED, resolve)
        if found.appointments:
            return found, reading
    raise CannotList("there is no way to ask it for a day, and the launch names no appointment of it")
