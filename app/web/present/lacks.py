"""What a payer's answer lacks, in words. The adapters name it by a key, and a count behind a colon."""

from __future__ import annotations

from collections.abc import Mapping

from app.web.present.text import plain

#: By key: for one, and for several. {n} is the count. The keys are those of app/sources/payer.
_LACKS: Mapping[str, tuple[str, str]] = {
    "reports or findings that could not be read": (
        "1 report or finding could not be read", "{n} reports or findings could not be read"
    ),
    "reports that could not be read": ("1 report could not be read", "{n} reports could not be read"),
    "reports about another patient, left out": (
        "1 report is about somebody else and was left out", "{n} reports are about somebody else and were left out"
    ),
    "reports that name no patient of theirs": (
        "1 report names nobody and was left out", "{n} reports name nobody and were left out"
    ),
    "the payer reported an error beside its answer": ("", "it names an error beside what it sent"),
    "not every measure of the payer was asked for": ("", "not every one of its measures was asked for"),
    "asked only for the measures that we have a rule for": (
        "", "it was asked only for the measures that we have a rule for"
    ),
    "not all reports were read": ("", "its reports broke off before the end"),
}  # fmt: skip


def lack_words(named: str) -> str:
    """One thing that an answer lacks; what has no words here is said as it came."""
    key, _, count = named.partition(": ")
    if key not in _LACKS:
        return plain(named)
    one, several = _LACKS[key]
    return one if count == "1" and one else several.format(n=plain(count))
