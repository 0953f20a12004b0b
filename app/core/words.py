"""Reading words where codes are missing: never as evidence, only to say that something reads like a service."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from app.core.chart import Concept


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Words by which an order, a booking or an entry with a code of another list reads like the service.

    They never make evidence. An entry that reads like it, and whose code we do not have, makes the answer "cannot
    tell".
    """

    like: re.Pattern[str]
    unlike: re.Pattern[str]

    @lru_cache(32768)  # noqa: B019 - charts say the same over and over, and there are few Words, which live for ever
    def read_like(self, text: str) -> bool:
        """Whether one text reads like it."""
        return bool(self.like.search(text)) and not self.unlike.search(text)

    def read_in(self, concept: Concept) -> bool:
        """Whether one of the concept's texts reads like it."""
        return any(self.read_like(text) for text in texts(concept))


#: Words that say that somebody else did it, or that it was only told.
OUTSIDE = re.compile(
    r"\b(?:outside|external|elsewhere|historical|another (?:facility|provider|clinic|practice)|patient.reported|"
    r"reported by patient|per patient|self.reported|from other)",
    re.IGNORECASE,
)


_NO_WORDS = {""}


@lru_cache(32768)
def told_outside(text: str) -> bool:
    """Whether a text speaks of somebody else, or of what was only told."""
    return bool(OUTSIDE.search(text))


def texts(concept: Concept) -> frozenset[str]:
    """The words of a concept: its text and its displays."""
    return frozenset({concept.text, *[coding.display for coding in concept.codings]} - _NO_WORDS)


def words(*like: str, unlike: tuple[str, ...] = ()) -> Words:
    """Words from regular expressions, each matched from the beginning of a word, in any case."""
    never = ("declin", "refus", "consult", "education", "counsel", "histor", "family", "prep", *unlike)
    return Words(_pattern(like), _pattern(never))


def phrases(*like: str, unlike: tuple[str, ...] = ("$^",)) -> Words:
    """Words for what a result says: as given, nothing left out beside `unlike`."""
    return Words(_pattern(like), _pattern(unlike))


def _pattern(parts: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(parts) + ")", re.IGNORECASE)
