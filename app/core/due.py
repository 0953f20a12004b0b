"""Which answers have to be asked for anew although they stand, and how much there is to ask in all. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.core.answers import Answer, Known, Unknown
from app.core.asking import (
    EHR,
    ENCOUNTER,
    MEMBER,
    RISK,
    SCHEDULE,
    Answers,
    Ask,
    Opening,
    Plan,
    restriction_asks,
    role_by_now,
    wanted,
)
from app.core.chart import Fact
from app.core.roles import May, may

#: A schedule changes while it is looked at: people walk in, visits are moved.
SCHEDULE_FRESH = timedelta(seconds=60)
#: Older than this it is where somebody comes back to it: they are told that it is being read, and what came of that.
SCHEDULE_OLD = timedelta(seconds=120)
#: A visit ends while it is looked at, and what waits for its end should know.
ENCOUNTER_FRESH = timedelta(minutes=5)
#: What no visit comes back from (https://hl7.org/fhir/R4/valueset-encounter-status.html).
OVER = frozenset({"finished", "cancelled", "entered-in-error"})


def outdated(opening: Opening, answers: Answers, before: datetime) -> list[Ask]:
    """The restrictions whose answer came before that moment: too old to ask a payer anything new by."""
    found = [(ask, answers.get(ask)) for ask in restriction_asks(opening)]
    return [ask for ask, answer in found if isinstance(answer, Known) and answer.received <= before]


def aged(opening: Opening, answers: Answers, now: datetime) -> list[Ask]:
    """What has to be asked anew although an answer stands: a report that is older than this opening lets it be, a
    visit that may have ended since, or a schedule that nobody has looked at lately. One that stands in for a newer try
    that failed is not among them: that try says when it is made again.
    """
    return [
        ask
        for ask, answer in answers.items()
        if (most := _most(opening, ask, answer)) and _is_older(answer, now - most)
    ]


def _most(opening: Opening, ask: Ask, answer: Answer[object]) -> timedelta | None:
    """How old an answer may be that is called complete."""
    if ask.source != EHR:
        return opening.reports_fresh
    if ask.name == ENCOUNTER:
        return None if _is_over(answer) else ENCOUNTER_FRESH
    return SCHEDULE_OLD if ask.name == SCHEDULE else None


def moved(answers: Answers, now: datetime) -> list[Ask]:
    """The schedule, where it is so old that somebody may have walked in."""
    ask = Ask(EHR, SCHEDULE)
    answer = answers.get(ask)
    return [ask] if answer is not None and _is_older(answer, now - SCHEDULE_FRESH) else []


def _is_over(answer: Answer[object]) -> bool:
    return isinstance(answer, Known) and isinstance(answer.value, Fact) and answer.value.status in OVER


def _is_older(answer: Answer[object], than: datetime) -> bool:
    return isinstance(answer, Known) and answer.stale_because is None and answer.received <= than


def expected(opening: Opening, planned: Plan, answers: Answers) -> Iterator[tuple[Ask, bool]]:
    """Every question that will be asked as far as one can know by now, and whether it has come to something: also what
    waits for a member to be found. Where a payer does not know the member, the rest of its questions have come to that.
    """
    asked = set(planned.asks)
    yield from ((ask, ask in answers) for ask in planned.asks)
    role = role_by_now(opening, answers)
    prompts = role is not None and may(role, May.SEE_PROMPTS)
    for row, _ in planned.payers:
        if Ask(row.id, MEMBER) in asked:
            done = isinstance(answers.get(Ask(row.id, MEMBER)), Unknown)
            later = [Ask(row.id, name) for name in row.speaks if prompts or name != RISK]
            yield from ((ask, done) for ask in wanted(opening, later) if ask not in asked)
