"""Cervical cancer screening (CMS124v14, performance period 2026; HEDIS CCS): cytology in the period or the two years
before; a test for high-risk HPV in the period or the four years before, done at 30 or older.
"""

from __future__ import annotations

from app.core.flag import RuleSource, Urgency
from app.core.measures.common import ECQM_2026, PALLIATIVE, YEAR_2026
from app.core.measures.kind import Kind, Result, Window
from app.core.measures.rule import ORDER_TYPES, Exclusion, FollowUp, MeasureName, MeasureRule, Population
from app.core.measures.stated import NOTHING_FOUND, NOTHING_FOUND_CODES, NOTHING_FOUND_WORDS
from app.core.terminology import ICD10CM, ICD10PCS, LOINC, below, codes
from app.core.words import phrases, words

CYTOLOGY = codes(
    LOINC, "10524-7", "18500-9", "19762-4", "19764-0", "19765-7", "19766-5", "19774-9", "33717-0", "47527-7", "47528-5"
)
#: Types 16 and 18 by themselves, or 18 with 45: positive calls for colposcopy whatever the cytology.
HPV_16_18 = codes(LOINC, "59263-4", "59264-2", "75694-0", "77399-4", "77400-0", "82456-5")
HPV = codes(
    LOINC, "104132-6", "104170-6", "21440-3", "30167-1", "38372-9", "59420-0", "69002-4", "71431-1", "77379-6",
    "82354-2", "82675-0", "95539-3",
)  # fmt: skip
#: What calls for colposcopy by itself (ASCCP 2019): high-grade, glandular, and what cannot rule high-grade out.
HIGH_GRADE = Result(
    words=frozenset({"hsil", "asc-h", "agc", "ais"}),
    like=phrases(
        r"hsil\b", r"asc-?h\b", r"agc\b", r"ais\b", r"high.grade squamous", r"cin ?(?:2|3|ii|iii)\b", "adenocarcinoma",
        "squamous cell carcinoma", "atypical glandular", "(?:cannot|can not|cannot be) exclude",
    ),
    clear=phrases(
        "negative for (?:squamous )?(?:intra.?epithelial|malignan|dysplasia)", r"nilm\b", r"neg(?:ative)?\b",
        "within normal", r"normal\b", "no (?:evidence of )?(?:malignan|dysplasia|intra.?epithelial|abnormal|atypi)",
        "benign",
    ).like,
    aside=phrases(
        "no (?:evidence of )?(?:high|hsil|cin)", "not (?:suggest|diagnos|suspicious)",
    ).like,
    unsure=phrases(
        r"asc-?us\b", r"lsil\b", "atypical", "low.grade", r"cin ?(?:1|i)\b", "reactive", "inflamm", "squamous",
        "intra.?epithelial", "dysplasia", "abnormal", "endometrial",
    ).like,
    flag_tells=False,
)  # fmt: skip
POSITIVE = Result(
    codes=codes(LOINC, "LA6576-8", "LA11882-0"),
    words=frozenset({"positive", "pos", "detected", "abnormal", "present"}),
    like=phrases(r"pos(?:itive)?\b", r"detected\b", r"present\b", "abnormal", unlike=("false",)),
    clear=NOTHING_FOUND,
    clear_words=NOTHING_FOUND_WORDS,
    clear_codes=NOTHING_FOUND_CODES,
)
#: High-risk types together: positive for 16 or 18 only where the words say which. Of the other types it depends on the
#: cytology and on earlier results whether colposcopy or a test in a year follows (ASCCP 2019): a person decides.
POSITIVE_16_18 = Result(
    like=phrases(
        r"hpv.{0,12}\b(?:16|18)\b.{0,20}(?:positive|detected)",
        r"(?:positive|detected).{0,24}\b(?:16|18)\b",
        unlike=("other than", "false"),
    ),
    clear=NOTHING_FOUND,
    clear_words=NOTHING_FOUND_WORDS,
    clear_codes=NOTHING_FOUND_CODES,
    unsure=phrases(r"pos(?:itive)?\b", r"detected\b", r"present\b", "abnormal").like,
    flag_tells=False,
)
#: Cytology for which a negative HPV test of the same sample means routine screening (ASCCP 2019).
ASC_US = phrases(r"asc-?us\b", "atypical squamous cells of undetermined", unlike=("cannot", r"lsil\b", "low.grade"))
#: Excision for diagnosis, and removal of lesions, of the cervix; inspection of it.
COLPOSCOPY = codes(
    ICD10PCS, *(f"0UBC{way}Z{why}" for way in "03478" for why in "XZ"), "0UJD8ZZ", "0UJD7ZZ"
)  # fmt: skip
RESULTS = ("Observation",)

NO_CERVIX = (
    Exclusion("no cervix", ("Condition",), (codes(ICD10CM, "Q51.5", "Z90.710", "Z90.712"),), ever=True),
    Exclusion("no cervix", ("Procedure",), (codes(ICD10PCS, "0UTC0ZZ", "0UTC4ZZ", "0UTC7ZZ", "0UTC8ZZ"),), ever=True),
)

RULE = MeasureRule(
    key="cervical-screening",
    names=(
        MeasureName("CMS124FHIRCervicalCancerScreen", ("1.0.000",)),
        MeasureName("CMS124FHIR", ("1.0.000",)),
        MeasureName("CMS124v14", ("14", "14.*")),
        MeasureName("CCS", ("2026", "MY2026")),
        MeasureName("CCS-E", ("2026", "MY2026")),
    ),
    titles=frozenset({"cervical cancer screening"}),
    service="Cervical cancer screening",
    act="offer-cervical-screening",
    act_out_of_range="",
    population=Population("women of 24 to 64 years at the period's end", (24, 64), sex="female"),
    evidence=(
        Kind(
            "cervical cytology", RESULTS, CYTOLOGY, Window(years_before=2), 36,
            words(r"pap\b", "papanicolaou", "(?:cervical|cervix|gyn).{0,20}cytolog", "thin ?prep", unlike=("thyroid",)),
            True, abnormal=HIGH_GRADE,
        ),
        Kind(
            "HPV test", RESULTS, HPV, Window(years_before=4), 60,
            words(r"hpv\b", "human papillom", unlike=("vaccin", "gardasil", "immuni", "oral", "anal")), True,
            from_age=30, abnormal=POSITIVE_16_18,
        ),
        Kind(
            "HPV 16 or 18 test", RESULTS, HPV_16_18, Window(years_before=4), 60,
            words(r"hpv.{0,12}(?:16|18)\b", unlike=("vaccin", "gardasil", "immuni")), True, from_age=30,
            abnormal=POSITIVE,
        ),
    ),
    order_days=90,
    order_types=ORDER_TYPES,
    urgency=Urgency.PREVENTION,
    source=RuleSource("CMS124, Cervical Cancer Screening", "v14 (2026)", f"{ECQM_2026}/cms0124v14"),
    effective=YEAR_2026,
    statuses=(PALLIATIVE,),
    exclusions=NO_CERVIX,
    follow_up=FollowUp(
        service="Colposcopy after an abnormal cervical screening",
        act="refer-colposcopy",
        after=("cervical cytology", "HPV test", "HPV 16 or 18 test"),
        settled_by=Kind(
            "colposcopy", ("Procedure",), COLPOSCOPY, Window(ever=True), 0,
            words("colpo", "cervi.{0,12}biops", "biops.{0,12}cervi", r"leep\b", "cone biops", "conization",
                  "loop electro"),
        ),
        months=60,
        later_clears=True,
        cleared_by=((ASC_US, "HPV test"),),
        moot=(*NO_CERVIX, Exclusion("cervical cancer", ("Condition",), (below(ICD10CM, "C53", "D06"),), ever=True)),
    ),
    in_person=True,
)  # fmt: skip
