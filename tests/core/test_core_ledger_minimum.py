"""The least of a chart entry that a payer needs: nothing outside the rows leaves, whatever an EHR puts in."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ledger.minimum import Least, Unfit, least, said
from app.core.ledger.minimum_rows import CODING, CONCEPT, LINK, ROWS, Shape

PATIENT = "Patient/p1"
A1C: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o1",
    "meta": {"versionId": "3", "tag": [{"code": "vip"}]},
    "text": {"status": "generated", "div": "<div>Jane Roe, 1 Main Street</div>"},
    "extension": [{"url": "https://ehr.example/secret", "valueString": "room 4"}],
    "identifier": [{"system": "https://lab.example", "value": "ACC-77"}],
    "contained": [{"resourceType": "Organization", "id": "x"}],
    "basedOn": [{"reference": "ServiceRequest/s1"}],
    "status": "final",
    "_status": {"extension": [{"url": "u", "valueString": "why"}]},
    "category": [{"coding": [{"system": "s", "code": "laboratory"}], "text": "Lab"}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "HbA1c", "userSelected": True}],
             "text": "A1C for J. Roe"},
    "subject": {"reference": "https://ehr.example/fhir/Patient/p1", "display": "Roe, Jane"},
    "encounter": {"reference": "Encounter/e1"},
    "effectiveDateTime": "2026-09-14",
    "issued": "2026-09-15T10:00:00Z",
    "performer": [{"reference": "Practitioner/d1", "display": "Dr. Lee Moss", "identifier": {"value": "9"}}],
    "valueQuantity": {"value": Decimal("7.10"), "unit": "%", "code": "%", "extension": [{"url": "x"}]},
    "note": [{"text": "called the patient's daughter"}],
    "referenceRange": [{"text": "4-6"}],
}  # fmt: skip


def left(raw: dict[str, Any], *among: str) -> Least:
    found = least(raw, PATIENT, among)
    assert isinstance(found, Least), found
    return found


def test_a_result_keeps_what_it_is_when_and_how_much_and_nothing_else() -> None:
    assert left(A1C).resource == {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "category": [{"coding": [{"system": "s", "code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "HbA1c"}]},
        "subject": {"reference": PATIENT},
        "effectiveDateTime": "2026-09-14",
        "performer": [{"display": "Dr. Lee Moss"}],
        "valueQuantity": {"value": Decimal("7.10"), "unit": "%", "code": "%"},
    }


def test_what_stays_is_named() -> None:
    assert left(A1C).left_out == (
        "basedOn", "contained", "encounter", "extension", "identifier", "issued", "meta", "note", "referenceRange",
        "text",
    )  # fmt: skip


def test_a_visit_is_named_only_where_it_leaves_too() -> None:
    assert left(A1C, "Encounter/e1").resource["encounter"] == {"reference": "Encounter/e1"}
    assert "encounter" not in left(A1C, "Encounter/e2").resource


def test_words_alone_leave_where_nothing_is_coded() -> None:
    assert left(A1C | {"code": {"text": "HbA1c"}}).resource["code"] == {"text": "HbA1c"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"resourceType": "Communication"}, Unfit.TYPE),
        ({"resourceType": None}, Unfit.TYPE),
        ({"id": 7}, Unfit.TYPE),
        ({"modifierExtension": [{"url": "x"}]}, Unfit.MODIFIED),
        ({"implicitRules": "https://x"}, Unfit.MODIFIED),
        ({"subject": {"reference": "Patient/p2"}}, Unfit.ANOTHER),
        ({"subject": {"display": "Jane Roe"}}, Unfit.NOBODY),
        ({"subject": "Patient/p1"}, Unfit.NOBODY),
        ({"status": "entered-in-error"}, Unfit.STATUS),
        ({"status": "preliminary"}, Unfit.STATUS),
        ({"status": None}, Unfit.STATUS),
    ],
)
def test_an_entry_that_cannot_stand_for_anything_does_not_leave(change: dict[str, Any], why: Unfit) -> None:
    assert least(A1C | change, PATIENT) is why


@pytest.mark.parametrize(("code", "leaves"), [("confirmed", True), ("refuted", False), ("entered-in-error", False)])
def test_a_refuted_condition_does_not_leave(code: str, leaves: bool) -> None:
    raw = {
        "resourceType": "Condition",
        "id": "c1",
        "subject": {"reference": PATIENT},
        "verificationStatus": {"coding": [{"code": code}]},
    }
    assert isinstance(least(raw, PATIENT), Least) is leaves


@pytest.mark.parametrize(("status", "leaves"), [("finished", True), ("in-progress", True), ("cancelled", False)])
def test_a_visit_that_did_not_take_place_does_not_leave(status: str, leaves: bool) -> None:
    raw = {"resourceType": "Encounter", "id": "e1", "subject": {"reference": PATIENT}, "status": status}
    assert isinstance(least(raw, PATIENT), Least) is leaves


def test_every_element_that_leaves_is_said() -> None:
    found = left(A1C)
    words = {each.element: each.words for each in said(found.resource)}
    assert set(words) == set(found.resource) - {"resourceType", "id"}
    assert words["code"] == "HbA1c (4548-4)"
    assert words["valueQuantity"] == "7.10 %"
    assert words["performer"] == "Dr. Lee Moss"


# --- whatever an EHR puts in ------------------------------------------------------------------------------------------

_SECRET = "SECRET"
_anything = st.recursive(
    st.sampled_from([_SECRET, 1, True, None, Decimal("1.50")]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["extension", "note", "value", "text", "id", "url", "div", "reference"]), inner,
                      max_size=3),
    max_leaves=6,
)  # fmt: skip


def _shaped(shape: Shape | None) -> st.SearchStrategy[Any]:
    """Something in a shape, with what does not belong there beside it."""
    if shape is None:
        return st.sampled_from(["kept", 3, True, Decimal("7.10")])
    inner = {name: _shaped(part) for name, part in shape.items()}
    extra = st.dictionaries(
        st.sampled_from(["extension", "note", "_status", "userSelected", "more"]), _anything, max_size=2
    )
    one = st.builds(lambda a, b: {**b, **a}, st.fixed_dictionaries({}, optional=inner), extra)
    return one | st.lists(one, max_size=2)


_MADE = {
    kind: st.fixed_dictionaries({}, optional={n: _shaped(p) for n, p in row.items()}) for kind, row in ROWS.items()
}


@st.composite
def _entries(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(ROWS)))
    made = draw(_MADE[kind])
    about = "patient" if kind in ("Immunization", "AllergyIntolerance") else "subject"
    return {
        **draw(st.dictionaries(st.sampled_from(["text", "note", "meta", "contained", "content"]), _anything)), **made,
        "resourceType": kind, "id": "x", about: {"reference": PATIENT, "display": _SECRET},
        "status": {"Immunization": "completed", "Procedure": "completed", "DocumentReference": "current",
                   "MedicationRequest": "active", "ServiceRequest": "active"}.get(kind, "final"),
        "verificationStatus": {},
    }  # fmt: skip


def _only(value: Any, shape: Shape | None) -> bool:
    """Whether a value is inside a shape, all the way down."""
    if isinstance(value, list):
        return bool(value) and all(_only(each, shape) for each in value)
    if shape is None:
        return isinstance(value, str | int | float | Decimal)
    if not isinstance(value, dict) or not value:
        return False
    return all(name in shape and _only(part, shape[name]) for name, part in value.items())


@given(_entries())
def test_nothing_outside_the_rows_leaves(raw: dict[str, Any]) -> None:
    before = copy.deepcopy(raw)
    found = left(raw)
    assert raw == before
    assert _only(found.resource, ROWS[raw["resourceType"]])
    assert _SECRET not in str(found.resource)
    assert set(found.resource) | set(found.left_out) >= {name for name in raw if not name.startswith("_")}
    assert left(dict(found.resource)).resource == found.resource  # taken away once, nothing more is


@given(_entries())
def test_no_link_leads_to_what_does_not_leave(raw: dict[str, Any]) -> None:
    resource = left(raw).resource
    links = [resource[name] for name in ("subject", "patient", "encounter") if name in resource]
    assert all(link in ({"reference": PATIENT}, [{"reference": PATIENT}]) for link in links)


def test_the_rows_hold_no_free_text_but_that_of_what_is_not_coded() -> None:
    def walk(shape: Shape, within: str) -> None:
        for name, part in shape.items():
            assert name not in ("note", "extension", "contained", "div", "comment", "identifier", "data", "url")
            assert name != "text" or shape is CONCEPT, within
            assert name not in ("reference",) or shape is LINK, within
            if part is not None:
                walk(part, f"{within}.{name}")

    assert "userSelected" not in CODING
    for kind, shape in ROWS.items():
        walk(shape, kind)
