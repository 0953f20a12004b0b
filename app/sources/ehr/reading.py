"""The pages of one chart type put together: what belongs to the patient, and what is missing and why."""

from __future__ import annotations

from app.sources.errors import SourceError
from app.sources.fhir.bundles import Outcomes, Rejects, matches
from app.sources.fhir.facts import subjects
from app.sources.fhir.references import Entry, entries, reference
from app.sources.http import Pages
from app.sources.replies import Json


class Reading:
    """Fills up with pages; `entries` are the resources that may be used."""

    def __init__(self, kind: str, patient_ref: str) -> None:
        self._kind, self._patient_ref = kind, patient_ref
        self._rejects, self._outcomes = Rejects(), Outcomes()
        self._troubles: list[SourceError] = []
        self._read_one = False
        self._bundles: list[Json] = []
        self.entries: list[Entry] = []

    def take(self, pages: Pages) -> None:
        """Sort the entries of one search."""
        self._read_one = True
        if pages.trouble:
            self._troubles.append(pages.trouble)
        self._bundles += pages.bundles
        for entry in matches(pages.bundles, self._kind, self._outcomes, self._rejects):
            if why := self._why_not(entry):
                self._rejects.add(entry, why)
            else:
                self.entries.append(entry)

    @property
    def everything(self) -> list[Entry]:
        """What came, with what was included: for the few questions that follow references."""
        return [entry for bundle in self._bundles for entry in entries(bundle)]

    def failed(self, trouble: SourceError) -> None:
        """One of several searches did not answer."""
        self._troubles.append(trouble)

    def check(self) -> None:
        """Raise the first trouble when no search answered at all."""
        if not self._read_one and self._troubles:
            raise self._troubles[0]

    def missing(self) -> tuple[str, ...]:
        """What an otherwise good answer lacks, in our words."""
        pages = (f"{self._kind}: not all of it was read: {trouble.detail}" for trouble in self._troubles)
        partial = dict.fromkeys(f"{self._kind}: the EHR says part is missing ({c})" for c in self._outcomes.partial)
        return (*pages, *partial, *self._rejects.summary())

    def _why_not(self, entry: Entry) -> str:
        if not entry.id:
            return "no id"
        if entry.resource.get("modifierExtension"):
            return "a modifier that we do not know"  # FHIR R4 2.4.1: such a resource must not be used
        beneficiary = entry.resource.get("beneficiary") if entry.type == "Coverage" else None
        about = (reference(beneficiary),) if beneficiary else subjects(entry.resource)
        if self._patient_ref in about:
            return ""
        return "names another patient" if any(ref.startswith("Patient/") for ref in about) else "names no patient"
