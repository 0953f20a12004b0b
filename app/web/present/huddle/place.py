"""A drawn row of the schedule stays where it is: who is added meanwhile is announced, and who goes leaves a mark."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.web.present.ids import ID_LENGTH

MAX_SHOWN = 120  # rows that an address may name; more would be no address of ours


@dataclass(frozen=True, slots=True)
class Shown:
    """What this browser has in front of it: how often it asked, and the ids of its rows in their order."""

    turn: int = 0
    ids: tuple[str, ...] = ()
    room: frozenset[str] = frozenset()  # those of `ids` that were drawn before they were filled: they keep their room

    @classmethod
    def parse(cls, turn: str, ids: str, room: str = "") -> Shown:
        """From the query of the fragment's own request. Whatever is malformed counts as not drawn."""
        known = [each for each in ids.split(".") if len(each) == ID_LENGTH and each.isascii() and each.isalnum()]
        number = int(turn) if turn.isdecimal() and len(turn) < 6 else 0
        drawn = tuple(dict.fromkeys(known))[:MAX_SHOWN]
        return cls(number, drawn, frozenset(id_ for id_, kept in zip(drawn, room, strict=False) if kept == "1"))

    def query(self) -> dict[str, str]:
        """What `parse` reads as these rows. `room` has a figure for each of them."""
        room = "".join("1" if id_ in self.room else "0" for id_ in self.ids)
        return {"drawn": ".".join(self.ids)} | ({"room": room} if self.room else {})


@dataclass(frozen=True, slots=True)
class Placed:
    """Ids in the order in which they are drawn. `gone`: drawn before, and there no more; `added`: not drawn yet.

    `moved`: the order that was asked for is another by now.
    """

    ids: tuple[str, ...]
    gone: frozenset[str] = frozenset()
    added: tuple[str, ...] = ()
    moved: bool = False


def placed(wanted: Iterable[str], there: Iterable[str], shown: Shown) -> Placed:
    """`wanted`: the rows that are asked for, in their order, out of all that are `there`.

    The first time they are drawn as they are; from then on what was drawn stays, whatever it has become.
    """
    now = tuple(wanted)
    if not shown.ids:
        return Placed(now)
    gone = frozenset(shown.ids) - set(there)
    kept, drawn = [i for i in now if i in shown.ids], [i for i in shown.ids if i in now]
    return Placed(shown.ids, gone, tuple(i for i in now if i not in shown.ids), moved=kept != drawn)
