"""Who is using the app, and what their role may see and do. Least by default: no role, nothing of the chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.core.chart import Coding, Identifier

NOT_STATED = "not stated"  # in the audit: a user of whom the EHR says neither fhirUser nor sub


class Role(StrEnum):
    """Roles come from the EHR's identity by the EHR entry's `role` rows, never from anything the user types."""

    CLINICIAN = "clinician"
    CLINICAL_STAFF = "clinical-staff"
    MANAGER = "manager"
    FINANCE = "finance"
    PRIVACY = "privacy"
    OPERATOR = "operator"
    NONE = "none"


class May(StrEnum):
    """One thing a role may be allowed."""

    SEE_GAPS = "see-gaps"
    SEE_PROMPTS = "see-prompts"
    SEE_SCHEDULE = "see-schedule"  # of the providers that an entry lets them open; their own always
    TICK = "tick"  # mark what the team has prepared
    ACT = "act"  # say what was done about a gap
    ASSESS = "assess"  # a condition, or a clinical exclusion: the clinician's alone
    SEE_SENT = "see-sent"  # what left, what could not, and what payers have not confirmed
    SEE_COMPLIANCE = "see-compliance"  # additions and removals side by side
    SEE_MONEY = "see-money"
    READ_AUDIT = "read-audit"
    OPERATE = "operate"
    DECIDE_HELD = "decide-held"  # hidden reports, and the practice's restrictions on disclosure


ALLOWED: Mapping[Role, frozenset[May]] = {
    Role.CLINICIAN: frozenset(
        {May.SEE_GAPS, May.SEE_PROMPTS, May.ACT, May.ASSESS, May.SEE_SCHEDULE, May.TICK, May.SEE_SENT}
    ),
    Role.CLINICAL_STAFF: frozenset({May.SEE_GAPS, May.SEE_PROMPTS, May.ACT, May.SEE_SCHEDULE, May.TICK, May.SEE_SENT}),
    Role.MANAGER: frozenset({May.SEE_GAPS, May.SEE_MONEY, May.SEE_SCHEDULE, May.SEE_SENT}),
    Role.FINANCE: frozenset({May.SEE_MONEY}),
    Role.PRIVACY: frozenset({May.READ_AUDIT, May.DECIDE_HELD, May.SEE_COMPLIANCE}),
    Role.OPERATOR: frozenset({May.OPERATE}),
    Role.NONE: frozenset(),
}


def may(role: Role, what: May) -> bool:
    """Whether `role` may do `what`."""
    return what in ALLOWED[role]


@dataclass(frozen=True, slots=True)
class User:
    """The signed-in user as the EHR describes them (Practitioner and PractitionerRole)."""

    ref: str  # Practitioner/123
    name: str = ""
    identifiers: tuple[Identifier, ...] = ()
    role_codes: tuple[Coding, ...] = ()  # PractitionerRole.code
    specialties: tuple[Coding, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleRow:
    """One row of an EHR entry's role mapping; the first row that matches decides. Exactly one condition is set."""

    role: Role
    code: str = ""  # "system|code" of PractitionerRole.code or .specialty
    identifier_system: str = ""  # the Practitioner has an identifier of this system (an NPI, say)
    user: str = ""  # this very user: "Practitioner/123"
    claim: str = ""  # an id_token claim or token response field ...
    equals: str = ""  # ... has this value
    any: bool = False  # every user the EHR signs in: for developers' sandboxes


def role_so_far(
    rows: tuple[RoleRow, ...],
    user: User | None,
    claims: Mapping[str, object],
    *,
    user_out: bool = False,
    codes_out: bool = False,
) -> Role | None:
    """The role, or None while what is still being asked (`user_out`: everything of them; `codes_out`: their role codes)
    may decide it: a row that cannot be judged yet stands before the first that matches. `Role.NONE` when none matches.
    """
    for row in rows:
        if _waits(row, user_out=user_out, codes_out=codes_out):
            return None
        if _matches(row, user, claims):
            return row.role
    return Role.NONE


def _waits(row: RoleRow, *, user_out: bool, codes_out: bool) -> bool:
    if row.any or row.claim:
        return False
    return user_out or bool(row.code and codes_out)


def _matches(row: RoleRow, user: User | None, claims: Mapping[str, object]) -> bool:
    if row.any:
        return True
    if row.claim:
        return str(claims.get(row.claim, "")) == row.equals != ""
    if user is None:
        return False
    if row.user:
        return user.ref == row.user
    if row.identifier_system:
        return any(i.system == row.identifier_system and i.value for i in user.identifiers)
    return row.code in {f"{c.system}|{c.code}" for c in (*user.role_codes, *user.specialties)}
