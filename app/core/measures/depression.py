"""Screening for depression and follow-up plan (CMS2v15, performance period 2026): the newest screening of the period
decides, and a positive one counts only with a plan of the same day or up to two days after.

A score counts as positive at the cut published with its instrument (PHQ-9 10: Kroenke 2001; PHQ-2 3: Kroenke 2003;
PHQ-9 for adolescents 10; EPDS 10; GDS-15 5). HEDIS DSF-E has two rates under one canonical, and thirty days: it is
not here. Plans that stand as CPT, SNOMED CT or words alone cannot be told from anything else.
"""

from __future__ import annotations

from decimal import Decimal

from app.core.flag import RuleSource, Urgency
from app.core.measures.antidepressants import ANTIDEPRESSANTS
from app.core.measures.common import ECQM_2026, YEAR_2026
from app.core.measures.kind import Kind, Result, Window
from app.core.measures.rule import ORDERED, At, Exclusion, FollowUp, MeasureName, MeasureRule, Population
from app.core.measures.stated import NOTHING_FOUND, NOTHING_FOUND_CODES, NOTHING_FOUND_WORDS
from app.core.terminology import HCPCS, ICD10CM, LOINC, below, codes
from app.core.words import phrases, words

ASSESSED = codes(LOINC, "73832-8", "73831-0")  # adult, adolescent: positive or negative
SCORES = (
    (codes(LOINC, "44261-6"), Decimal(10)),  # PHQ-9
    (codes(LOINC, "55758-7"), Decimal(3)),  # PHQ-2
    (codes(LOINC, "89204-2"), Decimal(10)),  # PHQ-9, modified for adolescents
    (codes(LOINC, "71354-5"), Decimal(10)),  # EPDS
    (codes(LOINC, "48545-8"), Decimal(5)),  # GDS-15
)
SHORT = codes(LOINC, "55758-7")  # PHQ-2 asks whether to go on; on the day of a whole instrument that one decides
SCREENED = ASSESSED
for _instrument, _ in SCORES:
    SCREENED |= _instrument
POSITIVE = Result(
    codes=codes(LOINC, "LA6576-8"),
    words=frozenset({"positive", "pos", "depression screening positive (finding)"}),
    like=phrases(r"pos(?:itive)?\b", unlike=("false",)),
    cuts=SCORES,
    clear=NOTHING_FOUND,
    clear_words=NOTHING_FOUND_WORDS,
    clear_codes=NOTHING_FOUND_CODES,
)
#: Screened and negative; screened and positive with a follow-up plan.
DOCUMENTED = codes(HCPCS, "G8431", "G8510")
#: Collaborative care, behavioural health counselling and therapy, crisis and safety planning.
CARE = codes(HCPCS, "G8431", "G2214", "G0323", "G0560", "H0004", "H0031", "H0032", "H2011", "H2019", "H2027", "S9484")

RULE = MeasureRule(
    key="depression-screening",
    names=(
        MeasureName("CMS2FHIRPCSDepScreenAndFollowUp", ("1.0.000",)),
        MeasureName("CMS2FHIRPCSDepressionScreenAndFollowUp", ()),
        MeasureName("CMS2FHIR", ("1.0.000",)),
        MeasureName("CMS2v15", ("15", "15.*")),
    ),
    titles=frozenset(
        {
            "preventive care and screening: screening for depression and follow-up plan",
        }
    ),
    service="Depression screening",
    act="screen-depression",
    act_out_of_range="plan-depression-follow-up",
    population=Population("12 years and older at the period's start", (12, None), at=At.START),
    evidence=(
        Kind(
            "depression screening", ("Observation",), SCREENED, Window(), 12,
            words(r"phq", "depression screen", "patient health questionnaire", "edinburgh postnatal",
                  "geriatric depression", unlike=("item", "question", "gad")),
            True, abnormal=POSITIVE,
        ),
        Kind(
            "depression screening with its result", ("Procedure", "Observation"), DOCUMENTED, Window(), 12,
            words("depression screen.{0,40}(?:plan|negative|documented)"),
        ),
    ),
    order_days=14,
    order_types=(),
    urgency=Urgency.PREVENTION,
    source=RuleSource(
        "CMS2, Preventive Care and Screening: Screening for Depression and Follow-Up Plan",
        "v15 (2026)",
        f"{ECQM_2026}/cms0002v15",
    ),
    effective=YEAR_2026,
    exclusions=(Exclusion("bipolar disorder", ("Condition",), (below(ICD10CM, "F30", "F31"),), ever=True),),
    follow_up=FollowUp(
        service="Follow-up plan after a positive depression screening",
        act="plan-depression-follow-up",
        after=("depression screening",),
        settled_by=Kind(
            "follow-up plan", ("Procedure", "Encounter", "MedicationRequest", "ServiceRequest"), CARE | ANTIDEPRESSANTS,
            Window(ever=True), 0,
            words("psych(?:iat|other|olog)", "behaviou?ral health", "mental health",
                  "depression (?:follow|plan|care|manag)", "suicide risk", "safety plan", "collaborative care",
                  "cognitive behav", "antidepress",
                  "(?:es)?citalopram", "sertralin", "fluoxetin", "paroxetin", "(?:des)?venlafaxin", "duloxetin",
                  "bupropion", "mirtazapin", "trazodon", "vortioxetin", "vilazodon", "fluvoxamin", "levomilnacipran",
                  "nefazodon", "(?:ami|nor|pro)triptylin", "(?:im|des|clom|trim)ipramin", "phenelzin",
                  "tranylcypromin", "isocarboxazid", "maprotilin", "amoxapin",
                  unlike=("(?:mental|behaviou?ral) health (?:screen|questionnaire|survey|assessment form)",
                          "questionnaire", "survey", "screening (?:tool|form|instrument)")),
            lasts=True, intents=ORDERED,
        ),
        months=24,
        days=2,
        repeat_settles=True,
        short=SHORT,
    ),
)  # fmt: skip
