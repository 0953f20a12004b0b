"""Whose days a user may open: their own always, others' by role or by name, and a role without schedules nobody's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.roles import May, Role, may
from app.core.schedule.entry import ProviderRow
from app.core.schedule.providers import is_open, open_to
from tests.core.made import steady

ADA, BEN, CY = (f"Practitioner/{name}" for name in ("ada", "ben", "cy"))
ROWS = (
    ProviderRow(ADA, "Dr. Ada", roles=("clinical-staff", "manager")),
    ProviderRow(BEN, "Dr. Ben", users=("Practitioner/nurse",)),
    ProviderRow(CY, "Dr. Cy"),
)


@pytest.mark.parametrize(
    ("user", "role", "opens"),
    [
        (ADA, Role.CLINICIAN, [ADA]),
        (BEN, Role.CLINICIAN, [BEN]),
        ("Practitioner/new", Role.CLINICIAN, ["Practitioner/new"]),  # no row: their own day all the same
        ("Practitioner/nurse", Role.CLINICIAN, ["Practitioner/nurse", BEN]),
        (
            "Practitioner/ma",
            Role.CLINICAL_STAFF,
            [ADA, "Practitioner/ma"],
        ),  # who has no visits starts on those of others
        ("Practitioner/nurse", Role.CLINICAL_STAFF, [ADA, BEN, "Practitioner/nurse"]),
        (CY, Role.CLINICAL_STAFF, [CY, ADA]),  # the practice has a row for them: they have visits
        (ADA, Role.MANAGER, [ADA]),  # their own day stands once
        (None, Role.CLINICAL_STAFF, [ADA]),
        ("PractitionerRole/7", Role.CLINICIAN, []),
        ("Person/7", Role.MANAGER, [ADA]),
        (ADA, Role.PRIVACY, []),
        (ADA, Role.OPERATOR, []),
        (ADA, Role.NONE, []),
        (ADA, None, []),
    ],
)
def test_who_may_open_whose_day(user: str | None, role: Role | None, opens: list[str]) -> None:
    assert [row.ref for row in open_to(ROWS, user, role)] == opens


def test_the_own_day_has_the_name_of_its_row_else_the_users() -> None:
    assert open_to(ROWS, ADA, Role.CLINICIAN, user_name="Ada O.")[0].name == "Dr. Ada"
    assert open_to((), ADA, Role.CLINICIAN, user_name="Ada O.")[0].name == "Ada O."


refs = st.sampled_from([ADA, BEN, CY, "Practitioner/nurse", "Person/7", ""])
rows = st.lists(
    st.builds(
        ProviderRow,
        ref=st.sampled_from([ADA, BEN, CY]),
        name=st.just("Dr."),
        roles=st.lists(st.sampled_from([str(role) for role in Role]), max_size=2).map(tuple),
        users=st.lists(refs, max_size=2).map(tuple),
    ),
    unique_by=lambda row: row.ref,
)


@given(rows, refs, st.sampled_from([*Role, None]))
@steady
def test_nobody_opens_more_than_their_own_day_and_what_a_row_gives_them(
    given: list[ProviderRow], user: str, role: Role | None
) -> None:
    found = open_to(given, user, role)
    assert all(is_open(given, user, role, row.ref) for row in found)
    if role is None or not may(role, May.SEE_SCHEDULE):
        assert found == ()
    for row in found:
        named = next((each for each in given if each.ref == row.ref), row)
        assert row.ref == user or role in named.roles or user in named.users
    own = user.startswith("Practitioner/") and role is not None and may(role, May.SEE_SCHEDULE)
    assert not own or any(row.ref == user for row in found)
    assert not own or role is not Role.CLINICIAN or found[0].ref == user
    assert len({row.ref for row in found}) == len(found)
    assert not is_open(given, user, role, "Practitioner/nobody")
