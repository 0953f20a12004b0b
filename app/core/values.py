"""A result against a target, or against what it must say, in three answers: it meets, it misses, or it cannot be
said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from app.core.chart import Concept, Fact, Quantity, Value
from app.core.measures.kind import Kind, Result, Threshold


class Meets(StrEnum):
    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


#: Words of a test that has no result. BI-RADS 0 is called "incomplete" and is one: that word is not here.
NO_RESULT = re.compile(
    r"\b(?:not (?:been )?(?:performed|done|tested|obtained|processed|received|reported|collected|run)|no results?\b|"
    r"(?:unable to|could not|can ?not) (?:be )?(?:perform|report|process|determin|interpret|test|"
    r"complet|obtain|calculat|evaluat|read|assess)|q\.?n\.?s\b|t\.?n\.?p\b|quantity not|"
    r"insufficient (?:quantity|specimen|sample|"
    r"volume|amount|stool|urine|material|cells?|for)|(?:specimen|sample|quantity|volume|amount) (?:was |is )?"
    r"(?:insufficient|inadequate|not sufficient|rejected|expired|lost|leaked|unlabel|mislabel|too old)|inadequate "
    r"(?:specimen|sample|for)|unsatisfactory|reject(?:ed|ion)|cancel|expired|invalid|indeterminate|inconclusive|"
    r"equivocal|test (?:error|fail)|pending|(?:specimen|sample|kit) (?:was )?(?:not |never )|to follow\b)",
    re.IGNORECASE,
)
#: What laboratories put beside a result (HL7 v3 ObservationInterpretation).
_FLAGGED = frozenset({"A", "AA", "H", "HH", "HU", "POS", "DET", "RR", "WR"})
_UNFLAGGED = frozenset({"N", "NEG", "ND", "NR"})
_NUMBER = re.compile(r"\s*[<>≤≥]?=?\s*\d")


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


def unreadable(fact: Fact) -> bool:
    """Whether a fact states a value that is no number: "190/110" as text is a blood pressure, and not half of one."""
    stated = (fact.value, *(part.value for part in fact.components))
    return any(value is not None and not isinstance(value, Quantity) for value in stated)


def numbers(facts: Iterable[Fact], target: Threshold) -> Iterator[Value | None]:
    """The values a target speaks of: the fact's own, or that of the component or lone observation with its code."""
    for fact in facts:
        if not target.codes.full or target.codes.holds(fact.concept):
            yield fact.value
        yield from (part.value for part in fact.components if target.codes.holds(part.concept))


def given(fact: Fact, kind: Kind) -> Meets:
    """Whether a fact is a result of its kind at all, whatever it says: a test that was not performed is none, and of
    words that we cannot read it is not certain.
    """
    absent = fact.type == "Observation" and bool(fact.not_done_reason) and not fact.components
    if fact.value is None and (kind.needs_value or absent):
        return Meets.UNCLEAR
    meaning = kind.abnormal
    if kind.number and not _is_number(fact.value):
        return Meets.UNCLEAR
    if no_result(fact) and (kind.needs_value or meaning is None or says(fact, meaning) is Meets.UNCLEAR):
        return Meets.UNCLEAR  # an image that was read has its category, whatever else could not be done
    if kind.needs_value and meaning and meaning.clear and isinstance(fact.value, Concept | str):
        return Meets.YES if _says_something(fact, meaning) else Meets.UNCLEAR
    return Meets.YES


def no_result(fact: Fact) -> bool:
    """Whether the words of a result say that there is none."""
    return any(NO_RESULT.search(text) for text in _texts(_stated(fact)))


def says(fact: Fact, result: Result) -> Meets:
    """Whether a fact has this result. What has no value, or a number without a cut for its test, says nothing."""
    if result.means.holds(fact.concept):
        return Meets.YES
    value = _stated(fact)
    if isinstance(value, Quantity | str) and (cut := _cut(fact, result)) is not None:
        return _at_or_above(value, cut)
    verdict = _words_say(value, result)
    return _with_flag(verdict, fact, result) if result.clear and fact.interpretation else verdict


def _stated(fact: Fact) -> Value | None:
    return fact.value if fact.value is not None else fact.conclusion


def _texts(value: Value | None) -> list[str]:
    if isinstance(value, Concept):
        return [text for text in (value.text, *(coding.display for coding in value.codings)) if text]
    return [value] if isinstance(value, str) and value.strip() else []


def _words_say(value: Value | None, result: Result) -> Meets:
    if isinstance(value, Concept):
        if result.codes.holds(value):
            return Meets.YES
        if result.clear_codes.holds(value):
            return Meets.NO
        bare = [coding.code.casefold() for coding in value.codings if not value.text]
        if any(code in result.words for code in bare):
            return Meets.YES
        if any(code in result.clear_words for code in bare):
            return Meets.NO
    return _reads(_texts(value), result)


def _reads(texts: list[str], result: Result) -> Meets:
    """Words: exactly, or like it. A code alone that is not among ours says nothing."""
    if not texts:
        return Meets.UNCLEAR
    if result.clear is None:
        exact = any(text.strip().casefold() in result.words for text in texts)
        return Meets.YES if exact or _any_like(texts, result) else Meets.NO
    found = {verdict for text in texts for verdict in _sides(text, result)}
    return found.pop() if len(found) == 1 else Meets.UNCLEAR


def _any_like(texts: list[str], result: Result) -> bool:
    return result.like is not None and any(result.like.read_like(text) for text in texts)


def _sides(text: str, result: Result) -> set[Meets]:
    """What one text says for and against, each if it does. What states the contrary contains the same words ("not
    detected"), so it is taken out first.
    """
    whole = text.strip().casefold()
    if whole in result.words:
        return {Meets.YES}
    if whole in result.clear_words:
        return {Meets.NO}
    assert result.clear is not None, "asked for results with a contrary only"
    rest, contrary = result.clear.subn(" ; ", text)
    rest = result.aside.sub(" ; ", rest) if result.aside else rest
    found = {Meets.NO} if contrary else set()
    if result.like and result.like.like.search(rest):
        found.add(Meets.UNCLEAR if result.like.unlike.search(rest) else Meets.YES)
    elif result.unsure and result.unsure.search(rest):
        found.add(Meets.UNCLEAR)
    return found


def _says_something(fact: Fact, result: Result) -> bool:
    """Whether the words, the code or the flag of a result are among those we know, whichever way they point."""
    value = _stated(fact)
    if _words_say(value, result) is not Meets.UNCLEAR or (isinstance(value, str) and _is_number(value)):
        return True
    if any(code in _FLAGGED | _UNFLAGGED for code in fact.interpretation):
        return True
    return any(_sides(text, result) for text in _texts(value))


def _with_flag(verdict: Meets, fact: Fact, result: Result) -> Meets:
    """What the laboratory's own mark adds: it speaks where the value does not, and never against it."""
    flags = {code.upper() for code in fact.interpretation}
    flagged, unflagged = bool(flags & _FLAGGED), bool(flags & _UNFLAGGED)
    if flagged is unflagged:
        return verdict if not flagged and not flags & {"IND", "E"} else Meets.UNCLEAR
    if verdict is Meets.UNCLEAR:
        if any(_sides(text, result) for text in _texts(_stated(fact))) or no_result(fact):
            return verdict  # its words say more than the mark does
        if flagged:
            return Meets.YES if result.flag_tells else Meets.UNCLEAR
        return Meets.NO
    return verdict if flagged is (verdict is Meets.YES) else Meets.UNCLEAR


def _is_number(value: Value | None) -> bool:
    """A quantity, or words that begin with one: "> 60 mL/min"."""
    return isinstance(value, Quantity) or any(_NUMBER.match(text) for text in _texts(value))


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
