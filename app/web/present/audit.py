"""The audit in words: who saw and did what, when, under which launch. It names patients by their number in the EHR
alone, because that is all it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.actions.audit_desk import MOST_EXPORTED, Checked, Found, Page
from app.core.roles import Role
from app.web.present.dates import plain_day
from app.web.present.people import ROLE_WORDS
from app.web.present.text import counted, plain

TITLE = "Audit"
LEAD = "Who saw and did what in this EHR, the newest first. Looking at this page is recorded as well."
FEW = 3  # kinds of what was read that are named at once
SHORT = 8  # characters of a chain's name: enough to tell the launches of a day

#: What happened, by the code that was recorded. A code that is not here is shown as it is, without its hyphens.
ACTIONS: Mapping[str, str] = {
    "read-chart": "Opened the chart",
    "read-patient-header": "Opened the head of the chart",
    "open-without-chart": "Opened a page without a chart",
    "read-schedule-row": "Saw a row of the schedule",
    "print-schedule": "Took the schedule off the screen",
    "read-outreach": "Saw a list of people to call",
    "read-outreach-counts": "Saw numbers of the week ahead",
    "hold-report": "Marked a report as not this patient",
    "decide-held": "Decided on a hidden report",
    "read-held": "Saw a hidden report or a restriction",
    "restrict": "Entered a restriction",
    "lift-restriction": "Lifted a restriction",
    "tick": "Marked as prepared",
    "untick": "Took a mark back",
    "identity-blocked": "A report about somebody else was blocked",
    "prefetch": "Asked ahead for the next day",
    "prefetch-ask": "Asking ahead for the next day",
    "prefetch-begin": "Began asking ahead for the next day",
    "record-action": "Recorded what was done",
    "undo-action": "Took back what was recorded",
    "put-remark": "Put a reply to the plan aside, to leave later",
    "withdraw-remark": "Took a reply back before it left",
    "withdraw-evidence": "Took evidence back before it left",
    "withdraw-unsent": "Took back what had not left",
    "withdraw-draft": "Took back a draft for the EHR",
    "release-remark": "Let the visit's replies leave",
    "send-remark": "Sent a reply to the plan",
    "send-remark-failed": "Could not send a reply to the plan",
    "prepare-evidence": "Saw what would be sent as evidence",
    "send-evidence": "Sent evidence to the plan",
    "send-evidence-failed": "Could not send evidence to the plan",
    "judge-sent": "Read in the plan's report what became of a message",
    "follow-ask": "Asked the plan what became of a message",
    "draft-for-ehr": "Drafted an entry for the EHR",
    "write-ehr": "Wrote an entry to the EHR",
    "add-follow-up": "Began a follow-up",
    "keep-promise": "A follow-up was kept",
    "end-follow-up": "Ended a follow-up",
    "read-sent": "Saw what was sent about the patient",
    "export-sent": "Took what was sent off the screen",
    "resend": "Let a message be sent again",
    "read-follow-ups": "Saw a follow-up",
    "done-follow-up": "Marked a follow-up as done",
    "read-compliance": "Saw the compliance list",
    "export-compliance": "Took the compliance list off the screen",
    "compliance-line": "Added a line to the compliance list",
    "read-audit": "Read the audit",
    "check-audit": "Checked the audit",
    "export-audit": "Took the audit off the screen",
}
_JOBS = {"system": "Chartside"}


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry. `wrong`: it is not what was written, and nothing of it is shown."""

    day: str  # where it is the first of its day
    time: str
    who: str
    what: str
    patient: str
    counts: str
    launch: str
    wrong: bool = False
    folded: str = ""  # what opens the counts, where they are many


@dataclass(frozen=True, slots=True)
class AuditView:
    """The page. `since`, `until`, `who`, `patient`: the form as it was asked."""

    title: str
    lead: str
    since: str
    until: str
    who: str
    patient: bool
    entries: tuple[EntryView, ...]
    summary: str
    chain: str  # what checking came to
    broken: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """The form, and whose chart is open (patient key; empty: nobody's)."""

    now: datetime
    since: date
    until: date
    who: str
    only_patient: bool
    patient: str
    own: str  # the chain of this launch


def page(found: Page, about: About, *, checked: Checked | None = None, problem: str = "") -> AuditView:
    return AuditView(
        title=TITLE,
        lead=LEAD,
        since=about.since.isoformat(),
        until=about.until.isoformat(),
        who=about.who,
        patient=about.only_patient,
        entries=tuple(_entries(found.found, about)),
        summary=_summary(found),
        chain=_checked(checked, about) if checked else "",
        broken=tuple(broken_words(checked)) if checked else (),
        problem=problem,
    )


def too_many() -> str:
    return (
        f"Nothing was taken: there are more than {MOST_EXPORTED:,} entries in these days. Choose fewer days, or ask "
        "whoever runs Chartside for “python -m app export-audit”."
    )


def _summary(found: Page) -> str:
    if not found.found:
        return "No entries." if found.after is None else "None so far: older entries have not been looked through yet."
    return counted(len(found.found), "entry", "entries") + ("" if found.after is None else ", and older ones") + "."


def _entries(found: Sequence[Found], about: About) -> Iterator[EntryView]:
    day: date | None = None
    for one in found:
        at = one.where.at.astimezone(about.now.tzinfo)
        first = at.date() != day
        day = at.date()
        yield _entry(one, about, at, plain_day(day) if first else "")


def _entry(one: Found, about: About, at: datetime, day: str) -> EntryView:
    launch = f"{one.where.chain[:SHORT]} {one.where.seq}"
    if one.where.chain == about.own:
        launch += ", this one"
    if one.entry is None or one.problem:
        what = f"This entry is not what was written ({one.problem})."
        return EntryView(day, f"{at:%H:%M:%S}", "", what, "", "", launch, wrong=True)
    entry = one.entry
    outcome = "" if entry.outcome == "ok" else f" ({plain(entry.outcome)})"
    return EntryView(
        day=day,
        time=f"{at:%H:%M:%S}",
        who=_who(entry.who, entry.role),
        what=f"{action_words(entry.action)}{outcome}",
        patient=_patient(entry.patient, about),
        counts=", ".join(f"{plain(name)} {number}" for name, number in sorted(entry.counts.items())),
        launch=launch,
        folded=f"{len(entry.counts)} kinds" if len(entry.counts) > FEW else "",
    )


def action_words(code: str) -> str:
    words = plain(code).replace("-", " ")
    return ACTIONS.get(code) or words[:1].upper() + words[1:]


def user_of(typed: str) -> str:
    """Whom somebody asks for, as the audit has them: a job is called by our name on the page."""
    return next((who for who, words in _JOBS.items() if words.casefold() == typed.casefold()), typed)


def _who(who: str, role: str) -> str:
    if who in _JOBS:
        return _JOBS[who]
    named = ROLE_WORDS[Role(role)] if role in list(Role) else plain(role)
    return ", ".join(filter(None, [plain(who).removeprefix("Practitioner/"), named]))


def _patient(patient: str, about: About) -> str:
    system, _, value = patient.rpartition("|")
    if not value:
        return ""
    if patient == about.patient:
        return f"{plain(value)}, in this chart"
    return plain(value) if "://" in system else f"member {plain(value)} of {plain(system)}"


def _checked(checked: Checked, about: About) -> str:
    at = f"{checked.at.astimezone(about.now.tzinfo):%H:%M:%S}"
    since = plain_day(about.since)
    if not checked.problems:
        return f"Whole: every chain that has grown since {since} is what was written. Checked at {at}."
    wrong = counted(len(checked.problems), "place is", "places are")
    return (
        f"The audit is not what was written: {wrong} wrong in what has grown since {since}. Tell whoever answers for "
        f"privacy, and keep the database as it is. Checked at {at}."
    )


def broken_words(checked: Checked) -> Iterator[str]:
    """The first of the places; the command line names them all."""
    for problem in checked.problems[:20]:
        yield f"{problem.chain[:SHORT]} {problem.seq}: {problem.what}"
