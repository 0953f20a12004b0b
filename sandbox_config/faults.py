"""Every way in which the sandbox EHR can be told to misbehave, by name.

A fault is switched on by a scenario (`ehr_faults`), for one launch (`fault=` when it is minted) or at run time
(`POST /_faults`). A fault of phase READ may be confined to one resource type: `html:Observation`.
What each one puts on the wire is `ehr/misbehave.py`'s; this table only names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sandbox_config.switches import UnknownFault


class Phase(StrEnum):
    """Which part of a visit the fault hits."""

    DISCOVERY = "discovery"
    AUTHORIZE = "authorize"
    TOKEN = "token"
    REFRESH = "refresh"
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Fault:
    """One named fault. `needs_type`: it says nothing without a resource type."""

    name: str
    phase: Phase
    what: str
    needs_type: bool = False


_TABLE = (
    Fault("discovery-down", Phase.DISCOVERY, "smart-configuration and metadata answer 503"),
    Fault("authorize-error", Phase.AUTHORIZE, "the user is sent back with error=access_denied"),
    Fault("authorize-no-code", Phase.AUTHORIZE, "the user is sent back with neither code nor error"),
    Fault("token-error", Phase.TOKEN, "the code is refused with invalid_grant"),
    Fault("token-no-patient", Phase.TOKEN, "the token response names neither patient nor encounter"),
    Fault("idtoken-expired", Phase.TOKEN, "the id_token ended an hour ago"),
    Fault("idtoken-wrong-aud", Phase.TOKEN, "the id_token was made out to another client"),
    Fault("idtoken-wrong-nonce", Phase.TOKEN, "the id_token carries another nonce"),
    Fault("idtoken-bad-signature", Phase.TOKEN, "the id_token is signed by a key that is not published"),
    Fault("token-other-patient-on-refresh", Phase.REFRESH, "the refreshed token is for another patient"),
    Fault("refresh-refused", Phase.REFRESH, "the refresh token is refused with invalid_grant"),
    Fault("expired-token", Phase.READ, "after three reads the first access token is answered 401 until refreshed"),
    Fault("hostile-next", Phase.READ, "the next link of a search points to another origin"),
    Fault("duplicate-pages", Phase.READ, "the next link of a search points to the same page for ever"),
    Fault("outcome-entry", Phase.READ, "search results carry an entry of mode outcome"),
    Fault("vendor-field", Phase.READ, "an unknown element and wrong types that break strict parsing"),
    Fault("broken-entry", Phase.READ, "search results carry one more resource that nobody can read"),
    Fault("html", Phase.READ, "an HTML page with 200"),
    Fault("truncated-json", Phase.READ, "JSON that stops in the middle"),
    Fault("outcome-200", Phase.READ, "an OperationOutcome with 200 in place of the resource"),
    Fault("big", Phase.READ, "a body of 10 MB"),
    Fault("trickle", Phase.READ, "one byte every nine seconds"),
    Fault("down", Phase.READ, "503"),
    Fault(
        "rate-limited", Phase.READ, "the first call for each type is answered 429 with Retry-After, then all is well"
    ),
    Fault("slow", Phase.READ, "each call takes four seconds"),
    Fault("hang", Phase.READ, "no answer at all"),
    Fault("walk-in", Phase.READ, "no failure: a patient has walked in and stands on Dr. Valderrama's schedule now"),
    Fault("type-403", Phase.READ, "403 for one resource type, whatever the scopes say", needs_type=True),
    Fault("create-no-answer", Phase.WRITE, "a new resource is stored, and the answer to the first try is 503"),
    Fault("create-ignores-condition", Phase.WRITE, "If-None-Exist means nothing: every POST makes a new resource"),
    # 2026-11, smart-launcher-v2: the Location of a create points at the server behind it.
    Fault("create-elsewhere", Phase.WRITE, "the Location of a new resource is on another host"),
    Fault("create-refused", Phase.WRITE, "every new resource is refused with 422"),
    Fault("coverage-403", Phase.READ, "the same as type-403:Coverage"),
)

FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in _TABLE}


def checked(names: Iterable[str]) -> frozenset[str]:
    """The names as a set, aliases resolved. Raises UnknownFault."""
    return frozenset(_checked(name) for name in names)


def _checked(text: str) -> str:
    if text == "coverage-403":
        return "type-403:Coverage"
    name, _, resource_type = text.partition(":")
    fault = FAULTS.get(name)
    if fault is None:
        raise UnknownFault(f"no fault is called {name!r}; known: {', '.join(FAULTS)}")
    if fault.needs_type and not resource_type:
        raise UnknownFault(f"{name} needs a resource type: {name}:Observation")
    if resource_type and fault.phase is not Phase.READ:
        raise UnknownFault(f"{name} cannot be confined to a resource type")
    return text
