"""Which condition category dominates which, and which ICD-10-CM codes belong to a category: small subsets of CMS-HCC
V24 and V28.

Source: CMS, 2026 Medicare Advantage risk adjustment model software and ICD-10 mappings (V2425, V2826; public domain),
https://www.cms.gov/medicare/payment/medicare-advantage-rates-statistics/risk-adjustment. Diabetes, heart failure,
chronic kidney disease, cancer and chronic lung disease only. Where no row says so, no dominance and no membership is
claimed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from app.core.report import ConditionCategory
from app.core.terminology import CMS_HCC

#: version -> category -> the categories it dominates.
DOMINATES: Mapping[str, Mapping[str, frozenset[str]]] = {
    "24": {
        "8": frozenset({"9", "10", "11", "12"}),
        "9": frozenset({"10", "11", "12"}),
        "10": frozenset({"11", "12"}),
        "11": frozenset({"12"}),
        "17": frozenset({"18", "19"}),
        "18": frozenset({"19"}),
        "110": frozenset({"111", "112"}),
        "111": frozenset({"112"}),
        "134": frozenset({"135", "136", "137", "138"}),
        "135": frozenset({"136", "137", "138"}),
        "136": frozenset({"137", "138"}),
        "137": frozenset({"138"}),
    },
    "28": {
        "17": frozenset({"18", "19", "20", "21", "22", "23"}),
        "18": frozenset({"19", "20", "21", "22", "23"}),
        "19": frozenset({"20", "21", "22", "23"}),
        "20": frozenset({"21", "22", "23"}),
        "21": frozenset({"22", "23"}),
        "22": frozenset({"23"}),
        "35": frozenset({"36", "37", "38"}),
        "36": frozenset({"37", "38"}),
        "37": frozenset({"38"}),
        "221": frozenset({"222", "223", "224", "225", "226", "227"}),
        "222": frozenset({"223", "224", "225", "226", "227"}),
        "223": frozenset({"224", "225", "226", "227"}),
        "224": frozenset({"225", "226", "227"}),
        "225": frozenset({"226", "227"}),
        "226": frozenset({"227"}),
        "276": frozenset({"277", "278", "279", "280"}),
        "277": frozenset({"278", "279", "280"}),
        "278": frozenset({"279", "280"}),
        "279": frozenset({"280"}),
        "326": frozenset({"327", "328", "329"}),
        "327": frozenset({"328", "329"}),
        "328": frozenset({"329"}),
    },
}

_DIABETES_24 = ("E08", "E09", "E10", "E11", "E13")
_DIABETES_28 = ("E08", "E10", "E11", "E13")  # V28 left out drug-induced diabetes (E09)

#: version -> beginning of an ICD-10-CM code -> categories. The longest beginning that fits decides.
MEMBERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "24": {
        **{stem: ("18",) for stem in _DIABETES_24},
        **{stem + end: ("17",) for stem in _DIABETES_24 for end in ("00", "01", "10", "11", "641")},
        **{stem + "9": ("19",) for stem in _DIABETES_24},
        "Z794": ("19",),
        "I50": ("85",), "I110": ("85",), "I130": ("85",), "I132": ("85", "136"), "I0981": ("85",),
        "N185": ("136",), "N186": ("136",), "I120": ("136",), "I1311": ("136",), "N184": ("137",), "N183": ("138",),
        "J410": ("111",), "J411": ("111",), "J418": ("111",), "J42": ("111",), "J43": ("111",), "J44": ("111",),
    },
    "28": {
        **{stem: ("37",) for stem in _DIABETES_28},
        **{stem + end: ("36",) for stem in _DIABETES_28 for end in ("00", "01", "10", "11", "641")},
        **{stem + end: ("38",) for stem in _DIABETES_28 for end in ("649", "65", "8", "9")},
        "Z794": ("38",),
        "I50": ("226",), "I110": ("226",), "I130": ("226",), "I132": ("226", "326"), "I0981": ("226",),
        "I5084": ("222",), "I5023": ("224",), "I5033": ("224",), "I5043": ("224",),
        "I5021": ("225",), "I5031": ("225",), "I5041": ("225",), "I50811": ("225",), "I50813": ("225",),
        "N185": ("326",), "N186": ("326",), "I120": ("326",), "I1311": ("326",),
        "N184": ("327",), "N1832": ("328",), "N1830": ("329",), "N1831": ("329",),
        "J410": ("280",), "J411": ("280",), "J418": ("280",), "J42": ("280",), "J43": ("280",), "J44": ("280",),
    },
}  # fmt: skip
_VERSION = re.compile(r"\bV?(2[0-9])(?:\b|$)", re.IGNORECASE)


def version_of(category: ConditionCategory) -> str:
    """The CMS-HCC version of a category, "24" or "28"; empty for any other model, and where none is stated."""
    if category.system != CMS_HCC:
        return ""
    for text in (category.version, category.model.version, category.model.title, category.model.url):
        if found := _VERSION.search(text.replace("-", " ").replace("_", " ")):
            return found[1] if found[1] in DOMINATES else ""
    return ""


def dominates(version: str, higher: str, lower: str) -> bool:
    """Whether, within one model version, `higher` dominates `lower` by a row of ours."""
    return lower in DOMINATES.get(version, {}).get(higher, ())


def categories_of(version: str, code: str) -> tuple[str, ...]:
    """The categories of a tidied ICD-10-CM code, as far as our subset goes."""
    members = MEMBERS.get(version, {})
    return next((members[code[:n]] for n in range(len(code), 2, -1) if code[:n] in members), ())


def covers(category: ConditionCategory, codes: Iterable[str]) -> bool:
    """Whether one of the codes is of this category or of one that dominates it."""
    version = version_of(category)
    return any(
        found == category.code or dominates(version, found, category.code)
        for code in codes
        for found in categories_of(version, code)
    )
