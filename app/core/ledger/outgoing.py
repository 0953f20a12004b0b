"""What leaves, as core knows it: a remark in the field's terms, and how far each message has come. Types only.

`app.sources` turns a `Remark` into the extension of its dialect; the store keeps both sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from app.core.ledger.action import Action


class Sends(StrEnum):
    """What kind of message it is."""

    REMARK = "remark"
    EVIDENCE = "evidence"
    EHR = "ehr"  # a write to the EHR


class Post(StrEnum):
    """Where a message is. HELD waits for the end of the visit; DEAD waits for a person."""

    HELD = "held"
    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"  # undone before it left; or a restriction, or a later word, came before it


class Judged(StrEnum):
    """What the payer's later reports say about what was sent."""

    NOTHING = ""
    CONFIRMED = "confirmed"
    STILL_OPEN = "still-open"  # recalculated since, and open
    REJECTED = "rejected"  # invalid-gap, or refused in words
    REOPENED = "reopened"  # was confirmed, and is open again


@dataclass(frozen=True, slots=True)
class Author:
    """Who says it. At least one of the three is there (DEQM cgr-1, RA ra-2)."""

    npi: str = ""
    name: str = ""
    organization_npi: str = ""
    organization: str = ""
    software: str = ""  # "Chartside 0.5.0"


@dataclass(frozen=True, slots=True)
class Remark:
    """One coded reply to one group of one report. `id` is stable: the same however often it is tried."""

    id: str
    payer: str
    report_id: str
    group_id: str
    question: str  # care-gaps | risk
    dialect: str
    code: str
    author: Author
    at: datetime
    reason: str = ""  # RA remark-reason; DEQM care-gap-remark-reason
    text: tuple[str, ...] = ()
    related: tuple[str, ...] = ()  # references or identifiers of what it rests on, as the EHR names them


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the outbox as people see it; what it carries stays in the store."""

    id: str
    kind: Sends
    to: str  # payer or EHR entry id
    post: Post
    at: datetime
    action: str = ""  # id of the action behind it; empty: the software's own
    code: str = ""  # of a remark
    group: str = ""  # "report/group" of a remark
    due: datetime | None = None
    tries: int = 0
    sent_at: datetime | None = None
    confirmable: bool = True  # False: "sent, not confirmable"
    judged: Judged = Judged.NOTHING
    judged_at: datetime | None = None
    trouble: str = ""  # why it has not left: a code of ours
    payer_words: str = ""  # what the payer said about it, quoted


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Something ordered, referred, requested or promised: who sees to it, and until when."""

    id: str
    what: str  # result | record | help | visit | evidence: a code of ours
    keys: tuple[str, ...]  # of the item
    label: str
    owner: str  # row.Owner value
    due: date
    at: datetime
    action: str = ""
    by: str = ""
    done_at: datetime | None = None
    done_how: str = ""  # evidence | closed | undone | person


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything recorded here about one patient that still counts."""

    actions: tuple[Action, ...] = ()
    messages: tuple[Message, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()


class Came(StrEnum):
    """What came of one try to send."""

    SENT = "sent"  # it is there
    UNKNOWN = "unknown"  # it may have arrived: look before the next try
    LATER = "later"  # it has not arrived: down, busy, or changed by somebody meanwhile
    REFUSED = "refused"  # the receiver does not want it: a person must look
    GONE = "gone"  # the report or group that it answers is not there any more


@dataclass(frozen=True, slots=True)
class Written:
    """One try. `there`: ids of the remarks that the receiver shows now, by an earlier try or this one."""

    came: Came
    there: frozenset[str] = frozenset()
    confirmable: bool = True  # False: accepted, and the receiver does not show what it keeps
    trouble: str = ""  # a code of ours: not-allowed, down, slow, busy, conflict, no-such-group, no-transport, …
    words: str = ""  # the receiver's own, quoted
    wait: float | None = None  # seconds that it asks us to wait
    reference: str = ""  # of what was created, "ServiceRequest/123"


@dataclass(frozen=True, slots=True)
class Submission:
    """Evidence for one payer's statement, before it has a shape: chart entries as raw JSON, already at their minimum.

    `id` is stable (of the message). Resources refer to their patient and to one another by the ids of the EHR; the
    payer adapter puts the payer's own patient and ids of ours in their place.
    """

    id: str
    payer: str
    question: str  # care-gaps | risk
    dialect: str
    measure: str  # canonical|version, as the payer's report names it
    start: date  # the report's period
    end: date
    member: str  # the payer's Patient id
    patient: str  # the EHR's Patient id
    report_id: str
    group_ids: tuple[str, ...]
    resources: tuple[Mapping[str, Any], ...]
    author: Author
    at: datetime
