"""Whether a payer may be asked about a patient at all: restrictions on disclosure (45 CFR 164.522(a)).

They stand in three places: the EHR's Consents, the EHR's Flags, and what the practice's own privacy role entered. Each
has to have answered before any payer hears of the patient; one that cannot be read is treated as if it said no.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from app.core.answers import Answer, Known, Reason
from app.core.chart import Coverage, Fact
from app.core.consents import Asked, Bar, Consent, Payer, bars

CONSENT, FLAG = "Consent", "Flag"
#: What an EHR may hold restrictions in. An EHR without one of them says so in its entry.
KINDS: tuple[str, ...] = (CONSENT, FLAG)
EVERY_PAYER = ""  # in the practice's own entries

P = TypeVar("P", bound=Payer)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Own:
    """What this practice itself has decided about asking payers of one patient; `restricted` may name `EVERY_PAYER`."""

    held: frozenset[str] = frozenset()
    restricted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Restrictions:
    """The payers that are not asked, and why; while not all has been read (`known` False), nobody else is either."""

    refused: Mapping[str, Reason] = field(default_factory=dict)
    known: bool = False


def restrictions(
    consents: Answer[tuple[Consent, ...]] | None,
    flags: Answer[tuple[Fact, ...]] | None,
    own: Own | None,
    payers: Sequence[tuple[P, Coverage]],
    today: date,
    kinds: Collection[str] = KINDS,
    everybody: Sequence[P] = (),
) -> Restrictions:
    """What holds for each payer of an active coverage. None: not answered yet. `everybody`: all payers of this site,
    whom a Consent may name.
    """
    refused: dict[str, Reason] = {}
    connected = {payer.id for payer, _ in payers}
    known = (*payers, *((payer, Coverage("", "")) for payer in everybody if payer.id not in connected))
    for payer, coverage in payers:
        asked = Asked(payer, coverage, tuple(other for other in known if other[0].id != payer.id))
        found = [_own(own, payer.id)]
        if CONSENT in kinds and consents is not None:
            found += [_unread(consents), *(bars(one, asked, today) for one in _known(consents))]
        if FLAG in kinds and flags is not None:
            found += [_unread(flags), *(Bar.YES for flag in _known(flags) if restricts(flag, today))]
        if own and payer.id in own.held:
            refused[payer.id] = Reason.HELD
        elif bar := max(found):
            refused[payer.id] = Reason.RESTRICTED if bar is Bar.YES else Reason.RESTRICTION_UNKNOWN
    out = own is None or (CONSENT in kinds and consents is None) or (FLAG in kinds and flags is None)
    return Restrictions(refused, known=not out)


def _own(own: Own | None, payer: str) -> Bar:
    return Bar.YES if own and {payer, EVERY_PAYER} & own.restricted else Bar.NO


def _known(answer: Answer[tuple[T, ...]]) -> tuple[T, ...]:
    return answer.value if isinstance(answer, Known) else ()


def _unread(answer: Answer[object]) -> Bar:
    """An answer from which something is missing may be missing the refusal."""
    whole = isinstance(answer, Known) and not answer.incomplete and not answer.stale_because
    return Bar.NO if whole else Bar.UNSURE


# --- flags ----------------------------------------------------------------------------------------------------------
# FHIR R4 has no code for this in Flag.category or Flag.code; what is here are labels that exist for it, and the words
# that practices use. Not yet reviewed.

_SYSTEM_CODES = frozenset(
    {("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", code) for code in ("R", "V")}
    | {
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode", code)
        for code in ("NODSCLCD", "NODSCLCDS", "NORDSCLCD", "NORDSCLCDS", "NORDSCLW", "NOAUTH", "OPTOUT", "OPTOUTE")
    }
    | {
        ("http://terminology.hl7.org/CodeSystem/consentpolicycodes", code)
        for code in ("hipaa-restrictions", "hipaa-self-pay")
    }
)
_WORDS = frozenset(
    {"restricted", "disclosure-restricted", "disclosure-restriction", "restricted-disclosure",
     "restriction-on-disclosure", "no-disclosure", "do-not-disclose", "nodsclcd", "nodsclcds", "optout",
     "self-pay-restriction", "hipaa-self-pay", "hipaa-restrictions", "hipaa-restriction", "payer-restriction"}
)  # fmt: skip
_INSURER = r"(?:insur\w*|payers?|payors?|health plans?)"
_NOT = r"(?:not|don['’]t|no|never|without|restrict\w*|withh\w*|refus\w*|declin\w*|prohibit\w*)"
_TELL = r"(?:share|sharing|send|release|report|bill|billing|inform|tell|contact|ask)"
_PHRASES = tuple(
    re.compile(pattern)
    for pattern in (
        r"164\.522",
        rf"\b{_NOT}\b[^.;]*\bdisclos\w*",
        r"\bdisclos\w*[^.;]*\b(?:restrict\w*|prohibit\w*|refus\w*|not (?:allowed|permitted))",
        rf"\b{_NOT}\b[^.;]*\b{_TELL}\w*[^.;]*\b{_INSURER}\b",
        rf"\b(?:withh\w*|hid\w*|keep|kept)\b[^.;]*\bfrom\b[^.;]*\b{_INSURER}\b",
        r"\bself[- ]?pay\w*[^.;]*\brestrict\w*|\brestrict\w*[^.;]*\bself[- ]?pay",
    )
)


def restricts(flag: Fact, today: date) -> bool:
    """Whether a Flag of the chart says that information about this patient may not be disclosed. It names no payer."""
    if flag.status in ("inactive", "entered-in-error"):
        return False
    if (flag.when and flag.when.start > today) or (flag.until and flag.until.end < today):
        return False
    codings = flag.concept.codings
    if any((coding.system, coding.code) in _SYSTEM_CODES for coding in codings):
        return True
    said = [flag.concept.text, *(coding.display for coding in codings), *flag.category]
    codes = {_word(code) for code in (*(coding.code for coding in codings), *said)}
    texts = [" ".join(text.casefold().split()) for text in said]
    return bool(codes & _WORDS) or any(phrase.search(text) for phrase in _PHRASES for text in texts)


def _word(code: str) -> str:
    return re.sub(r"[\s_]+", "-", code.strip().casefold())
