"""Condition categories as Da Vinci Risk Adjustment reports them: MeasureReports of category `ra`, one group a category.

They come by search (RA 2.0, 2.1), or in the Parameters of an operation (1.0, 3.0-ballot). A lenient server ignores the
category of a search, so it is checked on each result. One report is one model version; two of them are never merged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from app.core.chart import Coding, Concept
from app.core.report import ConditionCategory, Evidence, Member, Period, Report, ReportGroup
from app.sources.errors import Unreadable, WrongPatient
from app.sources.fhir.bundles import Outcomes, Rejects
from app.sources.fhir.extensions import Urls, code_of, concept_of, extension, extensions, text_of
from app.sources.fhir.references import Entry, Included, entries
from app.sources.fhir.shape import Json, at, obj, objs, words
from app.sources.fhir.values import code, concept
from app.sources.payer import dialect, reports, returned
from app.sources.payer.entry import PayerEntry
from app.sources.payer.evidence import Cited, EvidenceReader, Fetch, cited
from app.sources.payer.subject import Subject

_CATEGORY = "ra"
_OTHER_CATEGORIES = frozenset({"deqm", "vbp"})
_OTHER_TYPES = frozenset({"data-collection", "data-exchange", "summary", "subject-list"})
_POPULATIONS = frozenset({"initial-population", "denominator", "numerator", "measure-population"})
_DEQM = "/deqm/", "/davinci-deqm/"
#: Hints about a search parameter that was ignored say nothing here: each result is checked.
_NOISE = frozenset({"not-supported"})


def read(
    bodies: Iterable[Json],
    entry: PayerEntry,
    member: Member,
    asked: Period,
    received: datetime,
    fetch: Fetch,
    *,
    spoken: str = "",
    context: str = "",
) -> tuple[Report, tuple[str, ...]]:
    """All pages of a search, or the answer of an operation, as a Report, and what it may lack.

    `spoken` is the dialect that it was asked in; a report that names contexts, but not `context`, answers another
    request. Raises WrongPatient or Unreadable.
    """
    answer = _Answer(bodies, entry, member, fetch, context)
    categories = tuple(dict.fromkeys(c for report in answer.reports(asked) for c in answer.categories(report)))
    if answer.subject.others and not answer.used:
        raise WrongPatient("reported about somebody else")
    if answer.rejects.lost and not answer.used:
        came = tuple((each.report_id, each.group_id, spoken) for each in answer.received(()))
        raise Unreadable("no report in the answer could be read", groups=came)
    dates = [c.calculated for c in categories if c.calculated]
    report = Report(
        payer=entry.id, kind="risk", subject_id=answer.subject.patient_id, subject=answer.subject.patient,
        categories=categories, calculated=min(dates, default=None), received=received,
        unreadable=answer.rejects.lines(), outcomes=tuple(answer.outcomes.texts),
        dialect=spoken, groups=answer.received(categories),
    )  # fmt: skip
    return report, answer.missing()


class _Answer:
    def __init__(self, bodies: Iterable[Json], entry: PayerEntry, member: Member, fetch: Fetch, context: str) -> None:
        self._entry, self._context = entry, context
        self.subject, self.rejects, self.outcomes = Subject(member), Rejects(), Outcomes()
        self.used = 0  # reports that were read, with or without categories
        self._mine: list[Entry] = []  # the reports about the member, also those that could not be used
        self._included, self._found = Included(), list[Entry]()
        for body in bodies:
            if body.get("resourceType") not in ("Bundle", "Parameters") and not {"entry", "parameter"} & body.keys():
                raise Unreadable("answered with something other than reports")
            for bundle in returned.bundles(body, self.outcomes, self.rejects, quiet=_NOISE):
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

    def received(self, categories: Iterable[ConditionCategory]) -> tuple[ReportGroup, ...]:
        """Every group that a remark could be put on, and whether it is one that we could show.

        A group whose name is not its own within the report, or that has none, can take no remark.
        """
        shown = {(c.report_id, c.group_id) for c in categories if c.code or c.label}
        found: dict[tuple[str, str], bool] = {}
        for report in self._mine:
            names = Counter(words(group.get("id")) for group in objs(report.resource.get("group")))
            keys = [(report.id, name) for name, count in names.items() if report.id and name and count == 1]
            found |= {key: key in shown for key in keys}
        return tuple(ReportGroup(report, group, ingested) for (report, group), ingested in found.items())

    def reports(self, asked: Period) -> Iterator[Entry]:
        """The coding-gap reports of the member whose period touches the one asked for."""
        for found in self._found:
            if found.type == "OperationOutcome":
                self.outcomes.add(found.resource, quiet=_NOISE)
            elif why := returned.oddity(found):
                self.rejects.add(found, why, lost=True)
            elif found.type == "MeasureReport" and self._is_coding_gap(found) and self._is_usable(found, asked):
                self.used += 1
                yield found

    def _is_coding_gap(self, report: Entry) -> bool:
        """2026-11: RA requires the category since 2.0; a report without any is known by its profile or its extensions.

        What is neither that nor plainly a report of another kind is counted.
        """
        if words(report.resource.get("type")) in _OTHER_TYPES:
            return False  # our own data exchange reports come back under the same category
        stated = code(extension(report.resource, dialect.CATEGORY).get("valueCodeableConcept"))
        if stated == _CATEGORY or stated in _OTHER_CATEGORIES:
            return stated == _CATEGORY
        profiles = [words(profile).partition("|")[0] for profile in at(report.resource, "meta.profile")]
        groups = objs(report.resource.get("group"))
        if dialect.RA_PROFILE in profiles or any(extension(group, dialect.CC_TYPE) for group in groups):
            return True
        if not _is_quality(profiles, groups):
            self.rejects.add(report, "of a category that we do not know" if stated else "says nothing of its category")
        return False

    def _is_usable(self, report: Entry, asked: Period) -> bool:
        if not reports.usable(report, self.subject, self._included, self.rejects):
            if reports.is_about(report, self.subject, self._included):
                self._mine.append(report)
            return False
        contexts = {text_of(stated) for stated in extensions(report.resource, dialect.CONTEXT_ID)}
        if self._context and contexts and self._context not in contexts:
            self.rejects.add(report, "answers another request", lost=True)
            return False
        stated = reports.stated_period(report.resource)
        if stated and (stated.end < asked.start or stated.start > asked.end):
            self.rejects.add(report, "belongs to another period")
            return False
        self._mine.append(report)
        return True

    # --- groups -------------------------------------------------------------------------------------------------------

    def categories(self, report: Entry) -> Iterator[ConditionCategory]:
        """One for each group."""
        citations = cited(report, dialect.GROUP_REFERENCE)
        groups = reports.groups(report, self.rejects)
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
            diagnoses=diagnoses, qualifying=_qualifying(group),
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


def _is_quality(profiles: list[str], groups: list[Json]) -> bool:
    """A DEQM report, whose category is optional: a search without a category returns those too."""
    if any(tree in profile for profile in profiles for tree in _DEQM):
        return True
    return any(code(p.get("code")) in _POPULATIONS for group in groups for p in objs(group.get("population")))


def _qualifying(group: Json) -> tuple[Concept, ...]:
    """The codes that would do: of the group (RA 3.0), or inside its remarks (2.0)."""
    remarks = extensions(group, dialect.CC_REMARK)
    inside = [found for remark in remarks for found in _concepts(remark, dialect.REMARK_QUALIFYING)]
    return tuple(dict.fromkeys([*_concepts(group, dialect.QUALIFYING_DX), *inside]))


def _concepts(group: Json, urls: Urls) -> tuple[Concept, ...]:
    """The codes of a repeating extension; RA wraps qualifying codes once more (`codeOptions`)."""
    found: list[Concept] = []
    for stated in extensions(group, urls):
        found += [concept_of(option) for option in (objs(stated.get("extension")) or [stated])]
    return tuple(c for c in found if c != Concept())
