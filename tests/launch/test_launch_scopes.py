"""Scopes in both versions: what a grant covers, and what was trimmed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launch import scopes

TYPES = st.sampled_from(["Observation", "Condition", "Patient", "*"])
CONTEXTS = st.sampled_from(["patient", "user"])
ACTS = st.sets(st.sampled_from("cruds"), min_size=1).map(lambda acts: "".join(a for a in "cruds" if a in acts))
SCOPES = st.builds("{}/{}.{}".format, CONTEXTS, TYPES, ACTS)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("patient/Observation.read", "patient/Observation.rs"),
        ("user/Condition.Read", "user/Condition.rs"),
        ("USER/Condition.WRITE", "user/Condition.cud"),
        ("patient/*.*", "patient/*.cruds"),
        ("user/*.rs", "user/*.rs"),
        ("patient/Observation.sr", "patient/Observation.rs"),
        ("patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory"),
        ("fhiruser", "fhirUser"),
        ("OpenID", "openid"),
        ("launch/patient", "launch/patient"),
        ("patient/Observation.fly", "patient/observation.fly"),
        ("", ""),
    ],
)
def test_scopes_have_one_form_inside(written: str, normal: str) -> None:
    assert scopes.normalise(written) == normal


@pytest.mark.parametrize(
    ("granted", "needed", "covered"),
    [
        (["patient/Observation.rs"], "patient/Observation.rs", True),
        (["patient/Observation.read"], "patient/Observation.rs", True),
        (["user/Observation.Read"], "patient/Observation.rs", True),
        (["patient/Observation.rs"], "user/Observation.rs", False),
        (["patient/Observation.r", "patient/*.s"], "patient/Observation.rs", True),
        (["patient/Observation.r"], "patient/Observation.rs", False),
        (["patient/*.rs"], "patient/Condition.r", True),
        (["patient/Condition.rs"], "patient/*.rs", False),
        (["patient/observation.READ"], "patient/Observation.rs", True),
        (["patient/ObservationDefinition.rs"], "patient/Observation.rs", False),
        (["patient/Condition.rs?category=encounter-diagnosis"], "patient/Condition.rs", False),
        (["patient/Condition.rs?category=x"], "patient/Condition.rs?category=x", True),
        (["patient/Condition.rs"], "patient/Condition.rs?category=x", True),
        (["system/Patient.rs"], "patient/Patient.rs", False),
        (["OPENID", "fhiruser"], "fhirUser", True),
        ([], "openid", False),
    ],
)
def test_a_grant_covers_what_it_must(granted: list[str], needed: str, covered: bool) -> None:
    assert scopes.covers(granted, needed) is covered


@given(st.lists(SCOPES, max_size=4), SCOPES)
def test_more_grants_never_cover_less(granted: list[str], needed: str) -> None:
    if scopes.covers(granted[:-1], needed):
        assert scopes.covers(granted, needed)


@given(SCOPES)
def test_a_scope_covers_itself_and_its_v1_form_covers_it(scope: str) -> None:
    parsed = scopes.Scope.parse(scope)
    assert parsed is not None
    assert scopes.covers([scope], scope)
    assert scopes.covers([parsed.v1], scope)
    assert scopes.normalise(str(parsed)) == str(parsed)


@given(st.lists(st.text()) | st.text() | st.integers() | st.none() | st.dictionaries(st.text(), st.text()))
def test_any_scope_that_a_server_says_is_read(said: object) -> None:
    granted = scopes.granted(said, ["openid"])
    assert all(scopes.covers(granted, scope) for scope in granted)
    scopes.missing(granted, ["patient/*.rs", "openid"])
    scopes.speaks_v2(granted, granted)


@pytest.mark.parametrize("said", [None, 7, {}, [7], "", "  "])
def test_no_usable_scope_in_the_response_means_as_requested(said: object) -> None:
    assert scopes.granted(said, ["openid", "patient/Observation.read"]) == {"openid", "patient/Observation.rs"}


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ("launch openid fhirUser patient/*.rs user/Practitioner.rs offline_access", ()),
        ("openid fhirUser user/Observation.read user/Practitioner.read offline_access", ()),  # a list for the wildcard
        ("openid fhirUser", ("offline_access", "patient/*.rs", "user/Practitioner.rs")),
        ("patient/Observation.r openid fhirUser offline_access", ("patient/*.rs", "user/Practitioner.rs")),
    ],
)
def test_trimmed_scopes_are_named(granted: str, missing: tuple[str, ...]) -> None:
    requested = ["launch", "openid", "fhirUser", "offline_access", "patient/*.rs", "user/Practitioner.rs"]
    assert scopes.missing(granted.split(), requested) == missing


@pytest.mark.parametrize(
    ("capabilities", "supported", "v2"),
    [
        (["permission-v2"], [], True),
        (["permission-v1", "permission-v2"], [], True),
        (["permission-v1"], ["patient/*.rs"], False),
        ([], ["openid", "patient/*.rs"], True),
        ([], ["openid", "patient/*.read", "patient/*.*"], False),
        ([], ["patient/Observation.rs?category=http://x.example|lab.read"], True),
        ([], [], False),
    ],
)
def test_a_server_speaks_v2_if_it_says_so(capabilities: list[str], supported: list[str], v2: bool) -> None:
    assert scopes.speaks_v2(capabilities, supported) is v2


def test_what_is_asked_for_fits_the_kind_of_launch() -> None:
    entry = [
        "openid",
        "launch/patient",
        "patient/Observation.rs?category=x",
        "patient/Observation.rs",
        "user/Task.cruds",
    ]
    assert scopes.to_request(entry, v2=False, standalone=False) == (
        "launch", "openid", "patient/Observation.read", "user/Task.*",
    )  # fmt: skip
    assert scopes.to_request(["launch", *entry], v2=True, standalone=True) == (
        "launch/patient", "openid", "patient/Observation.rs?category=x", "patient/Observation.rs", "user/Task.cruds",
    )  # fmt: skip
