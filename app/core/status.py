"""The patient-status gate, read before ranking: death, hospice, palliative care, pregnancy, a long stay in a nursing
home, frailty with an advanced illness, each with its source and date (docs/rules.md).

Deceased is what the chart says; a payer's record of death is named as a difference of identity, it hides nothing by
itself. Hospice holds for the whole panel; the others act where a measure says so (`in_period`). Where each shows is
data (`app.core.status_rows`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from app.core.answers import Known
from app.core.chart import Chart, Fact, When
from app.core.dates import add_years, days_before, overlaps
from app.core.flag import PatientStatus, StatusKind
from app.core.measures.population import within_ages
from app.core.reading import DENIED, OVER, PATIENT, Reading, last_day, last_known, newest
from app.core.report import Period
from app.core.status_rows import ASKING, BY_SIGN, ROWS, Row, Sign
from app.core.status_rows import TYPES as TYPES  # what must have answered before anything may be ranked
from app.core.values import Meets, says

#: What makes each status: all of these signs together.
_MADE_OF: Mapping[StatusKind, tuple[Sign, ...]] = {
    StatusKind.HOSPICE: (Sign.HOSPICE,),
    StatusKind.PALLIATIVE: (Sign.PALLIATIVE,),
    StatusKind.PREGNANCY: (Sign.PREGNANCY,),
    StatusKind.NURSING_HOME: (Sign.NURSING_HOME,),
    StatusKind.FRAILTY: (Sign.FRAILTY, Sign.ADVANCED_ILLNESS),
}
#: From which age on a status means anything to any measure.
_FROM_AGE = {StatusKind.NURSING_HOME: 66, StatusKind.FRAILTY: 66}


def made_of(kind: StatusKind) -> tuple[Sign, ...]:
    """The signs that make a status, all of them together."""
    return _MADE_OF[kind]


@dataclass(frozen=True, slots=True)
class Status:
    """What the gate found. `pending`: types that have not answered; until then nothing may be ranked."""

    findings: tuple[PatientStatus, ...] = ()
    pending: tuple[str, ...] = ()
    hospice: Fact | None = None

    @property
    def deceased(self) -> bool:
        return any(finding.kind is StatusKind.DECEASED for finding in self.findings)


def read(chart: Chart, reading: Reading, today: date) -> Status:
    """The status of the patient as far as the chart has answered."""
    findings = [*_death(chart)]
    shown = {kind: now(kind, reading, today) for kind in _MADE_OF}
    named: set[str] = set()
    for kind, facts in shown.items():
        if facts and facts[0].ref not in named:  # hospice care coded as palliative care is named once
            named.add(facts[0].ref)
            what = " · ".join(dict.fromkeys(fact.concept.label for fact in facts))
            findings.append(PatientStatus(kind, facts[0].ref, _exactly(facts[0].when or facts[0].recorded), what))
    if not shown[StatusKind.HOSPICE] and (asked := newest(asks(StatusKind.HOSPICE, reading, today))):
        began = _exactly(asked.when or asked.recorded)
        findings.append(PatientStatus(StatusKind.HOSPICE, asked.ref, began, asked.concept.label, sure=False))
    unread = [PATIENT] if chart.patient is not None and not isinstance(chart.patient, Known) else []
    unread += [kind for kind in reading.missing(TYPES) if kind in reading.answered]
    findings += [PatientStatus(StatusKind.UNREADABLE, kind) for kind in unread]
    pending = ((PATIENT,) if chart.patient is None else ()) + reading.pending(TYPES)
    return Status(tuple(findings), pending, next(iter(shown[StatusKind.HOSPICE]), None))


def in_period(
    kind: StatusKind, reading: Reading, period: Period, today: date, *, alone: bool = False
) -> tuple[Fact, ...]:
    """The facts that show a status within a measurement period; empty when it does not show.

    `alone`: the first sign is enough (frailty without an advanced illness).
    """
    key = (kind, alone, period, today)
    if key not in reading.memo:
        signs = _MADE_OF[kind][:1] if alone else _MADE_OF[kind]
        reading.memo[key] = _all_of(
            newest(f for row in BY_SIGN[s] for f in _candidates(row, reading, today) if _touches(row, f, period, today))
            for s in signs
        )
    return reading.memo[key]


def asks(kind: StatusKind, reading: Reading, today: date) -> tuple[Fact, ...]:
    """The entries that may show the first sign of a status today and are not known to: words without a code of ours,
    an answer that is neither yes nor no.
    """
    key = (kind, "asks", today)
    if key not in reading.memo:
        rows = ASKING[_MADE_OF[kind][0]]
        found = {f.ref: f for row in rows for f in _candidates(row, reading, today) if _shows(row, f, today)}
        reading.memo[key] = tuple(found.values())
    return reading.memo[key]


def now(kind: StatusKind, reading: Reading, today: date) -> tuple[Fact, ...]:
    """The facts that show that the patient has a status today, the one that names it first."""
    if kind in _FROM_AGE and within_ages(reading.born, (_FROM_AGE[kind], None), today) is False:
        return ()
    return _all_of(
        newest(f for row in BY_SIGN[sign] for f in _candidates(row, reading, today) if _shows(row, f, today))
        for sign in _MADE_OF[kind]
    )


def _all_of(each: Iterable[Fact | None]) -> tuple[Fact, ...]:
    """All of the signs, or nothing."""
    found = tuple(each)
    return tuple(fact for fact in found if fact) if all(found) else ()


def _death(chart: Chart) -> Iterable[PatientStatus]:
    if not isinstance(chart.patient, Known) or not chart.patient.value.deceased:
        return
    patient = chart.patient.value
    when = patient.deceased if isinstance(patient.deceased, When) else None
    yield PatientStatus(StatusKind.DECEASED, f"{PATIENT}/{patient.id}", _exactly(when))


def _candidates(row: Row, reading: Reading, today: date) -> list[Fact]:
    """The entries of a row, whenever they were. Of answers that last only the newest says how it is."""
    found = reading.coded((row.type,), row.codes)
    worded = reading.worded((row.type,), row.words) if row.words else []
    found = [f for f in found if f in worded] if row.both else found + worded
    denied = {"refuted"} if row.asks else DENIED  # what is not confirmed yet may be
    found = [f for f in found if f.verification not in denied and _begun(f, today)]
    if row.answer is None and row.unless is None:
        return found
    found = [f for f in found if f.status in row.statuses]
    if row.lasts or row.unless:
        last = newest(found)
        found = [last] if last else []
    return [f for f in found if _answers(f, row)]


def _begun(fact: Fact, today: date) -> bool:
    began = fact.when or fact.recorded
    return began is None or began.start <= today


def _shows(row: Row, fact: Fact, today: date) -> bool:
    """Whether a fact shows the sign today."""
    if fact.status not in row.statuses or fact.status in OVER:
        return False
    if fact.type == "ServiceRequest" and fact.intent in ("proposal", "plan", "option"):
        return False
    began = fact.when or fact.recorded
    still_on = fact.status in ("in-progress", "onleave") and fact.until is None
    if still_on or (row.lasts and "encounter-diagnosis" not in fact.category):
        until = fact.until.end if fact.until else _outlived(row, fact)
        return until is None or until >= today
    return began is not None and overlaps(began.start, last_day(fact), days_before(today, row.days))


def _outlived(row: Row, fact: Fact) -> date | None:
    began = fact.when or fact.recorded
    return last_known(fact, began.start, row.lasts_days) if began and row.lasts_days else None


def _touches(row: Row, fact: Fact, period: Period, today: date) -> bool:
    """Whether a fact shows the sign within a measurement period. Of a condition the dates say when it held."""
    if fact.type != "Condition" and fact.status not in row.statuses:
        return False
    window = Period(add_years(period.start, -row.period_years), period.end)
    began = fact.when or fact.recorded
    if began is None:  # a flag without a date is of today
        return fact.type == "Flag" and window.start <= today <= window.end
    return overlaps(began.start, _end(row, fact, began), window)


def _end(row: Row, fact: Fact, began: When) -> date | None:
    """The last day a sign is known to have shown. Advanced illness counts from when it was entered, not for ever."""
    if fact.type in ("Condition", "Flag"):
        return last_known(fact, began.start, row.lasts_days) if row.lasts else began.end
    return None if row.lasts else (fact.until or began).end


def _answers(fact: Fact, row: Row) -> bool:
    if isinstance(fact.value, bool):
        return fact.value
    if row.unless is not None:
        return fact.value is not None and says(fact, row.unless) is not Meets.YES
    return row.answer is not None and says(fact, row.answer) is Meets.YES


def _exactly(when: When | None) -> date | None:
    """The day, where one is known: a year alone is not turned into the last day of it."""
    return when.start if when and when.start == when.end else None


__all__ = ["ROWS", "TYPES", "Row", "Status", "in_period", "made_of", "read"]
