"""Whether evidence is fit to be taken: the data exchange MeasureReport of DEQM and RA, and what comes with it. Pure.

DEQM 3.1.0, 5.0.0 (datax-measurereport-deqm), universal 1.0.0 (deqm-dataexchangemeasurereport), RA
(ra-datax-measurereport). What is about somebody else, or leads nowhere, is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox_config.payer.care_gaps import CATEGORY
from sandbox_config.payer.catalogue import RA
from sandbox_config.payer.style import Style

Resource = dict[str, Any]

_REPORT_ID = f"{RA}/StructureDefinition/ra-payerCodingGapReportId"
_GROUP = f"{RA}/StructureDefinition/ra-groupReference"


class Unfit(Exception):
    """Evidence that is not taken; the text says why. `status`: 400 where the server cannot do it, else 422."""

    def __init__(self, text: str, status: int = 422) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Exchange:
    """One data exchange report and the resources sent with it. `names`: under what each of them may be referred to."""

    report: Resource
    resources: tuple[Resource, ...]
    names: frozenset[str]
    provenance: Resource | None = None

    @property
    def kind(self) -> str:
        """`risk` where the category says ra, else `care-gaps`."""
        codes = {
            coding.get("code")
            for extension in self.report.get("extension", ())
            if extension.get("url") == CATEGORY
            for coding in extension.get("valueCodeableConcept", {}).get("coding", ())
        }
        return "risk" if "ra" in codes else "care-gaps"

    @property
    def answers(self) -> str:
        """The id of the payer's coding gap report that this is about; empty: not said."""
        return next(
            (str(e.get("valueId", "")) for e in self.report.get("extension", ()) if e.get("url") == _REPORT_ID), ""
        )

    @property
    def groups(self) -> frozenset[str]:
        """The groups that it names, in `group` or by its evidence."""
        named = {str(group["id"]) for group in self.report.get("group", ()) if "id" in group}
        for reference in self.report.get("evaluatedResource", ()):
            named |= {str(e.get("valueString")) for e in reference.get("extension", ()) if e.get("url") == _GROUP}
        return frozenset(named)


def patient_of(report: Mapping[str, Any]) -> str:
    """The id of the Patient that it is about, as it is written; empty: not said."""
    return str(report.get("subject", {}).get("reference", "")).rpartition("/")[2]


def check(sent: Exchange, patient: str, style: Style, stands: Callable[[str], Resource | None]) -> None:
    """Raises Unfit. `stands`: a resource of this payer by `Type/id`, or None."""
    wrong = [*_shape(sent, style), *_people(sent, patient, style), *_references(sent, style, stands)]
    wrong += _of_risk(sent, stands) if sent.kind == "risk" else []
    if wrong:
        raise Unfit("; ".join(wrong[:4]))
    if sent.kind == "care-gaps":
        _update_type(sent, style)


def _shape(sent: Exchange, style: Style) -> Iterator[str]:
    report = sent.report
    if report.get("type") != "data-collection":
        yield "type must be data-collection"
    if report.get("status") != "complete":
        yield "status must be complete"
    for name in ("measure", "subject", "reporter", "period", "date"):
        if not report.get(name):
            yield f"{name} is missing"
    period = report.get("period", {})
    if not period.get("start") or not period.get("end"):
        yield "period needs start and end"
    if not report.get("evaluatedResource"):
        yield "there is no evaluatedResource"
    profiles = report.get("meta", {}).get("profile", ())
    own = {style.deqm.profile("datax-measurereport-deqm", "deqm-dataexchangemeasurereport")}
    own = {f"{RA}/StructureDefinition/ra-datax-measurereport"} if sent.kind == "risk" else own
    if profiles and not own & {str(each).partition("|")[0] for each in profiles}:
        yield f"the profile is not {own.pop()}"


def _update_type(sent: Exchange, style: Style) -> None:
    url = style.deqm.extension("submitDataUpdateType")
    said = [e.get("valueCode") for e in sent.report.get("extension", ()) if e.get("url") == url]
    if len(said) != 1:
        raise Unfit("submitDataUpdateType is missing")
    if said[0] != "incremental":
        raise Unfit(f"submitDataUpdateType {said[0]} is not supported", 400)


def _people(sent: Exchange, patient: str, style: Style) -> Iterator[str]:
    """Nothing may be about anybody but the member, under the payer's own id."""
    for resource in (sent.report, *sent.resources):
        if resource.get("resourceType") == "Patient" and resource.get("id") != patient:
            yield "a Patient of somebody else was sent"
        for reference in references_in(resource):
            if "Patient/" in reference and reference not in (f"Patient/{patient}", f"{style.base}/Patient/{patient}"):
                yield f"{resource.get('resourceType')} is about {reference}, who is not this member"
    for resource in sent.resources:
        about = resource.get("subject") or resource.get("patient") or resource.get("beneficiary")
        if resource.get("resourceType") in _ABOUT_SOMEBODY and not about:
            yield f"{resource['resourceType']} does not say whom it is about"


_ABOUT_SOMEBODY = {
    "Observation", "Condition", "Procedure", "DiagnosticReport", "Encounter", "Immunization", "DocumentReference",
    "MedicationRequest", "ServiceRequest", "AllergyIntolerance",
}  # fmt: skip


def _references(sent: Exchange, style: Style, stands: Callable[[str], Resource | None]) -> Iterator[str]:
    for resource in (sent.report, *sent.resources):
        for reference in references_in(resource):
            local = reference.removeprefix(f"{style.base}/")
            contained = {f"#{each.get('id')}" for each in resource.get("contained", ())}
            elsewhere = "://" in local or (local.startswith("urn:") and not local.startswith("urn:uuid:"))
            if local not in sent.names | contained and not elsewhere and stands(local) is None:
                yield f"{resource.get('resourceType')}: {reference} leads nowhere"
    for number, reference in enumerate(sent.report.get("evaluatedResource", ()), 1):
        if str(reference.get("reference", "")).removeprefix(f"{style.base}/") not in sent.names:
            yield f"evaluatedResource {number} was not sent"


def _of_risk(sent: Exchange, stands: Callable[[str], Resource | None]) -> Iterator[str]:
    report = stands(f"MeasureReport/{sent.answers}") if sent.answers else None
    if sent.answers and report is None:
        yield f"ra-payerCodingGapReportId: no report is called {sent.answers}"
    if report is not None:
        unknown = sent.groups - {group["id"] for group in report["group"]}
        if unknown:
            yield f"that report has no group {', '.join(sorted(unknown))}"
        if report["measure"].partition("|")[0] != str(sent.report.get("measure")).partition("|")[0]:
            yield "measure is not that report's"


def references_in(tree: Any) -> Iterator[str]:
    """Every literal reference in a resource."""
    if isinstance(tree, dict):
        if isinstance(tree.get("reference"), str):
            yield tree["reference"]
        for value in tree.values():
            yield from references_in(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from references_in(value)


def check_provenance(provenance: Mapping[str, Any], *, in_header: bool, known: Iterable[str]) -> None:
    """Raises Unfit. The header leaves `target` to the server (R4 http.html); an entry must name what was sent."""
    if provenance.get("resourceType") != "Provenance":
        raise Unfit("the Provenance cannot be read", 400)
    agents = provenance.get("agent", ())
    if not agents or not all(
        agent.get("who", {}).get("reference")
        or agent.get("who", {}).get("identifier")
        or agent.get("who", {}).get("display")
        for agent in agents
    ):
        raise Unfit("Provenance.agent.who is missing", 400)
    if in_header:
        return
    targets = {str(target.get("reference")) for target in provenance.get("target", ())}
    if not provenance.get("recorded") or not targets:
        raise Unfit("Provenance needs recorded and target")
    if targets - set(known):
        raise Unfit(f"Provenance.target {sorted(targets - set(known))[0]} was not sent")
