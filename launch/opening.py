"""How a launch comes to be: where to send the browser, and what to make of its return. Knows no Flask.

SMART App Launch 2.2, "App Launch: Launch and Authorization". Nothing is asked of an EHR before its issuer is known, and
nothing that came back is used before the browser has shown the cookie that was set for this very sign-in.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from launch import scopes
from launch.client_auth import TokenClient
from launch.context import Context, Launch, kept_claims, user_name
from launch.cookies import PENDING_LIFE, fits, new_secret, pending_name, secret_hash
from launch.discovery import Discovery
from launch.errors import (
    AuthorizeRefused,
    CodeMissing,
    IdTokenMissing,
    IssuerMixedUp,
    LaunchError,
    LaunchExpired,
    StateNotYours,
    StateSpent,
    StateUnknown,
)
from launch.id_token import IdTokens, fhir_user
from launch.records import Pending, Record, Records, Tokens
from launch.registry import Ehr, bare
from launch.settings import Settings
from launch.tokens import Renewal

IDLE = timedelta(minutes=20)
AT_MOST = timedelta(hours=12)

log = logging.getLogger("launch")


@dataclass(frozen=True)
class Begun:
    """Where the browser goes to sign in, and the cookie that it must bring back."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Opened:
    """A launch and the cookie that makes it this browser's."""

    launch: Launch
    secret: str = field(repr=False)


class Opening:
    """Begins and completes launches."""

    def __init__(self, settings: Settings, records: Records, client: TokenClient, renewal: Renewal) -> None:
        self._settings = settings
        self._records = records
        self._client = client
        self._renewal = renewal
        self._discovery = Discovery(settings.http, settings.clock)
        self._id_tokens = IdTokens(settings.http, settings.clock)

    def begin(self, ehr: Ehr, iss: str, launch: str | None, *, framed: bool | None) -> Begun:
        """Start an EHR launch, or a standalone one where `launch` is None; raises EhrTrouble."""
        configuration = self._discovery.of(bare(iss))
        v2 = scopes.speaks_v2(configuration.capabilities, configuration.scopes_supported)
        v2 = {"v1": False, "v2": True}.get(str(ehr.quirks.get("scopes")), v2)
        requested = scopes.to_request(ehr.scopes, v2=v2, standalone=launch is None)
        state, secret, verifier, nonce = (new_secret() for _ in range(4))
        pending = Pending(
            ehr=ehr.id,
            configuration=configuration,
            scopes=requested,
            verifier=verifier,
            nonce=nonce,
            secret_hash=secret_hash(secret),
            framed=framed,
            expires=self._settings.clock() + timedelta(seconds=PENDING_LIFE),
        )
        self._records.add_pending(state, pending)
        url = self._client.authorize_url(
            ehr,
            configuration.authorization_endpoint,
            verifier=verifier,
            state=state,
            scope=" ".join(requested),
            nonce=nonce,
            aud=iss,  # byte for byte: the public launcher refuses a slash added, others one removed
            launch=launch,
        )
        return Begun(url, state, secret)

    def complete(
        self, answer: Mapping[str, str], cookies: Mapping[str, str], *, framed: bool | None, browser: str
    ) -> Opened:
        """Finish the sign-in that `answer` (the query of the callback) belongs to; raises LaunchError."""
        pending = self._pending(answer, cookies)
        ehr = self._settings.registry.get(pending.ehr)
        if ehr is None:  # taken out of the registry within these minutes
            raise StateUnknown
        if answer.get("error"):
            log.info("the EHR %s refused to authorize: %.60r", ehr.id, answer["error"])
            raise AuthorizeRefused(answer["error"], answer.get("error_description", ""))
        # RFC 9207: with one redirect_uri for all EHRs, an answer that names its server must name the right one.
        expected = pending.configuration.issuer
        if expected and answer.get("iss", expected) != expected:
            raise IssuerMixedUp
        if not answer.get("code"):
            raise CodeMissing
        return self._open(ehr, pending, answer["code"], framed=framed, browser=browser)

    def _pending(self, answer: Mapping[str, str], cookies: Mapping[str, str]) -> Pending:
        """The sign-in that the browser may finish, spent by this look; a stranger's try does not spend it."""
        state = answer.get("state", "")
        if not state and answer.get("error"):
            # 2026-11, smart-launcher-v2: errors after a POST to authorize lose the state.
            raise AuthorizeRefused
        cookie = cookies.get(pending_name(state))
        pending = self._records.pending(state) if state else None
        if pending is None:
            raise StateSpent if cookie else StateUnknown
        if not fits(cookie, pending.secret_hash):
            raise StateNotYours
        if not self._records.spend_pending(state):
            raise StateSpent
        return pending

    def _open(self, ehr: Ehr, pending: Pending, code: str, *, framed: bool | None, browser: str) -> Opened:
        said = self._client.exchange(ehr, pending.configuration.token_endpoint, code=code, verifier=pending.verifier)
        configuration, now = pending.configuration, self._settings.clock()
        tokens = Tokens.read(said, configuration.token_endpoint, configuration.revocation_endpoint, now)
        try:
            granted = scopes.granted(said.get("scope"), pending.scopes)
            claims = self._claims(ehr, pending, said, granted)
            practitioner = fhir_user(claims, said, sub_is_practitioner=ehr.quirks.get("sub_is_practitioner") is True)
        except LaunchError:
            # We hold tokens that we will not use; give them back without keeping the user waiting.
            self._settings.background(partial(self._renewal.revoke, ehr, tokens))
            raise
        context = Context.read(said, configuration.base)
        launch = Launch(
            handle=new_secret(),
            ehr=ehr.id,
            ehr_name=ehr.name,
            issuer=configuration.base,
            fhir_user=practitioner,
            user_name=user_name(claims),
            subject=str(claims.get("sub", "")),
            claims=kept_claims(claims, ehr.claims),
            scopes=granted,
            missing_scopes=scopes.missing(granted, pending.scopes),
            framed=pending.framed if framed is None else framed,
            created=now,
            idle_until=now + IDLE,
            ends=now + AT_MOST,
            **vars(context),
        )
        return self._keep(launch, tokens, pending.scopes, browser)

    def _claims(self, ehr: Ehr, pending: Pending, said: Mapping[str, Any], granted: frozenset[str]) -> dict[str, Any]:
        """The checked claims of the id_token; none only where openid was not granted."""
        token = said.get("id_token")
        if token is None:
            if "openid" in granted:
                raise IdTokenMissing
            return {}
        configuration = self._discovery.with_keys(pending.configuration)
        return self._id_tokens.verify(
            token,
            issuer=configuration.issuer,
            jwks_uri=configuration.jwks_uri,
            client_id=ehr.client_id,
            nonce=pending.nonce,
        )

    def _keep(self, launch: Launch, tokens: Tokens, requested: tuple[str, ...], browser: str) -> Opened:
        secret = new_secret()
        user = self._settings.digest(f"{launch.ehr} {launch.subject or launch.fhir_user or ''}")
        record = Record(launch, secret_hash(secret), user, requested, tokens)
        self._records.add(record, browser)
        with ExitStack() as undo:
            undo.callback(self._records.drop, launch.handle)
            self._settings.launched(launch)
            undo.pop_all()
        self._end_others(record, browser)
        return Opened(launch, secret)

    def _end_others(self, ours: Record, browser: str) -> None:
        """Leave this browser to one user of this EHR: end what another one left open in it.

        Two who sign in at the same moment both look after both have been written down, or the later to be written
        does: whoever finds a newer launch of somebody else ends itself. Raises LaunchExpired then. Users of different
        EHRs cannot be compared, and two EHRs side by side are meant to work.
        """
        of_others = [
            record
            for record in self._records.of_browser(browser)
            if record.launch.ehr == ours.launch.ehr and record.user != ours.user
        ]
        newer = any(record.launch.created > ours.launch.created for record in of_others)
        ended = [record for record in of_others if record.launch.created <= ours.launch.created] + [ours] * newer
        for record in ended:
            self._records.drop(record.launch.handle)
        if ended:
            log.info("another user launched from %s; %d launches were ended", ours.launch.ehr, len(ended))
            self._settings.background(partial(self._revoke, ended))
        if newer:
            raise LaunchExpired

    def _revoke(self, ended: Iterable[Record]) -> None:
        for record in ended:
            if ehr := self._settings.registry.get(record.launch.ehr):
                self._renewal.revoke(ehr, record.tokens)
