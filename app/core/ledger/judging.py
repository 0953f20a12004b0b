"""What a payer's later report says about what was sent to it. A remark closes nothing: only the payer's own word does.

A report says something about a message only where it was worked out after the message was sent. On the very day of
sending the order of the two is not known: then a status that has changed since counts, and one that has not says
nothing.

A gap that is open still is no rejection by itself: the run may not have come to it yet. It is one where the payer now
gives a reason that it did not give before, and that speaks of an entry that it was sent.
"""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from app.core.changes import key_of
from app.core.ledger.action import Target
from app.core.ledger.item import named, reasons_of
from app.core.ledger.outgoing import Judged, Message, Post, Sends
from app.core.report import ConditionCategory, Gap, GapStatus, Report
from app.core.strip import RISK

T = TypeVar("T")
_OPEN = frozenset({GapStatus.OPEN, GapStatus.PROSPECTIVE})
_REJECTED, _NOT_PRESENT = "rejected", "assessed-not-present"
#: Remarks that name data: what a payer finds wrong with an entry may be about these.
_NAMES_DATA = frozenset({"satisfied-in-EHR", "documented-elsewhere"})
#: DEQM 5.0.0 care-gap-reason: of these codes, those that say that an entry was looked at and does not do. Nothing
#: found, something missing or too few of them are said of what has not come yet as well.
_OF_AN_ENTRY = frozenset({"InvalidAttribute", "DateInRange", "DateOutOfRange", "ValueInRange", "ValueOutOfRange"})
#: RA evidence-status; DEQM calls open the same.
_RA_OPEN, _RA_CLOSED, _RA_INVALID = "open-gap", "closed-gap", "invalid-gap"


def judge(message: Message, target: Target, report: Report) -> Judged:
    """What `report` says of one message about one group; NOTHING where it says nothing, or nothing of it yet."""
    if message.post is not Post.SENT or message.sent_at is None or report.payer != target.payer:
        return Judged.NOTHING
    if report.kind == RISK:
        category = _category(target, report)
        return _of_category(message, target, category) if category else Judged.NOTHING
    gap = _gap(target, report)
    return _of_gap(message, target, gap) if gap else Judged.NOTHING


def words(target: Target, report: Report) -> str:
    """The payer's own words on why a gap is open; empty: it gives none."""
    gap = _gap(target, report) if report.kind != RISK and report.payer == target.payer else None
    if gap is None or gap.status not in _OPEN:
        return ""
    said = (": ".join(filter(None, (reason.display, reason.detail))) for reason in gap.reasons)
    return "; ".join(dict.fromkeys(each for each in said if each)) or gap.payer_words


# --- care gaps --------------------------------------------------------------------------------------------------------


def _of_gap(message: Message, target: Target, gap: Gap) -> Judged:
    if gap.status in _OPEN:
        worked_out = _newest(gap.calculated, gap.data_through)
        confirmed = message.judged in (Judged.CONFIRMED, Judged.REOPENED)
        if not confirmed and (message.judged is Judged.REJECTED or _refuses(message, target, gap, worked_out)):
            return Judged.REJECTED  # an open gap without the reason takes it back no more than it confirms
        return _open(message, worked_out)
    took_off = gap.status is GapStatus.NOT_APPLICABLE and message.code == _REJECTED
    if (gap.status is GapStatus.CLOSED or took_off) and _since(message, target, gap.status.value, gap.calculated):
        return Judged.CONFIRMED
    return Judged.NOTHING


def _refuses(message: Message, target: Target, gap: Gap, worked_out: date | None) -> bool:
    """Whether an open gap says that the entry that was sent does not do. On the very day of sending, and where no day
    is stated, a reason that was not there before can only be a later one; of a bare target that is not known.
    """
    if message.kind is not Sends.EVIDENCE and message.code not in _NAMES_DATA:
        return False
    if _OF_AN_ENTRY.isdisjoint(set(reasons_of(gap)) - set(target.reasons)):
        return False
    if worked_out is None or worked_out == _sent(message):
        return bool(target.status)
    return worked_out > _sent(message)


def _gap(target: Target, report: Report) -> Gap | None:
    """The gap that was answered: by its ids, else the only one of its measure in a report that was issued again."""
    measure = target.measure
    gaps = [gap for gap in report.gaps if not measure or _canonical(named(gap.measure)) == _canonical(measure)]
    same = next((g for g in gaps if (g.report_id, g.group_id) == (target.report_id, target.group_id)), None)
    if same or not measure:
        return same
    alike = [gap for gap in gaps if named(gap.measure) == measure] or gaps
    return _only([gap for gap in alike if gap.group_id == target.group_id] or alike)


def _canonical(measure: str) -> str:
    return measure.partition("|")[0]


# --- condition categories ---------------------------------------------------------------------------------------------


def _of_category(message: Message, target: Target, category: ConditionCategory) -> Judged:
    """A category that was found not to be there is confirmed when the payer takes it off, and not when it closes it."""
    worked_out = _newest(category.calculated, category.status_date)
    absent = message.code == _NOT_PRESENT
    status = category.evidence_status
    if status == _RA_OPEN or (absent and status == _RA_CLOSED == target.status):
        return _open(message, worked_out)
    if not _since(message, target, status, worked_out):
        return Judged.NOTHING
    if status == _RA_INVALID:
        return Judged.CONFIRMED if absent else Judged.REJECTED
    if status == _RA_CLOSED:
        return Judged.REJECTED if absent else Judged.CONFIRMED
    return Judged.NOTHING


def _category(target: Target, report: Report) -> ConditionCategory | None:
    listed = [category for category in report.categories if not target.key or key_of(category) == target.key]
    same = next((c for c in listed if (c.report_id, c.group_id) == (target.report_id, target.group_id)), None)
    if same or not target.key:
        return same
    return _only([c for c in listed if c.group_id == target.group_id] or listed)


# --- when -------------------------------------------------------------------------------------------------------------


def _open(message: Message, worked_out: date | None) -> Judged:
    """Open: again, after it was confirmed; still, where it was worked out since; else the report says nothing of it."""
    if message.judged in (Judged.CONFIRMED, Judged.REOPENED):
        since = message.judged_at.date() if message.judged_at else date.min
        return Judged.REOPENED if worked_out is None or worked_out >= since else message.judged
    return Judged.STILL_OPEN if worked_out and worked_out > _sent(message) else Judged.NOTHING


def _since(message: Message, target: Target, status: str, worked_out: date | None) -> bool:
    """Whether a status is the payer's word since the message: worked out later, or on its day or a day that is not
    stated, and another than it was.
    """
    if worked_out is not None and worked_out > _sent(message):
        return True
    changed = status != (target.status or _RA_OPEN)  # what was answered was open, where nothing else is known
    return changed and (worked_out is None or worked_out == _sent(message))


def _sent(message: Message) -> date:
    return message.sent_at.date() if message.sent_at else date.max


def _newest(*days: date | None) -> date | None:
    return max((day for day in days if day), default=None)


def _only(found: list[T]) -> T | None:
    """The one that is meant, where there is one only."""
    return found[0] if len(found) == 1 else None
