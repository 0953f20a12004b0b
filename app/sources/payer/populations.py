"""The status of a gap that no DetectedIssue states, from the populations of its MeasureReport group. Pure.

The order is that of the open-source engine behind HAPI's `$care-gaps`; the guides give none. A status found so is
labelled as derived wherever it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from app.core.report import GapStatus
from app.sources.fhir.extensions import extension
from app.sources.fhir.shape import Json, obj, objs, words
from app.sources.fhir.values import code, decimal
from app.sources.payer.dialect import COUNT_QUANTITY, POPULATION_LINK_ID

Counts = Mapping[str, Decimal]


def counts(group: Json) -> dict[str, Decimal]:
    """The count of each population by its code; one that states no number is absent."""
    found: dict[str, Decimal] = {}
    for population in objs(group.get("population")):
        quantity = obj(extension(population, COUNT_QUANTITY).get("valueQuantity")).get("value")
        number = decimal(population.get("count") if quantity is None else quantity)
        if number is not None and (name := code(population.get("code"))):
            found[name] = number
    return found


def names(group: Json) -> set[str]:
    """Everything by which a criteriaReference may name a population of this group."""
    found: set[str] = set()
    for population in objs(group.get("population")):
        link = extension(population, POPULATION_LINK_ID).get("valueString")
        found |= {words(population.get("id")), code(population.get("code")), words(link)}
    return found - {""}


def derived_status(stated: Counts, improvement: str) -> GapStatus:
    """Open, closed or not applicable; unknown when the populations do not decide it (no numerator stated, say)."""
    if stated.get("initial-population") == 0:
        return GapStatus.NOT_APPLICABLE
    if stated.get("denominator") == 0 or _any(stated, ("denominator-exclusion", "denominator-exception")):
        return GapStatus.CLOSED
    if "numerator" not in stated or "denominator" not in stated:
        return GapStatus.UNKNOWN
    met = stated["numerator"] > 0 and not _any(stated, ("numerator-exclusion",))
    return GapStatus.OPEN if met is (improvement == "decrease") else GapStatus.CLOSED


def _any(stated: Counts, populations: Iterable[str]) -> bool:
    return any(stated.get(name, 0) > 0 for name in populations)
