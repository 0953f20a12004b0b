"""What the payers measure: quality measures, risk models and condition categories, with their canonicals and words.

The same service carries a canonical and a version of each payer's own. Two versions are two measures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

HL7 = "http://terminology.hl7.org/CodeSystem"
DEQM = "http://hl7.org/fhir/us/davinci-deqm"
RA = "http://hl7.org/fhir/us/davinci-ra"

CMS_HCC = f"{HL7}/cmshcc"
CMS_RXHCC = f"{HL7}/cmsrxhcc"


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
    categories: str = CMS_HCC  # code system of a model's condition categories

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


#: Where each payer's measures live, and the version of most of them.
_HOMES: Mapping[str, tuple[str, str]] = {
    "northwind": ("https://northwind.example/Measure", "2026"),
    "lakeside": ("https://lakeside.example/fhir/Measure", "2025"),
    "harbor": ("https://harbor.example/Measure", "2026"),
    "meridian": ("https://meridian.example/Measure", "2026"),
}

#: payer -> (key, title, the payer's own number). A last `decrease`: a low score is good.
_QUALITY: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "northwind": (
        ("glycemic-status", "Glycemic Status Assessment: HbA1c or GMI above 9%", "NW-07", "decrease"),
        ("blood-pressure", "Controlling High Blood Pressure", "NW-11"),
        ("colorectal", "Colorectal Cancer Screening", "NW-02"),
        ("breast", "Breast Cancer Screening", "NW-01"),
        ("cervical", "Cervical Cancer Screening", "NW-03"),
        ("eye-exam", "Eye Exam for Patients with Diabetes", "NW-09"),
        ("kidney-evaluation", "Kidney Health Evaluation for Patients with Diabetes", "NW-10"),
        ("statin", "Statin Therapy for the Prevention and Treatment of Cardiovascular Disease", "NW-14"),
        ("influenza", "Influenza Immunization", "NW-20"),
        ("pneumococcal", "Pneumococcal Vaccination Status for Older Adults", "NW-21"),
        ("depression-screening", "Depression Screening and Follow-Up Plan", "NW-30"),
        ("medication-reconciliation", "Medication Reconciliation Post-Discharge", "NW-33"),
        ("stay-steady", "Stay Steady: Home Fall-Risk Walkthrough", "NW-41"),
    ),
    "lakeside": (
        ("glycemic-status", "Diabetes: HbA1c Poor Control (>9%)", "17", "decrease"),
        ("blood-pressure", "Blood Pressure Control", "18"),
        ("breast", "Mammography Screening", "12"),
        ("colorectal", "Colon Cancer Screening", "13"),
    ),
    "harbor": (
        ("glycemic-status", "Diabetes: Glycemic Status Above 9 Percent", "H-101", "decrease"),
        ("blood-pressure", "Blood Pressure Below 140/90", "H-102"),
        ("colorectal", "Colorectal Screening, 45 to 75 Years", "H-110"),
        ("breast", "Breast Screening, 40 to 74 Years", "H-111"),
        ("cervical", "Cervical Screening", "H-112"),
        ("kidney-evaluation", "Kidney Evaluation in Diabetes", "H-120"),
        ("influenza", "Adult Immunization: Influenza", "H-131"),
        ("pneumococcal", "Adult Immunization: Pneumococcal", "H-132"),
        ("depression-screening", "Depression Screening and Follow-Up", "H-140"),
        ("medication-reconciliation", "Transitions of Care: Medication Reconciliation", "H-150"),
        ("follow-up-after-emergency", "Follow-Up After Emergency Visit: Two Rates", "H-151"),
    ),
    "meridian": (
        ("glycemic-status", "HbA1c Poor Control (over 9.0 percent)", "M3", "decrease"),
        ("blood-pressure", "High Blood Pressure Controlled", "M4"),
        ("cervical", "Cervical Cancer Screening (Medicaid)", "M7"),
        ("statin", "Statins in Diabetes", "M9"),
        ("depression-screening", "Screening for Depression and Follow-Up Plan", "M11"),
    ),
}

#: payer -> (key, version, title, number, code system of the categories). The last is a model of the payer's own.
_MODELS: Mapping[str, tuple[tuple[str, str, str, str, str], ...]] = {
    "northwind": (
        ("cms-hcc-v28", "28", "CMS-HCC risk adjustment model, version 28", "NW-R28", CMS_HCC),
        ("cms-hcc-v24", "24", "CMS-HCC risk adjustment model, version 24", "NW-R24", CMS_HCC),
        ("rxhcc-v08", "08", "RxHCC model, version 08", "NW-RX8", CMS_RXHCC),
    ),
    "lakeside": (("cms-hcc-v28", "28", "CMS-HCC V28", "R28", CMS_HCC),),
    "harbor": (
        ("cms-hcc-v28", "28", "CMS-HCC, V28", "H-R28", CMS_HCC),
        ("rxhcc-v08", "08", "RxHCC, V08", "H-RX08", CMS_RXHCC),
    ),
    "meridian": (
        ("chronic-burden", "3", "Meridian chronic burden model", "M-CB3", "https://meridian.example/chronic-burden"),
    ),
}


def _measures(payer: str) -> Iterator[Measure]:
    home, version = _HOMES[payer]
    for key, title, number, *improvement in _QUALITY[payer]:
        yield Measure(key, f"{home}/{key}", version, title, number, "".join(improvement) or "increase")
    for key, release, title, number, categories in _MODELS[payer]:
        yield Measure(key, f"{home}/{key}", release, title, number, model=True, categories=categories)


MEASURES: Mapping[str, Mapping[str, Measure]] = MappingProxyType(
    {payer: {measure.key: measure for measure in _measures(payer)} for payer in _HOMES}
)

#: Words of the condition categories, by version of the model (CMS, public domain; the last is the payer's own).
CATEGORIES: Mapping[str, Mapping[str, str]] = {
    "28": {
        "37": "Diabetes with Chronic Complications",
        "38": "Diabetes with Glycemic, Unspecified, or No Complications",
        "48": "Morbid Obesity",
        "155": "Major Depression, Moderate or Severe, without Psychosis",
        "224": "Acute on Chronic Heart Failure",
        "226": "Heart Failure, Except End-Stage and Acute",
        "238": "Specified Heart Arrhythmias",
        "249": "Ischemic or Unspecified Stroke",
        "264": "Vascular Disease with Complications",
        "280": "Chronic Obstructive Pulmonary Disease, Interstitial Lung Disorders, and Other Chronic Lung Disorders",
        "327": "Chronic Kidney Disease, Severe (Stage 4)",
        "328": "Chronic Kidney Disease, Moderate (Stage 3B)",
        "329": "Chronic Kidney Disease, Moderate (Stage 3, Except 3B)",
    },
    "24": {
        "18": "Diabetes with Chronic Complications",
        "19": "Diabetes without Complication",
        "59": "Major Depressive, Bipolar, and Paranoid Disorders",
        "85": "Congestive Heart Failure",
        "96": "Specified Heart Arrhythmias",
        "100": "Ischemic or Unspecified Stroke",
        "108": "Vascular Disease",
        "111": "Chronic Obstructive Pulmonary Disease",
        "137": "Chronic Kidney Disease, Severe (Stage 4)",
        "138": "Chronic Kidney Disease, Moderate (Stage 3)",
    },
    "08": {
        "30": "Diabetes with Complications",
        "31": "Diabetes without Complication",
        "186": "Heart Failure",
        "226": "Chronic Obstructive Pulmonary Disease and Asthma",
    },
    "3": {
        "CB-12": "Diabetes, ongoing treatment",
        "CB-31": "Asthma or chronic airway disease",
    },
}
