"""A provider's day from EHRs that each want to be asked otherwise. Only the wire is replaced."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sources_clinic import (
    ASK,
    DAY,
    DR,
    FULL,
    TODAY,
    Entry,
    Today,
    appointment,
    asked,
    declares,
    ehr,
    encounter,
    medplum,
    oracle,
    person,
    refused,
)
from sources_wire import Call, Reply, Wire, bundle, connections

from app.core.answers import Known, Reason, Unknown
from app.core.schedule.appointment import Appointment, DayAsk, Plan, Schedule
from app.core.schedule.entry import ScheduleEntry
from app.sources.ehr import Ehr
from app.sources.ehr.schedule.choosing import choices
from app.sources.fhir.offers import offers

ORACLE = declares(Appointment="_id patient practitioner location date")
OPENEMR = declares(Appointment="patient date _lastUpdated")
NEXTGEN = declares(Patient="_id identifier", Encounter="patient date")
BY_PLACE = declares(Appointment="location date")
ANN = {"resourceType": "Patient", "id": "1", "name": [{"family": "Öz", "given": ["Ana"]}], "birthDate": "1957-01-01"}


def day(found: Any) -> Schedule:
    assert isinstance(found, Known), found
    value: Schedule = found.value
    return value


def reason(found: Any) -> Reason:
    assert isinstance(found, Unknown), found
    return found.reason


def refs(found: Any) -> list[str]:
    return [each.ref for each in day(found).appointments]


# --- A: the portable question -----------------------------------------------------------------------------------------


def test_the_portable_question_has_two_instants_a_typed_reference_and_the_patients() -> None:
    page = bundle(appointment("1"))
    page["entry"].append({"resource": ANN, "search": {"mode": "include"}})
    page["entry"].append({"resource": ANN | {"id": "stranger"}, "search": {"mode": "include"}})
    adapter, wire = ehr(lambda call: page)
    found = adapter.schedule(ASK)
    assert asked(wire) == [[*DAY, ("actor", DR), ("_include", "Appointment:patient"), ("_count", "50")]]
    assert (day(found).plan, refs(found)) == (Plan.PORTABLE, ["Appointment/1"])
    assert [each.id for each in day(found).patients] == ["1"]
    assert isinstance(found, Known)
    assert found.incomplete == ()


@pytest.mark.parametrize(
    ("of", "first", "after"),
    [
        (date(2026, 3, 8), "2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00"),  # 23 hours
        (date(2026, 11, 1), "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"),  # 25 hours
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(of: date, first: str, after: str) -> None:
    adapter, wire = ehr(lambda call: bundle())
    adapter.schedule(DayAsk.of(DR, of))
    assert asked(wire)[0][:2] == [("date", f"ge{first}"), ("date", f"lt{after}")]


def test_several_days_are_one_question() -> None:
    week = [appointment(str(n), f"2026-11-{23 + n}T09:00:00-05:00") for n in range(7)]
    adapter, wire = ehr(lambda call: bundle(*week))
    found = adapter.schedule(DayAsk(DR, TODAY, TODAY + timedelta(days=5)))
    assert asked(wire)[0][:2] == [DAY[0], ("date", "lt2026-11-29T00:00:00-05:00")]
    assert len(asked(wire)) == 1
    assert refs(found) == [f"Appointment/{n}" for n in range(6)]


def test_the_pages_are_followed_on_the_same_server_only() -> None:
    def host(call: Call) -> Any:
        if call.get("page") == ["2"]:
            return bundle(appointment("2"), next_url="https://elsewhere.example/fhir")
        return bundle(appointment("1"), next_url="https://ehr.example/fhir/Appointment?page=2")

    adapter, wire = ehr(host)
    found = adapter.schedule(ASK)
    assert refs(found) == ["Appointment/1", "Appointment/2"]
    assert isinstance(found, Known)
    assert found.incomplete == ("Appointment: not all of it was read: a link leads to another server",)
    assert {call.host for call in wire.calls} == {"ehr.example"}


def test_a_server_that_wants_a_typed_reference_gets_one_and_an_empty_day_is_empty() -> None:
    adapter, wire = ehr(medplum(appointment("1")))
    assert refs(adapter.schedule(ASK)) == ["Appointment/1"]
    empty, wire = ehr(medplum())
    assert refs(empty.schedule(ASK)) == []
    assert [dict(each)["actor"] for each in asked(wire)] == [DR, "dr"]


def test_a_server_that_wants_a_bare_id_gets_one_and_is_asked_so_from_then_on() -> None:
    adapter, wire = ehr(lambda call: bundle(appointment("1")) if call.get("actor") == ["dr"] else bundle())
    assert refs(adapter.schedule(ASK)) == ["Appointment/1"]
    assert refs(adapter.schedule(ASK)) == ["Appointment/1"]
    assert [dict(each)["actor"] for each in asked(wire)] == [DR, "dr", "dr"]
    assert len(wire.asked("/metadata")) == 1


def test_what_worked_before_is_believed_when_it_finds_nothing() -> None:
    days = [bundle(appointment("1")), bundle()]
    adapter, wire = ehr(lambda call: days.pop(0))
    assert refs(adapter.schedule(ASK)) == ["Appointment/1"]
    assert refs(adapter.schedule(ASK)) == []
    assert len(asked(wire)) == 2


def test_an_include_that_is_refused_is_left_out() -> None:
    only_actor = declares(Appointment="actor date")
    adapter, wire = ehr(lambda call: refused(call) if call.get("_include") else bundle(appointment("1")), only_actor)
    assert refs(adapter.schedule(ASK)) == ["Appointment/1"]
    assert asked(wire)[-1] == [*DAY, ("actor", DR), ("_count", "50")]


def test_what_a_server_sends_beside_the_question_is_left_out_here() -> None:
    others = [
        appointment("tomorrow", "2026-11-24T09:00:00-05:00"),
        appointment("theirs", participant=[person("Patient/9"), person("Practitioner/else")]),
        appointment("early", "2026-11-23T04:59:00Z"),
    ]
    adapter, _ = ehr(lambda call: bundle(appointment("1"), *others))
    assert refs(adapter.schedule(ASK)) == ["Appointment/1"]


def test_what_cannot_be_used_is_counted() -> None:
    odd = [
        appointment("2", "2026-11-23T09:00:00"),
        appointment("3", "2026-11-23T10:00:00"),
        appointment("4", status="maybe"),
        appointment("5", modifierExtension=[{"url": "https://vendor.example/shadow", "valueBoolean": True}]),
        {"resourceType": "Appointment", "id": "7", "status": "waitlist"},
        "not a resource",
    ]
    adapter, _ = ehr(lambda call: bundle(appointment("1"), *odd))
    found = adapter.schedule(ASK)
    assert refs(found) == ["Appointment/1"]
    assert isinstance(found, Known)
    assert set(found.incomplete) == {
        "2 Appointment: a start without a time zone",
        "1 Appointment: a status that FHIR does not have",
        "1 Appointment: a modifier that we do not know",
        "1 resource: stands among the Appointment entries",
    }


NAMELESS = {"actor": {"type": "Practitioner", "identifier": {"value": "1234567893"}, "display": "Dr. Moss"}}


def test_appointments_that_do_not_say_whom_they_are_with_are_no_empty_day() -> None:
    nobodys = appointment("2", participant=[person("Patient/2"), NAMELESS])
    found = ehr(lambda call: bundle(appointment("1"), nobodys))[0].schedule(ASK)
    assert refs(found) == ["Appointment/1"]
    assert isinstance(found, Known)
    assert found.incomplete == ("Appointment: 1 do not say whom they are with",)
    assert reason(ehr(lambda call: bundle(nobodys))[0].schedule(ASK)) is Reason.CANNOT_LIST
    blocked = appointment("3", participant=[NAMELESS])
    cancelled = nobodys | {"status": "cancelled"}
    assert refs(ehr(lambda call: bundle(blocked, cancelled))[0].schedule(ASK)) == []


FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


@pytest.mark.parametrize(
    "sent", [[appointment("1", "2026-11-23T09:00:00")], [appointment("1", status="maybe")], [FAILED], ["nothing"]]
)
def test_an_answer_of_which_nothing_can_be_used_is_no_empty_day(sent: list[Any]) -> None:
    assert reason(ehr(lambda call: bundle(*sent))[0].schedule(ASK)) is Reason.NOT_READABLE


# --- B: exactly one of three ------------------------------------------------------------------------------------------


def test_oracle_is_asked_for_the_practitioner_alone_without_the_type_where_that_is_rejected() -> None:
    adapter, wire = ehr(oracle(appointment("1")), ORACLE)
    found = adapter.schedule(ASK)
    assert (day(found).plan, refs(found)) == (Plan.PRACTITIONER, ["Appointment/1"])
    assert asked(wire) == [[*DAY, ("practitioner", DR)], [*DAY, ("practitioner", "dr")]]
    adapter.schedule(ASK)
    assert asked(wire)[-1] == [*DAY, ("practitioner", "dr")]


def test_a_server_that_declares_more_than_it_takes_is_asked_for_less() -> None:
    adapter, _ = ehr(oracle(appointment("1")))  # it declares includes and actor
    assert day(adapter.schedule(ASK)).plan is Plan.PRACTITIONER


# --- C: by location ---------------------------------------------------------------------------------------------------


def test_locations_are_asked_one_by_one_and_other_peoples_visits_left_out() -> None:
    def host(call: Call) -> Any:
        (place,) = call.get("location")
        name = place.rpartition("/")[2]
        return bundle(appointment(name), appointment(f"{name}-else", participant=[person("Practitioner/else")]))

    adapter, wire = ehr(host, BY_PLACE, ScheduleEntry(locations=("Location/north", "south")))
    found = adapter.schedule(ASK)
    assert (day(found).plan, refs(found)) == (Plan.LOCATION, ["Appointment/north", "Appointment/south"])
    assert asked(wire) == [[*DAY, ("location", "Location/north")], [*DAY, ("location", "Location/south")]]


def test_a_location_that_does_not_answer_is_named_and_the_others_kept() -> None:
    schedule = ScheduleEntry(locations=("Location/north", "Location/south"))

    def host(call: Call) -> Any:
        return Reply(b"", 403) if "north" in call.url else bundle(appointment("1"))

    adapter, _ = ehr(host, BY_PLACE, schedule)
    found = adapter.schedule(ASK)
    assert refs(found) == ["Appointment/1"]
    assert isinstance(found, Known)
    assert found.incomplete == ("Appointment: not all of it was read: answered 403",)
    adapter, _ = ehr(lambda call: Reply(b"", 403), BY_PLACE, schedule)
    assert reason(adapter.schedule(ASK)) is Reason.NOT_ALLOWED


def test_locations_that_are_too_many_to_ask_are_said_to_be() -> None:
    places = tuple(f"Location/{n}" for n in range(23))
    adapter, wire = ehr(lambda call: bundle(), BY_PLACE, ScheduleEntry(locations=places))
    found = adapter.schedule(ASK)
    assert isinstance(found, Known)
    assert found.incomplete == ("Appointment: only 20 of 23 locations are asked",)
    assert len(asked(wire)) == 20


# --- who cannot list a schedule ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", [OPENEMR, NEXTGEN, BY_PLACE, declares(Appointment="practitioner")])
def test_an_ehr_that_cannot_list_a_schedule_is_never_an_empty_day(statement: Any) -> None:
    adapter, wire = ehr(lambda call: bundle(), statement)
    assert reason(adapter.schedule(ASK)) is Reason.CANNOT_LIST
    assert asked(wire) == []


@pytest.mark.parametrize("statement", [Reply(b"", 404), Reply(b"<html>", Content_Type="text/html"), declares()])
def test_without_a_statement_only_an_answer_with_appointments_is_believed(statement: Any) -> None:
    adapter, _ = ehr(lambda call: bundle(), statement)
    assert reason(adapter.schedule(ASK)) is Reason.CANNOT_LIST
    others = appointment("theirs", participant=[person("Patient/9"), person("Practitioner/else")])
    adapter, _ = ehr(lambda call: bundle(others), statement)
    assert reason(adapter.schedule(ASK)) is Reason.CANNOT_LIST
    adapter, _ = ehr(lambda call: bundle(appointment("1")), statement)
    assert refs(adapter.schedule(ASK)) == ["Appointment/1"]


def test_a_search_that_says_it_dropped_a_part_of_the_question_is_not_believed() -> None:
    empty = bundle()
    empty["link"] = [{"relation": "self", "url": "https://ehr.example/fhir/Appointment?date=ge2026-11-23&_count=50"}]
    adapter, _ = ehr(lambda call: empty)
    assert reason(adapter.schedule(ASK)) is Reason.CANNOT_LIST
    empty["link"][0]["url"] = "https://ehr.example/fhir?_getpages=7"
    assert refs(ehr(lambda call: empty)[0].schedule(ASK)) == []


@pytest.mark.parametrize(
    ("status", "why"), [(400, Reason.CANNOT_LIST), (405, Reason.CANNOT_LIST), (403, Reason.NOT_ALLOWED)]
)
def test_a_search_that_is_refused_in_every_form_says_why(status: int, why: Reason) -> None:
    adapter, _ = ehr(lambda call: Reply(b"", status))
    assert reason(adapter.schedule(ASK)) is why


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(b"", 503), Reason.DOWN),
        (Reply(b"", 429), Reason.BUSY),
        (Reply(b"", 401), Reason.SIGNED_OUT),
        (Reply(b"{", 200), Reason.NOT_READABLE),
    ],
)
def test_an_ehr_that_does_not_answer_now_is_that_and_no_other_plan_is_tried(reply: Reply, why: Reason) -> None:
    adapter, wire = ehr(lambda call: reply, schedule=ScheduleEntry(worklist="/nowhere.csv"))
    assert reason(adapter.schedule(ASK)) is why
    assert {dict(each)["actor"] for each in asked(wire)} == {DR}


def test_an_ehr_that_cannot_say_what_it_declares_now_is_down() -> None:
    adapter, _ = ehr(lambda call: bundle(appointment("1")), Reply(b"", 503))
    assert reason(adapter.schedule(ASK)) is Reason.DOWN


@pytest.mark.parametrize(
    ("granted", "may"),
    [
        ([], True),
        (["user/Appointment.rs"], True),
        (["system/*.rs"], True),
        (["user/Appointment.read", "patient/Patient.rs"], True),
        (["patient/Appointment.rs"], False),  # answers with the appointments of the patient in the chart
        (["patient/*.rs", "launch"], False),
        (["user/Patient.rs"], False),
    ],
)
def test_a_scope_of_one_patient_lists_no_schedule(granted: list[str], may: bool) -> None:
    adapter, wire = ehr(lambda call: bundle(appointment("1")), granted=granted)
    found = adapter.schedule(ASK)
    if may:
        assert refs(found) == ["Appointment/1"]
    else:
        assert reason(found) is Reason.NOT_ALLOWED
        assert asked(wire) == []


@pytest.mark.parametrize("provider", ["", "Practitioner/", "Practitioner/../Patient", "Practitioner/a&b=c"])
def test_a_provider_cannot_change_the_question(provider: str) -> None:
    adapter, wire = ehr(lambda call: bundle())
    assert reason(adapter.schedule(DayAsk.of(provider, TODAY))) is Reason.NOT_READABLE
    assert wire.calls == []


# --- F: what the launch names -----------------------------------------------------------------------------------------


def named(call: Call) -> Any:
    kind, _, name = call.path.removeprefix("/fhir/").partition("/")
    if kind == "Appointment" and name == "far":
        return appointment("far", "2026-11-30T09:00:00-05:00")
    if kind == "Appointment" and name == "nobody":
        return appointment("nobody", participant=[person("Patient/1")])
    return appointment(name) if kind == "Appointment" and name else encounter(name) if name else Reply(b"", 404)


@pytest.mark.parametrize(
    ("refs_of_launch", "expected"),
    [
        (("Appointment/1",), ["Appointment/1"]),
        (("Appointment/nobody",), ["Appointment/nobody"]),
        (("Encounter/e1",), ["Encounter/e1"]),
        (("Appointment/far",), None),
        (("Appointment/../metadata",), None),
        ((), None),
    ],
)
def test_an_ehr_that_can_list_nothing_shows_what_the_launch_names(refs_of_launch: Any, expected: Any) -> None:
    adapter, _ = ehr(named, OPENEMR)
    found = adapter.schedule(ASK, refs_of_launch)
    if expected is None:
        assert reason(found) is Reason.CANNOT_LIST
    else:
        assert (refs(found), day(found).plan) == (expected, Plan.LAUNCHED)


# --- walk-ins ---------------------------------------------------------------------------------------------------------

WITH_VISITS = declares(
    includes=["Appointment:patient"], Appointment="actor date", Encounter="patient practitioner date"
)


def clinic(visits: list[Any], *found: Any) -> Any:
    return lambda call: bundle(*visits) if call.path.endswith("/Encounter") else bundle(*found)


def test_who_came_without_an_appointment_is_in_the_day() -> None:
    visits = [
        encounter("came"),
        encounter("mine", appointment=[{"reference": "Appointment/1"}]),
        encounter("over", status="finished"),
        encounter("upstairs", **{"class": {"code": "IMP"}}),
        encounter("theirs", participant=[{"individual": {"reference": "Practitioner/else"}}]),
    ]
    adapter, wire = ehr(clinic(visits, appointment("1")), WITH_VISITS)
    found = day(adapter.schedule(ASK))
    booked, came = found.appointments
    assert (booked.ref, booked.encounter, booked.walk_in) == ("Appointment/1", "Encounter/mine", False)
    assert (came.ref, came.status, came.walk_in, came.encounter) == (
        "Encounter/came",
        "arrived",
        True,
        "Encounter/came",
    )
    assert asked(wire, "Encounter") == [[*DAY, ("practitioner", DR), ("_count", "50")]]


@pytest.mark.parametrize(
    ("statement", "granted", "of"),
    [
        (FULL, [], TODAY),  # Encounter is not declared so
        (WITH_VISITS, ["user/Appointment.rs"], TODAY),
        (WITH_VISITS, [], TODAY + timedelta(days=1)),
    ],
)
def test_walk_ins_are_looked_for_today_and_where_they_can_be(statement: Any, granted: list[str], of: date) -> None:
    adapter, wire = ehr(clinic([]), statement, granted=granted)
    assert refs(adapter.schedule(DayAsk.of(DR, of))) == []
    assert asked(wire, "Encounter") == []


@pytest.mark.parametrize(
    ("more", "comes"),
    [
        ({}, True),
        ({"type": [{"text": "Office Visit"}]}, True),
        ({"type": [{"text": "Virtual urgent care"}], "class": {"code": "VR"}}, True),
        ({"type": [{"text": "Medication refill visit"}]}, True),
        ({"type": [{"text": "Telephone"}], "class": {"code": "VR"}}, False),
        ({"type": [{"text": "Refill"}]}, False),
        ({"type": [{"text": "Orders Only"}]}, False),
        ({"type": [{"text": "Patient Message"}]}, False),
        ({"type": [{"text": "Documentation only"}]}, False),
    ],
)
def test_who_is_only_written_about_has_not_walked_in(more: Any, comes: bool) -> None:
    adapter, _ = ehr(clinic([encounter("e", **more)]), WITH_VISITS)
    assert refs(adapter.schedule(ASK)) == (["Encounter/e"] if comes else [])


def test_a_walk_in_is_with_a_role_that_is_looked_up_or_is_said_to_be_missing() -> None:
    visit = encounter("e", participant=[{"individual": {"reference": "PractitionerRole/r1"}}])

    def host(call: Call) -> Any:
        return bundle(ROLE) if "Role" in call.path else clinic([visit])(call)

    assert refs(ehr(host, WITH_VISITS)[0].schedule(ASK)) == ["Encounter/e"]
    found = ehr(clinic([encounter("e", participant=[])], appointment("1")), WITH_VISITS)[0].schedule(ASK)
    assert refs(found) == ["Appointment/1"]
    assert isinstance(found, Known)
    assert found.incomplete == ("walk-ins: Encounter: 1 do not say whom they are with",)


def test_walk_ins_that_cannot_be_looked_for_are_named() -> None:
    def host(call: Call) -> Any:
        return Reply(b"", 403) if call.path.endswith("/Encounter") else bundle(appointment("1"))

    found = ehr(host, WITH_VISITS)[0].schedule(ASK)
    assert refs(found) == ["Appointment/1"]
    assert isinstance(found, Known)
    assert found.incomplete == ("walk-ins: Encounter: not all of it was read: answered 403",)


# --- roles that stand for people --------------------------------------------------------------------------------------

ROLE = {"resourceType": "PractitionerRole", "id": "r1", "practitioner": {"reference": DR}}
BY_ROLE = appointment("1", participant=[person("Patient/1"), person("PractitionerRole/r1", "Dr. Lee Moss, Cardiology")])


def test_a_role_that_rode_along_is_its_practitioner() -> None:
    page = bundle(BY_ROLE)
    page["entry"].append({"resource": ROLE, "search": {"mode": "include"}})
    adapter, wire = ehr(lambda call: page)
    assert refs(adapter.schedule(ASK)) == ["Appointment/1"]
    assert asked(wire, "PractitionerRole") == []


def test_a_role_that_did_not_ride_along_is_looked_up_by_its_practitioner() -> None:
    theirs = appointment("2", participant=[person("Patient/2"), person("PractitionerRole/r2")])

    def host(call: Call) -> Any:
        return bundle(ROLE) if call.path.endswith("/PractitionerRole") else bundle(BY_ROLE, theirs)

    adapter, wire = ehr(host)
    found = adapter.schedule(ASK)
    assert refs(found) == ["Appointment/1"]
    assert day(found).appointments[0].practitioner_names == ("Dr. Lee Moss, Cardiology",)
    assert asked(wire, "PractitionerRole") == [[("practitioner", DR), ("_count", "50")]]


def test_a_provider_whose_roles_are_not_found_has_no_empty_day() -> None:
    """An empty answer may only mean that the reference should have been written otherwise."""
    adapter, wire = ehr(lambda call: bundle() if "Role" in call.path else bundle(BY_ROLE))
    assert reason(adapter.schedule(ASK)) is Reason.NOT_ALLOWED
    assert [dict(each)["practitioner"] for each in asked(wire, "PractitionerRole")] == [DR, "dr"]

    def bare(call: Call) -> Any:
        return (
            bundle(*([ROLE] if call.get("practitioner") == ["dr"] else [])) if "Role" in call.path else bundle(BY_ROLE)
        )

    assert refs(ehr(bare)[0].schedule(ASK)) == ["Appointment/1"]


def test_roles_that_nobody_explains_are_said_to_be_missing() -> None:
    adapter, _ = ehr(lambda call: Reply(b"", 403) if "Role" in call.path else bundle(appointment("2"), BY_ROLE))
    found = adapter.schedule(ASK)
    assert refs(found) == ["Appointment/2"]
    assert isinstance(found, Known)
    assert found.incomplete == ("Appointment: whom some are with was not told (1 roles could not be read)",)
    adapter, _ = ehr(lambda call: Reply(b"", 403) if "Role" in call.path else bundle(BY_ROLE))
    assert reason(adapter.schedule(ASK)) is Reason.NOT_ALLOWED


# --- the choice itself ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "entry", "plans"),
    [
        (FULL, ScheduleEntry(), [Plan.PORTABLE, Plan.PRACTITIONER]),
        (ORACLE, ScheduleEntry(), [Plan.PRACTITIONER]),
        (ORACLE, ScheduleEntry(locations=("Location/1",)), [Plan.PRACTITIONER, Plan.LOCATION]),
        (BY_PLACE, ScheduleEntry(), []),
        (OPENEMR, ScheduleEntry(worklist="/x.csv"), [Plan.WORKLIST]),
        (OPENEMR, ScheduleEntry(practice="1", departments=("2",)), [Plan.BOOKED]),
        (OPENEMR, ScheduleEntry(plan=Plan.PORTABLE), [Plan.PORTABLE]),
        (FULL, ScheduleEntry(plan=Plan.LOCATION), [Plan.LOCATION]),
        (FULL, ScheduleEntry(plan=Plan.LAUNCHED), [Plan.LAUNCHED]),
        (declares(Appointment=""), ScheduleEntry(), [Plan.PORTABLE, Plan.PRACTITIONER]),
    ],
)
def test_the_plan_comes_from_what_is_declared_unless_the_entry_names_it(statement: Any, entry: Any, plans: Any) -> None:
    assert [choice.plan for choice in choices(offers(statement), entry)] == plans


def test_a_plan_of_the_entry_is_believed_when_it_finds_nothing() -> None:
    adapter, _ = ehr(lambda call: bundle(), OPENEMR, ScheduleEntry(plan=Plan.PORTABLE))
    assert refs(adapter.schedule(ASK)) == []


def test_an_entry_that_names_what_only_the_launch_says_asks_for_no_list() -> None:
    adapter, wire = ehr(named, FULL, ScheduleEntry(plan=Plan.LAUNCHED))
    assert refs(adapter.schedule(ASK, ("Appointment/1",))) == ["Appointment/1"]
    assert asked(wire) == []


# --- D: athenahealth --------------------------------------------------------------------------------------------------

ATHENA = ScheduleEntry(practice="195900", departments=("1", "150"))
PROVIDER = "Practitioner/a-195900.Provider-71"


def booked(number: str, **more: Any) -> Any:
    return {
        "appointmentid": number, "patientid": f"9{number}", "providerid": "71", "date": "11/23/2026",
        "starttime": "09:30", "duration": 20, "appointmentstatus": "f", "appointmenttype": "Established Patient 20",
    } | more  # fmt: skip


def test_athenahealth_is_asked_for_what_is_booked_in_each_department() -> None:
    def host(call: Call) -> Any:
        if call.get("offset"):
            return {"totalcount": 3, "appointments": [booked("3", appointmentstatus="2", encounterid="41")]}
        if call.get("departmentid") == ["150"]:
            return {"totalcount": 0, "appointments": []}
        rows = [booked("1"), booked("2", appointmenttype="Video Visit"), booked("7", appointmentstatus="o")]
        return {"totalcount": 3, "appointments": rows, "next": "/v1/195900/appointments/booked?offset=2"}

    adapter, wire = ehr(host, NEXTGEN, ATHENA)
    found = day(adapter.schedule(DayAsk.of(PROVIDER, TODAY)))
    calls = wire.asked("/v1/195900/appointments/booked")
    assert calls[0].params == [
        ("departmentid", "1"), ("startdate", "11/23/2026"), ("enddate", "11/23/2026"), ("providerid", "71"),
    ]  # fmt: skip
    assert found.plan is Plan.BOOKED
    one, two, three = found.appointments
    assert (one.patients, one.practitioners) == (("Patient/a-195900.E-91",), (PROVIDER,))
    assert one.start.isoformat() == "2026-11-23T14:30:00+00:00"
    assert one.end is not None
    assert (one.end - one.start, one.new_patient) == (timedelta(minutes=20), False)
    assert two.mode.value == "video"
    assert (three.status, three.encounter) == ("checked-in", "Encounter/a-195900.encounter-41")


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (booked("1", startcheckin="11/23/2026 09:10:00"), "arrived"),
        (booked("1", appointmentstatus="3"), "fulfilled"),
        (booked("1", appointmentstatus="4"), "fulfilled"),
        (booked("1", appointmentstatus="x"), "cancelled"),
        (booked("1", appointmentstatus="z"), "a status that is not documented"),
        (booked("1", starttime="half past nine"), "no start"),
        (booked("1", patientid=None), "names no patient"),
        (booked("1", providerid=""), "names no provider"),
        (booked("x"), "no id"),
    ],
)
def test_what_athenahealths_letters_mean(row: Any, shown: str) -> None:
    rows = [row, booked("8", appointmentstatus="3")]
    adapter, _ = ehr(lambda call: {"appointments": rows if call.get("departmentid") == ["1"] else []}, NEXTGEN, ATHENA)
    found = adapter.schedule(DayAsk.of(PROVIDER, TODAY))
    assert isinstance(found, Known)
    statuses = [each.status for each in day(found).appointments]
    if found.incomplete:
        assert (statuses, found.incomplete) == (["fulfilled"], (f"1 appointments: {shown}",))
    else:
        assert statuses == [shown, "fulfilled"]


def test_a_list_of_which_nothing_can_be_used_is_no_empty_day() -> None:
    adapter, _ = ehr(lambda call: {"appointments": [booked("1", starttime="")]}, NEXTGEN, ATHENA)
    assert reason(adapter.schedule(DayAsk.of(PROVIDER, TODAY))) is Reason.NOT_READABLE


def test_departments_that_are_too_many_to_ask_are_said_to_be() -> None:
    many = ScheduleEntry(practice="195900", departments=tuple(str(n) for n in range(1, 23)))
    found = ehr(lambda call: {"appointments": []}, NEXTGEN, many)[0].schedule(DayAsk.of(PROVIDER, TODAY))
    assert isinstance(found, Known)
    assert found.incomplete == ("only 20 of 22 departments are asked",)


def test_a_provider_of_another_practice_has_no_day_there() -> None:
    adapter, wire = ehr(lambda call: {"appointments": []}, NEXTGEN, ATHENA)
    assert reason(adapter.schedule(DayAsk.of("Practitioner/a-7.Provider-71", TODAY))) is Reason.CANNOT_LIST
    assert wire.asked("/booked") == []


@pytest.mark.parametrize(
    ("reply", "why"), [({"appointments": "none"}, Reason.NOT_READABLE), (Reply(b"", 403), Reason.NOT_ALLOWED)]
)
def test_an_answer_without_a_list_is_no_empty_day(reply: Any, why: Reason) -> None:
    adapter, _ = ehr(lambda call: reply, NEXTGEN, ATHENA)
    assert reason(adapter.schedule(DayAsk.of(PROVIDER, TODAY))) is why


# --- E: a worklist, patient by patient --------------------------------------------------------------------------------

HEADER = "date,time,patient,mrn,provider,reason,type,status\n"


def worklist(tmp_path: Path, *rows: str) -> ScheduleEntry:
    path = tmp_path / "worklist.csv"
    path.write_text(HEADER + "\n".join(rows), encoding="utf-8")
    return ScheduleEntry(worklist=str(path))


ROWS = (
    "2026-11-23,09:00,1,,dr,Diabetes,Office Visit,",
    "2026-11-23,10:00,2,,dr,,Phone Visit,arrived",
    "2026-11-24,09:00,3,,dr,,,",
    "2026-11-23,11:00,4,,else,,,",
)


def test_a_worklist_is_the_day_where_nobody_may_be_asked(tmp_path: Path) -> None:
    adapter, wire = ehr(lambda call: bundle(), NEXTGEN, worklist(tmp_path, *ROWS))
    found = day(adapter.schedule(ASK))
    assert found.plan is Plan.WORKLIST
    assert [(each.patients, each.status, each.mode.value) for each in found.appointments] == [
        (("Patient/1",), "booked", "in-person"),
        (("Patient/2",), "arrived", "phone"),
    ]
    assert asked(wire) == []
    again = day(adapter.schedule(ASK))
    assert [each.ref for each in again.appointments] == [each.ref for each in found.appointments]
    assert not any(each.ref.endswith(("/1", "/2")) for each in found.appointments)


def test_what_the_ehr_says_of_a_patient_counts_and_the_file_for_the_rest(tmp_path: Path) -> None:
    def host(call: Call) -> Any:
        return bundle(appointment("live", "09:15", patient="Patient/1", status="cancelled"))

    adapter, wire = ehr(host, OPENEMR, worklist(tmp_path, *ROWS))
    found = day(adapter.schedule(ASK))
    assert [(each.ref.startswith("Appointment/worklist-"), each.status) for each in found.appointments] == [
        (False, "cancelled"),
        (True, "arrived"),
    ]
    assert asked(wire) == [[*DAY, ("patient", "Patient/1,Patient/2")]]


def test_a_server_that_takes_one_patient_at_a_time_is_asked_so(tmp_path: Path) -> None:
    def host(call: Call) -> Any:
        (who,) = call.get("patient")
        return refused(call) if "," in who else bundle(appointment(who[-1], patient=who))

    adapter, wire = ehr(host, OPENEMR, worklist(tmp_path, *ROWS))
    assert refs(adapter.schedule(ASK)) == ["Appointment/1", "Appointment/2"]
    assert [dict(each)["patient"] for each in asked(wire)] == ["Patient/1,Patient/2", "Patient/1", "Patient/2"]


MR, MB = ({"coding": [{"code": kind}]} for kind in ("MR", "MB"))


@pytest.mark.parametrize(
    ("found", "patient"),
    [
        ([{"id": "p", "identifier": [{"value": "M1", "type": MR}]}], "Patient/p"),
        ([{"id": "p", "identifier": [{"value": "M1"}]}], "Patient/p"),
        ([{"id": "p", "identifier": [{"value": "M1", "type": MB}]}], ""),  # a member number of the same digits
        ([{"id": "p", "identifier": [{"value": "M11"}]}], ""),
        ([{"id": "p", "identifier": [{"value": "M1"}]}, {"id": "q", "identifier": [{"value": "M1"}]}], ""),
        ([], ""),
    ],
)
def test_a_record_number_is_one_patient_or_the_seat_stays_nameless(tmp_path: Path, found: Any, patient: str) -> None:
    def host(call: Call) -> Any:
        people = found if call.path.endswith("/Patient/_search") else []
        return bundle(*({"resourceType": "Patient", **each} for each in people))

    adapter, wire = ehr(host, OPENEMR, worklist(tmp_path, "2026-11-23,09:00,,M1,dr,,,"))
    answered = adapter.schedule(ASK)
    assert [each.patients for each in day(answered).appointments] == [(patient,)]
    assert isinstance(answered, Known)
    nameless = "worklist: 1 record numbers that the EHR did not resolve to one patient"
    assert answered.incomplete == (() if patient else (nameless,))
    assert "M1" not in "".join(call.url for call in wire.calls)


def test_a_worklist_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    adapter, _ = ehr(lambda call: bundle(), NEXTGEN, ScheduleEntry(worklist=str(tmp_path / "none.csv")))
    found = adapter.schedule(ASK)
    assert reason(found) is Reason.DOWN
    assert isinstance(found, Unknown)
    assert str(tmp_path) not in found.detail


def test_the_worklist_of_another_day_is_no_empty_day(tmp_path: Path) -> None:
    """Nobody has put today's file there yet."""
    entry = worklist(tmp_path, "2026-11-20,09:00,1,,dr,,,", "2026-11-20,09:20,2,,dr,,,")
    assert reason(ehr(lambda call: bundle(), NEXTGEN, entry)[0].schedule(ASK)) is Reason.CANNOT_LIST
    theirs = worklist(tmp_path, "2026-11-23,09:00,1,,else,,,")
    assert refs(ehr(lambda call: bundle(), NEXTGEN, theirs)[0].schedule(ASK)) == []
    week = ehr(lambda call: bundle(), NEXTGEN, theirs)[0].schedule(DayAsk(DR, TODAY, TODAY + timedelta(days=6)))
    assert isinstance(week, Known)
    assert week.incomplete == ("worklist: it ends on 2026-11-23",)


def test_appointments_that_nobody_can_place_leave_the_worklist_standing(tmp_path: Path) -> None:
    """Their roles may not be read: that is no reason to lose those whom the practice itself has listed."""
    by_role = appointment("1", participant=[person("Patient/1"), person("PractitionerRole/r1")])
    found = ehr(
        lambda call: Reply(b"", 403) if "Role" in call.path else bundle(by_role), OPENEMR, worklist(tmp_path, ROWS[0])
    )[0].schedule(ASK)
    assert [each.patients for each in day(found).appointments] == [("Patient/1",)]
    assert isinstance(found, Known)
    assert found.incomplete


def test_the_ehr_being_down_does_not_hide_a_worklist(tmp_path: Path) -> None:
    adapter, _ = ehr(lambda call: Reply(b"", 503), Reply(b"", 503), worklist(tmp_path, ROWS[0]))
    found: list[Appointment] = list(day(adapter.schedule(ASK)).appointments)
    assert [each.patients for each in found] == [("Patient/1",)]


# --- what is declared -------------------------------------------------------------------------------------------------


def test_a_statement_is_read_without_a_token_and_with_one_where_that_is_refused() -> None:
    def host(call: Call) -> Any:
        if call.path.endswith("/metadata"):
            return FULL if call.bearer else Reply(b"", 401)
        return bundle(appointment("1"))

    wire = Wire(ehr=host)
    adapter = Ehr(Entry(), "https://ehr.example/fhir", lambda renew: "token", connections=connections(wire, Today()))
    assert refs(adapter.schedule(ASK)) == ["Appointment/1"]
    assert [call.bearer for call in wire.asked("/metadata")] == [None, "token"]


def test_every_adapter_of_a_process_shares_what_was_learned_and_reads_it_again_after_hours() -> None:
    clock = Today()
    statements: list[Any] = [FULL, Reply(b"", 503), OPENEMR]

    def host(call: Call) -> Any:
        if call.path.endswith("/metadata"):
            return statements.pop(0)
        return bundle(appointment("1"))

    wire = Wire(ehr=host)
    shared = connections(wire, clock)

    def ask() -> Any:
        return Ehr(Entry(), "https://ehr.example/fhir", lambda renew: "token", connections=shared).schedule(ASK)

    assert [refs(ask()) for _ in range(3)] == [["Appointment/1"]] * 3
    assert len(wire.asked("/metadata")) == 1
    clock.later(hours=4)
    assert refs(ask()) == ["Appointment/1"]  # it could not be read again: what was declared before holds
    assert refs(ask()) == ["Appointment/1"]
    assert len(wire.asked("/metadata")) == 2
    clock.later(hours=1)
    assert reason(ask()) is Reason.CANNOT_LIST


# --- whatever is sent -------------------------------------------------------------------------------------------------

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ENTRIES = st.lists(
    json
    | st.fixed_dictionaries({"resource": json | st.just(appointment("1"))}, optional={"search": json, "fullUrl": json}),
    max_size=4,
)
STATEMENTS = st.sampled_from([FULL, ORACLE, OPENEMR, declares()]) | st.dictionaries(
    st.sampled_from(["resourceType", "rest"]), json | st.just("CapabilityStatement"), max_size=2
)


@settings(max_examples=60)
@given(ENTRIES, STATEMENTS)
def test_no_answer_breaks_a_schedule(sent: Any, statement: Any) -> None:
    adapter, _ = ehr(lambda call: {"resourceType": "Bundle", "entry": sent}, statement)
    found = adapter.schedule(ASK)
    if isinstance(found, Known):
        assert all(DR in each.practitioners for each in day(found).appointments)
