"""All that one payer holds: the reports of every member and their evidence, found by reference.

Composed once from the stories; what was sent to the payer since, and what its runs made of it, is laid over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sandbox_config.payer.care_gaps import GapReport, gap_report, report_id
from sandbox_config.payer.catalogue import MEASURES, Measure
from sandbox_config.payer.kept import Kept
from sandbox_config.payer.members import STRANGER, Member, Members
from sandbox_config.payer.risk import RiskReport, risk_report
from sandbox_config.payer.style import Style
from sandbox_config.scenario import COMMON
from sandbox_config.scenarios.common import NPI

PRACTICE = "riverbend-practice"  # the practice as every payer here knows it

Resource = dict[str, Any]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """One member's reports."""

    member: Member
    gaps: tuple[GapReport, ...]
    risk: tuple[RiskReport, ...]

    @property
    def reports(self) -> Iterator[Resource]:
        """Every MeasureReport of the member, of whatever category."""
        yield from (gap.report for gap in self.gaps)
        yield from (risk.report for risk in self.risk)

    @property
    def resources(self) -> Iterator[Resource]:
        """Everything that can be read on its own."""
        for gap in self.gaps:
            yield from gap.resources
        for risk in self.risk:
            yield from risk.resources


def told(rows: Iterable[Row], *, later: bool) -> Iterator[Row]:
    """The rows as the payer tells them now, or a month later: a row may change then (`later`) or exist `only` then."""
    when = "later" if later else "now"
    for row in rows:
        if row.get("only", when) == when:
            changed = {**row, **(row.get("later", {}) if later else {})}
            yield {key: value for key, value in changed.items() if key not in ("later", "only")}


def changed(row: Row, changes: Row) -> Row:
    """A row as a run of the payer left it: `groups` and `rates` are changed one by one, the rest is replaced."""
    now = {**row, **{key: value for key, value in changes.items() if key not in ("groups", "rates")}}
    if "rates" in row and "rates" in changes:
        now["rates"] = [{**rate, **changes["rates"]} for rate in row["rates"]]
    if "groups" in changes:
        now["groups"] = [{**group, **changes["groups"].get(group["cc"], {})} for group in row["groups"]]
    return now


@dataclass(frozen=True)
class Over:
    """What a payer shows of what it keeps: `echoes` its remarks, and `versions` of its reports."""

    kept: Kept
    echoes: Callable[[Member], bool]
    versions: Callable[[Member], bool]


class Records:
    """The payer's store."""

    def __init__(
        self, members: Members, style: Style, year: int, *, later: bool = False, over: Over | None = None
    ) -> None:
        self._style = style
        self._later = later
        self._over = over
        self._measures: Mapping[str, Measure] = MEASURES[style.payer]
        self._year = (date(year, 1, 1).isoformat(), date(year, 12, 31).isoformat())
        self._records = {member.id: self._record(member) for member in members}
        self._found: dict[str, tuple[Resource, Member | None]] = {}
        for record in self._records.values():
            for resource in (dict(record.member.patient), *record.resources):
                self._found[_key(resource)] = (resource, record.member)
        for resource in self._shared():
            self._found[_key(resource)] = (resource, None)

    @property
    def organization(self) -> Resource:
        """The payer's own Organization."""
        return self._found[f"Organization/{self._style.payer}"][0]

    @property
    def practitioners(self) -> Mapping[str, Resource]:
        """The providers of the practice, by reference."""
        return {key: found[0] for key, found in self._found.items() if key.startswith("Practitioner/")}

    @property
    def measures(self) -> Sequence[Resource]:
        """The Measure resources."""
        return [measure.resource(self._style.name) for measure in self._measures.values()]

    def of(self, member: Member) -> Record:
        """The record of a member, as it stands now."""
        composed = self._records[member.id]
        if self._over is None:
            return composed
        kept = self._over.kept
        if any(kept.changes(report["id"]) for report in composed.reports):
            composed = self._record(member, kept.changes)
        echoes, versions = self._over.echoes(member), self._over.versions(member)

        def dressed(report: Resource) -> Resource:
            return kept.dressed(report, echoes=echoes, versions=versions)

        return replace(
            composed,
            gaps=tuple(replace(gap, report=dressed(gap.report)) for gap in composed.gaps),
            risk=tuple(replace(risk, report=dressed(risk.report)) for risk in composed.risk),
        )

    def read(self, reference: str) -> tuple[Resource, Member | None] | None:
        """A resource by `Type/id`, and the member it is about."""
        found = self._found.get(reference)
        if found and (member := found[1]) and self._over and not reference.startswith("Patient/"):
            now = next((each for each in self.of(member).resources if _key(each) == reference), None)
            return (now, member) if now else None
        return found or self._taken(reference)

    def report(self, report_id: str) -> tuple[Resource, Member] | None:
        """A MeasureReport of a member, whatever it is about."""
        found = self.read(f"MeasureReport/{report_id}")
        return (found[0], found[1]) if found and found[1] else None

    def _taken(self, reference: str) -> tuple[Resource, Member | None] | None:
        """Evidence that was sent to the payer, and whose it is."""
        for sent in reversed(self._over.kept.submissions if self._over else ()):
            for resource in sent.resources:
                if _key(resource) == reference:
                    return resource, self._records[sent.patient].member
        return None

    def stranger(self) -> Resource:
        """The Patient that is sent by mistake (fault wrong-patient)."""
        return self._found[f"Patient/{self._style.payer[:2]}-0666"][0]

    def _record(self, member: Member, changes: Callable[[str], Row] = lambda _report: {}) -> Record:
        def rows(told_of: Iterable[Row], name: str) -> Iterator[tuple[Row, Measure]]:
            for row in told(told_of, later=self._later):
                measure = self._measures[row[name]]
                yield changed(row, changes(report_id(member.id, row, measure.key, self._year))), measure

        return Record(
            member,
            gaps=tuple(
                gap_report(member.id, row, measure, self._style, self._year)
                for row, measure in rows(member.side.gaps, "measure")
            ),
            risk=tuple(
                risk_report(member.id, row, measure, self._style, self._year)
                for row, measure in rows(member.side.risk, "model")
            ),
        )

    def _shared(self) -> Iterator[Resource]:
        yield {
            "resourceType": "Organization",
            "id": self._style.payer,
            "active": True,
            "name": self._style.name,
        }
        yield {
            "resourceType": "Organization",
            "id": PRACTICE,
            "active": True,
            "identifier": COMMON.organization["identifier"],
            "name": COMMON.organization["name"],
        }
        for key, person in COMMON.providers.items():
            yield {
                "resourceType": "Practitioner",
                "id": practitioner_id(key),
                "active": True,
                "identifier": [{"system": NPI, "value": _npi(person.practitioner)}],
                "name": person.practitioner["name"],
            }
        yield from self.measures
        number = {"system": f"https://{self._style.payer}.example/member-id", "value": STRANGER["number"]}
        yield {
            "resourceType": "Patient",
            "id": f"{self._style.payer[:2]}-0666",
            "active": True,
            "identifier": [{"type": {"coding": [{"code": "MB"}]}, **number}],
            **{key: STRANGER[key] for key in ("name", "gender", "birthDate")},
        }


def practitioner_id(provider: str) -> str:
    """The payer's own id of a provider of the practice."""
    return f"prov-{_npi(COMMON.providers[provider].practitioner)}"


def _npi(practitioner: Mapping[str, Any]) -> str:
    return next(str(each["value"]) for each in practitioner["identifier"] if each["system"] == NPI)


def _key(resource: Mapping[str, Any]) -> str:
    return f"{resource['resourceType']}/{resource['id']}"
