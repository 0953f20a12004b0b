"""Ids of what stands on a screen: in the page, in the fragment's next request, and in the path of the page of one item,
which access logs keep. So they tell nothing of the item, and who knows every measure there is cannot compute them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.core.flag import Card, Hidden, PromptRow
from app.core.report import Gap

DIGITS = 10  # hexadecimal, behind a letter for the kind
ID_LENGTH = 1 + DIGITS
SOURCE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of one launch: stable across its answers, and different in every other launch of the same patient.

    `digest` is a keyed hash of text that is hexadecimal and belongs to this launch alone.
    """

    digest: Callable[[str], str]

    def card(self, card: Card) -> str:
        return self.act(card.act)

    def act(self, act: str) -> str:
        """Of the card of an act, drawn or not."""
        return self._of("g", act)

    def prompt(self, row: PromptRow) -> str:
        """By its main list entry; a removal candidate that no payer lists goes by its words in the chart."""
        return self.prompts(row)[0]

    def prompts(self, row: PromptRow) -> tuple[str, ...]:
        """Every id that a condition may have been drawn under: a payer that answers late may become the main one."""
        if not row.categories:
            return (self._of("p", f"listed|{row.label}"),)
        return tuple(self._of("p", f"{each.payer}|{each.report_id}|{each.group_id}") for each in row.categories)

    def gap(self, gap: Gap) -> str:
        """Of a payer's statement that is no row of its own."""
        about = f"{gap.payer}|{gap.report_id}|{gap.group_id}|{gap.measure.url}|{gap.measure.version}|{gap.period.end}"
        return self._of("c", about)

    def hidden(self, item: Hidden) -> str:
        """Of a condition that is counted and never prompted."""
        category = item.category
        about = f"{category.payer}|{category.report_id}|{category.group_id}|{category.model.url}|{category.version}"
        return self._of("h", about)

    def visit(self, appointment: str, patient: str) -> str:
        """Of one patient's appointment, as a row of the morning schedule."""
        return self._of("v", f"{appointment}|{patient}")

    def step(self, appointment: str, patient: str, step: str) -> str:
        """Of one step of such a row (Step.key); empty: of the row as a whole."""
        return self._of("w", f"{appointment}|{patient}|{step}")

    def trouble(self, about: str, why: str) -> str:
        return self._of("t", f"{about}|{why}")

    def source(self, key: str) -> str:
        """A question to a source, short: several of them stand behind the id of each drawn row."""
        return self._of("s", key)[1 : 1 + SOURCE_DIGITS]

    def _of(self, kind: str, about: str) -> str:
        return kind + self.digest(f"{kind}|{about}")[:DIGITS]
