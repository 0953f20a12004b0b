"""Which chart types the morning schedule reads, and why: what its rules declare that they need, and nothing beyond.

That includes DocumentReference: a document may tell that something was done elsewhere, and a row that says "do today"
where the panel says "request its record" would send the patient twice. Read beside the panel's own types:
RiskAssessment, for the mark of a high risk. Many EHRs have none: where it cannot be read there is no such mark, and
nothing else is missing.

Patient, Coverage, Consent and the flags of restrictions are asked by whoever plans the questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.core import status
from app.core.chart import CHART_TYPES
from app.core.conditions.searches import DRUG_TYPES, LAB_TYPES
from app.core.conditions.treatment import TYPES as TREATMENT_TYPES
from app.core.measures import Registry
from app.core.schedule.entry import Protocol
from app.core.schedule.marks import RISK_TYPES
from app.core.schedule.since import RESULTS

RISK_ASSESSMENT, DOCUMENT = "RiskAssessment", "DocumentReference"
#: What may be read, in this order.
READABLE = (*CHART_TYPES, RISK_ASSESSMENT)


def types(registry: Registry, protocols: Iterable[Protocol] = ()) -> tuple[str, ...]:
    """The chart types to read for each patient of a day, the chart's own types first."""
    found = why(registry, protocols)
    return tuple(kind for kind in READABLE if kind in found)


def why(registry: Registry, protocols: Iterable[Protocol] = ()) -> dict[str, tuple[str, ...]]:
    """Each needed chart type with everything that needs it: keys of rules, or what of the row."""
    found: dict[str, dict[str, None]] = {}
    for kind, who in _needs(registry, protocols):
        if kind in READABLE:
            found.setdefault(kind, {})[who] = None
    return {kind: tuple(those) for kind, those in found.items()}


def _needs(registry: Registry, protocols: Iterable[Protocol]) -> Iterator[tuple[str, str]]:
    yield from ((kind, "patient status") for kind in status.TYPES)
    for rule in registry.rules:
        doubts = (kind for doubt in rule.doubts for kind in doubt.types)
        follow_up = rule.follow_up.settled_by.types if rule.follow_up else ()
        moot = (kind for end in (rule.follow_up.moot if rule.follow_up else ()) for kind in end.types)
        yield from ((kind, rule.key) for kind in (*rule.needs, *doubts, *follow_up, *moot))
        if rule.evidence:
            yield DOCUMENT, f"{rule.key}, done elsewhere"
    yield from ((kind, "condition prompts") for kind in (*LAB_TYPES, *DRUG_TYPES, *TREATMENT_TYPES))
    yield "Encounter", "last visit, discharge, emergency visits"
    yield from ((kind, "results since the last visit") for kind in RESULTS)
    yield "ServiceRequest", "pending orders"
    yield from ((kind, "high risk") for kind in RISK_TYPES)
    yield from ((row.type, f"protocol {each.name}") for each in protocols for row in each.contraindications)
