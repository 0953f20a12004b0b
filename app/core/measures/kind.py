"""Kinds of evidence as data: which entries count, within which window, with which value, and how kinds combine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.core.dates import add_years
from app.core.report import Period
from app.core.terminology import NO_CODES, CodeSet
from app.core.words import Words

#: Where a window without a beginning begins: before anybody now alive was born.
LONG_AGO = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """From `years_before` the period's start (or from a month and day of that year) to the period's end (or to a month
    and day of its last year). `ever`: from any time before.
    """

    years_before: int = 0
    from_month_day: tuple[int, int] | None = None
    to_month_day: tuple[int, int] | None = None
    to_years_before: int = 0
    ever: bool = False

    def of(self, period: Period) -> Period:
        """The window of one report's own measurement period."""
        start = add_years(period.start, -self.years_before)
        if self.from_month_day:
            start = date(period.start.year - self.years_before, *self.from_month_day)
        end = add_years(period.end, -self.to_years_before)
        if self.to_month_day:
            end = date(end.year, *self.to_month_day)
        return Period(LONG_AGO if self.ever else start, end)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A target for one number: at most `limit`, or below it where `inclusive` is off. `codes`: the component that
    holds it.
    """

    limit: Decimal
    units: frozenset[str]
    inclusive: bool = True
    codes: CodeSet = NO_CODES
    plausible: tuple[Decimal, Decimal] = (Decimal(0), Decimal(1000))


@dataclass(frozen=True, slots=True)
class Result:
    """What a result must say: one of these codes, exactly these words (case-folded), text that reads like it, or a
    score at or above the cut of the test's own code.

    With `clear` nothing is concluded from words that are missing: the result is against it only where it says so.
    """

    codes: CodeSet = NO_CODES
    words: frozenset[str] = frozenset()
    like: Words | None = None
    cuts: tuple[tuple[CodeSet, Decimal], ...] = ()
    means: CodeSet = NO_CODES  # the test's own code says it: "screening positive, plan documented"
    clear: re.Pattern[str] | None = None  # words that state the contrary: "not detected", "BI-RADS 2"
    clear_words: frozenset[str] = frozenset()  # the same, as a whole and exactly (case-folded)
    clear_codes: CodeSet = NO_CODES
    aside: re.Pattern[str] | None = None  # words that say neither, whatever they contain: "no suspicious mass"
    unsure: re.Pattern[str] | None = None  # a result, and what it calls for depends on more than itself
    flag_tells: bool = True  # whether "abnormal" beside the result is this result


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of evidence: which codes on which resource types, how long it holds for the measure and for the
    patient.
    """

    name: str
    types: tuple[str, ...]
    codes: CodeSet
    window: Window
    months: int  # clinical interval until it is due again
    words: Words
    needs_value: bool = False  # a result without a value is none
    not_settings: frozenset[str] = frozenset()  # Encounter.class in which it does not count
    result: Result | None = None  # counts only with this result
    abnormal: Result | None = None  # with this result it calls for the rule's follow-up
    from_age: int | None = None  # counts only from this birthday of the patient on
    lasts: bool = False  # holds from its date on, as a prescription does: it counts where it touches the window
    intents: frozenset[str] = frozenset()  # of an order that counts itself; empty: any
    act: str = ""  # what to do where this alone is missing of several; empty: the rule's own
    number: bool = False  # a result without a number is none
    other_scale: CodeSet = NO_CODES  # the same on a scale that no target of ours is for: never evidence, never ignored


@dataclass(frozen=True, slots=True)
class Way:
    """One way to meet a measure: all these kinds together, those of `near` at most `days` apart."""

    kinds: tuple[str, ...]
    near: tuple[str, ...] = ()
    days: int = 0
