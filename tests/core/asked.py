"""Prompts by hand: what is asked of a made-up chart, by the tables of the models as they ship."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.chart import Concept, Fact, Quantity
from app.core.conditions import family
from app.core.flag import PromptRow
from app.core.prompts import Prompts, prompts
from app.core.report import ConditionCategory
from app.sources.hcc import models
from tests.core.made import TODAY, fact, icd, loinc, on, reading

MODELS = models()


def merged(categories: list[ConditionCategory]) -> list[tuple[ConditionCategory, ...]]:
    return family.merged(categories, MODELS)


def look(
    *categories: ConditionCategory, facts: Iterable[Fact] = (), today: date = TODAY, unread: Iterable[str] = ()
) -> Prompts:
    return prompts(categories, reading(*facts, unread=unread), today, MODELS)


def only_row(
    *categories: ConditionCategory, facts: Iterable[Fact] = (), today: date = TODAY, unread: Iterable[str] = ()
) -> PromptRow:
    found = look(*categories, facts=facts, today=today, unread=unread)
    assert len(found.rows) == 1
    return found.rows[0]


def hidden(found: Prompts) -> list[tuple[str, str, str]]:
    return [(h.category.code, h.why, h.by) for h in found.hidden]


def visit(when: str = "2026-05-05", setting: str = "AMB", words: str = "Office visit", **other: Any) -> Fact:
    return fact("Encounter", Concept(text=words), when, setting=setting, **other)


def diagnosed(code: str, at: Fact | None, **other: Any) -> Fact:
    fields = {"category": ("encounter-diagnosis",), "encounter": at.ref if at else ""} | other
    return fact("Condition", icd(code, code), **fields)


def listed(code: str, when: str | None, **other: Any) -> Fact:
    """An active entry of the problem list, written when it began."""
    fields = {"category": ("problem-list-item",), "recorded": on(when) if when else None} | other
    return fact("Condition", icd(code, code), when, **fields)


def drug(words: str, when: str | None = "2026-02-01", **other: Any) -> Fact:
    return fact("MedicationRequest", Concept(text=words), when, **other)


def lab(code: str, value: str, unit: str, when: str, comparator: str = "", **other: Any) -> Fact:
    quantity = Quantity(Decimal(value), unit, "", comparator)
    return fact("Observation", loinc(code), when, value=quantity, **other)


def egfr(value: int, when: str, unit: str = "mL/min/{1.73_m2}", **other: Any) -> Fact:
    return lab("98979-8", str(value), unit, when, **other)


def bmi(value: str, when: str) -> Fact:
    return lab("39156-5", value, "kg/m2", when)
