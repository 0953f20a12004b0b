"""The sections of an item's page: what a payer says, what this chart holds, our rule, what changed last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.core.flag import GapRow, Panel, RuleSource
from app.core.measures.rule import MeasureRule
from app.core.report import ConditionCategory, Gap, Period
from app.web.present.changes import change_words
from app.web.present.dates import NOT_STATED, day_words, maybe_day, plain_day
from app.web.present.facts import evidence_view, evidence_words, fact_view
from app.web.present.gaps import rule_words
from app.web.present.ids import Ids
from app.web.present.names import Payers
from app.web.present.prompts import list_lines
from app.web.present.saying import measure_line, quotes, status_words
from app.web.present.terms import span
from app.web.present.text import by_payer, distinct, listed, plain, sentence
from app.web.present.views import Labelled, SectionView


@dataclass(frozen=True, slots=True)
class Scene:
    """What every part of the page needs: the panel it is about, names and the day."""

    found: Panel
    payers: Payers
    today: date
    ids: Ids
    fits: bool | None = None  # whether what the row asks for can be done at this visit; None: no visit is known
    rule: MeasureRule | None = None  # the rule behind the item, whole


def said(gap: Gap, window: Period | None, contract: str, scene: Scene) -> SectionView:
    """One payer's statement: measure, contract, words, dates, and every resource that it evaluated."""
    payer, short = scene.payers.full(gap.payer), scene.payers.short(gap.payer)
    looked = [evidence_words(evidence_view(each, short, scene.today)) for each in gap.evidence]
    lines = (
        Labelled("Measure", measure_line(gap)),
        Labelled("Canonical", by_payer(f"{gap.measure.url}|{gap.measure.version}".strip("|")) or NOT_STATED),
        Labelled("Contract", plain(contract) or plain(gap.contract) or NOT_STATED),
        Labelled("Status", status_words(gap) + (", derived by us: the report names none" if gap.derived else "")),
        *(Labelled("In its words", f"“{quote.words}”") for quote in quotes(gap, payer)),
        *([Labelled("Counts", f"what was done {span(window)}")] if window else []),
        Labelled("Calculated on", maybe_day(gap.calculated, scene.today)),
        Labelled("Data through", maybe_day(gap.data_through, scene.today)),
        *(Labelled("Looked at", words) for words in looked or ["nothing that it names"]),
    )
    return SectionView(f"What {payer} says", lines)


def here(row: GapRow, scene: Scene) -> SectionView:
    """What this chart holds of it."""
    facts = [each for each in (row.settled_by, row.last_in_chart, row.overdue, *row.parts, *row.unclear) if each]
    lines = distinct([evidence_words(fact_view(each, scene.today)) for each in facts])
    return SectionView("What this chart holds", words=lines or ("Nothing of it that could be read.",))


def rule_lines(source: RuleSource | None, rule: MeasureRule | None) -> tuple[Labelled, ...]:
    """Where our rule comes from, whom and when it is for, and who has reviewed it."""
    if source is None:
        return (Labelled("Rule", rule_words(None)),)
    whole = [Labelled("Covers", sentence(rule.population.words)), Labelled("For", span(rule.effective))] if rule else []
    return (
        Labelled("Source", plain(source.name)),
        Labelled("Version", plain(source.version) or NOT_STATED),
        *([Labelled("Address", address)] if (address := by_payer(source.url)) else []),
        *whole,
        Labelled("Reviewer", plain(source.reviewer) or "not yet reviewed"),
        Labelled("Reviewed on", plain_day(source.reviewed) if source.reviewed else "not yet reviewed"),
    )


def changed(scene: Scene, *keys: str) -> SectionView:
    """What changed last, as far as it is remembered."""
    changes = scene.found.changes
    title = "What changed last"
    if changes.since is None:
        return SectionView(title, words=("Nothing is remembered of an earlier visit here.",))
    words = [change_words(each) for each in changes.items if each.key in keys]
    since = day_words(changes.since, scene.today)
    return SectionView(title, words=(f"Since {since}: {listed(words) or 'nothing'}.",))


def list_entry(category: ConditionCategory, scene: Scene) -> SectionView:
    """One payer's list entry, with every resource that it evaluated."""
    short = scene.payers.short(category.payer)
    looked = [evidence_words(evidence_view(each, short, scene.today)) for each in category.evidence]
    lines = (
        *list_lines([category], scene.payers, scene.today),
        Labelled("Kind and status", f"“{plain(category.cc_type)}”, “{plain(category.evidence_status) or NOT_STATED}”"),
        Labelled("Calculated on", maybe_day(category.calculated, scene.today)),
        *(Labelled("Looked at", words) for words in looked or ["nothing that it names"]),
    )
    return SectionView(f"What {scene.payers.full(category.payer)} says", lines)
