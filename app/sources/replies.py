"""What an HTTP reply means: a FHIR (or OAuth) JSON object, or which trouble. Knows nothing of sockets and retries.

FHIR R4 http.html 3.1.0.2 (status codes) and 3.1.0.1.9 (OperationOutcome); RFC 9110 10.2.3 (Retry-After).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from app.sources.errors import Busy, Down, Later, NotAllowed, NotFound, Refused, SourceError, Unreadable

Json = dict[str, Any]

_MOST_WORDS = 500
_CODE = re.compile(r"[a-z][a-z_-]{1,40}")  # an issue type or OAuth error; anything else may be words about a person


def accepted(status: int, headers: Mapping[str, str], body: bytes, now: Callable[[], datetime]) -> Json:
    """The JSON object of a good reply. Raises the SourceError that any other reply means."""
    _check(status, headers, body, now)
    return _object(status, headers, body)


@dataclass(frozen=True, slots=True)
class Reply:
    """A good reply with its headers. `body` is empty where there was none, or none that is a JSON object."""

    status: int
    headers: Mapping[str, str]
    body: Json


def read(status: int, headers: Mapping[str, str], body: bytes, now: Callable[[], datetime]) -> Reply:
    """A resource that was read, with the headers that name its version. Raises SourceError."""
    return Reply(status, headers, accepted(status, headers, body, now))


def taken(status: int, headers: Mapping[str, str], body: bytes, now: Callable[[], datetime]) -> Reply:
    """A write that was accepted; it may be answered with nothing at all. Raises SourceError."""
    _check(status, headers, body, now)
    try:
        value = parse(body) if body.strip() else {}
    except Unreadable:
        value = {}
    return Reply(status, headers, value if isinstance(value, dict) else {})


def accepted_lines(
    status: int, headers: Mapping[str, str], body: bytes, now: Callable[[], datetime]
) -> tuple[Json | None, ...]:
    """The JSON objects of a good NDJSON reply (Bulk Data), None for a line that is none. Raises SourceError."""
    _check(status, headers, body, now)
    return tuple(_line(line) for line in body.splitlines() if line.strip())


def _check(status: int, headers: Mapping[str, str], body: bytes, now: Callable[[], datetime]) -> None:
    if status == 202:
        wait = retry_after(headers.get("Retry-After"), now)
        where = headers.get("Content-Location", "").strip()
        raise Later("answered 202: it wants to be asked again later", location=where, retry_after=wait)
    if not 200 <= status < 300:
        raise trouble(status, headers, body, now)


def _line(line: bytes) -> Json | None:
    try:
        value = parse(line)
    except Unreadable:
        return None
    return value if isinstance(value, dict) else None


def trouble(status: int, headers: Mapping[str, str], body: bytes, now: Callable[[], datetime]) -> SourceError:
    """What a reply other than 2xx means."""
    wait = retry_after(headers.get("Retry-After"), now)
    if status == 403:
        return NotAllowed("answered 403")
    if status in (404, 410):
        return NotFound(f"answered {status}")
    if status == 429:
        return Busy("answered 429", retry_after=wait)
    if status == 408 or (status >= 500 and status not in (501, 505)):
        return Down(f"answered {status}", retry_after=wait)
    return Refused(f"answered {status}", status=status, codes=_codes(body), words=_words(body))


def retry_after(text: str | None, now: Callable[[], datetime]) -> float | None:
    """Seconds that a Retry-After header asks for, in either of its forms; None when absent or not understood."""
    if not text:
        return None
    if re.fullmatch(r"[0-9]{1,9}", text.strip()):
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now()).total_seconds())


def _object(status: int, headers: Mapping[str, str], body: bytes) -> Json:
    if not body.strip():
        raise Unreadable("answered with nothing")
    if "html" in headers.get("Content-Type", "").lower() or body.lstrip()[:1] == b"<":
        raise Unreadable("answered with a web page or XML in place of FHIR JSON")
    value = parse(body)
    if not isinstance(value, dict):
        raise Unreadable("answered with JSON that is not an object")
    if value.get("resourceType") == "OperationOutcome":
        codes = ", ".join(_issue_codes(value)) or "no code"
        raise Unreadable(f"answered {status} with an OperationOutcome in place of data ({codes})")
    return value


def parse(body: bytes) -> Any:
    """JSON with exact decimals; NaN and Infinity become null. Raises Unreadable for whatever is not JSON."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as e:  # ValueError: syntax, encoding, or an integer of thousands of digits
        raise Unreadable("answered with broken or truncated JSON") from e


def _codes(body: bytes) -> tuple[str, ...]:
    try:
        value = parse(body)
    except Unreadable:
        return ()
    if not isinstance(value, dict):
        return ()
    error = value.get("error")
    return (error,) if isinstance(error, str) and _CODE.fullmatch(error) else _issue_codes(value)


def _words(body: bytes) -> str:
    """What an OperationOutcome says, for a person to read."""
    try:
        value = parse(body)
    except Unreadable:
        return ""
    issues = value.get("issue") if isinstance(value, dict) else None
    said = [_said(issue) for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []
    return "; ".join(dict.fromkeys(filter(None, said)))[:_MOST_WORDS]


def _said(issue: Json) -> str:
    details = issue.get("details")
    for text in (details.get("text") if isinstance(details, dict) else None, issue.get("diagnostics")):
        if isinstance(text, str) and text.strip():
            return " ".join(text.split())
    return ""


def _issue_codes(outcome: Json) -> tuple[str, ...]:
    issues = outcome.get("issue")
    codes = [issue.get("code") for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []
    return tuple(dict.fromkeys(c for c in codes if isinstance(c, str) and _CODE.fullmatch(c)))[:5]
