"""The sandbox EHR's FHIR server: tokens, scopes, searches, pages."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_config.ehr import scopes
from sandbox_config.ehr.parameters import TYPES
from sandbox_config.ehr.search import BadSearch, matcher, span
from sandbox_config.ehr.tenants import TENANTS
from tests.sandbox.ehr_client import BASE, Clock, Visitor, came_back, new_ehr, resources, stories

ZONE = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def visitor() -> Visitor:
    """One EHR for all: reading changes nothing. Tests that move the clock make their own."""
    clock = Clock()
    return Visitor(new_ehr(clock), clock)


@pytest.fixture(scope="module")
def token(visitor: Visitor) -> str:
    return str(visitor.tokens()["access_token"])


def with_scope(visitor: Visitor, scope: str, **options: str) -> str:
    code = came_back(visitor.authorize(visitor.mint(**options), scope=f"launch {scope}"))["code"]
    return str(visitor.exchange(code).json["access_token"])


def test_nobody_reads_without_a_live_token_of_this_tenant() -> None:
    clock = Clock()
    visitor = Visitor(new_ehr(clock), clock)
    token = visitor.tokens()["access_token"]
    for tried in ("", "made-up"):
        answer = visitor.get("Patient/p-1001", tried)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.json["resourceType"] == "OperationOutcome"
    other = visitor.http.get("/second/fhir/Patient/p-1001", headers={"Authorization": f"Bearer {token}"})
    assert other.status_code == 401
    clock.advance(3601)
    assert visitor.get("Patient/p-1001", token).status_code == 401


def test_the_chart_can_be_read_type_by_type_and_whole(visitor: Visitor, token: str) -> None:
    chart = stories()["one-open-gap"].chart
    for resource_type in sorted({resource["resourceType"] for resource in chart} - {"Patient"}):
        bundle = visitor.get(resource_type, token, patient="p-1001", _count=200).json
        expected = {resource["id"] for resource in chart if resource["resourceType"] == resource_type}
        assert {resource["id"] for resource in resources(bundle)} == expected, resource_type
        assert bundle["total"] == len(expected)


def test_every_declared_parameter_is_understood(visitor: Visitor) -> None:
    token = with_scope(visitor, "user/*.rs")
    for resource in visitor.get("metadata").json["rest"][0]["resource"]:
        for param in resource["searchParam"]:
            value = "ge2020-01-01" if param["type"] == "date" else "x"
            answer = visitor.get(resource["type"], token, **{param["name"]: value})
            assert answer.status_code == 200, (resource["type"], param)
        for include in resource["searchInclude"]:
            assert visitor.get(resource["type"], token, _include=include).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"nonsense": "1"},
        {"code:not": "x"},
        {"date": "yesterday"},
        {"date": "2026-13-01"},
        {"date": "ap2026"},
        {"code": ""},
        {"_count": "many"},
        {"_page": "0"},
        {"_include": "Observation:nonsense"},
        {"_sort": "code"},
        {"_format": "xml"},
    ],
    ids=str,
)
def test_a_search_that_is_not_understood_is_refused_not_ignored(
    visitor: Visitor, token: str, query: dict[str, str]
) -> None:
    answer = visitor.get("Observation", token, patient="p-1001", **query)
    assert answer.status_code == 400
    assert answer.json["issue"][0]["severity"] == "error"


def test_codes_match_with_and_without_their_system(visitor: Visitor, token: str) -> None:
    def found(code: str) -> int:
        return int(visitor.get("Observation", token, patient="p-1001", code=code).json["total"])

    assert found("4548-4") == found("http://loinc.org|4548-4") == found("http://loinc.org|4548-4,1234-5") > 0
    assert found("http://snomed.info/sct|4548-4") == 0
    assert found("http://loinc.org|") > found("4548-4")


def test_pages_follow_next_until_every_result_was_seen_once() -> None:
    clock = Clock()
    visitor = Visitor(new_ehr(clock), clock, "smallpages")
    token = visitor.tokens()["access_token"]
    page = visitor.get("Observation", token, patient="p-1001").json
    total, seen, pages = page["total"], [r["id"] for r in resources(page)], 1
    assert len(seen) == 5
    while links := [link["url"] for link in page["link"] if link["relation"] == "next"]:
        assert links[0].startswith(f"{BASE}/smallpages/fhir/Observation?")
        page = visitor.get(links[0], token).json
        seen += [r["id"] for r in resources(page)]
        pages += 1
    assert len(seen) == len(set(seen)) == total
    assert pages == -(-total // 5)


def test_results_can_be_sorted_by_date(visitor: Visitor, token: str) -> None:
    def dates(order: str) -> list[str]:
        bundle = visitor.get("Observation", token, patient="p-1001", code="4548-4", _sort=order).json
        return [r["effectiveDateTime"] for r in resources(bundle)]

    assert dates("date") == sorted(dates("date"))
    assert dates("-date") == sorted(dates("date"), reverse=True)


def test_the_day_of_a_practitioner_with_its_patients(visitor: Visitor) -> None:
    token = with_scope(visitor, "user/Appointment.rs user/Patient.rs")
    answer = visitor.http.get(
        "/main/fhir/Appointment?date=ge2026-11-23T00:00:00-05:00&date=lt2026-11-24T00:00:00-05:00"
        "&actor=Practitioner/staff-dr&_include=Appointment:patient&_count=50",
        headers={"Authorization": f"Bearer {token}", "Accept": "application/fhir+json"},
    )
    assert {r["id"] for r in resources(answer.json)} == {"p-1001-appt", "p-1002-appt"}
    assert {r["id"] for r in resources(answer.json, "include")} == {"p-1001", "p-1002"}
    narrow = with_scope(visitor, "user/Appointment.rs")
    for include in ("Appointment:patient", "Appointment:actor"):
        bundle = visitor.get("Appointment", narrow, actor="staff-dr", _include=include).json
        assert resources(bundle, "include") == [], "an include is no way around the scopes"


def test_a_search_may_be_posted(visitor: Visitor, token: str) -> None:
    answer = visitor.http.post(
        "/main/fhir/Condition/_search", data={"patient": "p-1001"}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.json["total"] > 0


def test_other_languages_than_json_and_other_types_are_refused(visitor: Visitor, token: str) -> None:
    xml = {"Authorization": f"Bearer {token}", "Accept": "application/fhir+xml"}
    assert visitor.http.get("/main/fhir/Patient/p-1001", headers=xml).status_code == 406
    assert visitor.get("CarePlan", token, patient="p-1001").status_code == 404
    assert visitor.get("Condition/none-such", token).status_code == 404


# --- scopes -----------------------------------------------------------------------------------------------------------


def test_a_patient_scope_is_confined_to_the_launch_patient(visitor: Visitor, token: str) -> None:
    assert visitor.get("Patient/p-1002", token).status_code == 403
    assert visitor.get("Condition", token, patient="p-1002").status_code == 403
    assert visitor.get("Condition", token, patient="Patient/p-1002").status_code == 403
    assert visitor.get("Condition", token, patient="p-1001,p-1002").status_code == 403
    mine = visitor.get("Condition", token, _count=200).json
    assert {r["subject"]["reference"] for r in resources(mine)} == {"Patient/p-1001"}
    assert [r["id"] for r in resources(visitor.get("Patient", token).json)] == ["p-1001"]


def test_a_user_scope_is_not_confined(visitor: Visitor) -> None:
    token = with_scope(visitor, "user/Patient.rs")
    assert visitor.get("Patient/p-1002", token).status_code == 200
    assert visitor.get("Patient", token).json["total"] == 2


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        ("patient/Condition.rs", "Condition", 200),
        ("patient/Condition.r", "Condition", 403),
        ("patient/Condition.s", "Condition", 200),
        ("patient/Condition.s", "Patient/p-1001", 403),
        ("patient/Patient.r", "Patient/p-1001", 200),
        ("patient/Patient.s", "Patient/p-1001", 403),
        ("patient/Patient.read", "Patient/p-1001", 200),
        ("patient/Patient.write openid", "Patient/p-1001", 403),
        ("patient/*.rs", "Practitioner/staff-dr", 403),
        ("patient/Practitioner.rs", "Practitioner/staff-dr", 200),
        ("user/Practitioner.rs", "Practitioner/staff-dr", 200),
        ("user/Practitioner.rs", "PractitionerRole", 403),
        ("user/*.rs", "PractitionerRole", 200),
    ],
)
def test_scopes_reach_so_far_and_no_further(visitor: Visitor, scope: str, path: str, status: int) -> None:
    assert visitor.get(path, with_scope(visitor, scope)).status_code == status


def test_a_patient_scope_without_a_patient_reaches_nothing(visitor: Visitor) -> None:
    token = with_scope(visitor, "patient/*.rs", patient="none")
    assert visitor.get("Condition", token).status_code == 403


@given(st.sampled_from(TYPES), st.sampled_from(TYPES), st.sampled_from(["patient", "user"]), st.sampled_from("rs"))
def test_one_types_scope_never_reaches_another(granted: str, asked: str, level: str, verb: str) -> None:
    given_scopes = scopes.grant([f"{level}/{granted}.{verb}"], TENANTS["main"])
    reached = scopes.reach(given_scopes, asked, verb)
    assert bool(reached) == (granted == asked)
    assert not scopes.reach(given_scopes, asked, "s" if verb == "r" else "r")


# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on_file", "query", "found"),
    [
        ("2026-03-10", "2026-03-10", True),
        ("2026-03-10", "2026-03", True),
        ("2026-03", "2026-03-10", False),
        ("2026-03-10", "ge2026-03-10", True),
        ("2026-03-10", "gt2026-03-10", False),
        ("2026-03-10", "lt2026-03-10", False),
        ("2026-03-10", "le2026-03-10", True),
        ("2026-03-10", "ge2015", True),
        ("2026-03-10", "lt2026", False),
        ("2026-03", "ge2026-03-20", True),
        ("2026-03-10T23:30:00-04:00", "2026-03-10", True),
        ("2026-03-11T03:30:00Z", "2026-03-10", True),
        ("2026-03-10T09:00:00-04:00", "lt2026-03-10T13:00:00Z", False),
        ("2026-03-10T08:59:00-04:00", "lt2026-03-10T13:00:00Z", True),
        ("2026-03-10", "sa2026-03-09", True),
        ("2026-03-10", "eb2026-03-10", False),
        ("2026-03-10", "ne2026-03-11", True),
        ("not a date", "ge2015", False),
    ],
)
def test_dates_of_any_precision_are_spans(on_file: str, query: str, found: bool) -> None:
    resource = {"resourceType": "Observation", "effectiveDateTime": on_file}
    assert matcher("Observation", [("date", query)], ZONE)(resource) is found


def test_an_open_period_reaches_as_far_as_it_may() -> None:
    visit = {"resourceType": "Encounter", "period": {"start": "2026-03-10T09:00:00-04:00"}}
    assert matcher("Encounter", [("date", "ge2030")], ZONE)(visit)
    assert not matcher("Encounter", [("date", "lt2026-03-10")], ZONE)(visit)
    assert not matcher("Encounter", [("date", "ge2015")], ZONE)({"resourceType": "Encounter"})


@given(st.dates(date(1900, 1, 2), date(2100, 1, 1)))
def test_a_day_lies_in_its_month_and_its_year(day: date) -> None:
    start, end = span(day.isoformat(), ZONE)
    for wider in (day.isoformat()[:7], day.isoformat()[:4]):
        low, high = span(wider, ZONE)
        assert low <= start < end <= high


def test_what_is_not_a_date_is_refused() -> None:
    with pytest.raises(BadSearch):
        span("2026-02-30", ZONE)
