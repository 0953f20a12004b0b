"""Which EHRs we answer to: nothing outside the registered issuers is ever accepted."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import launch
from launch.registry import is_loopback, is_safe_endpoint

PATTERN = "https://launch.example/v/r4/sim/{segment}/fhir"


def ehr(**fields: Any) -> launch.Ehr:
    chosen: dict[str, Any] = {"id": "a", "name": "A", "client_id": "c"}
    if "issuer" not in fields and "issuer_pattern" not in fields:
        chosen["issuer"] = "https://ehr.example/fhir"
    return launch.Ehr(**{**chosen, **fields})


REGISTRY = launch.Registry(
    [ehr(), ehr(id="sim", issuer_pattern=PATTERN), ehr(id="local", issuer="http://localhost:8600/main/fhir")]
)


@pytest.mark.parametrize(
    ("iss", "found"),
    [
        ("https://ehr.example/fhir", "a"),
        ("https://ehr.example/fhir/", "a"),
        ("http://localhost:8600/main/fhir", "local"),
        ("https://launch.example/v/r4/sim/WzAsIiJd/fhir", "sim"),
        ("https://launch.example/v/r4/sim/a%3Db~c/fhir/", "sim"),
        ("https://ehr.example/fhir//", None),
        ("https://ehr.example/fhir/x", None),
        ("https://ehr.example/FHIR", None),
        ("http://ehr.example/fhir", None),
        ("https://ehr.example:443/fhir", None),
        ("https://ehr.example:8443/fhir", None),
        ("https://ehr.example.evil.example/fhir", None),
        ("https://evil.example/https://ehr.example/fhir", None),
        ("https://ehr.example@evil.example/fhir", None),
        ("https://user:pw@ehr.example/fhir", None),
        ("https://ehr.example/fhir?x", None),
        ("https://ehr.example/fhir#x", None),
        ("https://ehr.example/fhir?", None),
        ("https://ehr.example/fhir#", None),
        ("https://ehr.example\\fhir", None),
        ("https://ehr.example/x/../fhir", None),
        ("https://ehr.example/./fhir", None),
        (" https://ehr.example/fhir", None),
        ("https://ehr.example/fhir\n", None),
        ("https://ehr.example/fh\tir", None),
        ("//ehr.example/fhir", None),
        ("ftp://ehr.example/fhir", None),
        ("", None),
        ("https://launch.example/v/r4/sim//fhir", None),
        ("https://launch.example/v/r4/sim/a/b/fhir", None),
        ("https://launch.example/v/r4/sim/a%2Fb/fhir", None),
        ("https://launch.example/v/r4/sim/a%5Cb/fhir", None),
        ("https://launch.example/v/r4/sim/../fhir", None),
        ("https://launch.example/v/r4/sim/%2e%2E/fhir", None),
        ("https://launch.example/v/r4/sim/a?b/fhir", None),
        ("https://launch.example/v/r4/sim/a%/fhir", None),
        ("https://launch.example/v/r4/sim/ä/fhir", None),
        ("https://launch.example.evil.example/v/r4/sim/a/fhir", None),
        ("https://launchXexample/v/r4/sim/a/fhir", None),
    ],
)
def test_an_issuer_is_found_exactly_or_not_at_all(iss: str, found: str | None) -> None:
    entry = REGISTRY.find(iss)
    assert (entry.id if entry else None) == found


@given(st.text() | st.text(alphabet="htps:/.launchexmpvr4sim%2eEfF5cC@?#[]\\ {}", max_size=80))
@example("https://launch.example/v/r4/sim/{segment}/fhir")
def test_no_text_outside_the_issuers_is_ever_accepted(text: str) -> None:
    assert not REGISTRY.find(text) or _allowed(text)


@given(st.text(min_size=1), st.sampled_from(["path", "host", "front", "end"]))
def test_nothing_added_to_an_issuer_widens_it(text: str, where: str) -> None:
    iss = {
        "path": f"https://launch.example/v/r4/sim/{text}/fhir",
        "host": f"https://launch.example{text}/v/r4/sim/a/fhir",
        "front": f"{text}https://ehr.example/fhir",
        "end": f"https://ehr.example/fhir{text}",
    }[where]
    assert not REGISTRY.find(iss) or _allowed(iss)


def _allowed(iss: str) -> bool:
    """Said another way than the registry says it: letter by letter what an accepted issuer may be."""
    if iss in ("https://ehr.example/fhir", "https://ehr.example/fhir/"):
        return True
    segment = re.fullmatch(r"https://launch\.example/v/r4/sim/([^/?#\\\s]+)/fhir/?", iss)
    return bool(segment) and segment[1] not in (".", "..") and segment[1].isascii() and segment[1].isprintable()


@given(st.from_regex(r"[A-Za-z0-9_-]{1,60}", fullmatch=True))
def test_every_plain_segment_of_a_pattern_is_found(segment: str) -> None:
    found = REGISTRY.find(PATTERN.replace("{segment}", segment))
    assert found is not None
    assert found.id == "sim"


def test_an_exact_issuer_wins_over_a_pattern() -> None:
    registry = launch.Registry(
        [ehr(id="any", issuer_pattern=PATTERN), ehr(id="one", issuer=PATTERN.replace("{segment}", "mine"))]
    )
    found = registry.find("https://launch.example/v/r4/sim/mine/fhir/")
    assert found is not None
    assert found.id == "one"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"issuer": "", "issuer_pattern": ""}, "either issuer or issuer_pattern"),
        ({"issuer": "https://ehr.example/fhir", "issuer_pattern": PATTERN}, "either issuer or issuer_pattern"),
        ({"issuer": "http://ehr.example/fhir"}, "https"),
        ({"issuer": "https://u@ehr.example/fhir"}, "plain"),
        ({"issuer": "https://ehr.example/fhir?x=1"}, "plain"),
        ({"issuer_pattern": "https://{segment}.example/fhir"}, "fix scheme, host and port"),
        ({"issuer_pattern": "https://{segment}/fhir"}, "fix scheme, host and port"),
        ({"issuer_pattern": "https://ehr.example:{segment}/fhir"}, "fix scheme, host and port"),
        ({"issuer_pattern": "{segment}://ehr.example/fhir"}, "fix scheme, host and port"),
        ({"issuer_pattern": "https://ehr.example/t-{segment}/fhir"}, "whole path segments"),
        ({"issuer_pattern": "https://ehr.example/{tenant}/fhir"}, "whole path segments"),
        ({"issuer_pattern": "https://ehr.example/.*/fhir?"}, "fix scheme"),
        ({"auth": "client_secret_jwt"}, "auth must be one of"),
        ({"auth": "client_secret_basic"}, "needs a client_secret"),
        ({"client_secret": "s3cret"}, "does not use a client_secret"),
        ({"auth": "client_secret_post", "client_secret": "naïve"}, "ASCII"),
        ({"assertion_alg": "RS256"}, "assertion_alg"),
        ({"scopes": ("launch openid",)}, "single words"),
        ({"frame_ancestors": ("https://a.example; script-src *",)}, "plain origins"),
        ({"client_id": ""}, "required"),
    ],
)
def test_an_unsafe_entry_is_refused_at_load_time(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(launch.ConfigurationError, match=says) as refused:
        ehr(**fields)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("twice", [{"id": "b"}, {"issuer": "https://other.example/fhir"}])
def test_entries_given_twice_are_refused(twice: dict[str, Any]) -> None:
    with pytest.raises(launch.ConfigurationError, match="twice"):
        launch.Registry([ehr(), ehr(**{"issuer": "https://ehr.example/fhir/", **twice})])


def test_a_secret_does_not_show_in_the_representation() -> None:
    assert "s3cret" not in repr(ehr(auth="client_secret_basic", client_secret="s3cret"))


@pytest.mark.parametrize(
    ("url", "beside", "safe"),
    [
        ("https://auth.example/token?tenant=1", "https://ehr.example/fhir", True),
        ("http://auth.example/token", "https://ehr.example/fhir", False),
        ("http://127.0.0.1/token", "https://ehr.example/fhir", False),  # an EHR elsewhere has no business here
        ("http://127.0.0.1/token", "http://localhost:8600/fhir", True),
        ("http://[::1]:9/token", "http://localhost:8600/fhir", True),
        ("http://localhost.evil.example/token", "http://localhost:8600/fhir", False),
        ("https://u:p@auth.example/token", "https://ehr.example/fhir", False),
        ("https://auth.example/token#x", "https://ehr.example/fhir", False),
        ("https://auth.example:port/token", "https://ehr.example/fhir", False),
        ("https://[auth/token", "https://ehr.example/fhir", False),
        ("https://auth.example\\@evil.example/", "https://ehr.example/fhir", False),
        ("javascript:alert(1)", "https://ehr.example/fhir", False),
        ("/token", "https://ehr.example/fhir", False),
        ("", "https://ehr.example/fhir", False),
    ],
)
def test_tokens_go_only_to_https_or_from_loopback_to_loopback(url: str, beside: str, safe: bool) -> None:
    assert is_safe_endpoint(url, beside=beside) is safe


@given(st.text())
def test_any_text_can_be_asked_about(text: str) -> None:
    is_loopback(text)
    is_safe_endpoint(text, beside=text)
