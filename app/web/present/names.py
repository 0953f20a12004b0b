"""Payers by name: whole where something is attributed, short where a line has to stay a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.core.flag import IdentityNote, SourceLine
from app.web.present.text import distinct, listed, plain

_LONG_ENOUGH = 4  # "The" or "Blue" would not be a name


@dataclass(frozen=True, slots=True)
class Payers:
    """Names by payer id. A payer that is not among the sources is called by its id."""

    names: Mapping[str, str] = field(default_factory=dict)
    differs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: Sequence[SourceLine], identity: Sequence[IdentityNote] = ()) -> Payers:
        """From the source lines: a payer's questions have keys like `northwind/care-gaps`."""
        names = {line.key.partition("/")[0]: plain(line.name) for line in lines if "/" in line.key}
        return cls(names, {note.payer: note.differs for note in identity})

    def full(self, payer: str) -> str:
        return self.names.get(payer) or plain(payer)

    def note(self, payer: str) -> str:
        """Said beside whatever a payer reports whose identity of the member differs in a part that does not block."""
        differs = listed([plain(part) for part in self.differs.get(payer, ())])
        return (
            f"{self.short(payer)} has another {differs} for this member: check that it is the same person."
            if differs
            else ""
        )

    def short(self, payer: str) -> str:
        return short_names([*self.names.values(), self.full(payer)])[self.full(payer)]


def short_names(names: Sequence[str]) -> dict[str, str]:
    """The first word of each name, where it is long enough and no other name begins with it; else the whole name."""
    first = {name: plain(name).split(" ")[0] for name in distinct(names)}
    uses = list(first.values())
    return {
        name: word if len(word) >= _LONG_ENOUGH and uses.count(word) == 1 else plain(name)
        for name, word in first.items()
    }
