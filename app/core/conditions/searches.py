"""What speaks for and against a condition in a chart, as rows of data: results by their value, drugs by being taken or
not.

A result counts on either side, or on none between the two limits. A drug's absence counts only where every
prescription could be read; most conditions have no row, and then the panel says that nothing was searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from app.core.conditions.acute import TOOLKIT
from app.core.conditions.drugs import names
from app.core.flag import RuleSource
from app.core.measures.kidney import EGFR, RATIO
from app.core.terminology import LOINC, CodeSet, codes
from app.core.words import Words, words

LAB_TYPES, DRUG_TYPES = ("Observation",), ("MedicationRequest",)
_PERCENT = frozenset({"%", "percent"})
_NUMBER = frozenset({"1", "{ratio}", "ratio", "{Number}", "Number", "{1}"})
_SCORE = frozenset({"{score}", "score", "1", "{points}", "points", ""})


@dataclass(frozen=True, slots=True)
class Lab:
    """A measurement that speaks for a condition up or down to a value, and against it on the other side of another."""

    name: str
    families: frozenset[str]
    codes: CodeSet
    units: frozenset[str]  # a unit of none of these is not read; "" stands for a plain number
    source: RuleSource
    supports_below: Decimal | None = None
    supports_from: Decimal | None = None
    against_from: Decimal | None = None
    against_below: Decimal | None = None
    days: int = 730
    #: How far apart two results must be to refute what somebody has established; 0: one is enough; None: they never do,
    #: for treatment makes them normal.
    refutes_after: int | None = None

    @property
    def speaks_against(self) -> bool:
        return self.against_from is not None or self.against_below is not None

    def speaks(self, value: Decimal, comparator: str = "") -> int:
        """1 for, -1 against, 0 neither. `> 60` is at least 60, `< 35` is below 35; more is not known of it."""
        high = comparator in ("", ">", ">=")
        low, below = (comparator in ("", "<", "<="), _below if comparator != "<" else _at_most)
        if (high and _from(value, self.supports_from)) or (low and below(value, self.supports_below)):
            return 1
        if (high and _from(value, self.against_from)) or (low and below(value, self.against_below)):
            return -1
        return 0


def _from(value: Decimal, limit: Decimal | None) -> bool:
    return limit is not None and value >= limit


def _below(value: Decimal, limit: Decimal | None) -> bool:
    return limit is not None and value < limit


def _at_most(value: Decimal, limit: Decimal | None) -> bool:
    return limit is not None and value <= limit


@dataclass(frozen=True, slots=True)
class Drugs:
    """Drugs that speak for a condition. `absence`: the key under which it counts that none was taken; empty: it does
    not, because many are well without. `also`: drugs given for it and for much else; they speak for nothing, but under
    one of them a condition is not untreated.
    """

    families: frozenset[str]
    words: Words
    source: RuleSource
    absence: str = ""
    days: int = 365
    also: Words | None = None


def _limit(value: str) -> Decimal:
    return Decimal(value)


_KDIGO = RuleSource("KDIGO CKD guideline", "2024", "https://kdigo.org/guidelines/ckd-evaluation-and-management/")
_ADA = RuleSource("ADA Standards of Care, section 2", "2026", "https://diabetesjournals.org/care")
_GOLD = RuleSource("GOLD report", "2026", "https://goldcopd.org")
_HF = RuleSource(
    "Universal definition of heart failure (HFSA, HFA/ESC, JHFS)", "2021", "https://doi.org/10.1002/ejhf.2115"
)
_EF = RuleSource("AHA/ACC/HFSA heart failure guideline", "2022", "https://doi.org/10.1161/CIR.0000000000001063")
_OBESITY = RuleSource(
    "NHLBI clinical guidelines on overweight and obesity", "1998", "https://www.ncbi.nlm.nih.gov/books/NBK2003/"
)
_PHQ9 = RuleSource("PHQ-9 (Kroenke, Spitzer, Williams)", "2001", "https://doi.org/10.1046/j.1525-1497.2001.016009606.x")
_ACR = RuleSource("ACR guideline for rheumatoid arthritis", "2021", "https://doi.org/10.1002/art.41752")

LABS: tuple[Lab, ...] = (
    Lab(  # below 60 for three months; one value at or above speaks against stages 3 to 5
        "eGFR",
        frozenset({"kidney disease"}),
        EGFR | codes(LOINC, "33914-3"),
        frozenset({"mL/min/{1.73_m2}", "mL/min/1.73m2", "mL/min/1.73 m2", "mL/min/1.73m²", "mL/min/1.73"}),
        _KDIGO,
        supports_below=_limit("60"),
        against_from=_limit("60"),
        refutes_after=90,
    ),
    Lab(  # albuminuria A2 and above marks kidney damage whatever the eGFR; a normal one does not speak against stage 3
        "urine albumin/creatinine",
        frozenset({"kidney disease"}),
        RATIO,
        frozenset({"mg/g", "mg/g{creat}", "ug/mg"}),
        _KDIGO,
        supports_from=_limit("30"),
    ),
    Lab(  # the same, in SI units
        "urine albumin/creatinine",
        frozenset({"kidney disease"}),
        RATIO,
        frozenset({"mg/mmol", "mg/mmol{creat}", "g/mol"}),
        _KDIGO,
        supports_from=_limit("3"),
    ),
    Lab(  # 6.5 % and above diagnoses; below 5.7 % is normal
        "HbA1c",
        frozenset({"diabetes"}),
        codes(LOINC, "4548-4", "4549-2", "17855-8", "17856-6", "96595-4"),
        _PERCENT,
        _ADA,
        supports_from=_limit("6.5"),
        against_below=_limit("5.7"),
    ),
    Lab(
        "FEV1/FVC",
        frozenset({"copd"}),
        codes(LOINC, "19926-5"),
        _PERCENT,
        _GOLD,
        supports_below=_limit("70"),
        against_from=_limit("70"),
        refutes_after=0,
        days=1825,  # spirometry is not repeated every year
    ),
    Lab(  # the same ratio, written as a number
        "FEV1/FVC",
        frozenset({"copd"}),
        codes(LOINC, "19926-5"),
        _NUMBER,
        _GOLD,
        supports_below=_limit("0.70"),
        against_from=_limit("0.70"),
        refutes_after=0,
        days=1825,
    ),
    Lab(  # class 2 with another disease, or class 3
        "body mass index",
        frozenset({"morbid obesity"}),
        codes(LOINC, "39156-5"),
        frozenset({"kg/m2", "kg/m^2", "kg/m²"}),
        _OBESITY,
        supports_from=_limit("35"),
        against_below=_limit("35"),
        refutes_after=90,
    ),
    Lab(  # at 50 and above the ejection fraction is preserved, which speaks neither way
        "left ventricular ejection fraction",
        frozenset({"heart failure"}),
        codes(LOINC, "10230-1", "8806-2", "8808-8", "18043-0"),
        _PERCENT,
        _EF,
        supports_below=_limit("50"),
        days=1825,
    ),
    Lab(
        "BNP",
        frozenset({"heart failure"}),
        codes(LOINC, "30934-4", "42637-9"),
        frozenset({"pg/mL", "ng/L"}),
        _HF,
        supports_from=_limit("35"),
        against_below=_limit("35"),
    ),
    Lab(
        "NT-proBNP",
        frozenset({"heart failure"}),
        codes(LOINC, "33762-6", "83107-3"),
        frozenset({"pg/mL", "ng/L"}),
        _HF,
        supports_from=_limit("125"),
        against_below=_limit("125"),
    ),
    Lab(
        "PHQ-9",
        frozenset({"depression"}),
        codes(LOINC, "44261-6"),
        _SCORE,
        _PHQ9,
        supports_from=_limit("10"),
        against_below=_limit("5"),
        days=365,
    ),
)

DRUGS: tuple[Drugs, ...] = (
    Drugs(
        frozenset({"I26", "I74", "I82"}),
        words(*names("anticoagulant"), unlike=("heparin lock", "heparin flush")),
        TOOLKIT,
        absence="no-anticoagulant",
    ),
    Drugs(  # SGLT2 and GLP-1 drugs are given for heart, kidney and weight too
        frozenset({"diabetes"}),
        words(*names("insulin", "glucose"), unlike=("insulin syringe", "insulin pen needle")),
        _ADA,
        also=words(*names("glp-1", "sglt2")),
    ),
    Drugs(
        frozenset({"copd"}),
        words(*names("bronchodilator"), unlike=("nasal", "nostril")),
        _GOLD,
        absence="no-bronchodilator",
        also=words(*names("airways"), unlike=("nasal", "nostril")),
    ),
    Drugs(  # drugs given for heart failure alone, and those that are given for pressure, rhythm and kidney too
        frozenset({"heart failure"}),
        words(*names("heart-failure")),
        _EF,
        also=words(*names("heart", "sglt2")),
    ),
    Drugs(frozenset({"morbid obesity"}), words(*names("weight")), _OBESITY, also=words(*names("glp-1"))),
    Drugs(
        frozenset({"depression"}),
        words(*names("antidepressant")),
        RuleSource("OIG audits of Medicare Advantage diagnoses: depression without an antidepressant", "2023"),
        absence="no-antidepressant",
        also=words(*names("mood")),
    ),
    Drugs(
        frozenset({"rheumatoid arthritis"}),
        words(*names("dmard")),
        _ACR,
        absence="no-dmard",
        also=words(*names("steroid")),
    ),
)
