"""Whom a payer insures, and how they are found: by identifier, or by HRex `$member-match` (1.2.0).

Built from the scenarios' payer sides. A member is matched on number, birth date, family name and one given name; a
number alone is not enough, because family members share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox_config.scenario import PayerSide, Scenario

Resource = dict[str, Any]


class NoMatch(Exception):
    """`$member-match` found nobody, or the request does not say enough; the text says which."""


@dataclass(frozen=True)
class Member:
    """One insured person under this payer's own Patient id."""

    number: str
    patient: Mapping[str, Any]
    side: PayerSide
    provider: str = "dr"  # whose patient they are, to the payer's knowledge

    @property
    def id(self) -> str:
        return str(self.patient["id"])


#: The person whose data a payer returns by mistake (fault wrong-patient). No scenario's chart knows her.
STRANGER: Mapping[str, Any] = {
    "name": [{"use": "official", "family": "Quillfeather", "given": ["Drusilla"]}],
    "gender": "female",
    "birthDate": "1941-02-03",
    "number": "XX-0000-0666",
}


class Members:
    """The member register of one payer."""

    def __init__(self, payer_id: str, scenarios: Iterable[Scenario]) -> None:
        insured = [(scenario, scenario.payers[payer_id]) for scenario in scenarios if payer_id in scenario.payers]
        members = [Member(side.member_id, side.patient, side, scenario.provider) for scenario, side in insured]
        self._by_number = {member.number: member for member in members}
        self._by_id = {member.id: member for member in members}

    def __iter__(self) -> Iterator[Member]:
        return iter(self._by_id.values())

    def by_number(self, number: str) -> Member | None:
        return self._by_number.get(number)

    def by_id(self, patient_id: str) -> Member | None:
        return self._by_id.get(patient_id)

    def match(self, patient: Mapping[str, Any], coverage: Mapping[str, Any]) -> Member:
        """HRex `$member-match`: the one member that both the person and the coverage describe. Raises NoMatch."""
        member = next((m for number in _numbers(coverage) if (m := self.by_number(number))), None)
        if member is None:
            raise NoMatch("no member has this number")
        if patient.get("birthDate") != member.patient.get("birthDate"):
            raise NoMatch("number and birth date do not belong together")
        theirs, ours = _name_parts(patient), _name_parts(member.patient)
        if not (theirs["family"] & ours["family"] and theirs["given"] & ours["given"]):
            raise NoMatch("number and name do not belong together")
        return member


def _numbers(coverage: Mapping[str, Any]) -> Iterable[str]:
    """Member numbers that a Coverage may mean: its MB identifiers, then subscriber and dependent."""
    for identifier in coverage.get("identifier", ()):
        codes = {coding.get("code") for coding in identifier.get("type", {}).get("coding", ())}
        if "MB" in codes:
            yield identifier.get("value", "")
    if subscriber := coverage.get("subscriberId"):
        if dependent := coverage.get("dependent"):
            yield f"{subscriber}-{dependent}"
        yield subscriber


def _name_parts(patient: Mapping[str, Any]) -> dict[str, set[str]]:
    names = patient.get("name", ())
    return {
        "family": {name["family"].casefold() for name in names if name.get("family")},
        "given": {given.casefold() for name in names for given in name.get("given", ())},
    }
