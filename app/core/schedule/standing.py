"""Standing orders: whether a protocol of the practice lets staff do an act for this patient without asking.

Eligible only where a protocol in force covers the act, and every contraindication that it names was looked for and is
not there. What only reads like one, without a code of the protocol's or as another kind of entry, counts as not looked
for: a person must read it. So does a contraindication of which the protocol does not say by which codes it is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from app.core import status
from app.core.chart import Coding, Fact
from app.core.flag import StatusKind
from app.core.reading import Reading
from app.core.schedule.entry import ContraRow, Protocol
from app.core.schedule.row import Covering, Standing
from app.core.terminology import CodeSet, codes, system_of
from app.core.words import texts

NONE = Covering(Standing.NO_PROTOCOL)
_WORD = re.compile(r"[^\W\d_]{3,}")
#: Words that name no contraindication by themselves.
_COMMON = frozenset(
    {"allergy", "allergic", "active", "history", "known", "severe", "prior", "reaction", "patient", "the", "and", "for",
     "any", "with", "from", "not"}
)  # fmt: skip
_STEM = 6  # pregnancy, pregnant
#: Where a contraindication may stand, whatever type the protocol looks in.
_WARNING = ("AllergyIntolerance", "Condition", "Flag")
_PREGNANT = re.compile(r"pregnan|gravid", re.IGNORECASE)
#: Of several protocols in force for one act the most careful one decides.
_CAREFUL = (Standing.CONTRAINDICATED, Standing.NOT_READ, Standing.ELIGIBLE, Standing.EXPIRED)


def covering(act: str, protocols: Iterable[Protocol], reading: Reading, day: date) -> Covering:
    """What a standing order for an act (`Card.act`) comes to on a day. A protocol that does not say its version or who
    approved it is none.
    """
    found = [
        _judged(each, reading, day)
        for each in protocols
        if act in each.acts and each.name and each.version and each.approver
    ]
    return min(found, key=lambda each: (_CAREFUL.index(each.standing), each.protocol, each.because), default=NONE)


def _judged(protocol: Protocol, reading: Reading, day: date) -> Covering:
    name = f"{protocol.name} {protocol.version}, {protocol.approver}"
    if protocol.expires < day:
        return Covering(Standing.EXPIRED, name, protocol.expires.isoformat())
    rows = protocol.contraindications
    if there := next((row for row in rows if _there(row, reading)), None):
        return Covering(Standing.CONTRAINDICATED, name, there.name)
    if unread := next((row for row in rows if not _looked_for(row, reading, day)), None):
        return Covering(Standing.NOT_READ, name, unread.name)
    return Covering(Standing.ELIGIBLE, name)


def _there(row: ContraRow, reading: Reading) -> bool:
    """Whether an entry carries one of the codes: of any status, but what was refuted and a problem that is resolved.

    An allergy that is inactive, or a problem in remission, still counts: whether it matters is not for staff to judge.
    """
    return any(_holds(fact) for fact in reading.coded((row.type,), _codes(row)))


def _looked_for(row: ContraRow, reading: Reading, day: date) -> bool:
    """Whether it could be looked for by its codes, and nothing that may be it stands there otherwise."""
    said = bool(row.codes) and all(all(written.rpartition("|")[::2]) for written in row.codes)
    if not said or reading.missing((row.type,)) or _reads_like(row, reading):
        return False
    if not _PREGNANT.search(row.name):
        return True
    return not (status.now(StatusKind.PREGNANCY, reading, day) or status.asks(StatusKind.PREGNANCY, reading, day))


def _reads_like(row: ContraRow, reading: Reading) -> bool:
    """Whether an entry has a word of the row's name in it: of its type, or where problems and warnings stand."""
    named = {word[:_STEM] for word in _WORD.findall(row.name.casefold()) if word not in _COMMON}
    return any(
        _holds(fact) and any(word in text.casefold() for word in named for text in texts(fact.concept))
        for kind in dict.fromkeys((row.type, *_WARNING))
        for fact in reading.of(kind).facts
    )


def _holds(fact: Fact) -> bool:
    return fact.verification != "refuted" and not (fact.type == "Condition" and fact.status == "resolved")


def _codes(row: ContraRow) -> CodeSet:
    found = CodeSet()
    for written in row.codes:
        system, _, code = written.rpartition("|")
        found |= codes(_system(system), code)
    return found


def _system(written: str) -> str:
    """The system under the one name that we use."""
    return system_of(Coding(written, ""))
