"""Which categories and which diagnoses speak of one condition, whatever model lists them: so that it becomes one row.

A family is a clinical word. Where neither the words below nor the tables of the models give one, the ICD-10-CM category
(the first three characters) stands for one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from app.core.conditions.model import Models, RiskModel, model_of, number_of, version_of
from app.core.report import ConditionCategory
from app.core.terminology import icd10
from app.core.words import Words, words

#: Beginning of an ICD-10-CM code -> families; the longest beginning decides. Combination codes belong to two.
_BY_CODE: Mapping[str, tuple[str, ...]] = {
    **{stem: ("diabetes",) for stem in ("E08", "E09", "E10", "E11", "E13", "Z794")},
    **{stem: ("heart failure",) for stem in ("I50", "I110", "I130", "I0981")},
    "I132": ("heart failure", "kidney disease"),
    **{stem: ("kidney disease",) for stem in ("N18", "I120", "I1311")},
    **{stem: ("copd",) for stem in ("J41", "J42", "J43", "J44")},
    **{stem: ("morbid obesity",) for stem in ("E6601", "E662", "E66813", "Z684")},
    **{stem: ("depression",) for stem in ("F32", "F33")},
    **{stem: ("rheumatoid arthritis",) for stem in ("M05", "M060", "M062", "M063", "M068", "M069")},
}

#: (CMS-HCC version, category) -> family, for categories that are one condition to a clinician although the tables
#: count something else among them too.
_BY_CATEGORY: Mapping[tuple[str, str], str] = {
    ("24", "85"): "heart failure",
    **{("28", code): "heart failure" for code in ("225", "226")},
    ("24", "111"): "copd",
    **{(version, code): "morbid obesity" for version, code in (("24", "22"), ("28", "48"))},
}


def _reads(*like: str) -> Words:
    return words(*like, unlike=("risk", "screen", "pre-?diab", "insipidus", "gestational", "no evidence", "rule.?out"))


#: How a condition of a family reads where its code is of a list that we do not have.
WORDS: Mapping[str, Words] = {
    "diabetes": _reads("diabet", "(?:t[12]|n?id)dm", "t[12]d", "dm ?(?:[12]|ii?)"),
    "heart failure": _reads("(?:.*)heart failure", "chf", "hf[mrp]+ef", "cardiomyopath", ".*ventricular failure"),
    "kidney disease": _reads("ckd", ".*kidney (?:disease|failure)", ".*renal (?:disease|failure|insuff)"),
    "copd": _reads("copd", ".*obstructive (?:pulmonary|lung|airway)", "emphysem", "chronic bronchitis"),
    "morbid obesity": _reads("obes", ".*obesity"),
    "depression": _reads("depress", "mdd", "dysthym"),
    "rheumatoid arthritis": _reads("rheumatoid", r"ra\b"),
}


def related(models: Models) -> dict[str, RiskModel]:
    """The models with what can be told from their members: the clinical family of a category all of whose diagnoses
    are of one; and its counterparts, the categories of other versions made of the same diagnoses and no others.
    """
    made = {version: _made_of(model) for version, model in models.items()}
    return {
        version: replace(
            model,
            families={
                category: family
                for category, codes in made[version].items()
                if (family := _common(set(_known(code)) for code in codes))
            },
            counterparts=_counterparts(version, made, models),
        )
        for version, model in models.items()
    }


def _made_of(model: RiskModel) -> dict[str, set[str]]:
    made: dict[str, set[str]] = defaultdict(set)
    for code, categories in model.members.items():
        for category in categories:
            made[category].add(code)
    return made


def _counterparts(
    version: str, made: Mapping[str, Mapping[str, set[str]]], models: Models
) -> dict[str, frozenset[tuple[str, str]]]:
    """Two categories are counterparts when each holds all the diagnoses of the other that its own version has."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    own = models[version].members
    for other_version, categories in made.items():
        if other_version == version:
            continue
        theirs = models[other_version].members
        for category, codes in made[version].items():
            shared = {code for code in codes if code in theirs}
            for other in {each for code in shared for each in theirs[code]}:
                back = {code for code in categories[other] if code in own}
                if shared <= categories[other] and back <= codes:
                    found[category].add((other_version, other))
    return {category: frozenset(others) for category, others in found.items()}


@lru_cache(8192)  # asked of every diagnosis of the chart for every category
def families(code: str) -> tuple[str, ...]:
    """The families of a tidied ICD-10-CM code; its stem where the table has none."""
    return _known(code) or ((_stem(code),) if _stem(code) else ())


def _known(code: str) -> tuple[str, ...]:
    return next((_BY_CODE[code[:n]] for n in range(min(len(code), 6), 2, -1) if code[:n] in _BY_CODE), ())


def _stem(code: str) -> str:
    return code[:3] if len(code) >= 3 else ""


def diagnoses(category: ConditionCategory) -> frozenset[str]:
    """The ICD-10-CM codes that the payer names with a category: documented, inferred or qualifying."""
    return frozenset(code for concept in (*category.diagnoses, *category.qualifying) for code in icd10(concept))


def family_of(category: ConditionCategory, models: Models) -> str:
    """The clinical family of a category, by its number, else by its diagnoses; empty where it cannot be told."""
    number = number_of(category)
    if known := _BY_CATEGORY.get((version_of(category), number)):
        return known
    if (model := model_of(category, models)) and (derived := model.families.get(number)):
        return derived
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
    def of(cls, categories: Iterable[ConditionCategory], models: Models) -> Likeness:
        codes: set[str] = set()
        own: set[str] = set()
        labels: set[str] = set()
        for category in categories:
            named = diagnoses(category)
            family = family_of(category, models)
            codes |= named
            own |= {family} if family else {f for code in named for f in families(code)}
            concepts = (*category.diagnoses, *category.qualifying)
            labels |= {plain(text) for text in (category.label, *(c.label for c in concepts)) if text}
        return cls(frozenset(codes), frozenset(own), frozenset(labels))

    @classmethod
    def of_entry(cls, codes: Iterable[str], label: str) -> Likeness:
        """That of a diagnosis of the chart itself."""
        codes = frozenset(codes)
        return cls(codes, frozenset(f for code in codes for f in families(code)), frozenset({plain(label)} - {""}))

    def has(self, code: str) -> bool:
        """Whether a tidied ICD-10-CM code speaks of the condition."""
        return code in self.codes or any(family in self.families for family in families(code))


@dataclass(frozen=True, slots=True)
class _Traits:
    """What is compared of a category, worked out once."""

    family: str
    named: frozenset[str]
    stem: str
    label: str
    code: tuple[str, str, str]
    tabled: tuple[str, str]
    counterparts: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, category: ConditionCategory, models: Models) -> _Traits:
        named, model, number = diagnoses(category), model_of(category, models), number_of(category)
        return cls(
            family_of(category, models),
            named,
            _common({_stem(code)} for code in named),
            plain(category.label),
            (category.system, category.version, category.code),
            (version_of(category), number),
            model.counterparts.get(number, frozenset()) if model else frozenset(),
        )

    def same(self, other: _Traits) -> bool:
        """Two families decide. Else the same category or words; and, where neither has a family, diagnoses in common,
        or, where one names no diagnosis, tables that say so.

        A combination code (I13.2) must not join heart failure to kidney disease by way of a category without a family.
        """
        if self.family and other.family:
            return self.family == other.family
        same_code = bool(self.code[2]) and self.code == other.code
        if same_code or (self.label and self.label == other.label):
            return True
        if self.family or other.family:
            return False
        if not (self.named and other.named) and other.tabled in self.counterparts:
            return True
        return bool(self.stem and self.stem == other.stem) or bool(self.named & other.named)


def merged(categories: Iterable[ConditionCategory], models: Models) -> list[tuple[ConditionCategory, ...]]:
    """Groups of categories that are one condition."""
    groups: list[list[tuple[ConditionCategory, _Traits]]] = []
    for category in categories:
        traits = _Traits.of(category, models)
        same = [group for group in groups if any(traits.same(other) for _, other in group)]
        joined = [(category, traits), *(each for group in same for each in group)]
        groups = [group for group in groups if not any(group is each for each in same)] + [joined]
    return [tuple(category for category, _ in group) for group in groups]


def plain(text: str) -> str:
    """Words without case and blanks, for comparing."""
    return " ".join(text.casefold().split())
