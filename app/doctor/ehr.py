"""An EHR entry: can it be launched from, signed in to and read (SMART App Launch 2.2, FHIR R4)? Reads no patient."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import requests

from app.doctor.clocks import clock
from app.doctor.looking import ONE_CALL, Looking, Reply
from app.doctor.reads import capabilities, scope_forms, scope_needs, searchable
from app.doctor.report import Finding, broken, cannot_tell, degraded, ok
from app.doctor.tls import certificate
from app.sources.deadline import Deadline
from app.sources.errors import SourceError
from launch.client_auth import TokenClient
from launch.discovery import Configuration, Discovery
from launch.errors import EhrTrouble, LaunchError, TokenRefused
from launch.keys import ClientKeys
from launch.registry import Ehr, bare

_NO_LAUNCH = "Nobody can open Chartside from this EHR."


class EhrCheck:
    """One entry. `issuer` is the FHIR base to look at: the entry's own, or one given for an entry with a pattern."""

    def __init__(
        self, entry: Ehr, issuer: str, keys: ClientKeys, looking: Looking, session: Callable[[], requests.Session]
    ) -> None:
        self._entry, self._base, self._keys = entry, bare(issuer), keys
        self._looking, self._session = looking, session
        self._said: Mapping[str, Any] = {}

    def findings(self) -> Iterator[Finding]:
        """Everything that can be seen from outside, in the order in which a launch meets it."""
        entry = self._entry
        yield from certificate(self._base, self._looking.clock())
        reply = self._looking.get(f"{self._base}/.well-known/smart-configuration")
        if not reply.status:
            yield broken("discovery", reply.trouble, _NO_LAUNCH, f"Is {self._base} the FHIR base URL, and open to us?")
            return
        yield clock(reply, "the EHR's")
        statement = self._looking.get(f"{self._base}/metadata", accept="application/fhir+json")
        configuration = None
        for finding, configuration in self._discovery(reply):  # noqa: B007 # the last one counts
            yield finding
        if configuration is not None:
            yield from self._issuer(configuration)
            yield from self._methods(configuration)
            yield from self._client(configuration)
            yield from chain(capabilities(configuration), scope_forms(entry, configuration))
        yield from chain(scope_needs(entry), searchable(statement, entry, self._base))

    # --- signing in ---------------------------------------------------------------------------------------------------

    def _discovery(self, reply: Reply) -> Iterator[tuple[Finding, Configuration | None]]:
        said = reply.json()
        ask = f"Please publish {self._base}/.well-known/smart-configuration as SMART App Launch 2.2 has it."
        try:
            if said is not None:
                self._said = said
                configuration = Configuration.read(self._base, said)
                yield ok("discovery", "smart-configuration names authorization and token endpoint"), configuration
                return
            with Deadline(ONE_CALL):
                configuration = Discovery(self._session, self._looking.clock).of(self._base)
        except EhrTrouble as error:
            yield broken("discovery", f"{error.advice} (smart-configuration: {reply.said})", _NO_LAUNCH, ask), None
            return
        found = f"no smart-configuration ({reply.said}); the endpoints stand in the CapabilityStatement"
        means = "Launches work, but what the server can do is not known."
        yield degraded("discovery", found, means, ask), configuration

    def _issuer(self, configuration: Configuration) -> Iterator[Finding]:
        if "openid" not in self._entry.scopes:
            return
        reply = self._looking.get(f"{self._base}/.well-known/openid-configuration")
        openid = reply.json() or {}
        stated = {str(found) for found in (configuration.issuer, openid.get("issuer")) if found}
        keys = configuration.jwks_uri or str(openid.get("jwks_uri") or "")
        if len(stated) > 1:
            yield degraded(
                "issuer",
                f"two are stated: {' and '.join(sorted(stated))}",
                "Sign-ins are refused whose id_token names another issuer than smart-configuration.",
                "Which issuer do your id_tokens name? smart-configuration and openid-configuration differ.",
            )
        elif stated and keys:
            yield ok("issuer", f"{stated.pop()}, as its id_tokens must name it")
        else:
            missing = "issuer" if keys else "jwks_uri"
            yield broken(
                "issuer",
                f"no {missing} is published",
                "Sign-ins are refused: nobody can check the id_token.",
                f"Please publish {missing} in smart-configuration or openid-configuration.",
            )
        if keys:
            published = self._looking.get(keys).json()
            if published is None or not published.get("keys"):
                yield broken(
                    "id_token keys", f"{keys} holds no keys", "Sign-ins are refused.", f"Is {keys} open to us?"
                )

    def _methods(self, configuration: Configuration) -> Iterator[Finding]:
        entry, offered = self._entry, configuration.auth_methods
        algorithms = self._said.get("token_endpoint_auth_signing_alg_values_supported") or []
        challenges = self._said.get("code_challenge_methods_supported")
        if not challenges:
            yield cannot_tell(
                "PKCE", "S256 is not stated", ask="Does your authorization server support PKCE with S256?"
            )
        elif "S256" not in challenges:
            yield broken("PKCE", "no S256", _NO_LAUNCH, "Please turn on PKCE with S256 (SMART App Launch requires it).")
        else:
            yield ok("PKCE", "S256")
        ask = f"Our client {entry.client_id} is to authenticate by {entry.auth}: is it registered so?"
        if entry.auth == "none":
            public = "client-public" in configuration.capabilities or not configuration.capabilities
            said = ok("client type", "public") if public else None
            yield said or degraded("client type", "public clients are not offered", _NO_LAUNCH, ask)
            return
        if offered and entry.auth not in offered:
            yield broken("client type", f"{entry.auth} is not among {', '.join(offered)}", _NO_LAUNCH, ask)
        elif entry.auth == "private_key_jwt" and algorithms and entry.assertion_alg not in algorithms:
            found = f"{entry.assertion_alg} is not among {', '.join(map(str, algorithms))}"
            yield broken("client type", found, _NO_LAUNCH, "Which of RS384 and ES384 do you take for private_key_jwt?")
        elif offered:
            yield ok("client type", entry.auth)
        else:
            yield cannot_tell("client type", f"{entry.auth}; what it takes is not stated", ask=ask)
        if entry.auth == "private_key_jwt" and not self._keys.can_sign(entry.assertion_alg):
            yield broken("our key", f"there is none for {entry.assertion_alg}", _NO_LAUNCH)

    def _client(self, configuration: Configuration) -> Iterator[Finding]:
        """A code that nobody issued: the error tells whether the client itself was recognised (RFC 6749 5.2)."""
        entry = self._entry
        if entry.auth == "private_key_jwt" and not self._keys.can_sign(entry.assertion_alg):
            return
        client = TokenClient(self._session, self._keys, self._looking.clock, "urn:chartside:doctor")
        try:
            with Deadline(ONE_CALL):
                client.exchange(
                    entry, configuration.token_endpoint, code="doctor", verifier=secrets.token_urlsafe(48)
                )  # fmt: skip
            yield broken("client", "the token endpoint took a code that nobody issued", "Do not use it with patients.")
        except TokenRefused as refused:
            yield self._refusal(refused.error)
        except (LaunchError, SourceError, OSError, ValueError) as error:
            yield cannot_tell("client", f"the token endpoint gave no answer to go by ({type(error).__name__})")

    def _refusal(self, code: str) -> Finding:
        entry = self._entry
        if code == "invalid_grant":
            proof = "recognised" if entry.auth != "none" else "not refused"
            return ok("client", f"{entry.client_id} is {proof} by the token endpoint")
        ask = f"Is client {entry.client_id} active for {entry.auth}? A made-up code is answered {code}."
        if entry.auth == "none":  # 2026-11, smart-launcher-v2: invalid_client means the code
            return cannot_tell("client", f"a made-up code is answered {code or 'without an error code'}", ask=ask)
        if code in ("invalid_client", "unauthorized_client"):
            keys = " and reads our keys" if entry.auth == "private_key_jwt" else ""
            return broken(
                "client",
                f"the token endpoint answers {code} for {entry.client_id}",
                _NO_LAUNCH,
                f"Please check that client {entry.client_id} is active for {entry.auth}{keys} (it answers {code}).",
            )
        return cannot_tell("client", f"a made-up code is answered {code or 'without an error code'}", ask=ask)
