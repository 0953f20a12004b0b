"""The panel: gate, reconcile, rank, budget. The one function that turns answers into what may be shown (docs/rules.md).

It knows no screen, no wording and no money. Whatever has not answered is named; "clear" is said of whole answers only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from app.core import coverage as coverages
from app.core import status
from app.core.answers import Answer, Known, Reason, Unknown
from app.core.chart import CHART_TYPES, Chart, Coverage, Patient
from app.core.flag import (
    MAX_GAPS,
    MAX_PROMPTS,
    GapRow,
    IdentityNote,
    Panel,
    PayerAnswers,
    PromptState,
    SourceLine,
    State,
)
from app.core.gaps import ASKED_OF_US, Reconciler
from app.core.identity import Verdict, examine, passed
from app.core.measures import REGISTRY, Registry
from app.core.prompts import Prompts, prompts
from app.core.rank import ranked_gaps, ranked_prompts, split
from app.core.reading import Reading, read
from app.core.report import Gap, GapStatus, Member, Report
from app.core.strip import CARE_GAPS, RISK, Heard, lines
from app.core.visit import Visit

_ASSESS = (PromptState.ASSESS_HISTORIC, PromptState.ASSESS_SUSPECTED)


@dataclass(frozen=True, slots=True)
class _Gated:
    """One payer's answers behind the identity gate."""

    heard: tuple[Heard, ...]
    note: IdentityNote | None


def build(
    chart: Chart,
    payers: Sequence[PayerAnswers],
    *,
    unconnected: Sequence[Coverage],
    today: date,
    visit: Visit | None,
    ehr_name: str,
    may_see_prompts: bool,
    registry: Registry = REGISTRY,
) -> Panel:
    """The panel from the answers so far. `today` is the clinic's day; `visit` the Encounter of the launch, if there is
    one.
    """
    reading = read(chart)
    state = status.read(chart, reading, today)
    patient = chart.patient.value if isinstance(chart.patient, Known) else None
    gated = [_gate(payer, chart.patient, may_see_prompts) for payer in payers]
    heard = [each for payer in gated for each in payer.heard]
    in_force = coverages.active(chart.coverages.value, today) if isinstance(chart.coverages, Known) else ()
    strip = lines(chart, in_force, heard, unconnected, ehr_name)
    complete = _complete(chart, heard)
    notes = tuple(payer.note for payer in gated if payer.note)
    if state.deceased:
        return _nothing(patient, state, strip, (), complete, "deceased")

    gaps = list(
        dict.fromkeys(gap for each in heard if each.report and each.question == CARE_GAPS for gap in each.report.gaps)
    )
    if patient is None or reading.pending(_needed(gaps, registry)) or state.pending:
        return _nothing(patient, state, strip, notes, complete, "")
    made = ranked_gaps(Reconciler(reading, today, state.hospice, registry).rows(gaps), visit, registry)
    found = _prompts(heard, reading, today, asked=may_see_prompts and state.hospice is None)
    shelves = _shelve(made, gaps)
    ranked = ranked_prompts(found.rows)
    to_assess, rest = split([row for row in ranked if row.state in _ASSESS], MAX_PROMPTS)
    return Panel(
        patient=patient,
        status=state.findings,
        gaps=shelves.expanded,
        more_gaps=shelves.more,
        staff=shelves.staff,
        excluded=shelves.excluded,
        closed=tuple(gap for gap in gaps if gap.status is GapStatus.CLOSED),
        other=shelves.other,
        prompts=to_assess,
        more_prompts=(*rest, *(row for row in ranked if row.state not in _ASSESS)),
        hidden=found.hidden,
        sources=strip,
        identity=notes,
        complete=complete,
        clear=_clear(chart, in_force, payers, heard, unconnected) and not (made or shelves.unknown or state.hospice),
        withheld="hospice" if state.hospice else "",
    )


# --- the identity gate ----------------------------------------------------------------------------------------------


def _gate(payer: PayerAnswers, patient: Answer[Patient] | None, may_see_prompts: bool) -> _Gated:
    """Both questions of a payer behind the gate. What differs without blocking is named once, for what is shown."""
    questions = {CARE_GAPS: payer.care_gaps} | ({RISK: payer.risk} if may_see_prompts else {})
    heard: list[Heard] = []
    differs: dict[str, None] = {}
    for question, answer in questions.items():
        if question not in payer.speaks:
            continue
        gated, verdict = _passed(payer, answer, patient)
        heard.append(Heard(payer, question, gated))
        if isinstance(gated, Known):
            differs |= dict.fromkeys(verdict.named)
    return _Gated(tuple(heard), IdentityNote(payer.id, tuple(differs)) if differs else None)


def _passed(
    payer: PayerAnswers, answer: Answer[Report] | None, patient: Answer[Patient] | None
) -> tuple[Answer[Report] | None, Verdict]:
    """An answer after the gate: itself, or why nothing of it may be used; None while that cannot be said yet."""
    if isinstance(payer.member, Unknown):
        return Unknown(payer.id, payer.member.reason, payer.member.detail, payer.member.retry_after), Verdict()
    if answer is None or isinstance(answer, Unknown):
        return answer, Verdict()
    if isinstance(patient, Unknown):
        return Unknown(payer.id, Reason.NOT_IDENTIFIED, "the chart's patient could not be read"), Verdict()
    if patient is None or payer.member is None:
        return None, Verdict()
    member: Member = payer.member.value
    verdict = examine(member, answer.value, chart=patient.value, coverage=payer.coverage)
    report = passed(answer.value, verdict)
    return (report, verdict) if isinstance(report, Unknown) else (answer, verdict)


# --- what is shown where --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shelves:
    expanded: tuple[GapRow, ...]
    more: tuple[GapRow, ...]
    staff: tuple[GapRow, ...]
    excluded: tuple[GapRow, ...]
    other: tuple[Gap, ...]
    unknown: bool  # a gap whose status we do not know: it may be open


def _shelve(ranked: Sequence[GapRow], gaps: Iterable[Gap]) -> _Shelves:
    """Every row on exactly one shelf."""
    excluded = tuple(row for row in ranked if row.state is State.EXCLUDED)
    staff = tuple(row for row in ranked if row.staff_can)
    main = [row for row in ranked if not row.staff_can and row.state is not State.EXCLUDED]
    expanded, more = split(main, MAX_GAPS)
    other = tuple(gap for gap in gaps if gap.status not in (*ASKED_OF_US, GapStatus.CLOSED))
    return _Shelves(expanded, more, staff, excluded, other, any(gap.status is GapStatus.UNKNOWN for gap in other))


def _prompts(heard: Iterable[Heard], reading: Reading, today: date, *, asked: bool) -> Prompts:
    if not asked:
        return Prompts()
    received = [each.report for each in heard if each.report and each.question == RISK]
    return prompts([category for report in received for category in report.categories], reading, today)


def _nothing(
    patient: Patient | None,
    state: status.Status,
    strip: tuple[SourceLine, ...],
    notes: tuple[IdentityNote, ...],
    complete: bool,
    withheld: str,
) -> Panel:
    """Who, their status and the sources, and nothing of gaps or prompts: withheld, or not to be ranked yet."""
    return Panel(
        patient,
        state.findings,
        (),
        (),
        (),
        (),
        (),
        (),
        (),
        (),
        (),
        strip,
        notes,
        complete,
        clear=False,
        withheld=withheld,
    )


# --- what may be said -----------------------------------------------------------------------------------------------


def _needed(gaps: Iterable[Gap], registry: Registry) -> list[str]:
    """Chart types without which these gaps cannot be ranked: a row drawn too early would move."""
    rules = (registry.find(gap.measure)[0] for gap in gaps)
    return [kind for rule in rules if rule for kind in rule.needs]


def _complete(chart: Chart, heard: Iterable[Heard]) -> bool:
    """Nothing is being asked any more. A payer whose member is not known is asked nothing further."""
    if chart.patient is None or chart.coverages is None:
        return False
    return all(kind in chart.facts for kind in CHART_TYPES) and all(each.answer is not None for each in heard)


def _clear(
    chart: Chart,
    in_force: Sequence[Coverage],
    payers: Sequence[PayerAnswers],
    heard: Sequence[Heard],
    unconnected: Sequence[Coverage],
) -> bool:
    """Whether every payer of every active coverage has answered, wholly and now. A last good answer is none."""
    answer = chart.coverages
    if not isinstance(answer, Known) or answer.incomplete or answer.stale_because:
        return False
    if not payers or unconnected or not coverages.accounted(in_force, [p.coverage for p in payers], unconnected):
        return False
    return _complete(chart, heard) and all(CARE_GAPS in p.speaks for p in payers) and all(each.whole for each in heard)
