"""The schedule at the sandbox EHR: a launch without a patient, how tenants list a day, walk-ins, backend services."""

from __future__ import annotations

import json
import secrets
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from werkzeug.test import TestResponse

from sandbox_config import worklist
from sandbox_config.ehr import create_ehr
from sandbox_config.ehr.tenants import TENANTS
from sandbox_config.scenario import COMMON, load_all
from tests.sandbox.ehr_client import (
    APP,
    BASE,
    Clock,
    Visitor,
    assertion_form,
    came_back,
    client_jwks,
    client_key,
    resources,
)

DAY = date(2026, 11, 23)
SCOPE = "launch openid fhirUser user/Appointment.rs user/Patient.rs"
DR = "Practitioner/staff-dr"
BOUNDS = ("ge2026-11-23T00:00:00-05:00", "lt2026-11-24T00:00:00-05:00")


@cache
def ehr() -> Any:
    clock = Clock()
    made = create_ehr(load_all(DAY), base_url=BASE, app_url=APP, clock=clock, fetch_json=client_jwks)
    return made, clock


def at(tenant: str = "main") -> Visitor:
    made, clock = ehr()
    return Visitor(made, clock, tenant)


def signed_in(visitor: Visitor, **options: str) -> dict[str, Any]:
    """The token response of a launch without a patient."""
    launch = visitor.mint("", patient="none", **options)
    code = came_back(visitor.authorize(launch, scope=SCOPE))["code"]
    return dict(visitor.exchange(code).json)


def search(visitor: Visitor, *query: tuple[str, str]) -> TestResponse:
    token = signed_in(visitor)["access_token"]
    return visitor.http.get(
        f"{visitor.root}/fhir/Appointment?{urlencode(query)}", headers={"Authorization": f"Bearer {token}"}
    )


def day(**whose: str) -> list[tuple[str, str]]:
    return [*whose.items(), *(("date", bound) for bound in BOUNDS), ("_count", "100")]


def shown(answer: TestResponse) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [r for r in resources(answer.json) if r["status"] in ("booked", "arrived", "checked-in")]


# --- the day ----------------------------------------------------------------------------------------------------------


def test_a_launch_without_a_patient_says_what_it_is_for() -> None:
    told = signed_in(at(), intent="schedule", appointment="p-1001-appt", user="ma")
    assert "patient" not in told
    assert "encounter" not in told
    assert told["intent"] == "schedule"
    assert told["fhirContext"] == [{"reference": "Appointment/p-1001-appt"}]


def test_the_morning_page_opens_the_app_over_the_whole_width_without_a_patient() -> None:
    made, _ = ehr()
    text = made.test_client().get("/main/morning?user=ma").text
    assert "patient=none" in text
    assert "intent=schedule" in text
    assert "user=ma" in text


def test_the_day_of_the_physician_has_twenty_rows_and_all_that_a_morning_can_hold() -> None:
    rows = shown(search(at(), *day(actor=DR)))
    patients = [p["actor"]["reference"] for r in rows for p in r["participant"] if "Patient/" in str(p["actor"])]
    assert len(patients) == len(set(patients)) == 20
    starts = [row["start"] for row in rows]
    assert starts == sorted(starts)
    assert len(starts) > len(set(starts)), "a double booking"
    assert any(sum("Patient/" in str(p["actor"]) for p in row["participant"]) == 2 for row in rows), "a group visit"
    said = json.dumps(rows)
    for words in ("Video visit", "Telephone visit", "New patient", "translator"):
        assert words in said
    everything = {r["status"] for r in resources(search(at(), *day(actor=DR)).json)}
    assert everything >= {"cancelled", "noshow", "entered-in-error", "fulfilled"}


def test_other_providers_have_smaller_days_at_two_places_and_around_midnight() -> None:
    for who in ("np", "dr2", "9"):
        assert 2 <= len(shown(search(at(), *day(actor=f"Practitioner/staff-{who}")))) < 20
    late = shown(search(at(), *day(actor="Practitioner/staff-dr2")))
    assert any(row["start"] == "2026-11-23T23:45:00-05:00" for row in late)
    assert {p["actor"]["reference"] for row in late for p in row["participant"] if "Location/" in str(p["actor"])} == {
        "Location/mill-pond"
    }
    night = search(
        at(), ("actor", "Practitioner/staff-dr2"), ("date", "ge2026-11-24T00:00:00-05:00"),
        ("date", "lt2026-11-25T00:00:00-05:00"),
    )  # fmt: skip
    assert [row["start"] for row in shown(night)] == ["2026-11-24T00:15:00-05:00"]


def test_a_walk_in_stands_there_only_after_its_switch() -> None:
    clock = Clock()
    own = create_ehr(load_all(DAY), base_url=BASE, app_url=APP, clock=clock)
    visitor = Visitor(own, clock)
    before = shown(search(visitor, *day(actor=DR)))
    visitor.http.post("/_faults", json={"add": ["walk-in"]})
    after = shown(search(visitor, *day(actor=DR)))
    (added,) = [row for row in after if row not in before]
    assert added["appointmentType"]["coding"][0]["code"] == "WALKIN"


def test_a_group_visit_is_seen_from_each_patients_side() -> None:
    for patient in ("p-1073", "p-1074"):
        found = resources(search(at("worklist"), ("patient", patient)).json)
        assert [row["id"] for row in found] == ["group-1073"]


# --- how tenants list -------------------------------------------------------------------------------------------------


def declared(tenant: str) -> dict[str, Any]:
    made, _ = ehr()
    rest = made.test_client().get(f"/{tenant}/fhir/metadata").json["rest"][0]
    return {each["type"]: each for each in rest["resource"]}


@pytest.mark.parametrize(
    ("tenant", "has", "lacks"),
    [
        ("main", {"actor", "practitioner", "location", "patient", "date"}, set()),
        ("typed", {"actor", "practitioner", "date"}, set()),
        ("oneof", {"practitioner", "location", "patient", "date"}, {"actor"}),
        ("bylocation", {"location", "patient", "date"}, {"actor", "practitioner"}),
        ("undeclared", {"patient", "date"}, {"actor", "practitioner", "location"}),
        ("booked", {"patient", "_id"}, {"actor", "practitioner", "location"}),
        ("worklist", {"patient", "_id"}, {"actor", "practitioner", "location"}),
    ],
)
def test_the_capability_statement_tells_the_truth(tenant: str, has: set[str], lacks: set[str]) -> None:
    names = {param["name"] for param in declared(tenant)["Appointment"]["searchParam"]}
    assert has <= names
    assert not lacks & names


def test_one_tenant_has_no_appointments_at_all() -> None:
    assert "Appointment" not in declared("noschedule")
    assert search(at("noschedule"), *day(actor=DR)).status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (day(practitioner="staff-dr"), 200),
        (day(location="mill-pond"), 200),
        (day(practitioner=DR), 400),
        (day(actor=DR), 400),
        (day(practitioner="staff-dr", location="mill-pond"), 400),
        ([("practitioner", "staff-dr")], 400),
        ([("practitioner", "staff-dr"), ("date", "ge2026-11-23"), ("date", "lt2026-11-24")], 400),
        ([("practitioner", "staff-dr"), ("date", BOUNDS[0])], 400),
        ([*day(practitioner="staff-dr"), ("_include", "Appointment:patient")], 400),
        ([("_id", "p-1001-appt")], 200),
    ],
)
def test_exactly_one_of_three_and_both_bounds_with_time_and_offset(query: list[tuple[str, str]], status: int) -> None:
    answer = search(at("oneof"), *query)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert shown(answer)


def test_a_tenant_that_lists_by_location_takes_nothing_else() -> None:
    assert search(at("bylocation"), *day(practitioner="staff-dr")).status_code == 400
    assert search(at("bylocation"), *day()).status_code == 400
    assert shown(search(at("bylocation"), *day(location="Location/mill-pond")))


def test_what_is_not_declared_is_answered_with_nothing() -> None:
    answer = search(at("undeclared"), *day(practitioner="staff-dr"))
    assert (answer.status_code, answer.json["total"]) == (200, 0)
    assert shown(search(at("undeclared"), *day(patient="p-1001")))


@pytest.mark.parametrize("tenant", ["booked", "worklist"])
def test_a_search_across_patients_is_refused(tenant: str) -> None:
    assert search(at(tenant), *day()).status_code == 400
    assert search(at(tenant), *day(actor=DR)).status_code == 400
    assert shown(search(at(tenant), *day(patient="p-1001")))


def test_bare_ids_and_whole_days_match_nothing_where_a_tenant_compares_strictly() -> None:
    assert shown(search(at("typed"), *day(actor=DR)))
    assert not shown(search(at("typed"), *day(actor="staff-dr")))
    assert not shown(search(at("typed"), ("actor", DR), ("date", "2026-11-23")))
    assert "total" not in search(at("typed"), *day(actor=DR)).json


def test_the_list_of_booked_appointments_has_its_own_form() -> None:
    visitor = at("booked")
    token = signed_in(visitor, user="9")["access_token"]

    def ask(path: str = "/v1/195900/appointments/booked", bearer: str = token, **query: str) -> TestResponse:
        asked = {"departmentid": "1", "startdate": "11/23/2026", "enddate": "11/23/2026", "providerid": "9"} | query
        return visitor.http.get(path, query_string=asked, headers={"Authorization": f"Bearer {bearer}"})

    rows = ask().json["appointments"]
    assert rows
    assert {row["providerid"] for row in rows} == {"9"}
    assert all(row["date"] == "11/23/2026" and row["patientid"].isdecimal() for row in rows)
    assert ask(departmentid="7").status_code == 400
    assert ask(startdate="2026-11-23").status_code == 400
    assert ask(bearer="made-up").status_code == 401
    assert ask(bearer=signed_in(at("main"))["access_token"]).status_code == 401


def test_the_worklist_file_has_a_line_for_each_visit_and_no_walk_in(tmp_path: Any) -> None:
    stories = load_all(DAY)
    worklist.write(tmp_path / "new" / "list.csv", stories.values())
    header, *lines = (tmp_path / "new" / "list.csv").read_text(encoding="utf-8").splitlines()
    assert header == "date,time,patient,provider,reason,type,status"
    assert any(line.startswith("2026-11-23,08:00,p-1001,staff-dr,") for line in lines)
    assert sum(",p-1073," in line or ",p-1074," in line for line in lines) == 2
    assert not any(",p-1081," in line for line in lines)


def test_what_the_app_asked_for_is_counted() -> None:
    visitor = at()
    visitor.http.delete("/_calls")
    search(visitor, *day(actor=DR))
    told = visitor.http.get("/_calls").json
    assert told["paths"]["GET /main/fhir/Appointment"] == 1
    assert told["paths"]["POST /main/auth/token"] == 1


# --- backend services -------------------------------------------------------------------------------------------------


def system_assertion(alg: str = "ES384", header: dict[str, Any] | None = None, **claims: Any) -> str:
    _, clock = ehr()
    body = {
        "iss": "chartside-system",
        "sub": "chartside-system",
        "aud": f"{BASE}/main/auth/token",
        "exp": int(clock().timestamp()) + 240,
        "jti": secrets.token_hex(8),
    } | claims
    fields = {"alg": alg, "typ": "JWT", "kid": f"client-{alg}"} | (header or {})
    return jwt.encode(fields, body, client_key(alg), algorithms=["RS384", "ES384"], default_type=None)


def system_token(assertion: str = "", tenant: str = "main", scope: str = "system/*.rs", **form: str) -> TestResponse:
    proof = assertion_form(assertion or system_assertion())
    asked = {"grant_type": "client_credentials", "scope": scope, **proof, **form}
    return at(tenant).http.post(f"/{tenant}/auth/token", data=asked)


@pytest.mark.parametrize("alg", ["ES384", "RS384"])
def test_the_app_itself_reads_many_charts_for_five_minutes(alg: str) -> None:
    told = system_token(system_assertion(alg), scope="system/Appointment.rs system/Coverage.rs user/Patient.rs").json
    assert told["expires_in"] == 300
    assert told["scope"] == "system/Appointment.rs system/Coverage.rs"
    assert "refresh_token" not in told
    visitor = at()
    for patient in ("p-1001", "p-1002"):
        assert visitor.get("Coverage", told["access_token"], patient=patient).json["total"] >= 1
    assert visitor.get("Condition", told["access_token"], patient="p-1001").status_code == 403


def test_a_proof_works_once() -> None:
    once = system_assertion()
    assert system_token(once).status_code == 200
    assert system_token(once).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [{"iss": "chartside", "sub": "chartside"}, {"aud": f"{BASE}/second/auth/token"}, {"exp": 1}, {"jti": ""}],
)
def test_a_proof_that_is_wrong_is_refused(claims: dict[str, Any]) -> None:
    assert system_token(system_assertion(**claims)).status_code == 401


def test_a_proof_that_lives_too_long_is_refused() -> None:
    _, clock = ehr()
    assert system_token(system_assertion(exp=int(clock().timestamp()) + 3600)).status_code == 401


def test_a_system_gets_no_scope_of_a_user_and_a_user_none_of_a_system() -> None:
    assert system_token(scope="user/*.rs patient/*.rs").json["error"] == "invalid_scope"
    code = came_back(at().authorize(at().mint("one-open-gap"), scope="launch system/*.rs openid"))["code"]
    assert "system" not in at().exchange(code).json["scope"]


def test_a_tenant_without_backend_services_says_and_gives_none() -> None:
    made, _ = ehr()
    said = {
        name: made.test_client().get(f"/{name}/fhir/.well-known/smart-configuration").json
        for name in ("main", "second")
    }
    assert "client_credentials" in said["main"]["grant_types_supported"]
    assert "client_credentials" not in said["second"]["grant_types_supported"]
    assert system_token(system_assertion(aud=f"{BASE}/second/auth/token"), "second").status_code == 401


def test_every_provider_is_known_by_a_reference_and_an_npi() -> None:
    assert {"dr", "np", "dr2", "dr3", "9"} == set(COMMON.providers)
    assert all(len(person.practitioner["identifier"]) == 2 for person in COMMON.providers.values())
    assert {"oneof", "bylocation", "undeclared", "noschedule", "booked", "worklist", "typed"} <= set(TENANTS)
