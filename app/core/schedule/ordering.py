"""Filters, order and search of a day's rows. Filters and order stand in the URL as codes of ours, so that nothing of a
patient does; what is searched for is typed, and stands in no URL.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeVar

from app.core.chart import Patient
from app.core.measures import REGISTRY, Registry
from app.core.schedule.appointment import Mode
from app.core.schedule.row import MarkKind, Owner, Row, Step

E = TypeVar("E", bound=StrEnum)


class Kind(StrEnum):
    """What a row has some of: the counts of `Counts` by name."""

    TODAY = "today"
    NEXT_VISIT = "next-visit"
    ORDERED = "ordered"
    STAFF = "staff"
    UNCLEAR = "unclear"
    PROMPTS = "prompts"


class Sort(StrEnum):
    TIME = "time"
    MOST = "most"  # most to do first
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a day is asked for. Of one filter any value is enough, all filters must hold; none: every row."""

    owner: tuple[Owner, ...] = ()
    kind: tuple[Kind, ...] = ()
    mode: tuple[Mode, ...] = ()
    mark: tuple[MarkKind, ...] = ()
    payer: tuple[str, ...] = ()  # ids of payer entries
    act: tuple[str, ...] = ()  # Card.act of rules that we have
    steps: bool = False  # only rows with something to do
    sort: Sort = Sort.TIME

    @property
    def filters(self) -> bool:
        """Whether any row may be left out."""
        return any(getattr(self, each.name) for each in fields(self) if each.name != "sort")


EVERYTHING = Wanted()


def acts(registry: Registry = REGISTRY) -> tuple[str, ...]:
    """The acts that may be filtered by: those of rules. What a payer calls its own measures stands in no URL."""
    follow_ups = (f"{rule.key}/follow-up" for rule in registry.rules if rule.follow_up)
    return (*(rule.key for rule in registry.rules), *follow_ups)


def wanted(query: Iterable[tuple[str, str]], payers: Iterable[str] = (), registry: Registry = REGISTRY) -> Wanted:
    """What a query string asks for, as pairs; a name may come several times. Unknown names and codes are ignored."""
    given: dict[str, list[str]] = {}
    for name, value in query:
        given.setdefault(name, []).append(value)
    return Wanted(
        owner=_those(Owner, given.get("owner", ())),
        kind=_those(Kind, given.get("kind", ())),
        mode=_those(Mode, given.get("mode", ())),
        mark=_those(MarkKind, given.get("mark", ())),
        payer=_known(given.get("payer", ()), payers),
        act=_known(given.get("act", ()), acts(registry)),
        steps="1" in given.get("steps", ()),
        sort=next(iter(_those(Sort, given.get("sort", ()))), Sort.TIME),
    )


def query(asked: Wanted) -> tuple[tuple[str, str], ...]:
    """The pairs of a query string that `wanted` reads as this."""
    pairs = [(name, str(value)) for name in _FILTERS for value in getattr(asked, name)]
    pairs += [("steps", "1")] if asked.steps else []
    pairs += [("sort", asked.sort.value)] if asked.sort is not Sort.TIME else []
    return tuple(pairs)


def arranged(rows: Iterable[Row], asked: Wanted = EVERYTHING, text: str = "") -> tuple[Row, ...]:
    """The rows asked for, in the order asked for; `text` is what somebody typed to find."""
    found = [row for row in rows if _passes(row, asked)]
    words = folded(text).split()
    if words:
        found = [row for row in found if all(word in _haystack(row) for word in words)]
    return tuple(sorted(found, key=_KEYS[asked.sort]))


def to_do(row: Row) -> int:
    """How much a row has to do at this visit, as its counts say."""
    return row.counts.today + row.counts.staff + row.counts.unclear + row.counts.prompts


def folded(text: str) -> str:
    """Text without case and diacritics, for looking things up in."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


_FILTERS = ("owner", "kind", "mode", "mark", "payer", "act")
_LAST = "\uffff"


def _those(enum: type[E], values: Iterable[str]) -> tuple[E, ...]:
    known = {each.value: each for each in enum}
    return tuple(known[value] for value in dict.fromkeys(values) if value in known)


def _known(values: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    allowed = set(allowed)
    return tuple(value for value in dict.fromkeys(values) if value in allowed)


def _passes(row: Row, asked: Wanted) -> bool:
    steps = (*row.steps, *row.more_steps)
    counts: Mapping[Kind, int] = {kind: getattr(row.counts, kind.value.replace("-", "_")) for kind in asked.kind}
    return (
        (not asked.steps or bool(steps))
        and (not asked.owner or any(step.owner in asked.owner for step in steps))
        and (not asked.kind or any(counts.values()))
        and (not asked.mode or row.appointment.mode in asked.mode)
        and (not asked.mark or any(mark.kind in asked.mark for mark in row.marks))
        and (not asked.payer or bool(_payers(row, steps) & set(asked.payer)))
        and (not asked.act or any(step.key in asked.act for step in steps))
    )


def _payers(row: Row, steps: Sequence[Step]) -> set[str]:
    return {*row.payers, *row.silent, *row.restricted, *(payer for step in steps for payer in step.payers)}


def _haystack(row: Row) -> str:
    """The words of a row that somebody may look for: who, why they come, and what they need."""
    visit = row.appointment
    said = [visit.reason, visit.kind.label, visit.service.label, *visit.practitioner_names, *visit.location_names]
    said += [step.service for step in (*row.steps, *row.more_steps)]
    return folded(" ".join((*_names(row.patient), *said)))


def _names(patient: Patient | None) -> list[str]:
    if patient is None:
        return []
    names = [word for name in patient.names for word in (*name.given, name.family, name.text)]
    return [*names, *(each.value for each in patient.identifiers)]


def _by_time(row: Row) -> tuple[float, str, str]:
    return row.appointment.start.timestamp(), row.appointment.ref, row.patient_ref


def _by_most(row: Row) -> tuple[object, ...]:
    return (-to_do(row), *_by_time(row))


def _by_name(row: Row) -> tuple[object, ...]:
    """By family name, then given; who has not been read yet stands last."""
    names = row.patient.names if row.patient else ()
    main = next((name for name in names if name.use == "official"), names[0] if names else None)
    said = (folded(main.family or main.text), folded(" ".join(main.given))) if main else (_LAST, "")
    return (*said, *_by_time(row))


_KEYS = {Sort.TIME: _by_time, Sort.MOST: _by_most, Sort.NAME: _by_name}
