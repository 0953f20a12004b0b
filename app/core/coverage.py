"""Which coverages are in force, and which payer each belongs to (US Core Coverage; the rows come from the payer
entries).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from app.core.chart import Coverage

EVERY_EHR = "*"


@dataclass(frozen=True, slots=True)
class Recognition:
    """How one payer's coverage looks in one EHR. Everything that is stated must fit; a row that states nothing fits
    nothing.

    Texts are compared without regard to case and blanks. `identifier` is `value` or `system|value` of the payor; `ref`
    is the payor's reference in that EHR, `Organization/…`.
    """

    ehr: str = EVERY_EHR
    payor: str = ""
    payor_contains: str = ""
    identifier: str = ""
    ref: str = ""
    plan: str = ""
    plan_contains: str = ""

    def fits(self, coverage: Coverage) -> bool:
        names, plan = [_plain(name) for name in coverage.payors], _plain(coverage.plan)
        results = (
            not self.payor or _plain(self.payor) in names,
            not self.payor_contains or any(_plain(self.payor_contains) in name for name in names),
            not self.identifier or _identified(coverage, self.identifier),
            not self.ref or any(_same_ref(ref, self.ref) for ref in coverage.payor_refs),
            not self.plan or plan == _plain(self.plan),
            not self.plan_contains or _plain(self.plan_contains) in plan,
        )
        return bool(self._said()) and all(results)

    def _said(self) -> list[str]:
        said = (self.payor, self.payor_contains, self.identifier, self.ref, self.plan, self.plan_contains)
        return [words for words in said if words.strip()]

    @property
    def weight(self) -> int:
        """How much the row states: of two payers that fit, the one that says more is meant."""
        return 2 * len(self._said()) + (self.ehr != EVERY_EHR)


class Recognised(Protocol):
    """What must be known of a payer entry here."""

    @property
    def id(self) -> str: ...
    @property
    def recognised_by(self) -> tuple[Recognition, ...]: ...


P = TypeVar("P", bound=Recognised)


def active(coverages: Iterable[Coverage], today: date) -> tuple[Coverage, ...]:
    """The coverages in force today. A missing border of the period is open; a missing status is not a cancellation."""
    return tuple(
        c
        for c in coverages
        if c.status in ("active", "")
        and (c.start is None or c.start.start <= today)
        and (c.end is None or today <= c.end.end)
    )


def recognise(coverage: Coverage, payers: Sequence[P], ehr: str = EVERY_EHR) -> P | None:
    """The payer of a coverage. None when no row fits, and when two payers fit equally well: a member id goes to nobody
    by guess.
    """
    weights = {
        payer.id: max(
            (r.weight for r in payer.recognised_by if r.ehr in (EVERY_EHR, ehr) and r.fits(coverage)), default=0
        )
        for payer in payers
    }
    best = max(weights.values(), default=0)
    found = [payer for payer in payers if weights[payer.id] == best > 0]
    return found[0] if len(found) == 1 else None


def connect(
    coverages: Iterable[Coverage], ehr: str, today: date, payers: Sequence[P]
) -> tuple[tuple[tuple[P, Coverage], ...], tuple[Coverage, ...]]:
    """The payers of the active coverages, each once with the coverage to ask by; and the coverages nobody is connected
    to.

    Several coverages of one membership (a medical and a pharmacy row) are one question. A second membership at the same
    payer cannot be asked under one name yet: it stays unconnected, so that nothing looks complete.
    """
    connected: dict[str, tuple[P, Coverage]] = {}
    unconnected: list[Coverage] = []
    for coverage in sorted(active(coverages, today), key=_usefulness):
        payer = recognise(coverage, payers, ehr)
        if payer is None:
            unconnected.append(coverage)
        elif payer.id not in connected:
            connected[payer.id] = (payer, coverage)
        elif not same_membership(coverage, connected[payer.id][1]):
            unconnected.append(coverage)
    return tuple(connected.values()), tuple(unconnected)


def same_membership(one: Coverage, other: Coverage) -> bool:
    """Whether two coverages name the same member, or one of them names none."""
    ids, others = _member_ids(one), _member_ids(other)
    return not ids or not others or bool(ids & others)


def accounted(coverages: Iterable[Coverage], asked: Iterable[Coverage], unconnected: Iterable[Coverage]) -> bool:
    """Whether every one of `coverages` was asked under some name or is known to be unconnected."""
    asked = tuple(asked)
    refs = {c.ref for c in (*asked, *unconnected)}
    return all(c.ref in refs or any(_same_payor(c, a) and same_membership(c, a) for a in asked) for c in coverages)


def _same_payor(one: Coverage, other: Coverage) -> bool:
    mine, theirs = (
        {*map(_plain, c.payors), *c.payor_refs, *(i.value for i in c.payor_identifiers)} for c in (one, other)
    )
    return bool(mine & theirs)


def _member_ids(coverage: Coverage) -> set[str]:
    ids = {identifier.value for identifier in coverage.member_ids} | {coverage.subscriber_id}
    return {_plain(value) for value in ids if value.strip()}


def _usefulness(coverage: Coverage) -> tuple[bool, int, str]:
    """Those that carry a member id first, then the newest; the reference makes it a total order."""
    start = coverage.start.start.toordinal() if coverage.start else 0
    return (not _member_ids(coverage), -start, coverage.ref)


def _identified(coverage: Coverage, wanted: str) -> bool:
    system, _, value = wanted.rpartition("|")
    return any(i.value == value and (not system or i.system == system) for i in coverage.payor_identifiers)


def _same_ref(one: str, other: str) -> bool:
    return one == other or one.endswith("/" + other)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
