"""Why something was not recorded, and what to do about it; and what cannot be said under a launch at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.core.ledger import permission
from app.core.ledger.permission import Refusal, Sitting
from app.core.ledger.version import Changed
from app.core.roles import May, Role, may
from app.web.present.dates import clock_words
from app.web.present.recorded import said_words
from app.web.present.text import listed, plain, sentence

GONE = "Nothing was recorded: it is not on the panel any more. This is how it stands now."
UNSENT = "Opened without a visit: what you record stays here, and nothing is sent to a payer."
ASSESSING: Mapping[Refusal, str] = {
    Refusal.NOT_CLINICIAN: "A clinician assesses these.",
    Refusal.NO_VISIT: "To assess these, open Chartside from today's visit.",
    Refusal.VISIT_UNKNOWN: "To assess these, look again in a moment: the state of the visit could not be read.",
    Refusal.VISIT_FINISHED: "The visit is finished. These are assessed at the next one.",
    Refusal.OTHER_DAY: "This visit is of another day. Open Chartside from today's to assess these.",
}
REFUSALS: Mapping[Refusal, str] = {
    Refusal.NO_ROLE: "Your role records nothing here. Ask the person who runs Chartside at your practice.",
    Refusal.NOT_SEEN: "Your role does not see conditions.",
    Refusal.NOT_CLINICIAN: "Nothing was recorded: only a clinician says that. Ask the clinician of this visit.",
    Refusal.NO_VISIT: "Nothing was recorded: Chartside was opened without a visit. Open it from today's visit.",
    Refusal.VISIT_UNKNOWN: "Nothing was recorded: the state of the visit could not be read. Try again in a moment.",
    Refusal.VISIT_FINISHED: "Nothing was recorded: the visit is finished. It can be said at the next one.",
    Refusal.OTHER_DAY: "Nothing was recorded: this visit is of another day. Open Chartside from today's visit.",
    Refusal.DECEASED: "Nothing was recorded: the chart says that this patient died.",
    Refusal.HOSPICE: "Nothing was recorded: this patient is in hospice care.",
    Refusal.NOT_THIS_KIND: "Nothing was recorded: that cannot be said about this. Look at it again.",
    Refusal.NOTHING_NEW: "It was recorded already.",
    Refusal.HELD: "Its report is hidden until the privacy officer has looked at it.",
    Refusal.NEEDS_REASON: "Nothing was recorded: choose a reason.",
    Refusal.NOT_THIS_REASON: "Nothing was recorded: choose one of the reasons shown.",
    Refusal.NEEDS_BARRIER: "Nothing was recorded: tick what stands in the way.",
    Refusal.NEEDS_PROOF: "Nothing was recorded: enter the day and the place.",
    Refusal.NEEDS_DAY: "Nothing was recorded: enter the day.",
    Refusal.NEEDS_PLACE: "Nothing was recorded: enter the place.",
    Refusal.DAY_AHEAD: "Nothing was recorded: that day is still to come.",
    Refusal.DAY_PAST: "Nothing was recorded: choose a day after today.",
    Refusal.DAY_FAR: "Nothing was recorded: choose a day within a year.",
    Refusal.TOO_LONG: "Nothing was recorded: 200 letters at most.",
    Refusal.NOT_NEWEST: "It was not taken back: somebody has answered since. Change that answer instead.",
    Refusal.UNDONE: "It was taken back already.",
    Refusal.VISIT_OVER: "It was not taken back: its visit is over. Change the answer instead; that is sent as well.",
}


def refused_words(why: Refusal) -> str:
    """Why nothing was recorded, and what to do."""
    return REFUSALS.get(why, "Nothing was recorded. Look at it again.")


def changed_words(found: Changed, now: datetime) -> str:
    """What is different since somebody looked: who recorded what, or which facts are others."""
    said = [
        f"{plain(each.by) or 'Somebody'} recorded “{said_words(each, now.date()).lower()}” at "
        f"{clock_words(each.at, now) if each.at else 'that moment'}"
        for each in found.acted
    ]
    said += [
        f"{plain(each.undone_by) or 'Somebody'} took “{said_words(each, now.date()).lower()}” back"
        for each in found.undone
    ]
    facts = [words for is_so, words in (
        (found.payers, "what the payers report"), (found.chart, "what the chart holds"),
        (found.state and not (found.payers or found.chart), "what it asks for"),
    ) if is_so]  # fmt: skip
    if facts:
        said.append(f"changed since you looked: {listed(facts)}")
    why = sentence("; ".join(said) or "it has changed since you looked")
    again = "" if found.acted or found.undone else " Answer again if that still holds."
    return f"Nothing was recorded. {why} This is how it stands now.{again}"


def assess_words(role: Role, sitting: Sitting) -> str:
    """Why conditions cannot be assessed under this launch; empty where they can, or nothing may be recorded at all."""
    why = permission.not_assessing(role, sitting)
    return "" if why is None else ASSESSING.get(why, "")


def unsent_words(role: Role, sitting: Sitting) -> str:
    """Said once, where nothing leaves whatever is recorded."""
    return UNSENT if not sitting.encounter and not sitting.withheld and may(role, May.ACT) else ""
