"""Which payers a row has not heard in full, and why, from the source strip of its panel."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.core.answers import Reason
from app.core.flag import Panel, SourceLine, SourceState

NO_PAYER = "no-payer"  # no coverage is on file: nobody could be asked
_RESTRICTED = frozenset({Reason.RESTRICTED, Reason.RESTRICTION_UNKNOWN})
_PAYER_QUESTIONS = frozenset({"care-gaps", "risk"})


@dataclass(frozen=True, slots=True)
class Unheard:
    """`silent`: ids of payers without a full answer, and NO_PAYER; `unconnected`: names of those nobody can ask."""

    payers: tuple[str, ...] = ()
    restricted: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    unconnected: tuple[str, ...] = ()


def unheard(panel: Panel, out: Collection[str] = ()) -> Unheard:
    """What a panel's sources leave open. Who is being asked still (`out`) is not silent."""
    lines = [line for line in panel.sources if line.what in _PAYER_QUESTIONS]
    restricted = {_payer(line): None for line in lines if line.reason in _RESTRICTED}
    silent = {_payer(line): None for line in lines if not _whole(line)}
    nobody = any(line.state is SourceState.NO_PAYER for line in panel.sources)
    return Unheard(
        tuple(dict.fromkeys(map(_payer, lines))),
        tuple(restricted),
        (
            *((NO_PAYER,) if nobody else ()),
            *(payer for payer in silent if payer not in restricted and payer not in out),
        ),
        tuple(line.name for line in panel.sources if line.reason is Reason.NOT_CONNECTED),
    )


def _whole(line: SourceLine) -> bool:
    """Whether a payer has answered one question wholly and now, or is being asked."""
    if line.state is SourceState.ASKING:
        return True
    return line.state is SourceState.ANSWERED and not (line.incomplete or line.unreadable or line.said)


def _payer(line: SourceLine) -> str:
    return line.key.rpartition("/")[0]
