"""Under what somebody may say something about a row, and one row that it can be said about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.core.flag import Card
from app.core.ledger import permission
from app.core.ledger.action import Item
from app.core.ledger.outgoing import Ledger
from app.core.ledger.permission import Sitting
from app.core.ledger.standing import Standing
from app.core.ledger.standing import of as standing_of
from app.core.ledger.verb import Verb, Why
from app.core.roles import Role
from app.web.present.views.acting import PickView


@dataclass(frozen=True, slots=True)
class Acts:
    """Under what the rows are drawn: what is recorded, and what may be said by whom."""

    ledger: Ledger
    role: Role
    sitting: Sitting
    now: datetime  # in the clinic's zone
    user: str = ""  # fhirUser
    confirm_days: Mapping[str, int] = field(default_factory=dict)
    send: str = ""  # address before the id of an item; empty: nothing can be sent here
    orders: str = ""
    sendable: Callable[[Card], bool] = lambda _: False  # whether this chart has something to send about a card
    refused: tuple[str, str] = ("", "")  # id of an item, and why the last tap on it was refused

    def standing(self, item: Item) -> Standing:
        return standing_of(
            item,
            self.ledger,
            self.now.date(),
            confirm_days=self.confirm_days,
            encounter=self.sitting.encounter,
            zone=self.now.tzinfo or UTC,
        )

    def reasons(self, verb: Verb, item: Item) -> tuple[Why, ...]:
        return permission.reasons(verb, item, self.role, self.sitting)


@dataclass(frozen=True, slots=True)
class Asked:
    """One row that something can be said about. `proofs`: of its having been done already."""

    id: str
    about: str
    item: Item
    found: Standing
    offered: tuple[Verb, ...]
    proofs: tuple[PickView, ...] = ()

    @property
    def done(self) -> bool:
        return self.found.settled or self.found.put_away


def offers(item: Item, acts: Acts) -> tuple[Item, tuple[Verb, ...], Standing]:
    """An item with what may be said of it now, and how it stands."""
    found = acts.standing(item)
    return item, permission.offered(item, found.stage, acts.role, acts.sitting), found
