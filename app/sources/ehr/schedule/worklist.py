"""Plan E's file: a practice's worklist as CSV, for EHRs that let nobody search across patients.

First line: `date,time,patient,provider,reason,type,status` in any order, `mrn` beside or in place of `patient`. Dates
as 2026-11-23 or 11/23/2026, times as 09:30 or 9:30 AM, both in the clinic's zone; `patient` and `provider` are FHIR ids
(`status`: a word of FHIR's, booked where it is empty). The file is only ever read.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from functools import lru_cache
from pathlib import Path

from app.core.chart import Concept
from app.core.schedule.appointment import Appointment
from app.sources.errors import Down, Unreadable
from app.sources.fhir import visit_words
from app.sources.fhir.shape import words

MAX_BYTES = 2_000_000
MAX_LINES = 20_000
_NAMED = 20  # of the lines that cannot be used
_COLUMNS = frozenset({"date", "time", "patient", "mrn", "provider", "reason", "type", "status"})
_NEEDED = ("date", "time", "provider")
_STATUSES = {
    "": "booked", "booked": "booked", "scheduled": "booked", "confirmed": "booked", "arrived": "arrived",
    "checked-in": "checked-in", "checked in": "checked-in", "fulfilled": "fulfilled", "completed": "fulfilled",
    "noshow": "noshow", "no-show": "noshow", "no show": "noshow", "cancelled": "cancelled", "canceled": "cancelled",
}  # fmt: skip
_DATES = ("%Y-%m-%d", "%m/%d/%Y")
_TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p")
_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")


@dataclass(frozen=True, slots=True)
class Line:
    """One row that can be used. `mrn` where the row names no FHIR id."""

    number: int
    appointment: Appointment
    mrn: str = ""


@dataclass(frozen=True, slots=True)
class Worklist:
    """`wrong` names line and column of the first rows that cannot be used, and nothing that stands in them."""

    lines: tuple[Line, ...]
    wrong: tuple[str, ...] = ()


def read(path: str, zone: tzinfo) -> Worklist:
    """The file. Raises Down when it is not there, Unreadable when its columns are not those above."""
    try:
        with Path(path).open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Down(f"the worklist file cannot be opened ({type(error).__name__})", again=False) from error
    if len(body) > MAX_BYTES:
        raise Unreadable(f"the worklist file is larger than {MAX_BYTES // 1_000_000} MB")
    return parse(body, zone)


def parse(body: bytes, zone: tzinfo) -> Worklist:
    """The rows of a file. Raises Unreadable, which names the line."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"worklist, line {line}: is not UTF-8") from error
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[Line] = []
    wrong: list[str] = []
    try:
        columns = _columns(next(rows, []))
        for cells in rows:
            if any(cell.strip() for cell in cells):
                if len(lines) + len(wrong) == MAX_LINES:
                    raise Unreadable(f"the worklist file has more than {MAX_LINES} lines")
                found = _line(rows.line_num, columns, cells, zone)
                if isinstance(found, str):
                    wrong.append(found)
                else:
                    lines.append(found)
    except csv.Error as error:
        raise Unreadable(f"worklist, line {rows.line_num}: is not CSV") from error
    more = [f"worklist: {len(wrong) - _NAMED} more lines like these"] if len(wrong) > _NAMED else []
    return Worklist(tuple(lines), (*wrong[:_NAMED], *more))


def _columns(header: list[str]) -> list[str]:
    columns = [words(name).casefold() for name in header]
    missing = [name for name in _NEEDED if name not in columns]
    if "patient" not in columns and "mrn" not in columns:
        missing.append("patient or mrn")
    if missing:
        raise Unreadable(f"worklist, line 1: no column {', '.join(missing)}")
    if twice := sorted({name for name in columns if name in _COLUMNS and columns.count(name) > 1}):
        raise Unreadable(f"worklist, line 1: column {', '.join(twice)} stands there twice")
    return columns


def _line(number: int, columns: list[str], cells: list[str], zone: tzinfo) -> Line | str:
    row = dict(zip(columns, map(words, cells), strict=False))
    problem = next(_problems(row, len(cells) > len(columns)), "")
    if problem:
        return f"worklist, line {number}: {problem}"
    day, clock = _day(row["date"]), _clock(row["time"])
    assert day is not None
    assert clock is not None
    patient, mrn = row.get("patient", "").removeprefix("Patient/"), row.get("mrn", "")
    kind, reason = Concept((), row.get("type", "")), row.get("reason", "")
    start = datetime.combine(day, clock, zone).astimezone(UTC)
    provider = f"Practitioner/{row['provider'].removeprefix('Practitioner/')}"
    found = Appointment(
        ref=_ref(start, patient or mrn, provider),
        status=_STATUSES[row.get("status", "").casefold()],
        start=start,
        patients=(f"Patient/{patient}" if patient else "",),
        practitioners=(provider,),
        practitioner_names=("",),
        kind=kind,
        reason=reason,
        mode=visit_words.mode((kind,)),
        walk_in=visit_words.is_walk_in((kind,)),
        new_patient=visit_words.new_patient((kind,)),
    )
    return Line(number, found, "" if patient else mrn)


def _problems(row: Mapping[str, str], too_long: bool) -> Iterator[str]:
    if too_long:
        yield "has more cells than the first line"
    if _day(row.get("date", "")) is None:
        yield "column date: not a date like 2026-11-23 or 11/23/2026"
    if _clock(row.get("time", "")) is None:
        yield "column time: not a time like 09:30 or 9:30 AM"
    patient, provider = row.get("patient", ""), row.get("provider", "")
    if not patient and not row.get("mrn"):
        yield "column patient: empty"
    if patient and not _ID.fullmatch(patient.removeprefix("Patient/")):
        yield "column patient: not a FHIR id"
    if not _ID.fullmatch(provider.removeprefix("Practitioner/")):
        yield "column provider: not a FHIR id" if provider else "column provider: empty"
    if row.get("status", "").casefold() not in _STATUSES:
        yield "column status: not a word of FHIR's appointment status"


def _ref(start: datetime, patient: str, provider: str) -> str:
    """A stable reference that gives nobody away: ticks and rows are kept by it."""
    told = f"{start.isoformat()} {patient} {provider}".encode()
    return f"Appointment/worklist-{hashlib.sha256(told).hexdigest()[:32]}"


@lru_cache(1024)  # a file has few days and times, and many lines
def _day(text: str) -> date | None:
    for form in _DATES:
        try:
            found = datetime.strptime(text, form).date()
        except ValueError:
            continue
        return found if 1900 <= found.year <= 2200 else None
    return None


@lru_cache(1024)
def _clock(text: str) -> time | None:
    for form in _TIMES:
        try:
            return datetime.strptime(text.upper(), form).time()
        except ValueError:
            continue
    return None
