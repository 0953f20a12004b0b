"""What a measure rule says, as data: what it is called, who belongs, what counts, within which window, with which
value, and what excludes.

A rule checks a payer's open gap against one chart. Whom a measure covers is the payer's word first: the rule speaks up
only where the chart says surely that the patient is outside (`app.core.measures.population`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import reduce
from operator import or_

from app.core.flag import RuleSource, StatusKind, Urgency
from app.core.measures.kind import Kind as Kind  # for whoever reads rules
from app.core.measures.kind import Threshold, Way
from app.core.report import Period
from app.core.terminology import NO_CODES, CodeSet
from app.core.words import Words

#: Statuses by FHIR R4 resource type with which something counts as done. Whatever is not listed never counts.
COUNTS: Mapping[str, frozenset[str]] = {
    "Observation": frozenset({"final", "amended", "corrected"}),
    "DiagnosticReport": frozenset({"final", "amended", "corrected", "appended"}),
    "Procedure": frozenset({"completed"}),
    "Immunization": frozenset({"completed"}),
    "Encounter": frozenset({"finished"}),
    "MedicationRequest": frozenset({"active", "completed"}),
    "AllergyIntolerance": frozenset({"active", ""}),
    "DocumentReference": frozenset({"current"}),
    "ServiceRequest": frozenset({"active", "completed"}),  # a referral, where the measure asks for a plan only
}
#: Statuses of something begun that has no final result yet: never evidence, but not to be asked for again either.
BEGUN: Mapping[str, frozenset[str]] = {
    "Observation": frozenset({"registered", "preliminary"}),
    "DiagnosticReport": frozenset({"registered", "partial", "preliminary"}),
    "Procedure": frozenset({"preparation", "in-progress"}),
}
#: Where something ordered or booked elsewhere stands.
ORDER_TYPES = ("ServiceRequest", "Appointment")
#: Intents of an order that was meant. https://hl7.org/fhir/R4/valueset-request-intent.html
ORDERED = frozenset({"", "order", "original-order", "reflex-order", "filler-order", "instance-order"})


#: Where a status that acts on measures stands by code (`app.core.status_rows`); flags come on top, and are not needed:
#: most EHRs give none, and the panel says it when a status could not be read.
STATUS_TYPES: Mapping[StatusKind, tuple[str, ...]] = {
    StatusKind.PALLIATIVE: ("Condition", "Encounter", "Procedure"),
    StatusKind.PREGNANCY: ("Condition", "Observation"),
    StatusKind.NURSING_HOME: ("Observation",),
    StatusKind.FRAILTY: ("Condition", "Encounter"),
}


@dataclass(frozen=True, slots=True)
class MeasureName:
    """A canonical that names this measure: a whole URL, or its last part. Only `versions` were compared with the rule.

    A version that ends in `.*` stands for all its releases. No versions: the name is known, no version of it was
    compared.
    """

    canonical: str
    versions: tuple[str, ...]

    @property
    def key(self) -> str:
        """What to look up: a URL as it is, a last part without regard to case."""
        return self.canonical if "/" in self.canonical else self.canonical.casefold()

    def reviewed(self, version: str) -> bool:
        """Whether this version was compared with the rule. A version that is not stated was not."""
        return any(version.startswith(v[:-1]) if v.endswith(".*") else version == v for v in self.versions)


class At(StrEnum):
    """The day at which a measure asks for the age."""

    START = "start"  # of the measurement period
    END = "end"


@dataclass(frozen=True, slots=True)
class Population:
    """Whom the measure covers. What stands only in `words` is the payer's to judge."""

    words: str
    ages: tuple[int, int | None] | None = None  # whole years, both included; None: any, or no upper border
    at: At = At.END
    sex: str = ""  # FHIR administrative gender
    diagnosis: CodeSet = NO_CODES


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A condition or procedure that takes the patient out of the measure. All of `all_of` must be found."""

    name: str
    types: tuple[str, ...]
    all_of: tuple[CodeSet, ...]
    ever: bool  # at any time up to the period's end; else it must touch the period
    lasts_days: int | None = None  # nothing of this kind lasts longer, whatever an unclosed entry says


@dataclass(frozen=True, slots=True)
class Out:
    """A patient status that takes the patient out of the measure, at these ages on the period's last day.

    `alone`: frailty is enough, without an advanced illness. `asks`: what only reads like it makes it "cannot tell".
    """

    kind: StatusKind
    ages: tuple[int, int | None] | None = None
    alone: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """Entries that speak against the rule's act without excluding the patient: by code, or by what they read like."""

    name: str
    types: tuple[str, ...]
    words: Words
    codes: CodeSet = NO_CODES


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What an abnormal result of one kind calls for: a row of its own, whatever the payer says of the screening.

    `days`: the measure itself counts an abnormal result only with what settles it within so many days.
    """

    service: str
    act: str
    after: tuple[str, ...]  # names of the kinds whose result may be abnormal
    settled_by: Kind
    #: An abnormal result older than this is history, not today's row. Never shorter than the result counts for the
    #: measure: a test that nobody followed up must not be offered as done without its row.
    months: int = 24
    days: int | None = None
    repeat_settles: bool = False  # a later result of the same kind that is not abnormal settles it too
    later_clears: bool = False  # the same, only where the result was not certainly abnormal
    cleared_by: tuple[
        tuple[Words, str], ...
    ] = ()  # results that a clear one of another kind, of the same sample, clears
    moot: tuple[Exclusion, ...] = ()  # what, found since the test, leaves nothing to follow up
    short: CodeSet = NO_CODES  # short forms of a test: on one day the whole instrument overrules them


@dataclass(frozen=True, slots=True)
class Event:
    """What a measure counts from, where its window is not the calendar's: each such encounter opens one of its own.

    It ends within the period, up to a month and day of its last year; the window is that day and `days` after it.
    """

    name: str
    settings: frozenset[str]  # Encounter.class
    days: int
    until_month_day: tuple[int, int] = (12, 31)


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """One measure, complete. `latest`: only the newest day's result decides, as the measure says."""

    key: str
    names: tuple[MeasureName, ...]
    titles: frozenset[str]  # case-folded titles; they name the service, they never make a version reviewed
    service: str
    act: str
    act_out_of_range: str
    population: Population
    evidence: tuple[Kind, ...]
    order_days: int  # an order without result is overdue after this many days
    order_types: tuple[
        str, ...
    ]  # what is done at a visit is not booked elsewhere: a booked visit is where it gets done
    urgency: Urgency
    source: RuleSource
    effective: Period  # measurement periods that the versions above are for; a report of any other was not compared
    exclusions: tuple[Exclusion, ...] = ()
    statuses: tuple[Out, ...] = ()
    ways: tuple[Way, ...] = ()  # empty: any one kind is enough
    latest: bool = False
    targets: tuple[Threshold, ...] = ()  # all must be met; none: a qualifying date is enough
    months_out_of_range: int = 0
    in_person: bool = False  # the act needs the patient in the room
    inverse: bool = False  # the payer's rate counts those who do not meet the target
    follow_up: FollowUp | None = None
    event: Event | None = None
    doubts: tuple[Doubt, ...] = ()
    codes: CodeSet = field(init=False)  # of all its evidence
    evidence_types: tuple[str, ...] = field(init=False)
    needs: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        settles = (self.follow_up.settled_by,) if self.follow_up and self.follow_up.days is not None else ()
        types = dict.fromkeys(t for kind in (*self.evidence, *settles) for t in kind.types)
        if self.event or any(kind.not_settings for kind in self.evidence):
            types["Encounter"] = None
        excluding = dict.fromkeys(t for exclusion in self.exclusions for t in exclusion.types)
        excluding |= dict.fromkeys(t for out in self.statuses for t in STATUS_TYPES[out.kind])
        object.__setattr__(self, "codes", reduce(or_, (kind.codes for kind in self.evidence), NO_CODES))
        object.__setattr__(self, "evidence_types", tuple(types))
        object.__setattr__(self, "needs", tuple(dict.fromkeys((*types, *excluding, *self.order_types))))

    @property
    def all_ways(self) -> tuple[Way, ...]:
        """The ways to meet the measure, stated or one for each kind."""
        return self.ways or tuple(Way((kind.name,)) for kind in self.evidence)

    def covers(self, period: Period) -> bool:
        """Whether a report's measurement period is one that this rule was written for."""
        return self.effective.start <= period.start and period.end <= self.effective.end
