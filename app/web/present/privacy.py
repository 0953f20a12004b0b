"""The privacy role's page in words: what is hidden and by whom, whom it is about, restrictions on disclosure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.actions import Held, Person, PrivacyDesk, Restriction, Said
from app.core.chart import Patient
from app.core.roles import Role
from app.web.present.dates import day_words
from app.web.present.people import ROLE_WORDS, header
from app.web.present.text import counted, plain
from app.web.present.words import NOT_THIS_PATIENT

TITLE = "Privacy"
HELD = f"Reports marked “{NOT_THIS_PATIENT}”"
RESTRICTIONS = "Restrictions on disclosure"
EVERY, EVERY_PAYER = "*", "Every payer"  # in the form: a missing field means nobody
_RESTRICTS = (
    "A payer named here is not asked about this patient. What the EHR itself holds (consents, flags) is checked each "
    "time as well."
)
_NO_CHART = "To enter a restriction, open Chartside from that patient's chart."
_NONE = "None was entered here for this patient."
_GONE = "Who it is about can no longer be read: its key was retired."
_NO_REASON = "Write a reason first. Nothing was changed."


@dataclass(frozen=True, slots=True)
class EntryView:
    """One hidden report or restriction. `decided` is empty while nobody has looked."""

    id: str
    payer: str
    name: str
    ids: tuple[str, ...]  # birth date and record number
    said: str
    why: str
    decided: str = ""
    problem: str = ""
    version: str = ""  # comes back with a decision


@dataclass(frozen=True, slots=True)
class PrivacyView:
    """The page. `patient` empty: no chart is open, so no restriction can be entered."""

    title: str
    held_title: str
    summary: str
    waiting: tuple[EntryView, ...]
    kept: tuple[EntryView, ...]
    kept_title: str
    restrictions_title: str
    restrictions_words: str  # what one does; without a chart, where one can be entered
    patient: str
    ids: tuple[str, ...]
    restrictions: tuple[EntryView, ...]
    no_restriction: str  # said where there is none
    payers: tuple[tuple[str, str], ...]  # value and words, every payer first
    problem: str  # of the form for a new restriction
    refused: str = ""  # what was decided meanwhile, so that nothing was done


def person(patient: Patient | None) -> Person:
    """Whom a hold or restriction is about: name and two identifiers as this chart states them."""
    if patient is None:
        return Person()
    shown = header(patient, today=datetime.min.date(), on_screen=True)  # an age would be wrong later on
    return Person(shown.name.words, shown.born, shown.record)


def page(
    desk: PrivacyDesk,
    patient: Patient | None,
    payers: Mapping[str, str],
    now: datetime,
    *,
    missing: str,
    changed: Held | None = None,
) -> PrivacyView:
    """`missing` is the id of an entry that came without a reason, or `new`; `changed`: decided on by somebody else."""
    whom = person(patient)
    return PrivacyView(
        title=TITLE,
        held_title=HELD,
        summary=_summary(desk),
        waiting=tuple(_held(each, payers, now, missing) for each in desk.waiting),
        kept=tuple(_held(each, payers, now, missing) for each in desk.kept),
        kept_title=f"Kept hidden: {len(desk.kept)}",
        restrictions_title=RESTRICTIONS,
        restrictions_words=_RESTRICTS if whom.name else _NO_CHART,
        patient=whom.name,
        ids=_ids(whom),
        restrictions=tuple(_restriction(each, payers, now, missing) for each in desk.restrictions),
        no_restriction="" if desk.restrictions else _NONE,
        payers=((EVERY, EVERY_PAYER), *((id_, plain(name)) for id_, name in payers.items())),
        problem=_NO_REASON if missing == "new" else "",
        refused=_refused(changed, payers, now) if changed else "",
    )


def _refused(held: Held, payers: Mapping[str, str], now: datetime) -> str:
    """Nothing was done, because the page was older than a colleague's decision: whose, and which."""
    payer = plain(payers.get(held.payer, held.payer))
    if held.decided_at is None:
        return f"Nothing was changed. Look at the report of {payer} again."
    done = "shown again" if held.released else "kept hidden"
    why = f" Reason: {plain(held.decided.note.why)}" if held.decided and held.decided.note.why else ""
    return (
        f"Nothing was changed. The report of {payer} was {done} by {_by(held.decided)} on {_at(held.decided_at, now)}, "
        f"after this page was opened.{why}"
    )


def _summary(desk: PrivacyDesk) -> str:
    if not desk.waiting:
        return "Nothing waits for a decision."
    waits = counted(len(desk.waiting), "report waits", "reports wait")
    return f"{waits} for a decision. Until then nobody sees {'it' if len(desk.waiting) == 1 else 'them'}."


def _held(held: Held, payers: Mapping[str, str], now: datetime, missing: str) -> EntryView:
    whom = held.said.note.person if held.said else Person()
    return EntryView(
        id=held.id,
        payer=plain(payers.get(held.payer, held.payer)),
        name=plain(whom.name) or _GONE,
        ids=_ids(whom),
        said=f"Marked “{NOT_THIS_PATIENT}” by {_by(held.said)} on {_at(held.at, now)}.",
        why=f"Reason: {plain(held.decided.note.why)}" if held.decided and held.decided.note.why else "",
        decided=f"Kept hidden by {_by(held.decided)} on {_at(held.decided_at, now)}." if held.decided_at else "",
        problem=_NO_REASON if held.id == missing else "",
        version=held.version,
    )


def _restriction(entry: Restriction, payers: Mapping[str, str], now: datetime, missing: str) -> EntryView:
    return EntryView(
        id=entry.id,
        payer=plain(payers.get(entry.payer, entry.payer)) if entry.payer else EVERY_PAYER,
        name="",
        ids=(),
        said=f"Entered by {_by(entry.said)} on {_at(entry.at, now)}.",
        why=plain(entry.said.note.why) if entry.said else "",
        problem=_NO_REASON if entry.id == missing else "",
    )


def _ids(whom: Person) -> tuple[str, ...]:
    return tuple(plain(each) for each in (whom.born, whom.record) if each)


def _by(said: Said | None) -> str:
    """Imani Osei, clinician"""
    if said is None:
        return "somebody whose name can no longer be read"
    role = ROLE_WORDS[Role(said.role)] if said.role in list(Role) else ""
    return ", ".join(filter(None, [plain(said.note.by or said.who), role]))


def _at(at: datetime, now: datetime) -> str:
    """14 Sep 2026, 10 weeks ago, 09:41 in the clinic's zone"""
    local = at.astimezone(now.tzinfo)
    return f"{day_words(local.date(), now.date())}, {local:%H:%M}"
