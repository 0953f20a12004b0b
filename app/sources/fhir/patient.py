"""A FHIR Patient as identity: who one side says a person is, and how to speak with them.

https://hl7.org/fhir/R4/patient.html, US Core Patient and its Interpreter Needed extension
"""

from __future__ import annotations

from app.core.chart import Patient, When
from app.sources.fhir.extensions import code_of, concept_of, extension
from app.sources.fhir.shape import Json, obj, objs, words
from app.sources.fhir.values import concept, identifiers, names, when

_INTERPRETER = frozenset({"http://hl7.org/fhir/us/core/StructureDefinition/us-core-interpreter-needed"})
#: The words, and the codes of US Core's value set for them; others say "unknown" or "not applicable".
_NEEDED = {
    "yes": True, "no": False, "true": True, "false": False, "y": True, "n": False,
    "373066001": True, "373067005": False, "la33-6": True, "la32-8": False,
}  # fmt: skip
#: ContactPoint.use in the order in which a person is called; what is old is not called at all.
_CALLED = ("mobile", "home", "", "work", "temp")


def patient(resource: Json) -> Patient:
    """Identity as stated; ids of two sides are never compared."""
    return Patient(
        id=words(resource.get("id")),
        names=names(resource.get("name")),
        birth_date=when(resource.get("birthDate")),
        sex=words(resource.get("gender")),
        deceased=_deceased(resource),
        identifiers=identifiers(resource.get("identifier")),
        language=_language(resource),
        interpreter=_interpreter(resource),
        phone=_phone(resource),
    )


def _language(resource: Json) -> str:
    """The language that is preferred, or the only one that is stated."""
    stated = objs(resource.get("communication"))
    preferred = [each for each in stated if each.get("preferred") is True] or (stated if len(stated) == 1 else [])
    return next((label for each in preferred if (label := concept(each.get("language")).label)), "")


def _interpreter(resource: Json) -> bool | None:
    """Whether an interpreter is needed; None where that is not stated, or in a word that says neither."""
    found = extension(resource, _INTERPRETER)
    stated = found.get("valueBoolean")
    if isinstance(stated, bool):
        return stated
    said = (code_of(found).casefold(), concept_of(found).label.casefold())
    return next((_NEEDED[word] for word in said if word in _NEEDED), None)


def _phone(resource: Json) -> str:
    """The first number that may be called. https://hl7.org/fhir/R4/datatypes.html#ContactPoint"""
    numbers: dict[str, str] = {}
    for point in objs(resource.get("telecom")):
        is_over = bool(obj(point.get("period")).get("end"))
        if words(point.get("system")) in ("phone", "sms") and not is_over and (number := words(point.get("value"))):
            numbers.setdefault(words(point.get("use")), number)
    return next((numbers[use] for use in _CALLED if use in numbers), "")


def _deceased(resource: Json) -> bool | When | None:
    """A date that cannot be read still says that the person has died."""
    if (stated := resource.get("deceasedDateTime")) not in (None, ""):
        return when(stated) or True
    stated = resource.get("deceasedBoolean")
    return {"true": True, "false": False}.get(str(stated).lower())
