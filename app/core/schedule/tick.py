"""What the team marks on a row: shared by everybody who may see it, and seen in the encounter panel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Ticked(StrEnum):
    PREPPED = "prepped"
    TOLD = "told-front-desk"
    ORDERED = "ordered"  # with the order's id, where somebody states it


@dataclass(frozen=True, slots=True)
class Tick:
    """`step`: Step.key, or empty for the whole row. `by`: the name of who ticked."""

    appointment: str
    patient: str  # Patient/…
    step: str
    what: Ticked
    by: str
    at: datetime
    order: str = ""
