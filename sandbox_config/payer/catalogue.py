"""What the payers measure: quality measures, risk models and condition categories, with their canonicals and words.

The same service carries a canonical and a version of each payer's own. Two versions are two measures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

HL7 = "http://terminology.hl7.org/CodeSystem"
DEQM = "http://hl7.org/fhir/us/davinci-deqm"
RA = "http://hl7.org/fhir/us/davinci-ra"

CMS_HCC = f"{HL7}/cmshcc"


@dataclass(frozen=True)
class Measure:
    """One measure or risk model of one payer. `improvement`: `decrease` means that a low score is good."""

    key: str
    url: str
    version: str
    title: str
    number: str  # its number among the payer's measures
    improvement: str = "increase"
    model: bool = False

    @property
    def canonical(self) -> str:
        """The canonical with its version, as MeasureReport.measure must carry it (DEQM 5.0.0, invariant deqm-0)."""
        return f"{self.url}|{self.version}"

    @property
    def resource_id(self) -> str:
        """The id of the Measure resource."""
        return f"{self.key}-{self.version}"

    def resource(self, payer_name: str) -> dict[str, Any]:
        """The Measure (R4); for a risk model in the shape of RA 2.1.0 ra-model-measure."""
        profile = f"{RA}/StructureDefinition/ra-model-measure"
        resource: dict[str, Any] = {
            "resourceType": "Measure",
            "id": self.resource_id,
            **({"meta": {"profile": [profile]}} if self.model else {}),
            "url": self.url,
            "identifier": [{"system": self.url.rsplit("/", 1)[0] + "-number", "value": self.number}],
            "version": self.version,
            "name": "".join(word.capitalize() for word in self.key.split("-")),
            "title": self.title,
            "status": "active",
            "publisher": payer_name,
        }
        if not self.model:
            resource["scoring"] = _code(f"{HL7}/measure-scoring", "proportion")
            resource["improvementNotation"] = _code(f"{HL7}/measure-improvement-notation", self.improvement)
        return resource


def _code(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _northwind(key: str, title: str, number: str, improvement: str = "increase", version: str = "2026") -> Measure:
    return Measure(key, f"https://northwind.example/Measure/{key}", version, title, number, improvement)


def _lakeside(key: str, title: str, number: str, improvement: str = "increase") -> Measure:
    return Measure(key, f"https://lakeside.example/fhir/Measure/{key}", "2025", title, number, improvement)


_MEASURES: Mapping[str, tuple[Measure, ...]] = {
    "northwind": (
        _northwind("glycemic-status", "Glycemic Status Assessment: HbA1c or GMI above 9%", "NW-07", "decrease"),
        _northwind("blood-pressure", "Controlling High Blood Pressure", "NW-11"),
        _northwind("colorectal", "Colorectal Cancer Screening", "NW-02"),
        _northwind("breast", "Breast Cancer Screening", "NW-01"),
        _northwind("eye-exam", "Eye Exam for Patients with Diabetes", "NW-09"),
        _northwind("stay-steady", "Stay Steady: Home Fall-Risk Walkthrough", "NW-41"),
        Measure(
            "cms-hcc-v28",
            "https://northwind.example/Measure/cms-hcc-v28",
            "28",
            "CMS-HCC risk adjustment model, version 28",
            "NW-R28",
            model=True,
        ),
        Measure(
            "cms-hcc-v24",
            "https://northwind.example/Measure/cms-hcc-v24",
            "24",
            "CMS-HCC risk adjustment model, version 24",
            "NW-R24",
            model=True,
        ),
    ),
    "lakeside": (
        _lakeside("glycemic-status", "Diabetes: HbA1c Poor Control (>9%)", "17", "decrease"),
        _lakeside("blood-pressure", "Blood Pressure Control", "18"),
        _lakeside("breast", "Mammography Screening", "12"),
        Measure(
            "cms-hcc-v28",
            "https://lakeside.example/fhir/Measure/cms-hcc-v28",
            "28",
            "CMS-HCC V28",
            "R28",
            model=True,
        ),
    ),
}

MEASURES: Mapping[str, Mapping[str, Measure]] = MappingProxyType(
    {payer: {measure.key: measure for measure in measures} for payer, measures in _MEASURES.items()}
)

#: Words of the condition categories, by version of the CMS-HCC model (CMS, public domain).
CATEGORIES: Mapping[str, Mapping[str, str]] = {
    "28": {
        "37": "Diabetes with Chronic Complications",
        "38": "Diabetes with Glycemic, Unspecified, or No Complications",
        "48": "Morbid Obesity",
        "155": "Major Depression, Moderate or Severe, without Psychosis",
        "224": "Acute on Chronic Heart Failure",
        "226": "Heart Failure, Except End-Stage and Acute",
        "238": "Specified Heart Arrhythmias",
        "264": "Vascular Disease with Complications",
        "280": "Chronic Obstructive Pulmonary Disease, Interstitial Lung Disorders, and Other Chronic Lung Disorders",
        "328": "Chronic Kidney Disease, Moderate (Stage 3B)",
        "329": "Chronic Kidney Disease, Moderate (Stage 3, Except 3B)",
    },
    "24": {
        "18": "Diabetes with Chronic Complications",
        "19": "Diabetes without Complication",
        "59": "Major Depressive, Bipolar, and Paranoid Disorders",
        "85": "Congestive Heart Failure",
        "96": "Specified Heart Arrhythmias",
        "108": "Vascular Disease",
        "111": "Chronic Obstructive Pulmonary Disease",
        "138": "Chronic Kidney Disease, Moderate (Stage 3)",
    },
}
