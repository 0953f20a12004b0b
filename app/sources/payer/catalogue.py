"""Which measures to name to a payer whose dialect answers for named measures only (DEQM universal, `measureUrl` 1..*).

Those of the entry; else the payer's own active Measures, read once an hour; else those that we have a rule for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.sources.errors import Refused, Unreadable
from app.sources.fhir.bundles import Outcomes, Rejects, matches
from app.sources.fhir.shape import words
from app.sources.http import Http
from app.sources.payer.learned import Learned

_SEARCH = [("status", "active"), ("_elements", "url,version,status"), ("_count", "200")]
_MOST = 400


@dataclass(frozen=True, slots=True)
class Listed:
    """Canonicals with their versions, and why a gap may exist that nobody asked for."""

    measures: tuple[str, ...]
    lacking: tuple[str, ...] = ()


class Catalogue:
    """The measures of one payer. Thread-safe; lives as long as the process."""

    def __init__(self, stated: Sequence[str], ours: Sequence[str], http: Http, clock: Callable[[], datetime]) -> None:
        self._stated, self._ours, self._http = tuple(stated), tuple(ours), http
        self._theirs = Learned(self._read, clock)

    def begin(self) -> None:
        """Start reading the payer's Measures where they will be needed."""
        if not self._stated:
            self._theirs.begin()

    def listed(self) -> Listed:
        """The measures to ask for. Raises Unreadable when there are none."""
        if self._stated:
            return Listed(self._stated)
        theirs = self._theirs.known(self._http.limits.total)
        if theirs is not None and theirs.measures:
            return theirs
        if not self._ours:
            raise Unreadable("answers for named measures only, and names none")
        return Listed(self._ours, ("asked only for the measures that we have a rule for",))

    def _read(self) -> Listed:
        with self._http.within():
            try:
                pages = self._http.search("Measure", _SEARCH)
            except Refused:
                pages = self._http.search("Measure", _SEARCH[:1])
        rejects = Rejects()
        found: dict[str, None] = {}
        for entry in matches(pages.bundles, "Measure", Outcomes(), rejects):
            url, version = words(entry.resource.get("url")), words(entry.resource.get("version"))
            if words(entry.resource.get("status")) not in ("active", ""):
                continue  # a lenient server ignores the search parameter
            if not url:
                rejects.add(entry, "names no canonical")
                continue
            found[f"{url}|{version}" if version else url] = None
        partial = bool(pages.trouble or rejects or len(found) > _MOST)
        return Listed(tuple(found)[:_MOST], ("not every measure of the payer was asked for",) if partial else ())
