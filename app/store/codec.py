"""Answers as JSON and back: an explicit form for exactly the types listed here, so that nothing else can come out.

    Coding("http://loinc.org", "4548-4")  <->  {"": "Coding", "system": "http://loinc.org", "code": "4548-4"}
    date(2026, 3, 1)                      <->  {"": "date", "is": "2026-03-01"}
    ("a", "b")                            <->  ["a", "b"]

Fields left at their default are left out, so a field that is added later with a default needs no migration. Whatever
cannot be read any more is a `CodecError`, and its reader asks the source again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any

from app.core import answers, chart, consents, flag, report, roles
from app.core.ledger import action, dismissal, outgoing, verb
from app.core.schedule import appointment, row
from app.store.errors import CodecError

TAG = ""

#: Every dataclass that may be stored. Adding one here is all it takes.
CLASSES: tuple[type, ...] = (
    answers.Known, answers.Unknown,
    chart.When, chart.Coding, chart.Concept, chart.Quantity, chart.Identifier, chart.Name,
    chart.Patient, chart.Coverage, chart.Component, chart.Fact,
    report.Period, report.Measure, report.Evidence, report.GapReason, report.Gap, report.ConditionCategory,
    report.Member, report.ReportGroup, report.Report,
    roles.User,
    consents.Party, consents.Rule, consents.Consent,
    appointment.Appointment, appointment.Schedule,
    flag.PatientStatus, row.Covering, row.Step, row.Mark, row.Counts, row.Row,
    action.Target, action.Item, action.Action, outgoing.FollowUp,
)  # fmt: skip

ENUMS: tuple[type[StrEnum], ...] = (
    answers.Reason, report.GapStatus, appointment.Mode, appointment.Plan,
    flag.State, flag.StatusKind, row.Owner, row.Where, row.Standing, row.MarkKind,
    verb.Verb, verb.Why, verb.Kind, dismissal.Back,
)  # fmt: skip

Encoder = Callable[[Any], Any]


def encode(value: Any) -> bytes:
    """`value` as JSON. Raises `CodecError` for a type that is not listed, at any depth."""
    try:
        # Escapes also carry half a surrogate pair, which JSON from outside may hold and UTF-8 cannot.
        return json.dumps(_plain(value), ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()
    except KeyError as e:
        raise CodecError(f"not a type that is stored: {e}") from None
    except (ValueError, RecursionError) as e:
        raise CodecError(f"not to be written: {type(e).__name__}") from None


def decode(body: bytes) -> Any:
    """What `encode` was given. Raises `CodecError`."""
    try:
        return _frozen(json.loads(body, object_hook=_object))
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as e:
        raise CodecError(f"unreadable: {type(e).__name__}") from None


def _plain(value: Any) -> Any:
    return _ENCODERS[type(value)](value)  # the exact type: a StrEnum is a str as well, and must not lose itself


def _same(value: Any) -> Any:
    return value


def _tuple(values: tuple[Any, ...]) -> list[Any]:
    return [_ENCODERS[type(value)](value) for value in values]


def _scalar(tag: str, write: Callable[[Any], str]) -> Encoder:
    return lambda value: {TAG: tag, "is": write(value)}


def _dataclass_encoder(cls: type) -> Encoder:
    tag, names = cls.__name__, [field.name for field in fields(cls)]
    defaults, read = [field.default for field in fields(cls)], attrgetter(*names)

    def encoder(value: Any) -> dict[str, Any]:
        out: dict[str, Any] = {TAG: tag}
        for name, default, content in zip(names, defaults, read(value), strict=True):
            if content is not default:  # the usual defaults, None, "" and (), exist once: identity is cheap, and enough
                out[name] = _ENCODERS[type(content)](content)
        return out

    return encoder


_ENCODERS: dict[type, Encoder] = {
    **dict.fromkeys((str, bool, int, float, type(None)), _same),
    tuple: _tuple,
    date: _scalar("date", date.isoformat),
    datetime: _scalar("datetime", datetime.isoformat),
    Decimal: _scalar("Decimal", str),
    **{cls: _scalar(cls.__name__, str) for cls in ENUMS},
    **{cls: _dataclass_encoder(cls) for cls in CLASSES},
}


def _object(found: dict[str, Any]) -> Any:
    """Called for every JSON object, innermost first."""
    return _DECODERS[found.pop(TAG)](found)


def _frozen(value: Any) -> Any:
    return tuple([_frozen(v) if type(v) is list else v for v in value]) if type(value) is list else value


def _scalar_decoder(read: Callable[[str], Any]) -> Callable[[Mapping[str, Any]], Any]:
    return lambda found: read(found["is"])


def _dataclass_decoder(cls: type) -> Callable[[dict[str, Any]], Any]:
    def decoder(found: dict[str, Any]) -> Any:
        for field, content in found.items():
            if type(content) is list:
                found[field] = _frozen(content)
        return cls(**found)

    return decoder


_DECODERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "date": _scalar_decoder(date.fromisoformat),
    "datetime": _scalar_decoder(datetime.fromisoformat),
    "Decimal": _scalar_decoder(Decimal),
    **{cls.__name__: _scalar_decoder(cls) for cls in ENUMS},
    **{cls.__name__: _dataclass_decoder(cls) for cls in CLASSES},
}
