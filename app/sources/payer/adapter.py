"""The payer adapter: three questions about one member and one about itself, each answered `Known` or `Unknown`.

And two ways to tell it something, each tried once a call and answered `Written`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.core.answers import Answer, Known
from app.core.chart import Coverage, Identifier, Patient
from app.core.ledger.outgoing import Remark, Submission, Written
from app.core.report import Member, Period, Report
from app.sources.answering import answer
from app.sources.connections import Connections
from app.sources.errors import NotAllowed, Refused
from app.sources.http import Http, Limits
from app.sources.payer import capabilities, care_gaps, everybody, member, risk, submitting
from app.sources.payer.access import Access, Key, TokenShare
from app.sources.payer.asking import Asking
from app.sources.payer.capabilities import Capabilities
from app.sources.payer.catalogue import Catalogue
from app.sources.payer.dialect import AUTO, DIALECTS
from app.sources.payer.entry import PayerEntry
from app.sources.payer.evidence import Reads
from app.sources.payer.gap_question import GapQuestion
from app.sources.payer.learned import Learned
from app.sources.payer.risk_question import RiskQuestion
from app.sources.payer.writing import AboutToSend, Writing

_EVIDENCE_READS = 8
_METADATA_SECONDS = 5.0


class Payer:
    """One payer of the site; lives as long as the process.

    `key_for` gives the signing key of an algorithm. `measures` are the canonicals that we have rules for, named to a
    payer that answers for named measures only and does not list its own.
    """

    def __init__(
        self,
        entry: PayerEntry,
        *,
        key_for: Callable[[str], Key],
        connections: Connections,
        share: TokenShare | None = None,
        limits: Limits | None = None,
        measures: Sequence[str] = (),
    ) -> None:
        limits = limits or Limits(total=entry.seconds)
        access = Access(entry, key_for=key_for, connections=connections, share=share, limits=limits)
        self._entry, self._clock, self._health = entry, connections.clock, connections.watch.of(entry.id)
        self._http = connections.http(entry.id, entry.base, bearer=access.bearer, limits=limits)
        self._asking = Asking(self._http, by_post=entry.search_by == "post", deferred=entry.respond_async)
        # without a token, and with a breaker of its own: a payer may answer questions and not this one
        self._metadata = connections.http(
            f"{entry.id}-metadata", entry.base, limits=Limits(total=_METADATA_SECONDS, attempts=1)
        )
        self._learned = Learned(self._read_capabilities, self._clock)
        self._catalogue = Catalogue(entry.measures, measures, self._http, self._clock)
        self._gaps = GapQuestion(entry, self._asking, self._learned, self._catalogue, self._clock)
        self._risk = RiskQuestion(entry, self._asking, self._learned)
        self._writing = Writing(entry, self._http, self._learned)

    def capabilities(self) -> Answer[Capabilities]:
        """What the payer says that it speaks, at most an hour old."""

        def ask() -> Known[Capabilities]:
            found, when = self._learned.ask()
            return Known(found, self._entry.id, when)

        return answer(self._entry.id, ask)

    def member(self, patient: Patient, coverage: Coverage) -> Answer[Member]:
        """Who the patient is there: by member id, else HRex `$member-match`."""

        def ask() -> Known[Member]:
            self._begin_learning()  # meanwhile, so that the next questions need not wait for it
            with self._http.within():
                found = member.find(patient, coverage, self._entry, self._asking)
            return Known(found, self._entry.id, self._clock())

        return answer(self._entry.id, ask)

    def care_gaps(self, who: Member, period: Period) -> Answer[Report]:
        """DEQM `Measure/$care-gaps` for one member and measurement period."""

        def ask() -> Known[Report]:
            with self._http.within():
                found = self._gaps.ask(who, period)
                received = self._clock()
                report, missing = care_gaps.read(
                    found.body, self._entry, who, period, received, self._reads(),
                    spoken=found.dialect, statuses=found.asked,
                )  # fmt: skip
            return Known(report, self._entry.id, received, (*found.lacking, *missing))

        return answer(self._entry.id, ask)

    def open_gaps(self, practitioner: tuple[Identifier, ...], period: Period) -> Answer[tuple[Report, ...]]:
        """The open gaps of all patients of a provider (known by NPI): a Report each, with the payer's own Patient.

        Of the whole practice where the payer does not know the provider, which `incomplete` then says.
        """

        def ask() -> Known[tuple[Report, ...]]:
            if not self._entry.organization:
                raise NotAllowed("its entry names no organization by which it knows the practice")
            with self._http.within():
                known_as = everybody.practitioner_ref(practitioner, self._asking)
                found = self._gaps.of_everybody(self._entry.organization, known_as, period)
                received = self._clock()
                reports, missing = everybody.read(
                    found.body, self._entry, period, received, spoken=found.dialect, statuses=found.asked
                )
            whose = () if known_as else ("of all patients of the practice: the payer does not know this provider",)
            return Known(reports, self._entry.id, received, (*whose, *missing))

        return answer(self._entry.id, ask)

    def risk(self, who: Member, period: Period) -> Answer[Report]:
        """RA coding-gap reports of one member that touch the period."""

        def ask() -> Known[Report]:
            with self._http.within():
                found = self._risk.ask(who, period)
                received = self._clock()
                report, missing = risk.read(
                    found.bodies, self._entry, who, period, received, self._reads(),
                    spoken=found.dialect, context=found.context,
                )  # fmt: skip
            rest = (f"not all reports were read: {found.trouble.detail}",) if found.trouble else ()
            return Known(report, self._entry.id, received, (*rest, *missing))

        return answer(self._entry.id, ask)

    # --- what we tell it ----------------------------------------------------------------------------------------------

    def remark(self, report_id: str, remarks: Sequence[Remark], against: str, about_to_send: AboutToSend) -> Written:
        """Put remarks that wait for one report into it, each once; see `writing`."""
        return self._writing.remark(report_id, remarks, against, about_to_send)

    def envelope(self, what: Submission) -> Mapping[str, Any]:
        """Evidence as it would leave, for a person to see: plain JSON, which `submit` sends unchanged.

        Raises ValueError("no-transport") where the payer takes none, SourceError where that cannot be learned now.
        """
        can = self._learned.ask()[0] if self._entry.evidence == AUTO else None
        way = submitting.named(self._entry.evidence, can, what.question, what.dialect)
        if way is None:
            raise ValueError("no-transport")
        return submitting.envelope(what, way, self._entry)

    def submit(self, envelope: Mapping[str, Any], against: str, about_to_send: AboutToSend) -> Written:
        """Send what `envelope` has made."""
        return self._writing.submit(envelope, against, about_to_send)

    def _begin_learning(self) -> None:
        if AUTO in (self._entry.dialect, self._entry.risk_dialect):
            self._learned.begin()
        named = DIALECTS.get(self._entry.dialect)
        if named is not None and named.lists_measures:
            self._catalogue.begin()

    def _read_capabilities(self) -> Capabilities:
        """Public by FHIR; some payers want a token all the same. Raises SourceError."""
        found = capabilities.parse(self._statement())
        self._health.calls_itself(found.offers.software)
        if found.care_gaps in DIALECTS and DIALECTS[found.care_gaps].lists_measures:
            self._catalogue.begin()
        return found

    def _statement(self) -> dict[str, object]:
        def read(http: Http) -> dict[str, object]:
            with http.within(_METADATA_SECONDS):
                return http.get("metadata")

        try:
            return read(self._metadata)
        except (NotAllowed, Refused):
            return read(self._http)

    def _reads(self) -> Reads:
        return Reads(self._http, _EVIDENCE_READS)
