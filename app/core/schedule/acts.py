"""Who on the team does an act, and where it can be done: one row of data an act that `core` can suggest.

The keys are those of `GapRow.act`; the last rows are the schedule's own. Who may do what differs by state and practice:
where a protocol of the practice covers an act, it goes to whom the protocol frees to do it (`by_protocol`).

Sources: to find who is due and to prepare the order needs no licence (pre-visit planning of AMA STEPS Forward and of
California's PHMI); medication reconciliation after discharge is counted of a prescriber, a clinical pharmacist or a
registered nurse (HEDIS TRC). Not yet reviewed by a clinician.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.flag import GapRow, State, Urgency
from app.core.schedule.appointment import Mode
from app.core.schedule.row import Owner, Where


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `remote`: where it is done when the patient is not coming in, if it can be. `lab`: a laboratory can take
    it before the visit.
    """

    owner: Owner
    where: Where
    by_protocol: Owner | None = None
    remote: Where | None = None
    lab: bool = False

    def at(self, mode: Mode) -> Where:
        """Where it is done at a visit of this mode; `Where.IN_ROOM` at a remote one: not at this visit."""
        return self.where if mode is Mode.IN_PERSON or self.remote is None else self.remote


_MA, _CLINICIAN = Owner.MEDICAL_ASSISTANT, Owner.CLINICIAN
_DESK, _COORDINATOR = Owner.FRONT_DESK, Owner.CARE_COORDINATOR
_ROOM, _ORDER, _HOME = Where.IN_ROOM, Where.ORDER, Where.HOME

_LABORATORY = Act(_CLINICIAN, _ORDER, by_protocol=_MA, lab=True)
_REFERRAL = Act(_CLINICIAN, _ORDER, by_protocol=_MA)
_GIVEN = Act(_MA, _ROOM)
_DECIDED = Act(_CLINICIAN, _ORDER)

#: Acts of ours that no card has.
CHECK_APPOINTMENT, TRANSITION = "check-appointment", "follow-up-discharge"
#: What is left to do of a promise that nothing has come of, and of an answer about a condition.
ASK_PLAN, BOOK_AGAIN = "ask-plan-help", "book-again"
SEE_TO_CONDITION, LOOK_AGAIN = "see-to-condition", "look-again-condition"

ACTS: Mapping[str, Act] = {
    "order-hba1c": _LABORATORY,
    "order-kidney-tests": _LABORATORY,
    "order-egfr": _LABORATORY,
    "order-urine-albumin": _LABORATORY,
    "refer-eye-exam": _REFERRAL,
    "order-mammogram": _REFERRAL,
    # A stool test is done at home, once somebody has sent the kit; a colonoscopy is a referral. Neither needs the room.
    "offer-colorectal-screening": Act(_CLINICIAN, _HOME, by_protocol=_MA),
    "offer-cervical-screening": Act(_CLINICIAN, _ROOM),
    "offer-influenza-vaccine": _GIVEN,
    "offer-pneumococcal-vaccine": _GIVEN,
    # CMS165 takes readings of the patient's own device too. No chart says surely who has one: so in the room.
    "measure-blood-pressure": _GIVEN,
    # The patient answers it, aloud as well as on paper: PHQ-9 by telephone agrees with PHQ-9 in the room
    # (Pinto-Meza and others, J Gen Intern Med 2005, https://doi.org/10.1111/j.1525-1497.2005.0144.x).
    "screen-depression": Act(_MA, _ROOM, remote=_HOME),
    "plan-depression-follow-up": _DECIDED,
    "consider-statin": _DECIDED,
    "repeat-or-intensify": _DECIDED,  # the dose is changed from anywhere; what is repeated is said with it
    "reconcile-medications": _DECIDED,  # HEDIS TRC counts it by telephone, and without the patient
    "order-breast-work-up": _DECIDED,
    "order-follow-up-colonoscopy": _DECIDED,
    "refer-colposcopy": _DECIDED,
    "check-chart": _DECIDED,
    "await-result": Act(_COORDINATOR, _ORDER),
    "send-evidence": Act(_MA, _ORDER),
    "request-record": Act(_DESK, _ORDER),
    "explain-exclusion": Act(_MA, _ORDER),
    "tell-the-plan": Act(_DESK, _ORDER),
    "send-or-explain": Act(_MA, _ORDER),
    CHECK_APPOINTMENT: Act(_DESK, _ORDER),
    TRANSITION: Act(_COORDINATOR, _ORDER),
    ASK_PLAN: Act(_COORDINATOR, _ORDER),
    BOOK_AGAIN: Act(_DESK, _ORDER),
    SEE_TO_CONDITION: Act(_CLINICIAN, _ORDER),
    LOOK_AGAIN: Act(_CLINICIAN, _ORDER),
}
#: A measure of which only the payer's words are known: a clinician reads them; nothing says that it needs the room.
UNKNOWN = _DECIDED
#: Why it cannot be told, where looking a date or a code up settles it: no judgement is asked for.
_LOOKED_UP = frozenset({"unread-types", "code-not-known", "date-not-certain", "not-final", "direction-not-certain"})


def act_of(row: GapRow) -> Act:
    """The act that a row suggests."""
    return ACTS.get(row.act, UNKNOWN)


def owner_of(row: GapRow, *, eligible: bool) -> Owner:
    """Who does what a row suggests. `eligible`: a protocol of the practice covers it for this patient."""
    act = act_of(row)
    if row.urgency is Urgency.ABNORMAL:  # an order that nothing came of is run after; everything else is judged
        return _COORDINATOR if row.overdue or row.state is State.ORDERED else _CLINICIAN
    if row.state is State.CANNOT_TELL and row.because in _LOOKED_UP:
        return _MA
    if row.state is State.PERIOD_OVER and not row.staff_can:  # its value still asks for somebody who treats
        return _CLINICIAN
    return act.by_protocol if eligible and act.by_protocol else act.owner
