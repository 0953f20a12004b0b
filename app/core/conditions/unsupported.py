"""What makes a diagnosis of the problem list look unsupported, as rows of data. `removal` reads them against a chart.

Acute events and cancers past their days are rows of `acute.GROUPS`.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core.flag import RuleSource
from app.core.words import Words, phrases

#: Why an entry looks unsupported: the keys of `PromptRow.because`.
ACUTE, CANCER, LABS_CONTRADICT, ONLY_AGAINST, NOT_LATELY = (
    "acute-event-listed",
    "cancer-without-treatment",
    "labs-contradict",
    "only-against",
    "not-assessed-lately",
)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A stage or severity against which repeated results speak: two of them so far apart, none for it after the first.

    `unless`: diagnoses that explain such results otherwise, and `unless_words` in words, for other lists of codes.
    """

    diagnoses: tuple[str, ...]  # beginnings of ICD-10-CM codes, tidied
    lab: str  # a name of `searches.LABS`
    apart_days: int
    within_days: int
    unless: tuple[str, ...]
    unless_words: Words
    source: RuleSource


CONTRADICTIONS: tuple[Contradiction, ...] = (
    Contradiction(  # stages 3 to 5 are an eGFR below 60 for more than three months
        ("N183", "N184", "N185"),
        "eGFR",
        apart_days=90,
        within_days=730,
        unless=("Z992", "Z940", "T861", "N186", "Z91A", "Z9115"),  # dialysis and transplant
        unless_words=phrases(".*transplant", ".*dialysis", "hemodial", "esrd", "end.stage (?:renal|kidney)"),
        source=RuleSource(
            "KDIGO CKD guideline, definition and staging",
            "2024",
            "https://kdigo.org/guidelines/ckd-evaluation-and-management/",
        ),
    ),
    Contradiction(
        ("E6601", "E66813", "Z684"),
        "body mass index",
        apart_days=90,
        within_days=730,
        unless=("O", "Z33", "Z34"),  # pregnancy
        unless_words=phrases("pregnan", "prenatal", "antenatal", "antepartum"),
        source=RuleSource(
            "NHLBI clinical guidelines on overweight and obesity", "1998", "https://www.ncbi.nlm.nih.gov/books/NBK2003/"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Stale:
    """A chronic diagnosis that nobody assessed for so long, although the patient is seen here, and that no result, no
    drug and no visit supports. Only families for which there are results or drugs to look for.
    """

    families: frozenset[str]
    months: int
    seen_months: int  # the patient was seen at least once in these
    visits: int  # and so often since
    unless: tuple[str, ...]  # beginnings of diagnoses that say themselves that it is over
    source: RuleSource


STALE = Stale(
    frozenset({"diabetes", "heart failure", "copd", "morbid obesity", "rheumatoid arthritis", "depression"}),
    months=36,
    seen_months=12,
    visits=2,
    unless=("F324", "F325", "F334", "E11A", "E10A"),  # in remission
    source=RuleSource("Own rule: listed, not assessed in three years, nothing that goes with it", "1"),
)
#: Primary solid tumours. Leukaemia, lymphoma, myeloma and metastases are often watched without treatment.
SOLID = tuple(f"C{n:02d}" for n in range(76) if n != 44)
SPREAD = ("C77", "C78", "C79", "C80", "C7B")
#: A documented category that only has things against it in the chart.
ONLY_AGAINST_SOURCE = RuleSource("Own rule: nothing in this chart supports it, and something speaks against it", "1")
