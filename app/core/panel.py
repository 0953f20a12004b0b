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
from app.core.cards import deal
from app.core.chart import CHART_TYPES, Chart, Coverage, Patient
from app.core.clear import answered, looked
from app.core.conditions.model import NO_MODELS, Models
from app.core.elsewhere import Others
from app.core.flag import (
    MAX_GAPS,
    MAX_PROMPTS,
    Card,
    IdentityNote,
    Panel,
    PayerAnswers,
    SourceLine,
    State,
)
from app.core.freshness import of_question
from app.core.gaps import ASKED_OF_US, Reconciler
from app.core.identity import Verdict, examine, passed
from app.core.measures import REGISTRY, Registry
from app.core.prompts import Prompts, expanded, prompts
from app.core.rank import split
from app.core.reading import Reading, local, read
from app.core.report import Gap, GapStatus, Member, Report
from app.core.strip import CARE_GAPS, RISK, Heard, lines
from app.core.visit import Visit, by_voice


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
    more_out: bool = False,
    models: Models = NO_MODELS,
) -> Panel:
    """The panel from the answers so far. `today` is the clinic's day; `visit` the Encounter of the launch, if there is
    one; `more_out` says that something else is being asked still, of which the panel has no line. `models`: the
    tables of the risk models by version; a category of any other is shown in the payer's words.
    """
    reading = read(chart)
    state = status.read(chart, reading, today)
    patient = chart.patient.value if isinstance(chart.patient, Known) else None
    gated = [_gate(payer, chart.patient, may_see_prompts) for payer in payers]
    heard = [each for payer in gated for each in payer.heard]
    in_force = coverages.active(chart.coverages.value, today) if isinstance(chart.coverages, Known) else ()
    strip = lines(chart, in_force, heard, unconnected, ehr_name)
    complete = not more_out and _complete(chart, heard)
    notes = tuple(payer.note for payer in gated if payer.note)
    if state.deceased:
        return _nothing(patient, state, strip, (), complete, "deceased")

    gaps = list(
        dict.fromkeys(gap for each in heard if each.report and each.question == CARE_GAPS for gap in each.report.gaps)
    )
    if patient is None or reading.pending(_needed(gaps, registry)) or state.pending:
        return _nothing(patient, state, strip, notes, complete, "")
    plans = {payer.id: payer.coverage.plan for payer in payers}
    reconciler = Reconciler(reading, today, state.hospice, registry, patient, plans, Others.among(gaps))
    dealt = deal(reconciler, gaps, visit, {payer.id: of_question(payer.data, CARE_GAPS) for payer in payers})
    found = _prompts(chart, heard, reading, today, models) if may_see_prompts and state.hospice is None else Prompts()
    shelves = _shelve(dealt.cards, gaps)
    # A condition is not assessed by voice alone: its prompts are counted, and wait for a visit that sees the patient.
    voice = by_voice(visit, reading.encounters.get(local(visit.encounter)) if visit else None)
    shown, rest = expanded(found.rows, 0 if voice else MAX_PROMPTS)
    return Panel(
        patient=patient,
        status=state.findings,
        gaps=shelves.expanded,
        more_gaps=shelves.more,
        staff=shelves.staff,
        excluded=shelves.excluded,
        closed=dealt.closed,
        other=shelves.other,
        prompts=shown,
        more_prompts=rest,
        hidden=found.hidden,
        sources=strip,
        identity=notes,
        complete=complete,
        clear=complete
        and not (dealt.cards or shelves.unknown or state.hospice)
        and answered(chart, in_force, payers, heard, unconnected)
        and looked(reading, registry, today),
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
    expanded: tuple[Card, ...]
    more: tuple[Card, ...]
    staff: tuple[Card, ...]
    excluded: tuple[Card, ...]
    other: tuple[Gap, ...]
    unknown: bool  # a gap whose status we do not know: it may be open


def _shelve(ranked: Sequence[Card], gaps: Iterable[Gap]) -> _Shelves:
    """Every card on exactly one shelf."""
    excluded = tuple(card for card in ranked if card.main.state is State.EXCLUDED)
    staff = tuple(card for card in ranked if card.main.staff_can)
    main = [card for card in ranked if not card.main.staff_can and card.main.state is not State.EXCLUDED]
    expanded, more = split(main, MAX_GAPS)
    other = tuple(gap for gap in gaps if gap.status not in (*ASKED_OF_US, GapStatus.CLOSED))
    return _Shelves(expanded, more, staff, excluded, other, any(gap.status is GapStatus.UNKNOWN for gap in other))


def _prompts(chart: Chart, heard: Iterable[Heard], reading: Reading, today: date, models: Models) -> Prompts:
    """What may be asked. Removals wait for the last payer: its answer may be about the same condition."""
    asked = [each for each in heard if each.question == RISK]
    categories = [category for each in asked if each.report for category in each.report.categories]
    everybody = chart.coverages is not None and all(each.answer is not None for each in asked)
    return prompts(categories, reading, today, models, removals=everybody)


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
        patient=patient,
        status=state.findings,
        gaps=(),
        more_gaps=(),
        staff=(),
        excluded=(),
        closed=(),
        other=(),
        prompts=(),
        more_prompts=(),
        hidden=(),
        sources=strip,
        identity=notes,
        complete=complete,
        clear=False,
        withheld=withheld,
    )


# --- what may be said -----------------------------------------------------------------------------------------------


def _needed(gaps: Iterable[Gap], registry: Registry) -> list[str]:
    """Chart types without which these gaps cannot be ranked, and abnormal results not be found: a row drawn too early
    would move.
    """
    rules = {rule.key: rule for gap in gaps if (rule := registry.find(gap.measure)[0])}
    rules |= {rule.key: rule for rule in registry.rules if rule.follow_up}
    return [kind for rule in rules.values() for kind in rule.needs]


def _complete(chart: Chart, heard: Iterable[Heard]) -> bool:
    """Nothing is being asked any more. A payer whose member is not known is asked nothing further."""
    if chart.patient is None or chart.coverages is None:
        return False
    return all(kind in chart.facts for kind in CHART_TYPES) and all(each.answer is not None for each in heard)
