"""Member ids of a coverage and of a payer's record, with the dependents' suffixes that families share an id by.

A payer's `W100200300-02` is the dependent 02 of `W100200300`. US payers write the suffix with a hyphen, a blank or
nothing; US Core's Coverage carries it in the member id, or apart in `dependent`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from app.core.chart import Coverage, Identifier, Patient

#: v2-0203 MB, and HRex's UMB: identifiers that name a member.
_MEMBER_TYPES = frozenset({"MB", "UMB"})
_LONGEST_SUFFIX = 3


class Membership(IntEnum):
    """How the payer's record is tied to the coverage; of several ids the strongest statement counts."""

    NOT_STATED = 0  # the payer's record carries no member id
    OTHER = 1  # another id
    SHARED = 2  # the same id, but relatives may have it too
    OTHER_DEPENDENT = 3  # the same family, another dependent: becomes OTHER
    OWN = 4  # this person's id


def membership(coverage: Coverage, payer: Patient) -> Membership:
    """How the payer's record is tied to the coverage. Never OTHER_DEPENDENT."""
    stated = [i.value for i in payer.identifiers if i.type_code in _MEMBER_TYPES and i.value.strip()]
    ours = _ours(coverage)
    if not stated:  # untyped identifiers count only where one of them is the member id
        stated = [i.value for i in payer.identifiers if _same_value(i, ours)]
    if not stated or not ours:
        return Membership.NOT_STATED
    theirs = [_tidy(value) for value in stated]
    tie = max(_tie(own, dependent, other, coverage) for own, dependent in ours for other in theirs)
    if tie is Membership.SHARED and _names_another_dependent(ours, theirs):
        tie = Membership.OTHER_DEPENDENT
    return Membership.OTHER if tie is Membership.OTHER_DEPENDENT else tie


def _ours(coverage: Coverage) -> list[tuple[str, str]]:
    """Our ids, each with the dependent's number where it stands apart or follows from another of our ids."""
    written: Iterable[str] = [*(i.value for i in coverage.member_ids), coverage.subscriber_id]
    values = [tidy for value in dict.fromkeys(written) if (tidy := _tidy(value))]
    apart = _tidy(coverage.dependent)
    return [(own, apart or next(filter(None, (_suffix(own, other) for other in values)), "")) for own in values]


def _names_another_dependent(ours: list[tuple[str, str]], theirs: list[str]) -> bool:
    """The payer names the family's id and a dependent of it, and ours is another dependent."""
    return any(
        (mine := _suffix(family, own)) and (other := _suffix(family, longer)) and int(mine) != int(other)
        for own, _ in ours
        for family in theirs
        for longer in theirs
    )


def _tie(own: str, dependent: str, theirs: str, coverage: Coverage) -> Membership:
    if dependent and theirs == own + dependent:
        return Membership.OWN
    if own == theirs:
        personal = coverage.relationship == "self" or (dependent and own.endswith(dependent))
        return Membership.OWN if personal else Membership.SHARED
    if (suffix := _suffix(own, theirs)) is not None:
        if not dependent:
            return Membership.SHARED
        same = dependent.isdigit() and int(dependent) == int(suffix)
        return Membership.OWN if same else Membership.OTHER_DEPENDENT
    if _suffix(theirs, own) is not None:
        return Membership.SHARED
    return Membership.OTHER


def _suffix(base: str, longer: str) -> str | None:
    """The dependent's digits by which `longer` is `base` and more."""
    rest = longer[len(base) :] if base and longer.startswith(base) else ""
    return rest if rest.isascii() and rest.isdigit() and len(rest) <= _LONGEST_SUFFIX else None


def _same_value(identifier: Identifier, ours: list[tuple[str, str]]) -> bool:
    value = _tidy(identifier.value)
    return any(value == own or _suffix(own, value) is not None for own, _ in ours)


def _tidy(value: str) -> str:
    """Without the blanks and hyphens in which senders differ."""
    return "".join(c for c in value.casefold() if c.isalnum())
