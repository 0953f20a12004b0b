"""Reading JSON whose shape may be wrong anywhere: three functions that always return what they promise."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

Json = dict[str, Any]

#: Control characters, lone surrogates, and the overrides that would turn the text around them on a screen.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def obj(value: object) -> Json:
    """The JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def objs(value: object) -> list[Json]:
    """The JSON objects of a list; a single object counts as a list of one (some servers forget the brackets)."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return [value] if isinstance(value, dict) else []


def words(value: object) -> str:
    """The text, trimmed and safe to store and show; a number becomes its digits; anything else is empty."""
    if isinstance(value, str):
        return value.strip() if value.isprintable() else _UNSHOWABLE.sub("", value).strip()
    if value is None or isinstance(value, bool | dict | list):
        return ""
    return str(value)[:64]


@cache
def _split(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def at(resource: Json, path: str) -> list[Any]:
    """Everything at a dotted path, lists flattened."""
    if "." not in path:
        stated = resource.get(path)
        return [] if stated is None else stated if isinstance(stated, list) else [stated]
    found: list[Any] = [resource]
    for name in _split(path):
        below: list[Any] = []
        for item in found:
            stated = item.get(name) if isinstance(item, dict) else None
            if isinstance(stated, list):
                below += stated
            elif stated is not None:
                below.append(stated)
        found = below
    return found
