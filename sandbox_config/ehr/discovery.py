"""What a tenant says of itself: smart-configuration, openid-configuration, CapabilityStatement, JWKS.

SMART App Launch 2.2, Conformance (`.well-known/smart-configuration`); SMART 1.0 (oauth-uris extension in the
CapabilityStatement); OpenID Connect Discovery 1.0.
"""

from __future__ import annotations

from typing import Any

from flask import Response, abort, jsonify

from sandbox_config.ehr import appointments, signing
from sandbox_config.ehr.client_auth import SYSTEM_ALGS
from sandbox_config.ehr.parameters import TYPES, includes_of, params_of
from sandbox_config.ehr.scopes import DIRECTORY
from sandbox_config.ehr.site import Site, site, tenant, tenant_blueprint, wait
from sandbox_config.ehr.tenants import Auth, Refresh, Tenant
from sandbox_config.switches import is_on

blueprint = tenant_blueprint("discovery", "")
blueprint.before_request(wait)

_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SECURITY = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_CLIENT_CAPABILITY = {
    Auth.NONE: "client-public",
    Auth.BASIC: "client-confidential-symmetric",
    Auth.POST: "client-confidential-symmetric",
    Auth.PRIVATE_KEY_JWT: "client-confidential-asymmetric",
}


@blueprint.before_request
def _may_be_down() -> Response | None:
    if is_on(site().active(), "discovery-down"):
        return Response("Service Unavailable", 503, mimetype="text/plain")
    return None


@blueprint.get("/fhir/.well-known/smart-configuration")
def smart_configuration() -> Response:
    if not tenant().smart_configuration:
        abort(404)
    return jsonify(_smart(site(), tenant()))


@blueprint.get("/fhir/.well-known/openid-configuration")
@blueprint.get("/oauth2/.well-known/openid-configuration")
def openid_configuration() -> Response:
    """OpenID discovery, under the FHIR base and under the other issuer where a tenant has one."""
    here, now = site(), tenant()
    return jsonify(
        {
            "issuer": here.issuer(now),
            "authorization_endpoint": here.auth_url(now, "authorize"),
            "token_endpoint": here.auth_url(now, "token"),
            "jwks_uri": here.auth_url(now, "jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [now.id_token_alg],
        }
    )


@blueprint.get("/auth/jwks")
def jwks() -> Response:
    return jsonify(signing.jwks(tenant()))


@blueprint.get("/fhir/metadata")
def metadata() -> Response:
    statement = jsonify(_capability_statement(site(), tenant()))
    statement.mimetype = "application/fhir+json"
    return statement


def _smart(here: Site, now: Tenant) -> dict[str, Any]:
    grants = ["authorization_code"] + ([] if now.refresh is Refresh.NONE else ["refresh_token"])
    configuration: dict[str, Any] = {
        "issuer": here.issuer(now),
        "jwks_uri": here.auth_url(now, "jwks"),
        "authorization_endpoint": here.auth_url(now, "authorize"),
        "token_endpoint": here.auth_url(now, "token"),
        "token_endpoint_auth_methods_supported": [now.auth],
        "grant_types_supported": grants,
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": _scopes_supported(now),
        "capabilities": [
            "launch-ehr",
            "launch-standalone",
            "authorize-post",
            _CLIENT_CAPABILITY[now.auth],
            "sso-openid-connect",
            "context-banner",
            "context-style",
            "context-ehr-patient",
            "context-ehr-encounter",
            "context-standalone-patient",
            "permission-patient",
            "permission-user",
            *(f"permission-{version}" for version in now.scope_versions),
            *([] if now.refresh is Refresh.NONE else ["permission-offline", "permission-online"]),
        ],
    }
    if now.assertion_alg:
        configuration["token_endpoint_auth_signing_alg_values_supported"] = [now.assertion_alg]
    if now.backend:
        grants.append("client_credentials")
        configuration["token_endpoint_auth_methods_supported"] = [*dict.fromkeys((now.auth, Auth.PRIVATE_KEY_JWT))]
        configuration["token_endpoint_auth_signing_alg_values_supported"] = list(SYSTEM_ALGS)
        configuration["capabilities"].append("client-confidential-asymmetric")
    if now.revocation:
        configuration["revocation_endpoint"] = here.auth_url(now, "revoke")
    return configuration


def _scopes_supported(now: Tenant) -> list[str]:
    plain = ["openid", "fhirUser", "launch", "launch/patient"]
    if now.refresh is not Refresh.NONE:
        plain += ["offline_access", "online_access"]
    suffix = ".rs" if "v2" in now.scope_versions else ".read"
    plain += [f"system/*{suffix}"] if now.backend else []
    return [
        *plain,
        f"patient/*{suffix}",
        f"user/*{suffix}",
        *(f"user/{name}{suffix}" for name in sorted(DIRECTORY)),
        *_create_scopes(now),
    ]


def _create_scopes(now: Tenant) -> list[str]:
    suffix = ".c" if "v2" in now.scope_versions else ".write"
    return [f"{level}/{name}{suffix}" for level in ("patient", "user") for name in now.creates]


def _capability_statement(here: Site, now: Tenant) -> dict[str, Any]:
    uris = {name: here.auth_url(now, name) for name in ("authorize", "token")}
    if now.revocation:
        uris["revoke"] = here.auth_url(now, "revoke")
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": here.clock().date().isoformat(),
        "kind": "instance",
        "software": {"name": now.name},
        "implementation": {"description": f"{now.name}, synthetic patients only", "url": here.fhir_base(now)},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "extension": [
                        {
                            "url": _OAUTH_URIS,
                            "extension": [{"url": name, "valueUri": uri} for name, uri in uris.items()],
                        }
                    ],
                    "service": [{"coding": [{"system": _SECURITY, "code": "SMART-on-FHIR"}]}],
                },
                "resource": [_resource(name, now) for name in TYPES if appointments.has(name, now)],
            }
        ],
    }


def _resource(name: str, now: Tenant) -> dict[str, Any]:
    special = name == appointments.TYPE
    known = params_of(name)
    return {
        "type": name,
        "interaction": [
            {"code": "read"},
            {"code": "search-type"},
            *([{"code": "create"}] if name in now.creates else ()),
        ],
        **({"conditionalCreate": True} if name in now.creates else {}),
        "searchInclude": list(appointments.includes(now) if special else includes_of(name)),
        "searchParam": [
            {"name": key, "type": known[key].kind} for key in (appointments.declared(now) if special else known)
        ],
    }
