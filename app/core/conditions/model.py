"""A risk model as far as this app needs one: which diagnoses make which category, which category dominates which.

The tables are handed in (`app/sources/hcc.py` reads them); no weight and no amount is part of a model here. A category
means nothing without the version of its model, so a model that we have no tables of is told apart, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from app.core.flag import RuleSource
from app.core.report import ConditionCategory
from app.core.terminology import CMS_HCC

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NOWHERE: Mapping[str, frozenset[tuple[str, str]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RiskModel:
    """One version of CMS-HCC. Codes are tidied ICD-10-CM (`E1122`), categories bare numbers (`37`)."""

    version: str  # "24", "28"
    members: Mapping[str, tuple[str, ...]]  # diagnosis -> its categories
    dominates: Mapping[str, frozenset[str]]  # category -> those it dominates, as published
    labels: Mapping[str, str]  # category -> its published name
    source: RuleSource
    #: What `family.related` derives from the members: the clinical family of a category, and the categories of other
    #: versions that are made of the same diagnoses.
    families: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    counterparts: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=lambda: _NOWHERE)


#: By version. A version that is not in it has no tables here.
Models: TypeAlias = Mapping[str, RiskModel]
NO_MODELS: Models = MappingProxyType({})

#: A version is the whole text, or stands after "V" or "CMS-HCC": the same number in a date, in a dotted release number
#: or after a bare "HCC" (which is a category) is none.
_WHOLE = re.compile(r"\s*V?(2[0-9])\s*", re.IGNORECASE)
_NAMED = re.compile(r"(?<![\w.])(?:CMS ?HCC(?: model)? ?V?|V(?:ersion)? ?)(2[0-9])(?!\w|\.\w)", re.IGNORECASE)
#: Models that borrow the code system or the version numbers of CMS-HCC and are not it. ESRD V24 has other rules than
#: V24.
_ANOTHER = re.compile(r"\besrd\b|\bdialysis\b|rx-?\s?hcc|hhs-?\s?hcc|\bcdps\b|\bcommercial\b", re.IGNORECASE)

_NUMBER = re.compile(r"^\s*(?:CMS-?)?(?:HCC|CC)?[\s-]*0*([1-9][0-9]*)\s*$", re.IGNORECASE)


def version_of(category: ConditionCategory) -> str:
    """The CMS-HCC version that a category states, "24" or "28" for instance; empty for any other model, and where none
    is stated.
    """
    if category.system != CMS_HCC:
        return ""
    model = category.model
    return _version(category.version, model.version, model.title, model.url)


@lru_cache(maxsize=256)  # a handful of models, asked for with every category again and again
def _version(*stated: str) -> str:
    texts = [_spaced(text) for text in stated]
    if any(_ANOTHER.search(text) for text in texts):
        return ""
    named = (_named(text) for text in texts)
    return next((found.pop() for found in named if len(found) == 1), "")


def _named(text: str) -> set[str]:
    """The versions in a text; several are none, as in "from V24 to V28"."""
    whole = _WHOLE.fullmatch(text)
    return {whole[1]} if whole else set(_NAMED.findall(text))


def number_of(category: ConditionCategory) -> str:
    """The bare number of a category, as the tables write it: some payers send `HCC 37` or `037`."""
    return _number(category.code)


@lru_cache(maxsize=1024)  # of the few hundred categories that there are
def _number(code: str) -> str:
    found = _NUMBER.match(code)
    return found[1] if found else code


def model_of(category: ConditionCategory, models: Models) -> RiskModel | None:
    """The tables that a category is read by; None for a model that we have none of."""
    return models.get(version_of(category))


def _spaced(text: str) -> str:
    return text.replace("-", " ").replace("_", " ").replace("/", " ")
