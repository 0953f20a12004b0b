"""A row of an earlier time, as it is shown while its source is down: what somebody has recorded since is known here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app.core.ledger.outgoing import Ledger
from app.core.ledger.verb import Verb
from app.core.schedule.row import MAX_STEPS, RECORDED, Counts, Row, Step
from app.core.schedule.steps import kind_of


def without_answered(row: Row, ledger: Ledger, since: datetime) -> Row:
    """A row of an earlier time without what somebody has answered, or seen to, since then."""
    words = [each for each in ledger.actions if each.at and each.at > since and each.undone_at is None]
    acts = {key.rpartition("@")[0] for word in words if word.verb is not Verb.WRONG_PATIENT for key in word.item.keys}
    open_ = {f"{RECORDED}{each.id}" for each in ledger.follow_ups}
    every = (*row.steps, *row.more_steps)
    gone = [step for step in every if step.key in acts or (_is_promise(step) and step.key not in open_)]
    if not gone:
        return row
    left = tuple(step for step in every if step not in gone)
    services = {step.service for step in gone}
    return replace(
        row,
        steps=left[:MAX_STEPS],
        more_steps=left[MAX_STEPS:],
        counts=_without(row.counts, [step for step in gone if step.of_card]),
        labs=tuple(lab for lab in row.labs if lab not in services),
    )


def _is_promise(step: Step) -> bool:
    return bool(step.promise) and not step.of_card


def _without(counted: Counts, answered: Sequence[Step]) -> Counts:
    """The counts once these steps of cards are answered."""
    kinds = [kind_of(step) for step in answered]
    return replace(
        counted,
        today=counted.today - kinds.count("today"),
        next_visit=counted.next_visit - kinds.count("next_visit"),
        staff=counted.staff - kinds.count("staff"),
        unclear=counted.unclear - kinds.count("unclear"),
        sensitive=counted.sensitive - sum(step.sensitive for step in answered),
        answered=counted.answered + len(answered),
    )
