"""What leaves the screen, on paper or as a list of people: for whom, by whom, and when it must be destroyed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from app.core.chart import Patient
from app.core.roles import Role
from app.web.present.dates import plain_day
from app.web.present.huddle.words import weekday as day_of_week
from app.web.present.people import ROLE_WORDS, header, user_words
from app.web.present.views.rows import NameView


@dataclass(frozen=True, slots=True)
class About:
    """What a sheet must know beside its rows. `payers`: names by id; `now` in the clinic's zone."""

    clinic: str
    provider: str
    user: str
    role: Role
    now: datetime
    payers: Mapping[str, str]


def weekday(day: date) -> str:
    """Monday 23 Nov 2026"""
    return f"{day_of_week(day)} {plain_day(day)}"


def printed_words(about: About) -> str:
    who = f"{user_words(about.user)}, {ROLE_WORDS[about.role]}"
    return f"Printed {plain_day(about.now.date())}, {about.now:%H:%M}, by {who}"


def destroy_words(day: date) -> str:
    """Paper outlives what it was made for unless it says when and how it ends."""
    return (
        f"Patient information. Destroy by the end of {weekday(day)}: shred it, or put it into the locked shredding "
        "bin. It is no part of any chart."
    )


def who(patient: Patient | None, today: date) -> tuple[tuple[NameView, ...], tuple[str, ...]]:
    """The names of a patient, and the two identifiers that stand beside them."""
    if patient is None:
        return (NameView("Patient not read"),), ("check name, birth date and record in the EHR",)
    seen = header(patient, today=today, on_screen=True)
    return (seen.name, *seen.others), (seen.born, seen.record)
