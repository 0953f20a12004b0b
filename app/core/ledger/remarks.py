"""What one action is called in one payer's dialect: exactly one code, or a reason why nothing is said.

The one table. Codes and their meanings as published (CC0): DEQM US 5.0.0 care-gap-remark, DEQM universal 1.0.0
deqm-care-gap-remark, Da Vinci RA 2.0 to 3.0 coding-gap-remark and remark-reason.
https://hl7.org/fhir/us/davinci-deqm/STU5/ https://hl7.org/fhir/uv/deqm/ https://hl7.org/fhir/us/davinci-ra/
A code is used for what its definition says and for nothing near it:

- `satisfied-in-EHR` is "data already present in the EHR satisfies the open gap": only where a chart entry is named.
- `documented-elsewhere` (universal only) is "performed and documented in another system": only where a place is named.
- RA `deferred` is "assessed, actions will be taken in the future": only a clinician has assessed.
- Barriers have no code in any guide, and words alone would be a remark without a code: they become a follow-up.
- RA 1.0 and DEQM 3.1 and 4.0 have no remarks at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app.core.flag import State
from app.core.ledger.action import Action, Target
from app.core.ledger.verb import Verb, Why
from app.core.roles import Role


class Family(StrEnum):
    """Dialects that share a list of codes."""

    DEQM_US_5 = "deqm-us-5"
    DEQM_UV = "deqm-uv"
    RA = "ra"  # 2.0 and later
    OLDER = "older"  # guides without remarks


class NotSent(StrEnum):
    """Why an action is no remark to one payer's group."""

    NO_CODE = "no-code"  # its dialect has no code that says this
    NO_REMARKS = "no-remarks"  # its guide's version takes no remarks
    UNKNOWN_DIALECT = "unknown-dialect"
    NO_GROUP = "no-group"  # the report names no group that a remark could be put on
    WRONG_PATIENT = "wrong-patient"  # it is about somebody else: nothing is said to this payer about it


@dataclass(frozen=True, slots=True)
class Code:
    """A code of the dialect's list, and its coded reason where the guide has one."""

    code: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what somebody records, under which condition, and what each family calls it.

    `said` has "" where a family has no code.
    """

    verb: Verb
    when: str  # the condition in words; empty: always
    said: tuple[tuple[Family, str], ...]
    applies: Callable[[Action], bool] = lambda _: True
    reasons: tuple[Why, ...] = ()  # of the action's reasons the one that goes along (RA remark-reason, the same words)

    def code(self, family: Family) -> str:
        return dict(self.said).get(family, "")


#: The code lists as published.
CODES: dict[Family, frozenset[str]] = {
    Family.DEQM_US_5: frozenset(
        {
            "order-placed", "satisfied-in-EHR", "out-of-range", "patient-refused", "rejected", "suppressed",
            "not-assessed", "not-ingested",
        }
    ),
    Family.DEQM_UV: frozenset(
        {
            "order-placed", "satisfied-in-EHR", "out-of-range", "patient-refused", "rejected", "suppressed",
            "not-assessed", "not-ingested", "attribution-mismatch", "deferred", "documented-elsewhere",
        }
    ),
    Family.RA: frozenset(
        {
            "assessed-present", "assessed-not-present", "in-progress", "deferred", "not-assessed", "not-presented",
            "not-ingested",
        }
    ),
    Family.OLDER: frozenset(),
}  # fmt: skip
REASONS = (Why.NEVER_HAD, Why.INACTIVE, Why.DOES_NOT_APPLY)  # RA remark-reason

NOT_ASSESSED, NOT_PRESENTED, NOT_INGESTED = "not-assessed", "not-presented", "not-ingested"

_FAMILIES = {
    "deqm-us-3": Family.OLDER,
    "deqm-us-4": Family.OLDER,
    "deqm-us-5": Family.DEQM_US_5,
    "deqm-uv-1": Family.DEQM_UV,
    "ra-1": Family.OLDER,
    "ra-2": Family.RA,
    "ra-3": Family.RA,
}


def family_of(dialect: str) -> Family | None:
    """The family of a dialect as reports carry it ("deqm-us-5.0.0", "ra-3.0.0-ballot"); None: not known."""
    return _FAMILIES.get(dialect.partition(".")[0])


def code_for(action: Action, target: Target) -> Code | NotSent:
    """What the payer of `target` is told about `action`: one code, or why nothing."""
    if action.verb is Verb.WRONG_PATIENT:
        return NotSent.WRONG_PATIENT
    family = family_of(target.dialect)
    if family is None:
        return NotSent.UNKNOWN_DIALECT
    if family is Family.OLDER:
        return NotSent.NO_REMARKS
    if not (target.report_id and target.group_id):
        return NotSent.NO_GROUP
    row = next((row for row in rows() if row.verb is action.verb and row.applies(action)), None)
    code = row.code(family) if row else ""
    if row is None or not code:
        return NotSent.NO_CODE
    reason = next((why for why in action.whys if why in row.reasons), "") if family is Family.RA else ""
    return Code(code, str(reason))


def software(dialect: str, *, ingested: bool, presented: bool) -> Code | NotSent:
    """What the software itself says of a group that nobody has said anything about. RA only."""
    family = family_of(dialect)
    if family is not Family.RA:
        return NotSent.UNKNOWN_DIALECT if family is None else NotSent.NO_REMARKS
    if not ingested:
        return Code(NOT_INGESTED)
    return Code(NOT_ASSESSED if presented else NOT_PRESENTED)


def rows() -> tuple[Row, ...]:
    """The table, in the order in which it is read: of one verb the first row that applies decides."""
    return _ROWS


def _deqm(code: str) -> tuple[tuple[Family, str], ...]:
    return ((Family.DEQM_US_5, code), (Family.DEQM_UV, code))


def _is_out_of_range(action: Action) -> bool:
    return action.item.state == State.OUT_OF_RANGE and bool(action.evidence)


def _names_evidence(action: Action) -> bool:
    return action.item.state != State.OUT_OF_RANGE and bool(action.evidence or action.item.settled_by)


def _names_place(action: Action) -> bool:
    return bool(action.place) and action.on is not None


def _by_clinician(action: Action) -> bool:
    return action.role == Role.CLINICIAN


_OUT_OF_RANGE = "a chart entry is named, and its value misses the target"
_EVIDENCE = "a chart entry is named"
_ROWS = (
    Row(Verb.DONE, _OUT_OF_RANGE, _deqm("out-of-range"), _is_out_of_range),
    Row(Verb.DONE, _EVIDENCE, _deqm("satisfied-in-EHR"), _names_evidence),
    Row(Verb.DONE, "otherwise", ()),
    Row(Verb.ORDERED, "", _deqm("order-placed")),
    Row(Verb.ALREADY_DONE, _OUT_OF_RANGE, _deqm("out-of-range"), _is_out_of_range),
    Row(Verb.ALREADY_DONE, _EVIDENCE, _deqm("satisfied-in-EHR"), _names_evidence),
    Row(
        Verb.ALREADY_DONE, "a day and a place are named", ((Family.DEQM_UV, "documented-elsewhere"),), _names_place
    ),
    Row(Verb.ALREADY_DONE, "otherwise", ()),
    Row(Verb.DECLINED, "", _deqm("patient-refused")),
    Row(Verb.NOT_APPROPRIATE, "", _deqm("rejected")),  # careGapRemark has no place for a coded reason
    Row(
        Verb.NOT_NOW, "by a clinician", ((Family.DEQM_UV, "deferred"), (Family.RA, "deferred")), _by_clinician
    ),
    Row(Verb.NOT_NOW, "by others", ((Family.DEQM_UV, "deferred"),)),
    Row(Verb.WRONG_PATIENT, "", ()),
    Row(Verb.NEEDS_HELP, "", ()),
    Row(Verb.PRESENT, "", ((Family.RA, "assessed-present"),)),
    Row(Verb.NOT_PRESENT, "with one of three reasons", ((Family.RA, "assessed-not-present"),), reasons=REASONS),
    Row(Verb.IN_PROGRESS, "", ((Family.RA, "in-progress"),)),
)  # fmt: skip
