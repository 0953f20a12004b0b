"""FHIR data types as values of `app.core.chart`. https://hl7.org/fhir/R4/datatypes.html"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from app.core.chart import Coding, Concept, Identifier, Name, Quantity, Value, When
from app.sources.fhir.shape import Json, obj, objs, words

_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[T ][0-9]{2}:?[0-9]{2}(?::?[0-9]{2}(?:[.,][0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?)?)?"
)
_LARGEST = Decimal("1e20")
_NPI = frozenset({"http://hl7.org/fhir/sid/us-npi", "urn:oid:2.16.840.1.113883.4.6"})  # the second: 2026-11, Epic


def when(value: object) -> When | None:
    """A date, dateTime or instant of any precision as the days it may mean; None for what is not one.

    A time without seconds or zone is tolerated: only the day counts, as written in the value's own offset.
    """
    return _when(value) if isinstance(value, str) else None


@lru_cache(8192)  # a chart states the same few hundred days over and over
def _when(stated: str) -> When | None:
    text = stated.strip()
    if (match := _DATE.fullmatch(text)) is None:
        return None
    year, first, last = int(match[1]), int(match[2] or 1), int(match[2] or 12)
    try:
        start = date(year, first, int(match[3] or 1))
        end = start if match[3] else date(year, last, monthrange(year, last)[1])
    except ValueError:  # year 0, month 13, 30 February
        return None
    return When(start, end, text)


def period(value: object) -> tuple[When | None, When | None]:
    """Start and end of a Period."""
    stated = obj(value)
    return when(stated.get("start")), when(stated.get("end"))


def coding(value: object) -> Coding:
    """A Coding; a bare string is taken as its code."""
    if isinstance(value, str):
        return Coding("", words(value))
    stated = obj(value)
    system, symbol, display = stated.get("system"), stated.get("code"), stated.get("display")
    if isinstance(symbol, str) and isinstance(system, str) and (display is None or isinstance(display, str)):
        return _coding(system, symbol, display)
    return Coding(words(system), words(symbol), words(display))


@lru_cache(8192)  # the same codes come back in every chart
def _coding(system: str, symbol: str, display: str | None) -> Coding:
    return Coding(words(system), words(symbol), words(display))


@lru_cache(8192)  # and so do the same concepts
def _concept(system: str, symbol: str, display: str | None, text: str | None) -> Concept:
    return Concept((_coding(system, symbol, display),), words(text))


def concept(value: object) -> Concept:
    """A CodeableConcept, a Coding, a plain word, or a list of these joined into one."""
    if isinstance(value, dict):
        codings, text = value.get("coding"), value.get("text")
        if codings is None and ("code" in value or "system" in value):
            return Concept((coding(value),))
        if isinstance(codings, list) and len(codings) == 1 and isinstance(codings[0], dict):  # nearly always
            return _of_one(codings[0], text)
        return Concept(tuple([coding(c) for c in objs(codings)]), words(text))
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], dict):  # nearly always
            return concept(value[0])
        parts = [concept(item) for item in value if not isinstance(item, list)]
        texts = [part.text for part in parts if part.text]
        return Concept(tuple(c for part in parts for c in part.codings), "; ".join(texts))
    return Concept((), words(value))


def _of_one(stated: Json, text: object) -> Concept:
    system, symbol, display = stated.get("system"), stated.get("code"), stated.get("display")
    if (
        isinstance(symbol, str)
        and isinstance(system, str)
        and (display is None or isinstance(display, str))
        and (text is None or isinstance(text, str))
    ):
        return _concept(system, symbol, display, text)
    return Concept((coding(stated),), words(text))


def code(value: object) -> str:
    """The first code of a CodeableConcept or Coding (or of a list of them), or a plain code."""
    stated = value
    if isinstance(value, dict):  # nearly always: the first of its codings has a code
        inner = value.get("coding")
        first = inner[0] if isinstance(inner, list) and inner else value
        stated = first.get("code") if isinstance(first, dict) else None
    found = words(stated) if isinstance(stated, str) else ""
    return found or next(iter(codes(value, texts=False)), "")


def codes(value: object, *, texts: bool = True) -> tuple[str, ...]:
    """All codes of a CodeableConcept, a list of them, or a list of plain codes; the text where there is no code."""
    found: list[str] = []
    if isinstance(value, list) and len(value) == 1 and (only := _only_code(value[0])):
        return (only,)
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, dict):
            stated = [words(c.get("code")) for c in objs(item.get("coding"))] or [words(item.get("code"))]
            found += stated if any(stated) or not texts else [words(item.get("text"))]
        elif isinstance(item, str):
            found.append(words(item))
    return tuple([c for c in dict.fromkeys(found) if c])


def _only_code(value: object) -> str:
    """The code of a CodeableConcept with one coding, which nearly all categories are; "" for everything else."""
    codings = value.get("coding") if isinstance(value, dict) else None
    only = codings[0] if isinstance(codings, list) and len(codings) == 1 else None
    return words(only.get("code")) if isinstance(only, dict) else ""


def decimal(value: object) -> Decimal | None:
    """A finite number of a size that can be measured in a patient; a number written as a string is tolerated."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    if isinstance(value, str) and len(value) > 40:
        return None
    try:
        number = Decimal(value) if isinstance(value, Decimal | int) else Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < _LARGEST and number.adjusted() > -20 else None


def quantity(value: object) -> Quantity | None:
    """A Quantity with a number; None without one."""
    stated = obj(value)
    number = decimal(stated.get("value"))
    if number is None:
        return None
    ucum, unit = words(stated.get("code")), words(stated.get("unit"))
    return Quantity(number, unit or ucum, ucum, words(stated.get("comparator")))


def choice(resource: Json, stem: str = "value") -> Value | None:
    """The `value[x]` of a resource, component or extension; zero and False are values."""
    for key, stated in resource.items():
        if key.startswith(stem) and len(key) > len(stem) and stated is not None:
            return chosen(key[len(stem) :], stated)
    return None


def chosen(kind: str, stated: object) -> Value | None:
    """The value of a choice element by its type, the part of the name after the stem."""
    match kind:
        case "Quantity" | "Money" | "Age" | "Duration" | "Count":
            return quantity(stated)
        case "CodeableConcept" | "Coding":
            return concept(stated)
        case "Boolean":
            return stated if isinstance(stated, bool) else None
        case "Integer" | "Decimal" | "PositiveInt" | "UnsignedInt":
            number = decimal(stated)
            return None if number is None else Quantity(number)
        case "Range" | "Ratio" | "Period":
            return _span(kind, obj(stated)) or None
        case _:
            return words(stated) or None


def _span(kind: str, stated: Json) -> str:
    first, second, sign = {
        "Range": ("low", "high", "–"), "Ratio": ("numerator", "denominator", ":"), "Period": ("start", "end", "–"),
    }[kind]  # fmt: skip
    ends = [words(stated.get(end)) or words(obj(stated.get(end)).get("value")) for end in (first, second)]
    unit = words(obj(stated.get(second)).get("unit")) or words(obj(stated.get(first)).get("unit"))
    return f"{ends[0]}{sign}{ends[1]} {unit}".strip() if any(ends) else ""


def identifier(value: object) -> Identifier | None:
    """An Identifier with a value; None without one."""
    stated = obj(value)
    text, system = words(stated.get("value")), words(stated.get("system"))
    if not text:
        return None
    return Identifier(system, text, code(stated.get("type")) or ("NPI" if system in _NPI else ""))


def identifiers(value: object) -> tuple[Identifier, ...]:
    """The usable identifiers of a list."""
    return tuple(found for found in (identifier(item) for item in objs(value)) if found is not None)


def names(value: object) -> tuple[Name, ...]:
    """HumanNames, those without a single word left out."""
    return tuple(name for name in (_name(item) for item in objs(value)) if name != Name(use=name.use))


def _name(stated: Json) -> Name:
    def each(key: str) -> tuple[str, ...]:
        value = stated.get(key)
        items = value if isinstance(value, list) else [value]
        return tuple(text for text in (words(item) for item in items) if text)

    return Name(
        use=words(stated.get("use")), family=words(stated.get("family")), given=each("given"),
        text=words(stated.get("text")), prefix=each("prefix"), suffix=each("suffix"),
    )  # fmt: skip
