"""What a payer says of itself: smart-configuration (App Launch 2.2) and CapabilityStatement (FHIR R4)."""

from __future__ import annotations

from typing import Any

from sandbox_config.payer.catalogue import RA
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
    """DEQM gic-server and RA ra-reporting-server in this payer's releases, as far as it goes."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-01",
        "kind": "instance",
        "software": {"name": f"{style.name} report server (sandbox)"},
        "implementation": {"description": style.name, "url": style.base},
        "instantiates": [
            f"{style.deqm.guide}/CapabilityStatement/gic-server",
            f"{RA}/CapabilityStatement/ra-reporting-server",
        ],
        "implementationGuide": [style.deqm.implementation_guide, style.ra.implementation_guide],
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        **({"patchFormat": ["application/fhir+json"]} if "patch" in style.remarks else {}),
        "rest": [
            {
                "mode": "server",
                "resource": _resources(style),
                **(
                    {"interaction": [{"code": "transaction"}]}
                    if "transaction" in style.remarks + style.evidence
                    else {}
                ),
            }
        ],
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
        search={"url": "uri", "status": "token"},
        operation=[{"name": "care-gaps", "definition": style.deqm.operation}, *_writing_operations(style)],
    )
    report = _resource(
        "MeasureReport",
        search={}
        if not style.ra.search
        else {
            "patient": "reference",
            "subject": "reference",
            "period": "date",
            "date": "date",
            "measure": "reference",
            "status": "token",
            style.category_parameter: "token",
        },
        supportedProfile=[
            style.deqm.profile("indv-measurereport-deqm", "deqm-individualmeasurereport"),
            f"{RA}/StructureDefinition/ra-measurereport",
        ],
        **({"searchInclude": ["MeasureReport:evaluated-resource"]} if style.ra.search else {}),
        **({"operation": [_ra_operation(style.ra.operation)]} if style.ra.operation else {}),
    )
    report["interaction"] += [{"code": "vread"}, {"code": "history-instance"}] if style.versions else []
    report["interaction"] += [{"code": code} for way, code in _INTERACTIONS.items() if way in style.remarks]
    report["versioning"] = (
        "no-version" if not style.versions else "versioned-update" if style.must_match else "versioned"
    )
    practitioner = _resource("Practitioner", search={"identifier": "token"})
    others = ("Organization", "Condition", "Encounter", "Observation", "Procedure", "DocumentReference")
    return [patient, measure, report, practitioner, *(_resource(name) for name in others)]


#: How a way to take remarks is declared on MeasureReport; the others are operations, or of the whole system.
_INTERACTIONS = {"put": "update", "patch": "patch"}


def _writing_operations(style: Style) -> list[Resource]:
    """What can be sent by an operation on Measure."""
    known = {
        "submit-data": "http://hl7.org/fhir/OperationDefinition/Measure-submit-data",
        "deqm-submit-data": f"{style.deqm.guide}/OperationDefinition/deqm-submit-data",
        "submit-remark-data": f"{RA}/OperationDefinition/submit-remark-data",
    }
    taken = style.evidence + style.remarks
    return [{"name": name, "definition": definition} for name, definition in known.items() if name in taken]


def _ra_operation(name: str) -> Resource:
    return {"name": name, "definition": f"{RA}/OperationDefinition/{name}"}


def _resource(name: str, *, search: dict[str, str] | None = None, **more: Any) -> Resource:
    resource: Resource = {"type": name, "interaction": [{"code": "read"}], **more}
    if search:
        resource["interaction"].append({"code": "search-type"})
        resource["searchParam"] = [{"name": key, "type": kind} for key, kind in search.items()]
    return resource
