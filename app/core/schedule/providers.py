"""Whose days a user may open: their own always, and those that a row of the practice gives them. Default: self."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.roles import May, Role, may
from app.core.schedule.entry import ProviderRow

_PRACTITIONER = "Practitioner/"


def own(*refs: str | None) -> str:
    """The first of these that is a Practitioner: whose day is the user's own. Empty: none, or not known.

    Where a launch names a role (PractitionerRole/…), the user's own answer, which comes first, says who has it.
    """
    return next((ref for ref in refs if ref and ref.startswith(_PRACTITIONER)), "")


def open_to(
    rows: Iterable[ProviderRow], user_ref: str | None, role: Role | None, *, user_name: str = ""
) -> tuple[ProviderRow, ...]:
    """The providers whose days a user may open: whose day is opened without asking stands first.

    That is the user's own, for a clinician and for whom the practice has a row; others who prepare visits seldom have
    visits themselves, and find their own day last.

    `user_ref`: "Practitioner/123", or nothing known; `role` None: not known yet, so nobody's. Who is no Practitioner
    has no day of their own. A row with neither roles nor users opens its day to nobody but that provider.
    """
    if role is None or not may(role, May.SEE_SCHEDULE):
        return ()
    known = tuple(rows)
    own: list[ProviderRow] = []
    if user_ref and user_ref.startswith(_PRACTITIONER):
        own = [row for row in known if row.ref == user_ref] or [ProviderRow(user_ref, user_name)]
    others = [row for row in known if row.ref != user_ref and (role in row.roles or (user_ref or "") in row.users)]
    first = role is Role.CLINICIAN or any(row.ref == user_ref for row in known)
    return (*own, *others) if first else (*others, *own)


def is_open(rows: Iterable[ProviderRow], user_ref: str | None, role: Role | None, provider: str) -> bool:
    """Whether a user may open the day of `provider` ("Practitioner/123")."""
    return any(row.ref == provider for row in open_to(rows, user_ref, role))
