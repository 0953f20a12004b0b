"""One payer as configured. Data only: how it is reached, how its coverage is recognised, and what it speaks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app.core.freshness import DataClass
from app.sources.payer.dialect import AUTO, DIALECTS, RISK_DIALECTS

if TYPE_CHECKING:
    from app.core.coverage import Recognition
    from app.core.measures.names import PayerName

#: What this app reads at a payer (SMART App Launch 2.2, system scopes). There is no scope for an operation.
READ_SCOPES = (
    "system/MeasureReport.rs", "system/Measure.rs", "system/Patient.rs", "system/Coverage.rs",
    "system/Organization.rs", "system/Practitioner.rs",
)  # fmt: skip
#: What it writes where the entry sends something, and the ways in which something can be sent.
WRITE_SCOPES = ("system/MeasureReport.cu",)
REMARK_WAYS = ("none", AUTO, "put", "transaction", "submit-remark-data", "patch")
EVIDENCE_WAYS = ("none", AUTO, "submit-data", "deqm-submit-data", "transaction")
_ALGORITHMS = frozenset({"ES384", "RS384"})
_V1 = re.compile(r"\.(read|write|\*)$")
_ORGANIZATION = re.compile(r"Organization/[A-Za-z0-9.-]{1,64}")
_QUESTIONS = frozenset({"care-gaps", "risk"})


@dataclass(frozen=True, slots=True)
class PayerEntry:
    """`[[payer]]` of the settings. Raises ValueError for what no payer could mean."""

    id: str
    name: str
    base: str  # FHIR base URL
    client_id: str
    assertion_alg: str = "ES384"
    scopes: tuple[str, ...] = READ_SCOPES
    token_url: str = ""  # instead of discovery
    member_systems: tuple[str, ...] = ()  # identifier systems of its member ids; empty: as the Coverage states them
    dependent_joint: str = ""  # "-": its member ids are `<id>-<dependent>`; empty: the id alone
    recognised_by: tuple[Recognition, ...] = ()
    dialect: str = AUTO  # as its CapabilityStatement says, else found out by asking; or one of `dialect.DIALECTS`
    statuses: tuple[str, ...] = ()  # gap statuses to ask for; empty: all that its dialect has
    data_through_extension: str = ""  # the guides have none; a payer that states it names its own extension here
    speaks: tuple[str, ...] = ("care-gaps", "risk")
    search_by: str = "post"  # post keeps member ids out of the payer's access log; get is tried when it refuses
    timezone: str = "UTC"
    seconds: float = 8.0  # what one question may take
    data: tuple[DataClass, ...] = ()  # what its answers are made of, and how late that may be
    quirks: Mapping[str, Any] = field(default_factory=dict)
    risk_dialect: str = AUTO  # or one of `dialect.RISK_DIALECTS`
    measures: tuple[str, ...] = ()  # canonicals to ask for where a dialect wants each named; empty: all the payer lists
    measure_names: tuple[PayerName, ...] = ()  # what it calls the measures that we have rules for
    in_flight: int = 0  # calls at once, of all processes together; 0: not limited
    per_minute: int = 0
    respond_async: bool = False  # ask it to answer operations later (202) rather than to hold the connection
    organization: str = ""  # Organization/… by which it knows the practice: for the open gaps of all its patients

    remarks: str = "none"  # how it takes remarks: one of REMARK_WAYS; none: it is told nothing
    software_remarks: bool = False  # every RA group received gets a remark, by the software where nobody said anything
    evidence: str = "none"  # how it takes evidence: one of EVIDENCE_WAYS
    confirm_days: int = 45  # after which something sent and not confirmed goes to the payer meeting
    echoes: str = AUTO  # whether its reports show the remarks that it keeps: "yes", "no", or as seen

    def __post_init__(self) -> None:
        wrong = {
            "remarks": self.remarks not in REMARK_WAYS,
            "evidence": self.evidence not in EVIDENCE_WAYS,
            "echoes": self.echoes not in ("yes", "no", AUTO),
            "software_remarks": not isinstance(self.software_remarks, bool)
            or (self.software_remarks and (self.remarks == "none" or "risk" not in self.speaks)),
            "confirm_days": not _is_days(self.confirm_days),
            "assertion_alg": self.assertion_alg not in _ALGORITHMS,
            "dialect": self.dialect not in (AUTO, *DIALECTS),
            "risk_dialect": self.risk_dialect not in (AUTO, *RISK_DIALECTS),
            "search_by": self.search_by not in ("post", "get"),
            "speaks": not _QUESTIONS.issuperset(self.speaks),
            "timezone": not _is_timezone(self.timezone),
            "organization": bool(self.organization) and not _ORGANIZATION.fullmatch(self.organization),
            "base": not self.base.startswith(("https://", "http://")),
        }
        if names := [name for name, is_wrong in wrong.items() if is_wrong]:
            raise ValueError(f"payer {self.id}: {', '.join(names)} cannot be what it is set to")

    @property
    def asked_scopes(self) -> tuple[str, ...]:
        """What its token is asked for: to read, and to write where something is sent. v1 where its scopes are v1."""
        if self.remarks == self.evidence == "none":
            return self.scopes
        if any(_V1.search(scope) for scope in self.scopes):
            return tuple(dict.fromkeys([*self.scopes, "system/MeasureReport.write"]))
        return tuple(dict.fromkeys([*self.scopes, *WRITE_SCOPES]))


def _is_days(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not there; not a name at all; a folder of the database
        return False
    return True
