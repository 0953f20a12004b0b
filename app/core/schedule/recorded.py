"""What somebody recorded about a patient and the team must see to before a visit: promises that are overdue, and
answers that a payer contradicts. What is put away or under way is no card of the panel any more, and so no step.

A promise of which the card is still there is that card's step: whoever waits for a result orders no second one. Any
other, and everything about a condition, is a step of its own that is in none of the panel's counts; a condition is not
named in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from app.core.flag import Card, Panel, State
from app.core.ledger import promises
from app.core.ledger.action import Action
from app.core.ledger.dismissal import Back, Now, placed
from app.core.ledger.item import of_card, of_prompt
from app.core.ledger.outgoing import FollowUp, Ledger
from app.core.ledger.promises import What
from app.core.ledger.verb import Kind
from app.core.measures import REGISTRY, Registry
from app.core.schedule.acts import ACTS, ASK_PLAN, BOOK_AGAIN, LOOK_AGAIN, SEE_TO_CONDITION
from app.core.schedule.row import RECORDED, Owner, Step
from app.core.sensitive import of_words

#: What is left to do when nothing has come of a promise. What was put off is done itself, where its card is there.
_LEFT: Mapping[str, str] = {
    What.RESULT: "await-result",
    What.RECORD: "request-record",
    What.EVIDENCE: "check-chart",
    What.HELP: ASK_PLAN,
    What.VISIT: BOOK_AGAIN,
}
_INSTEAD = frozenset({What.RESULT, What.RECORD, What.EVIDENCE})  # of doing it once more
_QUIET = frozenset({State.ORDERED, State.EXCLUDED})  # leaves nothing to do, but for what was promised or contradicted


@dataclass(frozen=True, slots=True)
class Recorded:
    """The ledger as one row reads it. `back` and `late` by `Card.act`; `others` are the promises of no card."""

    back: Mapping[str, Back] = field(default_factory=dict)
    late: Mapping[str, FollowUp] = field(default_factory=dict)
    others: tuple[FollowUp, ...] = ()
    actions: tuple[Action, ...] = ()
    contradicted: bool = False  # of a condition

    @classmethod
    def of(cls, panel: Panel, ledger: Ledger, now: Now) -> Recorded:
        """What of `ledger` comes back in `panel`, which was built with it."""
        overdue = _overdue(ledger.follow_ups, panel, now.today)
        if not (ledger.actions or overdue):
            return NOTHING
        back: dict[str, Back] = {}
        late: dict[str, FollowUp] = {}
        for card in (*panel.gaps, *panel.more_gaps, *panel.staff, *panel.excluded):
            item = of_card(card, now.today)
            if found := placed(item, ledger, now).back:
                back[card.act] = found
            own = [each for each in overdue if each.what != What.HELP and not set(item.keys).isdisjoint(each.keys)]
            if own:
                late[card.act] = own[0]
                overdue = [each for each in overdue if each is not own[0]]
        asked = (of_prompt(row, now.today) for row in (*panel.prompts, *panel.more_prompts))
        contradicted = any(placed(item, ledger, now).back is Back.CONFLICT for item in asked)
        return cls(back, late, tuple(overdue), ledger.actions, contradicted)

    def leaves(self, card: Card) -> bool:
        """Whether a card that staff can settle, or that is excluded, leaves somebody something to do."""
        if card.main.state not in _QUIET:
            return True
        return card.act in self.late or self.back.get(card.act) is Back.CONFLICT

    def on(self, step: Step) -> Step:
        """The step of a card, with what has come back and whose promise is overdue."""
        back, promised = self.back.get(step.key, Back.NOTHING), self.late.get(step.key)
        if promised is None:
            return replace(step, back=back) if back else step
        step = replace(step, back=back, promise=promised.what, due=promised.due)
        if promised.what not in _INSTEAD:
            return step
        act = _LEFT[promised.what]
        return replace(
            step, act=act, owner=Owner(promised.owner), where=ACTS[act].where, next_visit=False, covering=None
        )

    def steps(self, age: int | None, registry: Registry = REGISTRY) -> tuple[Step, ...]:
        """The steps that are no card's, the one that waits longest first."""
        made = [self._step(each, age, registry) for each in self.others]
        if self.contradicted:
            act = ACTS[LOOK_AGAIN]
            contradiction = Step(f"{RECORDED}condition", LOOK_AGAIN, "", act.owner, act.where)
            made.append(replace(contradiction, back=Back.CONFLICT, sensitive=True))
        return tuple(made)

    def _step(self, promised: FollowUp, age: int | None, registry: Registry) -> Step:
        about = next((each.item for each in self.actions if each.id == promised.action), None)
        named = about is not None and about.kind is not Kind.PROMPT
        act = _LEFT.get(promised.what, "check-chart") if named else SEE_TO_CONDITION
        return Step(
            f"{RECORDED}{promised.id}",
            act,
            promised.label if named else "",
            Owner(promised.owner),
            ACTS[act].where,
            due=promised.due,
            quoted=about is not None and named and promises.rule_of(about, registry) is None,
            sensitive=not named or of_words(promised.label, age) is not None,
            back=Back.OVERDUE,
            promise=promised.what,
        )


NOTHING = Recorded()


def open_still(ledger: Ledger, kept: Iterable[tuple[str, str]]) -> Ledger:
    """The ledger without the promises that are kept by now (`Panel.kept`), whoever writes that down."""
    ended = {name for name, _ in kept}
    return replace(ledger, follow_ups=tuple(each for each in ledger.follow_ups if each.id not in ended))


def _overdue(follow_ups: Sequence[FollowUp], panel: Panel, today: date) -> list[FollowUp]:
    """What was promised for a day before this one and has not come, by due day."""
    kept = dict(panel.kept)
    late = (each for each in follow_ups if each.id not in kept and promises.is_overdue(each, today))
    return sorted(late, key=lambda each: (each.due, each.at, each.id))
