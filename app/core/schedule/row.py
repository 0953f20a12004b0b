"""One row of the morning schedule, as it is shown: types only. `rows.build` decides them; the sentences are
`app/web/present`'s. Everything in a row may be stored as a snapshot, so it holds plain values and no cards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.chart import Patient
from app.core.flag import PatientStatus, State
from app.core.ledger.dismissal import Back
from app.core.schedule.appointment import Appointment

MAX_STEPS = 3  # README: twenty patients in fifteen minutes
#: Keys of the steps that are no card of the panel, and so in none of its counts.
VISIT_CHECK, AFTER_DISCHARGE = "visit-check", "transition"
RECORDED = "recorded/"  # begins that of what was promised, or is contradicted, and has no card


class Owner(StrEnum):
    """Who on the team does a step."""

    MEDICAL_ASSISTANT = "medical-assistant"
    CLINICIAN = "clinician"
    FRONT_DESK = "front-desk"
    CARE_COORDINATOR = "care-coordinator"


class Where(StrEnum):
    """Where an act can be done."""

    IN_ROOM = "in-room"
    ORDER = "order"  # orderable from anywhere
    HOME = "home"  # by the patient at home


class Standing(StrEnum):
    """Whether a protocol of the practice lets staff do a step without asking."""

    ELIGIBLE = "eligible"
    NO_PROTOCOL = "no-protocol"
    EXPIRED = "expired"
    CONTRAINDICATED = "contraindicated"
    NOT_READ = "not-read"  # a contraindication could not be looked for


@dataclass(frozen=True, slots=True)
class Covering:
    """What a standing order came to. `protocol` as "name version, approver"; `because` names the contraindication."""

    standing: Standing
    protocol: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody of the team does before or at the visit."""

    key: str  # stable for this patient: a card's act, or visit-check | transition | recorded/…
    act: str  # key of the suggested act (GapRow.act, or one of ours); present.py words it
    service: str  # short clinical noun: "HbA1c test"; may be a payer's words
    owner: Owner
    where: Where = Where.ORDER
    state: State | None = None
    due: date | None = None
    quoted: bool = False  # `service` is a payer's words
    next_visit: bool = False  # cannot be done in this mode: moved to the next in-person visit
    covering: Covering | None = None
    sensitive: bool = False  # never on paper, outreach or prefetch
    payers: tuple[str, ...] = ()  # ids of those who ask for it
    back: Back = Back.NOTHING  # why it is a step although somebody has answered it
    promise: str = ""  # `ledger.promises.What` of a promise that is overdue since `due`; `owner` is who sees to it

    @property
    def of_card(self) -> bool:
        """Whether it is a card of the panel, and so in one of its counts."""
        return self.key not in (VISIT_CHECK, AFTER_DISCHARGE) and not self.key.startswith(RECORDED)


class MarkKind(StrEnum):
    HIGH_RISK = "high-risk"
    DISCHARGED = "discharged"
    FREQUENT_ED = "frequent-ed"
    OVERDUE_VISIT = "overdue-visit"


@dataclass(frozen=True, slots=True)
class Mark:
    """A reason to look at this patient first: always with a number and a source."""

    kind: MarkKind
    number: str  # "78 %", "5", "14"
    source: str  # a reference in the chart, or who says so
    what: str = ""  # method, facility, as written
    when: date | None = None
    until: date | None = None  # DISCHARGED: day 30
    sensitive: bool = False  # of an entry that is never on paper: a stay in psychiatry, say


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one patient's flags, by kind. What is on no row of ours is in none of them."""

    today: int = 0  # care gaps to do, out of range included
    next_visit: int = 0  # need the patient in the room, who is not coming in
    ordered: int = 0
    staff: int = 0  # to send, request, explain
    unclear: int = 0  # cannot tell, not checked
    prompts: int = 0  # conditions to assess; 0 as well for who may not see them
    sensitive: int = 0  # of all the above but `prompts`: never on paper
    excluded: int = 0  # measures that leave the patient out: counted, nothing to do
    answered: int = 0  # care gaps that somebody has put away, or that are under way: nothing to do for now


@dataclass(frozen=True, slots=True)
class Row:
    """One patient's appointment. `patient` None: not read yet, or not to be read (`trouble`)."""

    appointment: Appointment
    patient_ref: str
    patient: Patient | None = None
    counts: Counts = Counts()
    steps: tuple[Step, ...] = ()  # at most MAX_STEPS
    more_steps: tuple[Step, ...] = ()
    marks: tuple[Mark, ...] = ()
    status: tuple[PatientStatus, ...] = ()
    withheld: str = ""  # deceased | hospice
    similar: bool = False  # another patient of this day has a similar name
    double_booked: bool = False
    group: int = 0  # how many patients this appointment has, where more than one
    new_patient: bool = False
    first_here: bool = False  # not stated as new, and no earlier visit stands in the chart
    interpreter: bool = False
    language: str = ""  # as displayed, where it is not the clinic's
    orders_pending: int = 0
    results_since: int = 0  # results since the last visit; whether somebody has read them, FHIR does not say
    labs: tuple[str, ...] = ()  # services of steps that a laboratory can prepare
    unread: tuple[str, ...] = ()  # chart types that could not be read
    restricted: tuple[str, ...] = ()  # ids of payers that were not asked: restriction
    silent: tuple[str, ...] = ()  # ids of payers without a full answer; "no-payer" where no coverage is on file
    complete: bool = False  # nothing is being asked for it any more
    as_of: str = ""  # ISO time of the oldest source it is made of
    orders_overdue: int = 0  # of `orders_pending`: longer without a result than their rule waits
    payers: tuple[str, ...] = ()  # ids of the payers of the active coverages
    unconnected: tuple[str, ...] = ()  # names of payers on file that nobody is connected to
