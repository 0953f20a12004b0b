"""Why a gap is open, as the payer says it: GuidanceResponses behind a DetectedIssue (DEQM "detailed care gap").

`reasonCode` says what is wrong, its reasonDetail extension where, `dataRequirement` what would settle it.
"""

from __future__ import annotations

from app.core.report import GapReason
from app.sources.fhir.extensions import extension, extensions, text_of
from app.sources.fhir.references import Entry, reference
from app.sources.fhir.shape import Json, objs, words
from app.sources.fhir.values import code, concept
from app.sources.payer.dialect import REASON_DETAIL


def guidance(response: Entry) -> tuple[GapReason, ...]:
    """The reasons of one GuidanceResponse; codes that we do not know are kept as words."""
    needed = _needed(response.resource)
    notes = [text for note in objs(response.resource.get("note")) if (text := words(note.get("text")))]
    found = [_reason(stated, needed, notes) for stated in objs(response.resource.get("reasonCode"))]
    if not found and (needed or notes):
        found = [GapReason("", detail="; ".join([*needed, *notes]))]
    return tuple(found)


def manifested(evidence: Json) -> tuple[GapReason, ...]:
    """The codes that DetectedIssue.evidence itself carries."""
    stated = ((code(c), concept(c).label) for c in objs(evidence.get("code")))
    return tuple(GapReason(found, label) for found, label in stated if found or label)


def _reason(stated: Json, needed: list[str], notes: list[str]) -> GapReason:
    label = concept(stated).label
    return GapReason(code(stated), label, "; ".join([*_details(stated), *needed, *notes]))


def _details(stated: Json) -> list[str]:
    """Which datum fails: `Observation/1 value`. The extension stands on the concept or on one of its codings."""
    found = []
    for element in (stated, *objs(stated.get("coding"))):
        for detail in extensions(element, REASON_DETAIL):
            where = reference(extension(detail, ("reference",)).get("valueReference"))
            found.append(" ".join(filter(None, [where, text_of(extension(detail, ("path",)))])))
    return [text for text in found if text]


def _needed(resource: Json) -> list[str]:
    """What would settle it: `Observation: Hemoglobin A1c`. A requirement without codes says nothing to a reader."""
    found = []
    for requirement in objs(resource.get("dataRequirement")):
        labels = [
            concept(stated).label
            for code_filter in objs(requirement.get("codeFilter"))
            for stated in objs(code_filter.get("code"))
        ]
        if named := ", ".join(label for label in labels if label):
            found.append(f"{words(requirement.get('type'))}: {named}")
    return found
