"""A care gap as a row: what to do, why, by when, who says so and as of when. What it cannot say it names as missing."""

from __future__ import annotations

from datetime import date

from app.core.flag import Card, GapRow, RuleSource, State
from app.core.report import Gap
from app.web.present.dates import maybe_day, plain_day
from app.web.present.facts import evidence_line, fact_line, types_words
from app.web.present.ids import Ids
from app.web.present.names import Payers
from app.web.present.reasons import About, due_words, why
from app.web.present.saying import measure_line, measure_title, quotes, says
from app.web.present.terms import asked_by, check_first, clashes, ends, payers_of, terms, verify_words
from app.web.present.text import distinct, plain
from app.web.present.views import Labelled, Mark, RowView
from app.web.present.words import (
    ACTS,
    BOOKED,
    GAP_REASON_WORDS,
    STATE_ACTS,
    STATE_MARKS,
    URGENCY_WORDS,
    URGENT_MARKS,
    VERIFY_FIRST,
)

NONE_ON_FILE = "none on file"
THIS_CHART = "This chart"
_TO_DO = frozenset({State.DO_TODAY, State.OUT_OF_RANGE})


def row_view(card: Card, payers: Payers, today: date, ids: Ids) -> RowView:
    """One card in words."""
    row, gap = card.main, card.main.gap
    it = About(row, payers, today)
    gaps = [each.gap for each in card.rows if each.gap]
    each_terms = terms(card, payers, today)
    ours = row.rule is not None and row.state is not State.NOT_CHECKED
    return RowView(
        id=ids.card(card),
        payer=" ".join(payers_of(card)),
        state=row.state.value,
        mark=mark(card),
        service=plain(row.service) or (measure_title(gap) if gap else "Follow-up"),
        action=check_first(card) or action(row),
        why=why(it),
        verify=verify_words(card, payers, action(row)),
        clashes=clashes(card, payers, today),
        last=_last(it),
        due=due_words(it),
        measure_end=ends(gaps, today),
        says=_says(card, it),
        as_of=_as_of(gap, today, of=it.short if len(payers_of(card)) > 1 else ""),
        through=f"data through {maybe_day(gap.data_through, today)}" if gap else "",
        note=" ".join(distinct([payers.note(each) for each in payers_of(card)])),
        quotes=() if ours or not gap else tuple(quotes(gap, it.payer)),
        terms=each_terms,
        details=_details(it, alone=not each_terms),
    )


def mark(card: Card) -> Mark:
    """The state's mark; where all that asks for it is old, "verify first" instead of "do today"."""
    row = card.main
    if card.verify and row.state is State.DO_TODAY:
        return VERIFY_FIRST
    if row.state is State.ORDERED and row.settled_by and row.settled_by.type == "Appointment":
        return BOOKED
    return URGENT_MARKS.get((row.state, row.urgency), STATE_MARKS[row.state])


def action(row: GapRow) -> str:
    """One suggested action: the rule's act where something is to be done, else what the state asks for."""
    return ACTS.get(row.act, STATE_ACTS[row.state]) if row.state in _TO_DO else STATE_ACTS[row.state]


def _says(card: Card, it: About) -> str:
    """Who asks for it. Without any payer it is this chart that says so."""
    gap = it.row.gap
    if gap is None and it.row.seen_by:
        return f"{it.payers.full(it.row.seen_by)}, by what it has seen"
    return asked_by(card, it.payers) or (says(gap, it.payer) if gap else f"{THIS_CHART}, whatever the payers report")


def _as_of(gap: Gap | None, today: date, of: str) -> str:
    if gap is None:
        return "as read for this visit"
    words = f"calculated on {maybe_day(gap.calculated, today)}" if gap.calculated else "calculation date not stated"
    return f"{of} {words}".strip()


def _last(it: About) -> tuple[Labelled, ...]:
    """Last done, as the chart and as the payer know it. Unread is not "none on file"."""
    fact, evidence = it.row.last_in_chart, it.row.last_at_payer
    if fact:
        chart = fact_line(fact, it.today)
    elif it.row.missing:
        chart = f"not known, {types_words(it.row.missing)} could not be read"
    else:
        chart = "not checked" if it.row.state is State.NOT_CHECKED else NONE_ON_FILE
    here = Labelled(THIS_CHART, chart)
    if it.row.gap is None:
        return (here,)
    payer = evidence_line(evidence, it.short, it.today) if evidence else NONE_ON_FILE
    return (here, Labelled(it.short, payer))


# --- one tap away -----------------------------------------------------------------------------------------------------


def _details(it: About, *, alone: bool) -> tuple[Labelled, ...]:
    """The measure (where the payers' terms do not name it), our rule, and what the payer said and looked at."""
    rule = (Labelled("Our rule", rule_words(it.row.rule)), Labelled("Ranked as", URGENCY_WORDS[it.row.urgency]))
    gap = it.row.gap
    if gap is None:
        return rule
    reasons = distinct([GAP_REASON_WORDS.get(reason.code, "") for reason in gap.reasons if not reason.display])
    contract = plain(it.row.contract) or plain(gap.contract)
    named = (Labelled("Measure", measure_line(gap)), *([Labelled("Contract", contract)] if contract else []))
    return (
        *(named if alone else ()),
        *rule,
        *(Labelled(f"{it.short} writes", f"“{quote.words}”") for quote in quotes(gap, it.payer)),
        *(Labelled(f"{it.short} gives as reason", words) for words in reasons),
        *(Labelled(f"{it.short} looked at", evidence_line(each, it.short, it.today)) for each in gap.evidence),
    )


def rule_words(rule: RuleSource | None) -> str:
    """Name, version, reviewer and day of the review; a rule that nobody reviewed says so."""
    if rule is None:
        return "none for this measure version"
    version = f", version {plain(rule.version)}" if rule.version else ""
    if not rule.reviewer:
        return f"{plain(rule.name)}{version}, not yet reviewed"
    when = f" on {plain_day(rule.reviewed)}" if rule.reviewed else ""
    return f"{plain(rule.name)}{version}, reviewed by {plain(rule.reviewer)}{when}"
