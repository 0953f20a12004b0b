"""The token and revocation endpoints.

RFC 6749 4.1.3 and 6; RFC 7009; SMART App Launch 2.2, Launch and Authorization, Scopes and Launch Context.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from flask import Response, jsonify, request

from sandbox_config.ehr import client_auth, scopes, signing
from sandbox_config.ehr.memory import Code, Context, Grant
from sandbox_config.ehr.site import site, tenant, tenant_blueprint, wait
from sandbox_config.ehr.tenants import FhirUser, Refresh
from sandbox_config.switches import is_on

SYSTEM_LIFE = timedelta(minutes=5)

blueprint = tenant_blueprint("token", "/auth")
blueprint.before_request(wait)


class TokenError(Exception):
    """An error of RFC 6749 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error


@blueprint.post("/token")
def token() -> Response:
    if request.form.get("grant_type") == "client_credentials":
        return _answer(_for_system())
    client_id = _client()
    match request.form.get("grant_type"):
        case "authorization_code":
            return _answer(_by_code(client_id))
        case "refresh_token":
            return _answer(_by_refresh(client_id))
        case _:
            raise TokenError("unsupported_grant_type", "authorization_code or refresh_token")


@blueprint.post("/revoke")
def revoke() -> Response:
    """RFC 7009: always 200 for an authenticated client, known token or not."""
    _client()
    if not tenant().revocation:
        raise TokenError("unsupported_token_type", "this server does not revoke")
    site().memory.revoke(tenant().id, request.form.get("token", ""))
    return Response(status=200)


@blueprint.errorhandler(TokenError)
def _refused(refused: TokenError) -> Response:
    response = _answer({"error": refused.error, "error_description": str(refused)})
    response.status_code = 401 if refused.error == "invalid_client" else 400
    if response.status_code == 401 and request.headers.get("Authorization"):
        response.headers["WWW-Authenticate"] = f'Basic realm="{tenant().name}"'
    return response


def _client(check: Callable[[client_auth.Door, str, Mapping[str, str]], str] = client_auth.authenticate) -> str:
    door = client_auth.Door(
        tenant(), site().auth_url(tenant(), "token"), site().jwks_url, site().fetch_json, site().memory, site().clock()
    )
    try:
        return check(door, request.headers.get("Authorization", ""), request.form)
    except client_auth.InvalidClient as e:
        raise TokenError("invalid_client", str(e)) from e


def _for_system() -> dict[str, Any]:
    """Backend Services (App Launch 2.2): a short token of the app itself, without a user and without a refresh."""
    client_id = _client(client_auth.authenticate_system)
    granted = scopes.grant(request.form.get("scope", "").split(), tenant(), system=True)
    if not granted:
        raise TokenError("invalid_scope", "nothing that a system may be granted")
    grant = Grant(tenant().id, client_id, Context(""), granted)
    return {
        "access_token": site().memory.issue_access(grant, SYSTEM_LIFE),
        "token_type": "bearer",
        "expires_in": int(SYSTEM_LIFE.total_seconds()),
        "scope": " ".join(granted),
    }


def _by_code(client_id: str) -> dict[str, Any]:
    code = site().memory.redeem(request.form.get("code", ""))
    if code is None or (code.tenant, code.client_id) != (tenant().id, client_id):
        raise TokenError("invalid_grant", "the code is unknown, expired or was used before")
    if request.form.get("redirect_uri") != code.redirect_uri:
        raise TokenError("invalid_grant", "redirect_uri differs from the one of the authorization request")
    if not _proves(request.form.get("code_verifier", ""), code.challenge):
        raise TokenError("invalid_grant", "code_verifier does not match code_challenge")
    faults = site().active(code.grant.context)
    if is_on(faults, "token-error"):
        raise TokenError("invalid_grant", "the sandbox was told to refuse this code")
    response = _tokens(code.grant) | _context_fields(code.grant.context, faults)
    if "openid" in code.grant.scopes:
        response["id_token"] = _id_token(code, faults)
    return response


def _by_refresh(client_id: str) -> dict[str, Any]:
    text = request.form.get("refresh_token", "")
    keep = tenant().refresh is Refresh.KEEP
    grant = site().memory.renew(tenant().id, client_id, text, keep=keep)
    if grant is None:
        raise TokenError("invalid_grant", "the refresh token is unknown, expired, revoked or was used before")
    faults = site().active(grant.context)
    if is_on(faults, "refresh-refused"):
        raise TokenError("invalid_grant", "the sandbox was told to refuse this refresh token")
    narrowed = request.form.get("scope", "").split()
    if not set(narrowed) <= set(grant.scopes):
        raise TokenError("invalid_scope", "a refresh cannot widen the scopes")
    response = _tokens(grant, again=keep) | _context_fields(grant.context, faults)
    if is_on(faults, "token-other-patient-on-refresh"):
        response["patient"] = "another-patient"
    return response


def _proves(verifier: str, challenge: str) -> bool:
    """RFC 7636 4.6, S256; a verifier has 43 to 128 characters."""
    digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
    return 43 <= len(verifier) <= 128 and hmac.compare_digest(digest, challenge.encode())


def _tokens(grant: Grant, *, again: bool = False) -> dict[str, Any]:
    """Fresh tokens. `again`: the client already holds a refresh token that stays good."""
    response: dict[str, Any] = {
        "access_token": site().memory.issue_access(grant, timedelta(seconds=tenant().access_seconds)),
        "token_type": "Bearer",
        "expires_in": tenant().access_seconds,
        "scope": " ".join(grant.scopes),
    }
    may_refresh = tenant().refresh is not Refresh.NONE and {"offline_access", "online_access"} & set(grant.scopes)
    if may_refresh and not again:
        response["refresh_token"] = site().memory.issue_refresh(grant)
    return response


def _context_fields(context: Context, faults: frozenset[str]) -> dict[str, Any]:
    """The launch context parameters (SMART App Launch 2.2, Scopes and Launch Context)."""
    fields: dict[str, Any] = {
        "need_patient_banner": True,
        "smart_style_url": f"{site().base_url}/_static/smart-style.json",
        "tenant": tenant().id,
        **context.fields,
    }
    if tenant().banner_as_text:
        fields["need_patient_banner"] = str(fields["need_patient_banner"]).lower()
    if context.patient and tenant().patient_in_token:
        fields["patient"] = context.patient
    if context.encounter:
        fields["encounter"] = context.encounter
    if is_on(faults, "token-no-patient"):
        fields = {name: value for name, value in fields.items() if name not in {"patient", "encounter"}}
    return fields


def _id_token(code: Code, faults: frozenset[str]) -> str:
    context = code.grant.context
    person = site().common.users.get(context.user)
    claims: dict[str, Any] = {"sub": _subject(context)}
    if code.nonce:
        claims["nonce"] = code.nonce
    if person is not None and tenant().fhir_user is not FhirUser.PATIENT:
        claims["name"] = person.name
    if {"fhirUser", "profile"} & set(code.grant.scopes):
        claims |= _fhir_user(context)
    return signing.id_token(
        tenant(), claims, issuer=site().issuer(tenant()), audience=code.client_id, now=site().clock(), faults=faults
    )


def _subject(context: Context) -> str:
    person = site().common.users.get(context.user)
    if person is not None and tenant().fhir_user is FhirUser.MISSING:
        return str(person.practitioner["id"])  # 2026-11, Epic: without fhirUser, sub is the Practitioner's FHIR id
    return sha256(f"{tenant().id} {context.user}".encode()).hexdigest()[:32]


def _fhir_user(context: Context) -> dict[str, str]:
    person = site().common.users.get(context.user)
    base = site().fhir_base(tenant())
    match tenant().fhir_user:
        case FhirUser.PATIENT if context.patient:
            return {"fhirUser": f"Patient/{context.patient}"}
        case FhirUser.ABSOLUTE if person:
            return {"fhirUser": f"{base}/{person.fhir_user}"}
        case FhirUser.RELATIVE if person:
            return {"fhirUser": person.fhir_user}
        case _:
            return {}


def _answer(body: Mapping[str, Any]) -> Response:
    response = jsonify(body)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Pragma"] = "no-cache"
    return response
