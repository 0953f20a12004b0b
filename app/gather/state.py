"""What is known of one launch at one moment: the plan, and every answer that the store has for it (`reading`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.core import asking
from app.core.answers import Answer, Known, Unknown
from app.core.asking import EHR, Ask, Opening, Plan
from app.core.chart import Coverage
from app.core.restrictions import Own
from app.core.roles import May, Role, may
from app.store import audit
from app.store.answers import Question

#: What the audit calls a look: at the chart, at its head alone (name, birth date, record number), at nothing of it.
READ_CHART, READ_HEAD, OPENED = "read-chart", "read-patient-header", "open-without-chart"


@dataclass(frozen=True, slots=True)
class State:
    """The answers of one launch so far. `version` is one of this content and of no other; `complete`: nothing is out.

    `role` None: the EHR has not said yet who the user is. `again`: what has an answer in the
    store, and is to be asked anew.
    """

    plan: Plan
    answers: Mapping[Ask, Answer[Any]]
    version: int
    complete: bool
    idle: bool = False  # something may be asked that nobody is asking: new, or its asker died
    role: Role | None = None
    pulse: int = 0  # the sum that `answers.pulse` tells: whether a look may be worth it, and nothing else
    asked: Mapping[Ask, Question] = field(default_factory=dict, repr=False)
    pulses: tuple[object, ...] = field(default=(), repr=False)  # of what is stored of these (`answers.pulses`)
    again: tuple[Ask, ...] = ()
    until: datetime | None = None  # from then on it may read otherwise although nobody has written anything
    own: Own = field(default_factory=Own)  # what the practice itself has decided about the patient

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(self.asked.values())


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: for the audit."""

    user: str  # Practitioner/123, or the subject of the id_token
    role: Callable[[State], str] = lambda state: str(state.role or "not known yet")


def failed(answer: Answer[Any]) -> bool:
    """Whether the newest try came to nothing, an older answer standing in or not."""
    return isinstance(answer, Unknown) or answer.stale_because is not None


def patient_key(opening: Opening, plan: Plan) -> str:
    """The patient of a launch in store and audit: two EHRs' patients are never one."""
    return f"{opening.issuer}|{plan.patient_id or ''}"


def question(opening: Opening, ask: Ask, plan: Plan) -> Question:
    """EHR answers belong to one launch, because the user's own rights gave them; payers' are the patient's.

    The key holds the EHR's issuer, its patient id and the member id, so that no two patients ever share an answer.
    """
    if ask.source == EHR:
        return Question(opening.ehr, _name(opening, ask), opening.handle, f"{opening.issuer}|{_about(opening, ask)}")
    coverage = coverage_of(plan, ask.source)
    member = ",".join([*(i.value for i in coverage.member_ids), coverage.subscriber_id, coverage.dependent])
    name = f"{ask.name} {asking.report_period(opening.about).end}"
    return Question(ask.source, name, "", patient_key(opening, plan), member)


def _name(opening: Opening, ask: Ask) -> str:
    of = opening.schedule if ask.name == asking.SCHEDULE else None
    return f"{ask.name} {of.provider} {of.first} {of.last}" if of else ask.name


def _about(opening: Opening, ask: Ask) -> str | None:
    """What the launch names does not change with the answers. Who looks, and the day, are no patient's."""
    if ask.name in (asking.USER, asking.USER_ROLES, asking.SCHEDULE):
        return ""
    return opening.patient_id or opening.encounter_id


def coverage_of(plan: Plan, payer: str) -> Coverage:
    """The coverage by which a payer is asked."""
    return next(coverage for row, coverage in plan.payers if row.id == payer)


def counts(state: State) -> dict[str, int]:
    """For the audit: how much of which answers, and which payers were not asked, and why."""
    known = {ask: answer.value for ask, answer in state.answers.items() if isinstance(answer, Known)}
    found = {f"{ask.source}/{ask.name}": len(v) if isinstance(v, tuple) else 1 for ask, v in known.items()}
    for payer, reason in state.plan.restricted.items():
        found[f"{payer}/not-asked/{reason}"] = 1
    return found


def shown(opening: Opening, reader: Reader, state: State, at: datetime) -> audit.Audit:
    """Who is about to be shown which parts of whose chart, how much of each; which payers were not asked, and why.

    Not every role is shown a chart: who decides on hidden reports sees the head of it, the others nothing.
    """
    seen = counts(state)
    head = f"{EHR}/{asking.PATIENT}"
    if state.role is not None and may(state.role, May.SEE_GAPS):
        action = READ_CHART
    elif state.role is not None and may(state.role, May.DECIDE_HELD) and head in seen:
        action, seen = READ_HEAD, {head: 1}
    else:
        action, seen = OPENED, {}
    return audit.Audit(
        launch=opening.handle,
        who=reader.user,
        role=reader.role(state),
        patient=patient_key(opening, state.plan),
        action=action,
        counts=seen,
        outcome="ok" if state.complete else "still asking",
        at=at,
    )
