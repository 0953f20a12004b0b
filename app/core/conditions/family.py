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
    """The families of a tidied ICD-10-CM code."""
    found = next((_BY_CODE[code[:n]] for n in range(len(code), 2, -1) if code[:n] in _BY_CODE), None)
    return found or ((code[:3],) if len(code) >= 3 else ())


def diagnoses(category: ConditionCategory) -> frozenset[str]:
    """The ICD-10-CM codes that the payer names with a category: documented, inferred or qualifying."""
    return frozenset(code for concept in (*category.diagnoses, *category.qualifying) for code in icd10(concept))


def family_of(category: ConditionCategory) -> str:
    """The one family of a category; empty where it cannot be told: then only equal words or codes make it one row."""
    if known := _BY_CATEGORY.get((version_of(category), category.code)):
        return known
    named = [set(families(code)) for code in sorted(diagnoses(category))]
    common = set.intersection(*named) if named else set()
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
    """Groups of categories that are one condition: by family; without one, by the same words or a common diagnosis."""
    groups: list[list[ConditionCategory]] = []
    for category in categories:
        same = [group for group in groups if any(_one_condition(category, other) for other in group)]
        joined = [category, *(other for group in same for other in group)]
        groups = [group for group in groups if not any(group is each for each in same)] + [joined]
    return [tuple(group) for group in groups]


def _one_condition(one: ConditionCategory, other: ConditionCategory) -> bool:
    family, other_family = family_of(one), family_of(other)
    if family or other_family:
        return family == other_family
    same_words = bool(label(one)) and label(one) == label(other)
    same_code = bool(one.code) and (one.system, one.version, one.code) == (other.system, other.version, other.code)
    return same_words or same_code or bool(diagnoses(one) & diagnoses(other))


def plain(text: str) -> str:
    """Words without case and blanks, for comparing."""
    return " ".join(text.casefold().split())
