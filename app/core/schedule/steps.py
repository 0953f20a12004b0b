"""What a panel's cards come to for a team before a visit: steps with an owner, and counts by kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.core.flag import Card, GapRow, Panel, PromptState, State, Urgency
from app.core.measures import Registry
from app.core.reading import Reading
from app.core.schedule.acts import ACTS, act_of, owner_of
from app.core.schedule.appointment import Mode
from app.core.schedule.entry import Protocol
from app.core.schedule.recorded import NOTHING, Recorded
from app.core.schedule.row import Counts, Covering, Standing, Step, Where
from app.core.schedule.standing import covering
from app.core.sensitive import of_card

#: Prompts that the panel may expand: what somebody is asked to assess. The others are collapsed there; here, nothing.
ASKED = frozenset({PromptState.ASSESS_HISTORIC, PromptState.ASSESS_SUSPECTED, PromptState.REMOVE})
_TO_DO = frozenset({State.DO_TODAY, State.OUT_OF_RANGE})
_UNCLEAR = frozenset({State.CANNOT_TELL, State.NOT_CHECKED})


@dataclass(frozen=True, slots=True)
class Visiting:
    """What decides about a step beside its card."""

    mode: Mode
    day: date
    age: int | None
    protocols: Sequence[Protocol]
    registry: Registry
    reading: Reading
    recorded: Recorded = NOTHING  # what of it comes back


def steps(panel: Panel, at: Visiting) -> tuple[Step, ...]:
    """Every card that leaves something to do as one step, in the panel's order; then what staff can settle; last what
    needs the patient in the room, where they are not. What is ordered or booked is no step, unless it is overdue by
    what was promised, or a payer contradicts it.
    """
    clinical = [_step(card, at) for card in (*panel.gaps, *panel.more_gaps)]
    staff = [_step(card, at) for card in (*panel.staff, *panel.excluded) if at.recorded.leaves(card)]
    now, later = [s for s in clinical if not s.next_visit], [s for s in clinical if s.next_visit]
    return (*now, *staff, *later)


def counts(panel: Panel, made: Iterable[Step], at: Visiting) -> Counts:
    """Every card of the panel in exactly one count, and the prompts that somebody is asked to assess."""
    later = {step.key for step in made if step.next_visit}
    left = [card for card in panel.excluded if at.recorded.leaves(card)]
    shown = (*panel.gaps, *panel.more_gaps, *panel.staff, *left)
    kinds = [_kind(card, later, at.recorded) for card in shown]
    return Counts(
        today=kinds.count("today"),
        next_visit=kinds.count("next_visit"),
        ordered=kinds.count("ordered"),
        staff=kinds.count("staff"),
        unclear=kinds.count("unclear"),
        prompts=sum(row.state in ASKED for row in (*panel.prompts, *panel.more_prompts)),
        sensitive=sum(of_card(card, at.age, at.registry) is not None for card in shown),
        excluded=len(panel.excluded) - len(left),
        answered=len(panel.put_away) + len(panel.settled),
    )


def kind_of(step: Step) -> str:
    """Which of the counts a step of a card is in."""
    if step.next_visit:
        return "next_visit"
    if step.state in _TO_DO:
        return "today"
    return "unclear" if step.state in _UNCLEAR else "staff"


def urgent(panel: Panel) -> frozenset[str]:
    """The acts of abnormal results without their follow-up: they stand before everything."""
    return frozenset(card.act for card in (*panel.gaps, *panel.more_gaps) if card.main.urgency is Urgency.ABNORMAL)


def _kind(card: Card, later: set[str], recorded: Recorded) -> str:
    state = card.main.state
    if card.act in later:
        return "next_visit"
    if state in _TO_DO:
        return "today"
    if state is State.ORDERED and not recorded.leaves(card):
        return "ordered"
    return "unclear" if state in _UNCLEAR else "staff"


def _step(card: Card, at: Visiting) -> Step:
    row = card.main
    where = act_of(row).at(at.mode)
    later = at.mode is not Mode.IN_PERSON and where is Where.IN_ROOM
    covered = None if later else _covered(card, at)
    eligible = covered is not None and covered.standing is Standing.ELIGIBLE
    named, quoted = _service(row)
    step = Step(
        key=card.act,
        act=row.act,
        service=named,
        owner=owner_of(row, eligible=eligible),
        where=where,
        state=row.state,
        due=row.clinical_due or (row.gap.period.end if row.gap else None),
        quoted=quoted,
        next_visit=later,
        covering=covered,
        sensitive=of_card(card, at.age, at.registry) is not None,
        payers=tuple(dict.fromkeys(each.gap.payer if each.gap else each.seen_by for each in card.rows if _asks(each))),
    )
    return at.recorded.on(step)


def _asks(row: GapRow) -> bool:
    return row.gap is not None or bool(row.seen_by)


def _covered(card: Card, at: Visiting) -> Covering | None:
    """A standing order is for doing what is due: not for judging a value, a doubt or an abnormal result. Of an act that
    a clinician decides, only a protocol of the practice says anything.
    """
    row = card.main
    if row.state is not State.DO_TODAY:
        return None
    found = covering(card.act, at.protocols, at.reading, at.day)
    said = ACTS.get(row.act)
    could = said is not None and (said.by_protocol or said.where is Where.IN_ROOM)
    return found if could or found.standing is not Standing.NO_PROTOCOL else None


def _service(row: GapRow) -> tuple[str, bool]:
    """The short noun of a row; where no rule names it, the payer's words, to be quoted."""
    if row.service or row.gap is None:
        return row.service, False
    gap = row.gap
    return gap.measure.title or gap.payer_words or gap.measure.url.rsplit("/", 1)[-1], True


def unsensitive(counted: Counts, dropped: Iterable[Step]) -> Counts:
    """The counts without what is sensitive. What is ordered has no step: it is what the dropped steps leave over."""
    kinds = [kind_of(step) for step in dropped]
    left = counted.sensitive - len(kinds)
    return replace(
        counted,
        today=counted.today - kinds.count("today"),
        next_visit=counted.next_visit - kinds.count("next_visit"),
        staff=counted.staff - kinds.count("staff"),
        unclear=counted.unclear - kinds.count("unclear"),
        ordered=counted.ordered - max(0, left),
        prompts=0,
        sensitive=0,
        answered=0,  # some of it may be sensitive, and none of it is to be done
    )
