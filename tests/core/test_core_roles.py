"""What each role may do: least by default."""

import pytest

from app.core.chart import Coding, Identifier
from app.core.roles import ALLOWED, May, Role, RoleRow, User, may, role_so_far


def test_every_role_has_a_row_and_nobody_has_none() -> None:
    assert set(ALLOWED) == set(Role)
    assert not any(may(Role.NONE, what) for what in May)


@pytest.mark.parametrize("what", [May.ASSESS, May.SEE_PROMPTS, May.SEE_GAPS, May.SEE_MONEY, May.SEE_SCHEDULE, May.TICK])
def test_only_a_clinician_may_assess_and_no_clinical_role_sees_money(what: May) -> None:
    who = {role for role in Role if may(role, what)}
    assert (
        who
        == {
            May.ASSESS: {Role.CLINICIAN},
            May.SEE_PROMPTS: {Role.CLINICIAN, Role.CLINICAL_STAFF},
            May.SEE_GAPS: {Role.CLINICIAN, Role.CLINICAL_STAFF, Role.MANAGER},
            May.SEE_MONEY: {Role.MANAGER, Role.FINANCE},
            May.SEE_SCHEDULE: {Role.CLINICIAN, Role.CLINICAL_STAFF, Role.MANAGER},
            May.TICK: {Role.CLINICIAN, Role.CLINICAL_STAFF},
        }[what]
    )


def test_who_sees_a_schedule_sees_the_panels_that_its_rows_open() -> None:
    assert all(may(role, May.SEE_GAPS) for role in Role if may(role, May.SEE_SCHEDULE))
    assert all(may(role, May.SEE_SCHEDULE) for role in Role if may(role, May.TICK))


def test_only_the_privacy_role_decides_what_is_hidden_and_it_sees_no_panel() -> None:
    assert {role for role in Role if may(role, May.DECIDE_HELD)} == {Role.PRIVACY}
    assert not may(Role.PRIVACY, May.SEE_GAPS)


ANY, CLAIM = RoleRow(Role.CLINICIAN, any=True), RoleRow(Role.MANAGER, claim="job", equals="boss")
CODE, NPI = RoleRow(Role.PRIVACY, code="s|c"), RoleRow(Role.CLINICAL_STAFF, identifier_system="npi")
SOMEBODY = User("Practitioner/1", identifiers=(Identifier("npi", "1"),), role_codes=(Coding("s", "c"),))


@pytest.mark.parametrize(
    ("rows", "user_out", "codes_out", "expected"),
    [
        ((ANY,), True, True, Role.CLINICIAN),
        ((CODE, ANY), True, True, None),
        ((CODE, ANY), False, True, None),
        ((CODE, ANY), False, False, Role.PRIVACY),
        ((NPI, CODE), False, True, Role.CLINICAL_STAFF),
        ((NPI, CODE), True, True, None),
        ((CLAIM, CODE), True, True, Role.MANAGER),
        ((CODE, CLAIM), False, True, None),
        ((), True, True, Role.NONE),
    ],
)
def test_a_role_is_known_as_soon_as_nothing_that_is_still_asked_could_change_it(
    rows: tuple[RoleRow, ...], user_out: bool, codes_out: bool, expected: Role | None
) -> None:
    user = None if user_out else SOMEBODY
    found = role_so_far(rows, user, {"job": "boss"}, user_out=user_out, codes_out=codes_out)
    assert found is expected
    assert found in (None, role_so_far(rows, SOMEBODY, {"job": "boss"}))
