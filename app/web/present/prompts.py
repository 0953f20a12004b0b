"""A condition to assess as a prompt: a clinical question, without a suggested answer and never a code.

Wording (docs/rules.md): "Assess: …"; present and not present are offered alike; no money, no weight.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date

from app.core.chart import Fact
from app.core.flag import Hidden, PromptRow, PromptState
from app.core.report import ConditionCategory, Evidence
from app.web.present.dates import NOT_STATED, day_words, plain_day, plain_when
from app.web.present.names import Payers
from app.web.present.sides import against, supporting
from app.web.present.text import by_payer, distinct, listed, plain
from app.web.present.views import Labelled, PromptView
from app.web.present.words import PROMPT_MARKS

UNNAMED = "a condition that the payer does not name"

_NUMBER = re.compile(r"^\s*(?:Rx|ESRD[- ]?)?(?:HCC|CC)\s*-?\s*\d+(?:\.\d+)?\s*[-:,.–—]*\s*", re.IGNORECASE)

_ACTIONS: dict[PromptState, str] = {
    PromptState.ASSESS_HISTORIC: "Still present, or not present any more? Either answer is as good.",
    PromptState.ASSESS_SUSPECTED: "Present, or not present? Either answer is as good.",
    PromptState.PAYER_ONLY: "Nothing to do unless the patient in front of you suggests it.",
    PromptState.NO_EVIDENCE: "Nothing to do: no evidence came with it.",
    PromptState.HISTORY_TERM: "Not assessed as a current condition in the office.",
}

HIDDEN_WORDS: dict[str, str] = {
    "net-new": "newly reported, nothing to do",
    "pending": "the payer is looking at what it received",
    "closed": "assessed already, according to the payer",
    "invalid": "found not to apply",
    "superseded": "covered by a related condition",
    "settled": "assessed at a visit this year, according to this chart",
    "unknown-status": "the payer gives a status that we do not know",
    "period-over": "the year that it belongs to is over",
}


def prompt_id(row: PromptRow) -> str:
    main = row.categories[0]
    return "p" + hashlib.sha256(f"{main.payer}|{main.report_id}|{main.group_id}".encode()).hexdigest()[:10]


def prompt_view(row: PromptRow, payers: Payers, today: date) -> PromptView:
    """One prompt in words."""
    main = row.categories[0]
    names = distinct([payers.full(category.payer) for category in row.categories])
    dates = [category.calculated for category in row.categories if category.calculated]
    pro, contra = supporting(row, payers, today), against(row, today)
    return PromptView(
        id=prompt_id(row),
        payer=main.payer,
        state=row.state.value,
        mark=PROMPT_MARKS[row.state],
        title=_title(row.state, condition_label(main)),
        why=_why(row, listed(names), today),
        action=_action(row),
        supporting=pro.shown,
        more_supporting=pro.more,
        against=contra.shown,
        more_against=contra.more,
        no_support="No evidence came with it, and none was found in this chart.",
        no_against="Nothing found in what could be read of this chart.",
        says=listed(names),
        as_of=f"calculated on {day_words(min(dates), today)}" if dates else "calculation date not stated",
        note=" ".join(distinct([payers.note(category.payer) for category in row.categories])),
        details=(*pro.details("Also for"), *contra.details("Also against"), *_details(row, payers, today)),
    )


def condition_label(category: ConditionCategory) -> str:
    """The condition as the payer names it, without the number of its category; else as its first diagnosis is named."""
    diagnoses = (by_payer(concept.label) for concept in category.diagnoses)
    return _unnumbered(by_payer(category.label)) or next((words for words in diagnoses if words), UNNAMED)


def _unnumbered(label: str) -> str:
    """A condition is assessed, not a category: "HCC 37: Diabetes" is Diabetes."""
    return _NUMBER.sub("", label, count=1)


def _title(state: PromptState, label: str) -> str:
    match state:
        case PromptState.ASSESS_HISTORIC:
            return f"Assess: {label}"
        case PromptState.ASSESS_SUSPECTED:
            return f"Assess: possible {label}"
        case _:
            return label


def _why(row: PromptRow, names: str, today: date) -> str:
    match row.state:
        case PromptState.ASSESS_HISTORIC:
            return f"On record before{_last_seen(row)}. No assessment at a visit in {_year(row, today)} found."
        case PromptState.ASSESS_SUSPECTED:
            return f"A suspicion, not a diagnosis: inferred by {names} from other records."
        case PromptState.PAYER_ONLY:
            return "Payer's record only, nothing in this chart."
        case PromptState.NO_EVIDENCE:
            return "Suspected by the payer, without evidence."
        case PromptState.HISTORY_TERM:
            return "An acute event or a condition no longer treated: it belongs to the history."


def _last_seen(row: PromptRow) -> str:
    """When somebody last wrote the condition down: a result that fits it is no record of it."""
    entries: list[Fact | Evidence] = [*row.in_chart, *row.supporting]
    days = [each.when for each in entries if each.type == "Condition" and each.when]
    if not days:
        return ""
    newest = max(days, key=lambda when: when.end)
    return f", last {'on' if newest.start == newest.end else 'in'} {plain_when(newest)}"


def _year(row: PromptRow, today: date) -> int:
    period = row.categories[0].period
    return period.end.year if period else today.year


def _action(row: PromptRow) -> str:
    if row.state is PromptState.HISTORY_TERM and row.history_term:
        return f"If it applies, the history term is: {plain(row.history_term)}."
    return _ACTIONS[row.state]


def _details(row: PromptRow, payers: Payers, today: date) -> tuple[Labelled, ...]:
    """Each list that the condition stands on, in that payer's words."""
    lines: list[Labelled] = []
    for category in row.categories:
        diagnoses = distinct([by_payer(concept.label) for concept in category.diagnoses])
        lines.append(
            Labelled(payers.short(category.payer), f"“{by_payer(category.label) or UNNAMED}”, {_model(category)}")
        )
        if diagnoses:
            lines.append(Labelled("Recorded as", listed(diagnoses)))
        if category.deadline:
            lines.append(Labelled("Takes evidence until", day_words(category.deadline, today)))
    return tuple(lines)


def _model(category: ConditionCategory) -> str:
    """The list it stands on, by the payer's title and period: which list, never what it is worth."""
    title = by_payer(category.model.title) or f"name of the list {NOT_STATED}"
    version = plain(category.version or category.model.version)
    period = category.period
    dates = f", {plain_day(period.start)} to {plain_day(period.end)}" if period else ""
    return title + (f", version {version}" if version else "") + dates


def hidden_line(item: Hidden, payers: Payers) -> str:
    """A condition that is counted and never prompted, with why."""
    why = HIDDEN_WORDS.get(item.why, plain(item.why))
    if item.by and item.why == "superseded":
        why = f"covered by {_unnumbered(by_payer(item.by)) or 'a related condition'}"
    elif item.by:
        why = f"{why}: {plain(item.by)}"
    return f"{condition_label(item.category)}: {why} ({payers.full(item.category.payer)})"
