"""States as word, shape and tone, and the acts. Each is a table, so that a test can see that none is missing."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.flag import PromptState, SourceState, State, StatusKind, Urgency
from app.core.freshness import SourceClass
from app.core.report import GapStatus
from app.web.present.views import Mark

STATE_MARKS: Mapping[State, Mark] = {
    State.DO_TODAY: Mark("Do today", "disc", "act"),
    State.ORDERED: Mark("Ordered", "half", "wait"),
    State.DONE_HERE: Mark("Done here", "check", "done"),
    State.DONE_ELSEWHERE: Mark("Done elsewhere", "check", "wait"),
    State.OUT_OF_RANGE: Mark("Out of range", "diamond", "urgent"),
    State.EXCLUDED: Mark("Excluded", "bar", "quiet"),
    State.DOES_NOT_APPLY: Mark("Does not apply", "box", "quiet"),
    State.PERIOD_OVER: Mark("Period over", "square", "quiet"),
    State.NOT_CHECKED: Mark("Not checked against the chart", "box", "unsure"),
    State.CANNOT_TELL: Mark("Cannot tell", "query", "unsure"),
}

#: Where the urgency class changes what a state is called. The class never changes what the state is.
URGENT_MARKS: Mapping[tuple[State, Urgency], Mark] = {
    (State.DO_TODAY, Urgency.ABNORMAL): Mark("Abnormal, no follow-up", "diamond", "urgent"),
    (State.OUT_OF_RANGE, Urgency.ABNORMAL): Mark("Abnormal, no follow-up", "diamond", "urgent"),
    (State.DO_TODAY, Urgency.LATER): Mark("Due later", "ring", "wait"),
}

NOT_THIS_PATIENT = "Not this patient"  # wherever somebody says that a report is about another person

VERIFY_FIRST = Mark("Verify first", "query", "act")  # everybody who asks for it speaks from old data
BOOKED = Mark("Booked", "half", "wait")
IN_PART = Mark("In part", "half", "unsure")
NOT_ASKED = Mark("Not asked", "bar", "quiet")
HIDDEN = Mark("Hidden", "bar", "quiet")

URGENCY_WORDS: Mapping[Urgency, str] = {
    Urgency.ABNORMAL: "abnormal without follow-up",
    Urgency.MONITORING: "monitoring overdue or out of range",
    Urgency.PREVENTION: "prevention overdue",
    Urgency.LATER: "due later",
}

PROMPT_MARKS: Mapping[PromptState, Mark] = {
    PromptState.ASSESS_HISTORIC: Mark("Historic", "history", "act"),
    PromptState.ASSESS_SUSPECTED: Mark("Suspected", "dashes", "unsure"),
    PromptState.PAYER_ONLY: Mark("Payer's record only", "box", "quiet"),
    PromptState.NO_EVIDENCE: Mark("No evidence supplied", "box", "quiet"),
    PromptState.REMOVE: Mark("Consider removing", "bar", "act"),
    PromptState.HISTORY_TERM: Mark("History only", "history", "quiet"),
}

SOURCE_MARKS: Mapping[SourceState, Mark] = {
    SourceState.ASKING: Mark("Asking", "ring", "wait"),
    SourceState.ANSWERED: Mark("Answered", "check", "done"),
    SourceState.STALE: Mark("Earlier answer", "half", "unsure"),
    SourceState.NO_ANSWER: Mark("No answer", "query", "unsure"),
    SourceState.NO_PAYER: Mark("No payer on file", "box", "quiet"),
}

STATUS_MARKS: Mapping[StatusKind, Mark] = {
    StatusKind.DECEASED: Mark("Deceased", "bar", "quiet"),
    StatusKind.HOSPICE: Mark("Hospice", "bar", "quiet"),
    StatusKind.PALLIATIVE: Mark("Palliative care", "bar", "quiet"),
    StatusKind.PREGNANCY: Mark("Pregnancy", "bar", "quiet"),
    StatusKind.NURSING_HOME: Mark("Nursing home", "bar", "quiet"),
    StatusKind.FRAILTY: Mark("Frailty", "bar", "quiet"),
    StatusKind.UNREADABLE: Mark("Cannot tell", "query", "unsure"),
}

GAP_STATUS_WORDS: Mapping[GapStatus, str] = {
    GapStatus.OPEN: "open",
    GapStatus.CLOSED: "met",
    GapStatus.PROSPECTIVE: "coming due",
    GapStatus.NOT_APPLICABLE: "not applicable",
    GapStatus.UNKNOWN: "a status that we do not know",
}

#: care-gap-reason (DEQM 5.0.0 CodeSystem/care-gap-reason), for a payer that sends no display of its own.
GAP_REASON_WORDS: Mapping[str, str] = {
    "NotFound": "nothing found that would meet it",
    "Missing": "something that is needed is missing",
    "Present": "something is present that should not be",
    "InvalidAttribute": "an entry is not usable",
    "DateInRange": "a date is inside a range where it should not be",
    "DateOutOfRange": "a date is outside the range",
    "ValueInRange": "a value is inside a range where it should not be",
    "ValueOutOfRange": "a value is outside the range",
    "CountInRange": "a count is inside a range where it should not be",
    "CountOutOfRange": "a count is outside the range",
}

#: What is suggested where something is to be done, by `GapRow.act`. An act without words falls back to its state's.
ACTS: Mapping[str, str] = {
    "order-hba1c": "Order an HbA1c test",
    "repeat-or-intensify": "Repeat it, or review the treatment",
    "measure-blood-pressure": "Measure the blood pressure",
    "offer-colorectal-screening": "Offer a colonoscopy or a stool test",
    "order-follow-up-colonoscopy": "Order the follow-up colonoscopy",
    "order-mammogram": "Order a mammogram",
    "order-breast-work-up": "Order the diagnostic work-up",
    "order-kidney-tests": "Order eGFR and urine albumin",
    "order-egfr": "Order the blood test that is missing (eGFR)",
    "order-urine-albumin": "Order the urine test that is missing (albumin and creatinine)",
    "refer-eye-exam": "Refer for a retinal exam",
    "offer-cervical-screening": "Offer cervical screening",
    "refer-colposcopy": "Refer for colposcopy",
    "consider-statin": "Consider a statin",
    "offer-influenza-vaccine": "Offer the flu vaccine",
    "offer-pneumococcal-vaccine": "Offer a pneumococcal vaccine",
    "screen-depression": "Screen for depression",
    "plan-depression-follow-up": "Agree on a follow-up plan",
    "reconcile-medications": "Reconcile the medications",
}

#: Why an entry that reads like the service does not settle it, by `GapRow.because`.
UNCLEAR_WORDS: Mapping[str, str] = {
    "code-not-known": "Whether it counts for this measure is not certain.",
    "date-not-certain": "Its date is not certain enough to tell whether it counts.",
    "value-not-certain": "Its value is missing or not certain.",
    "not-final": "It is not final, and newer than the last final one.",
    "read-result": "What it says could not be read for certain: whether a follow-up is due must be read in it.",
    "event-not-in-chart": "The hospital discharge that it counts from is not in this chart.",
    "exclusion-not-certain": "It reads like a reason not to do this.",
    "told-not-to": "It says not to do this.",
    "direction-not-certain": "Which way the payer's report counts is not certain.",
}

#: Why a patient is outside a measure, by `GapRow.because`.
OUTSIDE_WORDS: Mapping[str, str] = {
    "age": "By the birth date in this chart the patient is outside the measure's ages.",
    "sex": "By the sex in this chart the measure is not about this patient.",
    "no-diagnosis": "The diagnosis that the measure is about does not stand in this chart.",
}

#: How something that has no result yet was begun, by its resource type.
BEGUN_WORDS: Mapping[str, str] = {
    "ServiceRequest": "ordered",
    "MedicationRequest": "prescribed",
    "Appointment": "booked for",
    "Observation": "without a final result yet,",
    "DiagnosticReport": "without a final report yet,",
    "Procedure": "begun",
}

#: What a payer's data is made of.
CLASS_WORDS: Mapping[SourceClass, str] = {
    SourceClass.ADJUDICATED_CLAIMS: "claims",
    SourceClass.PRE_ADJUDICATION: "claims not settled yet",
    SourceClass.PHARMACY: "pharmacy claims",
    SourceClass.CLINICAL: "clinical records",
    SourceClass.PROVIDER_SUBMITTED: "records sent in by practices",
    SourceClass.AUTHORIZATION: "authorizations",
    SourceClass.ENGAGEMENT: "outreach records",
}

STATE_ACTS: Mapping[State, str] = {
    State.DO_TODAY: "Do or order it today",
    State.ORDERED: "Wait for the result",
    State.DONE_HERE: "Nothing to do for the patient: the payer has to be told",
    State.DONE_ELSEWHERE: "Request the record from whoever did it",
    State.DOES_NOT_APPLY: "Tell the plan that it does not apply",
    State.OUT_OF_RANGE: "Review the treatment",
    State.EXCLUDED: "Nothing to do",
    State.PERIOD_OVER: "It can only be sent or explained now",
    State.NOT_CHECKED: "Check the chart before acting",
    State.CANNOT_TELL: "Check the chart before acting",
}
