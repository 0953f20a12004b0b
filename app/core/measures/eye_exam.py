"""Eye exam in diabetes (CMS131v14, performance period 2026; HEDIS EED): a retinal exam in the period, or in the year
before it if that one found no retinopathy.

The measure's list of exams is SNOMED CT alone; what ships is HCPCS S3000, the severity levels of both eyes and the
autonomous screening (LOINC). An exam of the year before whose result is not stated leaves it open: the measure asks
whether there is retinopathy, and HEDIS for a negative exam.
"""

from __future__ import annotations

from dataclasses import replace

from app.core.flag import RuleSource, Urgency
from app.core.measures.common import DIABETES, ECQM_2026, SENIORS, YEAR_2026
from app.core.measures.kind import Kind, Result, Way, Window
from app.core.measures.rule import ORDER_TYPES, MeasureName, MeasureRule, Population
from app.core.terminology import HCPCS, LOINC, codes
from app.core.words import phrases, words

EXAM = codes(HCPCS, "S3000")  # diabetic indicator; retinal eye exam, dilated, bilateral
RIGHT, LEFT, AUTONOMOUS = codes(LOINC, "71491-5"), codes(LOINC, "71490-7"), codes(LOINC, "105914-6")
SEVERITY = Result(
    codes=codes(LOINC, "LA18643-9", "LA18644-7", "LA18645-4", "LA18646-2", "LA18648-8"),
    like=phrases("retinopathy", "proliferative", unlike=("unable", "cannot", "ungrad", "not assess")),
)
NEGATIVE = Result(
    codes=codes(LOINC, "LA18643-9"),
    words=frozenset({"negative", "no apparent retinopathy", "no retinopathy", "no diabetic retinopathy"}),
    like=phrases("no (?:apparent |evidence of |sign of |signs of |diabetic |background )*retinopathy"),
)
GRADED = Result(codes=codes(LOINC, "LA34398-0", "LA34399-8"), like=phrases("etdrs level"))
WORDS = words(
    "(?:dilated |diabetic )*(?:retinal|retina|eye|fundus|fundoscop|ophthalm)[a-z]* (?:exam|screen|photo|imag|eval)",
    "diabetic eye", "fundus", "retinopathy screen", "dilated eye", "dilated retin",
    unlike=("eye clinic schedul", "glaucoma"),
)  # fmt: skip
LOOKED = ("Observation", "DiagnosticReport", "Procedure")
IN_YEAR, YEAR_BEFORE = Window(), Window(years_before=1, to_years_before=1)


def _before(kind: Kind) -> Kind:
    """The same in the year before, where it must be negative."""
    return replace(kind, name=f"{kind.name}, the year before", window=YEAR_BEFORE, result=NEGATIVE)


EXAMINED = Kind("retinal exam", LOOKED, EXAM, IN_YEAR, 12, WORDS)
RIGHT_EYE = Kind("right eye", LOOKED[:1], RIGHT, IN_YEAR, 12, words("right eye.{0,20}retinopathy"), result=SEVERITY)
LEFT_EYE = Kind("left eye", LOOKED[:1], LEFT, IN_YEAR, 12, words("left eye.{0,20}retinopathy"), result=SEVERITY)
MACHINE = Kind(
    "autonomous retinopathy screening", LOOKED[:1], AUTONOMOUS, IN_YEAR, 12, words("autonomous.{0,30}retin"),
    result=GRADED,
)  # fmt: skip
EYES = ((RIGHT_EYE, _before(RIGHT_EYE)), (LEFT_EYE, _before(LEFT_EYE)))

RULE = MeasureRule(
    key="eye-exam",
    names=(
        MeasureName("CMS131FHIRDiabetesEyeExam", ("1.0.000",)),
        MeasureName("CMS131FHIR", ("1.0.000",)),
        MeasureName("CMS131v14", ("14", "14.*")),
        MeasureName("EED", ("2026", "MY2026")),
    ),
    titles=frozenset({"diabetes: eye exam", "eye exam for patients with diabetes"}),
    service="Diabetic eye exam",
    act="refer-eye-exam",
    act_out_of_range="",
    population=Population("18 to 75 years at the period's end, with diabetes", (18, 75), diagnosis=DIABETES),
    evidence=(EXAMINED, _before(EXAMINED), MACHINE, *(kind for eye in EYES for kind in eye)),
    ways=(
        Way((EXAMINED.name,)),
        Way((_before(EXAMINED).name,)),
        Way((MACHINE.name,)),
        *(Way((right.name, left.name)) for right in EYES[0] for left in EYES[1]),
    ),
    order_days=120,
    order_types=ORDER_TYPES,
    urgency=Urgency.MONITORING,
    source=RuleSource("CMS131, Diabetes: Eye Exam", "v14 (2026)", f"{ECQM_2026}/cms0131v14"),
    effective=YEAR_2026,
    statuses=SENIORS,
)
