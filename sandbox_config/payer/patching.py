"""FHIRPath Patch (R4 http.html, fhirpatch) as far as remarks need it: adding an extension to one group. Pure.

The guides' profiles allow one nested extension an operation, which cannot carry an author and a code; this takes whole
remarks, as a server does that documents it. 2025-10, HAPI issue 7306: only the last nested extension may survive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

Resource = dict[str, Any]

_PATH = re.compile(r"MeasureReport\.group\.where\(\s*id\s*=\s*'([^']+)'\s*\)")


class BadPatch(ValueError):
    """A patch that cannot be applied; the text says which part."""


def patched(report: Resource, patch: Mapping[str, Any], *, last_only: bool = False) -> Resource:
    """The report with every operation applied. Raises BadPatch, and then nothing of it is."""
    if patch.get("resourceType") != "Parameters":
        raise BadPatch("the body must be a Parameters resource")
    operations = [each for each in patch.get("parameter", ()) if each.get("name") == "operation"]
    if not operations:
        raise BadPatch("there is no operation")
    now = deepcopy(report)
    for operation in operations:
        parts = {part.get("name"): part for part in operation.get("part", ())}
        if parts.get("type", {}).get("valueCode") != "add" or parts.get("name", {}).get("valueString") != "extension":
            raise BadPatch("only adding an extension is supported")
        path = _PATH.fullmatch(str(parts.get("path", {}).get("valueString", "")))
        group = next((each for each in now["group"] if path and each["id"] == path[1]), None)
        if group is None:
            raise BadPatch("the path leads to no group")
        extension = _extension(parts.get("value", {}).get("part", ()))
        if last_only and "extension" in extension:
            extension["extension"] = extension["extension"][-1:]
        group.setdefault("extension", []).append(extension)
    return now


def _extension(parts: Iterable[Mapping[str, Any]]) -> Resource:
    """An extension from its parts: url, id, value, and nested extensions."""
    made: Resource = {}
    for part in parts:
        name = part.get("name")
        values = [(key, value) for key, value in part.items() if key.startswith("value")]
        if name == "extension":
            made.setdefault("extension", []).append(_extension(part.get("part", ())))
        elif name in ("url", "id") and len(values) == 1:
            made[name] = values[0][1]
        elif name == "value" and len(values) == 1:
            made[values[0][0]] = values[0][1]
        else:
            raise BadPatch(f"an extension has no {name!r}")
    if "url" not in made:
        raise BadPatch("an extension without url")
    return made
