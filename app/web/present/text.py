"""Words of others made safe to set, and small grammar. Escaping is not done here: the template engine does it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

MAX_CHARS = 280  # one long sentence; a payer's essay would bury what the clinician needs

#: Embeddings, overrides and isolates: a foreign text must not turn the reading order of ours.
_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}

#: Speaks of payment or of what a condition is worth: withheld from the encounter view. A clinical "risk score"
#: is none of it, nor is an incentive spirometer.
_WORTH = re.compile(
    r"[$€£¥]|\b(?:usd|dollars?|raf|bonus(?:es)?|incentives?(?! spiromet)|payments?|revenues?|reimburse\w*"
    r"|earn(?:s|ed|ings?)?|risk[ -]adjust\w*)\b",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """One line without control characters, cut at a length that a screen can bear."""
    if text.isascii() and text.isprintable() and len(text) <= MAX_CHARS:  # nearly all: nothing to look at one by one
        return " ".join(text.split())
    kept = "".join(" " if c.isspace() or _unprintable(c) else c for c in text if ord(c) not in _BIDI)
    line = " ".join(kept.split())
    return line if len(line) <= MAX_CHARS else line[: MAX_CHARS - 1].rstrip() + "…"


def _unprintable(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs", "Cn"}


def speaks_of_worth(text: str) -> bool:
    """Whether a payer's text speaks of money or of a condition's weight."""
    return bool(_WORTH.search(text))


def by_payer(text: str, otherwise: str = "") -> str:
    """A payer's label, unless it speaks of what something is worth."""
    words = plain(text)
    return otherwise if speaks_of_worth(words) else words


def listed(words: Sequence[str]) -> str:
    """a, b and c"""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def counted(number: int, one: str, many: str = "") -> str:
    """1 gap, 2 gaps"""
    return f"{number} {one if number == 1 else many or one + 's'}"


def sentence(text: str) -> str:
    """With a capital first letter and a full stop."""
    words = text.strip()
    if not words:
        return ""
    return f"{words[0].upper()}{words[1:]}" + ("" if words[-1] in ".?!…”" else ".")


def distinct(words: Sequence[str]) -> tuple[str, ...]:
    """Each once, in order, without the empty."""
    return tuple(dict.fromkeys(word for word in words if word))
