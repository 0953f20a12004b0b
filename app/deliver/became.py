"""What became of what was sent, by the payers' later reports: judged here, kept, and followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.ledger.action import Action, Target
from app.core.ledger.judging import judge, words
from app.core.ledger.outgoing import Judged, Message, Post, Sends
from app.core.report import Report
from app.store import Tx, audit, outbox, recorded

#: Of several groups that one message answers, the one that needs somebody decides.
_WORST = (Judged.REOPENED, Judged.REJECTED, Judged.STILL_OPEN, Judged.CONFIRMED)
AGAIN = timedelta(days=1)
#: Nobody is asked about something this old any more; a look at the patient still judges it.
LONGEST = timedelta(days=200)


@dataclass(frozen=True, slots=True)
class Found:
    """One message of which a report says something that is not known yet."""

    id: str
    to: str
    judged: Judged
    words: str = ""  # the payer's own, where it does not accept it


def found_out(tx: Tx, messages: Iterable[Message], reports: Iterable[Report]) -> list[Found]:
    """What these reports say of messages that were sent. Reads, and writes nothing."""
    by: dict[tuple[str, str], Report] = {(report.payer, report.kind): report for report in reports}
    sent = may_be_judged(messages, by.values())
    if not sent:
        return []
    answered = targets(tx, sent)
    found = []
    for one in sent:
        judged = _judged(one, answered[one.id], by)
        if judged not in (Judged.NOTHING, one.judged):
            found.append(Found(one.id, one.to, judged, _words(judged, answered[one.id], by)))
    return found


def may_be_judged(messages: Iterable[Message], reports: Iterable[Report]) -> list[Message]:
    """Those of which these reports may say something."""
    payers = {report.payer for report in reports}
    return [one for one in messages if one.post is Post.SENT and one.to in payers and _is_followed(one)]


def keep(tx: Tx, found: Iterable[Found], entry: Callable[[Found], audit.Audit]) -> int:
    """Write it down, each with its audit record. How many were news."""
    news = 0
    for one in found:
        news += outbox.judge(tx, entry(one), one.id, one.judged, one.words)
        if one.judged in (Judged.CONFIRMED, Judged.REJECTED):
            outbox.follow(tx, [one.id], None)
    return news


def next_asked(message: Message, judged: Judged, now: datetime) -> datetime | None:
    """When the payer is asked again about a message."""
    settled = (judged or message.judged) in (Judged.CONFIRMED, Judged.REJECTED)
    old = message.sent_at is None or message.sent_at + LONGEST <= now
    return None if settled or old else now + AGAIN


def targets(tx: Tx, messages: Sequence[Message]) -> dict[str, list[Target]]:
    """The groups that each message answers, as they stood when it was recorded: of a remark one, of evidence those that
    it names itself.
    """
    actions = recorded.of_ids(tx, {one.action for one in messages if one.kind is Sends.REMARK} - {""})
    return {one.id: _by_body(tx, one) if one.kind is Sends.EVIDENCE else _by_action(one, actions) for one in messages}


def _by_action(message: Message, actions: Mapping[str, Action]) -> list[Target]:
    action = actions.get(message.action)
    mine = [target for target in action.item.targets if target.payer == message.to] if action else []
    return [target for target in mine if f"{target.report_id}/{target.group_id}" == message.group]


def _by_body(tx: Tx, message: Message) -> list[Target]:
    listed = outbox.find(tx, message.id)
    stated = listed.parcel.body.get("targets", ()) if listed and listed.parcel else ()
    return [
        Target(**{**each, "reasons": tuple(each.get("reasons", ()))})
        for each in stated
        if each.get("payer") == message.to
    ]


def _is_followed(message: Message) -> bool:
    """The software's own remarks, and what was written to an EHR, have nothing to come of them."""
    return message.kind is Sends.EVIDENCE or (message.kind is Sends.REMARK and bool(message.action))


def _judged(message: Message, groups: Iterable[Target], by: Mapping[tuple[str, str], Report]) -> Judged:
    said = {
        judge(message, target, by[target.payer, target.question])
        for target in groups
        if (target.payer, target.question) in by
    }
    return next((one for one in _WORST if one in said), Judged.NOTHING)


def _words(judged: Judged, groups: Iterable[Target], by: Mapping[tuple[str, str], Report]) -> str:
    """Why a payer does not accept it, as it says so of the groups that it answers."""
    if judged not in (Judged.REJECTED, Judged.REOPENED):
        return ""
    said = (words(one, by[one.payer, one.question]) for one in groups if (one.payer, one.question) in by)
    return "; ".join(dict.fromkeys(each for each in said if each))
