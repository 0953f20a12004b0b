"""What each role may do: least by default."""

import pytest

from app.core.roles import ALLOWED, May, Role, may


def test_every_role_has_a_row_and_nobody_has_none() -> None:
    assert set(ALLOWED) == set(Role)
    assert not any(may(Role.NONE, what) for what in May)


@pytest.mark.parametrize("what", [May.ASSESS, May.SEE_PROMPTS, May.SEE_GAPS, May.SEE_MONEY])
def test_only_a_clinician_may_assess_and_no_clinical_role_sees_money(what: May) -> None:
    who = {role for role in Role if may(role, what)}
    assert (
        who
        == {
            May.ASSESS: {Role.CLINICIAN},
            May.SEE_PROMPTS: {Role.CLINICIAN, Role.CLINICAL_STAFF},
            May.SEE_GAPS: {Role.CLINICIAN, Role.CLINICAL_STAFF, Role.MANAGER},
            May.SEE_MONEY: {Role.MANAGER, Role.FINANCE},
        }[what]
    )
