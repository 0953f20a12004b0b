"""Any clinical resource as a `Fact`: the rows of `app.sources.fhir.rows` say where each type keeps what."""

from __future__ import annotations

from app.core.chart import Component, Concept, Fact, Quantity, Value, When
from app.sources.fhir.references import reference, references
from app.sources.fhir.rows import CLASS_WORDS, CLASSES, Key, Stated, stated
from app.sources.fhir.rows import ROWS as ROWS  # for whoever reads facts
from app.sources.fhir.shape import Json, at, obj, objs, words
from app.sources.fhir.values import choice, chosen, code, codes, concept, decimal, period, when

_NEVER: tuple[When | None, When | None] = (None, None)
_NOTHING = Concept()


def fact(resource: Json) -> Fact:
    """One resource as a Fact; what it does not state is empty."""
    kind = words(resource.get("resourceType"))
    row = stated(kind, tuple(resource))
    start, end = _moments(resource, row.when) if row.when else _NEVER
    return Fact(  # in the order of its fields: by name it takes a tenth longer, and a chart has hundreds
        kind,
        f"{kind}/{words(resource.get('id'))}",
        _what(resource, row),
        code(resource[row.status]) if row.status else "",
        code(resource[row.verification]) if row.verification else "",
        codes(resource[row.category]) if row.category else (),
        start,
        end or (_moments(resource, row.until)[0] if row.until else None),
        _moments(resource, row.recorded)[0] if row.recorded else None,
        _value(resource, row.value) if row.value else None,
        _components(resource) if row.components else _predictions(resource) if row.predictions else (),
        _setting(resource[row.setting]) if row.setting else "",
        _who(resource, row.who) if row.who else "",
        _first_reference(resource, row.encounter) if row.encounter else "",
        references(_all(resource, row.related)) if row.related else (),
        words(resource["intent"]) if row.intent else "",
        _reason(resource, row) if row.reason or row.refused else "",
        _patient(resource),
        any([_told(name, resource[name]) for name in row.reported]) if row.reported else False,
        _conclusion(resource) if row.conclusion else _NOTHING,
        row.refused and resource["doNotPerform"] is True,
        codes(resource["interpretation"]) if row.interpretation else (),
        codes(meta["security"]) if (meta := obj(resource.get("meta"))).get("security") else (),
        words(obj(resource[row.place]).get("display")) if row.place else "",
    )


def _setting(stated: object) -> str:
    """The class of an encounter: a vendor's own code by what it is displayed as, where that is plain."""
    found = code(stated)
    if found.upper() in CLASSES:
        return found
    return CLASS_WORDS.get(concept(stated).label.casefold(), found)


def _told(name: str, stated: object) -> bool:
    """Whether an element says that the entry is somebody else's word: `primarySource` does so when it is false."""
    return stated is False if name == "primarySource" else stated not in (None, False, "", [], {})


def _conclusion(resource: Json) -> Concept:
    """A report's conclusion in codes and words. https://hl7.org/fhir/R4/diagnosticreport.html"""
    coded = concept(resource.get("conclusionCode") or [])
    return Concept(coded.codings, words(resource.get("conclusion")) or coded.text)


def _all(resource: Json, paths: tuple[str, ...]) -> list[object]:
    """Everything at any of these paths."""
    return [each for path in paths for each in at(resource, path)]


def _patient(resource: Json) -> str:
    for ref in subjects(resource):
        if ref.startswith("Patient/"):
            return ref
    return ""


def subjects(resource: Json) -> tuple[str, ...]:
    """Whom a resource is about, as references: the Patient, or what stands in their place."""
    about = resource.get("subject") or resource.get("patient")
    if about is not None:
        return (reference(about),)
    return references(at(resource, "participant.actor"))


def _moments(resource: Json, keys: tuple[Key, ...]) -> tuple[When | None, When | None]:
    """The first moment that one of these elements states, and its end when it is a period."""
    for key, dotted in keys:
        found = at(resource, key) if dotted else resource[key]
        for each in found if isinstance(found, list) else (found,):
            start, end = period(each) if isinstance(each, dict) else (when(each), None)
            if start or end:
                return start, end
    return _NEVER


def _what(resource: Json, row: Stated) -> Concept:
    """What the resource is. Several concepts are joined, and the first of them names it unless it has a title."""
    if len(row.what) == 1 and not row.title and (only := resource[row.what[0]]) is not None:  # nearly always
        return _medication(resource, only) if _is_reference(only) else concept(only)
    found = [resource[name] for name in row.what if resource[name] is not None]
    parts = [_medication(resource, s) if _is_reference(s) else concept(s) for s in found]
    title = words(resource[row.title]) if row.title else ""
    if len(parts) == 1 and not title:
        return parts[0]
    text = title or next((part.label for part in parts if part.label), "")
    return Concept(tuple(c for part in parts for c in part.codings), text)


def _is_reference(stated: object) -> bool:
    return isinstance(stated, dict) and ("reference" in stated or "display" in stated) and "coding" not in stated


def _medication(resource: Json, stated: Json) -> Concept:
    """A referenced Medication, from the contained resources or by its display."""
    name = words(stated.get("reference"))
    inside = next((c for c in objs(resource.get("contained")) if name == f"#{words(c.get('id'))}"), {})
    return concept(inside["code"]) if inside.get("code") else Concept((), words(stated.get("display")))


def _value(resource: Json, types: tuple[str, ...]) -> Value | None:
    for kind in types:
        if (found := resource["value" + kind]) is not None:
            return chosen(kind, found)
    return None


def _components(resource: Json) -> tuple[Component, ...]:
    return tuple([Component(concept(item.get("code")), choice(item)) for item in objs(resource["component"])])


def _predictions(resource: Json) -> tuple[Component, ...]:
    """What a RiskAssessment predicts, with its percentage, else how likely in words.
    https://hl7.org/fhir/R4/riskassessment.html
    """
    found: list[Component] = []
    for item in objs(resource["prediction"]):
        outcome, number = concept(item.get("outcome")), decimal(item.get("probabilityDecimal"))
        if number is not None:
            found.append(Component(outcome, Quantity(number, "%", "%")))
        if item.get("qualitativeRisk"):
            found.append(Component(outcome, concept(item["qualitativeRisk"])))
    return tuple(found)


def _who(resource: Json, paths: tuple[str, ...]) -> str:
    for path in paths:
        for person in at(resource, path):
            if name := words(obj(person).get("display")):
                if path == "participant.actor" and reference(person).startswith("Patient/"):
                    continue
                return name
    return ""


def _first_reference(resource: Json, path: str) -> str:
    return next(iter(references(at(resource, path))), "")


def _reason(resource: Json, row: Stated) -> str:
    """Why it was not done; an order not to do something says so even without a reason."""
    if resource.get("doNotPerform") is True:
        return concept(resource.get(row.reason)).label or "do not perform"
    if row.reason in ("", "reasonCode"):
        return ""
    return concept(resource[row.reason]).label
