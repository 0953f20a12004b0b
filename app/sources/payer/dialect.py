"""What differs between the guides a payer may speak: the canonical URLs of one meaning, and the shape of the question.

Reading accepts every published tree (Da Vinci DEQM US and DEQM universal; RA of any release), because payers mix
them; a new spelling is one more URL in a list here. Asking follows `PayerEntry.dialect`: a new dialect is one more row
of `DIALECTS`. https://hl7.org/fhir/us/davinci-deqm/STU5/ https://hl7.org/fhir/us/davinci-ra/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.core.report import Period
from app.sources.replies import Json

DEQM_US = "http://hl7.org/fhir/us/davinci-deqm/StructureDefinition"
DEQM_UV = "http://hl7.org/fhir/uv/deqm/StructureDefinition"
RA_BASE = "http://hl7.org/fhir/us/davinci-ra/StructureDefinition"
_CORE = "http://hl7.org/fhir/StructureDefinition"
_R5 = "http://hl7.org/fhir/5.0/StructureDefinition"

Urls = frozenset[str]


def _deqm(name: str, *more: str) -> Urls:
    return frozenset({f"{DEQM_US}/extension-{name}", f"{DEQM_UV}/deqm-{name}", *more})


def _ra(*names: str) -> Urls:
    return frozenset(f"{RA_BASE}/{name}" for name in names)


# --- DEQM -------------------------------------------------------------------------------------------------------------

GAP_STATUS = _deqm("gapStatus")
CALCULATED_DATE = _deqm("calculatedDate")
CARE_GAP_REMARK = _deqm("careGapRemark")
REASON_DETAIL = _deqm("reasonDetail", f"{DEQM_US}/reasonDetail")
GROUP_IMPROVEMENT = _deqm(
    "groupImprovementNotation",
    f"{_CORE}/cqf-improvementNotation",
    f"{_R5}/extension-MeasureReport.group.improvementNotation",
)
CRITERIA_REFERENCE = frozenset({f"{_CORE}/cqf-criteriaReference"})
ISSUE_GROUP = CRITERIA_REFERENCE | {f"{DEQM_US}/gaps-detectedissue-mr-group-id-deqm"}  # 2026-11, HAPI: the second
GROUP_LINK_ID = frozenset({f"{_R5}/extension-MeasureReport.group.linkId"})
POPULATION_LINK_ID = frozenset({f"{_R5}/extension-MeasureReport.group.population.linkId"})
COUNT_QUANTITY = frozenset({f"{_CORE}/measurereport-countQuantity"})

# --- RA ---------------------------------------------------------------------------------------------------------------

CATEGORY = frozenset({f"{_CORE}/measurereport-category"})
RA_PROFILE = f"{RA_BASE}/ra-measurereport"
CC_TYPE = _ra("ra-ccType", "ra-suspectType")  # STU1 called it suspectType
EVIDENCE_STATUS = _ra("ra-evidenceStatus")
EVIDENCE_STATUS_DATE = _ra("ra-evidenceStatusDate")
HIERARCHICAL_STATUS = _ra("ra-hierarchicalStatus")
CONFIDENCE = _ra("ra-confidenceScale")
DX_CODE = _ra("ra-dxCode")
QUALIFYING_DX = _ra("ra-qualifyingDxCode")
CC_REMARK = _ra("ra-ccRemark")
GROUP_REFERENCE = _ra("ra-groupReference")
DEADLINE = _ra("ra-clinicalDataCollectionDeadline")

# --- asking -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parameter:
    """One in-parameter of an operation: its name, the `value[x]` it takes, and the value."""

    name: str
    value_x: str
    value: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one guide wants to be asked for care gaps."""

    name: str
    care_gaps: Callable[[str, Period, Sequence[str]], tuple[Parameter, ...]]


def _deqm_us(patient_id: str, period: Period, statuses: Sequence[str]) -> tuple[Parameter, ...]:
    """DEQM US 5.0.0 `$care-gaps`: `subject` is a string; `status` is mandatory and repeats, never comma-joined."""
    return (
        Parameter("periodStart", "valueDate", period.start.isoformat()),
        Parameter("periodEnd", "valueDate", period.end.isoformat()),
        Parameter("subject", "valueString", f"Patient/{patient_id}"),
        *(Parameter("status", "valueCode", status) for status in statuses),
    )


DIALECTS: Mapping[str, Dialect] = {
    "deqm-us-5.0.0": Dialect("deqm-us-5.0.0", _deqm_us),
}


def body(parameters: Sequence[Parameter]) -> Json:
    """The parameters as a Parameters resource, for POST."""
    return {"resourceType": "Parameters", "parameter": [{"name": p.name, p.value_x: p.value} for p in parameters]}


def query(parameters: Sequence[Parameter]) -> list[tuple[str, str]]:
    """The parameters as a query string, for GET."""
    return [(p.name, p.value) for p in parameters]
