"""What of a row may be on paper (docs/rules.md, "Whose data"): nothing sensitive, no prompt, no restriction."""

from __future__ import annotations

from dataclasses import replace

from app.core.chart import Concept
from app.core.flag import StatusKind
from app.core.schedule.appointment import Appointment
from app.core.schedule.row import Row, Step
from app.core.schedule.steps import unsensitive
from app.core.sensitive import age_of, of_concept, of_labels, of_words

_NEVER = frozenset({StatusKind.PREGNANCY})


def printable(row: Row) -> tuple[Row, int]:
    """The row as it may be on paper, and how many of its items were left out: gaps, prompts, statuses, marks, words of
    the visit. Which payers a restriction keeps out is not said: they are without an answer.
    """
    age = age_of(row.patient, row.appointment.start.date())
    every = (*row.steps, *row.more_steps)
    dropped = [step for step in every if step.sensitive]
    cards = [step for step in dropped if step.of_card]
    appointment, words = _visit(row.appointment, age)
    status = tuple(each for each in row.status if each.kind not in _NEVER and of_words(each.what, age) is None)
    marks = tuple(mark for mark in row.marks if not mark.sensitive)
    left_out = (
        max(row.counts.sensitive, len(cards))
        + len(dropped)
        - len(cards)
        + row.counts.prompts
        + words
        + len(row.status)
        - len(status)
        + len(row.marks)
        - len(marks)
    )
    printed = replace(
        row,
        appointment=appointment,
        counts=unsensitive(row.counts, cards),
        steps=tuple(_step(step, age) for step in row.steps if not step.sensitive),
        more_steps=tuple(_step(step, age) for step in row.more_steps if not step.sensitive),
        labs=tuple(lab for lab in row.labs if lab not in {step.service for step in dropped}),
        status=status,
        marks=marks,
        silent=tuple(dict.fromkeys((*row.silent, *row.restricted))),
        restricted=(),
    )
    return printed, left_out


def _visit(visit: Appointment, age: int | None) -> tuple[Appointment, int]:
    """The visit without words that read like something sensitive, and whether there were any. One that the EHR itself
    calls sensitive is a time.
    """
    hidden = of_labels(visit.labels) is not None
    kept = replace(
        visit,
        reason="" if hidden or of_words(visit.reason, age) else visit.reason,
        kind=Concept() if hidden or of_concept(visit.kind, age) else visit.kind,
        service=Concept() if hidden or of_concept(visit.service, age) else visit.service,
        location_names=tuple(name for name in visit.location_names if not (hidden or of_words(name, age))),
    )
    return kept, int(kept != visit)


def _step(step: Step, age: int | None) -> Step:
    """Why a standing order does not hold may be sensitive (a pregnancy)."""
    if step.covering is None or of_words(step.covering.because, age) is None:
        return step
    return replace(step, covering=replace(step.covering, because=""))
