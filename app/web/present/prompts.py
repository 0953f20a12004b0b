"""A condition to assess as a prompt: a clinical question, without a suggested answer and never a code.

Wording (docs/rules.md): "Assess: …"; present and not present are offered alike; no money, no weight.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from app.core.chart import Fact
from app.core.flag import Hidden, PromptRow, PromptState
from app.core.report import ConditionCategory, Evidence
from app.web.present.dates import NOT_STATED, day_words, plain_day, plain_when
from app.web.present.facts import types_words
from app.web.present.ids import Ids
from app.web.present.names import Payers
from app.web.present.sides import against, supporting
from app.web.present.text import by_payer, distinct, listed, plain
from app.web.present.views import Labelled, PromptView
from app.web.present.words import PROMPT_MARKS

UNNAMED = "a condition that the payer does not name"
UNMODELLED = "In the payer's words; no hierarchy of ours was applied."

_NUMBER = re.compile(r"^\s*(?:Rx|ESRD[- ]?)?(?:HCC|CC)\s*-?\s*\d+(?:\.\d+)?\s*[-:,.–—]*\s*", re.IGNORECASE)

_LESS_HERE = "what this chart has does not reach it"

_ACTIONS: dict[PromptState, str] = {
    PromptState.ASSESS_HISTORIC: "Still present, or not present any more? Either answer is as good.",
    PromptState.ASSESS_SUSPECTED: "Present, or not present? Either answer is as good.",
    PromptState.PAYER_ONLY: "Nothing to do unless the patient in front of you suggests it.",
    PromptState.REMOVE: "Still present, or not present any more? If not, it can come off the list.",
    PromptState.NO_EVIDENCE: "Nothing to do: no evidence came with it.",
    PromptState.HISTORY_TERM: "Not assessed as a current condition in the office.",
}

#: Why a listed condition looks unsupported, by `PromptRow.because`.
REMOVE_WORDS: dict[str, str] = {
    "acute-event-listed": "Listed as current; it names an acute event, and nothing recent in this chart shows one.",
    "cancer-without-treatment": "Listed as current; no treatment and no oncology visit found in this chart.",
    "labs-contradict": "Listed, and contradicted by later results in this chart.",
    "only-against": "On record before; whatever this chart holds of it speaks against it.",
    "not-assessed-lately": "Listed, and not assessed, treated or measured for years, as far as this chart shows.",
}
MIS_KEYED = "It looks like a slip of the pen: this chart has, more than once, a diagnosis that is written much like it."
UNSUPPORTED = "Listed, and not supported by this chart."

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


def prompt_view(row: PromptRow, payers: Payers, today: date, ids: Ids) -> PromptView:
    """One prompt in words."""
    names = distinct([payers.full(category.payer) for category in row.categories])
    dates = [category.calculated for category in row.categories if category.calculated]
    pro, contra = supporting(row, payers, today), against(row, today)
    if names:
        as_of = f"calculated on {day_words(min(dates), today)}" if dates else "calculation date not stated"
    else:
        as_of = "as read for this visit"
    return PromptView(
        id=ids.prompt(row),
        payer=row.categories[0].payer if row.categories else "",
        state=row.state.value,
        mark=PROMPT_MARKS[row.state],
        title=_title(row.state, row_label(row)),
        why=" ".join(filter(None, [_why(row, listed(names), today), "" if row.modelled else UNMODELLED])),
        action=_action(row),
        supporting=pro.shown,
        more_supporting=pro.more,
        against=contra.shown,
        more_against=contra.more,
        no_support=_no_support(row),
        no_against=_no_against(row),
        says=listed(names) or "This chart",
        as_of=as_of,
        note=" ".join(distinct([payers.note(category.payer) for category in row.categories])),
        details=(*pro.details("Also for"), *contra.details("Also against"), *list_lines(row.categories, payers, today)),
    )


def row_label(row: PromptRow) -> str:
    """The condition, as the payer who lists it or else the chart names it."""
    return condition_label(row.categories[0]) if row.categories else plain(row.label) or "Listed condition"


def _no_support(row: PromptRow) -> str:
    found = "none was found in this chart"
    return f"No evidence came with it, and {found}." if row.categories else f"Beside the list entry {found}."


def _no_against(row: PromptRow) -> str:
    """Not looked for is another thing than not found."""
    if row.unread:
        return f"Not looked for: {types_words(row.unread)} could not be read."
    if not row.searched:
        return "Only its own entries were looked at: no search against it exists here."
    return "Nothing found in what could be read of this chart."


def condition_label(category: ConditionCategory) -> str:
    """The condition as the payer names it, without the number of its category; else as its first diagnosis is named."""
    diagnoses = (by_payer(concept.label) for concept in category.diagnoses)
    label = unnumbered(by_payer(category.label), category.code)
    return label or next((words for words in diagnoses if words), UNNAMED)


def unnumbered(label: str, code: str = "") -> str:
    """A condition is assessed, not a category: "HCC 37: Diabetes" is Diabetes. So is its `code`, where that leads."""
    if code and label.casefold().startswith(f"{code.casefold()}:"):
        label = label[len(code) + 1 :].strip()
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
            if row.because == "mis-keyed":
                return MIS_KEYED
            return f"Payer's record only, {_LESS_HERE if row.in_chart else 'nothing in this chart'}."
        case PromptState.REMOVE:
            return REMOVE_WORDS.get(row.because, UNSUPPORTED)
        case PromptState.NO_EVIDENCE:
            return f"Suspected by the payer, without evidence{f'; {_LESS_HERE}' if row.in_chart else ''}."
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
    period = row.categories[0].period if row.categories else None
    return period.end.year if period else today.year


def _action(row: PromptRow) -> str:
    if row.state is PromptState.HISTORY_TERM and row.history_term:
        return f"If it applies, the history term is: {plain(row.history_term)}."
    return _ACTIONS[row.state]


def list_lines(categories: Sequence[ConditionCategory], payers: Payers, today: date) -> tuple[Labelled, ...]:
    """Each list that the condition stands on, in that payer's words."""
    lines: list[Labelled] = []
    for category in categories:
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
        why = f"covered by {unnumbered(by_payer(item.by)) or 'a related condition'}"
    elif item.by:
        why = f"{why}: {plain(item.by)}"
    return f"{condition_label(item.category)}: {why} ({payers.full(item.category.payer)})"
