"""Which call of which adapter answers a question, and whether what came back is about this patient at all.

Both work with plain values only: they run in pool threads, without Flask and without a database.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any, Protocol

from app.core import asking, identity
from app.core.answers import Answer, Known
from app.core.asking import EHR, Ask, Opening
from app.core.chart import Coverage, Fact, Identifier, Patient
from app.core.consents import Consent
from app.core.identity import Block
from app.core.report import Member, Period, Report
from app.core.roles import User
from app.core.schedule.appointment import DayAsk, Schedule
from app.gather.state import State, coverage_of


class EhrSource(Protocol):
    """What gather asks of an EHR adapter (`app.sources.ehr`)."""

    def user(self, ref: str) -> Answer[User]: ...
    def user_roles(self, ref: str) -> Answer[User]: ...
    def encounter(self, encounter_id: str) -> Answer[Fact]: ...
    def patient(self, patient_id: str) -> Answer[Patient]: ...
    def coverages(self, patient_id: str) -> Answer[tuple[Coverage, ...]]: ...
    def consents(self, patient_id: str) -> Answer[tuple[Consent, ...]]: ...
    def facts(self, kind: str, patient_id: str, since: date | None) -> Answer[tuple[Fact, ...]]: ...
    def schedule(self, ask: DayAsk, named: tuple[str, ...] = ()) -> Answer[Schedule]: ...


class PayerSource(Protocol):
    """What gather asks of a payer adapter (`app.sources.payer`)."""

    def member(self, patient: Patient, coverage: Coverage) -> Answer[Member]: ...
    def care_gaps(self, member: Member, period: Period) -> Answer[Report]: ...
    def risk(self, member: Member, period: Period) -> Answer[Report]: ...
    def open_gaps(self, practitioner: tuple[Identifier, ...], period: Period) -> Answer[tuple[Report, ...]]: ...


def ehr_call(ehr: EhrSource, opening: Opening, ask: Ask, state: State) -> Callable[[], Answer[Any]]:
    """The EHR adapter's call for one question."""
    patient_id = state.plan.patient_id or ""
    match ask.name:
        case asking.USER:
            return partial(ehr.user, opening.user_ref or "")
        case asking.USER_ROLES:
            return partial(ehr.user_roles, opening.user_ref or "")
        case asking.ENCOUNTER:
            return partial(ehr.encounter, opening.encounter_id or "")
        case asking.SCHEDULE if opening.schedule is not None:
            return partial(ehr.schedule, opening.schedule, opening.named)
        case asking.PATIENT:
            return partial(ehr.patient, patient_id)
        case asking.COVERAGE:
            return partial(ehr.coverages, patient_id)
        case asking.CONSENTS:
            return partial(ehr.consents, patient_id)
    kind = ask.name.removeprefix(asking.CHART_PREFIX)
    return partial(ehr.facts, kind, patient_id, asking.look_back(kind, opening.day))


def payer_call(payer: PayerSource, opening: Opening, ask: Ask, state: State) -> Callable[[], Answer[Any]]:
    """The payer adapter's call for one question."""
    if ask.name == asking.MEMBER:
        return partial(payer.member, _value(state, Ask(EHR, asking.PATIENT)), coverage_of(state.plan, ask.source))
    call = payer.care_gaps if ask.name == asking.CARE_GAPS else payer.risk
    return partial(call, _value(state, Ask(ask.source, asking.MEMBER)), asking.report_period(opening.about))


def gated(ask: Ask, state: State, answer: Answer[Any]) -> tuple[Answer[Any], frozenset[Block]]:
    """An answer that may be kept, and what blocked it: nothing of another person's report gets further than here."""
    if ask.source == EHR or not isinstance(answer, Known):
        return answer, frozenset()
    chart, coverage = _value(state, Ask(EHR, asking.PATIENT)), coverage_of(state.plan, ask.source)
    if ask.name == asking.MEMBER:
        verdict = identity.examine_member(answer.value, chart=chart, coverage=coverage)
    else:
        member = _value(state, Ask(ask.source, asking.MEMBER))
        verdict = identity.examine(member, answer.value, chart=chart, coverage=coverage)
    return identity.refusal(ask.source, verdict) or answer, verdict.blocks


def _value(state: State, ask: Ask) -> Any:
    answer = state.answers[ask]
    assert isinstance(answer, Known), f"{ask} was planned on"
    return answer.value
