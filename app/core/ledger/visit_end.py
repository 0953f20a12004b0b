"""What the software says of the groups that nobody has answered by the end of a visit (`remarks.software`).

Every group that was received gets exactly one remark a visit: a person's, or one of the software's. That one says what
was shown, never what is the case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from app.core.ledger import remarks

#: payer, report id, group id
Group = tuple[str, str, str]
#: payer, report id, group id, dialect, ingested, presented
Received = tuple[str, str, str, str, bool, bool]


def software(groups: Iterable[Received], remarked: Collection[Group]) -> tuple[tuple[str, str, str, str], ...]:
    """payer, report, group and code for each group that has no remark; a group received twice is one. What was read or
    shown once in the visit is read and shown. A dialect without such codes is left out.
    """
    found: dict[Group, tuple[str, bool, bool]] = {}
    for payer, report, group, dialect, ingested, presented in groups:
        spoken, read, shown = found.get((payer, report, group), ("", False, False))
        found[payer, report, group] = spoken or dialect, read or ingested, shown or presented
    done = set(remarked)
    said = {
        group: remarks.software(dialect, ingested=read, presented=shown)
        for group, (dialect, read, shown) in found.items()
        if group not in done
    }
    return tuple((*group, code.code) for group, code in said.items() if isinstance(code, remarks.Code))
