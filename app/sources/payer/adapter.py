"""The payer adapter: three questions about one member, each answered `Known` or `Unknown`."""

from __future__ import annotations

from collections.abc import Callable

from app.core.answers import Answer, Known
from app.core.chart import Coverage, Patient
from app.core.report import Member, Period, Report
from app.sources.answering import answer
from app.sources.connections import Connections
from app.sources.errors import Refused
from app.sources.http import Limits, Pages
from app.sources.payer import care_gaps, member, risk
from app.sources.payer.access import Access, Key, TokenShare
from app.sources.payer.asking import Asking
from app.sources.payer.dialect import DIALECTS
from app.sources.payer.entry import PayerEntry
from app.sources.payer.evidence import Reads

_EVIDENCE_READS = 8


class Payer:
    """One payer of the site; lives as long as the process. `key_for` gives the signing key of an algorithm."""

    def __init__(
        self,
        entry: PayerEntry,
        *,
        key_for: Callable[[str], Key],
        connections: Connections,
        share: TokenShare | None = None,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits(total=entry.seconds)
        access = Access(entry, key_for=key_for, connections=connections, share=share, limits=limits)
        self._entry, self._clock = entry, connections.clock
        self._http = connections.http(entry.id, entry.base, bearer=access.bearer, limits=limits)
        self._asking = Asking(self._http, by_post=entry.search_by == "post")
        self._risk_way = 0  # index of the search that this payer took last

    def member(self, patient: Patient, coverage: Coverage) -> Answer[Member]:
        """Who the patient is there: by member id, else HRex `$member-match`."""

        def ask() -> Known[Member]:
            with self._http.within():
                found = member.find(patient, coverage, self._entry, self._asking)
            return Known(found, self._entry.id, self._clock())

        return answer(self._entry.id, ask)

    def care_gaps(self, who: Member, period: Period) -> Answer[Report]:
        """DEQM `Measure/$care-gaps` for one member and measurement period, in the entry's dialect."""

        def ask() -> Known[Report]:
            parameters = DIALECTS[self._entry.dialect].care_gaps(who.patient_id, period, self._entry.statuses)
            with self._http.within():
                body = self._asking.operation("Measure/$care-gaps", parameters)
                received = self._clock()
                report, missing = care_gaps.read(body, self._entry, who, period, received, self._reads())
            return Known(report, self._entry.id, received, missing)

        return answer(self._entry.id, ask)

    def risk(self, who: Member, period: Period) -> Answer[Report]:
        """RA 2.1.0 coding-gap reports of one member that touch the period."""

        def ask() -> Known[Report]:
            with self._http.within():
                pages = self._risk_pages(who, period)
                received = self._clock()
                report, missing = risk.read(pages.bundles, self._entry, who, period, received, self._reads())
            rest = (f"not all reports were read: {pages.trouble.detail}",) if pages.trouble else ()
            return Known(report, self._entry.id, received, (*rest, *missing))

        return answer(self._entry.id, ask)

    def _risk_pages(self, who: Member, period: Period) -> Pages:
        ways = risk.queries(who, period)
        for way in range(self._risk_way, len(ways)):
            try:
                pages = self._asking.search("MeasureReport", ways[way])
            except Refused:
                if way == len(ways) - 1:
                    raise
                continue
            self._risk_way = way
            return pages
        raise AssertionError("the last way raises or returns")

    def _reads(self) -> Reads:
        return Reads(self._http, _EVIDENCE_READS)
