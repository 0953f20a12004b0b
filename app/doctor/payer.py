"""A payer entry: does it give us a token, what does it speak, does it take the questions? Asks about nobody.

SMART App Launch 2.2 Backend Services; DEQM, RA and HRex as far as a CapabilityStatement tells. The one person it looks
for has a random id that no member has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.doctor import metadata, telling
from app.doctor.clocks import clock
from app.doctor.looking import Looking, Reply
from app.doctor.nobody import Nobody
from app.doctor.report import Finding, Hidden, broken, cannot_tell, degraded, ok
from app.doctor.tls import certificate
from app.sources.connections import Connections
from app.sources.errors import SourceError
from app.sources.payer import PayerEntry
from app.sources.payer.access import Access, Key
from app.sources.payer.capabilities import Capabilities, parse
from app.sources.replies import Json
from launch import scopes

_NOTHING = "Nothing is known from this payer; the panel says so."
_TOKEN_LIFE = (60, 3600)  # seconds between which a token is neither a burden nor a risk


class PayerCheck:
    """One entry. What it fetches on the way is told to `hidden`, so that no output ever holds it."""

    def __init__(
        self,
        entry: PayerEntry,
        key_for: Callable[[str], Key],
        looking: Looking,
        connections: Connections,
        hidden: Hidden,
    ) -> None:
        self._entry, self._base, self._looking, self._hidden = entry, entry.base.rstrip("/"), looking, hidden
        self._access = Access(entry, key_for=key_for, connections=connections)
        self._bearer = ""

    def findings(self) -> Iterator[Finding]:
        """Everything that can be seen without asking about a member, in the order in which a question meets it."""
        yield from certificate(self._base, self._looking.clock())
        reply = self._look("metadata")
        if not reply.status:
            yield broken("address", reply.trouble, _NOTHING, f"Is {self._base} your FHIR base URL, and open to us?")
            return
        yield clock(reply, "the payer's")
        yield from self._discovery()
        yield from self._token()
        if reply.status in (401, 403) and self._bearer:
            reply = self._look("metadata")
        statement = metadata.statement(reply)
        can = parse(statement or {})
        if statement is None:
            yield metadata.none(reply, "What it speaks is found out by the first questions, which costs time.")
        else:
            yield from self._speaks(can)
        if self._bearer:
            listed = any(operation.name == "care-gaps" for operation in can.operations)
            yield from Nobody(self._entry, self._looking, self._bearer, care_gaps_listed=listed).findings()

    def _look(self, path: str) -> Reply:
        return self._looking.get(f"{self._base}/{path}", accept="application/fhir+json", bearer=self._bearer)

    # --- the token ----------------------------------------------------------------------------------------------------

    def _discovery(self) -> Iterator[Finding]:
        entry = self._entry
        if entry.token_url:
            yield ok("discovery", f"not needed: its entry names the token endpoint {entry.token_url}")
            return
        reply = self._look(".well-known/smart-configuration")
        said = reply.json()
        if said is None or not isinstance(said.get("token_endpoint"), str):
            means = f"No token without it. {_NOTHING}"
            ask = "What is the token endpoint for SMART Backend Services? smart-configuration does not name it."
            yield broken("discovery", f"smart-configuration names no token_endpoint ({reply.said})", means, ask)
            return
        yield ok("discovery", f"the token endpoint is {said['token_endpoint']}")
        for name, wanted in {
            "token_endpoint_auth_methods_supported": "private_key_jwt",
            "token_endpoint_auth_signing_alg_values_supported": entry.assertion_alg,
            "grant_types_supported": "client_credentials",
        }.items():
            stated = said.get(name)
            if isinstance(stated, list) and stated and wanted not in stated:
                found = f"{wanted} is not among {', '.join(map(str, stated))}"
                yield degraded("discovery", found, "It may refuse us a token.", f"Do you take {wanted}? ({name})")

    def _token(self) -> Iterator[Finding]:
        """Really fetches one; it is kept nowhere."""
        entry = self._entry
        try:
            said = self._access.grant()
        except SourceError as trouble:
            ask = (
                f"Please check client {entry.client_id}: it signs private_key_jwt with {entry.assertion_alg}, "
                f"its key is at our JWK Set URL. ({trouble.detail})"
            )
            yield broken("token", trouble.detail, _NOTHING, ask)
            return
        self._bearer = str(said.get("access_token") or "")
        self._hidden.add(self._bearer)
        if not self._bearer:
            yield broken("token", "the answer holds no access_token", _NOTHING, "Which OAuth 2.0 grant do you use?")
            return
        yield from self._life(said.get("expires_in"))
        yield from self._granted(said)

    def _life(self, life: object) -> Iterator[Finding]:
        shortest, longest = _TOKEN_LIFE
        if not isinstance(life, int) or isinstance(life, bool):
            yield degraded(
                "token",
                "given; expires_in is not stated",
                "It is used for five minutes.",
                "How long does a token live?",
            )
        elif life < shortest:
            means = "A token for nearly every question: each costs one more call."
            yield degraded("token", f"lives {life} s", means, "Can tokens live five minutes?")
        elif life > longest:
            means = "A stolen token would work for long."
            yield degraded("token", f"lives {life} s", means, "Can tokens live an hour at most?")
        else:
            yield ok("token", f"given to {self._entry.client_id} by {self._entry.assertion_alg}, lives {life} s")

    def _granted(self, said: Json) -> Iterator[Finding]:
        granted = scopes.granted(said.get("scope"), self._entry.asked_scopes)
        if without := scopes.missing(granted, self._entry.asked_scopes):
            yield degraded(
                "scopes",
                f"not granted: {', '.join(without)}",
                "What needs them is missing from its answers (evidence, names, reports), or cannot be told.",
                f"Please grant client {self._entry.client_id}: {', '.join(without)}.",
            )
        elif said.get("scope"):
            yield ok("scopes", f"all {len(self._entry.asked_scopes)} granted")
        else:
            yield cannot_tell("scopes", "what was granted is not stated; taken as asked (RFC 6749 5.1)")

    # --- what it speaks -----------------------------------------------------------------------------------------------

    def _speaks(self, can: Capabilities) -> Iterator[Finding]:
        yield metadata.version(can.offers)
        for question, spoken, set_to in (
            ("care-gaps", can.care_gaps, self._entry.dialect),
            ("risk", can.risk, self._entry.risk_dialect),
        ):
            if question in self._entry.speaks:
                yield _dialect(question, spoken, set_to)
        if can.operation("Patient", "member-match"):
            yield ok("member match", "Patient/$member-match is offered")
        else:
            means = "Members are found by the id on the coverage alone."
            yield degraded(
                "member match", "$member-match is not listed", means, "Do you offer HRex Patient/$member-match?"
            )
        yield from telling.findings(self._entry, can)


def _dialect(question: str, spoken: str, set_to: str) -> Finding:
    topic = f"dialect of {question}"
    if set_to != "auto":
        note = f"; its CapabilityStatement says {spoken}" if spoken and spoken != set_to else ""
        return ok(topic, f"{set_to}, set in its entry{note}")
    if spoken:
        return ok(topic, spoken)
    return cannot_tell(
        topic,
        "its CapabilityStatement does not tell",
        "The usual form is tried first; set `dialect` in the entry to save that.",
        f"Which guide and version do you implement for {question} (DEQM, Da Vinci RA)?",
    )
