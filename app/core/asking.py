"""What to ask of whom, given the answers so far. Pure: `app/gather.py` asks, this only decides.

A morning schedule asks more of fewer things: an opening says which chart types are read (`types`), how old a payer's
answer may be (`reports_fresh`), and whether anything beside a few named questions is asked at all (`only`).

The order is a graph: the launch names the patient (or the encounter does); who the user is, patient, coverage and
restrictions are asked side by side; the rest of the chart waits for a role that may see it. The active coverages name
the payers; one that no restriction and no hold keeps us from is asked who the member is, then for its reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from app.core.answers import Answer, Known, Reason, Unknown
from app.core.chart import CHART_TYPES, Chart, Coverage, Fact, Patient
from app.core.coverage import Recognition, connect
from app.core.flag import PayerAnswers
from app.core.freshness import DataClass
from app.core.report import Period
from app.core.restrictions import CONSENT, FLAG, KINDS, Own, restrictions
from app.core.roles import May, Role, RoleRow, User, may, role_so_far
from app.core.schedule.appointment import DayAsk

EHR = "ehr"
PATIENT, COVERAGE, USER, ENCOUNTER = "patient", "coverage", "user", "encounter"
USER_ROLES, CONSENTS, SCHEDULE = "user-roles", "consents", "schedule"
MEMBER, CARE_GAPS, RISK = "member", "care-gaps", "risk"
CHART_PREFIX = "chart/"

#: How far back each chart type is read, in years; absent: everything. The longest look-back of a rule decides
#: (HPV test: the measurement period and the four years before it). Procedures are read whole: an operation that takes a
#: patient out of a measure may be of any time.
LOOK_BACK_YEARS: Mapping[str, int] = {
    "Encounter": 2, "Observation": 5, "DiagnosticReport": 10, "MedicationRequest": 2,
    "ServiceRequest": 2, "Appointment": 1, "DocumentReference": 3,
}  # fmt: skip


#: How old a payer's answer may be where somebody has the patient before them.
REPORT_FRESH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Opening:
    """What one launch says about who opened whose chart. `day` is the clinic's date; `visit_day` the day of the visit
    that is prepared, where it is another: its year is what payers are asked about.

    An answer that is older than it may be is shown until a newer one is in. `failures_stand`: for how long a source
    that has failed is left alone, and what it failed to answer counts as answered, beyond the moment that a launch
    gives it.
    """

    handle: str
    ehr: str
    ehr_name: str
    issuer: str
    patient_id: str | None
    encounter_id: str | None
    user_ref: str | None
    day: date
    scopes: frozenset[str] = frozenset()  # granted by the EHR for this launch
    roles: tuple[RoleRow, ...] = ()  # of the EHR's entry; without any, nobody has a role
    claims: Mapping[str, object] = field(default_factory=dict)  # id_token claims and token response fields
    restrictions: tuple[str, ...] = KINDS  # in which resources this EHR keeps restrictions on disclosure
    named: tuple[str, ...] = ()  # Appointment/…: what the launch itself names
    types: tuple[str, ...] = CHART_TYPES  # what is read of the chart
    only: tuple[str, ...] | None = None  # names of the questions that are asked beside who the user is; None: all
    reports_fresh: timedelta = REPORT_FRESH
    failures_stand: timedelta = timedelta()
    visit_day: date | None = None
    schedule: DayAsk | None = None  # the day that is asked for, where no patient is
    ahead: bool = False  # the night asks: what it leaves to the morning is no answer for anybody else

    @property
    def about(self) -> date:
        """The day whose visit everything is asked for."""
        return self.visit_day or self.day


@dataclass(frozen=True, slots=True)
class PayerRow:
    """What the planner must know of a payer entry."""

    id: str
    name: str
    recognised_by: tuple[Recognition, ...]
    speaks: tuple[str, ...] = (CARE_GAPS, RISK)
    data: tuple[DataClass, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to one source: `source` is EHR or a payer id."""

    source: str
    name: str


Answers = Mapping[Ask, Answer[object]]


@dataclass(frozen=True, slots=True)
class Plan:
    """Every question that may be asked by now (answered or not), and what coverage made of the payers."""

    patient_id: str | None
    asks: tuple[Ask, ...]
    payers: tuple[tuple[PayerRow, Coverage], ...] = ()
    unconnected: tuple[Coverage, ...] = ()
    restricted: Mapping[str, Reason] = field(default_factory=dict)  # payers that are not asked, and why
    restricted_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the entries of the chart that say so


def plan(opening: Opening, answers: Answers, payers: Sequence[PayerRow], own: Own | None = None) -> Plan:
    """The questions whose premises have been answered. More appear as answers arrive; none ever disappears, unless
    somebody holds or restricts a payer meanwhile. `own` None: what the practice itself has decided was not read yet.
    """
    role, at_once = role_by_now(opening, answers), role_by_now(opening, {})
    if opening.schedule is not None:
        return Plan(None, wanted(opening, (*_user_asks(opening), *_day_asks(role))))
    user, encounter = _user_asks(opening), [Ask(EHR, ENCOUNTER)] if opening.encounter_id else []
    if at_once is not None and not {May.SEE_GAPS, May.DECIDE_HELD} & _allowed(at_once):
        return Plan(opening.patient_id, tuple(user))
    patient_id = opening.patient_id or _subject_of_encounter(answers)
    if not patient_id:
        return Plan(None, (*user, *encounter))
    if at_once is not None and not may(at_once, May.SEE_GAPS):
        return Plan(patient_id, wanted(opening, (Ask(EHR, PATIENT), *user, *encounter)))
    # The payers wait for these, so they are asked before what nobody waits for.
    first = [Ask(EHR, PATIENT), Ask(EHR, COVERAGE), *restriction_asks(opening), *user, *encounter]
    if role is None or not may(role, May.SEE_GAPS):
        return Plan(patient_id, wanted(opening, first))
    found = _with_payers(Plan(patient_id, tuple(first)), opening, answers, payers, own, may(role, May.SEE_PROMPTS))
    asked = set(first)
    chart = [ask for kind in opening.types if (ask := Ask(EHR, CHART_PREFIX + kind)) not in asked]
    return replace(found, asks=wanted(opening, (*found.asks, *chart)))


def wanted(opening: Opening, asks: Iterable[Ask]) -> tuple[Ask, ...]:
    """Those of the questions that this opening asks at all."""
    only = opening.only
    return tuple(ask for ask in asks if only is None or ask.name in only or ask.name in (USER, USER_ROLES, SCHEDULE))


def _day_asks(role: Role | None) -> list[Ask]:
    """The schedule is asked for beside who the user is; what it says waits for a role that may see one."""
    return [Ask(EHR, SCHEDULE)] if role is None or may(role, May.SEE_SCHEDULE) else []


def _allowed(role: Role) -> set[May]:
    return {what for what in May if may(role, what)}


def _user_asks(opening: Opening) -> list[Ask]:
    """Who the user is; their role codes apart, where a row asks for one: so the two are read side by side."""
    if not opening.user_ref:
        return []
    by_role = "PractitionerRole" in opening.user_ref.split("/")  # then the user's own answer has the codes
    return [Ask(EHR, USER)] + [Ask(EHR, USER_ROLES)] * (not by_role and any(row.code for row in opening.roles))


def restriction_asks(opening: Opening) -> list[Ask]:
    """What has to have answered before any payer is asked."""
    consents = [Ask(EHR, CONSENTS)] if CONSENT in opening.restrictions else []
    return consents + ([Ask(EHR, CHART_PREFIX + FLAG)] if FLAG in opening.restrictions else [])


def _with_payers(
    so_far: Plan, opening: Opening, answers: Answers, payers: Sequence[PayerRow], own: Own | None, prompts: bool
) -> Plan:
    patient, coverages = answers.get(Ask(EHR, PATIENT)), answers.get(Ask(EHR, COVERAGE))
    if not (isinstance(patient, Known) and isinstance(coverages, Known)):
        return so_far
    if _deceased(patient):
        return so_far  # nothing about the dead is asked of anybody
    connected, unconnected = connect(coverages.value, opening.ehr, opening.day, payers)  # type: ignore[arg-type] # by name
    consents, flags = answers.get(Ask(EHR, CONSENTS)), answers.get(Ask(EHR, CHART_PREFIX + FLAG))
    found = restrictions(consents, flags, own, connected, opening.day, opening.restrictions, payers)  # type: ignore[arg-type] # by name
    asks = list(so_far.asks)
    for row, _ in connected:
        if found.known and row.id not in found.refused:
            asks += _payer_asks(row, answers, prompts)  # `only` leaves out what is not wanted of it
    return Plan(so_far.patient_id, tuple(asks), connected, unconnected, found.refused, found.entries)


def _payer_asks(row: PayerRow, answers: Answers, prompts: bool) -> list[Ask]:
    member = Ask(row.id, MEMBER)
    if isinstance(answers.get(member), Known):
        return [member, *(Ask(row.id, name) for name in row.speaks if prompts or name != RISK)]
    return [member]


def encounter_of(answers: Answers, patient_id: str | None) -> Fact | None:
    """The visit of the launch, as the EHR told it last. One that is another patient's is no visit of this one."""
    answer = answers.get(Ask(EHR, ENCOUNTER))
    fact = answer.value if isinstance(answer, Known) and isinstance(answer.value, Fact) else None
    return None if fact is not None and is_anothers(fact, patient_id) else fact


def is_anothers(encounter: Fact, patient_id: str | None) -> bool:
    """Whether a visit says that it is another patient's."""
    return bool(patient_id and encounter.subject) and encounter.subject != f"Patient/{patient_id}"


def _subject_of_encounter(answers: Answers) -> str | None:
    encounter = answers.get(Ask(EHR, ENCOUNTER))
    if isinstance(encounter, Known) and isinstance(encounter.value, Fact):
        return encounter.value.subject.removeprefix("Patient/") or None
    return None


def _deceased(patient: Known[object]) -> bool:
    return isinstance(patient.value, Patient) and bool(patient.value.deceased)


def user_of(answers: Answers) -> User | None:
    """The user as far as the EHR has told, with the role codes that came apart."""
    user, roles = _user_value(answers, USER), _user_value(answers, USER_ROLES)
    if user is None or roles is None:
        return user
    return replace(
        user, role_codes=user.role_codes + roles.role_codes, specialties=user.specialties + roles.specialties
    )


def _user_value(answers: Answers, name: str) -> User | None:
    answer = answers.get(Ask(EHR, name))
    return answer.value if isinstance(answer, Known) and isinstance(answer.value, User) else None


def role_by_now(opening: Opening, answers: Answers) -> Role | None:
    """The user's role, or None while the EHR is still being asked for what decides it."""
    out = {ask.name for ask in _user_asks(opening) if ask not in answers}
    claims = opening.claims
    return role_so_far(opening.roles, user_of(answers), claims, user_out=USER in out, codes_out=USER_ROLES in out)


def allows_more(ask: Ask) -> bool:
    """Whether an answer to `ask` can be the premise of another question."""
    return ask.name in _PREMISES


_PREMISES = frozenset({PATIENT, COVERAGE, ENCOUNTER, USER, USER_ROLES, CONSENTS, SCHEDULE, CHART_PREFIX + FLAG, MEMBER})


def chart_of(answers: Answers) -> Chart:
    """The chart as far as it has answered."""
    facts = {
        ask.name.removeprefix(CHART_PREFIX): answer
        for ask, answer in answers.items()
        if ask.source == EHR and ask.name.startswith(CHART_PREFIX)
    }
    return Chart(answers.get(Ask(EHR, PATIENT)), answers.get(Ask(EHR, COVERAGE)), facts)  # type: ignore[arg-type] # typed by name


def look_back(kind: str, day: date) -> date | None:
    """The first day from which `kind` is read, or None for all of it."""
    years = LOOK_BACK_YEARS.get(kind)
    return None if years is None else day - timedelta(days=years * 366)


def report_period(day: date) -> Period:
    """The measurement period asked for: the calendar year of the visit (DEQM 5.0.0 `periodStart`, `periodEnd`)."""
    return Period(date(day.year, 1, 1), date(day.year, 12, 31))


def payers_of(planned: Plan, answers: Answers) -> tuple[PayerAnswers, ...]:
    """What has come back from each payer of an active coverage."""

    def answer(payer: PayerRow, name: str) -> Any:
        if payer.id in planned.restricted:  # an earlier answer of it is not looked at either
            return Unknown(payer.id, planned.restricted[payer.id]) if name == MEMBER else None
        return answers.get(Ask(payer.id, name))

    return tuple(
        PayerAnswers(
            id=payer.id,
            name=payer.name,
            coverage=coverage,
            member=answer(payer, MEMBER),
            care_gaps=answer(payer, CARE_GAPS),
            risk=answer(payer, RISK),
            speaks=payer.speaks,
            data=payer.data,
            restricted_by=planned.restricted_by.get(payer.id, ()),
        )
        for payer, coverage in planned.payers
    )
