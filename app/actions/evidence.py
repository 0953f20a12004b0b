"""What of the chart an offer of evidence comes to now, and what holds it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from app.actions.tap import Under
from app.core.answers import Answer, Known, Reason, Unknown
from app.core.ledger.minimum import Least, Unfit, encounter_of, least
from app.core.ledger.offer import Held, Offer, topic_of, withheld
from app.core.report import Member
from app.core.restrictions import EVERY_PAYER
from app.core.sensitive import Topic
from app.store import Tx, barred

#: Answers of an EHR after which it is not asked on.
_SILENT = frozenset({Reason.DOWN, Reason.SLOW, Reason.BUSY, Reason.SIGNED_OUT})


class RawChart(Protocol):
    """The EHR of one launch, by its own words."""

    def raw(self, ref: str) -> Answer[Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Found:
    """What the chart has of an offer now."""

    entries: tuple[Least, ...] = ()
    held: Held | None = None
    unfit: tuple[Unfit, ...] = ()
    topic: Topic | None = None


def barred_from(tx: Tx, under: Under) -> frozenset[str]:
    """Payers that the chart or the practice keeps from hearing of this patient; `EVERY_PAYER` may be among them."""
    own = barred.own(tx, under.patient)
    return frozenset({*under.restricted, *own.held, *own.restricted})


def visited(under: Under) -> bool:
    """Whether the launch has a visit that takes, or took, place."""
    return bool(under.sitting.encounter) and under.sitting.status not in ("cancelled", "entered-in-error")


def held_back(
    offer: Offer, under: Under, members: Mapping[str, Member], no: frozenset[str], policy: str
) -> Held | None:
    """Why an offer stays here without a look at the chart. `no`: payers that may hear nothing (`barred_from`)."""
    if offer.payer in no or EVERY_PAYER in no:
        return Held.RESTRICTED
    if withheld(offer, policy):
        return Held.SENSITIVE
    if not visited(under):
        return Held.NO_VISIT
    return None if offer.payer in members else Held.NOT_IDENTIFIED


def entries_of(
    offer: Offer, chart: RawChart, under: Under, read: dict[str, Answer[Mapping[str, Any]]], age: int | None
) -> Found:
    """The entries at their least, or why they cannot leave. All or nothing: half the evidence settles nothing."""

    def raw(ref: str) -> Mapping[str, Any] | None:
        if ref not in read:  # an EHR that does not answer is not asked on: somebody waits for the page
            silent = next(
                (each for each in read.values() if isinstance(each, Unknown) and each.reason in _SILENT), None
            )
            read[ref] = silent or chart.raw(ref)
        answer = read[ref]
        return answer.value if isinstance(answer, Known) else None

    found: dict[str, Mapping[str, Any]] = {}
    for fact in offer.facts:
        entry = raw(fact.ref)
        visit = encounter_of(entry) if entry and offer.with_visit else ""
        for ref, each in ((fact.ref, entry), *([(visit, raw(visit))] if visit else [])):
            if each is None:
                return Found(held=Held.NO_ANSWER)
            found[ref] = each
    patient = f"Patient/{under.patient.rpartition('|')[2]}"
    left = {ref: least(entry, patient, found) for ref, entry in found.items()}
    if unfit := tuple(each for each in left.values() if isinstance(each, Unfit)):
        return Found(held=Held.CHANGED, unfit=unfit)
    whole = {ref: each for ref, each in left.items() if isinstance(each, Least)}
    topics = (topic_of(found[ref], each.resource, age) for ref, each in whole.items())
    return Found(tuple(whole.values()), topic=next(filter(None, topics), None))
