"""What of this chart could be sent to a payer about one item, to whom, and what holds it back.

A care gap: what settles or excludes it by our rule, for each payer's measure by itself. A condition: the diagnosis of
the visit that settles it, with that visit. Nothing else is ever offered: not what misses its target, not what only
reads like evidence, not what somebody else did (docs/rules.md, "What may leave").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from app.core.chart import Coding, Concept, Fact
from app.core.conditions.model import Models
from app.core.conditions.settled import service_year, settled_by
from app.core.flag import Card, GapRow, Hidden, State
from app.core.ledger.item import reasons_of
from app.core.ledger.practice import HOLD
from app.core.measures import Registry
from app.core.reading import Reading
from app.core.report import ConditionCategory, Measure, Period
from app.core.sensitive import Topic, of_card, of_category, of_concept, of_fact, of_labels

CARE_GAPS, RISK = "care-gaps", "risk"
#: What no policy of a practice lets leave: what the EHR itself restricts, and what needs the patient's own consent
#: for each disclosure (42 CFR 2.31).
NEVER = frozenset({Topic.RESTRICTED, Topic.SUBSTANCE_USE})


class Why(StrEnum):
    """What an entry is sent for."""

    SETTLES = "settles"
    EXCLUDES = "excludes"
    ASSESSED = "assessed"  # the condition, at a visit


class Held(StrEnum):
    """Why nothing goes to a payer, though there is something to send."""

    SENSITIVE = "sensitive"  # `Offer.topic`
    NO_VISIT = "no-visit"
    RESTRICTED = "restriction"
    NOT_IDENTIFIED = "not-identified"  # the payer has not said who the member is
    NOT_TAKEN = "not-taken"  # its entry or its server takes no evidence
    NO_ANSWER = "no-answer"  # it could not be asked what it takes
    CHANGED = "changed"  # the entry is not in the chart any more as it was read


@dataclass(frozen=True, slots=True)
class Offer:
    """One payer, one measure or model, and the entries that speak to it. `with_visit`: their visits go along."""

    payer: str
    question: str
    report_id: str
    group_ids: tuple[str, ...]
    measure: Measure
    period: Period
    why: Why
    facts: tuple[Fact, ...]
    with_visit: bool = False
    topic: Topic | None = None
    reasons: tuple[str, ...] = ()  # codes of what the payer says that it lacks


def of_gaps(card: Card, registry: Registry, age: int | None) -> tuple[Offer, ...]:
    """What a card offers, by payer and measure. `age`: of the patient, for what a minor may keep confidential."""
    of_all = of_card(card, age, registry)
    made: dict[tuple[str, str, Measure, Period], Offer] = {}
    for row in card.rows:
        facts = _settling(row)
        if row.gap is None or not facts:
            continue
        gap = row.gap
        key = (gap.payer, gap.report_id, gap.measure, gap.period)
        before = made.get(key)
        groups = (*(before.group_ids if before else ()), gap.group_id)
        made[key] = Offer(
            payer=gap.payer,
            question=CARE_GAPS,
            report_id=gap.report_id,
            group_ids=tuple(dict.fromkeys(groups)),
            measure=gap.measure,
            period=gap.period,
            why=Why.EXCLUDES if row.state is State.EXCLUDED else Why.SETTLES,
            facts=facts,
            with_visit=_needs_visit(row, registry),
            topic=of_all or _of_facts(facts, age),
            reasons=tuple(dict.fromkeys((*(before.reasons if before else ()), *reasons_of(gap)))),
        )
    return tuple(made.values())


def of_condition(hidden: Hidden, reading: Reading, today: date, models: Models, age: int | None) -> tuple[Offer, ...]:
    """What a condition that a visit has settled offers: its diagnosis and that visit."""
    if hidden.why != "settled":
        return ()
    category: ConditionCategory = hidden.category
    fact = settled_by(category, reading, today, models)
    if fact is None:
        return ()
    return (
        Offer(
            payer=category.payer,
            question=RISK,
            report_id=category.report_id,
            group_ids=(category.group_id,),
            measure=category.model,
            period=category.period or service_year(category, today),
            why=Why.ASSESSED,
            facts=(fact,),
            with_visit=True,
            topic=of_category(category, age) or of_fact(fact, age),
        ),
    )


def topic_of(raw: Mapping[str, Any], left: Mapping[str, Any], age: int | None) -> Topic | None:
    """Why an entry as the EHR has it now is sensitive: by its own labels (`raw`), or by a code or words of what would
    leave of it (`left`). The visit that goes along is looked at in the same way.
    """
    meta = raw.get("meta")
    stated = meta.get("security") if isinstance(meta, dict) else None
    labels = [str(each.get("code")) for each in stated or () if isinstance(each, dict)]
    return of_labels(labels) or next((topic for each in _concepts(left) if (topic := of_concept(each, age))), None)


def _concepts(value: Any) -> Iterator[Concept]:
    """Everything in an entry that is coded or worded."""
    if isinstance(value, list):
        for each in value:
            yield from _concepts(each)
    elif isinstance(value, dict):
        if "code" in value or "display" in value or "text" in value:
            words = str(value.get("text") or value.get("display") or "")
            code = value.get("code")
            coding = Coding(str(value.get("system", "")), code, words) if isinstance(code, str) else None
            yield Concept((coding,) if coding else (), words)
        for each in value.values():
            yield from _concepts(each)


def withheld(offer: Offer, policy: str) -> bool:
    """Whether an offer stays here because of what it is about. `policy`: the practice's, HOLD or SEND."""
    return offer.topic is not None and (policy == HOLD or offer.topic in NEVER)


def _settling(row: GapRow) -> tuple[Fact, ...]:
    if row.settled_by is None or row.state not in (State.DONE_HERE, State.EXCLUDED):
        return ()
    parts = row.parts if row.state is State.DONE_HERE else ()
    return tuple(dict.fromkeys((row.settled_by, *row.also, *parts)))


def _needs_visit(row: GapRow, registry: Registry) -> bool:
    """Whether the measure asks in what kind of visit it was, or counts from one."""
    rule, _ = registry.find(row.gap.measure) if row.gap else (None, False)
    if rule is None:
        return False
    return rule.event is not None or any(kind.not_settings for kind in rule.evidence)


def _of_facts(facts: Iterable[Fact], age: int | None) -> Topic | None:
    return next((topic for fact in facts if (topic := of_fact(fact, age))), None)
