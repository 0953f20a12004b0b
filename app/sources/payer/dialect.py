"""What differs between the guides a payer may speak: the canonical URLs of one meaning, and the shape of the question.

Reading accepts every published tree (Da Vinci DEQM US and DEQM universal; RA of any release), because payers mix
them; a new spelling is one more URL in a list here. Asking follows what the payer speaks (`capabilities.py`): a new
dialect is one more row of `DIALECTS`.
https://hl7.org/fhir/us/davinci-deqm/STU5/ https://hl7.org/fhir/uv/deqm/ https://hl7.org/fhir/us/davinci-ra/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.report import GapStatus, Period
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
REPORTING_PROGRAM = _deqm("reportingProgram")
GROUP_IMPROVEMENT = _deqm(
    "groupImprovementNotation",
    f"{_CORE}/cqf-improvementNotation",
    f"{_R5}/extension-MeasureReport.group.improvementNotation",
)
CRITERIA_REFERENCE = frozenset({f"{_CORE}/cqf-criteriaReference"})
POPULATION_REFERENCE = CRITERIA_REFERENCE | {f"{DEQM_US}/extension-populationReference"}  # the second: DEQM 3.1
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
REMARK_QUALIFYING = frozenset({"qualifyingDxCode", "qualifyingDxList"})  # RA 2.0 kept them inside the remark
CC_REMARK = _ra("ra-ccRemark")
GROUP_REFERENCE = _ra("ra-groupReference")
DEADLINE = _ra("ra-clinicalDataCollectionDeadline")
CONTEXT_ID = _ra("ra-contextId")

# --- asking -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parameter:
    """One in-parameter of an operation: its name, the `value[x]` (or `resource`) that it takes, and the value."""

    name: str
    value_x: str
    value: str | Json


_OPEN, _CLOSED = GapStatus.OPEN.value, GapStatus.CLOSED.value
_PROSPECTIVE, _NOT_APPLICABLE = GapStatus.PROSPECTIVE.value, GapStatus.NOT_APPLICABLE.value

OPEN_ONLY = (_OPEN,)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one guide wants to be asked for care gaps, and which gap statuses it has."""

    name: str
    statuses: tuple[str, ...]
    lists_measures: bool = False  # `measureUrl` is 1..*: every measure is named, or nothing is answered
    subject_is_reference: bool = False  # and therefore POST only
    lists_patients: bool = False  # can be asked for everybody of an organization (US: `organization`, `practitioner`)

    def care_gaps(
        self, patient_id: str, period: Period, statuses: Sequence[str], measures: Sequence[str] = ()
    ) -> tuple[Parameter, ...]:
        """The in-parameters; `status` is mandatory and repeats, never comma-joined. `measures` are canonicals."""
        ref = f"Patient/{patient_id}"
        subject = (
            Parameter("subject", "valueReference", {"reference": ref})
            if self.subject_is_reference
            else Parameter("subject", "valueString", ref)
        )
        listed = measures if self.lists_measures else ()
        return (
            *_span(period),
            subject,
            *(Parameter("status", "valueCode", status) for status in statuses),
            *(Parameter("measureUrl", "valueCanonical", measure) for measure in listed),
        )

    def open_gaps(self, organization: str, practitioner: str, period: Period) -> tuple[Parameter, ...]:
        """The in-parameters for everybody's open gaps: of an organization, or of one practitioner of it.

        DEQM US 5.0.0 wants a subject, or an organization, or a practitioner with an organization.
        """
        whose = (("practitioner", practitioner), ("organization", organization))
        return (
            *_span(period),
            *(Parameter(name, "valueString", ref) for name, ref in whose if ref),
            Parameter("status", "valueCode", _OPEN),
        )


def _span(period: Period) -> tuple[Parameter, Parameter]:
    return (
        Parameter("periodStart", "valueDate", period.start.isoformat()),
        Parameter("periodEnd", "valueDate", period.end.isoformat()),
    )


_ALL = (_OPEN, _CLOSED, _PROSPECTIVE, _NOT_APPLICABLE)
_ROWS = (
    Dialect("deqm-us-3.1.0", (_OPEN, _CLOSED), lists_patients=True),
    Dialect("deqm-us-4.0.0", (_OPEN, _CLOSED, _NOT_APPLICABLE), lists_patients=True),
    Dialect("deqm-us-5.0.0", _ALL, lists_patients=True),
    Dialect("deqm-uv-1.0.0", _ALL, lists_measures=True),
    Dialect("deqm-uv-1.0.0-ballot", _ALL, lists_measures=True, subject_is_reference=True),
)
DIALECTS: Mapping[str, Dialect] = {row.name: row for row in _ROWS}
US, UV, US_OLDEST = "deqm-us-5.0.0", "deqm-uv-1.0.0", "deqm-us-3.1.0"

RA_REPORT, RA_SEARCH, RA_RISK_GAP = "ra-1.0.0", "ra-2.1.0", "ra-3.0.0-ballot"
RA_SEARCH_2_0 = "ra-2.0.0"  # asked as 2.1; its remarks name related data differently
RISK_DIALECTS = (RA_REPORT, RA_SEARCH_2_0, RA_SEARCH, RA_RISK_GAP)

AUTO = "auto"


def in_time(statuses: Sequence[str], is_future: bool) -> tuple[str, ...]:
    """The statuses that can exist: a gap is prospective only while its period still runs.

    The universal guide asks for those by their own status, the US ones by a `periodEnd` to come.
    """
    return tuple(status for status in statuses if is_future or status != _PROSPECTIVE)


def report_parameters(patient_id: str, period: Period) -> tuple[Parameter, ...]:
    """RA 1.0.0 `MeasureReport/$report`."""
    return (*_span(period), Parameter("subject", "valueString", f"Patient/{patient_id}"))


def body(parameters: Sequence[Parameter]) -> Json:
    """The parameters as a Parameters resource, for POST."""
    return {"resourceType": "Parameters", "parameter": [{"name": p.name, p.value_x: p.value} for p in parameters]}


def query(parameters: Sequence[Parameter]) -> list[tuple[str, str]] | None:
    """The parameters as a query string, for GET; None when one of them cannot stand in a URL."""
    pairs = [(p.name, p.value) for p in parameters if isinstance(p.value, str)]
    return pairs if len(pairs) == len(parameters) else None
