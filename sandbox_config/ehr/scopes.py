"""SMART scopes: which ones a tenant grants, and how far a granted one reaches. Pure.

SMART App Launch 2.2, Scopes and Launch Context: v2 (`patient/Observation.rs`) and v1 (`patient/Observation.read`).
Reading and searching (`r`, `s`) are granted for every type, creating (`c`) for those that a tenant lets be written and
that are named; never `u` or `d`, and granular scopes (`?category=…`) are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum

from sandbox_config.ehr.parameters import TYPES
from sandbox_config.ehr.tenants import Tenant

#: Types that belong to no patient: a wildcard of level `patient/` does not reach them, naming them does.
DIRECTORY = frozenset({"Practitioner", "PractitionerRole", "Organization", "Location"})
_PLAIN = frozenset(
    {"launch", "launch/patient", "launch/encounter", "openid", "fhirUser", "profile", "offline_access", "online_access"}
)
_V2 = re.compile(r"(patient|user|system)/(\*|[A-Z][A-Za-z]+)\.(c?r?u?d?s?)")
_V1 = re.compile(r"(patient|user|system)/(\*|[A-Z][A-Za-z]+)\.(read|write|\*)")
_V1_VERBS = {"read": "rs", "write": "cud", "*": "cruds"}
_V1_OF = {"rs": "read", "c": "write", "crs": "*"}


class Reach(IntEnum):
    """How far a grant reaches for one type and verb."""

    NONE = 0
    PATIENT = 1  # the launch patient only
    ALL = 2


def grant(asked: Iterable[str], tenant: Tenant, *, system: bool = False) -> tuple[str, ...]:
    """The scopes the tenant grants, in the order and the form they were asked. May be fewer, never more.

    `system`: nobody is signed in, so nothing but `system/` scopes; with a user, none of them.
    """
    granted: list[str] = []
    for scope in asked:
        if scope.startswith("system/") != system:
            continue
        granted += [one for one in _granted(scope, tenant) if one not in granted]
    return tuple(granted)


def wrong_version(asked: Iterable[str], tenant: Tenant) -> str | None:
    """The first scope whose syntax this tenant does not speak."""
    for scope in asked:
        v1, v2 = _V1.fullmatch(scope), _V2.fullmatch(scope)
        if (v1 and "v1" not in tenant.scope_versions) or (v2 and not v1 and "v2" not in tenant.scope_versions):
            return scope
    return None


def _granted(scope: str, tenant: Tenant) -> list[str]:
    if scope in _PLAIN:
        return [scope]
    level, resource_type, verbs = _parts(scope)
    if not verbs:
        return []
    if "c" in verbs and resource_type not in tenant.creates:
        verbs = verbs.replace("c", "")
        if not verbs:
            return []
    suffix = verbs if _V1.fullmatch(scope) is None else _V1_OF[verbs]
    if level == "user" and tenant.user_types and resource_type not in tenant.user_types:
        return []
    if resource_type != "*":
        known = resource_type in TYPES and resource_type not in tenant.trims
        return [f"{level}/{resource_type}.{suffix}"] if known else []
    if tenant.trims:
        kept = (one for one in TYPES if one not in tenant.trims and not (level == "patient" and one in DIRECTORY))
        return [f"{level}/{one}.{suffix}" for one in kept]
    return [f"{level}/*.{suffix}"]


def _parts(scope: str) -> tuple[str, str, str]:
    """Level, type and the verbs that the sandbox has (`c`, `r`, `s`); empty when this is no resource scope."""
    if v1 := _V1.fullmatch(scope):
        verbs = _V1_VERBS[v1[3]]
    elif v2 := _V2.fullmatch(scope):
        verbs = v2[3]
    else:
        return "", "", ""
    match = v1 or v2
    assert match is not None
    return match[1], match[2], "".join(verb for verb in verbs if verb in "crs")


def reach(granted: Iterable[str], resource_type: str, verb: str) -> Reach:
    """How far the granted scopes reach for `c` (create), `r` (read) or `s` (search) of one type."""
    furthest = Reach.NONE
    for scope in granted:
        level, named, verbs = _parts(scope)
        if verb not in verbs or named not in {"*", resource_type}:
            continue
        if level in ("user", "system") or (resource_type in DIRECTORY and named == resource_type):
            return Reach.ALL
        if resource_type not in DIRECTORY:
            furthest = Reach.PATIENT
    return furthest
