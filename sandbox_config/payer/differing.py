"""What was added to a report, and where else it differs, in words: so that whoever changed it learns it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from itertools import zip_longest
from typing import Any

Resource = dict[str, Any]

SHOWN = 3  # differences told in one answer
_NOTHING = object()
_SERVERS = ("versionId", "lastUpdated")  # of meta: the server's to set


class OtherwiseChanged(ValueError):
    """More was changed than extensions added; the text says what."""


def added(before: Resource, after: Resource, url: str) -> list[tuple[str, Resource]]:
    """The extensions called `url` that a group of `after` has and that of `before` has not, with the group's id.

    Raises OtherwiseChanged where anything else differs; what the server itself sets in `meta` does not count.
    """
    rest, new = deepcopy(after), []
    told = rest.get("group")
    groups = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    for was, group in zip(before["group"], groups, strict=False):
        known, kept = list(was.get("extension", ())), []
        for extension in group.get("extension", ()):
            if extension in known:
                known.remove(extension)
                kept.append(extension)
            elif isinstance(extension, dict) and extension.get("url") == url:
                new.append((str(group.get("id")), extension))
            else:
                kept.append(extension)
        group["extension"] = kept
        if not kept and "extension" not in was:
            del group["extension"]
    changed = list(differences(_of_client(before), _of_client(rest)))
    if changed:
        more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        raise OtherwiseChanged(f"{'; '.join(changed[:SHOWN])}{more}")
    return new


def _of_client(report: Resource) -> Resource:
    meta = {key: value for key, value in report.get("meta", {}).items() if key not in _SERVERS}
    return {**report, "meta": meta}


def differences(was: Any, told: Any, path: str = "MeasureReport") -> Iterator[str]:
    """Every place at which `told` is not what it `was`. Numbers that are written differently differ."""
    if isinstance(was, dict) and isinstance(told, dict):
        for key in dict.fromkeys((*was, *told)):
            yield from differences(was.get(key, _NOTHING), told.get(key, _NOTHING), f"{path}.{key}")
    elif isinstance(was, list) and isinstance(told, list):
        for number, (left, right) in enumerate(zip_longest(was, told, fillvalue=_NOTHING)):
            yield from differences(left, right, f"{path}[{number}]")
    elif was is _NOTHING:
        yield f"{path} was added"
    elif told is _NOTHING:
        yield f"{path} is missing"
    elif type(was) is not type(told) or was != told:
        yield f"{path} was changed"
