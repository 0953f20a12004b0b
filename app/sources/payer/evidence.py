"""The resources a payer evaluated, as far as we may read them: from the answer itself, else by a few bounded reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.core.chart import Concept, Fact, Quantity, Value
from app.core.report import Evidence
from app.sources.errors import NotAllowed, NotFound, SourceError
from app.sources.fhir.bundles import Rejects
from app.sources.fhir.extensions import Urls, extensions, text_of
from app.sources.fhir.facts import fact, subjects
from app.sources.fhir.references import Entry, Included, reference
from app.sources.fhir.shape import Json, obj, objs, words
from app.sources.http import Http
from app.sources.payer.subject import Subject

_OURS = re.compile(r"[A-Z][A-Za-z]{1,40}/[A-Za-z0-9.-]{1,64}")
_SECONDS = 2.0
_DENIED = frozenset({"refuted", "entered-in-error"})

Fetch = Callable[[str], Entry | None]


@dataclass(frozen=True, slots=True)
class Cited:
    """One evaluatedResource: what it points at and the words (populations, groups) it is filed under."""

    reference: Json
    ref: str
    under: tuple[str, ...]


def cited(report: Entry, filed_under: Urls) -> list[Cited]:
    """The report's evaluatedResources, each reference once; the Patient is whom it is about, not evidence."""
    found: dict[str, Cited] = {}
    for stated in objs(report.resource.get("evaluatedResource")):
        ref = reference(stated) or words(stated.get("reference")) or words(stated.get("display"))
        under = tuple(filter(None, (text_of(e) for e in extensions(stated, filed_under))))
        if ref.startswith("Patient/"):
            continue
        before = found[ref].under if ref in found else ()
        found[ref] = Cited(stated, ref, tuple(dict.fromkeys((*before, *under))))
    return list(found.values())


class EvidenceReader:
    """Turns citations of one answer into Evidence; `fetch` reads what did not ride along."""

    def __init__(self, included: Included, subject: Subject, rejects: Rejects, fetch: Fetch) -> None:
        self._included, self._subject, self._rejects, self._fetch = included, subject, rejects, fetch

    def read(self, citations: Iterable[Cited], near: Entry, *, population: bool) -> tuple[Evidence, ...]:
        """The evidence behind `citations` of the report `near`; what is about somebody else is dropped and counted."""
        found = (self._one(citation, near, population) for citation in citations)
        return tuple(evidence for evidence in found if evidence is not None)

    def _one(self, citation: Cited, near: Entry, population: bool) -> Evidence | None:
        under = ", ".join(citation.under) if population else ""
        entry = self._included.find(citation.reference, near) or self._fetch(words(citation.reference.get("reference")))
        if entry is None:
            display = words(citation.reference.get("display"))
            return Evidence(citation.ref, citation.ref.partition("/")[0], display, population=under, readable=False)
        if self._foreign(entry):
            self._rejects.add(entry, "about another patient", named=False)
            return None
        stated = fact(entry.resource)
        setting = stated.setting or self._setting(entry, may_read=not population)
        return Evidence(
            ref=citation.ref, type=entry.type, what=stated.concept.label, concept=stated.concept,
            when=stated.when or stated.until or stated.recorded, setting=setting,
            source=stated.who, value=_value(stated), population=under, status=_status(stated),
        )  # fmt: skip

    def _foreign(self, entry: Entry) -> bool:
        about = [ref for ref in subjects(entry.resource) if ref.startswith("Patient/")]
        return bool(about) and not any(self._subject.owns({"reference": r}, entry, self._included) for r in about)

    def _setting(self, entry: Entry, *, may_read: bool) -> str:
        """Encounter.class of the encounter that a diagnosis or result belongs to.

        Where it was made decides whether a diagnosis counts; for care gaps it is not worth a read of its own.
        """
        stated = entry.resource.get("encounter")
        visit = self._included.find(stated, entry)
        if visit is None and may_read and stated:
            visit = self._fetch(words(obj(stated).get("reference")))
        if visit is None or visit.type != "Encounter" or self._foreign(visit):
            return ""
        return fact(visit.resource).setting


def _status(stated: Fact) -> str:
    """Its status; of a condition that was denied or entered in error, that."""
    return stated.verification if stated.verification in _DENIED else stated.status


def _value(stated: Fact) -> Value | None:
    """The result; of one with components (a blood pressure) each of them, in one line of words."""
    if stated.value is not None:
        return stated.value
    parts = [f"{part.concept.label} {_in_words(part.value)}" for part in stated.components if part.value is not None]
    return "; ".join(parts) or None


def _in_words(value: Value) -> str:
    match value:
        case Quantity():
            return f"{value.comparator}{value.value} {value.unit}".strip()
        case Concept():
            return value.label
        case bool():
            return "yes" if value else "no"
    return value


class Reads:
    """Reads single resources at the payer: at most `budget` of them, and none after one that the payer failed at."""

    def __init__(self, http: Http, budget: int) -> None:
        self._http, self._budget = http, budget
        self._known: dict[str, Entry | None] = {}

    def __call__(self, stated: str) -> Entry | None:
        """The resource at a reference of this payer; None when it is elsewhere, refused, or beyond the budget."""
        ref = stated.removeprefix(self._http.base + "/")
        if ref not in self._known and self._budget > 0 and _OURS.fullmatch(ref):
            self._budget -= 1
            self._known[ref] = self._read(ref)
        return self._known.get(ref)

    def _read(self, ref: str) -> Entry | None:
        try:
            with self._http.within(_SECONDS):
                found = Entry(self._http.get(ref), f"{self._http.base}/{ref}")
        except (NotAllowed, NotFound):
            return None
        except SourceError:
            self._budget = 0
            return None
        return found if found.ref == ref else None
