"""What may be asked of whom, and in which order: no payer hears of a patient before everything allows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.answers import Answer, Known, Reason, Unknown
from app.core.asking import (
    CARE_GAPS,
    CHART_PREFIX,
    CONSENTS,
    COVERAGE,
    EHR,
    MEMBER,
    PATIENT,
    RISK,
    USER,
    USER_ROLES,
    Ask,
    Opening,
    PayerRow,
    allows_more,
    payers_of,
    plan,
)
from app.core.chart import CHART_TYPES, Coding, Coverage, Patient
from app.core.coverage import Recognition
from app.core.report import Member
from app.core.restrictions import Own
from app.core.roles import Role, RoleRow, User

ROWS = (PayerRow("northwind", "Northwind", (Recognition(payor="Northwind"),)),)
ROLES = (
    RoleRow(Role.CLINICIAN, code="s|physician"), RoleRow(Role.MANAGER, code="s|manager"),
    RoleRow(Role.PRIVACY, code="s|privacy"),
)  # fmt: skip
OPENING = Opening(
    "h", "main", "Main", "https://ehr.example", "p1", None, "Practitioner/1", date(2026, 3, 2), roles=ROLES
)


NOTHING_DECIDED = Own()


def known(value: Any, **other: Any) -> Known[Any]:
    return Known(value, "x", datetime(2026, 3, 2, tzinfo=UTC), **other)


def user(code: str) -> Known[User]:
    return known(User("Practitioner/1", role_codes=(Coding("s", code),)))


def ehr(name: str) -> Ask:
    return Ask(EHR, name)


MEMBER_ASK = Ask("northwind", MEMBER)
ALL: dict[Ask, Answer[Any]] = {
    ehr(PATIENT): known(Patient("p1")),
    ehr(COVERAGE): known((Coverage("Coverage/1", "active", ("Northwind",)),)),
    ehr(CONSENTS): known(()),
    ehr(CHART_PREFIX + "Flag"): known(()),
    ehr(USER): known(User("Practitioner/1")),
    ehr(USER_ROLES): user("physician"),
}


def asked(answers: dict[Ask, Answer[Any]], opening: Opening = OPENING, own: Own | None = NOTHING_DECIDED) -> list[Ask]:
    return list(plan(opening, answers, ROWS, own).asks)


def test_first_comes_what_the_payers_wait_for_and_nothing_else() -> None:
    assert asked({}) == [
        ehr(PATIENT), ehr(COVERAGE), ehr(CONSENTS), ehr(CHART_PREFIX + "Flag"), ehr(USER), ehr(USER_ROLES),
    ]  # fmt: skip


def test_with_all_of_it_the_chart_and_the_member_are_asked_side_by_side() -> None:
    found = asked(ALL)
    assert MEMBER_ASK in found
    assert {ehr(CHART_PREFIX + kind) for kind in CHART_TYPES} <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("missing", list(ALL))
def test_no_payer_hears_of_the_patient_while_one_of_them_is_out_or_unreadable(missing: Ask) -> None:
    out = {ask: answer for ask, answer in ALL.items() if ask != missing}
    assert MEMBER_ASK not in asked(out)
    assert MEMBER_ASK not in asked({**out, missing: Unknown("main", Reason.DOWN)})


def test_nor_before_the_practices_own_decisions_were_read() -> None:
    assert MEMBER_ASK not in asked(ALL, own=None)


@pytest.mark.parametrize("missing", [ehr(USER), ehr(USER_ROLES)])
def test_the_chart_waits_for_the_role(missing: Ask) -> None:
    out = {ask: answer for ask, answer in ALL.items() if ask != missing}
    assert ehr(CHART_PREFIX + "Condition") not in asked(out)


@given(st.sets(st.sampled_from(list(ALL))), st.sampled_from(["physician", "manager", "privacy", "janitor"]))
def test_every_question_that_can_open_another_says_so(some: set[Ask], code: str) -> None:
    whole = {**ALL, ehr(USER_ROLES): user(code)}
    answers = {ask: whole[ask] for ask in some}
    before = set(asked(answers))
    for ask in set(whole) - some:
        more = set(asked({**answers, ask: whole[ask]}))
        assert before <= more
        assert more == before or allows_more(ask)


def test_prompts_are_asked_for_by_those_who_may_see_them() -> None:
    answers = {**ALL, MEMBER_ASK: known(Member("northwind", "m1", "1", "identifier"))}
    assert {Ask("northwind", CARE_GAPS), Ask("northwind", RISK)} <= set(asked(answers))
    manager = asked({**answers, ehr(USER_ROLES): user("manager")})
    assert Ask("northwind", CARE_GAPS) in manager
    assert Ask("northwind", RISK) not in manager


@pytest.mark.parametrize("code", ["privacy", "janitor"])
def test_a_role_without_the_panel_asks_nothing_more(code: str) -> None:
    assert asked({**ALL, ehr(USER_ROLES): user(code)}) == asked({})


@pytest.mark.parametrize(
    ("role", "expected"),
    [(Role.NONE, [USER]), (Role.OPERATOR, [USER]), (Role.PRIVACY, [PATIENT, USER])],
)
def test_a_role_that_is_known_at_once_reads_nothing_it_may_not_see(role: Role, expected: list[str]) -> None:
    by_claim = replace(OPENING, roles=(RoleRow(role, claim="job", equals="x"),), claims={"job": "x"})
    assert asked({}, by_claim) == [ehr(name) for name in expected]


def test_a_claim_that_makes_a_clinician_waits_for_nobody() -> None:
    by_claim = replace(OPENING, roles=(RoleRow(Role.CLINICIAN, claim="job", equals="x"),), claims={"job": "x"})
    assert ehr(CHART_PREFIX + "Condition") in asked({}, by_claim)
    assert ehr(USER_ROLES) not in asked({}, by_claim)


def test_without_role_rows_nobody_has_a_role() -> None:
    assert asked({}, replace(OPENING, roles=())) == [ehr(USER)]


@pytest.mark.parametrize(
    ("own", "reason"),
    [(Own(held=frozenset({"northwind"})), Reason.HELD), (Own(restricted=frozenset({""})), Reason.RESTRICTED)],
)
def test_of_a_payer_that_is_not_asked_nothing_earlier_is_looked_at(own: Own, reason: Reason) -> None:
    answers = {**ALL, MEMBER_ASK: known(Member("northwind", "m1", "1", "identifier")), Ask("northwind", RISK): known(1)}
    planned = plan(OPENING, answers, ROWS, own)
    assert MEMBER_ASK not in planned.asks
    assert planned.restricted == {"northwind": reason}
    [payer] = payers_of(planned, answers)
    assert payer.member == Unknown("northwind", reason)
    assert (payer.care_gaps, payer.risk) == (None, None)


def test_a_practitioner_role_brings_its_own_codes() -> None:
    opening = replace(OPENING, user_ref="PractitionerRole/1")
    assert ehr(USER_ROLES) not in asked({}, opening)
    assert MEMBER_ASK in asked({**ALL, ehr(USER): user("physician")}, opening)
