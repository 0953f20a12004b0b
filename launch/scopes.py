"""SMART scopes in version 1 and version 2 form: what to ask for, what was granted, what is missing. Pure.

SMART App Launch 2.2, "Scopes for requesting FHIR Resources": `patient/Observation.rs` is version 2, and
`patient/Observation.read` version 1. Inside the app every scope has the v2 form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_RESOURCE = re.compile(r"(patient|user|system)/(\*|[a-z][a-z0-9]*)\.([a-z*]+)(?:\?(\S+))?", re.IGNORECASE)
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}
_CANONICAL = {"openid": "openid", "fhiruser": "fhirUser", "profile": "profile"}  # the one with a capital, and its kin
#: Bound to the request rather than to a need of ours: servers do not echo them reliably.
_NOT_MISSED = {"launch", "profile", "launch/patient", "launch/encounter"}


@dataclass(frozen=True)
class Scope:
    """One resource scope; `acts` are letters of `cruds` in that order."""

    context: str
    type: str
    acts: str
    query: str = ""

    @classmethod
    def parse(cls, text: str) -> Scope | None:
        """The scope that `text` writes in either version, in any case; None if it is not a resource scope."""
        match = _RESOURCE.fullmatch(text)
        if not match:
            return None
        context, kind, verb, query = match.groups()
        acts = _V1.get(verb.lower(), verb.lower())
        if not set(acts) <= set("cruds"):
            return None
        return cls(context.lower(), kind, "".join(a for a in "cruds" if a in acts), query or "")

    def __str__(self) -> str:
        return f"{self.context}/{self.type}.{self.acts}" + (f"?{self.query}" if self.query else "")

    @property
    def v1(self) -> str:
        """The v1 scope that includes this one; v1 has no search narrowing, so a query is dropped."""
        reads, writes = set(self.acts) & set("rs"), set(self.acts) & set("cud")
        return f"{self.context}/{self.type}." + ("*" if reads and writes else "read" if reads else "write")

    def speaks_for(self, need: Scope) -> bool:
        """Whether a grant of this scope can contribute to `need`, its acts apart.

        A `user/` grant reads whatever the user may, the patient in front of them included (2026-11, Epic grants
        `user/X.read` where `patient/X.read` was asked). A grant narrowed by a query never meets an unnarrowed need:
        its answer would look complete and not be.
        """
        context = self.context == need.context or (self.context, need.context) == ("user", "patient")
        kind = self.type == "*" or self.type.lower() == need.type.lower()
        return context and kind and self.query in ("", need.query)


def normalise(text: str) -> str:
    """One scope in v2 form; others (`openid`, `launch/patient`, …) in lower case but for `fhirUser`."""
    scope = Scope.parse(text)
    return str(scope) if scope else _CANONICAL.get(text.lower(), text.lower())


def granted(said: Any, requested: Iterable[str]) -> frozenset[str]:
    """What a token response's `scope` grants, normalised; nothing usable said means as requested (RFC 6749 5.1)."""
    if isinstance(said, list) and all(isinstance(s, str) for s in said):
        said = " ".join(said)
    words = said.split() if isinstance(said, str) else []
    return frozenset(map(normalise, words or requested))


def covers(grants: Iterable[str], needed: str) -> bool:
    """Whether the granted scopes (any form) together allow all that `needed` names."""
    need = Scope.parse(needed)
    grants = list(grants)
    if need is None:
        return normalise(needed) in map(normalise, grants)
    scopes = [s for g in grants if (s := Scope.parse(g))]
    return set(need.acts) <= set("".join(s.acts for s in scopes if s.speaks_for(need)))


def missing(grants: Iterable[str], requested: Iterable[str]) -> tuple[str, ...]:
    """The requested scopes that were silently trimmed (2026-11: Oracle Health and Epic both do), in v2 form.

    A requested wildcard counts as granted when any resource type of its context is: EHRs expand it into their list.
    """
    grants = list(grants)
    wanted = dict.fromkeys(normalise(r) for r in requested)
    return tuple(w for w in wanted if w not in _NOT_MISSED and not covers(grants, w) and not _expanded(grants, w))


def _expanded(grants: Iterable[str], wanted: str) -> bool:
    need = Scope.parse(wanted)
    if need is None or need.type != "*":
        return False
    return any(covers(grants, str(Scope(need.context, s.type, need.acts))) for g in grants if (s := Scope.parse(g)))


def speaks_v2(capabilities: Iterable[str], scopes_supported: Iterable[str]) -> bool:
    """Whether a server takes v2 scopes: it must say `permission-v2`, or list one in `scopes_supported`.

    A server that says nothing is older than SMART 2.0, where `permission-v2` became required for v2.
    """
    stated = {c.lower() for c in capabilities}
    if stated & {"permission-v2", "permission-v1"}:
        return "permission-v2" in stated
    return any(Scope.parse(s) and _verb(s) not in _V1 for s in scopes_supported)


def _verb(text: str) -> str:
    match = _RESOURCE.fullmatch(text)
    return match[3].lower() if match else ""


def to_request(scopes: Sequence[str], *, v2: bool, standalone: bool) -> tuple[str, ...]:
    """The scopes to ask for: in the server's version, with the launch scope that fits the kind of launch."""
    context = ("launch/patient",) if standalone else ("launch",)
    rest = [s for s in scopes if s != "launch" and (standalone or not s.startswith("launch/"))]
    written = [s if v2 or not (scope := Scope.parse(s)) else scope.v1 for s in rest]
    return tuple(dict.fromkeys((*context, *written)))
