"""A patient's Consents as `app.core.consents` weighs them. https://hl7.org/fhir/R4/consent.html

`provision.type` is not allowed at the root and required below it in R4; senders write it anywhere, so it is read
wherever it stands, and a word that is neither permit nor deny counts as deny.
"""

from __future__ import annotations

from collections.abc import Callable

from app.core.chart import Identifier
from app.core.consents import Consent, Party, Rule, may_refuse
from app.sources.fhir.references import Entry, Included, reference
from app.sources.fhir.shape import Json, obj, objs, words
from app.sources.fhir.values import codes, identifier, identifiers, period

#: Reads an Organization that is not in the answer; None when it could not be read.
Fetch = Callable[[str], Json | None]

#: What limits a rule to a part of the record.
_NARROWS = ("securityLabel", "class", "code", "dataPeriod", "data")
#: Organization.type (CodeSystem organization-type) of those who insure.
_INSURERS = frozenset({"ins", "pay"})
_DEEPEST = 20


def consent(entry: Entry, included: Included, fetch: Fetch) -> Consent:
    """One Consent in our words. Only for one that may refuse somebody something are the parties looked up: payers wait
    for this answer, and each look is a round trip.
    """
    found = _consent(entry, included, lambda _: None)
    return _consent(entry, included, fetch) if may_refuse(found) else found


def _consent(entry: Entry, included: Included, fetch: Fetch) -> Consent:
    stated = entry.resource

    def rule(provision: Json, depth: int = 0) -> Rule:
        start, end = period(provision.get("period"))
        kind = words(provision.get("type"))
        below = objs(provision.get("provision"))
        return Rule(
            denies=kind != "permit" if kind else None,
            parties=tuple(_party(actor, entry, included, fetch) for actor in objs(provision.get("actor"))),
            start=start,
            end=end,
            purposes=codes(provision.get("purpose")),
            actions=codes(provision.get("action")),
            narrowed=any(provision.get(name) for name in _NARROWS),
            # Nobody nests like this; what is cut off counts as a refusal.
            exceptions=tuple(rule(each, depth + 1) for each in below) if depth < _DEEPEST else (Rule(denies=True),),
        )

    return Consent(
        ref=entry.ref,
        status=words(stated.get("status")),
        scopes=codes(stated.get("scope")),
        categories=codes(stated.get("category")),
        policies=(*codes(stated.get("policyRule")), *codes(stated.get("category"))),
        rule=_root(stated.get("provision"), rule),
    )


def _root(provision: object, rule: Callable[[Json], Rule]) -> Rule | None:
    """R4 allows one; of several each counts. What is there and is none at all is not known to permit anything."""
    if not provision:
        return None
    stated = [rule(each) for each in objs(provision)]
    return stated[0] if len(stated) == 1 else Rule(denies=not stated or None, exceptions=tuple(stated))


def _party(actor: Json, near: Entry, included: Included, fetch: Fetch) -> Party:
    """An actor of a rule. An Organization is looked up, for its name and identifiers tell which payer it is."""
    stated = obj(actor.get("reference"))
    ref = reference(stated)
    kind = ref.partition("/")[0] if "/" in ref else words(stated.get("type"))
    found = included.find(stated, near)
    resource = found.resource if found else (fetch(ref) if ref.startswith("Organization/") else None) or {}
    kind = kind or words(resource.get("resourceType"))
    alias, own = resource.get("alias"), resource.get("name")
    names = [words(stated.get("display")), words(own) if isinstance(own, str) else ""]
    names += [words(item) for item in alias] if isinstance(alias, list) else []
    ids: list[Identifier | None] = [identifier(stated.get("identifier")), *identifiers(resource.get("identifier"))]
    return Party(
        kind=kind,
        ref=ref if "/" in ref else "",
        names=tuple(dict.fromkeys(name for name in names if name)),
        identifiers=tuple(dict.fromkeys(each for each in ids if each)),
        insurer=kind == "Organization" and bool(_INSURERS & {each.casefold() for each in codes(resource.get("type"))}),
        roles=codes(actor.get("role")),
    )
