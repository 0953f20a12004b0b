"""What a measure rule says, as data: what it is called, what counts, within which window, with which value, and what
excludes.

A rule checks a payer's open gap against one chart. It does not decide who belongs to the measure: the payer does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from app.core.dates import add_years
from app.core.flag import RuleSource, Urgency
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
}
#: Statuses of something begun that has no final result yet: never evidence, but not to be asked for again either.
BEGUN: Mapping[str, frozenset[str]] = {
    "Observation": frozenset({"registered", "preliminary"}),
    "DiagnosticReport": frozenset({"registered", "partial", "preliminary"}),
    "Procedure": frozenset({"preparation", "in-progress"}),
}
#: Where something ordered or booked elsewhere stands.
ORDER_TYPES = ("ServiceRequest", "Appointment")


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


@dataclass(frozen=True, slots=True)
class Window:
    """From `years_before` the period's start (or from a month and day of that year) to the period's end."""

    years_before: int = 0
    from_month_day: tuple[int, int] | None = None

    def of(self, period: Period) -> Period:
        start = add_years(period.start, -self.years_before)
        if self.from_month_day:
            start = date(period.start.year - self.years_before, *self.from_month_day)
        return Period(start, period.end)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A target for one number: at most `limit`, or below it where `inclusive` is off. `codes`: the component that
    holds it.
    """

    limit: Decimal
    units: frozenset[str]
    inclusive: bool = True
    codes: CodeSet = NO_CODES
    plausible: tuple[Decimal, Decimal] = (Decimal(0), Decimal(1000))


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of evidence: which codes on which resource types, how long it holds for the measure and for the
    patient.
    """

    name: str
    types: tuple[str, ...]
    codes: CodeSet
    window: Window
    months: int  # clinical interval until it is due again
    words: Words
    needs_value: bool = False  # a result without a value is none
    not_settings: frozenset[str] = frozenset()  # Encounter.class in which it does not count


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A condition or procedure that takes the patient out of the measure. All of `all_of` must be found."""

    name: str
    types: tuple[str, ...]
    all_of: tuple[CodeSet, ...]
    ever: bool  # at any time up to the period's end; else it must touch the period
    lasts_days: int | None = None  # nothing of this kind lasts longer, whatever an unclosed entry says


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What an abnormal result of one kind calls for: a row of its own, whatever the payer says of the screening."""

    service: str
    act: str
    after: tuple[str, ...]  # names of the kinds whose result may be abnormal
    abnormal: frozenset[str]  # the result's words, case-folded
    settled_by: str  # name of the kind that follows it up
    months: int = 24  # an abnormal result older than this is history, not today's row


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """One measure, complete. `latest`: only the newest day's result decides, as the measure says."""

    key: str
    names: tuple[MeasureName, ...]
    titles: frozenset[str]  # case-folded titles; they name the service, they never make a version reviewed
    service: str
    act: str
    act_out_of_range: str
    population: str
    evidence: tuple[Kind, ...]
    order_days: int  # an order without result is overdue after this many days
    order_types: tuple[
        str, ...
    ]  # what is done at a visit is not booked elsewhere: a booked visit is where it gets done
    urgency: Urgency
    source: RuleSource
    exclusions: tuple[Exclusion, ...] = ()
    latest: bool = False
    targets: tuple[Threshold, ...] = ()  # all must be met; none: a qualifying date is enough
    months_out_of_range: int = 0
    in_person: bool = False  # the act needs the patient in the room
    inverse: bool = False  # the payer's rate counts those who do not meet the target
    follow_up: FollowUp | None = None
    evidence_types: tuple[str, ...] = field(init=False)
    needs: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        types = dict.fromkeys(t for kind in self.evidence for t in kind.types)
        excluding = dict.fromkeys(t for exclusion in self.exclusions for t in exclusion.types)
        settings = ("Encounter",) if any(kind.not_settings for kind in self.evidence) else ()
        object.__setattr__(self, "evidence_types", (*types, *(t for t in settings if t not in types)))
        object.__setattr__(self, "needs", tuple(dict.fromkeys((*types, *settings, *excluding, *self.order_types))))
