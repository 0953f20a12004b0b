"""What a payer says of one measure: its name, its status and its own words. Quoted words are never ours."""

from __future__ import annotations

from datetime import date

from app.core.report import Gap, GapStatus
from app.web.present.dates import NOT_STATED, maybe_day, plain_day
from app.web.present.names import Payers
from app.web.present.text import by_payer, distinct, plain, speaks_of_worth
from app.web.present.views import Quote
from app.web.present.words import GAP_STATUS_WORDS

WITHHELD = "withheld: this text of the payer speaks of payment"


def measure_title(gap: Gap) -> str:
    """The measure as the payer names it, else the last part of its canonical."""
    last_part = gap.measure.url.rstrip("/").rpartition("/")[2]
    return by_payer(gap.measure.title) or plain(last_part) or "Measure without a name"


def measure_line(gap: Gap) -> str:
    """Breast cancer screening, version 2026, 1 Jan 2026 to 31 Dec 2026"""
    version = f"version {plain(gap.measure.version) or NOT_STATED}"
    return f"{measure_title(gap)}, {version}, {plain_day(gap.period.start)} to {plain_day(gap.period.end)}"


def says(gap: Gap, payer: str) -> str:
    """Northwind Health Plan: open. A status we do not know is quoted; one that we derived is not the payer's word."""
    return f"{payer}: {status_words(gap)}"


def status_words(gap: Gap) -> str:
    if gap.status is GapStatus.UNKNOWN and gap.status_words:
        return f"“{by_payer(gap.status_words, WITHHELD)}”"
    return GAP_STATUS_WORDS[gap.status] + (", as its counts imply" if gap.derived else "")


def quotes(gap: Gap, payer: str) -> list[Quote]:
    """The payer's own words: its text and its reasons, each once. A text that only repeats the title says nothing."""
    title = plain(gap.measure.title)
    reasons = [": ".join(filter(None, [reason.display, reason.detail])) for reason in gap.reasons]
    spoken = [each for each in distinct([plain(words) for words in (gap.payer_words, *reasons)]) if each != title]
    return [Quote(payer, WITHHELD if speaks_of_worth(words) else words) for words in spoken]


def gap_line(gap: Gap, payers: Payers, today: date) -> str:
    """A gap that asks for nothing, as one line."""
    said = says(gap, payers.full(gap.payer))
    return f"{measure_title(gap)}: {said}, calculated on {maybe_day(gap.calculated, today)}"
