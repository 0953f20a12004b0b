"""Conditions that were assessed here as present, and those that nobody has and a payer counts, side by side.

In a file and on paper a line is never left out: what is sensitive is there, and its condition is withheld.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.actions.lists import Compliance, Direction, Line
from app.core import sensitive
from app.core.ledger.verb import Why
from app.web.present.dates import day_words, plain_day
from app.web.present.recorded import WHY_WORDS
from app.web.present.text import by_payer, counted, listed, plain

TITLE = "Conditions added and removed"
LEAD = (
    "What clinicians here assessed as present, beside what they found not to be there although a plan counts it. "
    "Lines are only ever added."
)
TITLES: Mapping[Direction, str] = {Direction.ADDED: "Assessed present", Direction.REMOVED: "Not present, and counted"}
WITHHELD = "withheld: sensitive"
AT_MOST = 200  # lines of a side on the screen; the file has them all

#: As what a plan has a condition.
STATUSES: Mapping[str, str] = {
    "closed-gap": "counted this year",
    "historic": "counted in an earlier year",
    "net-new": "counted by the plan's own finding",
    "suspected": "suspected",
    "open-gap": "open",
}
_GONE = "Whom it is about can no longer be read: its key was retired."


@dataclass(frozen=True, slots=True)
class LineView:
    """One line. `paper`: the condition as it is printed."""

    id: str
    condition: str
    withheld: bool
    name: str
    ids: tuple[str, ...]
    plan: str
    said: str


@dataclass(frozen=True, slots=True)
class SideView:
    id: str
    title: str  # with its count
    lines: tuple[LineView, ...]
    more: str
    none: str


@dataclass(frozen=True, slots=True)
class ComplianceView:
    """The page. `broken`: said loudly; empty: the list is what was written."""

    title: str
    lead: str
    broken: str
    whole: str
    sides: tuple[SideView, ...]
    file_words: str
    withheld: str


def page(found: Compliance, payers: Mapping[str, str], now: datetime) -> ComplianceView:
    sides = tuple(
        _side(way, lines, payers, now)
        for way, lines in ((Direction.ADDED, found.added), (Direction.REMOVED, found.removed))
    )
    every = (*found.added, *found.removed)
    kept = sum(is_sensitive(line) for line in every)
    return ComplianceView(
        title=TITLE,
        lead=LEAD,
        broken=broken_words(found.broken),
        whole="" if found.broken else "Every line is as it was written.",
        sides=sides,
        file_words=f"Table of {counted(len(every), 'line')} (CSV)" if every else "",
        withheld=f"In the table and on paper, {counted(kept, 'condition is', 'conditions are')} withheld as sensitive."
        if kept
        else "",
    )


def broken_words(numbers: Sequence[int]) -> str:
    """Which lines are missing or were edited, in this EHR's list or another's: the chain is one."""
    if not numbers:
        return ""
    named = listed([str(each) for each in numbers[:5]]) + (" and others" if len(numbers) > 5 else "")
    which = "Line" if len(numbers) == 1 else "Lines"
    return (
        f"This list is not what was written. {which} {named} {'is' if len(numbers) == 1 else 'are'} missing or edited. "
        "Tell whoever answers for compliance, and keep the database as it is."
    )


def is_sensitive(line: Line) -> bool:
    return sensitive.of_words(line.condition) is not None or sensitive.of_words(line.word) is not None


def _side(way: Direction, lines: Sequence[Line], payers: Mapping[str, str], now: datetime) -> SideView:
    more = f"{len(lines) - AT_MOST} more are in the table." if len(lines) > AT_MOST else ""
    drawn = tuple(_line(line, payers, now) for line in lines[:AT_MOST])
    return SideView(way.value, f"{TITLES[way]}: {len(lines)}", drawn, more, "" if lines else "None.")


def _line(line: Line, payers: Mapping[str, str], now: datetime) -> LineView:
    at = line.at.astimezone(now.tzinfo) if line.at else None
    said = [f"{plain(line.by)}" if line.by else "", day_words(at.date(), now.date()) if at else ""]
    why = ". ".join(filter(None, [_reason(line.reason), f"“{plain(line.word)}”" if line.word else ""]))
    status = STATUSES.get(line.payer_status, plain(line.payer_status))
    plan = plain(payers.get(line.payer, line.payer))
    return LineView(
        id=str(line.number),
        condition=by_payer(line.condition, "a condition"),
        withheld=is_sensitive(line),
        name=plain(line.person.name) or _GONE,
        ids=tuple(plain(each) for each in (line.person.born, line.person.record) if each),
        plan=f"{plan}: {status}" if status else plan,
        said=f"{why}. {', '.join(filter(None, said))}" if why else ", ".join(filter(None, said)),
    )


def _reason(code: str) -> str:
    return WHY_WORDS[Why(code)] if code in list(Why) else plain(code)


# --- the file ---------------------------------------------------------------------------------------------------------

HEADER = (
    "Line", "Date", "Patient", "Birth date", "Record number", "Payer", "Assessed present", "Not present, and counted",
    "Model", "Payer has it as", "Reason", "Assessed by",
)  # fmt: skip


def table(found: Compliance, payers: Mapping[str, str], now: datetime) -> Iterator[tuple[str, ...]]:
    """Both directions in one table, by their numbers: the condition stands in the one or in the other column."""
    for line in sorted((*found.added, *found.removed), key=lambda each: each.number):
        withheld = is_sensitive(line)
        condition = WITHHELD if withheld else plain(line.condition)
        added = line.direction is Direction.ADDED
        yield (
            str(line.number),
            plain_day(line.at.astimezone(now.tzinfo).date()) if line.at else "",
            plain(line.person.name),
            plain(line.person.born).removeprefix("born "),
            plain(line.person.record).removeprefix("record "),
            plain(payers.get(line.payer, line.payer)),
            condition if added else "",
            "" if added else condition,
            "" if withheld else plain(line.model),
            STATUSES.get(line.payer_status, plain(line.payer_status)),
            _reason(line.reason),
            plain(line.by),
        )
