"""The CapabilityStatement of an EHR or payer: is there one, and is it of FHIR R4?"""

from __future__ import annotations

from app.doctor.looking import Reply
from app.doctor.report import Finding, broken, degraded, ok
from app.sources.fhir.offers import Offers
from app.sources.replies import Json


def statement(reply: Reply) -> Json | None:
    """The CapabilityStatement that came, or None."""
    said = reply.json()
    return said if said is not None and said.get("resourceType") == "CapabilityStatement" else None


def none(reply: Reply, means: str) -> Finding:
    """There is none."""
    return degraded("CapabilityStatement", f"none ({reply.said})", means, f"Is {reply.url} open without a token?")


def version(offered: Offers) -> Finding:
    """Whether it is a server of FHIR R4, and whose."""
    software = f", {offered.software}" if offered.software else ""
    if offered.fhir_version.startswith("4."):
        return ok("CapabilityStatement", f"FHIR {offered.fhir_version}{software}")
    return broken(
        "CapabilityStatement",
        f"FHIR {offered.fhir_version or 'version not stated'}{software}",
        "Chartside reads FHIR R4.",
        "Which base URL serves FHIR R4 (4.0.1)?",
    )
