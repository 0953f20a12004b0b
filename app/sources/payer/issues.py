"""DetectedIssues of one gap document: which report and which of its groups each one speaks of, and what it says.

An issue finds its report by `evidence.detail`, else by the Composition section that lists it, else because there is
only one. Its group is named by a criteriaReference, which may hold a population instead (as in DEQM's own example).
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core.report import GapReason, GapStatus
from app.sources.fhir.bundles import Rejects
from app.sources.fhir.extensions import concept_of, extension, extensions, text_of
from app.sources.fhir.references import Entry, Included, reference
from app.sources.fhir.shape import Json, obj, objs, words
from app.sources.fhir.values import concept
from app.sources.payer import dialect
from app.sources.payer.populations import names
from app.sources.payer.reasons import guidance, manifested
from app.sources.payer.subject import Subject

_RETRACTED = frozenset({"entered-in-error", "cancelled"})
_STATUSES = frozenset(status.value for status in GapStatus) - {GapStatus.UNKNOWN.value}
_SECTIONS = 200


@dataclass(frozen=True, slots=True)
class Issue:
    """What one DetectedIssue says. `status_words` is empty when it states no gap status."""

    status: GapStatus
    status_words: str
    groups: frozenset[str]
    text: str
    reasons: tuple[GapReason, ...]
    entry: Entry


class Issues:
    """The issues of one Bundle by report. `reports` holds every MeasureReport, nested ones included."""

    def __init__(self, found: list[Entry], included: Included, subject: Subject, rejects: Rejects) -> None:
        self._included, self._subject, self._rejects = included, subject, rejects
        self.reports = [entry for entry in found if entry.type == "MeasureReport"]
        self._known = {id(entry.resource): entry for entry in self.reports}
        self._titles: dict[int, str] = {}  # by the identity of the report's JSON: ids may be missing or doubled
        self._listed: dict[int, Entry] = {}
        self._issues: dict[int, list[Issue]] = {}
        for entry in found:
            if entry.type == "Composition":
                self._compose(entry)
        for entry in found:
            if "contained" in entry.resource:
                self._look_inside(entry)
        for entry in found:
            if entry.type == "DetectedIssue":
                self._detect(entry)

    def title(self, report: Entry) -> str:
        """The title of the section about this report: the measure in the payer's words."""
        return self._titles.get(id(report.resource), "")

    def of(self, report: Entry, groups: list[Json]) -> dict[str, list[Issue]]:
        """What is said of each group of a report, by the group's key."""
        keys = {_key(group): _names(group) for group in groups}
        told: dict[str, list[Issue]] = {key: [] for key in keys}
        populations = set().union(*map(names, groups))
        for issue in self._issues.get(id(report.resource), ()):
            named = [key for key, known in keys.items() if issue.groups & known]
            if not named and issue.groups - populations and len(keys) > 1:
                self._rejects.add(issue.entry, "names a group that its report does not have", lost=True)
                continue
            for key in named or keys:
                told[key].append(issue)
        return told

    # --- building -----------------------------------------------------------------------------------------------------

    def _look_inside(self, entry: Entry) -> None:
        """Meet the reports that a resource contains."""
        stated = entry.resource["contained"]
        for inside in stated if isinstance(stated, list) else [stated]:
            resource = obj(inside)
            if words(resource.get("resourceType")) == "MeasureReport":
                self._meet(Entry(resource, entry.full_url, entry.mode))
            elif stated is not None and not words(resource.get("resourceType")):
                self._rejects.add(entry, "contains something that is not a resource", lost=True)

    def _compose(self, composition: Entry) -> None:
        waiting = objs(composition.resource.get("section"))
        for section in waiting[:_SECTIONS]:
            waiting.extend(objs(section.get("section")))
        for section in waiting[:_SECTIONS]:
            focus = self._included.find(section.get("focus"), composition)
            if focus is None or focus.type != "MeasureReport":
                if section.get("focus") or section.get("entry"):
                    self._rejects.add(composition, "a section points at a report that is not there", lost=True)
                continue
            focus = self._meet(focus)
            title = words(section.get("title"))
            if "://" not in title:  # 2026-11, fqm-execution: the measure's canonical stands as the title
                self._titles.setdefault(id(focus.resource), title)
            for listed in objs(section.get("entry")):
                if (issue := self._included.find(listed, composition)) is not None:
                    self._listed.setdefault(id(issue.resource), focus)

    def _detect(self, entry: Entry) -> None:
        if words(entry.resource.get("status")) in _RETRACTED:
            return
        if why := self._why_not(entry):
            other = why == "about another patient"
            self._rejects.add(entry, why, named=not other, lost=not other)
            return
        details = [d for evidence in objs(entry.resource.get("evidence")) for d in objs(evidence.get("detail"))]
        pointed = [(d, self._included.find(d, entry)) for d in details]
        reports = [self._meet(t) for _, t in pointed if t is not None and t.type == "MeasureReport"]
        targets = {id(report.resource): report for report in reports}
        if not targets and (only := self._listed.get(id(entry.resource)) or self._only_report(pointed)):
            targets = {id(only.resource): only}
        if not targets:
            self._rejects.add(entry, "points at no report", lost=True)
        issue = _issue(entry, details, [t for _, t in pointed if t is not None])
        for key in targets:
            self._issues.setdefault(key, []).append(issue)

    def _why_not(self, entry: Entry) -> str:
        modifiers = objs(entry.resource.get("modifierExtension"))
        if any(words(m.get("url")) not in dialect.GAP_STATUS for m in modifiers):
            return "a modifier that we do not know"
        about = entry.resource.get("patient")
        if about and not self._subject.owns(about, entry, self._included):
            return "about another patient"
        return ""

    def _only_report(self, pointed: list[tuple[Json, Entry | None]]) -> Entry | None:
        """The one report there is, unless the issue points at another one that is not there."""
        elsewhere = (reference(stated) for stated, target in pointed if target is None)
        if any(ref.startswith(("MeasureReport/", "#", "urn:")) for ref in elsewhere):
            return None
        return self.reports[0] if len(self.reports) == 1 else None

    def _meet(self, report: Entry) -> Entry:
        """The report as it is known here.

        2026-11, HAPI: it may be contained in the DetectedIssue, and then each issue of a measure with several rates
        holds a copy of it.
        """
        known = self._known.get(id(report.resource))
        if known is None:
            copies = (other for other in self.reports if other.id == report.id and other.resource == report.resource)
            known = next(copies, report)
            if known is report:
                self.reports.append(report)
            self._known[id(report.resource)] = known
        return known


def _issue(entry: Entry, details: list[Json], pointed: list[Entry]) -> Issue:
    stated = extension(entry.resource, dialect.GAP_STATUS, within="modifierExtension") or extension(
        entry.resource, dialect.GAP_STATUS
    )
    found = concept_of(stated)
    codes = [c.code for c in found.codings if c.code in _STATUSES]
    groups = [text_of(e) for element in (entry.resource, *details) for e in extensions(element, dialect.ISSUE_GROUP)]
    reasons = [reason for e in objs(entry.resource.get("evidence")) for reason in manifested(e)]
    reasons += [reason for target in pointed if target.type == "GuidanceResponse" for reason in guidance(target)]
    return Issue(
        status=GapStatus(codes[0]) if codes else GapStatus.UNKNOWN,
        status_words=found.label or (codes[0] if codes else ""),
        groups=frozenset(filter(None, groups)),
        text=words(entry.resource.get("detail")) or concept(entry.resource.get("code")).text,
        reasons=tuple(reasons),
        entry=entry,
    )


def _key(group: Json) -> str:
    return words(group.get("id")) or text_of(extension(group, dialect.GROUP_LINK_ID))


def _names(group: Json) -> set[str]:
    return {words(group.get("id")), text_of(extension(group, dialect.GROUP_LINK_ID))} - {""}
