"""The clinical words of the stories and their codes: LOINC, ICD-10-CM, CVX, RxNorm, HCPCS; few SNOMED CT; no CPT.

A story says `hba1c`; this table says what that is. A word without a code is written as text only, as charts often do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LOINC = "http://loinc.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
CVX = "http://hl7.org/fhir/sid/cvx"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
HCPCS = "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes"
UCUM = "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem"


def coded(system: str, code: str, display: str = "", text: str = "") -> dict[str, Any]:
    """A CodeableConcept with one coding."""
    coding = {"system": system, "code": code, **({"display": display} if display else {})}
    return {"coding": [coding], **({"text": text} if text else {})}


@dataclass(frozen=True)
class Term:
    """One clinical word: its code (if any), its official display, the words of the chart, the unit of its values."""

    system: str
    code: str
    display: str
    text: str = ""
    unit: str = ""
    ucum: str = ""
    reference: str = ""
    also: tuple[str, str, str] | None = None  # a second coding: system, code, display

    @property
    def concept(self) -> dict[str, Any]:
        """The FHIR CodeableConcept."""
        text = self.text or self.display
        if not self.code:
            return {"text": text}
        concept = coded(self.system, self.code, self.display, text)
        if self.also:
            concept["coding"] += coded(*self.also)["coding"]
        return concept


def _loinc(code: str, display: str, text: str, unit: str = "", ucum: str = "", reference: str = "") -> Term:
    return Term(LOINC, code, display, text, unit, ucum or unit, reference)


def _icd(code: str, display: str, text: str = "") -> Term:
    return Term(ICD10, code, display, text)


LABS: dict[str, Term] = {
    "hba1c": _loinc("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "HbA1c", "%", "%", "4.0 - 5.6"),
    "glucose": _loinc("2345-7", "Glucose [Mass/volume] in Serum or Plasma", "Glucose", "mg/dL", "mg/dL", "70 - 99"),
    "ldl": _loinc(
        "13457-7", "Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation", "LDL cholesterol", "mg/dL"
    ),
    "hdl": _loinc("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", "HDL cholesterol", "mg/dL"),
    "cholesterol": _loinc("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "Total cholesterol", "mg/dL"),
    "triglycerides": _loinc("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", "Triglycerides", "mg/dL"),
    "creatinine": _loinc(
        "2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "Creatinine", "mg/dL", "mg/dL", "0.6 - 1.2"
    ),
    "egfr": _loinc(
        "98979-8",
        "Glomerular filtration rate/1.73 sq M.predicted [Volume Rate/Area] in Serum, Plasma or Blood"
        " by Creatinine-based formula (CKD-EPI 2021)",
        "eGFR",
        "mL/min/1.73m2",
        "mL/min/{1.73_m2}",
        "> 60",
    ),
    "uacr": _loinc(
        "9318-7", "Albumin/Creatinine [Mass Ratio] in Urine", "Urine albumin/creatinine ratio", "mg/g", "mg/g", "< 30"
    ),
    "potassium": _loinc(
        "2823-3", "Potassium [Moles/volume] in Serum or Plasma", "Potassium", "mmol/L", "mmol/L", "3.5 - 5.1"
    ),
    "hemoglobin": _loinc("718-7", "Hemoglobin [Mass/volume] in Blood", "Hemoglobin", "g/dL", "g/dL", "12.0 - 16.0"),
    "tsh": _loinc("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "TSH", "mIU/L", "m[IU]/L", "0.4 - 4.0"),
    "nt-probnp": _loinc(
        "33762-6",
        "Natriuretic peptide.B prohormone N-Terminal [Mass/volume] in Serum or Plasma",
        "NT-proBNP",
        "pg/mL",
        "pg/mL",
        "< 125",
    ),
    "fit": _loinc(
        "29771-3",
        "Hemoglobin.gastrointestinal.lower [Presence] in Stool by Immunoassay",
        "FIT (stool immunochemical test)",
    ),
    "stool-dna": _loinc(
        "77354-9", "Noninvasive colorectal cancer DNA and occult blood screening [Presence] in Stool", "Stool DNA test"
    ),
    "pap": _loinc(
        "10524-7", "Microscopic observation [Identifier] in Cervix by Cyto stain", "Cervical cytology (Pap test)"
    ),
    "hpv": _loinc(
        "82675-0",
        "Human papilloma virus 16+18+31+33+35+39+45+51+52+56+58+59+66+68 DNA [Presence] in Cervix by NAA with probe"
        " detection",
        "High-risk HPV test",
    ),
}

VITALS: dict[str, Term] = {
    "pulse": _loinc("8867-4", "Heart rate", "Heart rate", "beats/min", "/min"),
    "weight": _loinc("29463-7", "Body weight", "Weight", "kg"),
    "height": _loinc("8302-2", "Body height", "Height", "cm"),
    "bmi": _loinc("39156-5", "Body mass index (BMI) [Ratio]", "BMI", "kg/m2"),
    "temperature": _loinc("8310-5", "Body temperature", "Temperature", "Cel"),
    "spo2": _loinc("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "Oxygen saturation", "%"),
}
BP = _loinc("85354-9", "Blood pressure panel with all children optional", "Blood pressure")
SYSTOLIC = _loinc("8480-6", "Systolic blood pressure", "Systolic", "mmHg", "mm[Hg]")
DIASTOLIC = _loinc("8462-4", "Diastolic blood pressure", "Diastolic", "mmHg", "mm[Hg]")

#: Scores and habits: category `survey` or `social-history`.
SURVEYS: dict[str, Term] = {
    "phq9": _loinc(
        "44261-6", "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]", "PHQ-9 score", "{score}"
    ),
    "phq2": _loinc(
        "55758-7", "Patient Health Questionnaire 2 item (PHQ-2) total score [Reported]", "PHQ-2 score", "{score}"
    ),
    "housing": _loinc("71802-3", "Housing status", "Housing status"),
    "smoking": _loinc("72166-2", "Tobacco smoking status", "Tobacco smoking status"),
}

#: Measurements from imaging and function tests: category `procedure` or `imaging`.
FINDINGS: dict[str, Term] = {
    "lvef": _loinc("10230-1", "Left ventricular Ejection fraction", "Left ventricular ejection fraction", "%"),
    "fev1-fvc": _loinc("19926-5", "FEV1/FVC", "FEV1/FVC", "%"),
    "abi": Term("", "", "", "Ankle-brachial index, home screening device", "{ratio}", "{ratio}"),
}

REPORTS: dict[str, Term] = {
    "mammogram": _loinc("24606-6", "MG Breast Screening", "Screening mammogram, both breasts"),
    "colonoscopy": _loinc("18746-8", "Colonoscopy study", "Colonoscopy report"),
    "echo": _loinc("34552-0", "Cardiac 2D echo panel", "Echocardiogram"),
    "spirometry": Term("", "", "", "Spirometry"),
}

CONDITIONS: dict[str, Term] = {
    "type-2-diabetes": _icd("E11.9", "Type 2 diabetes mellitus without complications", "Type 2 diabetes"),
    "diabetes-ckd": _icd("E11.22", "Type 2 diabetes mellitus with diabetic chronic kidney disease"),
    "diabetes-high-glucose": _icd("E11.65", "Type 2 diabetes mellitus with hyperglycemia"),
    "diabetes-neuropathy": _icd("E11.42", "Type 2 diabetes mellitus with diabetic polyneuropathy"),
    "prediabetes": _icd("R73.03", "Prediabetes"),
    "hypertension": _icd("I10", "Essential (primary) hypertension", "High blood pressure"),
    "hyperlipidemia": _icd("E78.5", "Hyperlipidemia, unspecified", "High cholesterol"),
    "ckd-3a": _icd("N18.31", "Chronic kidney disease, stage 3a"),
    "ckd-3b": _icd("N18.32", "Chronic kidney disease, stage 3b"),
    "heart-failure": _icd("I50.22", "Chronic systolic (congestive) heart failure"),
    "heart-failure-acute": _icd("I50.23", "Acute on chronic systolic (congestive) heart failure"),
    "atrial-fibrillation": _icd("I48.0", "Paroxysmal atrial fibrillation"),
    "cad": _icd(
        "I25.10",
        "Atherosclerotic heart disease of native coronary artery without angina pectoris",
        "Coronary artery disease",
    ),
    "pad": _icd("I73.9", "Peripheral vascular disease, unspecified"),
    "copd": _icd("J44.9", "Chronic obstructive pulmonary disease, unspecified", "COPD"),
    "asthma": _icd("J45.30", "Mild persistent asthma, uncomplicated"),
    "depression": _icd("F33.1", "Major depressive disorder, recurrent, moderate"),
    "depression-remission": _icd("F33.42", "Major depressive disorder, recurrent, in full remission"),
    "anxiety": _icd("F41.1", "Generalized anxiety disorder"),
    "stroke": _icd("I63.9", "Cerebral infarction, unspecified", "Stroke"),
    "ckd-4": _icd("N18.4", "Chronic kidney disease, stage 4 (severe)"),
    "alzheimers": _icd("G30.9", "Alzheimer's disease, unspecified", "Alzheimer's disease"),
    "frailty": _icd("R54", "Age-related physical debility", "Frailty"),
    "wheelchair": _icd("Z99.3", "Dependence on wheelchair"),
    "bed-confined": _icd("Z74.01", "Bed confinement status"),
    "pregnant": _icd("Z33.1", "Pregnant state, incidental", "Pregnancy"),
    "pregnancy-visit": _icd("Z34.82", "Encounter for supervision of other normal pregnancy, second trimester"),
    "pneumonia": _icd("J18.9", "Pneumonia, unspecified organism", "Pneumonia"),
    "hypothyroidism": _icd("E03.9", "Hypothyroidism, unspecified"),
    "osteoarthritis-knee": _icd("M17.0", "Bilateral primary osteoarthritis of knee", "Osteoarthritis of both knees"),
    "osteoporosis": _icd("M81.0", "Age-related osteoporosis without current pathological fracture", "Osteoporosis"),
    "reflux": _icd("K21.9", "Gastro-esophageal reflux disease without esophagitis", "Acid reflux"),
    "obesity": _icd("E66.9", "Obesity, unspecified"),
    "severe-obesity": _icd("E66.01", "Morbid (severe) obesity due to excess calories"),
    "migraine": _icd("G43.909", "Migraine, unspecified, not intractable, without status migrainosus", "Migraine"),
    "allergic-rhinitis": _icd("J30.2", "Other seasonal allergic rhinitis", "Seasonal allergies"),
    "low-back-pain": _icd("M54.50", "Low back pain, unspecified", "Low back pain"),
    "pancreatic-cancer": _icd("C25.9", "Malignant neoplasm of pancreas, unspecified"),
    "palliative-encounter": _icd("Z51.5", "Encounter for palliative care"),
    "wellness-exam": _icd(
        "Z00.00", "Encounter for general adult medical examination without abnormal findings", "Annual wellness visit"
    ),
}

VACCINES: dict[str, Term] = {
    "flu": Term(CVX, "140", "Influenza, split virus, trivalent, PF", "Influenza vaccine"),
    "flu-high-dose": Term(CVX, "135", "Influenza, high-dose, trivalent, PF", "Influenza vaccine, high dose"),
    "pcv20": Term(
        CVX,
        "216",
        "Pneumococcal conjugate PCV20, polysaccharide CRM197 conjugate, adjuvant, PF",
        "Pneumococcal vaccine (PCV20)",
    ),
    "zoster": Term(CVX, "187", "zoster recombinant", "Shingles vaccine"),
    "tdap": Term(CVX, "115", "Tdap", "Tetanus, diphtheria, pertussis vaccine"),
    "covid": Term(CVX, "309", "COVID-19, mRNA, LNP-S, PF, 30 mcg/0.3 mL dose", "COVID-19 vaccine"),
}

MEDICATIONS: dict[str, Term] = {
    "metformin-500": Term(RXNORM, "861007", "metformin hydrochloride 500 MG Oral Tablet", "Metformin 500 mg tablet"),
    "metformin-1000": Term(RXNORM, "861004", "metformin hydrochloride 1000 MG Oral Tablet", "Metformin 1000 mg tablet"),
    "empagliflozin-10": Term(RXNORM, "1545658", "empagliflozin 10 MG Oral Tablet", "Empagliflozin 10 mg tablet"),
    "insulin-glargine": Term(
        RXNORM, "311041", "insulin glargine 100 UNT/ML Injectable Solution", "Insulin glargine 100 units/mL"
    ),
    "lisinopril-10": Term(RXNORM, "314076", "lisinopril 10 MG Oral Tablet", "Lisinopril 10 mg tablet"),
    "lisinopril-20": Term(RXNORM, "314077", "lisinopril 20 MG Oral Tablet", "Lisinopril 20 mg tablet"),
    "amlodipine-5": Term(RXNORM, "197361", "amlodipine 5 MG Oral Tablet", "Amlodipine 5 mg tablet"),
    "hydrochlorothiazide-25": Term(
        RXNORM, "310798", "hydrochlorothiazide 25 MG Oral Tablet", "Hydrochlorothiazide 25 mg tablet"
    ),
    "atorvastatin-20": Term(RXNORM, "617310", "atorvastatin 20 MG Oral Tablet", "Atorvastatin 20 mg tablet"),
    "atorvastatin-40": Term(RXNORM, "617311", "atorvastatin 40 MG Oral Tablet", "Atorvastatin 40 mg tablet"),
    "carvedilol-12.5": Term(RXNORM, "200032", "carvedilol 12.5 MG Oral Tablet", "Carvedilol 12.5 mg tablet"),
    "furosemide-40": Term(RXNORM, "313988", "furosemide 40 MG Oral Tablet", "Furosemide 40 mg tablet"),
    "apixaban-5": Term(RXNORM, "1364445", "apixaban 5 MG Oral Tablet", "Apixaban 5 mg tablet"),
    "sertraline-50": Term(RXNORM, "312941", "sertraline 50 MG Oral Tablet", "Sertraline 50 mg tablet"),
    "omeprazole-20": Term(
        RXNORM, "198051", "omeprazole 20 MG Delayed Release Oral Capsule", "Omeprazole 20 mg capsule"
    ),
    "gabapentin-300": Term(RXNORM, "310431", "gabapentin 300 MG Oral Capsule", "Gabapentin 300 mg capsule"),
    "levothyroxine-50": Term("", "", "", "Levothyroxine 50 mcg tablet"),
    "rosuvastatin-10": Term(RXNORM, "301542", "rosuvastatin", "Rosuvastatin 10 mg tablet"),
    "donepezil-10": Term(RXNORM, "135447", "donepezil", "Donepezil 10 mg tablet"),
    "albuterol": Term("", "", "", "Albuterol inhaler, 90 mcg per puff"),
    "tiotropium": Term("", "", "", "Tiotropium 18 mcg inhalation capsule"),
    "morphine": Term("", "", "", "Morphine oral solution 10 mg/5 mL"),
}

#: SNOMED CT sparingly, each with its HCPCS Level II code beside it, as charts and claims have them.
PROCEDURES: dict[str, Term] = {
    "colonoscopy": Term(
        SNOMED,
        "73761001",
        "Colonoscopy",
        "Colonoscopy",
        also=(
            HCPCS,
            "G0121",
            "Colorectal cancer screening; colonoscopy on individual not meeting criteria for high risk",
        ),
    ),
    "hospice-care": Term(
        SNOMED,
        "385763009",
        "Hospice care",
        "Hospice care",
        also=(HCPCS, "T2042", "Hospice routine home care; per diem"),
    ),
    "retinal-exam": Term("", "", "", "Dilated retinal eye exam"),
    "diabetic-eye-exam": Term(
        HCPCS, "S3000", "Diabetic indicator; retinal eye exam, dilated, bilateral", "Dilated retinal eye exam"
    ),
    "medication-reconciliation": Term("", "", "", "Medication reconciliation after discharge"),
    "cataract-surgery": Term("", "", "", "Cataract surgery, right eye"),
}

SUBSTANCES: dict[str, Term] = {
    "penicillin": Term(RXNORM, "70618", "Penicillin", "Penicillin"),
    "sulfa": Term("", "", "", "Sulfonamide antibiotics"),
    "latex": Term("", "", "", "Latex"),
    "ibuprofen": Term(RXNORM, "5640", "ibuprofen", "Ibuprofen"),
}
