"""Whether the granted scopes let us read a type at all (SMART App Launch 2.2, scopes for requesting FHIR resources)."""

from __future__ import annotations

import re
from collections.abc import Collection

_RESOURCE = re.compile(r"(patient|user|system)/([A-Za-z]+|\*)\.(cruds?|[cruds]+|read|write|\*)(?:\?.*)?")


def may_read(kind: str, granted: Collection[str]) -> bool:
    """Whether one of the scopes covers reading or searching `kind`.

    Many servers state no scope, or none of this shape, and still answer: then we ask and see.
    """
    stated = [match for match in map(_RESOURCE.fullmatch, granted) if match]
    if not granted:
        return True
    return any(m[2] in (kind, "*") and _reads(m[3]) for m in stated)


def may_create(kind: str, granted: Collection[str]) -> bool:
    """Whether one of the scopes covers creating `kind`. Nothing is written on a guess: a server that states no scope
    has granted none.
    """
    stated = [match for match in map(_RESOURCE.fullmatch, granted) if match]
    return any(m[2] in (kind, "*") and (m[3] in ("write", "*") or "c" in _v2(m[3])) for m in stated)


def may_list(kind: str, granted: Collection[str]) -> bool:
    """Whether `kind` may be searched for across patients: a scope of one patient answers in part."""
    wider = [scope for scope in granted if not scope.startswith("patient/")]
    return not granted or (bool(wider) and may_read(kind, wider))


def _v2(permission: str) -> str:
    return "" if permission in ("read", "write", "*") else permission


def _reads(permission: str) -> bool:
    if permission in ("read", "write", "*"):  # SMART v1
        return permission != "write"
    return "r" in permission or "s" in permission
