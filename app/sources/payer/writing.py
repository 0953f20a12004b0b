"""Writing to one payer so that nothing arrives twice: look first, write on the version looked at, look after doubt.

Only two things of a report ever change hands: what was read, and our remark in it. `against` is what the caller keeps
of a try until its outcome is certain: the version that it was put on, and the fingerprint of what the report showed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.core.ledger.outgoing import Came, Remark, Written
from app.sources.errors import NotFound, Refused, SourceError, Unreadable
from app.sources.fhir.bundles import Outcomes
from app.sources.fhir.references import entries
from app.sources.fhir.shape import Json, at, obj, objs, words
from app.sources.http import Http
from app.sources.payer import remarking, ways
from app.sources.payer.capabilities import Capabilities
from app.sources.payer.dialect import AUTO
from app.sources.payer.entry import PayerEntry
from app.sources.payer.learned import Learned
from app.sources.payer.outcomes import CONFLICTS, may_have_arrived, unread, unsent
from app.sources.payer.ways import Way
from app.sources.replies import Reply
from app.sources.urls import instance

#: Called before each write with what to keep; with "" when that write has certainly not arrived. Whatever it raises
#: passes through, and nothing is written.
AboutToSend = Callable[[str], None]

_TRIES = 4  # of one call, when others keep writing to the report in between
_PATIENCE = 3  # times what one question may take: one call reads and writes several times


@dataclass(frozen=True, slots=True)
class _Found:
    """The report as it was read. `version` as If-Match names it; "" where the payer keeps none."""

    report: Json
    version: str

    @property
    def token(self) -> str:
        return f"{self.version} {remarking.fingerprint(self.report)}"


class Writing:
    """One payer's. Thread-safe; lives as long as the process, so that what it echoes is learned once."""

    def __init__(self, entry: PayerEntry, http: Http, learned: Learned[Capabilities]) -> None:
        self._entry, self._http, self._learned = entry, http, learned
        self._taken: dict[str, Way] = {}  # the way that was not refused as such, by question
        self._echoes: bool | None = {"yes": True, "no": False}.get(entry.echoes)

    def remark(self, report_id: str, remarks: Sequence[Remark], against: str, about_to_send: AboutToSend) -> Written:
        """Put these remarks, which all wait for the same report, into it. `against`: of the earlier try, or ""."""
        if not remarks or not all(map(remarking.can_say, remarks)):
            return Written(Came.REFUSED, trouble="no-transport")
        with self._http.within(self._entry.seconds * _PATIENCE):
            question, can = remarks[0].question, None
            if self._entry.remarks == AUTO and (can := self._learned.known()) is None:
                return Written(Came.LATER, trouble="down")
            possible = ways.possible(self._entry.remarks, can, question)
            for way in sorted(possible, key=lambda way: way is not self._taken.get(question)):
                found = _Try(self, report_id, remarks, way, about_to_send).run(against)
                if found.trouble != "no-transport":
                    self._taken[question] = way
                    return found
                against = ""  # what does not take it has not taken it
            return Written(Came.REFUSED, trouble="no-transport")

    def submit(self, envelope: Mapping[str, Any], against: str, about_to_send: AboutToSend) -> Written:
        """Send evidence exactly as it was prepared (`submitting`) and shown."""
        identifier = str(envelope["identifier"])
        with self._http.within(self._entry.seconds * _PATIENCE):
            if against:
                try:
                    if self._has(identifier):
                        return Written(Came.SENT)
                except SourceError as trouble:
                    return unread(trouble)
            about_to_send(identifier)
            headers = tuple((str(name), str(value)) for name, value in envelope["headers"].items())
            try:
                path, content = envelope["path"] or self._http.base, str(envelope["content"]).encode()
                reply = self._http.write("POST", path, content, headers=headers)
            except SourceError as trouble:
                if not may_have_arrived(trouble):
                    about_to_send("")
                return unsent(trouble, to_report=False)
            refused = _refusal(reply)
            if refused is not None:
                about_to_send("")
                return refused
            return Written(Came.SENT)

    # --- what the tries need ------------------------------------------------------------------------------------------

    def read(self, report_id: str) -> _Found:
        """Raises SourceError."""
        reply = self._http.read(instance("MeasureReport", report_id))
        if reply.body.get("resourceType") != "MeasureReport" or words(reply.body.get("id")) != report_id:
            raise Unreadable("answered a read with something other than the report")
        return _Found(reply.body, _version(reply))

    def has_gone(self, against: str, found: _Found, report_id: str) -> bool:
        """Whether an earlier try has arrived although the report does not show it.

        A payer that shows what it keeps settles that by not showing it. Elsewhere the version tells: our write makes a
        new one that shows nothing new, and one that comes first makes ours fail (If-Match).
        """
        before, _, shown = against.partition(" ")
        if self._echoes or not before or not found.version or found.version == before:
            return False
        if remarking.fingerprint(found.report) == shown:
            return True
        number = _number(before)
        if number is None or _number(found.version) == number + 1:
            return number is None  # the one write since then has changed what is shown: not ours
        try:
            next_one = self._http.read(f"{instance('MeasureReport', report_id)}/_history/{number + 1}")
        except SourceError:
            return True  # nobody can tell; better once and not confirmable than twice
        return remarking.fingerprint(next_one.body) == shown

    def shows(self, report_id: str, remarks: Sequence[Remark], *, look: bool = False) -> bool:
        """Whether the payer shows what it has just accepted; looked up until it is known."""
        if self._echoes is not None and not look:
            return self._echoes
        try:
            found = remarking.shown(self.read(report_id).report, remarks, whole=look)
        except SourceError:
            return not look
        is_there = len(found) == len(remarks)
        if not look:
            self._echoes = is_there
        return is_there

    def write(self, write: ways.Write) -> Reply:
        return self._http.write(write.method, write.path or self._http.base, write.body, headers=write.headers)

    def _has(self, identifier: str) -> bool:
        """Whether the payer has our report of this identifier; one that cannot search has not. Raises SourceError."""
        try:
            pages = self._http.search("MeasureReport", [("identifier", identifier)])
        except (NotFound, Refused):
            return False
        system, _, value = identifier.partition("|")
        found = [entry.resource for bundle in pages.bundles for entry in entries(bundle)]
        named = [each for resource in found for each in objs(resource.get("identifier"))]
        return any((words(each.get("system")), words(each.get("value"))) == (system, value) for each in named)


class _Try:
    """One call: look, write, and again when somebody else has written in between."""

    def __init__(
        self, to: Writing, report_id: str, remarks: Sequence[Remark], way: Way, about_to_send: AboutToSend
    ) -> None:
        self._to, self._report_id, self._remarks, self._way = to, report_id, remarks, way
        self._about_to_send = about_to_send

    def run(self, against: str) -> Written:
        for _ in range(_TRIES):
            try:
                found = self._to.read(self._report_id)
            except SourceError as trouble:
                return unread(trouble)
            there = remarking.shown(found.report, self._remarks)
            if self._way is Way.PATCH and there != remarking.shown(found.report, self._remarks, whole=True):
                return Written(Came.REFUSED, trouble="not-complete")
            missing = [remark for remark in self._remarks if remark.id not in there]
            # one of ours that is shown tells that the others have not arrived
            if missing and not there and self._to.has_gone(against, found, self._report_id):
                return Written(Came.SENT, frozenset(remark.id for remark in self._remarks), confirmable=False)
            after, lost = remarking.put_in(found.report, missing)
            ready = [remark for remark in missing if remark not in lost]
            if not ready:
                return _done(there, lost)
            sent = self._send(found, after, ready)
            if sent is not None:
                return _done(there | sent.there, lost, sent) if sent.came is Came.SENT else replace(sent, there=there)
            against = ""
        return Written(Came.LATER, trouble="conflict")

    def _send(self, found: _Found, after: Json, ready: Sequence[Remark]) -> Written | None:
        """None: somebody else was faster."""
        write = ways.write(self._way, found.report, after, ready, found.version)
        self._about_to_send(found.token)
        try:
            reply = self._to.write(write)
        except SourceError as trouble:
            if not may_have_arrived(trouble):
                self._about_to_send("")
            if isinstance(trouble, Refused) and trouble.status in CONFLICTS:
                return None
            return unsent(trouble, to_report=self._way in (Way.PUT, Way.PATCH))
        refused = _refusal(reply)
        if refused is not None:
            self._about_to_send("")
            return None if refused.trouble == "conflict" else refused
        if self._way is Way.PATCH and not self._to.shows(self._report_id, ready, look=True):
            return Written(Came.REFUSED, trouble="not-complete")
        ids = frozenset(remark.id for remark in ready)
        return Written(Came.SENT, ids, confirmable=self._to.shows(self._report_id, ready))


def _done(there: frozenset[str], lost: Sequence[Remark], sent: Written | None = None) -> Written:
    if lost:
        return Written(Came.GONE, there, trouble="no-such-group")
    return Written(Came.SENT, there, confirmable=sent.confirmable if sent else True)


def _version(reply: Reply) -> str:
    """As If-Match wants it: the ETag as it came, else made of `meta.versionId`."""
    tag = reply.headers.get("ETag", "").strip()
    if tag.removeprefix("W/").startswith('"') and " " not in tag:
        return tag
    stated = words(obj(reply.body.get("meta")).get("versionId"))
    return f'W/"{stated}"' if stated and '"' not in stated and " " not in stated else ""


def _number(version: str) -> int | None:
    text = version.removeprefix("W/").strip('"')
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _refusal(reply: Reply) -> Written | None:
    """An error that rides in a good answer: an OperationOutcome, or an entry of a transaction's response."""
    outcomes = Outcomes()
    kind = reply.body.get("resourceType")
    if kind == "OperationOutcome":
        outcomes.add(reply.body)
    statuses: list[str] = []
    if kind == "Bundle":
        answers = [obj(entry.get("response")) for entry in objs(reply.body.get("entry"))]
        statuses = [words(answer.get("status"))[:3] for answer in answers]
        for stated in at(reply.body, "entry.response.outcome"):
            outcomes.add(obj(stated))
    bad = [status for status in statuses if status and not status.startswith("2")]
    if not bad and not outcomes.failed:
        return None
    trouble = "conflict" if bad and all(status in ("409", "412") for status in bad) else "not-taken"
    return Written(Came.REFUSED, trouble=trouble, words="; ".join(outcomes.texts)[:500])
