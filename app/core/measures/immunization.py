"""Influenza and pneumococcal immunization, by CVX codes (CDC).

Influenza: between 1 July of the year before the period and 30 June in it (HEDIS AIS-E, influenza rate, 2026). The
eCQM CMS147 (October to March) ended with 2024: its name is known, no version was compared. Pneumococcal: any adult
vaccine from the 19th birthday to the period's end, for those who are 65 when it starts (CMS127; v12 of 2024 is its last
version). The canonical AIS-E alone names five vaccines at once and none of them, so it is not checked. Not checked:
anaphylaxis after an earlier dose, which stands in SNOMED CT alone.
"""

from __future__ import annotations

from datetime import date

from app.core.flag import RuleSource, Urgency
from app.core.measures.common import YEAR_2026
from app.core.measures.kind import Kind, Window
from app.core.measures.rule import ORDER_TYPES, At, MeasureName, MeasureRule, Population
from app.core.report import Period
from app.core.terminology import CVX, codes
from app.core.words import words

#: Seasonal vaccines of the northern hemisphere, of any kind, and "unspecified".
INFLUENZA_VACCINE = codes(
    CVX, "15", "16", "88", "111", "135", "140", "141", "144", "149", "150", "151", "153", "155", "158", "161", "166",
    "168", "171", "185", "186", "197", "205", "320",
)  # fmt: skip
#: PPSV23, PCV13, PCV15, PCV20, PCV21, and "unspecified"; not the seven-valent one of children (100).
PNEUMOCOCCAL_VACCINE = codes(CVX, "33", "109", "133", "152", "215", "216", "327")
GIVEN = ("Immunization",)

INFLUENZA = MeasureRule(
    key="influenza-immunization",
    names=(
        MeasureName("AIS-E-Influenza", ("2026", "MY2026")),
        MeasureName("CMS147v13", ()),
        MeasureName("CMS147FHIR", ()),
    ),
    titles=frozenset(
        {
            "adult immunization status: influenza",
            "adult immunization status - influenza",
            "preventive care and screening: influenza immunization",
        }
    ),
    service="Influenza vaccine",
    act="offer-influenza-vaccine",
    act_out_of_range="",
    population=Population("19 years and older at the period's start", (19, None), at=At.START),
    evidence=(
        Kind(
            "influenza vaccine",
            GIVEN,
            INFLUENZA_VACCINE,
            Window(years_before=1, from_month_day=(7, 1), to_month_day=(6, 30)),
            12,
            words("influenza", r"flu (?:shot|vacc)", "fluzone", "fluarix", "flublok", "fluad", "flucelvax", "flumist",
                  "afluria", "flulaval", unlike=("haemophilus", "hib", "h5n1", "avian", "test")),
        ),
    ),
    order_days=60,
    order_types=ORDER_TYPES,
    urgency=Urgency.PREVENTION,
    source=RuleSource(
        "HEDIS Adult Immunization Status (AIS-E), influenza",
        "MY2026",
        "https://www.ncqa.org/report-cards/health-plans/state-of-health-care-quality-report/adult-immunization-status-ais-e/",
    ),
    effective=YEAR_2026,
    in_person=True,
)  # fmt: skip

PNEUMOCOCCAL = MeasureRule(
    key="pneumococcal-immunization",
    names=(
        MeasureName("CMS127v12", ("12", "12.*")),
        MeasureName("CMS127FHIR", ()),
        MeasureName("AIS-E-Pneumococcal", ()),
    ),
    titles=frozenset(
        {
            "pneumococcal vaccination status for older adults",
            "adult immunization status: pneumococcal",
            "adult immunization status - pneumococcal",
        }
    ),
    service="Pneumococcal vaccine",
    act="offer-pneumococcal-vaccine",
    act_out_of_range="",
    population=Population("65 years and older at the period's start", (65, None), at=At.START),
    evidence=(
        Kind(
            "pneumococcal vaccine",
            GIVEN,
            PNEUMOCOCCAL_VACCINE,
            Window(ever=True),
            0,
            words("pneumococc", r"ppsv", r"pcv ?\d", "prevnar", "pneumovax", "vaxneuvance", "capvaxive"),
            from_age=19,
        ),
    ),
    order_days=60,
    order_types=ORDER_TYPES,
    urgency=Urgency.PREVENTION,
    source=RuleSource(
        "CMS127, Pneumococcal Vaccination Status for Older Adults",
        "v12 (2024, its last)",
        "https://ecqi.healthit.gov/ecqm/ec/2024/cms0127v12",
    ),
    effective=Period(date(2024, 1, 1), date(2026, 12, 31)),
    in_person=True,
)
