"""The visit that is going on, as far as rules ask for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from app.core.chart import Fact
from app.core.words import texts

#: Encounter.class codes (v3-ActCode) where the patient is not in the room. VR covers video and telephone alike.
REMOTE = frozenset({"VR"})
#: Words of an Encounter.type that tells them apart: by voice alone nobody is seen.
_VOICE = re.compile(r"\b(?:tele)?phone\b|\btelephon|\baudio[ -]?only\b|\bvoice (?:call|visit)", re.IGNORECASE)
_VIDEO = re.compile(r"\bvideo|\baudio[ /-]*(?:and |& ?)?visual", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Visit:
    """The Encounter of the launch. `setting` is Encounter.class; empty: not stated, taken as in person."""

    date: date
    setting: str = ""
    encounter: str = ""  # Encounter/…
    finished: bool = False
    audio_only: bool = False  # stated as such by whoever knows; else `by_voice` reads the encounter

    @property
    def in_person(self) -> bool:
        """Whether something that needs the patient in the room can be done at this visit, or still can."""
        return not self.finished and self.setting.upper() not in REMOTE


def by_voice(visit: Visit | None, encounter: Fact | None) -> bool:
    """Whether the patient is heard and not seen: stated so, or by the words of the visit's encounter."""
    if visit is None or encounter is None or encounter.setting.upper() not in REMOTE:
        return visit is not None and visit.audio_only
    said = " ; ".join(sorted(texts(encounter.concept)))
    return visit.audio_only or (bool(_VOICE.search(said)) and not _VIDEO.search(said))
