"""What a payer calls the measures that we have rules for, as the site's entries state it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.measures.rule import MeasureName, MeasureRule


@dataclass(frozen=True, slots=True)
class PayerName:
    """One canonical of a payer: whose rule it is, and the versions that somebody compared with the rule.

    A whole URL, so that it names one payer's measure and no other's. Raises ValueError for anything else.
    """

    rule: str  # key of the rule
    canonical: str
    versions: tuple[str, ...] = ()  # as in `MeasureName`

    def __post_init__(self) -> None:
        if not self.canonical.startswith(("https://", "http://", "urn:")) or "|" in self.canonical:
            raise ValueError(f"canonical {self.canonical!r} must be a whole URL, without a version")
        if not isinstance(self.versions, tuple):
            raise ValueError(f'versions of {self.canonical} must be a list, e.g. ["2026"]')


def by_rule(names: Iterable[PayerName], rules: Iterable[MeasureRule]) -> Mapping[str, tuple[MeasureName, ...]]:
    """The names of all payers for `Registry`. Raises ValueError, naming the known rules, for a rule that there is not,
    and for a canonical that is given to two rules.
    """
    known = [rule.key for rule in rules]
    found: dict[str, dict[str, MeasureName]] = {}
    whose: dict[str, str] = {}
    for name in names:
        canonical = name.canonical.rstrip("/")
        if name.rule not in known:
            raise ValueError(f"{name.canonical}: no rule is called {name.rule!r}; rules: {', '.join(known)}")
        if whose.setdefault(canonical, name.rule) != name.rule:
            raise ValueError(f"{name.canonical} cannot be both {whose[canonical]} and {name.rule}")
        before = found.setdefault(name.rule, {}).get(canonical)
        versions = dict.fromkeys((*(before.versions if before else ()), *name.versions))
        found[name.rule][canonical] = MeasureName(canonical, tuple(versions))
    return {rule: tuple(named.values()) for rule, named in found.items()}
