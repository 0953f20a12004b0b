"""What left, in words: could not be sent, what a payer says otherwise, what is for the payer meeting, what waits.

The same rows make the file for the meeting, which holds one payer's alone and nothing that may not be on paper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from app.actions.lists import stays
from app.actions.sent import Row, Section, Sent
from app.core.ledger.legs import CONFIRM_DAYS
from app.core.ledger.outgoing import Judged, Message, Post, Sends
from app.core.ledger.verb import Leg
from app.web.present.dates import clock_words, day_words, plain_day
from app.web.present.recorded import LEG_MARKS, VERB_WORDS
from app.web.present.text import by_payer, counted, distinct, listed, plain
from app.web.present.views import Mark
from app.web.present.views.sent import GroupView, RowView, SectionView, SentView

TITLE = "Sent to payers"
WELL = "Nothing was refused, and nothing is late"
AT_MOST = 100  # rows of a section on the screen

MARKS: Mapping[Section, Mark] = {
    Section.STUCK: LEG_MARKS[Leg.STUCK],
    Section.CONFLICT: LEG_MARKS[Leg.CONFLICT],
    Section.LATE: LEG_MARKS[Leg.LATE],
    Section.SENT: LEG_MARKS[Leg.SENT],
    Section.WAITING: Mark("Waiting", "ring", "wait"),
}
TITLES: Mapping[Section, str] = {
    Section.STUCK: "Could not be sent",
    Section.CONFLICT: "Contradicted by the plan",
    Section.LATE: "For the payer meeting",
    Section.SENT: "Sent, not confirmed yet",
    Section.WAITING: "Waiting to leave",
}
LEADS: Mapping[Section, str] = {
    Section.STUCK: "Nobody was told. See what is wrong, then resend.",
    Section.CONFLICT: "Look at it again with the patient's chart.",
    Section.LATE: "Sent, and still not confirmed after the days that were agreed.",
    Section.SENT: "A reply closes nothing by itself: the plan's next report has to show it.",
    Section.WAITING: "A visit's replies leave when it has ended.",
}

KINDS: Mapping[Sends, str] = {Sends.REMARK: "Reply", Sends.EVIDENCE: "Evidence", Sends.EHR: "Entry for the EHR"}

#: Why something has not left, by the code that whoever sends writes down. `{to}`: the payer or EHR.
TROUBLES: Mapping[str, str] = {
    "not-allowed": "{to} does not let Chartside send this. Ask it to check the permissions of our client.",
    "down": "{to} does not answer.",
    "slow": "{to} took too long to answer.",
    "busy": "{to} is too busy.",
    "resting": "{to} did not answer before, and is left alone for a while.",
    "waiting": "{to} takes no more requests at the moment.",
    "conflict": "{to} was changing the same report each time.",
    "not-taken": "{to} did not accept it.",
    "not-complete": "{to} keeps only a part of it, and each try may leave another part there: ask it first.",
    "no-token": "{to} does not let Chartside sign in.",
    "no-such-report": "The report that it answers is not there any more.",
    "no-such-group": "What it answers is not in the plan's report any more.",
    "no-transport": "{to} offers no way to send this.",
    "no-code": "{to} has no code for it.",
    "restriction": "A restriction on disclosure keeps it here.",
    "deceased": "The patient has died: nothing is sent about them any more.",
    "held": "The plan's report was marked as being about another person.",
    "signed-out": "It needs somebody who is signed in to the EHR: open the patient's chart.",
    "not-readable": "What {to} answered could not be read.",
    "unknown": "Whether it has arrived is not known yet.",
}

HIDDEN_LABEL = "A condition prompt (your role does not include prompts)"
_GONE = "Whom it is about can no longer be read: its key was retired."


@dataclass(frozen=True, slots=True)
class About:
    """What the words need beside the rows. `resend` None: this user may not."""

    now: datetime
    payers: Mapping[str, str]
    agreed: Mapping[str, int]
    ehr: str
    may_see_prompts: bool
    file_url: Callable[[str], str]
    resend: Callable[[str], str] | None = None

    def to(self, message: Message) -> str:
        return self.ehr if message.kind is Sends.EHR else plain(self.payers.get(message.to, message.to))

    def days(self, payer: str) -> int:
        return self.agreed.get(payer, CONFIRM_DAYS)


def page(found: Sent, about: About, *, said: str = "") -> SentView:
    sections = [_section(each, found.rows, about) for each in Section]
    shown = tuple(each for each in sections if each.groups)
    return SentView(TITLE, _summary(found.rows), said, shown, tuple(_counts(found, about)))


def resent(done: bool) -> str:
    return "It will be tried again." if done else "Nothing was changed: it is not waiting for anybody any more."


def _summary(rows: Iterable[Row]) -> str:
    by = [row.section for row in rows]
    stuck, conflicts, late = (by.count(each) for each in (Section.STUCK, Section.CONFLICT, Section.LATE))
    parts = [
        counted(stuck, "message could not be sent", "messages could not be sent") if stuck else "",
        counted(conflicts, "is", "are") + " contradicted by the plan" if conflicts else "",
        counted(late, "is late", "are late") if late else "",
    ]
    if any(parts):
        return f"{listed(distinct(parts))}."
    waiting = by.count(Section.WAITING)
    return f"{WELL}; {counted(waiting, 'message waits', 'messages wait')} to leave." if waiting else f"{WELL}."


def _section(which: Section, rows: Iterable[Row], about: About) -> SectionView:
    own = [row for row in rows if row.section is which]
    if which is not Section.LATE:
        groups = [_group(which.value, "", own, about)] if own else []
        return SectionView(which.value, TITLES[which], LEADS[which], tuple(groups))
    payers = sorted({row.message.to for row in own}, key=lambda each: about.payers.get(each, each))
    groups = [_late(payer, [row for row in own if row.message.to == payer], about) for payer in payers]
    return SectionView(which.value, TITLES[which], LEADS[which], tuple(groups))


def _group(id_: str, title: str, rows: list[Row], about: About) -> GroupView:
    more = f"{len(rows) - AT_MOST} more are not drawn." if len(rows) > AT_MOST else ""
    kept = sum(row.kept_off for row in rows)
    off = f"{counted(kept, 'line is', 'lines are')} for the screen only, and not printed." if kept else ""
    return GroupView(id_, title, tuple(_row(row, about) for row in rows[:AT_MOST]), more=more, off_paper=off)


def _late(payer: str, rows: list[Row], about: About) -> GroupView:
    drawn = _group(f"late-{payer}", "", rows, about)
    name = plain(about.payers.get(payer, payer))
    filed = [row for row in rows if in_file(row)]
    left = len(rows) - len(filed)
    title = f"{name}: {counted(len(rows), 'item')}, {about.days(payer)} days agreed"
    off = f"{counted(left, 'item is', 'items are')} left out of the file and of print." if left else ""
    url = about.file_url(payer) if filed else ""
    words = f"Table of {counted(len(filed), 'item')} (CSV)"
    return GroupView(drawn.id, title, drawn.rows, drawn.more, url, words if url else "", off)


def in_file(row: Row) -> bool:
    """Whether a row may stand in a file: nothing sensitive, no prompt, nobody whose data its payer may not have."""
    return not (row.kept_off or row.restricted)


def _row(row: Row, about: About) -> RowView:
    message = row.message
    hidden = row.prompt and not about.may_see_prompts
    may_leave = row.section is Section.STUCK and row.person.name and not (row.restricted or stays(message))
    resend = about.resend if may_leave else None
    return RowView(
        id=message.id,
        mark=MARKS[row.section],
        title=HIDDEN_LABEL if hidden else plain(row.label) or KINDS[message.kind],
        to=about.to(message),
        name=plain(row.person.name) or _GONE,
        ids=tuple(plain(each) for each in (row.person.born, row.person.record) if each),
        said="" if hidden else _said(row),
        state=" ".join(_state(row, about)),
        quote="" if hidden else by_payer(message.payer_words),
        paper=not row.kept_off,
        resend_url=resend(message.id) if resend else "",
    )


def _said(row: Row) -> str:
    """Reply “done today”, by Wren Castellane"""
    words = f"{KINDS[row.message.kind]} “{VERB_WORDS[row.verb]}”" if row.verb else KINDS[row.message.kind]
    if row.message.kind is not Sends.REMARK:
        words = KINDS[row.message.kind]
    by = "Chartside itself" if not row.message.action else "you" if row.own else plain(row.by)
    return f"{words}, by {by}" if by else words


def _state(row: Row, about: About) -> Iterator[str]:
    message, now = row.message, about.now
    to = about.to(message)
    if row.section is Section.STUCK:
        yield f"{_trouble(message, to)} Since {day_words(_day(message.at, now), now.date())}."
    elif row.section is Section.WAITING:
        yield _waits(message, to, now)
    else:
        yield _sent(row, to, now)
    if row.section is Section.CONFLICT:
        what = "opened it again" if message.judged is Judged.REOPENED else "rejected it"
        at = f" on {day_words(_day(message.judged_at, now), now.date())}" if message.judged_at else ""
        yield f"The plan {what}{at}."
    if row.section is Section.LATE and message.judged is Judged.STILL_OPEN:
        yield "Its newer report still shows it as open."
    if not message.confirmable and row.section in (Section.LATE, Section.SENT):
        yield "The plan does not show what it keeps, so whether it arrived cannot be confirmed."
    if row.restricted:
        yield "A restriction on disclosure was entered since: do not take it to the plan."


def _sent(row: Row, to: str, now: datetime) -> str:
    """To whom, unless the group is one payer's."""
    whom = "" if row.section is Section.LATE else f" to {to}"
    at = row.message.sent_at
    return f"Sent{whom} on {day_words(_day(at, now), now.date())}." if at else f"Sent{whom}."


def _waits(message: Message, to: str, now: datetime) -> str:
    if message.post is Post.HELD:
        return f"Leaves for {to} when the visit has ended."
    if not message.tries:
        return f"Leaves for {to} in a moment." if not message.trouble else _trouble(message, to)
    tried = f"Tried {counted(message.tries, 'time')}."
    again = f" Next try at {clock_words(message.due, now)}." if message.due else ""
    return f"{tried} {_trouble(message, to)}{again}" if message.trouble else f"{tried}{again}"


def _trouble(message: Message, to: str) -> str:
    known = TROUBLES.get(message.trouble)
    return known.format(to=to) if known else f"It could not be sent ({plain(message.trouble) or 'no reason was kept'})."


def _counts(found: Sent, about: About) -> Iterator[str]:
    for payer, number in sorted(found.no_answer.items()):
        yield f"{counted(number, 'message')} to {plain(about.payers.get(payer, payer))} arrived; no answer is expected."
    for payer, number in sorted(found.silent.items()):
        name = plain(about.payers.get(payer, payer))
        yield f"{counted(number, 'message')} to {name} left; the plan does not show what it keeps."
    if found.by_software:
        groups = counted(found.by_software, "item")
        yield f"Chartside itself told plans of {groups} that nobody assessed or that could not be shown."


def _day(at: datetime | None, now: datetime) -> date:
    return (at or now).astimezone(now.tzinfo).date()


# --- the file ---------------------------------------------------------------------------------------------------------

HEADER = ("Member", "Member id", "Birth date", "What", "Said", "Sent on", "Days ago", "Days agreed", "Plan's report")
_REPORT = {Judged.STILL_OPEN: "recalculated since, still open", Judged.NOTHING: "no newer report"}


def table(rows: Iterable[Row], about: About) -> Iterator[tuple[str, ...]]:
    """The rows of one payer for its meeting, as its member; no number of ours goes with them."""
    for row in rows:
        if not in_file(row):
            continue
        sent = _day(row.message.sent_at, about.now)
        yield (
            plain(row.person.name),
            plain(row.member),
            plain(row.person.born).removeprefix("born "),
            plain(row.label),
            VERB_WORDS[row.verb] if row.verb else KINDS[row.message.kind].lower(),
            plain_day(sent),
            str((about.now.date() - sent).days),
            str(about.days(row.message.to)),
            _REPORT.get(row.message.judged, ""),
        )
