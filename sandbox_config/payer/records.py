"""All that one payer holds: the reports of every member and their evidence, composed once, found by reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sandbox_config.payer.care_gaps import GapReport, gap_report
from sandbox_config.payer.catalogue import MEASURES, Measure
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


class Records:
    """The payer's store. Everything is read-only: what a client sends does not change it."""

    def __init__(self, members: Members, style: Style, year: int, *, later: bool = False) -> None:
        self._style = style
        self._later = later
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
        """The record of a member."""
        return self._records[member.id]

    def read(self, reference: str) -> tuple[Resource, Member | None] | None:
        """A resource by `Type/id`, and the member it is about."""
        return self._found.get(reference)

    def stranger(self) -> Resource:
        """The Patient that is sent by mistake (fault wrong-patient)."""
        return self._found[f"Patient/{self._style.payer[:2]}-0666"][0]

    def _record(self, member: Member) -> Record:
        return Record(
            member,
            gaps=tuple(
                gap_report(member.id, row, self._measures[row["measure"]], self._style, self._year)
                for row in told(member.side.gaps, later=self._later)
            ),
            risk=tuple(
                risk_report(member.id, row, self._measures[row["model"]], self._style, self._year)
                for row in told(member.side.risk, later=self._later)
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
