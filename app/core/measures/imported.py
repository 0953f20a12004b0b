"""Code lists that a practice has imported (CPT, SNOMED CT, value sets), put where a rule expects them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.core.measures.kind import Kind
from app.core.measures.rule import Exclusion, MeasureRule
from app.core.terminology import CodeSet

#: The part of a rule that is neither a kind of evidence nor an exclusion: the diagnosis of its population.
DIAGNOSIS = "diagnosis"


@dataclass(frozen=True, slots=True)
class CodeList:
    """`target` is `<rule key>/<kind or exclusion name>`, or `<rule key>/diagnosis`."""

    target: str
    codes: CodeSet


def targets(rules: Iterable[MeasureRule]) -> tuple[str, ...]:
    """Everything that a list can be imported for."""
    return tuple(f"{rule.key}/{name}" for rule in rules for name in _names(rule))


def with_codes(rules: Iterable[MeasureRule], lists: Iterable[CodeList]) -> list[MeasureRule]:
    """The rules with these lists added to what they ship. Raises ValueError for a target that no rule has."""
    rules = tuple(rules)
    known, lists = set(targets(rules)), tuple(lists)
    if unknown := sorted(each.target for each in lists if each.target not in known):
        raise ValueError(f"no rule has {', '.join(unknown)}")
    return [_extended(rule, lists) for rule in rules]


def _names(rule: MeasureRule) -> list[str]:
    names = [kind.name for kind in rule.evidence]
    names += [rule.follow_up.settled_by.name] if rule.follow_up else []
    names += [exclusion.name for exclusion in rule.exclusions if len(exclusion.all_of) == 1]
    names += [DIAGNOSIS] if rule.population.diagnosis.full or rule.population.diagnosis.beginnings else []
    return list(dict.fromkeys(names))


def _extended(rule: MeasureRule, lists: tuple[CodeList, ...]) -> MeasureRule:
    added: dict[str, CodeSet] = {}
    for each in lists:
        key, _, name = each.target.partition("/")
        if key == rule.key:
            added[name] = added.get(name, CodeSet()) | each.codes
    if not added:
        return rule
    follow_up = rule.follow_up and replace(rule.follow_up, settled_by=_kind(rule.follow_up.settled_by, added))
    people = rule.population
    return replace(
        rule,
        evidence=tuple(_kind(kind, added) for kind in rule.evidence),
        exclusions=tuple(_exclusion(exclusion, added) for exclusion in rule.exclusions),
        population=replace(people, diagnosis=people.diagnosis | added.get(DIAGNOSIS, CodeSet())),
        follow_up=follow_up,
    )


def _kind(kind: Kind, added: dict[str, CodeSet]) -> Kind:
    return replace(kind, codes=kind.codes | added[kind.name]) if kind.name in added else kind


def _exclusion(exclusion: Exclusion, added: dict[str, CodeSet]) -> Exclusion:
    if exclusion.name not in added or len(exclusion.all_of) != 1:
        return exclusion
    return replace(exclusion, all_of=(exclusion.all_of[0] | added[exclusion.name],))
