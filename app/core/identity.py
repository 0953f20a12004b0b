"""Whether the payer speaks of the patient in the chart. Every report passes this gate before anything of it is used
(docs/rules.md).

Ids of different sides are never compared: the EHR's Patient.id is not the payer's. What ties them is the member id of
the coverage, and what the two records say of the person. Blocking: another member or dependent, another birth date,
another given name where the family shares the member id or no birth date agrees, nothing at all to compare. Everything
else that differs is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from app.core import names
from app.core.answers import Reason, Unknown
from app.core.chart import Coverage, Patient, When
from app.core.membership import Membership, membership
from app.core.names import Same
from app.core.report import Member, Report


class Block(StrEnum):
    """Why a report is not shown."""

    SUBJECT = "subject"  # it is about another patient of the payer's than the member that we asked for
    MEMBER_ID = "member-id"
    BIRTH_DATE = "birth-date"
    GIVEN_NAME = "given-name"
    NOTHING_TO_COMPARE = "nothing-to-compare"


class Differs(StrEnum):
    """What does not block and is named beside the report. The values are what differs, in words; present makes the
    sentence.
    """

    SEX = "sex"
    FAMILY_NAME = "family name"
    GIVEN_NAME = "given name"
    NAME_SCRIPT = "name in another script"
    NAME_MISSING = "name missing on one side"
    NAME_INITIAL = "given name as an initial only"
    BIRTH_DATE_MISSING = "birth date missing on one side"
    BIRTH_DATE_PARTIAL = "birth date known in part only"
    MEMBER_ID_NOT_STATED = "member id not stated by the payer"
    DECEASED = "record of death"
    NO_RECORD = "no record of the person"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The comparison of two records of a person."""

    blocks: frozenset[Block] = frozenset()
    differs: frozenset[Differs] = frozenset()

    @property
    def named(self) -> tuple[str, ...]:
        """What differs, in the order of definition."""
        return tuple(part.value for part in Differs if part in self.differs)


_MISSING = {Differs.NAME_MISSING, Differs.BIRTH_DATE_MISSING, Differs.MEMBER_ID_NOT_STATED, Differs.NO_RECORD}
_NAMED = {
    Same.SCRIPT: Differs.NAME_SCRIPT,
    Same.MISSING: Differs.NAME_MISSING,
    Same.INITIAL: Differs.NAME_INITIAL,
}


def compare(chart: Patient, coverage: Coverage, member: Member, payer: Patient | None) -> Verdict:
    """The chart's patient and one payer record of the member.

    Without a payer record nothing can be checked: that blocks, unless the payer itself matched the person (HRex
    `$member-match`), which is then said.
    """
    matched = member.how == "member-match"
    if payer is None:
        if matched:
            return Verdict(differs=frozenset({Differs.NO_RECORD}))
        return Verdict(blocks=frozenset({Block.NOTHING_TO_COMPARE}))
    tie = membership(coverage, payer)
    shared = tie in (Membership.SHARED, Membership.NOT_STATED) and not matched
    born, birth_differs = _birth(chart.birth_date, payer.birth_date)
    given, family = names.given(chart.names, payer.names), names.family(chart.names, payer.names)
    blocks: set[Block] = {Block.MEMBER_ID} if tie is Membership.OTHER else set()
    if born is Same.NO:
        blocks.add(Block.BIRTH_DATE)
    # Some payers give the whole family one id, also the subscriber: without two birth dates that agree, the id and
    # "self" do not outweigh another given name.
    if given is Same.NO and (shared or (born is not Same.YES and not matched)):
        blocks.add(Block.GIVEN_NAME)
    if tie is not Membership.OWN and not matched and born is not Same.YES and given is not Same.YES:
        blocks.add(Block.NOTHING_TO_COMPARE)
    differs = {*birth_differs, *_name_differs(given, family), *_other_differs(chart, payer)}
    if tie is Membership.NOT_STATED:
        differs.add(Differs.MEMBER_ID_NOT_STATED)
    return Verdict(frozenset(blocks), frozenset(differs))


def _birth(one: When | None, other: When | None) -> tuple[Same, set[Differs]]:
    """Dates of any precision as the days they may mean. An overlap of imprecise dates is not yet an agreement."""
    if one is None or other is None:
        return Same.MISSING, {Differs.BIRTH_DATE_MISSING}
    if one.end < other.start or other.end < one.start:
        return Same.NO, set()
    if one.start == one.end == other.start == other.end:
        return Same.YES, set()
    return Same.MISSING, {Differs.BIRTH_DATE_PARTIAL}


def _name_differs(given: Same, family: Same) -> Iterable[Differs]:
    if given is Same.NO:
        yield Differs.GIVEN_NAME
    if family is Same.NO:
        yield Differs.FAMILY_NAME
    yield from (_NAMED[same] for same in (given, family) if same in _NAMED)


def _other_differs(chart: Patient, payer: Patient) -> Iterable[Differs]:
    sexes = {chart.sex.casefold(), payer.sex.casefold()} - {"", "unknown"}
    if len(sexes) == 2:
        yield Differs.SEX
    # The payer's record of death alone hides nothing: records are mixed up, and the patient may be in the room. It is
    # named.
    if bool(chart.deceased) != bool(payer.deceased):
        yield Differs.DECEASED


def examine(member: Member, report: Report, *, chart: Patient, coverage: Coverage) -> Verdict:
    """The verdict on one report: whom it is about, then every record that the payer gave of that person."""
    if not _same_subject(member, report):
        return Verdict(blocks=frozenset({Block.SUBJECT}))
    records = dict.fromkeys(record for record in (member.patient, report.subject) if record is not None)  # often one
    verdicts = [compare(chart, coverage, member, record) for record in (records or (None,))]
    hard: set[Block] = {block for v in verdicts for block in v.blocks if block is not Block.NOTHING_TO_COMPARE}
    if all(Block.NOTHING_TO_COMPARE in v.blocks for v in verdicts):
        hard.add(Block.NOTHING_TO_COMPARE)
    differs = {
        part for v in verdicts for part in v.differs if part not in _MISSING or all(part in w.differs for w in verdicts)
    }
    return Verdict(frozenset(hard), frozenset(differs))


def examine_member(member: Member, *, chart: Patient, coverage: Coverage) -> Verdict:
    """The verdict on the payer's record of the member, before any report is asked for.

    Nothing to compare does not block yet: a report may bring a record of the person.
    """
    if member.patient is None:
        return Verdict()
    verdict = compare(chart, coverage, member, member.patient)
    return Verdict(verdict.blocks - {Block.NOTHING_TO_COMPARE}, verdict.differs)


def gate(member: Member, report: Report, *, chart: Patient, coverage: Coverage) -> Report | Unknown:
    """The report, or why nothing of it may be used. What blocked is in `detail`, without a word of the payload."""
    return passed(report, examine(member, report, chart=chart, coverage=coverage))


def passed(report: Report, verdict: Verdict) -> Report | Unknown:
    """What a verdict leaves of a report."""
    return refusal(report.payer, verdict) or report


def refusal(payer: str, verdict: Verdict) -> Unknown | None:
    """What stands in the place of an answer that a verdict blocks: which comparisons failed, and no word of it."""
    if not verdict.blocks:
        return None
    only_silent = verdict.blocks == {Block.NOTHING_TO_COMPARE}
    reason = Reason.NOT_IDENTIFIED if only_silent else Reason.WRONG_PATIENT
    return Unknown(payer, reason, detail=", ".join(sorted(verdict.blocks)))


def _same_subject(member: Member, report: Report) -> bool:
    subject, asked = _id(report.subject_id), _id(member.patient_id)
    same = bool(subject) and subject == asked and report.payer == member.payer
    records = [record for record in (member.patient, report.subject) if record is not None]
    return same and all(_id(record.id) in ("", asked) for record in records)


def _id(reference: str) -> str:
    """The bare id of a `Patient/…` reference, relative or absolute."""
    return reference.split("/_history/")[0].rstrip("/").rsplit("/", 1)[-1]
