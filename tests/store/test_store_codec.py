from __future__ import annotations

import inspect
import json
import types
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import answers, chart, consents, flag, report, roles
from app.core.answers import Known, Reason, Unknown
from app.core.chart import CHART_TYPES, Coding, Component, Concept, Fact, Quantity, When
from app.core.ledger import action, outgoing
from app.core.schedule import appointment, row
from app.store import codec
from app.store.codec import CLASSES, ENUMS, decode, encode
from app.store.errors import CodecError

#: Dataclasses of these modules that no source answers with, and that no snapshot of a morning holds.
NOT_STORED = {chart.Chart, roles.RoleRow, consents.Asked, appointment.DayAsk}
#: What a row of a morning holds of a module whose other types are drawn at once.
OF_A_ROW = {flag.PatientStatus}
#: What the ledger holds of a module whose other types stand in columns, or in a form of their own.
OF_THE_LEDGER = {outgoing.FollowUp}

moments = st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)).map(lambda at: at.replace(fold=0))
plain: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=8),
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
    date: st.dates(),
    datetime: moments,
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
}


building: dict[Any, st.SearchStrategy[Any]] = {}


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type hint of the core."""
    if hint in plain:
        return plain[hint]
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of([of(arg) for arg in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(of(get_args(hint)[0]), max_size=2).map(tuple)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if hint not in building:  # a rule may hold rules
        building[hint] = st.deferred(lambda: built(hint))
    return building[hint]


def built(hint: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(hint)
    return st.builds(hint, **{f.name: of(hints[f.name]) for f in fields(hint)})


VALUES = st.one_of([of(cls) for cls in CLASSES if cls is not Known])
ANSWERS = st.one_of(
    st.builds(
        Known,
        value=VALUES | st.lists(VALUES, max_size=2).map(tuple) | st.text() | st.none(),
        source=st.text(),
        received=moments,
        incomplete=st.lists(st.text(), max_size=2).map(tuple),
        stale_because=st.none() | st.sampled_from(Reason),
    ),
    of(Unknown),
)


@settings(max_examples=60, deadline=None)
@given(ANSWERS)
def test_what_was_encoded_is_decoded_to_the_same(answer: answers.Answer[Any]) -> None:
    again = decode(encode(answer))
    assert again == answer
    assert repr(again) == repr(answer)  # == does not tell 1 from True, or 1.0 from 1.00


def test_every_dataclass_that_is_kept_is_listed() -> None:
    found = {
        member
        for module in (answers, chart, consents, report, roles, appointment, row, action)
        for _, member in inspect.getmembers(module, inspect.isclass)
        if is_dataclass(member) and member.__module__ == module.__name__
    }
    assert found | OF_A_ROW | OF_THE_LEDGER == set(CLASSES) | NOT_STORED


def test_no_two_listed_types_share_a_tag() -> None:
    names = [cls.__name__ for cls in (*CLASSES, *ENUMS)] + ["date", "datetime", "Decimal"]
    assert sorted(names) == sorted(set(names))
    assert codec.TAG not in {field.name for cls in CLASSES for field in fields(cls)}


def test_the_form_is_plain_json_without_the_defaults() -> None:
    fact = Fact("Observation", "Observation/1", Concept((Coding("http://loinc.org", "4548-4"),)), value=True)
    assert json.loads(encode((fact, When.day(date(2026, 3, 1))))) == [
        {
            "": "Fact",
            "type": "Observation",
            "ref": "Observation/1",
            "concept": {
                "": "Concept",
                "codings": [{"": "Coding", "system": "http://loinc.org", "code": "4548-4"}],
            },
            "value": True,
        },
        {
            "": "When",
            "start": {"": "date", "is": "2026-03-01"},
            "end": {"": "date", "is": "2026-03-01"},
            "text": "2026-03-01",
        },
    ]


@dataclass(frozen=True)
class Stranger:
    name: str = ""


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    "value",
    [Stranger(), Colour.RED, b"bytes", ["a list"], {"a": "dict"}, {1}, object(), timedelta(1), float("nan"), 1j],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_listed_is_not_stored_at_any_depth(value: object) -> None:
    for nested in (value, (value,), Known(value, "northwind", datetime(2026, 3, 2, tzinfo=UTC))):
        with pytest.raises(CodecError):
            encode(nested)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"":"Stranger"}',
        b'{"":["Coding"]}',
        b'{"":"os.system","is":"true"}',
        b'{"is":"no tag"}',
        b'{"":"Coding","system":"s"}',
        b'{"":"Coding","system":"s","code":"c","invented":"later"}',
        b'{"":"date","is":"yesterday"}',
        b'{"":"date","is":["2026-03-01"]}',
        b'{"":"Decimal","is":"many"}',
        b'{"":"Reason","is":"no such reason"}',
        b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:40]),
)
def test_what_cannot_be_read_is_an_error_that_quotes_nothing(body: bytes) -> None:
    with pytest.raises(CodecError) as caught:
        decode(body)
    assert str(caught.value).startswith("unreadable: ")
    assert len(str(caught.value)) < 60


def test_payload_text_stays_text_whatever_it_looks_like() -> None:
    for text in ('{"":"Reason","is":"down"}', "\ud800 half a pair", "\0", "</script>", ""):
        assert decode(encode(Coding(text, text))) == Coding(text, text)


def test_a_chart_of_five_hundred_facts_comes_back_as_it_was() -> None:
    chart_ = Known(tuple(_fact(n) for n in range(500)), "ehr", datetime(2026, 3, 2, tzinfo=UTC))
    assert decode(encode(chart_)) == chart_


def _fact(n: int) -> Fact:
    day = When.day(date(2026, 1, 1) - timedelta(days=n))
    concept = Concept((Coding("http://loinc.org", "4548-4", "Hemoglobin A1c"),), "Hemoglobin A1c (blood)")
    return Fact(
        type=CHART_TYPES[n % len(CHART_TYPES)],
        ref=f"Observation/{n}",
        concept=concept,
        status="final",
        category=("laboratory",),
        when=day,
        recorded=day,
        value=Quantity(Decimal("7.4"), "%", "%"),
        components=(Component(Concept(text="part"), Quantity(Decimal("1.0"))),),
        who="Dr. Imani Okafor",
        encounter=f"Encounter/{n}",
    )
