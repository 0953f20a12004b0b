"""Chart facts and payer evidence in words: what, when, where it was seen, who says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from app.core.chart import Concept, Fact, Quantity, Value
from app.core.report import Evidence
from app.web.present.dates import NOT_STATED, when_words
from app.web.present.text import by_payer, distinct, listed, plain
from app.web.present.views import EvidenceView

#: FHIR resource types in a clinician's words: (one, several).
TYPE_WORDS: dict[str, tuple[str, str]] = {
    "Patient": ("patient record", "the patient record"),
    "Coverage": ("coverage", "coverage"),
    "Condition": ("condition", "conditions"),
    "Encounter": ("visit", "visits"),
    "Observation": ("result", "results"),
    "DiagnosticReport": ("report", "diagnostic reports"),
    "Procedure": ("procedure", "procedures"),
    "Immunization": ("vaccine", "vaccines"),
    "MedicationRequest": ("medication", "medications"),
    "ServiceRequest": ("order", "orders"),
    "Appointment": ("appointment", "appointments"),
    "AllergyIntolerance": ("allergy", "allergies"),
    "Flag": ("flag", "flags"),
    "Consent": ("consent", "consents"),
    "DocumentReference": ("document", "documents"),
}

#: Encounter.class (v3-ActCode) in words.
SETTING_WORDS: dict[str, str] = {
    "AMB": "office visit",
    "VR": "phone or video visit",
    "HH": "home visit",
    "EMER": "emergency department",
    "IMP": "hospital stay",
    "ACUTE": "hospital stay",
    "NONAC": "hospital stay, not acute",
    "OBSENC": "hospital observation",
    "SS": "short hospital stay",
    "PRENC": "before admission",
    "FLD": "in the field",
}

_CONDITION_LISTS = {
    "problem-list-item": "problem list",
    "encounter-diagnosis": "visit diagnosis",
    "health-concern": "health concern",
}


_SENTENCE = 4  # a value of more words is text, and quoted
_ANNOTATION = re.compile(r"\{[^{}]*\}")


def type_words(name: str) -> str:
    """One resource type: "order". A type that we do not read keeps its FHIR name."""
    return TYPE_WORDS.get(name, (plain(name), ""))[0]


def types_words(names: Sequence[str]) -> str:
    """Several resource types: "orders and appointments". `Observation: page 3` is a part of one."""
    return listed(distinct([_part_words(name) for name in names]))


def _part_words(name: str) -> str:
    kind, _, part = name.partition(": ")
    words = TYPE_WORDS.get(kind.partition("/")[0], ("", plain(kind)))[1]
    return f"{words} ({plain(part)})" if part else words


def setting_words(setting: str) -> str:
    return SETTING_WORDS.get(setting.upper(), plain(setting))


def value_words(value: Value | None) -> str:
    """9.4 %, <5 mg/dL, detected, yes"""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Quantity():
            return " ".join(filter(None, [f"{value.comparator}{value.value:f}", _unit(value)]))
        case Concept():
            return plain(value.label)
        case _:
            return plain(value)


def _unit(quantity: Quantity) -> str:
    """As displayed, without UCUM annotations: "16 {score}" is 16."""
    return plain(_ANNOTATION.sub("", quantity.unit or quantity.code))


def fact_value(fact: Fact) -> str:
    """The value of a result, its parts joined where they share a unit: "148/92 mmHg"; of a report its conclusion."""
    if (own := value_words(fact.value) or plain(fact.conclusion.label)) or not fact.components:
        return own
    parts = [part.value for part in fact.components]
    quantities = [part for part in parts if isinstance(part, Quantity)]
    units = {_unit(part) for part in quantities}
    if len(quantities) == len(parts) and len(units) == 1:
        return f"{'/'.join(f'{part.value:f}' for part in quantities)} {units.pop()}".strip()
    return ", ".join(f"{plain(c.concept.label)} {value_words(c.value)}".strip() for c in fact.components)


def fact_what(fact: Fact) -> str:
    """HbA1c 9.4 %"""
    label, value = plain(fact.concept.label) or type_words(fact.type), fact_value(fact)
    if len(value.split()) > _SENTENCE:
        return f"{label}: “{value.rstrip('.')}”"
    return " ".join(filter(None, [label, value]))


def fact_where(fact: Fact) -> str:
    """Where in the chart it stands: "problem list", "office visit", "result"."""
    lists = [_CONDITION_LISTS[c] for c in fact.category if c in _CONDITION_LISTS]
    if fact.type == "Condition" and lists:
        return lists[0]
    return setting_words(fact.setting) or type_words(fact.type)


def fact_line(fact: Fact, today: date) -> str:
    """HbA1c 9.4 %, 14 Sep 2026, 10 weeks ago"""
    return f"{fact_what(fact)}, {when_words(fact.when or fact.recorded, today)}"


def fact_view(fact: Fact, today: date) -> EvidenceView:
    who = f"this chart, {plain(fact.who)}" if fact.who else "this chart"
    return EvidenceView(fact_what(fact), when_words(fact.when or fact.recorded, today), fact_where(fact), who)


def evidence_what(evidence: Evidence, payer: str) -> str:
    """What a payer evaluated, in its own words and with its value, else the kind of record."""
    if not evidence.readable:
        return f"One record that {payer} did not let us read"
    words = by_payer(evidence.what or evidence.concept.label)
    value = by_payer(value_words(evidence.value))
    if value and value.casefold() not in words.casefold():
        words = f"{words} {value}".strip()
    return words or f"{type_words(evidence.type) or 'record'}, not described"


def evidence_line(evidence: Evidence, payer: str, today: date) -> str:
    return f"{evidence_what(evidence, payer)}, {when_words(evidence.when, today)}"


def evidence_view(evidence: Evidence, payer: str, today: date) -> EvidenceView:
    source = plain(evidence.source)
    return EvidenceView(
        what=evidence_what(evidence, payer),
        when=when_words(evidence.when, today),
        setting=setting_words(evidence.setting) or f"setting {NOT_STATED}",
        source=f"{payer}, from {source}" if source else f"{payer}, recorder {NOT_STATED}",
    )


def evidence_words(view: EvidenceView) -> str:
    """One piece of evidence as one line: what, date, setting, source."""
    return "; ".join(filter(None, [", ".join(filter(None, [view.what, view.when, view.setting])), view.source]))
