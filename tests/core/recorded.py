"""Hand-made ledgers: what somebody recorded about an item, and what left for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.core.ledger.action import Action, Item, Target
from app.core.ledger.outgoing import FollowUp, Ledger, Message, Post, Sends
from app.core.ledger.verb import Kind, Verb, Why
from tests.core.made import NOW, TODAY

VISIT = "Encounter/now"
A1C = "https://plan.example/Measure/a1c|1"
TARGET = Target("northwind", "r1", "g1", "care-gaps", "deqm-us-5.0.0", "open-gap", A1C, "glycaemic-status")
#: Reasons that each verb takes one of.
REASONS = {Verb.NOT_APPROPRIATE: Why.OTHER, Verb.NOT_PRESENT: Why.NEVER_HAD, Verb.NEEDS_HELP: Why.TRANSPORT}


def item(kind: Kind = Kind.GAP, **other: Any) -> Item:
    fields: dict[str, Any] = {
        "keys": ("glycaemic-status@2026",), "label": "HbA1c test", "facts": "c0-p0-s0", "targets": (TARGET,),
    }  # fmt: skip
    return Item(kind, **(fields | other))


def action(verb: Verb, of: Item | None = None, **other: Any) -> Action:
    """An action of this visit, complete as far as its verb needs it."""
    fields: dict[str, Any] = {
        "by": "Wren Castellane", "who": "Practitioner/1", "role": "clinician", "at": NOW, "id": "a1", "number": 1,
        "encounter": VISIT, "whys": (REASONS[verb],) if verb in REASONS else (),
    }  # fmt: skip
    if verb is Verb.ALREADY_DONE:
        fields |= {"on": TODAY - timedelta(days=30), "place": "Harbour Clinic"}
    return Action(verb, of or item(), **(fields | other))


def message(of: Action | None = None, **other: Any) -> Message:
    fields: dict[str, Any] = {
        "id": "m1", "kind": Sends.REMARK, "to": "northwind", "post": Post.SENT, "at": NOW, "sent_at": NOW,
        "action": of.id if of else "a1", "code": "satisfied-in-EHR", "group": "r1/g1",
    }  # fmt: skip
    return Message(**(fields | other))


def follow_up(**other: Any) -> FollowUp:
    fields: dict[str, Any] = {
        "id": "f1", "what": "result", "keys": ("glycaemic-status@2026",), "label": "HbA1c test", "owner": "clinician",
        "due": TODAY + timedelta(days=30), "at": NOW, "action": "a1",
    }  # fmt: skip
    return FollowUp(**(fields | other))


def ledger(*actions: Action, messages: tuple[Message, ...] = (), follow_ups: tuple[FollowUp, ...] = ()) -> Ledger:
    return Ledger(actions, messages, follow_ups)


def at(day: date) -> datetime:
    """Noon of a day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
