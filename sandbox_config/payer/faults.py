"""Every way in which a sandbox payer can be told to misbehave, by name, and which of them are on.

A scenario switches faults on for its own member (`payer_faults`); `POST /_faults` switches them on for everybody. A
name may be confined to one question: `html:care-gaps`. Names that mean the same at the sandbox EHR are spelt the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from sandbox_config import switches
from sandbox_config.switches import UnknownFault


class Question(StrEnum):
    """What a payer is asked; faults can be confined to one."""

    TOKEN = "token"
    METADATA = "metadata"
    MEMBER = "member"
    CARE_GAPS = "care-gaps"
    RISK = "risk"
    READ = "read"
    WRITE = "write"


FAULTS: Mapping[str, str] = {
    "down": "503",
    "hang": "no answer at all",
    "slow": "each call takes three seconds",
    "rate-limited": "the first call of each question is answered 429 with Retry-After, then all is well",
    "html": "an HTML page with 200",
    "truncated-json": "JSON that stops in the middle",
    "outcome-200": "an OperationOutcome with 200 in place of the resource",
    "big": "a body of 10 MB",
    "trickle": "one byte every nine seconds",
    "wrong-patient": "care gaps and risk reports of another member under the member that was asked for",
    "member-unknown": "no such member",
    "token-refused": "the token endpoint answers invalid_client",
    "hostile-next": "the next link of a search points to another origin",
    "outcome-entry": "an OperationOutcome rides among the results",
    "unreadable-resource": "the first MeasureReport of an answer cannot be read",
    "fqm-execution": "care gaps in the shape of fqm-execution: no gap status, contained reasons, no fullUrl",
    "deqm-test-server": "the same, and only the single status open-gap is implemented",
    "hapi": "care gaps in the shape of HAPI without document: each DetectedIssue contains its report",
    "a-month-later": "what the payer will say a month from now",
    "forever-202": "a prepared answer is never ready",
    "bulk-output": "a prepared answer is a manifest with ndjson output",
    "other-context": "$risk-gap answers under another contextId",
    "cut-before": "the connection is cut before the first write about a member is stored",
    "stored-no-answer": "the first write about a member is stored, and the connection is cut before the answer",
    "overtaken": "somebody else writes into a report just before our first two writes (412)",
    "always-overtaken": "somebody else writes into a report just before each of our writes (412)",
    "no-echo": "remarks are taken and do not come back in the reports",
    "no-versions": "reports carry no version and no ETag; If-Match means nothing",
    "patch-last-only": "of a patch only the last nested extension survives (2025-10, HAPI issue 7306)",
    "refuses-remarks": "every remark is refused with 422 and words",
    "report-gone": "reports can be listed, and reading or writing one answers 410",
    "group-gone": "a report that is read has lost its first group",
    "rejects": "the payer's next run does not accept what was sent about this member",
}


def checked(names: Iterable[str]) -> frozenset[str]:
    """The names as a set. Raises UnknownFault."""
    on = frozenset(names)
    for text in on:
        name, _, question = text.partition(":")
        if name not in FAULTS:
            raise UnknownFault(f"no fault is called {name!r}; known: {', '.join(FAULTS)}")
        if question and question not in set(Question):
            raise UnknownFault(f"{question!r} is not a question; known: {', '.join(Question)}")
    return on


class Switches(switches.Switches):
    """Which faults are on: for everybody (run time) and for single members (their scenario)."""

    def __init__(self, of_members: Mapping[str, Iterable[str]]) -> None:
        super().__init__(checked)
        self._of_members = {member: checked(names) for member, names in of_members.items()}
        self._stumbled: set[tuple[str, str]] = set()

    def changed(self) -> None:
        self._stumbled.clear()

    def is_on(self, name: str, question: Question, member: str | None) -> bool:
        """Whether this fault hits this question about this member (None: about nobody in particular)."""
        return switches.is_on(self.on | self._of_members.get(member or "", frozenset()), name, question)

    def of_member(self, name: str, member: str) -> bool:
        """Whether this fault is on for a member in whatever they are asked."""
        return self.is_on(name, Question.WRITE, member)

    def first_time(self, member: str | None, what: str) -> bool:
        """Whether this question (or fault) about this member stumbles for the first time since the switches changed."""
        with self.lock:
            fresh = (member or "", what) not in self._stumbled
            self._stumbled.add((member or "", what))
            return fresh
