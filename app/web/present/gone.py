"""An item that was asked for and is not on the panel any more: what happened to it, as far as that is known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from app.core.flag import Change, Panel, SourceState
from app.web.present.changes import change_line
from app.web.present.dates import day_words
from app.web.present.text import distinct, plain
from app.web.present.troubles import REASONS, what_words

_WITHHELD = {
    "deceased": "The chart records that this patient died. Nothing is suggested.",
    "hospice": "The patient is in hospice care. Nothing is suggested.",
}
SETTLED = "As far as you may see it, no payer lists it any more, or this chart has settled it."


def gone_words(found: Panel, today: date, is_it: Callable[[Change], bool]) -> tuple[str, ...]:
    """The patient's status, what is remembered of it, sources that are out or failed; else that it is settled."""
    words = [_WITHHELD.get(found.withheld, "")]
    if found.changes.since:
        since = day_words(found.changes.since, today)
        words += [f"Since {since}: {change_line(each)}." for each in found.changes.items if is_it(each)]
    if not found.complete:
        words.append("Not every source has answered yet: it may still come. Go back to the panel and look again.")
    failed = [line for line in found.sources if line.state is SourceState.NO_ANSWER and line.reason]
    words += [
        REASONS[line.reason][0].format(name=plain(line.name), what=what_words([line])) for line in failed if line.reason
    ]
    return distinct(words) or (SETTLED,)
