"""What a payer says of itself: smart-configuration (App Launch 2.2) and CapabilityStatement (FHIR R4)."""

from __future__ import annotations

from typing import Any

from sandbox_config.payer.catalogue import DEQM, RA
from sandbox_config.payer.style import Style
from sandbox_config.payer.tokens import ALGORITHMS, ALLOWED

Resource = dict[str, Any]


def smart_configuration(root: str) -> dict[str, Any]:
    """App Launch 2.2, conformance: what a Backend Services client needs."""
    return {
        "token_endpoint": f"{root}/oauth/token",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": [f"system/{name}.{letters}" for name, letters in ALLOWED.items()],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["client-confidential-asymmetric", "permission-v2", "permission-v1"],
    }


def capability_statement(style: Style) -> Resource:
    """DEQM US 5.0.0 gic-server and RA 2.1.0 ra-reporting-server, as far as this payer goes."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-01",
        "kind": "instance",
        "software": {"name": f"{style.name} report server (sandbox)"},
        "implementation": {"description": style.name, "url": style.base},
        "instantiates": [f"{DEQM}/CapabilityStatement/gic-server", f"{RA}/CapabilityStatement/ra-reporting-server"],
        "implementationGuide": [
            f"{DEQM}/ImplementationGuide/hl7.fhir.us.davinci-deqm|5.0.0",
            f"{RA}/ImplementationGuide/hl7.fhir.us.davinci-ra|2.1.0",
        ],
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{"mode": "server", "resource": _resources(style)}],
    }


def _resources(style: Style) -> list[Resource]:
    patient = _resource(
        "Patient",
        operation=[
            {
                "name": "member-match",
                "definition": "http://hl7.org/fhir/us/davinci-hrex/OperationDefinition/member-match",
            }
        ],
    )
    if style.identifier_search:
        patient["interaction"].append({"code": "search-type"})
        patient["searchParam"] = [{"name": "identifier", "type": "token"}]
    measure = _resource(
        "Measure",
        search={"url": "uri"},
        operation=[{"name": "care-gaps", "definition": f"{DEQM}/OperationDefinition/care-gaps"}],
    )
    report = _resource(
        "MeasureReport",
        search={
            "patient": "reference",
            "subject": "reference",
            "period": "date",
            "date": "date",
            "measure": "reference",
            "status": "token",
            style.category_parameter: "token",
        },
        supportedProfile=[
            f"{DEQM}/StructureDefinition/indv-measurereport-deqm",
            f"{RA}/StructureDefinition/ra-measurereport",
        ],
        searchInclude=["MeasureReport:evaluated-resource"],
    )
    others = ("Organization", "Condition", "Encounter", "Observation", "Procedure", "DocumentReference")
    return [patient, measure, report, *(_resource(name) for name in others)]


def _resource(name: str, *, search: dict[str, str] | None = None, **more: Any) -> Resource:
    resource: Resource = {"type": name, "interaction": [{"code": "read"}], **more}
    if search:
        resource["interaction"].append({"code": "search-type"})
        resource["searchParam"] = [{"name": key, "type": kind} for key, kind in search.items()]
    return resource
