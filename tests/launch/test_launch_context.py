"""Launch context from token responses that cannot be trusted to have any form."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from front_door import PUBLIC
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import launch
from launch import context, id_token, records
from launch.discovery import Configuration, _oauth_uris
from launch.errors import DiscoveryIncomplete, TokenUnreadable

BASE = "https://ehr.example/fhir"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
#: Small and many rather than deep: every field is read on its own.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
quickly = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("p1", "p1"),
        ("Patient/p1", "p1"),
        ("https://ehr.example/fhir/Patient/p1", "p1"),
        ("https://ehr.example/fhir/Patient/p1/_history/3", "p1"),
        (42, "42"),
        ("Group/p1", None),
        ("../x", None),
        ("..", None),
        ("p 1", None),
        ("", None),
        (True, None),
        ({"reference": "Patient/p1"}, None),
        (["p1"], None),
        (10**4000, None),
        ("https://[x/Patient/p1", None),
    ],
)
def test_the_patient_may_be_written_in_many_ways(said: Any, read: str | None) -> None:
    assert context.Context.read({"patient": said}, BASE).patient == read


@pytest.mark.parametrize(
    ("said", "banner"),
    [
        (True, True), (False, False), ("false", False), ("False", False), (" FALSE ", False), ("true", True),
        ("0", False), (0, False), (1, True), (None, True), ("", True), ({}, True), ([], True), (0.0, True),
    ],
)  # fmt: skip
def test_the_banner_is_needed_unless_the_ehr_clearly_says_no(said: Any, banner: bool) -> None:
    assert context.Context.read({"need_patient_banner": said}, BASE).need_patient_banner is banner


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (3600, 3600), ("570", 570), (" 570 ", 570), (20.9, 20), (0, None), (-5, None), ("-5", None), ("soon", None),
        (None, None), (True, None), ([60], None), (float("nan"), None), (float("inf"), 366 * 86_400),
        (float("-inf"), None), (10**400, 366 * 86_400), (-(10**400), None), ("9" * 400, None),
    ],
)  # fmt: skip
def test_expires_in_may_be_a_string_or_nothing(said: Any, read: int | None) -> None:
    assert context.seconds(said) == read


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ([{"reference": "Task/1", "role": "r"}], ({"reference": "Task/1", "role": "r"},)),
        ([{"reference": "Task/1"}, 7, {"reference": "Task/2"}], ({"reference": "Task/1"}, {"reference": "Task/2"})),
        ({"reference": "Task/1"}, ({"reference": "Task/1"},)),
        ([{"canonical": "http://x.example/Q", "n": 1}], ({"canonical": "http://x.example/Q"},)),
        (["Task/1"], ()),
        ("Task/1", ()),
        (None, ()),
        ([{"role": "x"}], ()),
        ([[{"reference": "Task/1"}]], ()),
    ],
)
def test_fhir_context_is_a_list_of_references_or_empty(said: Any, read: tuple[dict[str, str], ...]) -> None:
    assert context.Context.read({"fhirContext": said}, BASE).fhir_context == read


@pytest.mark.parametrize("style", ["http://ehr.example/s.json", "javascript:alert(1)", "/s.json", 7, None])
def test_a_style_sheet_address_must_be_https(style: Any) -> None:
    assert context.Context.read({"smart_style_url": style}, BASE).smart_style_url is None


def test_other_fields_are_kept_if_plain_and_no_secret() -> None:
    said = {
        "user": "u1", "appointment": "a1", "active_ttl": 570, "flag": True, "project": {"reference": "x"},
        "access_token": "s", "Refresh_Token": "s", "client_secret": "s", "code": "s", "long": "x" * 1000,
        "scope": "openid", "lines": "a\nb",
    }  # fmt: skip
    assert context.Context.read(said, BASE).token_fields == {
        "user": "u1", "appointment": "a1", "active_ttl": 570, "flag": True,
    }  # fmt: skip


TOKEN_FIELDS = ["access_token", "refresh_token", "token_type", "expires_in"]
NAMES = [f.name for f in dataclasses.fields(context.Context)] + ["fhirContext", "token_fields", "x"]


@quickly
@given(st.dictionaries(st.sampled_from(NAMES) | st.text(), JSON, max_size=5))
def test_no_token_response_is_too_odd_to_read(said: dict[str, Any]) -> None:
    read = context.Context.read(said, BASE)
    json.dumps(dataclasses.asdict(read), allow_nan=False)


@quickly
@given(st.dictionaries(st.sampled_from(TOKEN_FIELDS), JSON, max_size=5))
def test_tokens_are_read_or_refused(said: dict[str, Any]) -> None:
    try:
        read = records.Tokens.read(said, "https://ehr.example/token", "", NOW)
    except TokenUnreadable:
        return
    assert read.access_token == said["access_token"]
    assert read.usable(NOW)


@quickly
@given(st.dictionaries(st.sampled_from(["fhirUser", "profile", "sub"]) | st.text(), JSON, max_size=5), st.booleans())
def test_no_claim_is_too_odd_to_read(claims: dict[str, Any], quirk: bool) -> None:
    try:
        user = id_token.fhir_user(claims, claims, sub_is_practitioner=quirk)
    except launch.LaunchError:
        return
    assert user is None or user.split("/")[0] in context.STAFF
    context.user_name(claims)
    json.dumps(context.kept_claims(claims, tuple(claims)), allow_nan=False)


@quickly
@given(st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(Configuration)]), JSON, max_size=5))
def test_no_smart_configuration_is_too_odd_to_read(said: dict[str, Any]) -> None:
    good = {"authorization_endpoint": "https://ehr.example/a", "token_endpoint": "https://ehr.example/t"}
    try:
        read = Configuration.read(BASE, {**good, **said})
    except DiscoveryIncomplete:
        return
    assert Configuration.load(json.loads(json.dumps(read.dump()))) == read


@quickly
@given(JSON)
def test_no_capability_statement_is_too_odd_to_read(said: Any) -> None:
    _oauth_uris({"rest": said})
    _oauth_uris({"rest": [{"security": said}]})
    _oauth_uris({"rest": [{"security": {"extension": said}}]})


def test_a_launch_comes_back_from_the_store_as_it_was() -> None:
    values: dict[str, Any] = {f.name: None for f in dataclasses.fields(launch.Launch)}
    values |= {"handle": "h", "scopes": frozenset({"openid"}), "missing_scopes": ("a",), "claims": {"groups": ["a"]}}
    values |= {"created": NOW, "idle_until": NOW + timedelta(minutes=20), "ends": NOW, "token_fields": {"n": 1}}
    values |= {"fhir_context": ({"reference": "Task/1"},), "issuer": PUBLIC}
    before = launch.Launch(**values)
    assert launch.Launch.load(json.loads(json.dumps(before.dump()))) == before
