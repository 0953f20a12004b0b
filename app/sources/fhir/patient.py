"""A FHIR Patient as identity: who one side says a person is. https://hl7.org/fhir/R4/patient.html"""

from __future__ import annotations

from app.core.chart import Patient, When
from app.sources.fhir.shape import Json, words
from app.sources.fhir.values import identifiers, names, when


def patient(resource: Json) -> Patient:
    """Identity as stated; ids of two sides are never compared."""
    return Patient(
        id=words(resource.get("id")),
        names=names(resource.get("name")),
        birth_date=when(resource.get("birthDate")),
        sex=words(resource.get("gender")),
        deceased=_deceased(resource),
        identifiers=identifiers(resource.get("identifier")),
    )


def _deceased(resource: Json) -> bool | When | None:
    """A date that cannot be read still says that the person has died."""
    if (stated := resource.get("deceasedDateTime")) not in (None, ""):
        return when(stated) or True
    stated = resource.get("deceasedBoolean")
    return {"true": True, "false": False}.get(str(stated).lower())
