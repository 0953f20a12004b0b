"""The high-risk groups, as rows of data: conditions that an office visit does not assess as current without
corroboration.

OIG found the diagnoses of these groups unsupported in 79 to 96 % of the records it audited. They are restricted by
diagnosis; by category or by the payer's words only where no diagnosis is given. What is offered instead is the history
term, in words, never a code. Whether a row applies is `corroboration.restricted`'s to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.core.conditions.treatment import ANY_SITE, BREAST, COLON, LUNG, PROSTATE, Treatment
from app.core.flag import RuleSource

#: Encounter.class (v3-ActCode) of a hospital: inpatient, observation, short stay, emergency department.
HOSPITAL = frozenset({"IMP", "ACUTE", "NONAC", "OBSENC", "SS", "EMER"})

TOOLKIT = RuleSource(
    "OIG toolkit on high-risk diagnosis codes, A-07-23-01213",
    "December 2023",
    "https://oig.hhs.gov/reports-and-publications/all-reports-and-publications/toolkit-to-help-decrease-improper-"
    "payments-in-medicare-advantage-through-the-identification-of-high-risk-diagnosis-codes",
)
STROKE_AUDIT = RuleSource("OIG audit of acute stroke diagnosis codes, A-02-23-01020", "28 May 2026")
HOME_ASSESSMENTS = RuleSource(
    "OIG on health risk assessments and chart reviews, OEI-03-23-00380",
    "October 2024",
    "https://oig.hhs.gov/reports/all/2024/medicare-advantage-questionable-use-of-health-risk-assessments-continues-to-"
    "drive-up-payments-to-plans-by-billions",
)


@dataclass(frozen=True, slots=True)
class Corroboration:
    """What lets a condition of a group be asked as a current one. Exactly one of the two ways.

    `settings`: its diagnosis from an encounter of these classes, made at most `days` ago; without days, from one that
    is still going on. `treatment`: treatment, or an oncology visit, in the service year.
    """

    settings: frozenset[str] = frozenset()
    days: int | None = None
    treatment: Treatment | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One high-risk group."""

    key: str
    diagnoses: tuple[str, ...]  # beginnings of ICD-10-CM codes, tidied
    categories: frozenset[tuple[str, str]]  # (CMS-HCC version, category), where no diagnosis is named
    words: re.Pattern[str]
    history_term: str
    corroboration: Corroboration
    source: RuleSource
    listed_days: int  # an entry of a problem list that is older than this looks carried along
    #: A drug search of `searches.DRUGS` by its key: while such a drug is taken the entry is not carried along.
    unless_drug: str = ""


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})", re.IGNORECASE)


#: While the stay lasts, and never in the office.
IN_HOSPITAL = Corroboration(settings=HOSPITAL)


def _cancer(key: str, term: str, stems: tuple[str, ...], words: str, treatment: Treatment) -> Group:
    """A cancer: asked only under treatment in the service year; OIG looks one year to each side of the diagnosis."""
    categories = {*(("24", str(n)) for n in range(8, 13)), *(("28", str(n)) for n in range(17, 24))}
    return Group(
        key=key,
        diagnoses=stems,
        categories=frozenset(categories) if key == "cancer" else frozenset(),
        words=_words(words),
        history_term=term,
        corroboration=Corroboration(treatment=treatment),
        source=TOOLKIT,
        listed_days=730,
    )


#: The first row that concerns a condition decides: the sites stand before cancer at large.
GROUPS: tuple[Group, ...] = (
    Group(
        "acute-stroke",
        ("I60", "I61", "I62", "I63", "I64"),
        frozenset({("24", "99"), ("24", "100"), ("28", "248"), ("28", "249")}),
        _words("(?:acute |ischa?emic |ha?emorrhagic |unspecified )*stroke|intracranial ha?emorrhage|cerebral infarct"),
        "History of stroke, with what remains of it",
        IN_HOSPITAL,
        STROKE_AUDIT,  # 97 of 97 acute strokes coded in offices alone had no hospital record of the year
        listed_days=60,
    ),
    Group(
        "myocardial-infarction",
        ("I21", "I22"),
        frozenset({("24", "86"), ("28", "228")}),
        _words("(?:acute )?myocardial infarct|heart attack"),
        "Old myocardial infarction",
        # ICD-10-CM I21: "a stated duration of 4 weeks (28 days) or less from onset"; OIG asks for a hospital record.
        Corroboration(settings=HOSPITAL, days=28),
        TOOLKIT,
        listed_days=28,
    ),
    Group(
        "sepsis",
        ("A40", "A41", "R65"),
        frozenset({("24", "2"), ("28", "2")}),
        _words("sepsis|septic"),
        "History of sepsis",
        IN_HOSPITAL,
        RuleSource("ICD-10-CM guidelines I.C.1.d", "FY 2026", "https://www.cms.gov/medicare/coding-billing/icd-10-codes"),
        listed_days=60,
    ),
    Group(
        "acute-embolism",
        ("I26", "I74", "I822", "I824", "I826", "I82A1", "I82B1", "I82C1"),
        frozenset({("28", "267")}),
        _words("(?:acute )?(?:pulmonary )?embol|deep vein thromb"),
        "History of embolism or thrombosis",
        IN_HOSPITAL,
        TOOLKIT,  # one diagnosis and no anticoagulant in the year
        listed_days=180,
        unless_drug="no-anticoagulant",
    ),
    _cancer(
        "lung-cancer", "Personal history of lung cancer", ("C34",), r"(?:lung|bronch\w+) (?:cancer|carcinoma)", LUNG
    ),
    _cancer("breast-cancer", "Personal history of breast cancer", ("C50",), "breast (?:cancer|carcinoma)", BREAST),
    _cancer(
        "colon-cancer",
        "Personal history of colon or rectal cancer",
        ("C18", "C19", "C20"),
        "(?:colon|colorectal|rectal) (?:cancer|carcinoma)",
        COLON,
    ),
    _cancer(
        "prostate-cancer", "Personal history of prostate cancer", ("C61",), r"prostat\w+ (?:cancer|carcinoma)", PROSTATE
    ),
    _cancer(
        "cancer",
        "Personal history of cancer",
        (*(f"C{n:02d}" for n in range(97) if n != 44), "C4A", "C7A", "C7B"),
        "cancer|malignan|leuka?emia|lymphoma|myeloma|melanoma|carcinoma|metasta",
        ANY_SITE,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MisKeyed:
    """A diagnosis seen once that is another one, seen often, with two neighbouring characters changed round."""

    key: str
    other_at_least: int  # different days on which this chart has the other diagnosis
    own_at_most: int  # pieces of the payer's evidence
    source: RuleSource


MIS_KEYED = MisKeyed("mis-keyed", other_at_least=2, own_at_most=1, source=TOOLKIT)
