"""Looking up extensions by the list of URLs under which one meaning is published. https://hl7.org/fhir/R4/extensibility.html"""

from __future__ import annotations

from collections.abc import Collection

from app.core.chart import Concept, When
from app.sources.fhir.shape import Json, objs, words
from app.sources.fhir.values import concept, period, when

Urls = Collection[str]


def extensions(element: Json, urls: Urls, *, within: str = "extension") -> list[Json]:
    """Every extension of `element` with one of these URLs."""
    if within not in element:
        return []
    return [e for e in objs(element[within]) if isinstance(url := e.get("url"), str) and url.strip() in urls]


def extension(element: Json, urls: Urls, *, within: str = "extension") -> Json:
    """The first extension with one of these URLs, or an empty object."""
    if within in element:
        for each in objs(element[within]):
            if isinstance(url := each.get("url"), str) and url.strip() in urls:
                return each
    return {}


def concept_of(found: Json) -> Concept:
    """The value of an extension as a concept: a CodeableConcept, a Coding, or a plain code or word."""
    for key, value in found.items():
        if key.startswith("value") and value is not None:
            return concept(value)
    return Concept()


def code_of(found: Json) -> str:
    """The value of an extension as a code, else the words in its place."""
    value = concept_of(found)
    return next((c.code for c in value.codings if c.code), value.label)


def when_of(found: Json) -> When | None:
    """The value of an extension as a date; of a Period, its end."""
    for key, value in found.items():
        if key == "valuePeriod":
            start, end = period(value)
            return end or start
        if key.startswith("value"):
            return when(value)
    return None


def text_of(found: Json) -> str:
    """The value of an extension as text."""
    return next((words(value) for key, value in found.items() if key.startswith("value")), "")
