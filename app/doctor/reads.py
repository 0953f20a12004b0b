"""What an EHR lets us read: its capabilities, the scopes, and the searches of its CapabilityStatement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from app.core.chart import CHART_TYPES
from app.doctor import metadata
from app.doctor.looking import Reply
from app.doctor.report import Finding, cannot_tell, degraded, ok
from app.doctor.schedule import day_lists
from app.sources.ehr.searches import searches
from app.sources.fhir.offers import Offers, offers
from launch import scopes
from launch.discovery import Configuration
from launch.registry import Ehr, bare

_KINDS = ("Coverage", *CHART_TYPES)
_READS = ("Patient", "Encounter", "Practitioner", "Organization")
_CONTROLS = frozenset({"_count", "_include"})  # asked for where they help, needed nowhere
#: Capabilities that a launch in the chart needs, and what is missing without each.
_CAPABILITIES: Mapping[str, str] = {
    "launch-ehr": "It may not be able to open Chartside from the chart.",
    "context-ehr-patient": "The launch may not say whose chart is open; users see “No patient is open”.",
    "sso-openid-connect": "Chartside does not learn who is signed in, and nobody has a role without that.",
    "permission-offline": "Users may have to reopen Chartside when the token ends, often after an hour.",
}


def capabilities(configuration: Configuration) -> Iterator[Finding]:
    """Those that matter to a launch."""
    if not configuration.capabilities:
        yield cannot_tell("capabilities", "none are stated")
        return
    without = [name for name in _CAPABILITIES if name not in configuration.capabilities]
    for name in without:
        ask = f"Is {name} supported? smart-configuration does not list it."
        yield degraded("capabilities", f"no {name}", _CAPABILITIES[name], ask)
    if not without:
        yield ok("capabilities", f"all {len(_CAPABILITIES)} that matter to a launch")


def scope_forms(entry: Ehr, configuration: Configuration) -> Iterator[Finding]:
    """Whether the server supports the scopes as the launch will ask for them."""
    supported = configuration.scopes_supported
    v2 = scopes.speaks_v2(configuration.capabilities, supported)
    v2 = {"v1": False, "v2": True}.get(str(entry.quirks.get("scopes")), v2)
    wanted = scopes.to_request(entry.scopes, v2=v2, standalone=False)
    form = f"{len(wanted)}, in version {2 if v2 else 1} form"
    if not supported:
        yield cannot_tell("scopes", f"{form}; what the server supports is not stated")
    elif without := scopes.missing(supported, wanted):
        yield degraded(
            "scopes",
            f"not supported: {', '.join(without)}",
            "What needs them says “cannot tell” on the panel.",
            f"Please enable for client {entry.client_id}: {', '.join(without)}.",
        )
    else:
        yield ok("scopes", f"{form}, all supported")


def scope_needs(entry: Ehr) -> Iterator[Finding]:
    """Whether the entry asks for all that the app reads; one without resource scopes leaves it to the registration."""
    if any(scopes.Scope.parse(scope) for scope in entry.scopes):
        kinds = [k for k in ("Patient", *_kinds(entry)) if not scopes.covers(entry.scopes, f"patient/{k}.rs")]
        if kinds:
            found = f"its entry does not ask for {', '.join(kinds)}"
            yield degraded("entry", found, "What needs them says “cannot tell”; add the scopes to the entry.")


def searchable(reply: Reply, entry: Ehr, base: str) -> Iterator[Finding]:
    """What its CapabilityStatement makes of our searches."""
    said = metadata.statement(reply)
    if said is None:
        yield metadata.none(reply, "Which searches it takes will only show with a patient.")
        yield from day_lists(None, entry)
        return
    found = offers(said)
    yield metadata.version(found)
    if found.url and bare(found.url) != base:
        yield degraded(
            "base URL",
            f"it calls itself {found.url}",
            "A launch with that as its iss is refused: only the registered issuer is known.",
            f"Which iss will the launch carry: {base} or {bare(found.url)}?",
        )
    yield from _searches(found, entry)
    yield from day_lists(found, entry)


def _kinds(entry: Ehr) -> tuple[str, ...]:
    """Every type that is searched for, Consent only where the entry says that restrictions are kept there."""
    return tuple(dict.fromkeys((*_KINDS, *entry.restrictions)))


def _searches(found: Offers, entry: Ehr) -> Iterator[Finding]:
    lacks = {kind: found.lacks(kind, interaction="read") for kind in _READS}
    lacks["PractitionerRole"] = found.lacks("PractitionerRole", frozenset({"practitioner"}))
    for kind in _kinds(entry):
        queries = searches(kind, "x", date(2000, 1, 1), entry.quirks)
        needed = frozenset(name.partition(":")[0] for query in queries for name, _ in query) - _CONTROLS
        lacks[kind] = lacks.get(kind) or found.lacks(kind, needed)
    for kind, what in lacks.items():
        if what:
            yield degraded(f"{kind}", what, _without(kind), f"Is {kind} available to our client ({what})?")
    yield ok("searches", f"{sum(not what for what in lacks.values())} of {len(lacks)} types as the app asks them")


def _without(kind: str) -> str:
    match kind:
        case "Patient":
            return "No panel can be shown."
        case "Coverage":
            return "No payer is recognised, so none is asked."
        case "Practitioner" | "PractitionerRole":
            return "Roles by NPI or PractitionerRole do not work; use `user` or `claim` rows."
        case "Organization":
            return "A payer is recognised by the name on the coverage alone."
        case "Consent" | "Flag":
            return "No payer is asked: restrictions cannot be read. Kept elsewhere? Set `restrictions` in the entry."
    return f"What needs {kind} says “cannot tell” on the panel."
