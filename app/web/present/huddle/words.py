"""The words of the schedule as tables: who does it, how a visit stands, what is marked, what can be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from app.core.flag import StatusKind
from app.core.ledger.dismissal import Back
from app.core.schedule.appointment import Mode
from app.core.schedule.ordering import Kind, Sort
from app.core.schedule.row import MarkKind, Owner
from app.core.schedule.tick import Ticked
from app.web.present.views import Mark

OWNERS: Mapping[Owner, str] = {
    Owner.MEDICAL_ASSISTANT: "medical assistant",
    Owner.CLINICIAN: "clinician",
    Owner.FRONT_DESK: "front desk",
    Owner.CARE_COORDINATOR: "care coordinator",
}
MODES: Mapping[Mode, str] = {Mode.IN_PERSON: "", Mode.VIDEO: "Video", Mode.PHONE: "Phone"}
MODE_CHOICES: Mapping[Mode, str] = {Mode.IN_PERSON: "in person", Mode.VIDEO: "video", Mode.PHONE: "phone"}
STATUSES: Mapping[str, str] = {"booked": "", "arrived": "Arrived", "checked-in": "Checked in", "noshow": "No-show"}
TICKED: Mapping[Ticked, str] = {
    Ticked.PREPPED: "Prepped",
    Ticked.TOLD: "Told front desk",
    Ticked.ORDERED: "Ordered",
    Ticked.CALLED: "Called",
}
KINDS: Mapping[Kind, str] = {
    Kind.TODAY: "to do",
    Kind.NEXT_VISIT: "next in-person visit",
    Kind.ORDERED: "ordered",
    Kind.STAFF: "for staff",
    Kind.UNCLEAR: "cannot tell",
    Kind.PROMPTS: "conditions to assess",
}
MARKS: Mapping[MarkKind, str] = {
    MarkKind.HIGH_RISK: "high risk",
    MarkKind.DISCHARGED: "discharged",
    MarkKind.FREQUENT_ED: "emergency visits",
    MarkKind.OVERDUE_VISIT: "long without a visit",
}
SORTS: Mapping[Sort, str] = {Sort.TIME: "time", Sort.MOST: "most to do", Sort.NAME: "name"}

#: Acts that no card of the panel suggests, or that need more words without one, by `Step.act`.
ACTS: Mapping[str, str] = {
    "check-appointment": "Check the appointment",
    "follow-up-discharge": "Follow up the discharge",
    "plan-depression-follow-up": "Agree on a follow-up plan for depression",
    "see-to-condition": "See to what was promised about a condition",
    "look-again-condition": "Look again at a condition: a plan contradicts what was answered",
}
#: What is said before the service, where the act is about a payer's list or a record, and not about the patient.
ABOUT: Mapping[str, str] = {
    "check-chart": "Check the chart",
    "await-result": "Look for the result",
    "send-evidence": "Send the result to the plan",
    "request-record": "Request the record",
    "explain-exclusion": "Explain to the plan why not",
    "tell-the-plan": "Tell the plan that it does not apply",
    "send-or-explain": "Send or explain",
    "ask-plan-help": "Ask the plan about its help",
    "book-again": "Book what was put off",
}

#: Why something is a step although somebody has answered it.
BACK: Mapping[Back, str] = {
    Back.NEW_EVIDENCE: "answered before, something is new since then",
    Back.DATE: "put off until now",
    Back.NEXT_VISIT: "answered at an earlier visit",
    Back.OVERDUE: "overdue",
    Back.CONFLICT: "a plan contradicts what was answered",
    Back.LATE: "sent, not confirmed by the plan",
}

#: What a visit is withheld for: what is said in the place of steps.
WITHHELD: Mapping[str, str] = {
    StatusKind.DECEASED.value: "The chart records that this patient died. Nothing is suggested.",
    StatusKind.HOSPICE.value: "In hospice care. Nothing is suggested.",
}

NEW = Mark("New patient", "disc", "quiet")
SIMILAR = Mark("Similar name today", "clash", "urgent")
RISK = Mark("Look first", "diamond", "urgent")
IN_PLACE = Mark("Done", "check", "done")
NEXT_VISIT = Mark("Next in-person visit", "ring", "wait")
TO_DO = Mark("To do", "disc", "act")
UNKNOWN = Mark("Cannot tell", "query", "unsure")

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def weekday(day: date) -> str:
    """Monday"""
    return WEEKDAYS[day.weekday()]
