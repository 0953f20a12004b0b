"""The in-parameters of `$care-gaps`, as a GET query or a Parameters body, by the release that the payer speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from werkzeug.datastructures import MultiDict

from sandbox_config.payer.care_gaps import STATUSES, GapReport
from sandbox_config.payer.dialects import Deqm


class BadRequest(ValueError):
    """A parameter is missing or cannot be understood; the text says which."""


@dataclass(frozen=True)
class GapsRequest:
    """What was asked: about one `subject`, or about everybody of an `organization` (of one `practitioner` there).

    `document`: None when not said.
    """

    start: date
    end: date
    statuses: frozenset[str]
    subject: str
    measures: tuple[str, ...]
    document: bool | None
    practitioner: str = ""
    organization: str = ""

    def wants(self, report: GapReport) -> bool:
        """Whether this report is among what was asked. A status outside the code system is never held back."""
        period, measure = report.report["period"], report.measure
        names = {measure.url, measure.canonical, measure.resource_id, measure.number}
        return (
            date.fromisoformat(period["start"]) <= self.end
            and date.fromisoformat(period["end"]) >= self.start
            and any(status in self.statuses or status not in STATUSES for status in report.statuses)
            and (not self.measures or bool(names.intersection(self.measures)))
        )


def read(told: Mapping[str, Any], deqm: Deqm, *, strict: bool) -> GapsRequest:
    """The request in a query or in the named values of a Parameters body. Raises BadRequest."""
    if strict and (unknown := set(told) - deqm.parameters):
        raise BadRequest(f"unknown parameters: {', '.join(sorted(unknown))}")
    if deqm.needs_measures and not _all(told, "measureUrl"):
        raise BadRequest("measureUrl is required")
    statuses = _all(told, "status")
    if not statuses:
        raise BadRequest("status is required")
    if unknown := set(statuses) - set(deqm.statuses):
        raise BadRequest(f"unknown status: {', '.join(sorted(unknown))}")
    subject, practitioner, organization = (_all(told, name) for name in ("subject", "practitioner", "organization"))
    if max(map(len, (subject, practitioner, organization))) > 1 or bool(subject) == bool(organization):
        raise BadRequest("exactly one of subject and organization is supported")
    if practitioner and not organization:
        raise BadRequest("practitioner needs organization")
    document = _all(told, "isDocument")
    return GapsRequest(
        start=_day(told, "periodStart"),
        end=_day(told, "periodEnd"),
        statuses=frozenset(statuses),
        subject="".join(subject),
        measures=tuple(
            text.rpartition("|")[2] if name == "measureIdentifier" else text
            for name in ("measureId", "measureIdentifier", "measureUrl")
            for text in _all(told, name)
        ),
        document={"true": True, "false": False}.get(document[0].lower()) if document else None,
        practitioner="".join(practitioner),
        organization="".join(organization),
    )


def _all(told: Mapping[str, Any], name: str) -> list[str]:
    if isinstance(told, MultiDict):
        return told.getlist(name)
    values = told.get(name, [])
    # The universal ballot had a Reference as subject, the releases a string.
    each = values if isinstance(values, list) else [values]
    return [str(value.get("reference", "") if isinstance(value, Mapping) else value) for value in each]


def _day(told: Mapping[str, Any], name: str) -> date:
    values = _all(told, name)
    try:
        return date.fromisoformat(values[0])
    except (IndexError, ValueError) as e:
        raise BadRequest(f"{name} must be one date") from e
