"""What every MeasureReport states, whichever guide it follows. https://hl7.org/fhir/R4/measurereport.html"""

from __future__ import annotations

from datetime import date

from app.core.chart import When
from app.core.report import Measure, Period
from app.sources.fhir.bundles import Rejects
from app.sources.fhir.extensions import Urls, extension, when_of
from app.sources.fhir.references import Entry, Included
from app.sources.fhir.shape import Json, words
from app.sources.fhir.values import period, when
from app.sources.payer.subject import Subject


def usable(report: Entry, subject: Subject, included: Included, rejects: Rejects) -> bool:
    """Whether a MeasureReport is a complete one about the member; what is not is counted."""
    if why := _why_not(report):
        rejects.add(report, why, lost=True)
        return False
    if not subject.owns(report.resource["subject"], report, included):
        subject.others += 1
        rejects.add(report, "about another patient", named=False)
        return False
    return True


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
