"""Which plans an EHR can be asked by, best first: by its CapabilityStatement, or as its entry says. Pure.

2026-11, OpenEMR 8.2: an Appointment search by a parameter that it does not declare is answered with 200 and nothing. So
nothing is believed to be empty unless the parameters were declared, or the entry names the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.core.schedule.appointment import Plan
from app.core.schedule.entry import ScheduleEntry
from app.sources.fhir.offers import Offer, Offers

_PEOPLE = ("actor", "practitioner")  # search parameters that name whom an appointment is with
_PATIENT_INCLUDES = frozenset({"Appointment:patient", "Appointment:actor", "*"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One plan. `by`: the search parameter that names the provider; `believed`: whether an empty answer means none."""

    plan: Plan
    why: str  # for the doctor
    by: str = ""
    believed: bool = True


def choices(offers: Offers | None, entry: ScheduleEntry) -> tuple[Choice, ...]:
    """The plans to try in order. `offers` None: what the EHR declares could not be read."""
    if entry.plan is not None:
        return tuple(_stated(entry.plan, offers))
    return tuple(_found(offers, entry))


def _stated(plan: Plan, offers: Offers | None) -> Iterator[Choice]:
    """The plan that the entry names; what else it needs of the entry is checked when that is read."""
    declared = _declared(offers)
    person = next((name for name in _PEOPLE if name in declared), "")
    by = {Plan.PORTABLE: person or "actor", Plan.PRACTITIONER: "practitioner", Plan.LOCATION: "location"}
    yield Choice(plan, "its entry says so", by.get(plan, ""))


def _found(offers: Offers | None, entry: ScheduleEntry) -> Iterator[Choice]:
    declared, offer = _declared(offers), (offers or Offers()).of("Appointment")
    person = next((name for name in _PEOPLE if name in declared), "")
    if person and "date" in declared:
        said = f"it declares a search by {person} and date"
        if "actor" in declared or offer.includes & _PATIENT_INCLUDES:
            yield Choice(Plan.PORTABLE, said, person)
        if "practitioner" in declared:
            yield Choice(Plan.PRACTITIONER, f"{said}, and nothing that rides along", "practitioner")
    if entry.locations and {"location", "date"} <= declared:
        yield Choice(
            Plan.LOCATION, "it declares a search by location and date, and its entry names locations", "location"
        )
    if entry.practice and entry.departments:
        yield Choice(Plan.BOOKED, "its entry names an athenahealth practice and departments")
    if entry.worklist:
        yield Choice(Plan.WORKLIST, "its entry names a worklist file")
    if _may_answer(offers, offer):
        said = "what it can search Appointment by is not declared; only an answer with appointments is believed"
        yield Choice(Plan.PORTABLE, said, "actor", believed=False)
        yield Choice(Plan.PRACTITIONER, said, "practitioner", believed=False)


def _declared(offers: Offers | None) -> frozenset[str]:
    """The parameters that Appointment can be searched by."""
    offer = (offers or Offers()).of("Appointment")
    searched = not offer.interactions or "search-type" in offer.interactions
    return offer.params if searched else frozenset()


def _may_answer(offers: Offers | None, offer: Offer) -> bool:
    """Nothing is declared either way: no statement, or an Appointment whose parameters it does not go into."""
    if offers is None or not offers.types:
        return True
    listed = "Appointment" in offers.types
    return listed and not offer.params and (not offer.interactions or "search-type" in offer.interactions)


def lacking(offers: Offers) -> str:
    """What an Appointment search by provider and day lacks there; "" when it lacks nothing."""
    return min((offers.lacks("Appointment", frozenset({name, "date"})) for name in _PEOPLE), key=len)


def finds_visits(offers: Offers | None) -> str:
    """The parameter by which Encounters of a practitioner and day are found; "" where that is not declared."""
    offer = (offers or Offers()).of("Encounter")
    if "date" not in offer.params or (offer.interactions and "search-type" not in offer.interactions):
        return ""
    return next((name for name in ("practitioner", "participant") if name in offer.params), "")


def asks_by_patient(offers: Offers | None) -> bool:
    """Whether one patient's Appointments may be asked for by day: declared, or nothing is declared at all."""
    offer = (offers or Offers()).of("Appointment")
    return _may_answer(offers, offer) or {"patient", "date"} <= _declared(offers)
