"""FHIR data types, as tables and as rules that hold for any JSON."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Coding, Concept, Identifier, Name, Patient, Quantity, When
from app.sources.fhir.extensions import code_of, concept_of, extension, when_of
from app.sources.fhir.patient import patient
from app.sources.fhir.references import Entry, Included, entries, reference
from app.sources.fhir.shape import at, words
from app.sources.fhir.values import choice, code, codes, coding, concept, decimal, identifier, names, period, when

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", "2026-01-01", "2026-12-31"),
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026-12", "2026-12-01", "2026-12-31"),
        ("2026-03-04", "2026-03-04", "2026-03-04"),
        ("2026-03-04T23:30:00-05:00", "2026-03-04", "2026-03-04"),
        ("2026-03-04T04:30:00Z", "2026-03-04", "2026-03-04"),
        ("2026-03-04T04:30:00.123456Z", "2026-03-04", "2026-03-04"),
        ("2026-03-04T04:30", "2026-03-04", "2026-03-04"),
        ("2026-03-04 04:30:00", "2026-03-04", "2026-03-04"),
        (" 2026-03-04 ", "2026-03-04", "2026-03-04"),
        ("9999-12", "9999-12-01", "9999-12-31"),
    ],
)
def test_a_date_is_the_days_it_may_mean(text: str, start: str, end: str) -> None:
    assert when(text) == When(date.fromisoformat(start), date.fromisoformat(end), text.strip())


@pytest.mark.parametrize(
    "value",
    ["", "26", "0000", "2026-13", "2026-00", "2026-02-30", "2026-3-4", "2026-03-04X", "2026-03-04T", "2026-03-04T25",
     "yesterday", "２０２６", "2026-03-04\n2026", None, 2026, 20260304, True, ["2026"], {"value": "2026"}, "20260304"],
)  # fmt: skip
def test_what_is_no_date_is_none(value: Any) -> None:
    assert when(value) is None


@given(st.dates(min_value=date(1, 1, 1)))
def test_every_date_reads_back_as_itself(day: date) -> None:
    assert when(day.isoformat()) == When.day(day)
    month = when(day.isoformat()[:7])
    assert month is not None
    assert month.start.day == 1
    assert month.start <= day <= month.end
    assert (month.start.month, month.end.month) == (day.month, day.month)


@given(JSON)
def test_no_json_at_all_makes_a_reader_raise(value: Any) -> None:
    element = value if isinstance(value, dict) else {"value": value, "valueQuantity": value, "extension": value}
    for read in (when, words, code, codes, coding, concept, decimal, identifier, names, period, reference):
        read(value)
    choice(element)
    patient(element | {"name": value, "identifier": value, "deceasedBoolean": value, "birthDate": value})
    found = extension({"extension": value}, {"a"})
    concept_of(found), code_of(found), when_of(found)
    at(element, "value.extension.value")
    list(entries({"entry": value}))
    Included().find(value, Entry({"contained": value}))


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ({"valueQuantity": {"value": Decimal("7.20"), "unit": "%", "code": "%"}}, Quantity(Decimal("7.20"), "%", "%")),
        ({"valueQuantity": {"value": 0}}, Quantity(Decimal(0))),
        ({"valueQuantity": {"value": "7.2", "comparator": "<"}}, Quantity(Decimal("7.2"), comparator="<")),
        ({"valueQuantity": {"value": None, "unit": "%"}}, None),
        ({"valueQuantity": {"value": "NaN"}}, None),
        ({"valueQuantity": {"value": Decimal("1e400")}}, None),
        ({"valueQuantity": {"value": True}}, None),
        ({"valueBoolean": False}, False),
        ({"valueInteger": 0}, Quantity(Decimal(0))),
        ({"valueString": " negative "}, "negative"),
        ({"valueDateTime": "2026-03"}, "2026-03"),
        ({"valueCodeableConcept": {"text": "Positive"}}, Concept((), "Positive")),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 64}}}, "1:64"),
        ({"valueRange": {"low": {"value": 2, "unit": "mg"}, "high": {"value": 4, "unit": "mg"}}}, "2–4 mg"),
        ({"valueRange": {}}, None),
        ({}, None),
    ],
)
def test_every_kind_of_value_is_kept(element: dict[str, Any], value: Any) -> None:
    assert choice(element) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"coding": [{"system": "s", "code": "c", "display": "d"}]}, Concept((Coding("s", "c", "d"),))),
        ({"text": "words"}, Concept((), "words")),
        ("just words", Concept((), "just words")),
        ({"system": "s", "code": "c"}, Concept((Coding("s", "c"),))),
        ({"coding": {"code": "c"}}, Concept((Coding("", "c"),))),
        ([{"text": "a"}, {"coding": [{"code": "c"}], "text": "b"}], Concept((Coding("", "c"),), "a; b")),
        ({"coding": [{"code": 42}]}, Concept((Coding("", "42"),))),
        (None, Concept()),
    ],
)
def test_a_concept_is_read_from_every_shape_it_comes_in(value: Any, expected: Concept) -> None:
    assert concept(value) == expected


def test_a_code_is_the_first_there_is() -> None:
    assert code({"coding": [{"display": "no code"}, {"code": "b"}]}) == "b"
    assert code([{"text": "x"}, {"coding": [{"code": "c"}]}]) == "c"
    assert code("active") == "active"
    assert code({"code": "AMB"}) == "AMB"
    assert code({"text": "words are no code"}) == ""
    assert codes([{"coding": [{"code": "a"}, {"code": "b"}]}, "c", {"text": "words"}]) == ("a", "b", "c", "words")


def test_text_is_safe_to_store_and_show() -> None:
    assert words("Zoë \ud800 Ł\x00\u202eevil\u2069") == "Zoë  Łevil"
    assert words("line\nbreak\ttab") == "line\nbreak\ttab"
    assert (words(0), words(True), words({}), words(None)) == ("0", "", "", "")


def test_identity_is_kept_as_stated() -> None:
    stated = {
        "resourceType": "Patient",
        "id": "p1",
        "birthDate": "1957-01",
        "gender": "female",
        "deceasedDateTime": "2026-05",
        "name": [
            {"use": "official", "family": "Öz", "given": ["Ana", "B."], "suffix": "Jr."},
            {"use": "old"},
            {"text": "Ana Öz"},
            "not a name",
        ],
        "identifier": [
            {"type": {"coding": [{"code": "MB"}]}, "system": "https://northwind.example", "value": "W1"},
            {"system": "urn:oid:2.16.840.1.113883.4.6", "value": "1234567893"},
            {"system": "no value"},
        ],
    }
    assert patient(stated) == Patient(
        id="p1",
        names=(Name("official", "Öz", ("Ana", "B."), suffix=("Jr.",)), Name(text="Ana Öz")),
        birth_date=when("1957-01"),
        sex="female",
        deceased=when("2026-05"),
        identifiers=(
            Identifier("https://northwind.example", "W1", "MB"),
            Identifier("urn:oid:2.16.840.1.113883.4.6", "1234567893", "NPI"),
        ),
    )


@pytest.mark.parametrize(
    ("stated", "deceased"),
    [
        ({}, None),
        ({"deceasedBoolean": False}, False),
        ({"deceasedBoolean": True}, True),
        ({"deceasedBoolean": "true"}, True),
        ({"deceasedBoolean": "maybe"}, None),
        ({"deceasedDateTime": "not a date"}, True),
    ],
)
def test_a_death_that_is_stated_badly_is_still_a_death(stated: dict[str, Any], deceased: Any) -> None:
    assert patient(stated).deceased is deceased


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("Patient/1", "Patient/1"),
        ("Patient/a-1.B_2", "Patient/a-1.B_2"),
        ("https://ehr.example/fhir/Patient/1", "Patient/1"),
        ("https://ehr.example/fhir/Patient/1/_history/3", "Patient/1"),
        ("urn:uuid:1b", "urn:uuid:1b"),
        ("#inside", "#inside"),
        ("1", ""),
        ("https://ehr.example/", ""),
        ("Patient/../1", ""),
    ],
)
def test_a_reference_is_type_and_id(stated: str, expected: str) -> None:
    assert reference({"reference": stated}) == reference(stated) == expected


def test_references_are_found_however_they_are_written() -> None:
    one = Entry({"resourceType": "Patient", "id": "1"}, "https://a.example/fhir/Patient/1")
    other = Entry({"resourceType": "Patient", "id": "1"}, "https://b.example/fhir/Patient/1")
    uuid = Entry({"resourceType": "Encounter"}, "urn:uuid:7")
    near = Entry(
        {"resourceType": "Observation", "id": "o", "contained": [{"resourceType": "Device", "id": "#d"}]},
        "https://b.example/fhir/Observation/o",
    )
    bare = Entry({"resourceType": "Observation", "id": "x"})
    included = Included()
    for entry in (one, other, uuid):
        included.add(entry)
    assert included.find({"reference": "Patient/1"}, near) is other, "relative to its own server"
    assert included.find({"reference": "Patient/1"}, bare) is one
    assert included.find({"reference": "https://a.example/fhir/Patient/1"}, near) is one
    assert included.find({"reference": "urn:uuid:7"}, near) is uuid
    assert included.find({"reference": "#d"}, near) is not None
    assert included.find({"reference": "Patient/2"}, near) is None
    assert included.find(None, near) is None
    assert {e.full_url for e in included.of_type("Patient")} == {one.full_url, other.full_url}
