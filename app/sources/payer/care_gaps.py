"""Care gaps as DEQM reports them: `Measure/$care-gaps`, its Bundles read to the last entry.

A Bundle is a document (Composition first) or a collection; DetectedIssues may be missing, nested, or one for each rate
of a measure. What is not understood is counted with type, id and reason. DEQM US 5.0.0 "Gaps in Care Reporting".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from app.core.report import Gap, GapReason, GapStatus, Member, Period, Report
from app.sources.errors import Unreadable, WrongPatient
from app.sources.fhir.bundles import Outcomes, Rejects
from app.sources.fhir.extensions import concept_of, extension, extensions, text_of
from app.sources.fhir.references import Entry, Included, entries
from app.sources.fhir.shape import Json, words
from app.sources.fhir.values import code, concept
from app.sources.payer import dialect, reports, returned
from app.sources.payer.entry import PayerEntry
from app.sources.payer.evidence import Cited, EvidenceReader, Fetch, cited
from app.sources.payer.issues import Issue, Issues
from app.sources.payer.populations import counts, derived_status, names
from app.sources.payer.subject import Subject

_OTHER_CATEGORIES = frozenset({"ra", "vbp"})


def read(
    body: Json,
    entry: PayerEntry,
    member: Member,
    asked: Period,
    received: datetime,
    fetch: Fetch,
    *,
    spoken: str = "",
    statuses: Sequence[str] = (),
) -> tuple[Report, tuple[str, ...]]:
    """The answer to `$care-gaps` as a Report, and what it may lack.

    `spoken` and `statuses` are the dialect and the gap statuses that it was asked with.
    Raises WrongPatient or Unreadable when nothing of it may be used.
    """
    answer = Answered(entry, member, asked, fetch)
    bundles = list(returned.bundles(body, answer.outcomes, answer.rejects))
    if not bundles and not answer.outcomes.texts and not returned.is_empty(body):
        raise Unreadable("answered $care-gaps with something other than Parameters of Bundles")
    for bundle in bundles:
        answer.take(bundle)
    return replace(answer.report(received), dialect=spoken, asked=tuple(statuses)), answer.missing()


class Answered:
    """What all Bundles of one answer about one member fill together."""

    def __init__(self, entry: PayerEntry, member: Member, asked: Period, fetch: Fetch) -> None:
        self.entry, self.asked, self.fetch = entry, asked, fetch
        self.subject, self.rejects, self.outcomes = Subject(member), Rejects(), Outcomes()
        self.gaps: list[Gap] = []

    def take(self, bundle: Json) -> None:
        """Read one Bundle. Ids are unique only within it; what an earlier one said already is not said twice."""
        self.gaps = list(dict.fromkeys([*self.gaps, *_Document(bundle, self).gaps()]))

    def missing(self) -> tuple[str, ...]:
        """What could turn an answer without open gaps into one with some."""
        found = {
            f"reports or findings that could not be read: {self.rejects.lost}": self.rejects.lost,
            f"reports about another patient, left out: {self.subject.others}": self.subject.others,
            "the payer reported an error beside its answer": self.outcomes.failed,
        }
        return tuple(line for line, count in found.items() if count)

    def report(self, received: datetime) -> Report:
        """All of it; an answer of which nothing could be used is no answer."""
        if not self.gaps and self.subject.others:
            raise WrongPatient("reported about somebody else")
        if not self.gaps and (self.rejects.lost or self.outcomes.failed):
            raise Unreadable("no report in the answer could be read")
        dates = [gap.calculated for gap in self.gaps if gap.calculated]
        return Report(
            payer=self.entry.id, kind="care-gaps",
            subject_id=self.subject.patient_id, subject=self.subject.patient,
            gaps=tuple(self.gaps), calculated=min(dates, default=None), received=received,
            unreadable=self.rejects.lines(), outcomes=tuple(self.outcomes.texts),
        )  # fmt: skip


class _Document:
    """One return Bundle."""

    def __init__(self, bundle: Json, answer: Answered) -> None:
        self._answer, self._included = answer, Included()
        self._entries = list(entries(bundle))
        for found in self._entries:
            self._included.add(found)
        self._evidence = EvidenceReader(self._included, answer.subject, answer.rejects, answer.fetch)

    def gaps(self) -> Iterator[Gap]:
        """Every gap of the member; everything else of this Bundle is counted."""
        for found in self._entries:
            if found.type == "OperationOutcome":
                self._answer.outcomes.add(found.resource)
            elif why := returned.oddity(found):
                self._answer.rejects.add(found, why, lost=True)
        issues = Issues(self._entries, self._included, self._answer.subject, self._answer.rejects)
        for report in issues.reports:
            yield from self._report(report, issues)
        if self._entries and not issues.reports and not any(e.type == "Composition" for e in self._entries):
            self._answer.rejects.add(Entry({"resourceType": "Bundle"}), "holds no report", lost=True)

    def _report(self, report: Entry, issues: Issues) -> Iterator[Gap]:
        answer = self._answer
        category = code(concept_category(report))
        if category in _OTHER_CATEGORIES:
            return
        if not reports.usable(report, answer.subject, self._included, answer.rejects):
            return
        groups = reports.groups(report, answer.rejects) or [{}]
        citations = cited(report, dialect.POPULATION_REFERENCE)
        told = issues.of(report, groups)
        for group in groups:
            yield self._gap(report, group, groups, told[_key(group)], citations, issues.title(report))

    def _gap(
        self, report: Entry, group: Json, groups: list[Json], told: list[Issue], citations: list[Cited], title: str
    ) -> Gap:
        answer, resource = self._answer, report.resource
        improvement = _improvement(resource, group)
        found = derived_status(counts(group), improvement)
        status, said, derived = _status(told, found)
        if {status, found} == {GapStatus.OPEN, GapStatus.CLOSED}:
            answer.rejects.add(report, "states a status that its own populations contradict; shown as stated")
        group_words = concept(group.get("code")).label
        texts = dict.fromkeys(filter(None, (title, *(issue.text for issue in told))))
        mine = [c for c in citations if _belongs(c, group, groups)]
        stated = reports.stated_period(resource)
        if stated is None:
            answer.rejects.add(report, "states no period; the one asked for is assumed")
        return Gap(
            payer=answer.entry.id, report_id=report.id, group_id=_key(group),
            measure=reports.measure(report, self._included, title or group_words),
            status=status, status_words=said, derived=derived,
            calculated=reports.dated(group, dialect.CALCULATED_DATE) or reports.calculated(resource),
            data_through=_data_through(resource, group, answer.entry.data_through_extension),
            period=stated or answer.asked, improvement=improvement,
            payer_words=" — ".join(texts) or group_words,
            reasons=_reasons(told),
            evidence=self._evidence.read(mine, report, population=True),
            remarks=len(extensions(group, dialect.CARE_GAP_REMARK)),
            contract=reports.contract(report, self._included),
        )  # fmt: skip


def concept_category(report: Entry) -> object:
    """The measurereport-category of a report, as a CodeableConcept."""
    return extension(report.resource, dialect.CATEGORY).get("valueCodeableConcept")


def _key(group: Json) -> str:
    """By what a group is named: its id, else its linkId (DEQM universal)."""
    return words(group.get("id")) or text_of(extension(group, dialect.GROUP_LINK_ID))


def _status(told: list[Issue], derived: GapStatus) -> tuple[GapStatus, str, bool]:
    """Status, the payer's word for it, and whether we derived it. Two different statements are no statement."""
    stated = {issue.status: issue.status_words for issue in told if issue.status_words}
    if not stated:
        return derived, "", True
    if len(stated) > 1:
        return GapStatus.UNKNOWN, " / ".join(stated.values()), False
    (status, said), *_ = stated.items()
    return status, said, False


def _improvement(resource: Json, group: Json) -> str:
    """The direction of the group, else of the report, else increase (DEQM 5.0.0, groupImprovementNotation)."""
    found = extension(group, dialect.GROUP_IMPROVEMENT)
    stated = concept_of(found) if found else concept(resource.get("improvementNotation"))
    return "decrease" if any(c.code == "decrease" for c in stated.codings) else "increase"


def _data_through(resource: Json, group: Json, url: str) -> date | None:
    if not url:
        return None
    return reports.dated(group, {url}) or reports.dated(resource, {url})


def _reasons(told: list[Issue]) -> tuple[GapReason, ...]:
    return tuple(dict.fromkeys(reason for issue in told for reason in issue.reasons))


def _belongs(citation: Cited, group: Json, groups: list[Json]) -> bool:
    """Whether evidence counts for this group: unless it names populations that only other groups have."""
    under = set(citation.under)
    return not under & set().union(*map(names, groups)) or bool(under & names(group))
