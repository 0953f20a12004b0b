"""Colorectal cancer screening (CMS130v14, performance period 2026; HEDIS COL): any of five tests, each with its own
window.

FIT or other stool blood test in the period; stool DNA in the period or the two years before; sigmoidoscopy or CT
colonography in the period or the four years before; colonoscopy in the period or the nine years before.
"""

from __future__ import annotations

from dataclasses import replace

from app.core.flag import RuleSource, Urgency
from app.core.measures.common import ECQM_2026, SENIORS, YEARS_2025_2026
from app.core.measures.kind import Kind, Result, Window
from app.core.measures.rule import ORDER_TYPES, Exclusion, FollowUp, MeasureName, MeasureRule, Population
from app.core.measures.stated import NOTHING_FOUND, NOTHING_FOUND_CODES, NOTHING_FOUND_WORDS
from app.core.terminology import HCPCS, ICD10CM, ICD10PCS, LOINC, below, codes
from app.core.words import phrases, words

STOOL_BLOOD = codes(
    LOINC, "2335-8", "12503-9", "12504-7", "14563-1", "14564-9", "14565-6", "27396-1", "29771-3", "56490-6",
    "56491-4", "57905-2", "58453-2", "80372-6",
)  # fmt: skip
STOOL_DNA = codes(LOINC, "77353-1", "77354-9")
CT_COLONOGRAPHY = codes(LOINC, "60515-4", "72531-7", "79069-1", "79071-7", "79101-2", "82688-3")
SIGMOIDOSCOPY = codes(HCPCS, "G0104")
COLONOSCOPY = codes(HCPCS, "G0105", "G0121")

COLONOSCOPY_WORDS = words("colonoscop", "colorectal cancer screen")
SIGMOIDOSCOPY_WORDS = words("(?:flexible )?sigmoidoscop")
STOOL_DNA_WORDS = words("cologuard", "(?:fit.|stool )dna", "multitarget stool")
STOOL_BLOOD_WORDS = words(
    r"fit\b", "fa?ecal immuno", "fa?ecal occult", "stool (?:immuno|occult)", r"(?:i|g)?fobt\b",
    unlike=("respirator", "mask", "fit for", "fit to", "fit.dna"),
)  # fmt: skip

LABORATORY = ("Observation",)
IMAGING = ("Observation", "DiagnosticReport", "Procedure")

LOOK_INSIDE = Kind("colonoscopy", ("Procedure",), COLONOSCOPY, Window(years_before=9), 120, COLONOSCOPY_WORDS)
#: What follows a positive stool test is a colonoscopy: no other test, and not the screening over again.
FOLLOW_UP = replace(LOOK_INSIDE, words=words("colonoscop", unlike=("virtual", "ct colon")))
#: A positive stool test, as laboratories write it. A number without their mark says nothing: cuts differ by maker.
POSITIVE = Result(
    codes=codes(LOINC, "LA6576-8", "LA11882-0"),  # positive, detected
    words=frozenset({"positive", "pos", "abnormal", "detected", "reactive", "present"}),
    like=phrases(r"pos(?:itive)?\b", r"abnormal\b", r"reactive\b", r"detected\b", r"present\b", unlike=("false",)),
    clear=NOTHING_FOUND,
    clear_words=NOTHING_FOUND_WORDS,
    clear_codes=NOTHING_FOUND_CODES,
)
COLECTOMY = Exclusion("total colectomy", ("Procedure",), (below(ICD10PCS, "0DTE"),), ever=True)

RULE = MeasureRule(
    key="colorectal-screening",
    names=(
        MeasureName("CMS130FHIRColorectalCancerScreening", ("0.3.000", "0.4.000")),
        MeasureName("CMS130FHIRColorectalCancerScrn", ("1.0.000",)),
        MeasureName("CMS130FHIR", ("0.3.000", "0.4.000", "1.0.000")),
        MeasureName("EXM130-FHIR", ()),
        MeasureName("measure-exm130-example", ()),
        MeasureName("CMS130v13", ("13", "13.*")),
        MeasureName("CMS130v14", ("14", "14.*")),
        MeasureName("COL", ("2025", "2026", "MY2025", "MY2026")),
        MeasureName("COL-E", ("2025", "2026", "MY2025", "MY2026")),
    ),
    titles=frozenset({"colorectal cancer screening"}),
    service="Colorectal cancer screening",
    act="offer-colorectal-screening",
    act_out_of_range="",
    population=Population("46 to 75 years at the period's end", (46, 75)),
    evidence=(
        LOOK_INSIDE,
        Kind("flexible sigmoidoscopy", ("Procedure",), SIGMOIDOSCOPY, Window(years_before=4), 60, SIGMOIDOSCOPY_WORDS),
        Kind("CT colonography", IMAGING, CT_COLONOGRAPHY, Window(years_before=4), 60, words("(?:ct|virtual) colon")),
        Kind(
            "stool DNA test",
            LABORATORY,
            STOOL_DNA,
            Window(years_before=2),
            36,
            STOOL_DNA_WORDS,
            True,
            abnormal=POSITIVE,
        ),
        Kind("stool blood test", LABORATORY, STOOL_BLOOD, Window(), 12, STOOL_BLOOD_WORDS, True, abnormal=POSITIVE),
    ),
    order_days=120,
    order_types=ORDER_TYPES,
    urgency=Urgency.PREVENTION,
    source=RuleSource("CMS130, Colorectal Cancer Screening", "v14 (2026)", f"{ECQM_2026}/cms0130v14"),
    effective=YEARS_2025_2026,
    statuses=SENIORS,
    exclusions=(
        Exclusion(
            "colorectal cancer",
            ("Condition",),
            (below(ICD10CM, "C18", "C19", "C20") | codes(ICD10CM, "C21.2", "C21.8", "C78.5", "Z85.038", "Z85.048"),),
            ever=True,
        ),
        COLECTOMY,
    ),
    follow_up=FollowUp(
        service="Colonoscopy after an abnormal stool test",
        act="order-follow-up-colonoscopy",
        after=("stool DNA test", "stool blood test"),
        settled_by=FOLLOW_UP,
        moot=(
            COLECTOMY,
            Exclusion("colorectal cancer", ("Condition",), (below(ICD10CM, "C18", "C19", "C20", "C21"),), ever=True),
        ),
        months=48,
    ),
)
