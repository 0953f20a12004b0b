"""The open gaps of all patients of a practice: a Bundle a patient, each read as the answer about one member is.

DEQM US "Gaps in Care Reporting": `$care-gaps` with organization, or practitioner and organization. Each report carries
the payer's own Patient, so that whoever lays it beside the chart can compare member id and birth date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from app.core.chart import Identifier, Patient
from app.core.report import Member, Period, Report
from app.sources.errors import NotAllowed, NotFound, Refused, Unreadable
from app.sources.fhir.bundles import Outcomes, Rejects, matches
from app.sources.fhir.patient import patient
from app.sources.fhir.references import Entry, Included, entries
from app.sources.fhir.values import identifiers
from app.sources.payer import returned
from app.sources.payer.asking import Asking
from app.sources.payer.care_gaps import Answered
from app.sources.payer.entry import PayerEntry
from app.sources.replies import Json

_NPI = "http://hl7.org/fhir/sid/us-npi"
_HOW = "population"


def practitioner_ref(known_as: Sequence[Identifier], asking: Asking) -> str:
    """`Practitioner/id` by which the payer knows an NPI; "" when it knows nobody, several, or does not say.

    Raises SourceError when it cannot be asked now.
    """
    for number in dict.fromkeys(each.value for each in known_as if each.type_code == "NPI" or each.system == _NPI):
        try:
            pages = asking.search("Practitioner", [("identifier", f"{_NPI}|{number}")])
        except (NotAllowed, NotFound, Refused):
            return ""
        found = {
            entry.ref
            for entry in matches(pages.bundles, "Practitioner", Outcomes(), Rejects())
            if entry.id and any(each.value == number for each in identifiers(entry.resource.get("identifier")))
        }
        if len(found) == 1:
            return found.pop()
    return ""


def read(
    body: Json, entry: PayerEntry, asked: Period, received: datetime, *, spoken: str, statuses: Sequence[str]
) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """One Report for each patient with gaps, and what the answer may lack. Raises Unreadable."""
    outcomes, rejects = Outcomes(), Rejects()
    bundles = list(returned.bundles(body, outcomes, rejects))
    if not bundles and not outcomes.texts and not returned.is_empty(body):
        raise Unreadable("answered $care-gaps with something other than Parameters of Bundles")
    found: dict[str, Answered] = {}
    strangers = 0
    for bundle in bundles:
        included = _included(bundle)
        named = [each for each in included.of_type("Patient") if each.id]
        strangers += sum(1 for _ in _about_nobody(bundle, included))
        for one in named:
            if one.id not in found:
                found[one.id] = Answered(entry, _member(entry, one), asked, lambda _: None)
            found[one.id].take(bundle)
    answered = [one for one in found.values() if one.gaps]
    lost = rejects.lost + sum(one.rejects.lost for one in found.values())
    failed = outcomes.failed or any(one.outcomes.failed for one in found.values())
    if not answered and (lost or failed or strangers):
        raise Unreadable("no report in the answer could be read")
    reports = tuple(replace(one.report(received), dialect=spoken, asked=tuple(statuses)) for one in answered)
    missing = {
        f"reports or findings that could not be read: {lost}": lost,
        f"reports that name no patient of theirs: {strangers}": strangers,
        "the payer reported an error beside its answer": failed,
    }
    return reports, tuple(line for line, is_so in missing.items() if is_so)


def _included(bundle: Json) -> Included:
    included = Included()
    for each in entries(bundle):
        included.add(each)
    return included


def _about_nobody(bundle: Json, included: Included) -> Iterator[Entry]:
    """Reports whose subject did not ride along: nobody could say whose they are."""
    for each in entries(bundle):
        if each.type == "MeasureReport":
            subject = included.find(each.resource.get("subject"), each)
            if subject is None or subject.type != "Patient" or not subject.id:
                yield each


def _member(entry: PayerEntry, one: Entry) -> Member:
    stated = patient(one.resource)
    return Member(entry.id, one.id, _member_id(stated, entry.member_systems), _HOW, stated)


def _member_id(stated: Patient, systems: Iterable[str]) -> str:
    """The member id as the payer states it: of its own systems first, else what it calls a member number."""
    ours = [each.value for each in stated.identifiers if each.system in frozenset(systems)]
    return next(iter([*ours, *(each.value for each in stated.identifiers if each.type_code == "MB")]), "")
