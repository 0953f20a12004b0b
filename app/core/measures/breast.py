"""Breast cancer screening (CMS125v14, performance period 2026; HEDIS BCS): a mammogram from 1 October two years before
the period to the period's end (27 months). Screening, diagnostic, film, digital and tomosynthesis all count;
ultrasound and MRI do not.
"""

from __future__ import annotations

from app.core.flag import RuleSource, Urgency
from app.core.measures.common import ECQM_2026, SENIORS, YEARS_2025_2026
from app.core.measures.kind import Kind, Result, Window
from app.core.measures.rule import ORDER_TYPES, Exclusion, FollowUp, MeasureName, MeasureRule, Population
from app.core.terminology import ICD10CM, ICD10PCS, LOINC, below, codes
from app.core.words import phrases, words

#: Our own choice of LOINC's mammography terms: screening, diagnostic, views, tomosynthesis; both sides or one.
MAMMOGRAM = codes(
    LOINC, "24604-1", "24605-8", "24606-6", "24610-8", "26175-0", "26176-8", "26177-6", "26346-7", "26347-5",
    "26348-3", "36625-2", "36626-0", "36627-8", "37774-7", "38070-9", "38071-7", "39152-4", "39153-2", "39154-0",
    "42168-5", "42169-3", "42174-3", "46342-2", "46350-5", "46354-7", "46355-4", "46356-2", "48475-8", "48492-3",
    "72137-3", "72138-1", "72139-9", "72140-7", "72141-5", "72142-3", "86462-9", "86463-7",
)  # fmt: skip

#: Diagnostic mammography and tomosynthesis: what a screening mammogram in need of more calls for first.
DIAGNOSTIC = codes(
    LOINC, "24604-1", "24605-8", "26346-7", "26347-5", "26348-3", "26349-1", "26350-9", "26351-7", "46350-5", "48475-8",
    "69150-1", "69259-0", "72137-3", "72138-1", "72139-9", "91517-3", "91518-1", "91519-9", "103894-2",
)  # fmt: skip
#: Excision or drainage of a breast for diagnosis: side, approach, qualifier X.
BIOPSY = codes(ICD10PCS, *(f"0H{how}{side}{way}ZX" for how in "B9" for side in "TUV" for way in "0378X"))
#: BI-RADS 0 (incomplete), 4 (suspicious) and 5 (highly suggestive of malignancy), in words or as a category; against
#: it 1 (negative) and 2 (benign). Of 3 (short-term follow-up) and 6 (known malignancy) a person decides.
_BIRADS = r"bi-?rads\W{0,5}(?:(?:final|assessment|category|code|score|is)\W{0,3}){0,3}"
ABNORMAL = Result(
    words=frozenset({"0", "4", "4a", "4b", "4c", "5", "positive", "abnormal", "suspicious", "incomplete"}),
    like=phrases(
        _BIRADS + r"[045](?:\b|[abc]\b)",
        r"(?:assessment )?\(?category [045](?:\b|[abc]\b)",
        "highly suggestive of malignan",
        "suspicious",
        "(?:needs?|requires?|recommend(?:ed|s)?) (?:additional|further|diagnostic|more) (?:imaging|work|views|mammo)",
        "(?:additional|further|diagnostic) (?:imaging|work-?up|views|evaluation|mammogra[a-z]+)"
        "(?: evaluation)? (?:is |are |should be )?(?:needed|required|recommended|advised|indicated)",
        "biops(?:y|ies) (?:is |are |should be )?(?:needed|required|recommended|advised|suggested|indicated)",
        "(?:recommend|suggest|advis)[a-z]* (?:[a-z-]+ ){0,4}biops",
    ),
    clear=phrases(
        _BIRADS + r"[12]\b",
        r"assessment:? \(?(?:category )?[12]\b",
        r"negative\b(?! (?:axill|nodes?\b|lymph|predict|for (?!malignan)))",
        "no (?:mammographic |radiographic |imaging )?(?:evidence|sign)s? of malignan",
    ).like,
    clear_words=frozenset({"1", "2", "negative", "benign", "normal"}),
    aside=phrases(
        "(?:no|not|without|nor)(?: [a-z-]+){0,4}? (?:suspicious|suggestive|malignan|biops|additional|further)"
    ).like,
)

REMOVED = (
    Exclusion("both breasts removed", ("Condition",), (codes(ICD10CM, "Z90.13"),), ever=True),
    Exclusion("both breasts removed", ("Condition",), (codes(ICD10CM, "Z90.11"), codes(ICD10CM, "Z90.12")), ever=True),
    Exclusion("both breasts removed", ("Procedure",), (codes(ICD10PCS, "0HTV0ZZ"),), ever=True),
    Exclusion(
        "both breasts removed",
        ("Procedure",),
        (codes(ICD10PCS, "0HTT0ZZ"), codes(ICD10PCS, "0HTU0ZZ")),
        ever=True,
    ),
)

RULE = MeasureRule(
    key="breast-screening",
    names=(
        MeasureName("CMS125FHIRBreastCancerScreening", ("0.3.000", "0.4.000")),
        MeasureName("CMS125FHIRBreastCancerScreen", ("1.0.000",)),
        MeasureName("CMS125FHIR", ("0.3.000", "0.4.000", "1.0.000")),
        MeasureName("EXM125-FHIR", ()),
        MeasureName("CMS125v13", ("13", "13.*")),
        MeasureName("CMS125v14", ("14", "14.*")),
        MeasureName("BCS", ("2025", "2026", "MY2025", "MY2026")),
        MeasureName("BCS-E", ("2025", "2026", "MY2025", "MY2026")),
    ),
    titles=frozenset({"breast cancer screening", "mammography screening"}),
    service="Mammogram",
    act="order-mammogram",
    act_out_of_range="",
    population=Population("women of 42 to 74 years at the period's end", (42, 74), sex="female"),
    evidence=(
        Kind(
            "mammogram",
            ("Observation", "DiagnosticReport", "Procedure"),
            MAMMOGRAM,
            Window(years_before=2, from_month_day=(10, 1)),
            months=24,
            words=words("mammo", "breast tomosynthesis", unlike=("ultraso", "localization")),
            abnormal=ABNORMAL,
        ),
    ),
    order_days=90,
    order_types=ORDER_TYPES,
    urgency=Urgency.PREVENTION,
    source=RuleSource("CMS125, Breast Cancer Screening", "v14 (2026)", f"{ECQM_2026}/cms0125v14"),
    effective=YEARS_2025_2026,
    statuses=SENIORS,
    exclusions=REMOVED,
    follow_up=FollowUp(
        service="Diagnostic work-up after an abnormal mammogram",
        act="order-breast-work-up",
        after=("mammogram",),
        settled_by=Kind(
            "diagnostic breast imaging or biopsy",
            ("Observation", "DiagnosticReport", "Procedure"),
            DIAGNOSTIC | BIOPSY,
            Window(ever=True),
            months=0,
            words=words(
                "(?:diagnostic|additional) (?:breast|mammo)",
                "mammogra.{0,40}diagnostic",
                "breast.{0,20}biops",
                "biops.{0,20}breast",
                "breast ultraso",
                "us breast",
                "mri? breast",
                "breast mri?",
                "core needle biops",
                "stereotactic",
            ),
        ),
        months=48,
        repeat_settles=True,
        moot=(*REMOVED, Exclusion("breast cancer", ("Condition",), (below(ICD10CM, "C50", "D05"),), ever=True)),
    ),
)
