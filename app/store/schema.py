"""The tables. Each says in `info` what it is for and how long its rows are kept; `purge` is driven by that.

| table | kept |
|---|---|
| launch_records | until they expire: minutes for a pending launch, at most 12 hours for a launch |
| answers | until neither fresh nor good enough to show when a newer try fails |
| payer_tokens | until the token expires |
| audit, audit_heads | six years from the last entry of a chain, then the whole chain |
| audit_seals | always: hashes only, and without them a deleted chain could not be told from a purged one |
| memories | 400 days: what a patient's panel said when it was last opened |
| held_reports | while hidden; six years once the privacy role has released them |
| restrictions | while in force; six years once lifted |
| ticks | 90 days: what the team has prepared for an appointment |
| snapshots | two days: a morning schedule as a user last saw it |
| prefetch | until the following night: which patients are asked for ahead, and how far that is |
| allowances | a minute: which process may make how many calls to a source |
| source_health | a day: counts and times of each process, no PHI |
| code_lists | until replaced: codes that the practice has imported, no PHI |
| actions | six years: what people recorded about flags |
| outbox | six years: what left, or is to leave, and what came of it; what was withdrawn 90 days |
| visits | 400 days after their end: which launches with an encounter received which groups |
| follow_ups | while open; 400 days once done |
| compliance | always, by triggers too: conditions that nobody here finds present and a payer counts |
| drafts | an hour: what would leave, as it was shown to the person who decides |

Columns named `*_hash` are keyed hashes; every LargeBinary is sealed. Everything else is an id
of an entry in the configuration, a code of ours, a number or a time. A new table is a new migration as well (a test
compares).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    and_,
    exists,
    or_,
    select,
)

#: 45 CFR 164.316(b)(2)(i): six years, counted generously.
AUDIT_KEPT = timedelta(days=6 * 366)
MEMORY_KEPT = timedelta(days=400)
HEALTH_KEPT = timedelta(days=1)
TICK_KEPT = timedelta(days=90)
SNAPSHOT_KEPT = timedelta(days=2)
ALLOWANCE_KEPT = timedelta(minutes=1)
WITHDRAWN_KEPT = timedelta(days=90)
VISIT_KEPT = timedelta(days=400)
FOLLOW_UP_KEPT = timedelta(days=400)
DRAFT_KEPT = timedelta(hours=1)

#: The action code of the audit record that comes with each line of the compliance list.
COMPLIANCE_LINE = "compliance-line"

#: How long a good answer may still be shown, marked as such, while newer tries fail.
STALE_FOR = timedelta(hours=24)

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows are kept: in words, and as the condition under which a row is past it (None: never)."""

    words: str
    expired: Callable[[datetime], ColumnElement[bool]] | None


class Instant(TypeDecorator[datetime]):
    """An aware datetime, stored and given back as UTC; a naive one is refused. SQLite keeps no zone of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the store")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 # inherited
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(naming_convention=NAMES)


def _table(name: str, *columns: Any, what: str, kept: Retention) -> Table:
    return Table(name, metadata, *columns, info={"what": what, "retention": kept})


def _key(name: str, kind: type[Text | Integer | BigInteger] = Text) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _must(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _over(column: Column[Any], now: datetime) -> ColumnElement[bool]:
    return or_(column.is_(None), column <= now)


launch_records: Table = _table(
    "launch_records",
    _key("kind"),
    _key("key_hash"),
    _must("key_sealed", LargeBinary),
    Column("group_hash", Text),
    _must("body", LargeBinary),  # sealed by the launch package, opaque here
    _must("version", Integer),
    _must("expires", Instant),
    Index(None, "kind", "group_hash"),
    Index(None, "expires"),
    what="pending launches and launches, as the launch package keeps them",
    kept=Retention("until it expires", lambda now: launch_records.c.expires <= now),
)

answers: Table = _table(
    "answers",
    _key("question_hash"),
    _must("source", Text),
    _must("scope_hash", Text),
    _must("patient_hash", Text),
    _must("version", Integer),  # grows with every settled try
    Column("asking_until", Instant),  # the lease: somebody asks until then
    Column("asked_by", Text),  # the process that took the newest lease
    Column("fresh_until", Instant),  # until then the newest try counts
    Column("reason", Text),  # why the newest try failed; NULL: it did not
    Column("failure", LargeBinary),  # that Unknown
    Column("good", LargeBinary),  # the last Known, whatever came after it
    Column("good_at", Instant),
    Index(None, "scope_hash"),
    what="what each source answered to each question, and who is asking it now",
    kept=Retention(
        "while being asked, fresh, or good enough to show when a newer try fails",
        lambda now: and_(
            _over(answers.c.asking_until, now),
            _over(answers.c.fresh_until, now),
            _over(answers.c.good_at, now - STALE_FOR),
        ),
    ),
)

payer_tokens: Table = _table(
    "payer_tokens",
    _key("key_hash"),
    _must("body", LargeBinary),
    _must("expires", Instant),
    what="access tokens of payers, shared by the processes of one site",
    kept=Retention("until the token expires", lambda now: payer_tokens.c.expires <= now),
)

audit: Table = _table(
    "audit",
    _key("chain"),
    _key("seq", BigInteger),
    _must("at", Instant),
    _must("action", Text),
    _must("patient_hash", Text),
    _must("body", LargeBinary),
    _must("prev_hash", Text),
    _must("hash", Text),
    Index(None, "patient_hash"),
    Index(None, "at"),
    what="who saw and did what: one hash chain per launch or job",
    kept=Retention(
        "six years from the last entry of its chain",
        lambda now: audit.c.chain.in_(select(audit_heads.c.chain).where(audit_heads.c.at <= now - AUDIT_KEPT)),
    ),
)

audit_heads: Table = _table(
    "audit_heads",
    _key("chain"),
    _must("seq", BigInteger),
    _must("hash", Text),
    _must("at", Instant),
    _must("sealed_seq", BigInteger),
    what="the newest entry of each audit chain, and up to where the site chain has sealed it",
    kept=Retention(
        "as long as its chain",
        lambda now: and_(audit_heads.c.at <= now - AUDIT_KEPT, ~exists().where(audit.c.chain == audit_heads.c.chain)),
    ),
)

memories: Table = _table(
    "memories",
    _key("patient_hash"),
    _key("part"),  # gaps | prompts: a role that may not see prompts neither reads nor writes theirs
    _key("launch_hash"),
    _must("at", Instant),
    _must("body", LargeBinary),
    what="what a patient's panel said in each launch, for 'what changed since'",
    kept=Retention("400 days", lambda now: memories.c.at <= now - MEMORY_KEPT),
)

held_reports: Table = _table(
    "held_reports",
    _key("id"),
    _must("payer", Text),
    _must("patient_hash", Text),
    _must("at", Instant),
    _must("body", LargeBinary),  # who said so, in which role, in which EHR, of whom
    Column("decided_at", Instant),  # NULL: nobody has looked yet
    Column("decision", LargeBinary),  # who decided, what, why
    Column("released_at", Instant),  # NULL: hidden, looked at or not
    Index(None, "patient_hash"),
    what="payer reports that somebody marked 'wrong patient': hidden for everyone until the privacy role releases them",
    kept=Retention(
        "while hidden, and six years after the release",
        lambda now: and_(held_reports.c.released_at.is_not(None), held_reports.c.released_at <= now - AUDIT_KEPT),
    ),
)

restrictions: Table = _table(
    "restrictions",
    _key("id"),
    _must("payer", Text),  # empty: every payer
    _must("patient_hash", Text),
    _must("at", Instant),
    _must("body", LargeBinary),  # who entered it, why, of whom
    Column("lifted_at", Instant),  # NULL: in force
    Column("lifted", LargeBinary),  # who lifted it, why
    Index(None, "patient_hash"),
    what="restrictions on disclosure that the practice has agreed to and entered here (45 CFR 164.522(a))",
    kept=Retention(
        "while in force, and six years after it was lifted",
        lambda now: and_(restrictions.c.lifted_at.is_not(None), restrictions.c.lifted_at <= now - AUDIT_KEPT),
    ),
)

source_health: Table = _table(
    "source_health",
    _key("source"),
    _key("process"),
    _must("at", Instant),
    _must("body", Text),  # JSON: breaker, counts by outcome, latencies, unreadable, newest answer
    what="how each source is doing, as each process of the site sees it",
    kept=Retention("a day", lambda now: source_health.c.at <= now - HEALTH_KEPT),
)

code_lists: Table = _table(
    "code_lists",
    _key("name"),
    _must("at", Instant),
    _must("body", Text),  # JSON: where it comes from, its version, its codes
    what="code lists that the practice is licensed for and has imported (CPT, SNOMED CT, value sets)",
    kept=Retention("until replaced", None),
)

audit_seals: Table = _table(
    "audit_seals",
    _key("seq", BigInteger),
    _must("at", Instant),
    _must("heads", Text),  # JSON: [[chain, seq, hash], …]
    _must("prev_hash", Text),
    _must("hash", Text),
    what="the site chain: the heads of all audit chains that had grown, sealed each minute",
    kept=Retention("always: hashes only", None),
)

ticks: Table = _table(
    "ticks",
    _key("appointment_hash"),
    _key("patient_hash"),
    _key("item"),  # keyed hash of the step, and what was ticked
    _must("at", Instant),
    _must("body", LargeBinary),  # the step's key, what was ticked, who by, an order id
    Column("undone_at", Instant),  # NULL: it stands
    Index(None, "patient_hash"),
    what="what the team has prepared for an appointment, shared by everybody who may see it",
    kept=Retention("90 days", lambda now: ticks.c.at <= now - TICK_KEPT),
)

snapshots: Table = _table(
    "snapshots",
    _key("scope_hash"),  # EHR, user, provider and day: what one user's rights gave is shown to no other
    _must("at", Instant),
    _must("body", LargeBinary),
    what="a morning schedule as a user last saw it, for when the EHR or a payer is down",
    kept=Retention("two days", lambda now: snapshots.c.at <= now - SNAPSHOT_KEPT),
)

prefetch: Table = _table(
    "prefetch",
    _key("run"),  # EHR entry and the day that is prepared
    _key("item_hash"),  # the schedule of one provider, or one patient of it
    _must("at", Instant),
    _must("body", LargeBinary),  # what is to be asked
    _must("tries", Integer),
    Column("taken_until", Instant),  # a process works on it until then
    Column("done_at", Instant),  # NULL: still to do
    _must("ends", Instant),  # the following night
    what="the work of the nightly prefetch: the truth of it, whatever becomes of the job",
    kept=Retention("until the following night", lambda now: prefetch.c.ends <= now),
)

allowances: Table = _table(
    "allowances",
    _key("source"),
    _key("process"),  # a process of the site; or "@" and a number: a few seconds of all of them
    _must("in_flight", Integer),  # calls that this process may have out at once
    _must("wanted", Integer),  # calls that it would have out if nothing were limited
    _must("used", Integer),  # of a few seconds: calls that were given out in them
    _must("at", Instant),  # when those seconds began; of a process, when it last got a share
    _must("until", Instant),
    what="how the calls that a source allows are shared by the processes of a site",
    kept=Retention("a minute", lambda now: allowances.c.until <= now - ALLOWANCE_KEPT),
)

actions: Table = _table(
    "actions",
    _key("patient_hash"),
    _key("number", Integer),  # of this patient's actions, from 1
    _must("id", Text),
    _must("token_hash", Text),  # the tap: the same tap twice is one action
    _must("launch_hash", Text),
    _must("who_hash", Text),
    _must("at", Instant),
    _must("body", LargeBinary),
    Column("undone_at", Instant),  # NULL: it stands
    Column("undone", LargeBinary),  # who took it back
    Index(None, "id", unique=True),
    Index(None, "token_hash", unique=True),
    Index(None, "who_hash", "at"),
    what="what people recorded about gaps and prompts",
    kept=Retention("six years", lambda now: actions.c.at <= now - AUDIT_KEPT),
)

outbox: Table = _table(
    "outbox",
    _key("id"),  # the stable id of the remark or submission
    _must("kind", Text),  # remark | evidence | ehr
    _must("to", Text),  # payer or EHR entry
    _must("together_hash", Text),  # what leaves in one write: a report
    _must("patient_hash", Text),
    _must("issuer_hash", Text),  # of the EHR: a list of all patients is one EHR's
    _must("action", Text),  # id of the action behind it; empty: the software's own
    _must("visit_hash", Text),  # the visit that it waits for; empty: none
    _must("launch_hash", Text),
    _must("post", Text),  # held | waiting | sent | dead | withdrawn
    _must("at", Instant),
    Column("due_at", Instant),  # NULL: when the visit ends
    _must("tries", Integer),
    Column("taken_until", Instant),  # the lease: a process sends it until then
    _must("taken_by", Text),
    _must("against", Text),  # written before it leaves: the version of the report that it is put on
    Column("sent_at", Instant),
    _must("confirmable", Integer),  # 0: the payer neither keeps versions nor shows remarks
    _must("judged", Text),  # what the payer's later reports say: core's `Judged`
    Column("judged_at", Instant),
    Column("follow_at", Instant),  # when the payer is asked next what became of it
    _must("trouble", Text),  # why it has not left: a code of ours
    _must("body", LargeBinary),  # what leaves, whom it is about, where it goes
    Column("outcome", LargeBinary),  # what came back, in the payer's words
    Index(None, "post", "to", "due_at", "id"),
    Index(None, "taken_until"),
    Index(None, "post", "follow_at"),
    Index(None, "issuer_hash", "post", "at"),
    Index(None, "patient_hash"),
    Index(None, "visit_hash"),
    Index(None, "together_hash"),
    Index(None, "action"),
    what="everything that leaves for payers and EHRs, until it has, and what came of it",
    kept=Retention(
        "six years; 90 days what was withdrawn before it left",
        lambda now: or_(
            outbox.c.at <= now - AUDIT_KEPT, and_(outbox.c.post == "withdrawn", outbox.c.at <= now - WITHDRAWN_KEPT)
        ),
    ),
)

visits: Table = _table(
    "visits",
    _key("key_hash"),  # issuer and Encounter
    _must("patient_hash", Text),
    _must("at", Instant),
    _must("ends_at", Instant),  # the clinic's midnight: the latest end
    Column("ended_at", Instant),  # when the EHR was heard to say that it is finished
    Column("closed_at", Instant),  # when what waited for the end was released
    _must("body", LargeBinary),  # encounter, launch, and the groups received with what became of each
    Index(None, "closed_at", "ends_at"),
    what="visits that somebody worked in: what waits for their end, and the groups that payers sent",
    kept=Retention("400 days after the end", lambda now: visits.c.ends_at <= now - VISIT_KEPT),
)

follow_ups: Table = _table(
    "follow_ups",
    _key("id"),
    _must("patient_hash", Text),
    _must("issuer_hash", Text),  # of the EHR: a list of all patients is one EHR's
    _must("action", Text),
    _must("at", Instant),
    _must("due", Text),  # ISO day
    _must("owner", Text),
    Column("done_at", Instant),
    _must("done_how", Text),
    _must("body", LargeBinary),
    Index(None, "patient_hash"),
    Index(None, "issuer_hash", "done_at", "due"),
    what="what was ordered, referred, requested or promised: who sees to it, and until when",
    kept=Retention(
        "while open, and 400 days once done",
        lambda now: and_(follow_ups.c.done_at.is_not(None), follow_ups.c.done_at <= now - FOLLOW_UP_KEPT),
    ),
)

compliance: Table = _table(
    "compliance",
    _key("seq", BigInteger),
    _must("at", Instant),
    _must("direction", Text),  # added | removed
    _must("patient_hash", Text),
    _must("issuer_hash", Text),
    _must("body", LargeBinary),
    _must("prev_hash", Text),
    _must("hash", Text),
    what="conditions assessed present (added) and never had or gone (removed) that a payer counts: append only",
    kept=Retention("always: triggers refuse to change or delete a row", None),
)

drafts: Table = _table(
    "drafts",
    _key("id"),
    _must("launch_hash", Text),
    _must("patient_hash", Text),
    _must("at", Instant),
    _must("body", LargeBinary),
    Column("used_at", Instant),
    Index(None, "launch_hash"),
    what="what would leave, exactly as it was shown before somebody decided",
    kept=Retention("an hour", lambda now: drafts.c.at <= now - DRAFT_KEPT),
)
