"""What the codes and words of a visit say about it: video or phone, walk-in, new patient, interpreter. Data rows.

Appointment types are each practice's own; only a few are coded alike anywhere. Words decide where codes do not, whole
words only, and what they do not say stays unsaid: a visit is in person unless something says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from app.core.chart import Concept
from app.core.schedule.appointment import Mode
from app.sources.fhir.shape import Json, obj
from app.sources.fhir.values import code, concept

#: By the last part of a code's system and the code: Encounter.class, R4 Appointment.appointmentType, participant.type.
_VIDEO_CODES = frozenset({("v3-ActCode", "VR")})
_WALK_IN_CODES = frozenset({("v2-0276", "WALKIN")})
_KNOWN_PATIENT_CODES = frozenset({("v2-0276", "FOLLOWUP")})
_INTERPRETER_CODES = frozenset({("participant-type", "translator")})

#: Procedures whose names have a camera in them, and are done in the room.
_IN_THE_ROOM = re.compile(
    r"\b(?:virtual (?:colonoscopy|reality)|video (?:eeg|capsule|swallow\w*|urodynamics|laryngoscop\w*|recording))\b",
    re.IGNORECASE,
)
#: The first pattern that is found decides. Phone stands first: "telehealth (phone)" is no video visit.
_MODE_WORDS = (
    (Mode.PHONE, r"\b(?:tele)?phone\b|\btelephonic\b|\baudio\b(?![ /-]*(?:and |& ?)?(?:video|visual))"),
    (
        Mode.VIDEO,
        r"\bvideo\b|\btele(?:-?(?:health|medicine|visit|med|video))?\b|\bvirtual\b|\be-?visit\b"
        r"|\b(?:zoom|webex|facetime|doximity|doxy\.me)\b",
    ),
)
_IN_PERSON = r"\b(?:in[ -]person|face[ -]to[ -]face)\b"
_WALK_IN = r"\bwalk[ -]?ins?\b"
_NEW = (
    r"\bnew (?:patient|pt)s?\b|\bnew to (?:the )?practice\b|\bnpv\b|\bnp (?:visit|physical)\b"
    r"|\b(?:to )?establish(?:ing)? care\b"
)
_KNOWN = r"\b(?:established|est\.?|existing|return(?:ing)?) (?:patient|pt)s?\b|\bfollow[ -]?up\b"
#: Encounters that somebody opens to write something down: no patient has come.
_DESK_WORK = (
    r"\b(?:tele)?phone\b|\btelephonic\b|\brefill\b(?! visit)|\b(?:orders?|documentation|results?|scan) only\b"
    r"|\bmessag|\bletter\b|\bchart review\b|\bpatient portal\b|\bprior auth|\be-?visit\b|\bnurse triage\b"
)
_INTERPRETER = r"\binterpret(?:er|ing)\b|\btranslator\b"


def mode(said: Iterable[Concept], services: Sequence[Json] = ()) -> Mode:
    """How the patient is seen. `services` are R5 virtualService elements, wherever the EHR keeps them."""
    said = tuple(said)
    text = _text(said)
    if _has(_IN_PERSON, text) and not services:
        return Mode.IN_PERSON
    by_words = next((found for found, pattern in _MODE_WORDS if _has(pattern, _IN_THE_ROOM.sub("", text))), None)
    if by_words:
        return by_words
    if services:
        return Mode.PHONE if all(map(_is_phone, services)) else Mode.VIDEO
    return Mode.IN_PERSON if _VIDEO_CODES.isdisjoint(_keys(said)) else Mode.VIDEO


def is_walk_in(said: Sequence[Concept]) -> bool:
    return not _WALK_IN_CODES.isdisjoint(_keys(said)) or _has(_WALK_IN, _text(said))


def is_desk_work(said: Sequence[Concept]) -> bool:
    """Whether an encounter is about a patient who has not come."""
    return _has(_DESK_WORK, _text(said))


def new_patient(said: Sequence[Concept]) -> bool | None:
    """Whether it is said that the practice does not know the patient yet; None where nothing is said."""
    text = _text(said)
    if _has(_NEW, text):
        return True
    return False if _has(_KNOWN, text) or not _KNOWN_PATIENT_CODES.isdisjoint(_keys(said)) else None


def is_interpreter(said: Sequence[Concept], shown: str = "") -> bool:
    """Whether a participant is there to interpret: by the kind of part they take, else by how they are displayed."""
    return not _INTERPRETER_CODES.isdisjoint(_keys(said)) or _has(_INTERPRETER, f"{_text(said)} | {shown}")


def _is_phone(service: Json) -> bool:
    """A virtualService is a call where its address is a telephone number and no channel says otherwise."""
    point = next((obj(value) for key, value in service.items() if key.startswith("addressContactPoint")), {})
    channel = concept(service.get("channelType") or [])
    spoken = f"{channel.label} {code(service.get('channelType') or [])}"
    return _has(_MODE_WORDS[0][1], spoken) or (code(point.get("system")) == "phone" and not spoken.strip())


def _keys(said: Iterable[Concept]) -> set[tuple[str, str]]:
    """Codes with the last part of their system: STU3 servers spell the rest of it otherwise."""
    return {(each.system.rstrip("/").rpartition("/")[2], each.code) for one in said for each in one.codings}


def _text(said: Iterable[Concept]) -> str:
    """Every word that is shown for the concepts."""
    return " | ".join(text for one in said for text in (one.text, *(each.display for each in one.codings)) if text)


def _has(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None
