"""The panel: gate, reconcile, rank, budget. The one function that turns answers into what may be shown (docs/rules.md).

It knows no screen, no wording and no money. Whatever has not answered is named; "clear" is said of whole answers only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.core import coverage as coverages
from app.core import status
from app.core.answers import Known
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
    PromptRow,
    SourceLine,
    State,
)
from app.core.freshness import of_question
from app.core.gaps import ASKED_OF_US, Reconciler
from app.core.gated import gate
from app.core.ledger import shelving
from app.core.ledger.dismissal import Now
from app.core.ledger.keeping import AtHand
from app.core.ledger.outgoing import Ledger
from app.core.measures import REGISTRY, Registry
from app.core.prompts import Prompts, expanded, in_order, prompts
from app.core.rank import split
from app.core.reading import Reading, local, read
from app.core.report import ConditionCategory, Gap, GapStatus, Report
from app.core.strip import CARE_GAPS, RISK, Heard, lines
from app.core.visit import Visit, by_voice

NOTHING_RECORDED = Ledger()


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
    ledger: Ledger = NOTHING_RECORDED,
    now: Now | None = None,
) -> Panel:
    """The panel from the answers so far. `today` is the clinic's day; `visit` the Encounter of the launch, if there is
    one; `more_out` says that something else is being asked still, of which the panel has no line. `models`: the
    tables of the risk models by version; a category of any other is shown in the payer's words. `ledger`: what was
    recorded here about the patient; `now` says in which visit, zone and with which payers' days it is read, where that
    is more than the day and the visit.
    """
    whole = asked(
        chart,
        payers,
        unconnected=unconnected,
        today=today,
        visit=visit,
        ehr_name=ehr_name,
        may_see_prompts=may_see_prompts,
        registry=registry,
        more_out=more_out,
        models=models,
    )
    return whole.panel(ledger, now or Now(today, visit.encounter if visit else ""))


@dataclass(frozen=True, slots=True)
class Asked:
    """All that is asked, before it is looked up what was said of it: the same for every ledger. `bare`: the panel
    without rows; where these are withheld, or cannot be ranked yet, that is all.
    """

    bare: Panel
    cards: tuple[Card, ...] = ()
    prompts: tuple[PromptRow, ...] = ()  # in order
    most_prompts: int = MAX_PROMPTS
    at_hand: AtHand | None = None

    def panel(self, ledger: Ledger, now: Now) -> Panel:
        """With the rows on their shelves."""
        if self.at_hand is None:
            return self.bare
        said = shelving.of_cards(self.cards, ledger, now)
        shelves = _shelve(self.cards, said)
        asked_of = shelving.of_prompts(self.prompts, ledger, now)
        shown, rest = expanded(asked_of.ranked, self.most_prompts)
        return replace(
            self.bare,
            gaps=shelves.expanded,
            more_gaps=shelves.more,
            staff=shelves.staff,
            excluded=shelves.excluded,
            prompts=asked_of.left(shown),
            more_prompts=asked_of.left(rest),
            put_away=said.put_away,
            put_away_prompts=asked_of.put_away,
            settled=said.settled,
            settled_prompts=asked_of.settled,
            kept=self.at_hand.kept(ledger.follow_ups),
        )


def asked(
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
) -> Asked:
    """What `build` makes of the answers alone."""
    reading = read(chart)
    state = status.read(chart, reading, today)
    patient = chart.patient.value if isinstance(chart.patient, Known) else None
    gated = [gate(payer, chart.patient, may_see_prompts) for payer in payers]
    heard = [each for payer in gated for each in payer.heard]
    in_force = coverages.active(chart.coverages.value, today) if isinstance(chart.coverages, Known) else ()
    strip = lines(chart, in_force, heard, unconnected, ehr_name)
    complete = not more_out and _complete(chart, heard)
    notes = tuple(payer.note for payer in gated if payer.note)
    if state.deceased:
        return Asked(_nothing(patient, state, strip, (), complete, "deceased"))

    gaps = tuple(dict.fromkeys(gap for each in heard if each.question == CARE_GAPS for gap in _gaps(each.report)))
    if patient is None or reading.pending(_needed(gaps, registry)) or state.pending:
        return Asked(_nothing(patient, state, strip, notes, complete, ""))
    plans = {payer.id: payer.coverage.plan for payer in payers}
    reconciler = Reconciler(reading, today, state.hospice, registry, patient, plans, Others.among(gaps))
    dealt = deal(reconciler, gaps, visit, {payer.id: of_question(payer.data, CARE_GAPS) for payer in payers})
    found = _prompts(chart, heard, reading, today, models) if may_see_prompts and state.hospice is None else Prompts()
    # A condition is not assessed by voice alone: its prompts are counted, and wait for a visit that sees the patient.
    voice = by_voice(visit, reading.encounters.get(local(visit.encounter)) if visit else None)
    other = tuple(gap for gap in gaps if gap.status not in (*ASKED_OF_US, GapStatus.CLOSED))
    unknown = any(gap.status is GapStatus.UNKNOWN for gap in other)  # a gap that may be open
    bare = replace(
        _nothing(patient, state, strip, notes, complete, "hospice" if state.hospice else ""),
        closed=dealt.closed,
        other=other,
        hidden=found.hidden,
        clear=complete
        and not (dealt.cards or unknown or state.hospice)
        and answered(chart, in_force, payers, heard, unconnected)
        and looked(reading, registry, today),
    )
    at_hand = AtHand(dealt.cards, dealt.closed, gaps, reading, today, registry)
    return Asked(bare, dealt.cards, tuple(in_order(found.rows)), 0 if voice else MAX_PROMPTS, at_hand)


# --- what is shown where --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shelves:
    expanded: tuple[Card, ...]
    more: tuple[Card, ...]
    staff: tuple[Card, ...]
    excluded: tuple[Card, ...]


def _shelve(ranked: Sequence[Card], said: shelving.Said[Card]) -> _Shelves:
    """Every card on exactly one shelf; those on which somebody has said enough are on theirs already."""
    excluded = said.left(card for card in ranked if card.main.state is State.EXCLUDED)
    staff = said.left(card for card in ranked if card.main.staff_can)
    main = [card for card in said.ranked if not card.main.staff_can and card.main.state is not State.EXCLUDED]
    first, rest = split(main, MAX_GAPS)
    expanded, more = said.left(first), said.left(rest)
    return _Shelves(expanded, more, staff, excluded)


def _prompts(chart: Chart, heard: Iterable[Heard], reading: Reading, today: date, models: Models) -> Prompts:
    """What may be asked. Removals wait for the last payer: its answer may be about the same condition."""
    asked = [each for each in heard if each.question == RISK]
    categories = [category for each in asked for category in _categories(each.report)]
    everybody = chart.coverages is not None and all(each.answer is not None for each in asked)
    return prompts(categories, reading, today, models, removals=everybody)


def _gaps(report: Report | None) -> Iterable[Gap]:
    """The gaps of a report, each with the dialect in which an answer to it is given."""
    gaps = report.gaps if report else ()
    return (replace(gap, dialect=report.dialect) if report and report.dialect else gap for gap in gaps)


def _categories(report: Report | None) -> Iterable[ConditionCategory]:
    categories = report.categories if report else ()
    return (replace(each, dialect=report.dialect) if report and report.dialect else each for each in categories)


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
