"""Whether an EHR can list a provider's day: by which plan, why, and what to ask the vendor for where it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from app.core.schedule.appointment import Plan
from app.core.schedule.entry import ScheduleEntry
from app.doctor.report import Finding, broken, cannot_tell, degraded, ok
from app.sources.ehr.schedule import worklist
from app.sources.ehr.schedule.choosing import Choice, choices, finds_visits, lacking
from app.sources.ehr.scopes import may_list
from app.sources.errors import SourceError
from app.sources.fhir.offers import Offers
from launch.registry import Ehr

_TOPIC = "schedule"
_NO_LIST = "The morning schedule says that this EHR cannot list one; only what a launch names is shown."
_PLANS = {
    Plan.PORTABLE: "by provider and day, patients included",
    Plan.PRACTITIONER: "by practitioner and day alone",
    Plan.LOCATION: "by location and day, providers told apart here",
    Plan.BOOKED: "by athenahealth's list of booked appointments",
    Plan.WORKLIST: "by the practice's worklist file",
    Plan.LAUNCHED: "only what a launch names",
}
#: Plans that search Appointments across patients.
_ACROSS = frozenset({Plan.PORTABLE, Plan.PRACTITIONER, Plan.LOCATION})


def day_lists(found: Offers | None, entry: Ehr) -> Iterator[Finding]:
    """The plan that would be asked by first. `found` None: there is no CapabilityStatement to go by."""
    stated = entry.schedule if isinstance(entry.schedule, ScheduleEntry) else ScheduleEntry()
    first = next(iter(choices(found, stated)), None)
    if first is None:
        what = lacking(found or Offers())
        yield degraded(
            _TOPIC,
            f"no way to ask for a provider's day (Appointment: {what})",
            _NO_LIST,
            f"Can client {entry.client_id} search Appointment by practitioner (or actor) and date, across patients?",
        )
        return
    yield _plan(first, entry)
    if first.plan in _ACROSS and not may_list("Appointment", entry.scopes) and _names_resources(entry):
        found_scopes = "its entry asks for no user scope for Appointment"
        yield degraded(_TOPIC, found_scopes, _NO_LIST, f"Please enable user/Appointment.rs for {entry.client_id}.")
    if first.plan in _ACROSS and not finds_visits(found):
        yield ok("walk-ins", "shown once they have an Appointment (no Encounter search by practitioner and date)")
    if first.plan is Plan.WORKLIST:
        yield from _worklist(stated, entry)


def _plan(first: Choice, entry: Ehr) -> Finding:
    said = f"{_PLANS[first.plan]}: {first.why}"
    if first.plan is Plan.LAUNCHED:
        return degraded(_TOPIC, said, _NO_LIST)
    if not first.believed:
        ask = (
            f"Can client {entry.client_id} search Appointment by actor and date? Your CapabilityStatement does not say."
        )
        return cannot_tell(_TOPIC, said, "An empty day is shown as one that cannot be listed.", ask)
    return ok(_TOPIC, said)


def _names_resources(entry: Ehr) -> bool:
    """Whether its entry asks for scopes of resources at all; some leave that to the registration."""
    return any(scope.startswith(("user/", "patient/")) for scope in entry.scopes)


def _worklist(stated: ScheduleEntry, entry: Ehr) -> Iterator[Finding]:
    """Reads the file: its rows are counted, nothing of them is printed."""
    try:
        found = worklist.read(stated.worklist, ZoneInfo(entry.timezone))
    except SourceError as trouble:
        yield broken("worklist", trouble.detail, "The morning schedule cannot be shown.")
        return
    if found.wrong:
        means = "These rows are missing from the morning schedule."
        yield degraded("worklist", f"{len(found.lines)} rows; not read: {'; '.join(found.wrong[:5])}", means)
    else:
        yield ok("worklist", f"{len(found.lines)} rows")
