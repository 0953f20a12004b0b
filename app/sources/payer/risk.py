"""Condition categories as Da Vinci Risk Adjustment reports them: MeasureReports of category `ra`, one group a category.

RA 2.1.0 is a plain search. Servers differ in how they take the category, and a lenient one ignores it, so it is checked
on each result. One report is one model version; two of them are never merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from app.core.chart import Coding, Concept
from app.core.report import ConditionCategory, Evidence, Member, Period, Report
from app.sources.errors import Unreadable, WrongPatient
from app.sources.fhir.bundles import Outcomes, Rejects
from app.sources.fhir.extensions import Urls, code_of, concept_of, extension, extensions
from app.sources.fhir.references import Entry, Included, entries
from app.sources.fhir.shape import Json, at, obj, objs, words
from app.sources.fhir.values import code, concept
from app.sources.payer import dialect, reports
from app.sources.payer.entry import PayerEntry
from app.sources.payer.evidence import Cited, EvidenceReader, Fetch, cited
from app.sources.payer.subject import Subject

Pairs = list[tuple[str, str]]

_CATEGORY = "ra"
_INCLUDE = ("_include", "MeasureReport:evaluated-resource")
#: How servers take the category, the published search parameter first; the last asks for everything and sorts here.
_WAYS: Sequence[Pairs] = (
    [("category", _CATEGORY)],
    [("measurereport-category", _CATEGORY)],
    [("_profile", dialect.RA_PROFILE)],
    [],
)


def queries(member: Member, asked: Period) -> list[Pairs]:
    """The searches to try, one after the other, until the server takes one."""
    common: Pairs = [
        ("patient", f"Patient/{member.patient_id}"),
        ("period", f"ge{asked.start.isoformat()}"),
        ("period", f"le{asked.end.isoformat()}"),
        ("_count", "100"),
    ]
    return [[*common, *way, *include] for include in ([_INCLUDE], []) for way in _WAYS]


def read(
    bundles: Iterable[Json], entry: PayerEntry, member: Member, asked: Period, received: datetime, fetch: Fetch
) -> tuple[Report, tuple[str, ...]]:
    """All pages of the search as a Report, and what it may lack. Raises WrongPatient or Unreadable."""
    answer = _Answer(bundles, entry, member, fetch)
    categories = tuple(c for report in answer.reports(asked) for c in answer.categories(report))
    if answer.subject.others and not answer.used:
        raise WrongPatient("reported about somebody else")
    if answer.rejects.lost and not answer.used:
        raise Unreadable("no report in the answer could be read")
    dates = [c.calculated for c in categories if c.calculated]
    report = Report(
        payer=entry.id, kind="risk", subject_id=answer.subject.patient_id, subject=answer.subject.patient,
        categories=categories, calculated=min(dates, default=None), received=received,
        unreadable=answer.rejects.lines(), outcomes=tuple(answer.outcomes.texts),
    )  # fmt: skip
    return report, answer.missing()


class _Answer:
    def __init__(self, bundles: Iterable[Json], entry: PayerEntry, member: Member, fetch: Fetch) -> None:
        self._entry = entry
        self.subject, self.rejects, self.outcomes = Subject(member), Rejects(), Outcomes()
        self.used = 0  # reports that were read, with or without categories
        self._included, self._found = Included(), list[Entry]()
        for bundle in bundles:
            for found in entries(bundle):
                self._included.add(found)
                self._found.append(found)
        self._evidence = EvidenceReader(self._included, self.subject, self.rejects, fetch)

    def missing(self) -> tuple[str, ...]:
        found = {
            f"reports that could not be read: {self.rejects.lost}": self.rejects.lost,
            f"reports about another patient, left out: {self.subject.others}": self.subject.others,
            "the payer reported an error beside its answer": self.outcomes.failed,
        }
        return tuple(line for line, count in found.items() if count)

    def reports(self, asked: Period) -> Iterator[Entry]:
        """The coding-gap reports of the member whose period touches the one asked for."""
        for found in self._found:
            if found.type == "OperationOutcome":
                self.outcomes.add(found.resource)
            elif not found.type:
                self.rejects.add(found, "not a resource", lost=True)
            elif found.type == "MeasureReport" and self._is_coding_gap(found) and self._is_usable(found, asked):
                self.used += 1
                yield found

    def _is_coding_gap(self, report: Entry) -> bool:
        """2026-11: RA requires the category; a report without any is known by its profile or its extensions."""
        if words(report.resource.get("type")) not in ("individual", ""):
            return False  # our own data exchange reports come back under the same category
        stated = code(extension(report.resource, dialect.CATEGORY).get("valueCodeableConcept"))
        if stated:
            return stated == _CATEGORY
        profiles = [words(profile).partition("|")[0] for profile in at(report.resource, "meta.profile")]
        groups = objs(report.resource.get("group"))
        return dialect.RA_PROFILE in profiles or any(extension(group, dialect.CC_TYPE) for group in groups)

    def _is_usable(self, report: Entry, asked: Period) -> bool:
        if not reports.usable(report, self.subject, self._included, self.rejects):
            return False
        stated = reports.stated_period(report.resource)
        if stated and (stated.end < asked.start or stated.start > asked.end):
            self.rejects.add(report, "belongs to another period")
            return False
        return True

    # --- groups -------------------------------------------------------------------------------------------------------

    def categories(self, report: Entry) -> Iterator[ConditionCategory]:
        """One for each group."""
        citations = cited(report, dialect.GROUP_REFERENCE)
        groups = objs(report.resource.get("group"))
        names = {words(group.get("id")) for group in groups}
        for citation in citations:
            if not names & set(citation.under):
                self.rejects.add(report, "cites evidence for no group of its own")
        for group in groups:
            name = words(group.get("id"))
            if not name:
                self.rejects.add(report, "has a group without an id")
            mine = [c for c in citations if name and name in c.under]
            yield self._category(report, group, self._read(mine, report))

    def _read(self, citations: list[Cited], report: Entry) -> tuple[Evidence, ...]:
        return self._evidence.read(citations, report, population=False)

    def _category(self, report: Entry, group: Json, evidence: tuple[Evidence, ...]) -> ConditionCategory:
        stated = concept(group.get("code"))
        main = next((c for c in stated.codings if c.code), Coding("", ""))
        diagnoses = _concepts(group, dialect.DX_CODE)
        return ConditionCategory(
            payer=self._entry.id, report_id=report.id, group_id=words(group.get("id")),
            model=reports.measure(report, self._included),
            system=main.system, version=_version(group, main), code=main.code,
            label=stated.label or next((d.label for d in diagnoses), ""),
            cc_type=code_of(extension(group, dialect.CC_TYPE)),
            evidence_status=code_of(extension(group, dialect.EVIDENCE_STATUS)),
            status_date=reports.dated(group, dialect.EVIDENCE_STATUS_DATE),
            hierarchical_status=code_of(extension(group, dialect.HIERARCHICAL_STATUS)),
            confidence=concept_of(extension(group, dialect.CONFIDENCE)).label,
            diagnoses=diagnoses, qualifying=_concepts(group, dialect.QUALIFYING_DX),
            deadline=reports.dated(report.resource, dialect.DEADLINE),
            period=reports.stated_period(report.resource), calculated=reports.calculated(report.resource),
            evidence=evidence, remarks=len(extensions(group, dialect.CC_REMARK)),
        )  # fmt: skip


def _version(group: Json, main: Coding) -> str:
    """The version of the coding: a category means nothing without it."""
    for stated in objs(obj(group.get("code")).get("coding")):
        if words(stated.get("code")) == main.code and words(stated.get("system")) == main.system:
            return words(stated.get("version"))
    return ""


def _concepts(group: Json, urls: Urls) -> tuple[Concept, ...]:
    """The codes of a repeating extension; RA 3.0 wraps qualifying codes in `codeOptions`."""
    found: list[Concept] = []
    for stated in extensions(group, urls):
        options = extensions(stated, ("codeOptions",))
        found += [concept_of(option) for option in (options or [stated])]
    return tuple(c for c in found if c != Concept())
