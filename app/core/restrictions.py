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
from app.core.consents import INSURER, KNOWN_INSURER, Asked, Bar, Consent, Payer, bars, distinctive

CONSENT, FLAG = "Consent", "Flag"
#: What an EHR may hold restrictions in. An EHR without one of them says so in its entry.
KINDS: tuple[str, ...] = (CONSENT, FLAG)
EVERY_PAYER = ""  # in the practice's own entries
NOT_WHOLE = "not read in full"

P = TypeVar("P", bound=Payer)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Own:
    """What this practice itself has decided about asking payers of one patient; `restricted` may name `EVERY_PAYER`."""

    held: frozenset[str] = frozenset()
    restricted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Restrictions:
    """The payers that are not asked, and why; while not all has been read (`known` False), nobody else is either.

    `entries`: what of the chart keeps each from being asked, in words.
    """

    refused: Mapping[str, Reason] = field(default_factory=dict)
    known: bool = False
    entries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
    entries: dict[str, tuple[str, ...]] = {}
    connected = {payer.id for payer, _ in payers}
    known = (*payers, *((payer, Coverage("", "")) for payer in everybody if payer.id not in connected))
    for payer, coverage in payers:
        asked = Asked(payer, coverage, tuple(other for other in known if other[0].id != payer.id))
        found = [(_own(own, payer.id), "")]
        if CONSENT in kinds and consents is not None:
            found += [
                (_unread(consents), f"{CONSENT}: {NOT_WHOLE}"),
                *((bars(one, asked, today), _entry(one)) for one in _known(consents)),
            ]
        if FLAG in kinds and flags is not None:
            found.append((_unread(flags), f"{FLAG}: {NOT_WHOLE}"))
            found += [(restricts(one, today, asked), f"{FLAG}: {one.concept.label}") for one in _known(flags)]
        bar = max(bar for bar, _ in found)
        if own and payer.id in own.held:
            refused[payer.id] = Reason.HELD
        elif bar:
            refused[payer.id] = Reason.RESTRICTED if bar is Bar.YES else Reason.RESTRICTION_UNKNOWN
            entries[payer.id] = tuple(dict.fromkeys(entry for each, entry in found if each is bar and entry))
    out = own is None or (CONSENT in kinds and consents is None) or (FLAG in kinds and flags is None)
    return Restrictions(refused, not out, entries)


def _entry(consent: Consent) -> str:
    return f"{CONSENT}: {consent.ref.removeprefix(f'{CONSENT}/')}"


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
_INSURERS = rf"(?:{INSURER}|{KNOWN_INSURER})"
_NOT = r"(?:not|don['’]?t|no|never|without|refus\w*|declin\w*|revok\w*|prohibit\w*|forbid\w*|opt(?:s|ed)?[- ]out)"
_RESTRICT = (
    r"(?:restrict(?!ive)\w*|withh\w*|block(?:s|ed|ing)?|hid(?:e|es|den|ing)?|mask(?:s|ed|ing)?|suppress\w*|conceal\w*)"
)
_TELL = (
    r"(?:shar(?:e|ed|ing)|sen[dt]|sending|releas\w*|report(?:s|ed|ing)?|bill(?:s|ed|ing)?|inform(?:s|ed|ing)?|tell|told"
    r"|contact\w*|ask(?:s|ed|ing)?|notif\w+|submit\w*|submission|disclos\w*|transmit\w*|forward\w*|exchang\w*"
    r"|provid\w*|giv(?:e|en|ing)|access\w*|know|see|receiv\w*|fil(?:e|ing)(?= (?:an? |any |the )?claim))"
)
_PHI = r"(?:phi|protected health information)"
_RECORDS = r"(?:records?|information|info|data|results?|charts?|claims?|notes)"
_PAID_BY_SELF = r"(?:self[- ]?pay\w*|private[- ]?pay\w*|out[- ]of[- ]pocket|paid in full|cash[- ]pay\w*)"
#: Restrictions of the body and of daily life; and what is said of an insurance without a refusal.
_OF_CARE = re.compile(
    r"\b(?:fluids?|salt|sodium|potassium|protein|calori\w*|diet\w*|food|lactose|caffeine|alcohol|water|weight|bearing"
    r"|airway|breathing|mobility|movement|motion|rom|activit\w*|lifting|driving|work|duty|exercise|sports?|travel"
    r"|visitors?|limbs?|arms?|legs?|extremit\w*|mri|growth|lung|bp|iv|blood|venipuncture|antibiotics?|opioids?"
    r"|medications?|formulary|swallow\w*|bath\w*|shower\w*)\b"
)


def _phrases(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


def _near(*words: str) -> str:
    """All of these in one sentence, in any order."""
    return "".join(rf"(?=[^.;]*\b{word}\b)" for word in words)


_REFUSED = _phrases(
    r"164\.522",
    rf"\b{_NOT}\b[^.;]*\bdisclos\w*",
    rf"\bdisclos\w*[^.;]*\b(?:{_RESTRICT}|prohibit\w*|refus\w*|not (?:allowed|permitted))",
    r"\b(?:keep|kept)\b[^.;]*\bfrom\b[^.;]*\b" + _INSURERS,
    *(
        rf"(?:^|[.;]){_near(*words)}"
        for words in (
            (_RESTRICT, _INSURERS), (_RESTRICT, _PHI), (_RESTRICT, _PAID_BY_SELF), (_RESTRICT, r"disclos\w*"),
            (r"restrict\w*", r"(?:hipaa|hitech)"), (_NOT, _TELL, _INSURERS), (_NOT, _TELL, _PHI),
            (_NOT, r"(?:submit\w*|submission|bill(?:s|ed|ing)?|fil(?:e|ing)|send)", r"claims?"),
        )
    ),
)  # fmt: skip
#: What may be one: a refusal without a word of insurers, and words that stand for confidence. Not a doubt: the notice
#: of privacy practices that everybody signs.
_DOUBTFUL = _phrases(
    rf"(?:^|[.;]){_near(_NOT, _TELL, _RECORDS)}",
    rf"(?:^|[.;]){_near(_RESTRICT, _RECORDS)}",
    r"\bdisclos\w*",
    r"\bconfidential\w*",
    r"\bhitech\b",
    r"\bbreak[- ]the[- ]glass\b",
    r"(?<!notice of )\bprivacy\b(?! (?:practices?|notices?)\b)",
)
_HARMLESS_NOT = re.compile(
    r"\bno (?:\w+ )?insurance\b|\buninsured\b|\binsurance (?:card |coverage )?(?:is |has )?(?:not )?(?:been )?"
    r"(?:on file|verified|known|active|scanned|expired|inactive|lapsed|eligible|found|accepted)\b"
)


def restricts(flag: Fact, today: date, asked: Asked | None = None) -> Bar:
    """Whether a Flag of the chart says that information about this patient may not be disclosed to the payer in
    question. It names no payer by code; one that it names in words is meant, and the others may be.
    """
    if flag.status in ("inactive", "entered-in-error"):
        return Bar.NO
    if (flag.when and flag.when.start > today) or (flag.until and flag.until.end < today):
        return Bar.NO
    codings = flag.concept.codings
    if any((coding.system, coding.code) in _SYSTEM_CODES for coding in codings):
        return Bar.YES
    said = [flag.concept.text, *(coding.display for coding in codings), *flag.category]
    if {_word(code) for code in (*(coding.code for coding in codings), *said)} & _WORDS:
        return Bar.YES
    return max((_says(" ".join(text.casefold().split()), asked) for text in said), default=Bar.NO)


def _says(text: str, asked: Asked | None) -> Bar:
    text = _HARMLESS_NOT.sub(" ", text)
    if any(phrase.search(text) for phrase in _REFUSED):
        return Bar.YES
    for payer, coverage in ((asked.payer, asked.coverage), *asked.others) if asked else ():
        names = [re.escape(word) for name in (payer.name, *coverage.payors) for word in distinctive(name)]
        if names and _refuses(rf"(?:{'|'.join(names)})", text):
            return Bar.YES if asked and payer is asked.payer else Bar.UNSURE
    if any(phrase.search(text) for phrase in _DOUBTFUL):
        return Bar.UNSURE
    return Bar.UNSURE if re.search(r"\brestrict(?!ive)", text) and not _OF_CARE.search(text) else Bar.NO


def _refuses(name: str, text: str) -> bool:
    """Whether a text refuses something to whom it calls by a name."""
    ways = ((_RESTRICT, name), (_NOT, _TELL, name))
    return any(re.search(rf"(?:^|[.;]){_near(*words)}", text) for words in ways)


def _word(code: str) -> str:
    return re.sub(r"[\s_]+", "-", code.strip().casefold())
