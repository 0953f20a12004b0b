"""Coding gaps as RA has them, in the payer's release: a MeasureReport a member and model, a group a category."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox_config.payer.care_gaps import CATEGORY, CATEGORY_CODES, report_id
from sandbox_config.payer.catalogue import CATEGORIES, CMS_HCC, CMS_RXHCC, RA, Measure
from sandbox_config.payer.evidence import Evidence, composed
from sandbox_config.payer.style import Style
from sandbox_config.scenarios import elements, terms
from sandbox_config.scenarios.terms import SNOMED, coded

Resource = dict[str, Any]
Row = Mapping[str, Any]

CONFIDENCE = {"Low": "62482003", "Medium": "255508009", "High": "75540009", "Very high": "260360000"}

_PREFIX = {CMS_HCC: "HCC ", CMS_RXHCC: "RxHCC "}


@dataclass(frozen=True)
class RiskReport:
    """One model's answer about one member, with what it evaluated."""

    report: Resource
    evidence: tuple[Evidence, ...]

    @property
    def resources(self) -> Iterator[Resource]:
        """Everything of it that can be read on its own."""
        yield self.report
        for evidence in self.evidence:
            yield from evidence.resources


def risk_report(patient_id: str, row: Row, model: Measure, style: Style, year: tuple[str, str]) -> RiskReport:
    """The ra-measurereport of one `risk` row. `year` is the clinical evaluation period unless the row has one."""
    period = row.get("period", {"start": year[0], "end": year[1]})
    of_report = report_id(patient_id, row, model.key, year)
    subject = {"reference": style.ref(f"Patient/{patient_id}")}
    groups: list[Resource] = []
    found: list[Evidence] = []
    evaluated: list[Resource] = []
    for told in row["groups"]:
        group = _group(told, model, style)
        groups.append(group)
        for item in told.get("evidence", ()):
            evidence = composed(of_report, len(found) + 1, item, subject)
            found.append(evidence)
            mark = {"url": f"{RA}/StructureDefinition/ra-groupReference", "valueString": group["id"]}
            evaluated += [{"extension": [mark], "reference": style.ref(ref)} for ref in evidence.references]
    extension: list[Resource] = []
    if not style.ra.suspect_type:
        extension.append({"url": CATEGORY, "valueCodeableConcept": coded(CATEGORY_CODES, "ra")})
    if "deadline" in row:
        url = f"{RA}/StructureDefinition/ra-clinicalDataCollectionDeadline"
        extension.append({"url": url, "valueDate": row["deadline"]})
    extension += style.through(row)
    report: Resource = {
        "resourceType": "MeasureReport",
        "id": of_report,
        "meta": {"versionId": "1", "profile": [f"{RA}/StructureDefinition/ra-measurereport"]},
        "extension": extension,
        "status": "complete",
        "type": "individual",
        "measure": model.canonical,
        "subject": subject,
        "date": row.get("run", row["calculated"]),
        **style.beside_date,
        "reporter": style.reporter,
        "period": dict(period),
        "group": groups,
    }
    if evaluated:
        report["evaluatedResource"] = evaluated
    return RiskReport(report, tuple(found))


def _group(told: Row, model: Measure, style: Style) -> Resource:
    label = told.get("words", CATEGORIES[model.version].get(told["cc"], ""))
    code = {"system": model.categories, "version": model.version, "code": told["cc"], "display": label}
    words = {
        # STU1 called it suspectType and had no diagnosis codes.
        **(
            {"ra-suspectType": ("suspect-type", told["type"])}
            if style.ra.suspect_type
            else {"ra-ccType": ("cc-type", told["type"])}
        ),
        "ra-evidenceStatus": ("evidence-status", told.get("status")),
        "ra-hierarchicalStatus": ("hierarchical-status", told.get("hierarchy")),
    }
    extension: list[Resource] = [
        {"url": f"{RA}/StructureDefinition/{name}", "valueCodeableConcept": coded(f"{RA}/CodeSystem/{system}", value)}
        for name, (system, value) in words.items()
        if value
    ]
    if "on" in told:
        extension.append({"url": f"{RA}/StructureDefinition/ra-evidenceStatusDate", "valueDate": told["on"]})
    if "confidence" in told:
        scale = coded(SNOMED, CONFIDENCE[told["confidence"]], told["confidence"])
        extension.append({"url": f"{RA}/StructureDefinition/ra-confidenceScale", "valueCodeableConcept": scale})
    for key in told.get("dx", ()) if not style.ra.suspect_type else ():
        diagnosis = elements.term(terms.CONDITIONS, key).concept
        extension.append({"url": f"{RA}/StructureDefinition/ra-dxCode", "valueCodeableConcept": diagnosis})
    text = f"{_PREFIX.get(model.categories, '')}{told['cc']}: {label}"
    if told.get("readable") is False:  # a payer's own software wrote these two, and no reader understands them
        extension = [{"url": f"{RA}/StructureDefinition/ra-ccType", "valueString": told["type"]}]
        return {"id": f"hcc-{told['cc']}", "extension": extension, "code": {"coding": [{"system": model.categories}]}}
    # RA 2.1.0: group.code is 0..1 and may be text alone.
    return {
        "id": f"hcc-{told['cc']}",
        "extension": extension,
        "code": {"text": text} if told.get("code") is False else {"coding": [code], "text": text},
    }
