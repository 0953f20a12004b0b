"""JSON written as it was read: `replies.parse` keeps decimals exact, and this writes them back digit by digit.

A report that goes back to its payer may differ by our remark alone; 1.0 must not come back as 1, nor 0.10 as 0.1. The
json module writes no number that is not a float, so decimals leave it as marked text and lose the marks afterwards.
"""

from __future__ import annotations

import json
import re
import secrets
from decimal import Decimal
from typing import Any

_MARK = secrets.token_hex(12)  # in no text that comes from elsewhere
_MARKED = re.compile(f'"{_MARK}([^"]*){_MARK}"')


def written(value: object) -> bytes:
    """The JSON of a value, with the digits of its decimals as they are."""
    return _text(value, separators=(",", ":")).encode()


def spread(value: object) -> str:
    """The same over several lines, for a person to read before it leaves as it is."""
    text = _text(value, indent=2, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can say and no text can hold
        return _text(value, indent=2)
    return text


def _text(value: object, **how: Any) -> str:
    return _MARKED.sub(r"\1", json.dumps(value, default=_marked, **how))


def _marked(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{_MARK}{value}{_MARK}"
    raise TypeError(f"{type(value).__name__} is no JSON")
