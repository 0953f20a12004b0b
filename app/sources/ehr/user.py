"""The signed-in user: a Practitioner and what their PractitionerRoles say they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from app.core.chart import Coding, Name
from app.core.roles import User
from app.sources.fhir.references import reference
from app.sources.fhir.shape import Json, objs, words
from app.sources.fhir.values import coding, identifiers, names, period


def user(practitioner: Json, roles: Iterable[Json], today: date) -> User:
    """Name, identifiers (the NPI among them), and the codes and specialties of the roles in force."""
    held = [role for role in roles if _in_force(role, today)]
    return User(
        ref=f"Practitioner/{words(practitioner.get('id'))}",
        name=_shown(names(practitioner.get("name"))),
        identifiers=identifiers(practitioner.get("identifier")),
        role_codes=_codings(held, "code"),
        specialties=_codings(held, "specialty"),
    )


def practitioner_of(role: Json) -> str:
    """`Practitioner/id` of a PractitionerRole."""
    return reference(role.get("practitioner"))


def _in_force(role: Json, today: date) -> bool:
    start, end = period(role.get("period"))
    return role.get("active") is not False and not (end and end.end < today) and not (start and start.start > today)


def _codings(roles: Iterable[Json], element: str) -> tuple[Coding, ...]:
    found = (coding(c) for role in roles for stated in objs(role.get(element)) for c in objs(stated.get("coding")))
    return tuple(dict.fromkeys(found))


def _shown(stated: tuple[Name, ...]) -> str:
    """The official or usual name, else the first, as one line."""
    order = {"official": 0, "usual": 1, "": 2}
    best = min(stated, key=lambda name: order.get(name.use, 3), default=Name())
    parts = (*best.prefix, *best.given, best.family, *best.suffix)
    return best.text or " ".join(part for part in parts if part)
