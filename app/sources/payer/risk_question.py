"""Asking for condition categories: RA 1.0 `$report`, RA 2.0 and 2.1 by search, RA 3.0-ballot `$risk-gap`.

Servers differ in how they take the category in a search; the way that worked is remembered.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from app.core.chart import Patient
from app.core.report import Member, Period
from app.sources.errors import NotAllowed, NotFound, Refused, SourceError
from app.sources.fhir.shape import Json
from app.sources.http import Pages
from app.sources.payer import dialect
from app.sources.payer.asking import Asking
from app.sources.payer.capabilities import Capabilities
from app.sources.payer.dialect import Parameter
from app.sources.payer.entry import PayerEntry
from app.sources.payer.learned import Learned

Pairs = list[tuple[str, str]]

_INCLUDE = ("_include", "MeasureReport:evaluated-resource")
#: How servers take the category, the published search parameter first; the last asks for everything and sorts here.
_WAYS: tuple[Pairs, ...] = (
    [("category", "ra")],
    [("measurereport-category", "ra")],
    [("_profile", dialect.RA_PROFILE)],
    [],
)
_MEMBER = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MB"}]}


@dataclass(frozen=True, slots=True)
class RiskAnswer:
    """The answer, what was spoken, and the context that a report may be bound to ("" when none was sent)."""

    bodies: tuple[Json, ...]
    dialect: str
    context: str = ""
    trouble: SourceError | None = None  # why the rest of it is missing


class RiskQuestion:
    """One payer's risk adjustment reports. Thread-safe; lives as long as the process."""

    def __init__(self, entry: PayerEntry, asking: Asking, learned: Learned[Capabilities]) -> None:
        self._entry, self._asking, self._learned = entry, asking, learned
        self._way: Pairs | None = None  # the search that this payer took last

    def ask(self, who: Member, period: Period) -> RiskAnswer:
        """Raises SourceError."""
        known = self._learned.known() if self._entry.risk_dialect == dialect.AUTO else None
        spoken = known.risk if known else self._entry.risk_dialect
        if spoken == dialect.RA_REPORT:
            parameters = dialect.report_parameters(who.patient_id, period)
            return RiskAnswer((self._asking.operation("MeasureReport/$report", parameters),), spoken)
        category = known.category if known else ""
        if spoken == dialect.RA_RISK_GAP:
            return self._risk_gap(who, period, category)
        return self._search(who, period, category, spoken)

    def _risk_gap(self, who: Member, period: Period, category: str) -> RiskAnswer:
        """The reports made on demand; where that is refused, those that are there already."""
        context = secrets.token_hex(12)
        parameters = risk_gap_parameters(who, period, self._entry)
        try:
            reply = self._asking.operation("MeasureReport/$risk-gap", parameters, headers=(("contextId", context),))
        except (NotAllowed, NotFound, Refused) as refused:
            try:
                return self._search(who, period, category)
            except SourceError:
                raise refused from None
        return RiskAnswer((reply,), dialect.RA_RISK_GAP, context)

    def _search(self, who: Member, period: Period, category: str, spoken: str = "") -> RiskAnswer:
        pages = self._pages(queries(who, period, category))
        version = spoken if spoken == dialect.RA_SEARCH_2_0 else dialect.RA_SEARCH
        return RiskAnswer(pages.bundles, version, trouble=pages.trouble)

    def _pages(self, ways: list[Pairs]) -> Pages:
        shapes = [_shape(way) for way in ways]
        start = shapes.index(self._way) if self._way in shapes else 0
        for way, shape in zip(ways[start:], shapes[start:], strict=True):
            try:
                pages = self._asking.search("MeasureReport", way)
            except Refused:
                if shape is shapes[-1]:
                    raise
                continue
            self._way = shape
            return pages
        raise AssertionError("the last way raises or returns")


def queries(member: Member, asked: Period, category: str = "") -> list[Pairs]:
    """The searches to try, one after the other, until the server takes one; first what it advertises."""
    common: Pairs = [
        ("patient", f"Patient/{member.patient_id}"),
        ("period", f"ge{asked.start.isoformat()}"),
        ("period", f"le{asked.end.isoformat()}"),
        ("_count", "100"),
    ]
    ways = sorted(_WAYS, key=lambda way: not (category and way and way[0][0] == category))
    return [[*common, *way, *include] for include in ([_INCLUDE], []) for way in ways]


def _shape(query: Pairs) -> Pairs:
    """What of a search is not about one member."""
    return [pair for pair in query if pair[0] not in ("patient", "period")]


# --- $risk-gap --------------------------------------------------------------------------------------------------------


def risk_gap_parameters(who: Member, period: Period, entry: PayerEntry) -> tuple[Parameter, ...]:
    """RA 3.0.0-ballot `$risk-gap`: references, and a Bundle that holds what they point at.

    Only what the payer itself has told us of its member goes back to it.
    """
    subject, coverage = f"Patient/{who.patient_id}", "Coverage/coverage"
    held = {subject: _patient(who), coverage: _coverage(who, subject, entry.name)}
    entries = [{"fullUrl": f"{entry.base}/{ref}", "resource": resource} for ref, resource in held.items()]
    data = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return (
        Parameter("periodStart", "valueDate", period.start.isoformat()),
        Parameter("periodEnd", "valueDate", period.end.isoformat()),
        Parameter("subject", "valueReference", {"reference": subject}),
        Parameter("coverage", "valueReference", {"reference": coverage}),
        Parameter("data", "resource", data),
    )


def _patient(who: Member) -> Json:
    stated: Json = {"resourceType": "Patient", "id": who.patient_id}
    if who.member_id:
        stated["identifier"] = _identifiers(who)
    person = who.patient
    if person is not None:
        stated |= _identity(person)
    return stated


def _identity(person: Patient) -> Json:
    names = [_filled(use=n.use, family=n.family, given=list(n.given), text=n.text) for n in person.names]
    born = person.birth_date.text if person.birth_date else ""
    return _filled(name=[name for name in names if name], gender=person.sex, birthDate=born)


def _coverage(who: Member, subject: str, payor: str) -> Json:
    stated = {"resourceType": "Coverage", "id": "coverage", "status": "active"}
    about = {"beneficiary": {"reference": subject}, "payor": [{"display": payor}]}
    return stated | about | _filled(identifier=_identifiers(who), subscriberId=who.member_id)


def _identifiers(who: Member) -> list[Json]:
    stated = who.patient.identifiers if who.patient else ()
    system = next((i.system for i in stated if i.value == who.member_id), "")
    return [_filled(type=_MEMBER, system=system, value=who.member_id)] if who.member_id else []


def _filled(**elements: object) -> Json:
    return {name: value for name, value in elements.items() if value not in (None, "", [], {})}
