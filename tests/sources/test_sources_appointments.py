"""Appointments, visits, patients and worklist rows as senders write them, one table for each thing that is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sources_clinic import DR, appointment, encounter, person

from app.core.schedule.appointment import Appointment, Mode
from app.sources.ehr.schedule import worklist
from app.sources.errors import Unreadable
from app.sources.fhir import visit_words
from app.sources.fhir.appointments import appointment as read_appointment
from app.sources.fhir.appointments import instant
from app.sources.fhir.appointments import visit as read_visit
from app.sources.fhir.patient import patient
from app.sources.fhir.references import Entry, Included
from app.sources.fhir.values import concept

NEW_YORK = ZoneInfo("America/New_York")


def read(resource: Any, *beside: Any) -> Appointment | str:
    included = Included()
    for each in beside:
        included.add(Entry(each))
    return read_appointment(Entry(resource), included, {})


def used(found: Appointment | str) -> Appointment:
    assert isinstance(found, Appointment), found
    return found


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("2026-11-23T09:00:00-05:00", "2026-11-23T14:00:00+00:00"),
        ("2026-11-23T14:00:00Z", "2026-11-23T14:00:00+00:00"),
        ("2026-11-23T14:00:00.123456789Z", "2026-11-23T14:00:00+00:00"),
        ("2026-11-23T14:00z", "2026-11-23T14:00:00+00:00"),
        ("2026-11-23 09:00:00-0500", "2026-11-23T14:00:00+00:00"),
        ("2026-11-24T03:45:00+14:00", "2026-11-23T13:45:00+00:00"),
        ("2026-11-23T09:00:00", None),
        ("2026-11-23", None),
        ("2026-02-30T09:00:00Z", None),
        ("2026-11-23T25:00:00Z", None),
        ("2026-11-23T09:00:00+99:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        (None, None),
        (20261123, None),
    ],
)
def test_an_instant_has_a_zone(stated: object, meant: str | None) -> None:
    found = instant(stated)
    assert (found.astimezone(UTC).isoformat() if found else None) == meant


# --- who --------------------------------------------------------------------------------------------------------------


def test_participants_are_told_apart_by_type_and_each_is_there_once() -> None:
    found = used(
        read(
            appointment(
                "1", "09:00", person("Patient/2"), person("Patient/2"), person("Location/l", "Room 4"),
                person("https://ehr.example/fhir/Practitioner/second", "Dr. Poe"), person("Device/d"),
                person("Patient/no", status="declined"),
            )
        )
    )  # fmt: skip
    assert found.patients == ("Patient/1", "Patient/2")
    assert (found.practitioners, found.practitioner_names) == ((DR, "Practitioner/second"), ("Dr. Lee Moss", "Dr. Poe"))
    assert (found.locations, found.location_names) == (("Location/l",), ("Room 4",))


def test_a_patient_whose_record_is_not_named_keeps_the_seat() -> None:
    nameless = {"actor": {"type": "Patient", "display": "Ana"}}
    assert used(read(appointment("1", participant=[nameless, person(DR)]))).patients == ("",)
    assert used(read(appointment("1", "09:00", nameless))).patients == ("Patient/1", "")


def test_names_come_from_what_rode_along_where_nothing_is_displayed() -> None:
    doctor = {
        "resourceType": "Practitioner",
        "id": "dr",
        "name": [{"prefix": ["Dr."], "given": ["Lee"], "family": "Moss"}],
    }
    room = {"resourceType": "Location", "id": "l", "name": "Room 4"}
    found = used(
        read(appointment("1", participant=[person("Patient/1"), person(DR), person("Location/l")]), doctor, room)
    )
    assert (found.practitioner_names, found.location_names) == (("Dr. Lee Moss",), ("Room 4",))


def test_a_contained_role_is_its_practitioner() -> None:
    role = {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": DR, "display": "Dr. Moss"}}
    found = used(read(appointment("1", contained=[role], participant=[person("Patient/1"), person("#r")])))
    assert (found.practitioners, found.practitioner_names) == ((DR,), ("Dr. Moss",))


@pytest.mark.parametrize("holder", ["Patient", "Practitioner"])
def test_a_contained_resource_is_nobodys_record(holder: str) -> None:
    """Its id is of its own making: "#dr" is not Practitioner/dr, and "#1" not the chart of Patient/1."""
    inside = {"resourceType": holder, "id": "dr" if holder == "Practitioner" else "1"}
    other = person("Patient/7") if holder == "Practitioner" else person(DR)
    found = used(
        read(appointment("1", contained=[inside], participant=[other, person(f"#{inside['id']}", "Somebody")]))
    )
    if holder == "Patient":
        assert (found.patients, found.practitioners) == (("",), (DR,))
    else:
        assert (found.patients, found.practitioners) == (("Patient/7",), ())


def test_who_is_only_displayed_may_be_the_patient() -> None:
    nobody = {"actor": {"display": "Ana"}}
    assert read(appointment("1", participant=[nobody, person(DR)])) == "does not say who takes part"
    assert used(read(appointment("1", participant=[person(DR)]))).patients == ()  # time that somebody blocked
    assert used(read(appointment("1", "09:00", nobody))).patients == ("Patient/1",)


def test_the_summary_of_a_group_visit_may_name_the_others() -> None:
    both = [person("Patient/1"), person("Patient/2"), person(DR)]
    group = appointment("1", participant=both, description="Class: Ana and Bo")
    assert used(read(group)).reason == ""
    assert used(read(group | {"reasonCode": [{"text": "Diabetes class"}]})).reason == "Diabetes class"
    assert used(read(group | {"participant": both[1:]})).reason == "Class: Ana and Bo"


def test_what_the_ehr_calls_sensitive_stays_so() -> None:
    labelled = {"meta": {"security": [{"code": "R"}, {"code": "PSY"}]}}
    assert used(read(appointment("1", **labelled))).labels == ("R", "PSY")
    assert used(read_visit(Entry(encounter("e", **labelled)), Included(), {})).labels == ("R", "PSY")


TRANSLATOR = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/participant-type", "code": "translator"}]}


@pytest.mark.parametrize(
    ("participant", "interprets"),
    [
        (person("Practitioner/i", type=[TRANSLATOR]), True),
        (person("Practitioner/i", type=[{"text": "Interpreter"}]), True),
        ({"actor": {"display": "Spanish interpreter"}}, True),
        (person("PractitionerRole/i"), True),
        (person("Practitioner/i", type=[{"coding": [{"code": "PPRF"}]}]), False),
        (person("Patient/1", "Ida Translator"), False),
    ],
)
def test_an_interpreter_is_no_provider(participant: Any, interprets: bool) -> None:
    role = {"resourceType": "PractitionerRole", "id": "i", "code": [{"text": "Interpreter"}]}
    found = used(read(appointment("1", "09:00", participant), role))
    assert found.interpreter is interprets
    assert found.patients == ("Patient/1",)
    assert ("Practitioner/i" in found.practitioners) is ("Practitioner/i" in repr(participant) and not interprets)


# --- what kind of visit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        ("Office Visit", Mode.IN_PERSON),
        ("Video Visit", Mode.VIDEO),
        ("TELEHEALTH FOLLOW UP", Mode.VIDEO),
        ("tele-medicine", Mode.VIDEO),
        ("Telehealth (phone)", Mode.PHONE),
        ("Telephone encounter", Mode.PHONE),
        ("Audio-only visit", Mode.PHONE),
        ("Audio visit", Mode.PHONE),
        ("Audio/video visit", Mode.VIDEO),
        ("Televideo", Mode.VIDEO),
        ("TELE FU", Mode.VIDEO),
        ("Zoom visit", Mode.VIDEO),
        ("Telemetry check", Mode.IN_PERSON),
        ("In person (was video)", Mode.IN_PERSON),
        ("Virtual colonoscopy", Mode.IN_PERSON),
        ("Video EEG", Mode.IN_PERSON),
        ("Microphone fitting", Mode.IN_PERSON),
        ("", Mode.IN_PERSON),
    ],
)
def test_the_words_of_a_visit_say_how_the_patient_is_seen(said: str, mode: Mode) -> None:
    assert visit_words.mode([concept({"text": said})]) is mode
    assert visit_words.mode([concept({"coding": [{"code": "7", "display": said}]})]) is mode


PHONE_NUMBER = {"addressContactPoint": {"system": "phone", "value": "555-0100"}}
ZOOM = {"channelType": {"system": "http://hl7.org/fhir/virtual-service-type", "code": "zoom"}}
CALL = {"url": "addressContactPoint", "valueContactPoint": {"system": "phone"}}
MODE = "https://x.example/mode"
R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.virtualService"


@pytest.mark.parametrize(
    ("more", "mode"),
    [
        ({"serviceType": [{"text": "Video"}]}, Mode.VIDEO),
        ({"serviceCategory": [{"text": "Phone call"}]}, Mode.PHONE),
        ({"appointmentType": {"coding": [{"code": "3", "display": "Video"}]}}, Mode.VIDEO),
        ({"extension": [{"url": MODE, "valueCodeableConcept": {"text": "telehealth"}}]}, Mode.VIDEO),
        ({"extension": [{"url": MODE, "valueCoding": {"display": "phone"}}]}, Mode.PHONE),
        ({"virtualService": [ZOOM]}, Mode.VIDEO),
        ({"virtualService": [PHONE_NUMBER]}, Mode.PHONE),
        ({"virtualService": [PHONE_NUMBER, ZOOM]}, Mode.VIDEO),
        ({"extension": [{"url": R5, "extension": [CALL]}]}, Mode.PHONE),
        ({"description": "call the patient by phone first"}, Mode.IN_PERSON),
    ],
)  # fmt: skip
def test_every_element_that_may_say_so_is_read(more: Any, mode: Mode) -> None:
    assert used(read(appointment("1", **more))).mode is mode


V2 = "http://terminology.hl7.org/CodeSystem/v2-0276"


@pytest.mark.parametrize(
    ("kind", "walk_in", "new"),
    [
        ({"coding": [{"system": V2, "code": "WALKIN"}]}, True, None),
        ({"coding": [{"system": "http://hl7.org/fhir/v2/0276", "code": "WALKIN"}], "text": "Walk-in"}, True, None),
        ({"coding": [{"system": V2, "code": "FOLLOWUP"}]}, False, False),
        ({"coding": [{"system": V2, "code": "ROUTINE"}]}, False, None),
        ({"text": "New Patient 40"}, False, True),
        ({"text": "NPV 40"}, False, True),
        ({"text": "Seen by NP"}, False, None),
        ({"text": "Establish care"}, False, True),
        ({"text": "Established patient"}, False, False),
        ({"text": "Newborn check"}, False, None),
    ],
)
def test_walk_ins_and_new_patients(kind: Any, walk_in: bool, new: bool | None) -> None:
    found = used(read(appointment("1", appointmentType=kind)))
    assert (found.walk_in, found.new_patient) == (walk_in, new)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"reasonCode": [{"text": "Diabetes"}, {"coding": [{"display": "Asthma"}]}]}, "Diabetes; Asthma"),
        ({"reasonReference": [{"reference": "Condition/1", "display": "Asthma"}]}, "Asthma"),
        ({"description": "Annual physical", "comment": "not for us"}, "Annual physical"),
        ({}, ""),
    ],
)  # fmt: skip
def test_the_reason_is_as_written(more: Any, reason: str) -> None:
    assert used(read(appointment("1", **more))).reason == reason


# --- a visit without an appointment -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"period": {"start": "2026-11-23"}}, "no start with a time zone"),
        ({"subject": {"reference": "Group/1"}}, "names no patient"),
        ({"modifierExtension": [{"url": "x"}]}, "a modifier that we do not know"),
        ({"id": ""}, "no id"),
        ({"status": "unknown"}, "a status that says nothing of a visit"),
    ],
)
def test_a_visit_that_cannot_be_used_says_why(more: Any, why: str) -> None:
    assert read_visit(Entry(encounter("e") | more), Included(), {}) == why


def test_a_virtual_visit_is_by_video() -> None:
    ours = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "VR"}
    found = used(read_visit(Entry(encounter("e", **{"class": ours})), Included(), {}))
    assert (found.mode, found.walk_in, found.ref, found.encounter) == (Mode.VIDEO, True, "Encounter/e", "Encounter/e")


# --- whatever is sent -------------------------------------------------------------------------------------------------

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
APPOINTMENT_KEYS = (
    "id", "status", "start", "end", "participant", "appointmentType", "serviceType", "serviceCategory", "reasonCode",
    "reasonReference", "description", "extension", "virtualService", "contained", "created", "modifierExtension",
)  # fmt: skip
ENCOUNTER_KEYS = ("id", "status", "period", "participant", "subject", "location", "type", "class", "appointment")


@given(st.dictionaries(st.sampled_from(APPOINTMENT_KEYS), json, max_size=4))
def test_no_json_breaks_an_appointment(broken: Any) -> None:
    found = read(appointment("1") | broken)
    assert isinstance(found, str) or found.start.tzinfo is not None


@given(st.dictionaries(st.sampled_from(ENCOUNTER_KEYS), json, max_size=4))
def test_no_json_breaks_a_visit(broken: Any) -> None:
    found = read_visit(Entry(encounter("1") | broken), Included(), {})
    assert isinstance(found, str) or found.start.tzinfo is not None


@given(st.dictionaries(st.sampled_from(("communication", "extension", "telecom")), json, max_size=3))
def test_no_json_breaks_a_patient(broken: Any) -> None:
    assert patient({"resourceType": "Patient", "id": "1"} | broken).id == "1"


# --- how to speak with a patient --------------------------------------------------------------------------------------

NEEDED = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-interpreter-needed"


@pytest.mark.parametrize(
    ("value", "needed"),
    [
        ({"valueCoding": {"code": "373066001", "display": "Yes"}}, True),
        ({"valueCoding": {"code": "373067005", "display": "No"}}, False),
        ({"valueCoding": {"code": "1", "display": "Yes"}}, True),
        ({"valueCoding": {"code": "UNK", "display": "Unknown"}}, None),
        ({"valueBoolean": True}, True),
        ({"valueBoolean": False}, False),
        ({}, None),
    ],
)
def test_whether_an_interpreter_is_needed(value: Any, needed: bool | None) -> None:
    assert patient({"extension": [{"url": NEEDED, **value}]}).interpreter is needed


@pytest.mark.parametrize(
    ("spoken", "language"),
    [
        ([{"language": {"text": "English"}}, {"language": {"text": "Spanish"}, "preferred": True}], "Spanish"),
        ([{"language": {"coding": [{"code": "es", "display": "Spanish"}]}}], "Spanish"),
        ([{"language": {"text": "English"}}, {"language": {"text": "Spanish"}}], ""),
        (None, ""),
    ],
)
def test_the_language_is_the_preferred_one(spoken: Any, language: str) -> None:
    assert patient({"communication": spoken}).language == language


@pytest.mark.parametrize(
    ("telecom", "phone"),
    [
        ([{"system": "phone", "use": "home", "value": "1"}, {"system": "phone", "use": "mobile", "value": "2"}], "2"),
        ([{"system": "email", "value": "a@b.example"}, {"system": "phone", "value": "3"}], "3"),
        ([{"system": "phone", "use": "old", "value": "4"}, {"system": "phone", "use": "work", "value": "5"}], "5"),
        ([{"system": "phone", "value": "6", "period": {"end": "2020-01-01"}}], ""),
        ([{"system": "fax", "value": "7"}], ""),
    ],
)
def test_the_number_that_may_be_called(telecom: Any, phone: str) -> None:
    assert patient({"telecom": telecom}).phone == phone


# --- a worklist file --------------------------------------------------------------------------------------------------

GOOD = "2026-11-23,09:30,p1,dr,Diabetes,Office Visit,booked"
HEADER = "date,time,patient,provider,reason,type,status"


def parsed(*rows: str, header: str = HEADER) -> worklist.Worklist:
    return worklist.parse("\r\n".join([header, *rows]).encode(), NEW_YORK)


def test_a_row_is_an_appointment() -> None:
    (line,) = parsed(GOOD).lines
    found = line.appointment
    assert (found.patients, found.practitioners, found.status) == (("Patient/p1",), (DR,), "booked")
    assert (found.start, found.reason, found.kind.label) == (
        datetime(2026, 11, 23, 14, 30, tzinfo=UTC), "Diabetes", "Office Visit",
    )  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        "11/23/2026,9:30 AM,Patient/p1,Practitioner/dr,,,",
        "2026-11-23,09:30:00,p1,dr,,,Confirmed",
        "2026-11-23,9:30am,p1,dr",
        '2026-11-23,09:30,p1,dr,"Fever, cough",,',
    ],
)
def test_rows_may_be_written_otherwise(row: str) -> None:
    (line,) = parsed(row).lines
    assert line.appointment.start == datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("23.11.2026,09:30,p1,dr,,,", "column date: not a date like 2026-11-23 or 11/23/2026"),
        ("2026-11-23,half past nine,p1,dr,,,", "column time: not a time like 09:30 or 9:30 AM"),
        ("2026-11-23,09:30,,dr,,,", "column patient: empty"),
        ("2026-11-23,09:30,Ana Öz,dr,,,", "column patient: not a FHIR id"),
        ("2026-11-23,09:30,p1,,,,", "column provider: empty"),
        ("2026-11-23,09:30,p1,Dr. Moss,,,", "column provider: not a FHIR id"),
        ("2026-11-23,09:30,p1,dr,,,maybe", "column status: not a word of FHIR's appointment status"),
        ("2026-11-23,09:30,p1,dr,,,,,more", "has more cells than the first line"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_by_line_and_column_and_nothing_else(row: str, problem: str) -> None:
    found = parsed(GOOD, "", row)
    assert len(found.lines) == 1
    assert found.wrong == (f"worklist, line 4: {problem}",)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "line 1: no column date, time, provider, patient or mrn"),
        (b"date,time,patient\n", "line 1: no column provider"),
        (b"date,date,time,patient,provider\n", "line 1: column date stands there twice"),
        (f"{HEADER}\n{GOOD}\n\xff".encode("latin-1"), "line 3: is not UTF-8"),
        (f'{HEADER}\n"never closed'.encode(), "line 2: is not CSV"),
    ],
)
def test_a_file_that_is_none_says_where(body: bytes, problem: str) -> None:
    with pytest.raises(Unreadable, match=problem):
        worklist.parse(body, NEW_YORK)


@given(st.binary(max_size=200))
def test_no_file_breaks_it(body: bytes) -> None:
    try:
        found = worklist.parse(f"{HEADER}\n".encode() + body, NEW_YORK)
    except Unreadable:
        return
    assert all(line.appointment.start.tzinfo is not None for line in found.lines)


def test_of_many_wrong_lines_a_few_are_named() -> None:
    found = parsed(GOOD, *["=cmd|' /C calc'!A0,09:30,p1,dr"] * 5000)
    assert (len(found.lines), len(found.wrong)) == (1, 21)
    assert found.wrong[-1] == "worklist: 4980 more lines like these"


def test_a_file_of_very_many_lines_is_not_read() -> None:
    with pytest.raises(Unreadable, match="more than 20000 lines"):
        parsed(*[GOOD] * 20_001)


def test_a_file_of_gigabytes_is_not_read(tmp_path: Any) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(worklist.MAX_BYTES + 1)
    with pytest.raises(Unreadable, match="larger than 2 MB"):
        worklist.read(str(path), NEW_YORK)
