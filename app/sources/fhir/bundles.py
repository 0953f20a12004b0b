"""Going through the Bundles of one answer: which entries are asked for, what rode along, and what could not be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from app.sources.fhir.references import Entry, entries
from app.sources.fhir.shape import Json, objs, words
from app.sources.fhir.values import code, concept

_TYPE = re.compile(r"[A-Z][A-Za-z]{1,40}")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_LINES = 50

#: Issue types of an OperationOutcome that say "some of it is missing" at any severity (FHIR R4 issue-type).
_PARTIAL = frozenset({"suppressed", "incomplete", "forbidden", "security", "too-costly", "timeout", "throttled"})


@dataclass(slots=True)
class Rejects:
    """Resources that could not be used: type, id and why in our words; never a value of theirs."""

    _found: list[tuple[str, str, str]] = field(default_factory=list)
    lost: int = 0  # those without which the answer may say something else

    def add(self, entry: Entry, why: str, *, named: bool = True, lost: bool = False) -> None:
        """Count one. `named=False` leaves its id out: an id of somebody else's resource is not ours to keep."""
        kind = entry.type if _TYPE.fullmatch(entry.type) else "resource"
        self._found.append((kind, entry.id if named and _ID.fullmatch(entry.id) else "", why))
        self.lost += lost

    def __len__(self) -> int:
        return len(self._found)

    def lines(self) -> tuple[str, ...]:
        """One line a resource, the first fifty, then how many more."""
        shown = [f"{kind}{'/' + name if name else ''}: {why}" for kind, name, why in self._found[:_LINES]]
        more = len(self._found) - _LINES
        return (*shown, f"and {more} more") if more > 0 else tuple(shown)

    def summary(self) -> tuple[str, ...]:
        """One line for each kind and reason: "2 Observation: no subject"."""
        counted = Counter((kind, why) for kind, _, why in self._found)
        return tuple(f"{count} {kind}: {why}" for (kind, why), count in counted.items())


@dataclass(slots=True)
class Outcomes:
    """The OperationOutcomes that ride in a good answer (`search.mode` outcome, or an entry beside the data)."""

    texts: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)  # issue codes that say something is missing
    failed: bool = False  # one of severity error or fatal

    def add(self, outcome: Json, *, quiet: frozenset[str] = frozenset()) -> None:
        """Take in one. Hints and warnings of the issue types in `quiet` are left out."""
        for issue in objs(outcome.get("issue")):
            kind, severity = code(issue.get("code")), code(issue.get("severity"))
            if kind in quiet and severity in ("warning", "information"):
                continue
            if severity in ("error", "fatal"):
                self.failed = True
            if severity in ("error", "fatal") or kind in _PARTIAL:
                self.partial.append(kind if re.fullmatch(r"[a-z-]{1,40}", kind) else "error")
            if text := words(issue.get("diagnostics")) or concept(issue.get("details")).label or kind:
                self.texts.append(text[:300])


def matches(bundles: Iterable[Json], resource_type: str, outcomes: Outcomes, rejects: Rejects) -> Iterator[Entry]:
    """The resources of a search that were asked for; included ones skipped, outcomes collected, oddities counted."""
    for bundle in bundles:
        for entry in entries(bundle):
            kind = entry.type
            if kind == "OperationOutcome":
                outcomes.add(entry.resource)
            elif entry.mode in ("include", "outcome"):
                continue
            elif kind == resource_type:
                yield entry
            else:
                rejects.add(entry, f"stands among the {resource_type} entries")
