"""What every MeasureReport states, whichever guide it follows. https://hl7.org/fhir/R4/measurereport.html"""

from __future__ import annotations

from datetime import date

from app.core.chart import When
from app.core.report import Measure, Period
from app.sources.fhir.bundles import Rejects
from app.sources.fhir.extensions import Urls, concept_of, extension, extensions, text_of, when_of
from app.sources.fhir.references import Entry, Included
from app.sources.fhir.shape import Json, obj, objs, words
from app.sources.fhir.values import period, when
from app.sources.payer.dialect import REPORTING_PROGRAM
from app.sources.payer.subject import Subject


def usable(report: Entry, subject: Subject, included: Included, rejects: Rejects) -> bool:
    """Whether a MeasureReport is a complete one about the member; what is not is counted."""
    if why := _why_not(report):
        rejects.add(report, why, lost=True)
        return False
    if not subject.owns(report.resource["subject"], report, included):
        subject.others += 1
        return False
    return True


def is_about(report: Entry, subject: Subject, included: Included) -> bool:
    """Whether a report that is not usable is one person's, and this member's."""
    stated, kind = report.resource.get("subject"), words(report.resource.get("type"))
    return bool(stated) and kind in ("individual", "") and subject.owns(stated, report, included)


def _why_not(report: Entry) -> str:
    status, kind = words(report.resource.get("status")), words(report.resource.get("type"))
    if kind not in ("individual", ""):
        return "is not an individual report"
    if not report.resource.get("subject"):
        return "names no patient"
    if report.resource.get("modifierExtension"):
        return "a modifier that we do not know"
    if status != "complete":
        return f"status is {status}" if status in ("pending", "error") else "status is not stated"
    return "" if words(report.resource.get("measure")) else "names no measure"


def measure(report: Entry, included: Included, title: str = "") -> Measure:
    """The measure or model, its version apart; titled by the Measure resource when it rides along, else by `title`."""
    canonical = words(report.resource.get("measure"))
    url, _, version = canonical.partition("|")
    for found in included.of_type("Measure"):
        if words(found.resource.get("url")) == url:
            title = words(found.resource.get("title")) or title
            version = version or words(found.resource.get("version"))
    return Measure(url.partition("#")[0], version, title)


def groups(report: Entry, rejects: Rejects) -> list[Json]:
    """Its groups; one that is none is counted."""
    stated = report.resource.get("group")
    found = objs(stated)
    if stated is not None and len(found) < (len(stated) if isinstance(stated, list) else 1):
        rejects.add(report, "has a group that cannot be read", lost=True)
    return found


def contract(report: Entry, included: Included) -> str:
    """The programs or contracts that it is part of, in words (DEQM reportingProgram: Identifier or canonical)."""
    found = (_program(stated, included) for stated in extensions(report.resource, REPORTING_PROGRAM))
    return ", ".join(dict.fromkeys(filter(None, found)))


def _program(stated: Json, included: Included) -> str:
    if identifier := obj(stated.get("valueIdentifier")):
        return words(identifier.get("value")) or words(obj(identifier.get("assigner")).get("display"))
    if pointed := obj(stated.get("valueReference")):
        return words(pointed.get("display")) or words(pointed.get("reference")).rpartition("/")[2]
    url, _, version = text_of(stated).partition("|")
    for found in included.of_type("Library"):
        if url and words(found.resource.get("url")) == url and (title := words(found.resource.get("title"))):
            return f"{title} {version}".strip()
    name = url.rstrip("/").rpartition("/")[2] or concept_of(stated).label
    return f"{name} {version}".strip()


def stated_period(resource: Json) -> Period | None:
    """The report's own period, or None when one of its ends is missing."""
    start, end = period(resource.get("period"))
    return Period(start.start, end.end) if start and end and start.start <= end.end else None


def calculated(resource: Json) -> date | None:
    """When the payer calculated it: the day written in `date`."""
    return _day(when(resource.get("date")))


def dated(element: Json, urls: Urls) -> date | None:
    """The last day that a date extension may mean."""
    return _day(when_of(extension(element, urls)))


def _day(found: When | None) -> date | None:
    return found.end if found else None
