"""The visit that is going on, as far as rules ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

#: Encounter.class codes (v3-ActCode) where the patient is not in the room. VR covers video and telephone alike.
REMOTE = frozenset({"VR"})


@dataclass(frozen=True, slots=True)
class Visit:
    """The Encounter of the launch. `setting` is Encounter.class; empty: not stated, taken as in person."""

    date: date
    setting: str = ""
    encounter: str = ""  # Encounter/…
    finished: bool = False

    @property
    def in_person(self) -> bool:
        """Whether something that needs the patient in the room can be done at this visit, or still can."""
        return not self.finished and self.setting.upper() not in REMOTE
