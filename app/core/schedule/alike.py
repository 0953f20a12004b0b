"""Similar names on one day: somebody could take one patient for the other. A mark, it blocks nothing.

Similar is: a family name in common; or a family name that is a letter or two away, or sounds the same, with the same
given name or the same year of birth; or the same given name with the same day of birth, which leaves one identifier
to tell them apart. Case and diacritics are not looked at. Soundex:
https://www.archives.gov/research/census/soundex
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

from app.core import names
from app.core.chart import Name, Patient, When
from app.core.names import Same

_SOUNDS = {
    letter: str(digit)
    for digit, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1)
    for letter in letters
}
#: How many letters two names of this length may differ by.
_SHORT, _LONG = 4, 8


def alike(one: Patient, other: Patient) -> bool:
    """Whether two patients of one day have similar names. Two records of one person are no pair of this kind."""
    if one.id == other.id:
        return False
    return _alike(one.names, one.birth_date, other.names, other.birth_date)


@lru_cache(16384)  # a day is looked at again and again while its answers arrive
def _alike(one: tuple[Name, ...], born: When | None, other: tuple[Name, ...], born_too: When | None) -> bool:
    if names.family(one, other) is Same.YES:
        return True
    if names.given(one, other) is Same.YES and _same_day(born, born_too):
        return True
    near = any(_near(a, b) for a, b in product(names.family_words(one), names.family_words(other)))
    return near and (names.given(one, other) is Same.YES or _same_year(born, born_too))


def _near(a: str, b: str) -> bool:
    """A typing slip apart, or the same by sound."""
    if min(len(a), len(b)) >= _SHORT and _distance(a, b) <= (2 if min(len(a), len(b)) >= _LONG else 1):
        return True
    one, other = soundex(a), soundex(b)
    first = a[:1] == b[:1] or _SOUNDS.get(a[:1], a) == _SOUNDS.get(b[:1], b)  # Catherine, Katarine
    return bool(one) and one[1:] == other[1:] and first


def _same_year(one: When | None, other: When | None) -> bool:
    return one is not None and other is not None and one.start.year == other.start.year


def _same_day(one: When | None, other: When | None) -> bool:
    return one is not None and other is not None and one.start == one.end == other.start == other.end


def soundex(word: str) -> str:
    """The code of a name by its sound, as the United States' archives make it; empty for other letters than a to z."""
    if not word or not all("a" <= letter <= "z" for letter in word):
        return ""
    code, before = word[0].upper(), _SOUNDS.get(word[0], "")
    for letter in word[1:]:
        sound = _SOUNDS.get(letter, "")
        if sound and sound != before:
            code += sound
        if letter not in "hw":  # they do not part two letters of one sound
            before = sound
    return code[:4].ljust(4, "0")


def _distance(a: str, b: str) -> int:
    """Letters to change, add, leave out or swap with their neighbour (optimal string alignment)."""
    if abs(len(a) - len(b)) > 2:
        return 3
    two_before: list[int] = []
    before = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        row = [i]
        for j, right in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
        two_before, before = before, row
    return before[-1]
