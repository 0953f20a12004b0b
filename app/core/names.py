"""Personal names of two sides compared: case, diacritics, hyphens, several names, name order. Nicknames are not
guessed.

Names in scripts that share no letter (Latin and Cyrillic, say) cannot be compared; that is an answer of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import product

from app.core.chart import Name

#: Letters that Unicode does not decompose, and how they are written without them.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})
#: The other spelling of the same letter, in use where the letter itself was not available.
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_APOSTROPHES = re.compile(r"['’‘ʼʻ`´]")
_WORDS = re.compile(r"[^\W\d_]+")
#: Scripts in which one sign can be a whole name.
_WHOLE_SIGNS = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})


class Same(StrEnum):
    """What comparing one part of two names gave."""

    YES = "yes"
    NO = "no"
    MISSING = "missing"  # one side has none
    SCRIPT = "script"  # written in scripts that cannot be compared
    INITIAL = "initial"  # one side has initials only


Token = frozenset[str]  # the spellings of one word


@dataclass(frozen=True, slots=True)
class Parts:
    """One name taken apart. A name that is only text has its words on both sides: nobody said which is which."""

    given: tuple[Token, ...]
    family: tuple[Token, ...]


def given(one: Iterable[Name], other: Iterable[Name]) -> Same:
    """Whether the given names can be those of one person. Any pair of names that agrees is enough."""
    return _best(_given(a, b) for a, b in product(_parts(one), _parts(other)))


def family(one: Iterable[Name], other: Iterable[Name]) -> Same:
    """Whether some family name (a birth name, a part of a double name) is common to both."""
    return _best(_family(a, b) for a, b in product(_parts(one), _parts(other)))


def family_words(names: Iterable[Name]) -> frozenset[str]:
    """Every spelling of every word of the family names, without case and diacritics, initials left out."""
    return frozenset(word for parts in _parts(names) for token in parts.family if not _initial(token) for word in token)


def _best(results: Iterable[Same]) -> Same:
    found = set(results)
    return next((same for same in (Same.YES, Same.NO, Same.INITIAL, Same.SCRIPT) if same in found), Same.MISSING)


def _given(a: Parts, b: Parts) -> Same:
    if _in_other_order(a, b):
        return Same.YES
    return _compare(a.given, b.given, whole=True)


def _family(a: Parts, b: Parts) -> Same:
    if _in_other_order(a, b):
        return Same.YES
    return _compare(a.family, b.family, whole=False)


def _in_other_order(a: Parts, b: Parts) -> bool:
    """Family and given name changed places."""
    swapped = (_compare(a.given, b.family, whole=True), _compare(a.family, b.given, whole=True))
    return set(swapped) == {Same.YES}


def _compare(a: tuple[Token, ...], b: tuple[Token, ...], *, whole: bool) -> Same:
    """`whole`: the words of one side must all be on the other, or both be the same run together (Jean-Luc, Jeanluc)."""
    if not a or not b:
        return Same.MISSING
    if not _scripts(a) & _scripts(b):
        return Same.SCRIPT
    full_a, full_b = [t for t in a if not _initial(t)], [t for t in b if not _initial(t)]
    if not full_a or not full_b:
        return Same.INITIAL
    if not whole:
        return Same.YES if _any_common(full_a, full_b) or _run(full_a) & _run(full_b) else Same.NO
    same = _all_in(full_a, full_b) or _all_in(full_b, full_a) or bool(_run(full_a) & _run(full_b))
    return Same.YES if same else Same.NO


def _all_in(few: list[Token], many: list[Token]) -> bool:
    return all(any(token & other for other in many) for token in few)


def _any_common(a: list[Token], b: list[Token]) -> bool:
    return any(token & other for token, other in product(a, b))


def _run(tokens: list[Token]) -> Token:
    """The words run together, in each spelling."""
    return frozenset("".join(spelling(token) for token in tokens) for spelling in (min, max))


def _initial(token: Token) -> bool:
    return all(len(word) == 1 for word in token) and not _scripts((token,)) & _WHOLE_SIGNS


def _scripts(tokens: Iterable[Token]) -> set[str]:
    return {_script(letter) for token in tokens for word in token for letter in word}


@lru_cache(1024)  # finding the name of a letter takes long, and names have few letters
def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split()[0]


def _parts(names: Iterable[Name]) -> list[Parts]:
    return [_taken_apart(name) for name in names] or [Parts((), ())]


def _taken_apart(name: Name) -> Parts:
    given_names = tuple(token for text in name.given for token in _tokens(text))
    family_names = _tokens(name.family)
    if not given_names and not family_names:
        return Parts(_tokens(name.text), _tokens(name.text))
    return Parts(given_names, family_names)


def _tokens(text: str) -> tuple[Token, ...]:
    composed = _APOSTROPHES.sub("", unicodedata.normalize("NFC", text).casefold())
    return tuple(
        frozenset({_bare(word), _bare(word.translate(_SPELT))}) for word in _WORDS.findall(_separable(composed))
    )


def _separable(text: str) -> str:
    """Combining marks that composing left over would split a word in two: `\\w` does not take them for letters."""
    return "".join(c for c in text if not unicodedata.combining(c)) if any(map(unicodedata.combining, text)) else text


def _bare(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_PLAIN)
