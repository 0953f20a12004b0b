"""The releases of the Da Vinci guides that the payers speak, as data: DEQM 3.1, 5.0, universal 1.0; RA 1.0, 2.1, 3.0.

What a release has no room for is left out by whoever composes; what differs only in spelling is spelt here.
"""

from __future__ import annotations

from dataclasses import dataclass

_REMARKS = frozenset(
    {
        "order-placed", "satisfied-in-EHR", "out-of-range", "patient-refused", "rejected", "suppressed", "not-assessed",
        "not-ingested",
    }
)  # fmt: skip
_UV_REMARKS = _REMARKS | {"attribution-mismatch", "deferred", "documented-elsewhere"}
_RA_REMARKS = frozenset(
    {
        "assessed-present", "assessed-not-present", "in-progress", "deferred", "not-assessed", "not-presented",
        "not-ingested",
    }
)  # fmt: skip

US = "http://hl7.org/fhir/us/davinci-deqm"
UV = "http://hl7.org/fhir/uv/deqm"
RA_GUIDE = "http://hl7.org/fhir/us/davinci-ra"

_PERIOD = {"periodStart", "periodEnd", "status", "subject"}
_NAMED = {"measureId", "measureIdentifier", "measureUrl"}


@dataclass(frozen=True)
class Deqm:
    """One release of DEQM. `parameters` are the in-parameters of `$care-gaps` that a payer of it takes here."""

    release: str
    guide: str  # the canonical tree
    package: str
    statuses: tuple[str, ...]
    parameters: frozenset[str]
    needs_measures: bool = False  # measureUrl 1..*
    only_documents: bool = False  # no isDocument: always a document with Composition
    programs: bool = True  # has the extension reportingProgram
    link_ids: bool = False  # groups and populations carry R5 linkIds; the notation stands at the group
    remark_codes: frozenset[str] = frozenset()  # CodeSystem care-gap-remark; empty: the release has no careGapRemark

    @property
    def universal(self) -> bool:
        return self.guide == UV

    @property
    def operation(self) -> str:
        """The canonical of `$care-gaps`."""
        return f"{self.guide}/OperationDefinition/care-gaps"

    @property
    def implementation_guide(self) -> str:
        return f"{self.guide}/ImplementationGuide/{self.package}|{self.release}"

    def extension(self, name: str) -> str:
        """The URL of an extension: US and universal spell them differently."""
        if name == "reasonDetail" and not self.universal:
            return f"{US}/StructureDefinition/reasonDetail"
        return f"{self.guide}/StructureDefinition/{'deqm' if self.universal else 'extension'}-{name}"

    def profile(self, us: str, uv: str) -> str:
        return f"{self.guide}/StructureDefinition/{uv if self.universal else us}"

    def codes(self, name: str) -> str:
        """The URL of a code system of the guide."""
        return f"{self.guide}/CodeSystem/{'deqm-' if self.universal else ''}{name}"


DEQM_3 = Deqm(
    "3.1.0",
    US,
    "hl7.fhir.us.davinci-deqm",
    statuses=("open-gap", "closed-gap"),
    parameters=frozenset(_PERIOD | _NAMED | {"topic", "practitioner", "organization", "program"}),
    only_documents=True,
    programs=False,
)
DEQM_5 = Deqm(
    "5.0.0",
    US,
    "hl7.fhir.us.davinci-deqm",
    statuses=("open-gap", "closed-gap", "prospective-gap", "not-applicable"),
    parameters=frozenset(_PERIOD | _NAMED | {"practitioner", "organization", "isDocument"}),
    remark_codes=_REMARKS,
)
DEQM_UV = Deqm(
    "1.0.0",
    UV,
    "hl7.fhir.uv.deqm",
    statuses=("open-gap", "closed-gap", "prospective-gap", "not-applicable"),
    parameters=frozenset(_PERIOD | {"measureUrl", "isDocument"}),
    needs_measures=True,
    link_ids=True,
    remark_codes=_UV_REMARKS,
)


@dataclass(frozen=True)
class Ra:
    """One release of RA. `operation`: how reports are asked for beside the plain search, if at all."""

    release: str
    operation: str = ""
    search: bool = True
    suspect_type: bool = False  # STU1: ra-suspectType, no category, no dxCode
    qualifying: bool = False  # 3.0: ra-qualifyingDxCode
    remark_codes: frozenset[str] = _RA_REMARKS  # CodeSystem coding-gap-remark; empty: STU1 has no ra-ccRemark

    @property
    def implementation_guide(self) -> str:
        return f"{RA_GUIDE}/ImplementationGuide/hl7.fhir.us.davinci-ra|{self.release}"


RA_1 = Ra("1.0.0", operation="report", search=False, suspect_type=True, remark_codes=frozenset())
RA_2 = Ra("2.1.0")
RA_3 = Ra("3.0.0-ballot", operation="risk-gap", qualifying=True)
