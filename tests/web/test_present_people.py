"""Names, birth dates, record numbers; users, roles and what they may not read."""

from __future__ import annotations

from datetime import date

import pytest
from handmade import TODAY, patient

from app.core.chart import Identifier, Name, Patient, When
from app.core.roles import Role
from app.web import present
from app.web.present.pages import limit_words, lists_of, ways
from app.web.present.people import ROLE_WORDS, header, name_words, script

MO = Name("official", "Al-Husseini", ("Mohammed",))


@pytest.mark.parametrize(
    ("name", "words", "lang"),
    [
        (Name("official", "Okafor", ("Grace", "Amara"), suffix=("MD",)), "Okafor, Grace Amara MD", ""),
        (Name("official", "Okafor"), "Okafor", ""),
        (Name("official", "", ("Grace",)), "Grace", ""),
        (Name("usual", text="محمد الحسيني"), "محمد الحسيني", "und-Arab"),
        (Name("official", "حداد", ("ليلى",)), "حداد، ليلى", "und-Arab"),
        (Name("official", "王", ("小明",)), "王小明", "und-Hani"),
        (Name("official", "김", ("민준",)), "김민준", "ko"),
        (Name("official", "Иванова", ("Анна",)), "Иванова, Анна", "und-Cyrl"),
        (Name("official", "  Müller\n", ("Jörg",)), "Müller, Jörg", ""),
        (Name("official", "\u202egnisrever", ("x",)), "gnisrever, x", ""),
        (Name(), "", ""),
    ],
)
def test_a_name_is_written_as_its_script_writes_it(name: Name, words: str, lang: str) -> None:
    assert name_words(name) == words
    assert script(words) == lang


def test_the_official_name_leads_whatever_the_order_of_the_wire() -> None:
    names = (Name("maiden", "Hill"), Name("nickname", "", ("Mo",)), MO, Name("usual", "Husseini", ("Mo",)), MO)
    seen = header(patient(names=names), today=TODAY, on_screen=True)
    assert seen.name.words == "Al-Husseini, Mohammed"
    assert [(other.before, other.words) for other in seen.others] == [
        ("also", "Husseini, Mo"),
        ("called", "Mo"),
        ("formerly", "Hill"),
    ]


def test_what_the_chart_does_not_state_is_said_to_be_missing() -> None:
    seen = header(Patient("p", (Name(), Name(given=("",)))), today=TODAY, on_screen=True)
    assert (seen.name.words, seen.others) == ("Name not stated", ())
    assert (seen.born, seen.sex, seen.record) == ("birth date not stated", "sex not stated", "record number not stated")


def test_the_header_holds_two_identifiers_beside_the_name() -> None:
    seen = header(patient(), today=TODAY, on_screen=False)
    assert seen.born == "born 12 Mar 1961, 65 years"
    assert seen.record == "record 00418823"
    assert not seen.on_screen


def test_a_member_number_is_not_passed_off_as_a_record_number() -> None:
    seen = header(patient(identifiers=(Identifier("urn:plan", "M1", "MB"),)), today=TODAY, on_screen=True)
    assert seen.record == "record number not stated"


def test_nobody_who_has_died_is_given_an_age() -> None:
    seen = header(patient(deceased=When.day(date(2026, 11, 2))), today=TODAY, on_screen=True)
    assert seen.born == "born 12 Mar 1961"


def test_every_role_has_words_and_the_page_says_whose_launch_it_is() -> None:
    assert set(ROLE_WORDS) == set(Role)
    shell = present.shell("Mara Ellison, MD", Role.CLINICIAN, "Sandbox EHR")
    assert (shell.user, shell.role, shell.ehr, shell.limits) == ("Mara Ellison, MD", "clinician", "Sandbox EHR", ())
    assert present.shell("", None, "Sandbox EHR").user == "Name not given by the EHR"


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        ("patient/Observation.rs", "results"),
        ("patient/Immunization.rs", "vaccines"),
        ("patient/*.rs", "everything"),
        ("user/Practitioner.rs", "your role"),
        ("offline_access", "reopen Chartside"),
        ("openid", "who opened"),
        ("patient/Novelty.rs", "Novelty"),
        ("odd", "odd"),
    ],
)
def test_a_scope_that_was_not_granted_is_said_in_words(scope: str, says: str) -> None:
    (words,) = limit_words([scope], "Sandbox EHR")
    assert says in words
    assert words.startswith("Sandbox EHR")
    assert words.endswith(".")


def test_what_may_not_be_read_of_the_chart_is_one_sentence() -> None:
    scopes = ["patient/Observation.rs", "patient/Procedure.rs", "offline_access", "patient/Observation.s"]
    assert limit_words(scopes, "Sandbox EHR") == (
        "Sandbox EHR did not let Chartside read results and procedures. What needs them says “cannot tell”.",
        "Sandbox EHR ends this sign-in early: reopen Chartside from the chart when it does.",
    )


def test_a_role_that_is_not_enough_is_told_from_one_that_is_unknown() -> None:
    assert present.no_role(Role.NONE) == present.NO_ROLE
    assert "finance" in present.no_role(Role.FINANCE).advice


@pytest.mark.parametrize("role", list(Role))
def test_a_role_without_the_panel_is_told_where_it_may_go(role: Role) -> None:
    urls = {f"{name}.page": f"/l/abc/{name}" for name in ("privacy", "audit", "compliance", "operator")}
    expected = {
        Role.PRIVACY: ["/l/abc/privacy", "/l/abc/audit", "/l/abc/compliance"],
        Role.OPERATOR: ["/l/abc/operator"],
    }
    assert [door.url for door in present.doors(role, urls)] == expected.get(role, [])


@pytest.mark.parametrize(
    ("role", "places"),
    [
        (Role.CLINICIAN, ("encounter.page", "huddle.page", "sent.page", "follow_ups.page")),
        (Role.CLINICAL_STAFF, ("encounter.page", "huddle.page", "sent.page", "follow_ups.page")),
        (Role.MANAGER, ("encounter.page", "huddle.page", "sent.page", "follow_ups.page")),
        (Role.PRIVACY, ("privacy.page", "audit.page", "compliance.page")),
        (Role.FINANCE, ()),
        (Role.OPERATOR, ()),
        (Role.NONE, ()),
    ],
)
def test_a_list_leads_only_to_pages_of_its_role(role: Role, places: tuple[str, ...]) -> None:
    assert lists_of(role) == places
    assert [way.url for way in ways({place: place for place in places})] == list(places)
