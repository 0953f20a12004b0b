"""Payers by name: whole where something is attributed, short where a line has to stay a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from app.core.flag import IdentityNote, SourceLine
from app.core.identity import Differs
from app.web.present.text import distinct, listed, plain

_LONG_ENOUGH = 6  # "The" or "Blue" would not be a name

#: What differs between a payer's record and the chart without blocking it, as a sentence of its own. Whatever is not
#: here differs in the plain sense: "another family name".
_NOT_COMPARED: Mapping[str, str] = {
    Differs.NAME_SCRIPT: "the name stands in another script",
    Differs.NAME_MISSING: "one of the two states no name",
    Differs.NAME_INITIAL: "the given name is an initial only",
    Differs.BIRTH_DATE_MISSING: "one of the two states no birth date",
    Differs.BIRTH_DATE_PARTIAL: "a birth date is known in part only",
    Differs.MEMBER_ID_NOT_STATED: "it states no member number",
    Differs.DECEASED: "only one of the two says that the patient has died",
    Differs.NO_RECORD: "it holds nothing of the person to compare",
}


CHECK_PERSON = "Check that it is the same person."


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
        differs = self.differs.get(payer, ())
        if not differs:
            return ""
        plainly = [f"another {plain(part)}" for part in differs if part not in _NOT_COMPARED]
        parts = [f"it has {listed(plainly)}"] if plainly else []
        parts += [_NOT_COMPARED[part] for part in differs if part in _NOT_COMPARED]
        return f"{self.short(payer)}'s record of this member is not the chart's: {listed(parts)}. {CHECK_PERSON}"

    def short(self, payer: str) -> str:
        return _short((*self.names.values(), self.full(payer)))[self.full(payer)]


@lru_cache(500)
def _short(names: tuple[str, ...]) -> Mapping[str, str]:
    return short_names(names)


def short_names(names: Sequence[str]) -> dict[str, str]:
    """The first word of each name, or two where it is short; the whole name where that is not enough to tell it."""
    first = {name: _first_words(plain(name)) for name in distinct(names)}
    uses = list(first.values())
    return {name: words if uses.count(words) == 1 else plain(name) for name, words in first.items()}


def _first_words(name: str) -> str:
    words = name.split(" ")
    if len(words[0]) >= _LONG_ENOUGH:
        return words[0]
    return " ".join(words[:2]) if len(words) > 2 else name
