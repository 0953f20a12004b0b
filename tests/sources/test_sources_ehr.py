"""The EHR adapter against EHRs that refuse, trim, mix up and break. Only the wire is replaced."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
from fhirclient.models.patient import Patient as PatientModel
from sources_wire import NOW, Call, Reply, Wire, bundle, connections

from app.core.answers import Known, Reason, Unknown
from app.core.asking import EHR, USER, USER_ROLES, Ask, user_of
from app.core.chart import CHART_TYPES, Coding, Identifier, When
from app.core.consents import Consent, Party, Rule
from app.core.roles import User
from app.sources.ehr import Ehr
from app.sources.ehr.scopes import may_read
from app.sources.ehr.server import GuardedServer

SINCE = date(2016, 11, 22)


@dataclasses.dataclass(frozen=True)
class Entry:
    id: str = "main"
    quirks: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    timezone: str = "America/New_York"
    schedule: Any = None


def ehr(host: Callable[[Call], Any], *, quirks: Any = None, **options: Any) -> tuple[Ehr, Wire]:
    wire = Wire(ehr=host)
    entry = Entry(quirks=quirks or {})
    options.setdefault("bearer", lambda renew: "token")
    return Ehr(entry, "https://ehr.example/fhir", connections=connections(wire), **options), wire


def condition(name: str, patient: str = "Patient/p1", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": name, "subject": {"reference": patient}, "code": {"text": name}} | more


def known(answer: Any) -> Known[Any]:
    assert isinstance(answer, Known), answer
    return answer


def unknown(answer: Any) -> Unknown:
    assert isinstance(answer, Unknown), answer
    return answer


# --- bulk reads -----------------------------------------------------------------------------------


def test_all_pages_of_a_type_become_facts() -> None:
    def host(call: Call) -> Any:
        if call.get("page"):
            return bundle(condition("3"))
        return bundle(condition("1"), condition("2"), next_url="https://ehr.example/fhir/Condition?page=2")

    adapter, wire = ehr(host)
    found = known(adapter.facts("Condition", "p1", SINCE))
    assert [fact.ref for fact in found.value] == ["Condition/1", "Condition/2", "Condition/3"]
    assert (found.source, found.received, found.incomplete) == ("main", NOW, ())
    assert wire.calls[0].params == [("patient", "Patient/p1"), ("_count", "100")]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("Encounter", [("date", "ge2016-11-22")]),
        ("Procedure", [("date", "ge2016-11-22")]),
        ("ServiceRequest", [("authored", "ge2016-11-22")]),
        ("Appointment", [("date", "ge2016-11-22")]),
        ("Flag", []),
    ],
)
def test_a_type_is_asked_from_a_day_on_where_it_can_be(kind: str, more: list[tuple[str, str]]) -> None:
    adapter, wire = ehr(lambda call: bundle())
    adapter.facts(kind, "p1", SINCE)
    adapter.facts(kind, "p1", None)
    assert wire.calls[0].params == [("patient", "Patient/p1"), *more, ("_count", "100")]
    assert wire.calls[1].params == [("patient", "Patient/p1"), ("_count", "100")]


def test_observations_are_asked_by_category() -> None:
    adapter, wire = ehr(lambda call: bundle())
    adapter.facts("Observation", "p1", SINCE)
    assert {"laboratory", "vital-signs", "survey"} <= set(wire.calls[0].get("category")[0].split(","))


@pytest.mark.parametrize("kind", CHART_TYPES)
def test_an_empty_answer_is_known_and_empty_for_every_type(kind: str) -> None:
    adapter, _ = ehr(lambda call: bundle())
    assert known(adapter.facts(kind, "p1", SINCE)).value == ()


def test_resources_of_somebody_else_never_become_facts() -> None:
    adapter, _ = ehr(
        lambda call: bundle(
            condition("1"), condition("2", "Patient/p2"), condition("3", ""), condition("4", "Patient/p11")
        )
    )
    found = known(adapter.facts("Condition", "p1"))
    assert [fact.ref for fact in found.value] == ["Condition/1"]
    assert found.incomplete == ("2 Condition: names another patient", "1 Condition: names no patient")


def test_each_resource_is_read_on_its_own_and_the_unusable_are_named() -> None:
    odd: list[Any] = [
        condition("1"),
        condition("2", modifierExtension=[{"url": "https://vendor.example/negated", "valueBoolean": True}]),
        condition(""),
        {"resourceType": "Basic", "id": "b"},
        {"no": "type"},
        "not a resource",
        condition("3", code="just words", onsetDateTime="last summer", category={"coding": "x"}, vendorField=1),
    ]
    adapter, _ = ehr(lambda call: bundle(*odd))
    found = known(adapter.facts("Condition", "p1"))
    assert [(fact.ref, fact.concept.label) for fact in found.value] == [
        ("Condition/1", "1"),
        ("Condition/3", "just words"),
    ]
    assert found.incomplete == (
        "1 Condition: a modifier that we do not know",
        "1 Condition: no id",
        "1 Basic: stands among the Condition entries",
        "2 resource: stands among the Condition entries",
    )


def test_included_resources_and_outcomes_are_not_facts() -> None:
    page = bundle(condition("1"))
    warning = {"severity": "warning", "code": "informational", "diagnostics": "ignored _count"}
    partial = {"severity": "warning", "code": "suppressed"}
    page["entry"] += [
        {"resource": condition("2"), "search": {"mode": "include"}},
        {"resource": {"resourceType": "OperationOutcome", "issue": [warning, partial]}, "search": {"mode": "outcome"}},
    ]
    adapter, _ = ehr(lambda call: page)
    found = known(adapter.facts("Condition", "p1"))
    assert [fact.ref for fact in found.value] == ["Condition/1"]
    assert found.incomplete == ("Condition: the EHR says part is missing (suppressed)",)


def test_trouble_on_a_later_page_is_named_and_the_rest_kept() -> None:
    first = bundle(condition("1"), next_url="https://evil.example/fhir")
    adapter, wire = ehr(lambda call: first)
    found = known(adapter.facts("Condition", "p1"))
    assert len(found.value) == 1
    assert found.incomplete == ("Condition: not all of it was read: a link leads to another server",)
    assert {call.host for call in wire.calls} == {"ehr.example"}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(b"", 403), Reason.NOT_ALLOWED),
        (Reply(b"", 401), Reason.SIGNED_OUT),
        (Reply(b"<html>", Content_Type="text/html"), Reason.NOT_READABLE),
        (Reply({"resourceType": "Patient"}), Reason.NOT_READABLE),
        (Reply(b"", 503), Reason.DOWN),
        (Reply(b"", 429), Reason.BUSY),
    ],
)
def test_a_refused_type_is_unknown_and_the_others_are_not_touched(reply: Reply, reason: Reason) -> None:
    adapter, _ = ehr(lambda call: reply if "Procedure" in call.path else bundle(condition("1")))
    assert unknown(adapter.facts("Procedure", "p1")).reason is reason
    assert len(known(adapter.facts("Condition", "p1")).value) == 1


def test_a_server_that_refuses_a_parameter_is_asked_for_everything_of_the_patient() -> None:
    adapter, wire = ehr(lambda call: Reply(b"", 400) if call.get("date") else bundle())
    assert known(adapter.facts("Encounter", "p1", SINCE)).value == ()
    assert wire.calls[1].params == [("patient", "Patient/p1"), ("_count", "100")]
    adapter, wire = ehr(lambda call: Reply(b"", 400))
    assert unknown(adapter.facts("Encounter", "p1", SINCE)).reason is Reason.NOT_READABLE


def test_an_entry_may_word_its_searches_itself() -> None:
    quirks = {
        "bare_ids": True,
        "search": {
            "Observation": ["patient={id}&category=laboratory&date=ge{since}", "patient={patient}&category=survey"]
        },
    }
    adapter, wire = ehr(lambda call: Reply(b"", 403) if call.get("category") == ["survey"] else bundle(), quirks=quirks)
    found = known(adapter.facts("Observation", "p1", SINCE))
    assert wire.calls[0].params == [("patient", "p1"), ("category", "laboratory"), ("date", "ge2016-11-22")]
    assert wire.calls[1].params == [("patient", "p1"), ("category", "survey")]
    assert found.incomplete == ("Observation: not all of it was read: answered 403",)
    adapter.facts("Condition", "p1")
    assert wire.calls[2].get("patient") == ["p1"]


@pytest.mark.parametrize("patient_id", ["../Patient", "p1&patient=p2", "", "p1/../p2"])
def test_a_patient_id_cannot_change_the_question(patient_id: str) -> None:
    adapter, wire = ehr(lambda call: bundle())
    assert unknown(adapter.facts("Condition", patient_id)).reason is Reason.NOT_READABLE
    assert wire.calls == []


# --- scopes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("granted", "kind", "may"),
    [
        ((), "Condition", True),
        (("patient/Condition.rs",), "Condition", True),
        (("patient/Condition.read",), "Condition", True),
        (("user/*.cruds",), "Condition", True),
        (("patient/*.*",), "Condition", True),
        (("patient/Observation.rs?category=laboratory",), "Observation", True),
        (("patient/Condition.cud",), "Condition", False),
        (("patient/Condition.write",), "Condition", False),
        (("patient/Observation.rs",), "Condition", False),
        (("launch", "openid", "fhirUser"), "Condition", False),
    ],
)
def test_what_the_scopes_allow(granted: tuple[str, ...], kind: str, may: bool) -> None:
    assert may_read(kind, granted) is may


def test_a_type_without_scope_is_not_asked_for() -> None:
    adapter, wire = ehr(lambda call: bundle(), granted={"patient/Condition.rs", "launch"})
    assert unknown(adapter.facts("Procedure", "p1")).reason is Reason.NOT_ALLOWED
    assert known(adapter.facts("Condition", "p1")).value == ()
    assert [call.path for call in wire.calls] == ["/fhir/Condition"]


# --- the resources of the launch ------------------------------------------------------------------

ANN = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"family": "Öz", "given": ["Ana"]}],
    "birthDate": "1957-01-01",
    "gender": "female",
}


@pytest.mark.parametrize(
    "vendor",
    [
        {},
        {"vendorField": {"x": 1}},
        {"name": [{"family": "Öz", "given": ["Ana"], "vendor": 1}]},
        {"multipleBirthInteger": "two"},
        {"photo": [{"creation": "2026-01-01 10:00"}]},
    ],
)
def test_a_vendor_field_costs_nothing_of_the_patient(vendor: dict[str, Any]) -> None:
    adapter, _ = ehr(lambda call: ANN | vendor)
    found = known(adapter.patient("p1")).value
    assert (found.id, found.names[0].family, found.names[0].given, found.sex) == ("p1", "Öz", ("Ana",), "female")
    assert found.birth_date.text == "1957-01-01"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (ANN | {"id": "p2"}, Reason.NOT_READABLE),
        ({"resourceType": "Practitioner", "id": "p1"}, Reason.NOT_READABLE),
        (Reply(b"", 404), Reason.NOT_READABLE),
        (Reply(b"", 403), Reason.NOT_ALLOWED),
    ],
)
def test_another_patient_than_was_asked_for_is_no_answer(reply: Any, reason: Reason) -> None:
    adapter, _ = ehr(lambda call: reply)
    assert unknown(adapter.patient("p1")).reason is reason


def test_an_encounter_names_its_patient() -> None:
    visit = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "class": {"code": "AMB"},
        "subject": {"reference": "https://ehr.example/fhir/Patient/p1"},
        "period": {"start": "2026-11-22T09:00:00-05:00"},
    }
    adapter, _ = ehr(lambda call: visit)
    found = known(adapter.encounter("e1")).value
    assert (found.subject, found.status, found.setting) == ("Patient/p1", "in-progress", "AMB")


DOCTOR = {
    "resourceType": "Practitioner",
    "id": "dr",
    "name": [
        {"use": "old", "family": "Poe"},
        {"use": "official", "prefix": ["Dr."], "given": ["Lee"], "family": "Moss"},
    ],
    "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
}


def role(name: str, code: str, **more: Any) -> dict[str, Any]:
    stated = {"resourceType": "PractitionerRole", "id": name, "practitioner": {"reference": "Practitioner/dr"}}
    return stated | {"code": [{"coding": [{"system": "s", "code": code}]}]} | more


def clinic(call: Call) -> Any:
    if call.path == "/fhir/Practitioner/dr":
        return DOCTOR
    if call.path == "/fhir/PractitionerRole/now":
        return role("now", "physician")
    return bundle(
        role("now", "physician", specialty=[{"coding": [{"system": "n", "code": "207Q"}]}]),
        role("left", "resident", period={"end": "2020-06-30"}),
        role("off", "chief", active=False),
        role("other", "admin", practitioner={"reference": "Practitioner/somebody"}),
    )


MOSS = User(
    "Practitioner/dr",
    "Dr. Lee Moss",
    (Identifier("http://hl7.org/fhir/sid/us-npi", "1234567893", "NPI"),),
    (Coding("s", "physician"),),
    (Coding("n", "207Q"),),
)


@pytest.mark.parametrize("stated", ["Practitioner/dr", "https://other.example/oauth2/FHIR/R4/Practitioner/dr"])
def test_the_user_is_read_under_our_own_base_with_the_roles_in_force(stated: str) -> None:
    adapter, wire = ehr(clinic)
    user, codes = known(adapter.user(stated)), known(adapter.user_roles(stated))
    assert user_of({Ask(EHR, USER): user, Ask(EHR, USER_ROLES): codes}) == MOSS
    assert {call.host for call in wire.calls} == {"ehr.example"}
    assert wire.calls[1].get("practitioner") == ["Practitioner/dr"]


def test_a_practitioner_role_leads_to_its_practitioner() -> None:
    adapter, _ = ehr(clinic)
    assert known(adapter.user("PractitionerRole/now")).value == dataclasses.replace(MOSS, specialties=())


def test_a_user_whose_roles_are_refused_is_known_without_them() -> None:
    adapter, _ = ehr(lambda call: Reply(b"", 403) if "Role" in call.path else DOCTOR)
    refused = unknown(adapter.user_roles("Practitioner/dr"))
    assert refused.reason is Reason.NOT_ALLOWED
    found = user_of({Ask(EHR, USER): adapter.user("Practitioner/dr"), Ask(EHR, USER_ROLES): refused})
    assert found == dataclasses.replace(MOSS, role_codes=(), specialties=())


@pytest.mark.parametrize("stated", ["Patient/p1", "", "nonsense", "Practitioner/../x"])
def test_a_user_who_is_no_practitioner_is_unknown(stated: str) -> None:
    adapter, wire = ehr(clinic)
    assert unknown(adapter.user(stated)).reason is Reason.NOT_READABLE
    assert unknown(adapter.user_roles(stated)).reason is Reason.NOT_READABLE
    assert wire.calls == []


def test_fhirclient_has_no_way_out_but_ours() -> None:
    wire = Wire(ehr=lambda call: ANN)
    server = GuardedServer(connections(wire).http("main", "https://ehr.example/fhir"))
    assert PatientModel.read("p1", server).name[0].family == "Öz"
    for leave in (
        lambda: server.request_data("Patient/p1"),
        lambda: server.post_json("Patient", {}),
        lambda: server.put_json("Patient/p1", {}),
        lambda: server.delete_json("Patient/p1"),
        lambda: server.post_as_form("https://evil.example", {}),
    ):
        with pytest.raises(TypeError):
            leave()


# --- coverage -------------------------------------------------------------------------------------


def covered(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Coverage",
        "id": "c1",
        "status": "active",
        "beneficiary": {"reference": "Patient/p1"},
        "payor": [{"reference": "Organization/o1"}],
    } | more


def organization(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Organization",
        "name": "Northwind Health Plan",
        "alias": ["NHP"],
        "identifier": [{"system": "https://naic.example", "value": "12345"}],
    } | more


NAIC = Identifier("https://naic.example", "12345")


def test_a_coverage_is_read_with_member_ids_and_plan() -> None:
    stated = covered(
        identifier=[{"type": {"coding": [{"code": "MB"}]}, "system": "s", "value": "W1"}, {"value": "not a member id"}],
        subscriberId="W1",
        dependent="02",
        relationship={"coding": [{"code": "child"}]},
        type={"text": "Medicare Advantage"},
        period={"start": "2026-01", "end": "2026-12-31"},
        **{"class": [{"type": {"coding": [{"code": "group"}]}, "value": "G1"},
                     {"type": {"coding": [{"code": "plan"}]}, "value": "P1", "name": "Gold"}]},
    )  # fmt: skip
    adapter, wire = ehr(lambda call: organization(id="o1") if "Organization" in call.path else bundle(stated))
    (found,) = known(adapter.coverages("p1")).value
    assert (found.ref, found.status, found.subscriber_id, found.dependent, found.relationship) == (
        "Coverage/c1", "active", "W1", "02", "child",
    )  # fmt: skip
    assert found.member_ids == (Identifier("s", "W1", "MB"),)
    assert (found.plan, found.group, found.kind.text) == ("Gold", "G1", "Medicare Advantage")
    assert (found.start.start, found.end.end) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (found.payors, found.payor_identifiers, found.payor_refs) == (
        ("Northwind Health Plan", "NHP"), (NAIC,), ("Organization/o1",),
    )  # fmt: skip
    assert [call.path for call in wire.calls] == ["/fhir/Coverage", "/fhir/Organization/o1"]


def test_a_payor_that_rides_along_is_not_read_again() -> None:
    contained = covered(payor=[{"reference": "#o"}], contained=[organization(id="o")])
    included = bundle(covered())
    included["entry"].append({"resource": organization(id="o1"), "search": {"mode": "include"}})
    for page in (bundle(contained), included):
        adapter, wire = ehr(lambda call, page=page: page)
        (found,) = known(adapter.coverages("p1")).value
        assert found.payors == ("Northwind Health Plan", "NHP")
        assert len(wire.calls) == 1


def test_payor_reads_are_bounded_and_shared() -> None:
    many = [covered(id=f"c{n}", payor=[{"reference": f"Organization/o{n % 7}"}]) for n in range(14)]
    adapter, wire = ehr(lambda call: organization() if "Organization" in call.path else bundle(*many))
    found = known(adapter.coverages("p1"))
    assert len(wire.asked("/fhir/Coverage")) + 4 == len(wire.calls)
    assert sum(bool(c.payors) for c in found.value) == 8
    assert len(found.incomplete) == 6


def test_a_payor_that_may_not_be_read_is_named_by_its_display_or_reported() -> None:
    shown = covered(id="c2", payor=[{"reference": "Organization/o2", "display": "Lakeside"}])
    alone = covered(id="c3", payor=[{"reference": "Patient/p1"}])
    adapter, _ = ehr(lambda call: Reply(b"", 403) if "Organization" in call.path else bundle(covered(), shown, alone))
    found = known(adapter.coverages("p1"))
    assert [c.payors for c in found.value] == [(), ("Lakeside",), ()]
    assert "Coverage/c1: the payor could not be read" in found.incomplete


def test_a_coverage_of_somebody_else_is_left_out() -> None:
    other = covered(id="c2", beneficiary={"reference": "Patient/p2"})
    adapter, _ = ehr(lambda call: bundle(covered(payor=[{"display": "Lakeside"}]), other))
    found = known(adapter.coverages("p1"))
    assert [c.ref for c in found.value] == ["Coverage/c1"]
    assert found.incomplete == ("1 Coverage: names another patient",)


def test_a_refused_coverage_is_unknown() -> None:
    adapter, _ = ehr(lambda call: Reply(b"", 403))
    assert unknown(adapter.coverages("p1")).reason is Reason.NOT_ALLOWED


# --- consents -------------------------------------------------------------------------------------------------------

HL7 = "http://terminology.hl7.org/CodeSystem"


def consented(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "id": "c1",
        "status": "active",
        "scope": {"coding": [{"system": f"{HL7}/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/p1"},
        "policyRule": {"coding": [{"system": f"{HL7}/v3-ActCode", "code": "OPTIN"}]},
        **more,
    }


def actor(**reference: Any) -> dict[str, Any]:
    return {"role": {"coding": [{"code": "IRCP"}]}, "reference": reference}


def test_a_consent_is_read_with_its_rules_and_whom_they_name() -> None:
    provision = {
        "type": "permit",
        "period": {"start": "2026-01-01"},
        "provision": [
            {
                "type": "deny",
                "actor": [
                    actor(reference="Organization/o1"),
                    actor(identifier={"value": "NWHP1"}, type="Organization"),
                ],
                "purpose": [{"system": f"{HL7}/v3-ActReason", "code": "HPAYMT"}],
                "action": [{"coding": [{"system": f"{HL7}/consentaction", "code": "disclose"}]}],
                "class": [{"code": "Observation"}],
            }
        ],
    }
    insurer = {"coding": [{"system": f"{HL7}/organization-type", "code": "pay"}]}
    adapter, wire = ehr(
        lambda call: (
            organization(type=[insurer]) if "Organization" in call.path else bundle(consented(provision=provision))
        )
    )
    found = known(adapter.consents("p1"))
    assert found.incomplete == ()
    [one] = found.value
    assert one == Consent(
        "Consent/c1",
        "active",
        ("patient-privacy",),
        ("59284-0",),
        ("OPTIN", "59284-0"),
        Rule(
            False,
            start=When.day(date(2026, 1, 1)),
            exceptions=(
                Rule(
                    True,
                    one.rule.exceptions[0].parties,
                    purposes=("HPAYMT",),
                    actions=("disclose",),
                    narrowed=True,
                ),
            ),
        ),
    )
    by_reference, by_identifier = one.rule.exceptions[0].parties
    assert (by_reference.kind, by_reference.ref, by_reference.insurer) == ("Organization", "Organization/o1", True)
    assert by_reference.names
    assert by_identifier == Party("Organization", identifiers=(Identifier("", "NWHP1"),), roles=("IRCP",))
    assert wire.calls[0].get("patient") == ["Patient/p1"]


@pytest.mark.parametrize(
    ("provision", "denies"),
    [({"type": "deny"}, True), ({"type": "permit"}, False), ({}, None), ({"type": "refuse"}, True)],
)
def test_a_rule_that_says_something_else_than_permit_denies(provision: dict[str, Any], denies: bool | None) -> None:
    adapter, _ = ehr(lambda _: bundle(consented(provision={**provision, "period": {"end": "2030"}})))
    assert known(adapter.consents("p1")).value[0].rule.denies is denies


@pytest.mark.parametrize("provision", [None, [], {}, "deny", 7, [{"type": "deny"}, {"type": "permit"}]])
def test_a_misshapen_consent_is_read_without_an_exception(provision: Any) -> None:
    adapter, _ = ehr(lambda _: bundle(consented(provision=provision)))
    rule = known(adapter.consents("p1")).value[0].rule
    assert (rule is None) == (not provision)


def test_a_rule_nested_without_end_is_cut_off_as_a_refusal() -> None:
    deep: dict[str, Any] = {"type": "permit"}
    for _ in range(200):
        deep = {"type": "permit", "provision": [deep]}
    adapter, _ = ehr(lambda _: bundle(consented(provision=deep)))
    rule = known(adapter.consents("p1")).value[0].rule
    while rule.exceptions:
        rule = rule.exceptions[0]
    assert rule.denies is True


@pytest.mark.parametrize(
    "odd",
    [
        consented(modifierExtension=[{"url": "x", "valueBoolean": True}]),
        consented(patient={"reference": "Patient/somebody"}),
        consented(id=None),
        {"resourceType": "Observation", "id": "o1", "subject": {"reference": "Patient/p1"}},
    ],
)
def test_a_consent_that_may_not_be_used_is_said_to_be_missing(odd: dict[str, Any]) -> None:
    adapter, _ = ehr(lambda _: bundle(odd))
    found = known(adapter.consents("p1"))
    assert found.value == ()
    assert found.incomplete


NAMED = actor(reference="Organization/o1")


@pytest.mark.parametrize(
    ("provision", "looked_up"),
    [
        ({"type": "permit", "actor": [NAMED]}, 0),
        ({"actor": [NAMED]}, 0),  # R4: the root says nothing, and no policy refuses
        ({"type": "permit", "provision": [{"type": "permit", "actor": [NAMED]}]}, 0),
        ({"type": "permit", "provision": [{"type": "deny", "actor": [NAMED]}]}, 1),
        ({"type": "permit", "provision": [{"actor": [NAMED]}]}, 1),  # an exception of a permission refuses
        ({"type": "deny", "actor": [NAMED]}, 1),
    ],
)
def test_whom_a_consent_names_is_looked_up_only_where_it_may_refuse(provision: Any, looked_up: int) -> None:
    """Every payer waits for the answer: without a refusal it is one round trip."""
    adapter, wire = ehr(
        lambda call: organization() if "Organization" in call.path else bundle(consented(provision=provision))
    )
    known(adapter.consents("p1"))
    assert sum("Organization" in call.path for call in wire.calls) == looked_up


def test_consents_that_the_ehr_refuses_are_unknown() -> None:
    adapter, wire = ehr(lambda _: Reply(b"", 403))
    assert unknown(adapter.consents("p1")).reason is Reason.NOT_ALLOWED
    adapter, wire = ehr(lambda _: bundle(), granted={"patient/Patient.rs"})
    assert unknown(adapter.consents("p1")).reason is Reason.NOT_ALLOWED
    assert wire.calls == []
