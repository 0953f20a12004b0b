"""What a payer keeps of what is sent to it: remarks, evidence, and the versions of its reports that follow from them.

In memory, until it is told to forget. A report is composed from its story; what stands here is laid over it: remarks
where this payer echoes them, and what its own runs have changed since (`run.py`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any

Resource = dict[str, Any]

VERSIONS = 100  # of a report that can be read again


@dataclass(frozen=True)
class Remark:
    """One remark as it was stored. `key`: what makes it the same one if it comes again."""

    report: str
    group: str
    extension: Resource
    key: str
    member: str
    how: str  # put | transaction | patch | submit-remark-data
    at: datetime
    ours: bool = False  # put there by a fault, in the name of somebody else

    def told(self) -> dict[str, Any]:
        """As the control route tells it."""
        parts: dict[str, list[Any]] = defaultdict(list)
        for part in self.extension["extension"]:
            parts[part["url"]].append(next((v for k, v in part.items() if k.startswith("value")), None))
        return {
            "report": self.report,
            "group": self.group,
            "id": self.extension.get("id", ""),
            "code": _code(parts["code"]),
            "reason": _code(parts["reasonCode"]),
            "text": parts["text"],
            "author": next(iter(parts["author"]), None),
            "software": next(iter(parts["authorSoftware"]), None),
            "related": parts["relatedData"],
            "member": self.member,
            "how": self.how,
        }


@dataclass(frozen=True)
class Submission:
    """Evidence that was taken: a data exchange MeasureReport and what came with it."""

    key: str
    kind: str  # care-gaps | risk
    member: str
    patient: str
    report: Resource
    resources: tuple[Resource, ...]
    provenance: Resource | None
    how: str
    at: datetime


@dataclass
class Kept:
    """Everything that was received. Every method takes the lock; who checks before storing holds it around both."""

    lock: RLock = field(default_factory=RLock)
    remarks: list[Remark] = field(default_factory=list)
    submissions: list[Submission] = field(default_factory=list)
    times: Counter[str] = field(default_factory=Counter)  # how often a submission or a collection came
    judged: set[str] = field(default_factory=set)  # submissions that a run has looked at
    heeded: int = 0  # so many remarks too
    stumbles: Counter[str] = field(default_factory=Counter)  # what a fault has done so far
    _changes: dict[str, dict[str, Any]] = field(default_factory=dict)  # report -> what its row says since the last run
    _history: dict[str, list[Resource]] = field(default_factory=dict)  # report -> its earlier versions
    _moved: dict[str, tuple[int, datetime]] = field(default_factory=dict)  # report -> version, last updated
    _laid: dict[str, list[tuple[str, Resource]]] = field(default_factory=dict)  # report -> its remarks, by group

    def forget(self) -> None:
        """As if nothing had ever been sent."""
        with self.lock:
            for part in (
                self.remarks,
                self.submissions,
                self.times,
                self.stumbles,
                self.judged,
                self._changes,
                self._history,
                self._moved,
                self._laid,
            ):
                part.clear()
            self.heeded = 0

    def version(self, report_id: str) -> int:
        return self._moved.get(report_id, (1, None))[0]

    def updated(self, report_id: str) -> datetime | None:
        """When a report was changed last; None: not since it was composed."""
        return self._moved[report_id][1] if report_id in self._moved else None

    def earlier(self, report_id: str) -> Sequence[Resource]:
        """The versions of a report before the present one, the oldest first."""
        return tuple(self._history.get(report_id, ()))

    def changes(self, report_id: str) -> Mapping[str, Any]:
        """What the payer's runs have changed in the row of a report."""
        return self._changes.get(report_id, {})

    def store(self, before: Resource, remarks: Iterable[Remark], at: datetime) -> None:
        """Add remarks to a report; `before` is the report as it stood."""
        found = list(remarks)
        if not found:
            return
        with self.lock:
            self.remarks += found
            self._laid.setdefault(before["id"], []).extend((each.group, each.extension) for each in found)
            self._move(before, at)

    def change(self, before: Resource, changes: Mapping[str, Any], at: datetime) -> None:
        """Note what a run of the payer says of a report from now on."""
        with self.lock:
            self._changes[before["id"]] = {**self._changes.get(before["id"], {}), **changes}
            self._move(before, at)

    def _move(self, before: Resource, at: datetime) -> None:
        versions = self._history.setdefault(before["id"], [])
        versions.append(before)  # nobody changes a report in place
        del versions[:-VERSIONS]
        self._moved[before["id"]] = (self.version(before["id"]) + 1, at)

    def dressed(self, report: Resource, *, echoes: bool, versions: bool) -> Resource:
        """A composed report as it stands now."""
        moved = self._moved.get(report["id"])
        if moved is None and versions:
            return report
        meta = dict(report["meta"])
        if moved:
            meta |= {"versionId": str(moved[0]), "lastUpdated": moved[1].isoformat(timespec="milliseconds")}
        if not versions:
            meta = {key: value for key, value in meta.items() if key not in ("versionId", "lastUpdated")}
        laid = self._laid.get(report["id"], ()) if echoes else ()
        return {**report, "meta": meta, "group": [_with(group, laid) for group in report["group"]]}

    def received(self) -> list[dict[str, Any]]:
        """Every remark that clients have stored, once each, and how often it stands there."""
        with self.lock:
            theirs = [each for each in self.remarks if not each.ours]
        often = Counter((each.report, each.group, each.key) for each in theirs)
        first = {(each.report, each.group, each.key): each for each in reversed(theirs)}
        return [{**first[key].told(), "times": often[key]} for key in often]


def _with(group: Resource, laid: Iterable[tuple[str, Resource]]) -> Resource:
    own = [extension for group_id, extension in laid if group_id == group["id"]]
    return {**group, "extension": [*group.get("extension", ()), *own]} if own else group


def _code(values: Sequence[Any]) -> str:
    """The first code of the first CodeableConcept, or nothing."""
    coding = values[0].get("coding", ()) if values and isinstance(values[0], dict) else ()
    return str(coding[0].get("code", "")) if coding else ""
