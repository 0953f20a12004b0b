"""What somebody on the team does, in words, and the buttons that say it is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.core.flag import State
from app.core.schedule.row import Owner, Row, Standing, Step, Where
from app.core.schedule.tick import Tick, Ticked, may_be_ticked
from app.web.present.dates import clock_words, day_words, plain_day
from app.web.present.huddle.words import ABOUT, ACTS, BACK, IN_PLACE, NEXT_VISIT, OWNERS, TICKED, TO_DO, UNKNOWN
from app.web.present.ids import Ids
from app.web.present.names import Payers
from app.web.present.text import by_payer, distinct, listed, plain
from app.web.present.views import Mark, StepView, TickView
from app.web.present.views.huddle import HuddleLinks
from app.web.present.words import ACTS as PANEL_ACTS
from app.web.present.words import STATE_ACTS, STATE_MARKS

#: Acts whose words do not name what they are about.
_UNNAMED = frozenset({"repeat-or-intensify"})
#: What is done, and leaves something to do all the same: a check on its step would say that this has been done too.
_DONE = frozenset({State.DONE_HERE, State.DONE_ELSEWHERE})
_ORDERS = ("order-", "refer-", "offer-colorectal")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the words of a row need beside it. `now` is in the clinic's zone."""

    now: datetime
    payers: Payers
    links: HuddleLinks
    ids: Ids

    @property
    def today(self) -> date:
        return self.now.date()


def step_view(step: Step, row: Row, ticks: Sequence[Tick], desk: Desk) -> StepView:
    """`ticks`: those of this row."""
    own = [tick for tick in ticks if tick.step == step.key]
    return StepView(
        key=desk.ids.step(row.appointment.ref, row.patient_ref, step.key),
        mark=_mark(step, own),
        words=step_words(step),
        owner=OWNERS[step.owner],
        note=_note(step, own),
        lines=tuple(_lines(step, desk)),
        ticks=tuple(tick_view(what, step, row, own, desk) for what in _whats(step, row, own)),
    )


def step_words(step: Step) -> str:
    """What to do: a verb first. A payer's own name of a measure stands in quotation marks."""
    service = f"“{by_payer(step.service, 'measure')}”" if step.quoted else plain(step.service)
    if step.act in ACTS:
        return ACTS[step.act]
    if step.act in ABOUT:
        return f"{ABOUT[step.act]}: {service}"
    act = PANEL_ACTS.get(step.act) or (STATE_ACTS[step.state] if step.state else "")
    if step.act in PANEL_ACTS and step.act not in _UNNAMED and not step.quoted:
        return act
    return f"{service}: {act[:1].lower()}{act[1:]}" if act else service


def tick_words(tick: Tick, now: datetime) -> str:
    """Ordered 4711, 09:12, Mara Ellison"""
    return f"{TICKED[tick.what]}{f' {plain(tick.order)}' if tick.order else ''}, {by_words(tick, now)}"


def by_words(tick: Tick, now: datetime) -> str:
    """09:12, Mara Ellison"""
    return f"{clock_words(tick.at, now)}, {plain(tick.by)}"


def tick_view(what: Ticked, step: Step | None, row: Row, ticks: Sequence[Tick], desk: Desk) -> TickView:
    """The button for one mark of a step, or of the row as a whole; pressed where somebody has made it."""
    visit, patient = row.appointment.ref, row.patient_ref
    made = next((tick for tick in ticks if tick.what is what), None)
    id_ = desk.ids.step(visit, patient, step.key if step else "")
    return TickView(
        id=f"{id_}-{what.value}",
        url=desk.links.untick if made else desk.links.tick,
        row=desk.ids.visit(visit, patient),
        step=id_ if step else "",
        what=what.value,
        label=TICKED[what],
        heard=step_words(step) if step else "the whole visit",
        on=made is not None,
        said=", ".join(filter(None, [plain(made.order), by_words(made, desk.now)])) if made else "",
        asks_order=what is Ticked.ORDERED and made is None,
    )


def _whats(step: Step, row: Row, ticks: Sequence[Tick]) -> Iterable[Ticked]:
    """Which marks make sense on a step; one that somebody has made can always be taken back."""
    made = {tick.what for tick in ticks}
    useful = {Ticked.TOLD if step.owner is Owner.FRONT_DESK else Ticked.PREPPED}
    if step.where is not Where.IN_ROOM and step.act.startswith(_ORDERS):
        useful.add(Ticked.ORDERED)
    return [what for what in Ticked if what in made or (what in useful and may_be_ticked(row, step.key, what))]


def _mark(step: Step, ticks: Sequence[Tick]) -> Mark:
    if ticks:
        return IN_PLACE
    if step.next_visit:
        return NEXT_VISIT
    if step.state in _DONE:
        return TO_DO
    return STATE_MARKS.get(step.state, TO_DO) if step.state else UNKNOWN if step.quoted else TO_DO


def _note(step: Step, ticks: Sequence[Tick]) -> str:
    """The shortest of what is known: it was done, why it came back, not at this visit, or staff may do it unasked."""
    if ticks:
        orders = [f"{TICKED[tick.what].lower()} {plain(tick.order)}".strip() for tick in ticks]
        return listed(distinct(orders))
    if step.promise or step.back in BACK:
        return back_words(step)
    if step.next_visit:
        return "next in-person visit"
    eligible = step.covering is not None and step.covering.standing is Standing.ELIGIBLE
    return "standing order" if eligible else ""


def back_words(step: Step) -> str:
    """Why it is to be done although somebody has answered it; empty where nobody has."""
    if step.promise:
        return "overdue"
    return BACK.get(step.back, "")


def _lines(step: Step, desk: Desk) -> Iterable[str]:
    if step.due:
        promised = "It was to have come by then." if step.promise else ""
        yield " ".join(filter(None, [f"Due {day_words(step.due, desk.today)}.", promised]))
    if step.payers:
        yield f"Asked for by {listed([desk.payers.full(each) for each in step.payers])}."
    if step.covering is not None:
        yield standing_words(step)


def standing_words(step: Step) -> str:
    """Whether a protocol of the practice lets staff do it without asking, and by which one; else why not."""
    covering = step.covering
    if covering is None or covering.standing is Standing.NO_PROTOCOL:
        return "No standing order covers it."
    protocol, because = plain(covering.protocol), plain(covering.because)
    match covering.standing:
        case Standing.ELIGIBLE:
            return f"Standing order: {protocol}. Its contraindications were looked for and not found."
        case Standing.EXPIRED:
            return f"The standing order has expired: {protocol}, on {plain_day(date.fromisoformat(because))}."
        case Standing.CONTRAINDICATED:
            return f"Not by standing order ({protocol}): this chart has {because}."
        case _:
            return f"Not by standing order ({protocol}): {because} could not be looked for with certainty."
