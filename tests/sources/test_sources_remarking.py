"""A remark in the payer's own JSON: as the guides write it, nothing else touched, and found again."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sources_payloads import UV
from sources_written import AT, DEQM_REMARK, RA_REMARK, gap_remark, ra_report, remark

from app.core.ledger.outgoing import Author
from app.core.ledger.remarks import CODES, Family
from app.sources.exact import spread, written
from app.sources.payer.remarking import can_say, extension_of, fingerprint, put_in, shown
from app.sources.replies import parse

NPI = "http://hl7.org/fhir/sid/us-npi"
RA_CODES = "http://hl7.org/fhir/us/davinci-ra/CodeSystem"


def test_a_remark_of_ra_as_the_guide_writes_it() -> None:
    said = remark(
        code="assessed-not-present", reason="never-had-condition", text=("Seen today",),
        related=("https://ehr.example/fhir/Condition/1", "urn:ietf:rfc:3986|urn:uuid:1", "C-9"),
    )  # fmt: skip
    assert extension_of(said) == {
        "id": "chartside-a1", "url": RA_REMARK, "extension": [
            {"url": "author", "valueIdentifier": {"system": NPI, "value": "1234567893"}},
            {"url": "authorOrganization", "valueString": "Elm Clinic"},
            {"url": "authorSoftware", "valueString": "Chartside 0.5.0"},
            {"url": "authorDatetime", "valueDateTime": "2026-11-22T16:30:05Z"},
            {"url": "text", "valueString": "Seen today"},
            {"url": "code", "valueCodeableConcept": {
                "coding": [{"system": f"{RA_CODES}/coding-gap-remark", "code": "assessed-not-present"}]}},
            {"url": "reasonCode", "valueCodeableConcept": {
                "coding": [{"system": f"{RA_CODES}/remark-reason", "code": "never-had-condition"}]}},
            {"url": "relatedData", "valueIdentifier": {
                "system": "urn:ietf:rfc:3986", "value": "https://ehr.example/fhir/Condition/1"}},
            {"url": "relatedData", "valueIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:1"}},
            {"url": "relatedData", "valueIdentifier": {"value": "C-9"}},
        ],
    }  # fmt: skip


def parts(said: dict[str, Any]) -> list[str]:
    return [part["url"] for part in said["extension"]]


def test_what_differs_between_the_guides() -> None:
    assert parts(extension_of(remark(dialect="ra-2.0.0", related=("C-9",))))[-1] == "relatedDataIdentifier"
    us, uv = extension_of(gap_remark(reason="inapplicable-gap")), extension_of(gap_remark(dialect="deqm-uv-1.0.0"))
    assert (us["url"], uv["url"]) == (DEQM_REMARK, f"{UV}/deqm-careGapRemark")
    assert "reasonCode" not in parts(us), "careGapRemark has no such part"
    systems = [each["extension"][-1]["valueCodeableConcept"]["coding"][0]["system"] for each in (us, uv)]
    assert systems == [
        "http://hl7.org/fhir/us/davinci-deqm/CodeSystem/care-gap-remark",
        "http://hl7.org/fhir/uv/deqm/CodeSystem/deqm-care-gap-remark",
    ]


@pytest.mark.parametrize(
    ("author", "part"),
    [
        (Author(npi="9", name="Wren"), {"url": "author", "valueIdentifier": {"system": NPI, "value": "9"}}),
        (Author(name="Wren"), {"url": "author", "valueString": "Wren"}),
        (Author(organization_npi="1"), {"url": "authorOrganization", "valueIdentifier": {"system": NPI, "value": "1"}}),
        (Author(software="Chartside"), {"url": "authorSoftware", "valueString": "Chartside"}),
    ],
)  # fmt: skip
def test_somebody_always_says_it(author: Author, part: dict[str, Any]) -> None:
    assert extension_of(remark(author=author))["extension"][0] == part
    assert not can_say(remark(author=Author()))
    assert not can_say(remark(dialect="ra-1.0.0"))
    with pytest.raises(ValueError, match="no remark"):
        extension_of(remark(author=Author()))


# --- nothing else -----------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
GROUPS = st.lists(st.tuples(st.none() | st.lists(JSON, max_size=3), JSON), min_size=1, max_size=4)


@st.composite
def reports(draw: st.DrawFn) -> dict[str, Any]:
    groups = []
    for n, (extensions, rest) in enumerate(draw(GROUPS)):
        group = {"population": rest, "id": f"g{n}"}
        groups.append(group if extensions is None else {**group, "extension": extensions, "code": rest})
    return {"resourceType": "MeasureReport", "_date": draw(JSON), "group": groups, "_elements": draw(JSON), "id": "r1"}


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(reports(), st.sets(st.integers(0, 5), min_size=1))
def test_only_the_groups_extensions_grow(report: dict[str, Any], wanted: set[int]) -> None:
    before = copy.deepcopy(report)
    said = [remark(f"a{n}", f"g{n}") for n in sorted(wanted)]
    after, lost = put_in(report, said)
    assert report == before
    assert [each.group_id for each in lost] == [f"g{n}" for n in sorted(wanted) if n >= len(report["group"])]
    for n, group in enumerate(after["group"]):
        if n in wanted:
            assert group["extension"].pop()["id"] == f"chartside-a{n}"
            if "extension" not in before["group"][n]:
                assert group.pop("extension") == []
    assert written(after) == written(before), "the same values in the same order, digit by digit"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(reports())
def test_what_was_put_in_is_found_again(report: dict[str, Any]) -> None:
    said = [remark(f"a{n}", f"g{n}") for n in range(len(report["group"]))]
    assert shown(report, said) == frozenset()
    again = parse(written(put_in(report, said)[0]))
    assert shown(again, said) == shown(again, said, whole=True) == {each.id for each in said}
    assert shown(again, [remark("other")]) == frozenset()


@settings(deadline=None)
@given(JSON)
def test_json_comes_back_digit_by_digit(value: Any) -> None:
    assert parse(written({"x": value})) == parse(spread({"x": value}).encode()) == {"x": value}


def test_decimals_keep_their_digits() -> None:
    text = b'{"a":1.0,"b":0.10,"c":100,"d":1E+2,"e":[],"f":{},"g":"\\u00e9 \\ud800"}'
    assert written(parse(text)) == text
    assert "0.10" in spread(parse(text))
    assert parse(spread(parse(text)).encode()) == parse(text)
    assert spread({"g": "\u00e9", "h": Decimal("0.10")}) == '{\n  "g": "\u00e9",\n  "h": 0.10\n}'


# --- recognised again -------------------------------------------------------------------------------------------------


def test_without_its_id_a_remark_is_known_by_who_said_what_when() -> None:
    said = remark(reason="never-had-condition", code="assessed-not-present")
    kept = extension_of(said)
    del kept["id"]
    there: dict[str, Any] = ra_report("g1")
    there["group"][0]["extension"].append(kept)
    assert shown(there, [said]) == {"a1"}
    kept["extension"][3]["valueDateTime"] = "2026-11-22T11:30:05.000-05:00"
    assert shown(there, [said]) == {"a1"}
    here = AT.astimezone(timezone(timedelta(hours=2)))
    assert shown(there, [remark(at=here, reason=said.reason, code=said.code)]) == {"a1"}
    for other in (
        remark(reason="inactive-condition", code=said.code),
        remark(reason=said.reason, code=said.code, at=datetime(2026, 11, 23, tzinfo=UTC)),
        remark(reason=said.reason, code=said.code, author=Author(npi="1098765432")),
    ):
        assert shown(there, [other]) == frozenset()


def test_a_remark_with_a_part_missing_is_shown_but_not_whole() -> None:
    there: dict[str, Any] = ra_report("g1")
    kept = extension_of(remark())
    kept["extension"] = kept["extension"][-1:]
    there["group"][0]["extension"].append(kept)
    assert shown(there, [remark()]) == {"a1"}
    assert shown(there, [remark()], whole=True) == frozenset()


def test_a_group_is_named_as_it_was_read_and_never_guessed() -> None:
    linked = {"extension": [{"url": "http://hl7.org/fhir/5.0/StructureDefinition/extension-MeasureReport.group.linkId",
                             "valueString": "g1"}]}  # fmt: skip
    report: dict[str, Any] = {"id": "r1", "group": [linked]}
    assert put_in(report, [remark()])[1] == ()
    odd: list[Any] = [[linked, {"id": "g1"}], [{"id": "g2"}], [{}], "odd", None, [{"id": "g1", "extension": "odd"}]]
    for groups in odd:
        assert put_in({"id": "r1", "group": groups}, [remark()])[1] == (remark(),)


def test_a_fingerprint_is_of_what_is_shown() -> None:
    report = ra_report("g1")
    assert fingerprint(report) == fingerprint({**report, "meta": {"versionId": "9"}})
    assert fingerprint(report) != fingerprint({**report, "date": "2026-11-03"})


# --- against the guide's own example ----------------------------------------------------------------------------------

EXAMPLES = Path(__file__).resolve().parents[3] / "shared" / "examples"
REMARKED = EXAMPLES / "ra-3.0.0-ballot" / "MeasureReport-ra-measurereport01-with-remark.json"


@pytest.mark.skipif(not REMARKED.exists(), reason="the guides' examples are not beside this checkout")
def test_the_guides_own_remark_has_the_form_of_ours() -> None:
    text = REMARKED.read_bytes()
    report = parse(text)
    (theirs,) = [each for each in report["group"][2]["extension"] if each["url"] == RA_REMARK]
    ours = extension_of(remark(text=("x",), related=("http://example.org/fhir/myclaimno|CLM23333",)))
    assert {(part["url"], *sorted(part)) for part in theirs["extension"]} <= {
        (part["url"], *sorted(part)) for part in ours["extension"]
    }
    after, lost = put_in(report, [remark("a1", "group-003"), remark("a2", "group-9")])
    assert [each.id for each in lost] == ["a2"]
    assert after["group"][2]["extension"].pop()["id"] == "chartside-a1"
    assert json.loads(written(after)) == json.loads(text)
    (code,) = [p for p in theirs["extension"] if p["url"] == "code"]
    assert code["valueCodeableConcept"]["coding"][0]["code"] in CODES[Family.RA]
