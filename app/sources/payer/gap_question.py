"""Asking for care gaps in the dialect that a payer speaks, and in another shape when it refuses that one.

What worked is remembered, so a payer that takes only one of the shapes meets the others once an hour at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.core.report import Member, Period
from app.sources.errors import NotAllowed, NotFound, Refused, SourceError, Unreadable
from app.sources.payer.asking import Asking
from app.sources.payer.capabilities import Capabilities
from app.sources.payer.catalogue import Catalogue, Listed
from app.sources.payer.dialect import AUTO, DIALECTS, OPEN_ONLY, US, US_OLDEST, UV, Dialect, in_time
from app.sources.payer.entry import PayerEntry
from app.sources.payer.learned import FRESH, Learned
from app.sources.replies import Json

_PATH = "Measure/$care-gaps"
#: Statuses by which a server says that it does not take the question as asked.
_NOT_SO = frozenset({400, 422, 501})


@dataclass(frozen=True, slots=True)
class Way:
    """One shape of the question."""

    dialect: Dialect
    statuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GapAnswer:
    """The answer, how it was asked for, and what it may lack because of that."""

    body: Json
    dialect: str
    asked: tuple[str, ...]
    lacking: tuple[str, ...] = ()


class GapQuestion:
    """One payer's `$care-gaps`. Thread-safe; lives as long as the process."""

    def __init__(
        self,
        entry: PayerEntry,
        asking: Asking,
        learned: Learned[Capabilities],
        catalogue: Catalogue,
        clock: Callable[[], datetime],
    ) -> None:
        self._entry, self._asking, self._learned, self._catalogue, self._clock = (
            entry,
            asking,
            learned,
            catalogue,
            clock,
        )
        self._worked: tuple[Way, datetime] | None = None

    def spoken(self) -> str:
        """What the payer is known to speak; "" when that is still to be found out."""
        if self._entry.dialect != AUTO:
            return self._entry.dialect
        known = self._learned.known()
        return known.care_gaps if known else ""

    def ask(self, who: Member, period: Period) -> GapAnswer:
        """Raises SourceError: the first refusal, when no shape is taken."""
        worked = self._worked
        if worked and self._clock() < worked[1] + FRESH:
            return self._again(worked[0], who, period)
        first: SourceError | None = None
        statuses_only = False
        for way in self._ways(self.spoken()):
            if statuses_only and way.statuses != OPEN_ONLY:
                continue
            try:
                found = self._asked(way, who, period)
            except Refused as refused:
                if refused.status not in _NOT_SO:
                    raise
                first = first or refused
                statuses_only |= refused.status == 501  # "not implemented": it understood, and does not do it
                continue
            except Unreadable:
                if first is None:
                    raise
                continue  # nothing to name to a payer that might want named measures
            self._worked = way, self._clock()
            return found
        raise first or Unreadable("takes the question in no shape that we know")

    def of_everybody(self, organization: str, practitioner: str, period: Period) -> GapAnswer:
        """The open gaps of all patients of an organization, or of one practitioner of it ("": of all).

        Raises SourceError: NotAllowed where the payer's dialect has no such question, or it does not take it.
        """
        spoken = DIALECTS[self.spoken() or US]
        if not spoken.lists_patients:
            raise NotAllowed(f"its dialect ({spoken.name}) cannot list all patients of a practice")
        try:
            body = self._asking.operation(_PATH, spoken.open_gaps(organization, practitioner, period))
        except (NotFound, Refused) as refused:
            raise NotAllowed(
                f"does not take the question for all patients of a practice ({refused.detail})"
            ) from refused
        return GapAnswer(body, spoken.name, OPEN_ONLY)

    def _again(self, way: Way, who: Member, period: Period) -> GapAnswer:
        try:
            return self._asked(way, who, period)
        except Refused:
            self._worked = None  # it may have changed: the next question finds out
            raise

    def _ways(self, known: str) -> Iterator[Way]:
        """What is known or configured first; last, a single status.

        2026-11, deqm-test-server: it takes one `open-gap` and nothing else.
        """
        if known:
            yield self._way(known)
        else:
            yield from (self._way(name) for name in (US, UV, US_OLDEST))
        fallback = DIALECTS[known or US]
        if not self._entry.statuses:
            yield Way(fallback, OPEN_ONLY)

    def _way(self, name: str) -> Way:
        return Way(DIALECTS[name], self._entry.statuses or DIALECTS[name].statuses)

    def _asked(self, way: Way, who: Member, period: Period) -> GapAnswer:
        listed = self._catalogue.listed() if way.dialect.lists_measures else Listed(())
        today = self._clock().astimezone(ZoneInfo(self._entry.timezone)).date()
        statuses = in_time(way.statuses, is_future=period.end >= today)
        parameters = way.dialect.care_gaps(who.patient_id, period, statuses, listed.measures)
        return GapAnswer(self._asking.operation(_PATH, parameters), way.dialect.name, statuses, listed.lacking)
