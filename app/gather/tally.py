"""How far a morning is: of each source, how much is asked and answered, and whether it answers at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from app.core import due
from app.core.answers import Answer, Reason, Unknown
from app.core.asking import EHR, SCHEDULE, USER, USER_ROLES, Ask, Opening
from app.gather.state import State, failed

#: Why a source as a whole does not answer; the other reasons are about one patient, or about one type of a chart.
_ALL = frozenset({Reason.DOWN, Reason.SLOW, Reason.BUSY, Reason.SIGNED_OUT})
_OF_PAYERS = _ALL | {Reason.NOT_READABLE, Reason.NOT_ALLOWED}
ENOUGH = 3  # patients for whom a source has failed: then it is said of the source, and not of the patient


@dataclass(slots=True)
class Tally:
    """Of one source: questions that are asked as far as one can know by now, and how many have come to something.

    `trouble`: it does not answer, for all that were asked about or for `ENOUGH` of them.
    """

    source: str
    asked: int = 0
    answered: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)  # of the patients for whom it failed
    fine: int = 0  # patients for whom it has answered
    now: Reason | None = None  # it does not answer the schedule, which is asked again and again

    @property
    def trouble(self) -> Reason | None:
        if self.now:
            return self.now
        many = sum(self.reasons.values()) >= ENOUGH or not self.fine
        return self.reasons.most_common(1)[0][0] if self.reasons and many else None


@dataclass(frozen=True, slots=True)
class Part:
    """What one patient adds to the tally of one source. `failed` None and not `fine`: it has not said anything yet."""

    source: str
    asked: int
    answered: int
    failed: Reason | None
    fine: bool
    now: Reason | None = None


def parts(opening: Opening, state: State, *, who: bool = False) -> tuple[Part, ...]:
    """One patient, or with `who` the user and the schedule: these are asked once, whoever is on the schedule."""
    counted: dict[str, list[int]] = {}
    for ask, done in due.expected(opening, state.plan, state.answers):
        if who or ask.name not in (USER, USER_ROLES):
            of = counted.setdefault(ask.source, [0, 0])
            of[0] += 1
            of[1] += done
    heard: dict[str, list[Answer[object]]] = {source: [] for source in counted}
    for ask in state.plan.asks:
        if ask.source in heard and ask in state.answers:
            heard[ask.source].append(state.answers[ask])
    answer = state.answers.get(Ask(EHR, SCHEDULE)) if who else None
    now = next(_failures(EHR, [answer]), None) if answer else None
    return tuple(
        _part(source, asked, answered, heard[source], now if source == EHR else None)
        for source, (asked, answered) in counted.items()
    )


def _part(source: str, asked: int, answered: int, heard: Sequence[Answer[object]], now: Reason | None = None) -> Part:
    why = next(_failures(source, heard), None)
    return Part(source, asked, answered, why, fine=bool(heard) and why is None, now=now)


def tallies(found: Iterable[Sequence[Part]]) -> tuple[Tally, ...]:
    """The EHR first, then every payer of anybody, by its id."""
    by: dict[str, Tally] = {EHR: Tally(EHR)}
    for part in (part for each in found for part in each):
        tally = by.setdefault(part.source, Tally(part.source))
        tally.asked += part.asked
        tally.answered += part.answered
        tally.fine += part.fine
        tally.now = tally.now or part.now
        if part.failed:
            tally.reasons[part.failed] += 1
    return (by.pop(EHR), *(by[source] for source in sorted(by)))


def _failures(source: str, answers: Iterable[Answer[object]]) -> Iterator[Reason]:
    told = _ALL if source == EHR else _OF_PAYERS
    for answer in answers:
        if failed(answer):
            reason = answer.reason if isinstance(answer, Unknown) else answer.stale_because
            if reason in told:
                yield reason
