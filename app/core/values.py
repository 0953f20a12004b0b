"""A result against a target, or against what it must say, in three answers: it meets, it misses, or it cannot be
said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from app.core.chart import Concept, Fact, Quantity, Value
from app.core.measures.kind import Result, Threshold


class Meets(StrEnum):
    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


def judge(facts: Iterable[Fact], targets: Iterable[Threshold]) -> Meets:
    """All targets against one day's facts. Of several readings of a day the lowest counts, as both measures say."""
    each = [_best(_against(value, target) for value in numbers(facts, target)) for target in targets]
    if Meets.NO in each:
        return Meets.NO
    return Meets.UNCLEAR if Meets.UNCLEAR in each else Meets.YES


def has_all(facts: Iterable[Fact], targets: Iterable[Threshold]) -> bool:
    """Whether every target has some value among the facts (a day with a systolic number alone has not)."""
    facts = tuple(facts)
    return all(any(value is not None for value in numbers(facts, target)) for target in targets)


def numbers(facts: Iterable[Fact], target: Threshold) -> Iterator[Value | None]:
    """The values a target speaks of: the fact's own, or that of the component or lone observation with its code."""
    for fact in facts:
        if not target.codes.full or target.codes.holds(fact.concept):
            yield fact.value
        yield from (part.value for part in fact.components if target.codes.holds(part.concept))


def says(fact: Fact, result: Result) -> Meets:
    """Whether a fact has this result. What has no value, or a number without a cut for its test, says nothing."""
    if result.means.holds(fact.concept):
        return Meets.YES
    value = fact.value if fact.value is not None else fact.conclusion
    if isinstance(value, Quantity | str) and (cut := _cut(fact, result)) is not None:
        return _at_or_above(value, cut)
    if isinstance(value, Concept):
        if result.codes.holds(value):
            return Meets.YES
        if any(coding.code.casefold() in result.words for coding in value.codings if not value.text):
            return Meets.YES
        texts = [value.text, *(coding.display for coding in value.codings)]
        return _reads([text for text in texts if text], result)
    return _reads([value], result) if isinstance(value, str) and value.strip() else Meets.UNCLEAR


def _reads(texts: list[str], result: Result) -> Meets:
    """Words: exactly, or like it. A code alone that is not among ours says nothing."""
    if not texts:
        return Meets.UNCLEAR
    for text in texts:
        if text.strip().casefold() in result.words or (result.like and result.like.read_like(text)):
            return Meets.YES
    return Meets.NO


def _cut(fact: Fact, result: Result) -> Decimal | None:
    return next((limit for codes, limit in result.cuts if codes.holds(fact.concept)), None)


def _at_or_above(value: Quantity | str, cut: Decimal) -> Meets:
    """A score against its cut; a score written as a word of digits counts as one."""
    if isinstance(value, str):
        try:
            value = Quantity(Decimal(value.strip()))
        except InvalidOperation:
            return Meets.UNCLEAR
    if value.comparator or not Decimal(0) <= value.value <= Decimal(100):
        return Meets.UNCLEAR
    return Meets.YES if value.value >= cut else Meets.NO


def _best(each: Iterable[Meets]) -> Meets:
    found = set(each)
    if Meets.YES in found:
        return Meets.YES
    return Meets.NO if found == {Meets.NO} else Meets.UNCLEAR


def _against(value: Value | None, target: Threshold) -> Meets:
    if not isinstance(value, Quantity) or not _comparable(value, target):
        return Meets.UNCLEAR
    met = value.value <= target.limit if target.inclusive else value.value < target.limit
    match value.comparator:
        case "":
            return Meets.YES if met else Meets.NO
        case "<" | "<=":  # somewhere below: says nothing where the bound itself is above the target
            bound_meets = met or (value.comparator == "<" and value.value == target.limit)
            return Meets.YES if bound_meets else Meets.UNCLEAR
        case ">" | ">=":
            bound_misses = not met or (value.comparator == ">" and value.value == target.limit)
            return Meets.NO if bound_misses else Meets.UNCLEAR
        case _:
            return Meets.UNCLEAR


def _comparable(value: Quantity, target: Threshold) -> bool:
    """Same unit (or none stated), and a number that can be what it is called."""
    low, high = target.plausible
    stated = {unit for unit in (value.code, value.unit) if unit}
    return (not stated or bool(stated & target.units)) and low <= value.value <= high
