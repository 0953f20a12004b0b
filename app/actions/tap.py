"""What comes with one tap, under which launch it is made, and what came of it. Types only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any

from app.core.ledger.action import Action
from app.core.ledger.outgoing import Ledger
from app.core.ledger.permission import Refusal, Sitting
from app.core.ledger.practice import Practice
from app.core.ledger.verb import Verb, Why
from app.core.ledger.version import Changed
from app.core.program import PROGRAM
from app.core.report import ConditionCategory
from app.store.said import Person


@dataclass(frozen=True, slots=True)
class Tap:
    """A verb and what goes with it. `version`: of the item as it was shown to whoever taps."""

    verb: Verb
    version: str
    whys: tuple[Why, ...] = ()
    word: str = ""
    until: date | None = None
    on: date | None = None
    place: str = ""
    evidence: tuple[str, ...] = ()
    agreed: bool = False


@dataclass(frozen=True, slots=True)
class Under:
    """The launch that something is recorded under: whom it is about, which visit it belongs to, who may be told."""

    patient: str  # patient key
    person: Person
    sitting: Sitting
    ehr: str  # entry id
    launch: str  # its handle
    zone: tzinfo  # the clinic's
    ends_at: datetime  # the clinic's midnight: then what was held leaves, whatever the EHR says of the visit
    npi: str = ""
    practice: Practice = field(default_factory=Practice)
    members: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by payer: for asking what became of it
    restricted: frozenset[str] = frozenset()  # payers that the chart keeps us from
    silent: frozenset[str] = frozenset()  # payers that take no remarks
    software: str = PROGRAM
    categories: tuple[ConditionCategory, ...] = ()  # of the item, as the payers list them


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a tap: recorded (now, or by the first of two taps), refused, or made on a version that is gone.

    `changed`: what is different since it was shown, and who recorded what meanwhile.
    """

    action: Action | None = None
    refused: Refusal | None = None
    changed: Changed | None = None
    waiting: bool = False  # something was put in that may leave at once
    ledger: Ledger | None = None  # all about the patient as it is after that, where it was asked for
