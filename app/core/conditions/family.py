"""Which categories and which diagnoses speak of one condition, whatever model lists them: so that it becomes one row.

A family is a clinical word. Where the table has none, the ICD-10-CM category (the first three characters) stands for
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.conditions.hierarchy import version_of
from app.core.report import ConditionCategory
from app.core.terminology import icd10

#: Beginning of an ICD-10-CM code -> families; the longest beginning decides. Combination codes belong to two.
_BY_CODE: Mapping[str, tuple[str, ...]] = {
    **{stem: ("diabetes",) for stem in ("E08", "E09", "E10", "E11", "E13", "Z794")},
    **{stem: ("heart failure",) for stem in ("I50", "I110", "I130", "I0981")},
    "I132": ("heart failure", "kidney disease"),
    **{stem: ("kidney disease",) for stem in ("N18", "I120", "I1311")},
    **{stem: ("copd",) for stem in ("J41", "J42", "J43", "J44")},
}

#: (CMS-HCC version, category) -> family, for categories that are one condition through and through.
_BY_CATEGORY: Mapping[tuple[str, str], str] = {
    **{("24", code): "diabetes" for code in ("17", "18", "19")},
    **{("28", code): "diabetes" for code in ("36", "37", "38")},
    ("24", "85"): "heart failure",
    **{("28", code): "heart failure" for code in ("222", "224", "225", "226")},
    **{("24", code): "kidney disease" for code in ("136", "137", "138")},
    **{("28", code): "kidney disease" for code in ("326", "327", "328", "329")},
    ("24", "111"): "copd",
}


def families(code: str) -> tuple[str, ...]:
    """The families of a tidied ICD-10-CM code; its stem where the table has none."""
    return _known(code) or ((_stem(code),) if _stem(code) else ())


def _known(code: str) -> tuple[str, ...]:
    return next((_BY_CODE[code[:n]] for n in range(len(code), 2, -1) if code[:n] in _BY_CODE), ())


def _stem(code: str) -> str:
    return code[:3] if len(code) >= 3 else ""


def diagnoses(category: ConditionCategory) -> frozenset[str]:
    """The ICD-10-CM codes that the payer names with a category: documented, inferred or qualifying."""
    return frozenset(code for concept in (*category.diagnoses, *category.qualifying) for code in icd10(concept))


def family_of(category: ConditionCategory) -> str:
    """The clinical family of a category by our table; empty where it cannot be told."""
    if known := _BY_CATEGORY.get((version_of(category), category.code)):
        return known
    return _common(set(_known(code)) for code in diagnoses(category))


def _common(sets: Iterable[set[str]]) -> str:
    """The one thing that all sets have; empty when there is none, or more than one."""
    found = list(sets)
    common = set.intersection(*found) if found else set()
    return min(common) if len(common) == 1 else ""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What chart entries of one condition look like: its diagnoses, its families, its words."""

    codes: frozenset[str]
    families: frozenset[str]
    labels: frozenset[str]

    @classmethod
    def of(cls, categories: Iterable[ConditionCategory]) -> Likeness:
        codes: set[str] = set()
        own: set[str] = set()
        labels: set[str] = set()
        for category in categories:
            named = diagnoses(category)
            family = family_of(category)
            codes |= named
            own |= {family} if family else {f for code in named for f in families(code)}
            concepts = (*category.diagnoses, *category.qualifying)
            labels |= {plain(text) for text in (category.label, *(c.label for c in concepts)) if text}
        return cls(frozenset(codes), frozenset(own), frozenset(labels))

    def has(self, code: str) -> bool:
        """Whether a tidied ICD-10-CM code speaks of the condition."""
        return code in self.codes or any(family in self.families for family in families(code))


def label(category: ConditionCategory) -> str:
    """The category's words without case and blanks, for comparing."""
    return plain(category.label)


def merged(categories: Iterable[ConditionCategory]) -> list[tuple[ConditionCategory, ...]]:
    """Groups of categories that are one condition."""
    groups: list[list[ConditionCategory]] = []
    for category in categories:
        same = [group for group in groups if any(one_condition(category, other) for other in group)]
        joined = [category, *(other for group in same for other in group)]
        groups = [group for group in groups if not any(group is each for each in same)] + [joined]
    return [tuple(group) for group in groups]


def one_condition(one: ConditionCategory, other: ConditionCategory) -> bool:
    """Two families decide. Else the same category or words; and, where neither has a family, diagnoses in common.

    A combination code (I13.2) must not join heart failure to kidney disease by way of a category without a family.
    """
    family, other_family = family_of(one), family_of(other)
    if family and other_family:
        return family == other_family
    same_code = bool(one.code) and (one.system, one.version, one.code) == (other.system, other.version, other.code)
    if same_code or (label(one) and label(one) == label(other)):
        return True
    if family or other_family:
        return False
    stem = _common({_stem(code)} for code in diagnoses(one))
    same_stem = bool(stem) and stem == _common({_stem(code)} for code in diagnoses(other))
    return same_stem or bool(diagnoses(one) & diagnoses(other))


def plain(text: str) -> str:
    """Words without case and blanks, for comparing."""
    return " ".join(text.casefold().split())
