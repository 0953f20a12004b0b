"""Restrictions on disclosure: whom a Consent, a Flag or the practice's own entry keeps us from asking."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.answers import Answer, Known, Reason, Unknown
from app.core.chart import Coding, Concept, Coverage, Fact, Identifier, When
from app.core.consents import Bar, Consent, Party, Rule
from app.core.coverage import Recognition
from app.core.restrictions import EVERY_PAYER, NOT_WHOLE, Own, restrictions, restricts

TODAY = date(2026, 3, 2)
ACT, CONF = (
    "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
)


@dataclass(frozen=True)
class Payer:
    id: str
    name: str
    recognised_by: tuple[Recognition, ...] = field(default_factory=tuple)


NORTHWIND = Payer("northwind", "Northwind Health Plan", (Recognition(identifier="https://ids.example|NWHP1"),))
LAKESIDE = Payer("lakeside", "Lakeside Community Health", (Recognition(payor_contains="Lakeside"),))
BY_NORTHWIND = Coverage(
    "Coverage/1", "active", ("Northwind Health Plan",), (Identifier("https://ids.example", "NWHP1"),),
    ("Organization/northwind",),
)  # fmt: skip
BY_LAKESIDE = Coverage("Coverage/2", "active", ("Lakeside",), payor_refs=("Organization/lakeside",))
BOTH = ((NORTHWIND, BY_NORTHWIND), (LAKESIDE, BY_LAKESIDE))


def known(*values: Any, **other: Any) -> Known[tuple[Any, ...]]:
    return Known(tuple(values), "main", datetime(2026, 3, 2, tzinfo=UTC), **other)


def consent(rule: Rule | None, **other: Any) -> Consent:
    return Consent("Consent/1", **{"status": "active", "scopes": ("patient-privacy",), "rule": rule, **other})


def refused(*consents: Consent) -> dict[str, str]:
    found = restrictions(known(*consents), known(), Own(), BOTH, TODAY, everybody=(NORTHWIND, LAKESIDE))
    assert found.known
    return {payer: str(reason) for payer, reason in found.refused.items()}


NOBODY: dict[str, str] = {}
EVERYBODY = {"northwind": "restricted", "lakeside": "restricted"}
NORTHWIND_ONLY = {"northwind": "restricted"}
UNSURE = {"northwind": "restriction-unknown", "lakeside": "restriction-unknown"}

TO_NORTHWIND = Party("Organization", "Organization/northwind")
DENY_ALL, DENY_NORTHWIND = Rule(denies=True), Rule(denies=True, parties=(TO_NORTHWIND,))


def deny_to(**party: Any) -> Rule:
    return Rule(denies=True, parties=(Party(**{"kind": "Organization", **party}),))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (None, NOBODY),
        (Rule(), NOBODY),
        (Rule(denies=False), NOBODY),
        (DENY_ALL, EVERYBODY),
        (DENY_NORTHWIND, NORTHWIND_ONLY),
        # the refusal stands in an exception to a permission, with and without a type of its own
        (Rule(denies=False, exceptions=(DENY_NORTHWIND,)), NORTHWIND_ONLY),
        (Rule(denies=False, exceptions=(replace(DENY_NORTHWIND, denies=None),)), NORTHWIND_ONLY),
        (Rule(exceptions=(Rule(denies=False, exceptions=(DENY_ALL,)),)), EVERYBODY),
        # a refusal with an exception for one payer
        (Rule(denies=True, exceptions=(Rule(denies=False, parties=(TO_NORTHWIND,)),)), {"lakeside": "restricted"}),
        # which is honoured only where nothing narrows it
        (Rule(denies=True, exceptions=(Rule(denies=False, parties=(TO_NORTHWIND,), narrowed=True),)), EVERYBODY),
        (Rule(denies=True, exceptions=(Rule(denies=False, parties=(TO_NORTHWIND,), purposes=("TREAT",)),)), EVERYBODY),
        (Rule(denies=True, exceptions=(Rule(denies=False),)), EVERYBODY),
        # purposes and actions
        (replace(DENY_ALL, purposes=("HPAYMT",)), EVERYBODY),
        (replace(DENY_ALL, purposes=("TREAT", "HRESCH")), EVERYBODY),
        (replace(DENY_ALL, purposes=("HRESCH", "HMARKT")), NOBODY),
        (replace(DENY_ALL, purposes=("something-of-their-own",)), EVERYBODY),
        (replace(DENY_ALL, actions=("disclose",)), EVERYBODY),
        (replace(DENY_ALL, actions=("collect",)), NOBODY),
        # what it is limited to is not looked at
        (replace(DENY_ALL, narrowed=True), EVERYBODY),
        # its period
        (replace(DENY_ALL, start=When.day(date(2026, 3, 3))), NOBODY),
        (replace(DENY_ALL, end=When.day(date(2026, 3, 1))), NOBODY),
        (replace(DENY_ALL, start=When.day(TODAY), end=When.day(TODAY)), EVERYBODY),
        (replace(DENY_ALL, end=When(date(2026, 3, 1), date(2026, 3, 31), "2026-03")), EVERYBODY),
    ],
)  # fmt: skip
def test_what_a_rule_refuses(rule: Rule | None, expected: dict[str, str]) -> None:
    assert refused(consent(rule)) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (deny_to(names=("NORTHWIND health plan",)), NORTHWIND_ONLY),
        (deny_to(names=("Northwind",)), NORTHWIND_ONLY),
        (deny_to(identifiers=(Identifier("https://ids.example", "NWHP1"),)), NORTHWIND_ONLY),
        (deny_to(kind="", identifiers=(Identifier("", "NWHP1"),)), NORTHWIND_ONLY),
        (deny_to(names=("Lakeside of Ohio",), insurer=True), {"lakeside": "restricted"}),
        (deny_to(kind="", names=("All health plans",)), EVERYBODY),
        (deny_to(kind="", names=("my insurance company",)), EVERYBODY),
        (deny_to(names=("Riverside Behavioral Clinic",), roles=("IRCP",)), NOBODY),
        (deny_to(names=("Former Mutual",), insurer=True), UNSURE),
        (deny_to(ref="Organization/unreadable"), UNSURE),
        (deny_to(kind="Group", names=("Everyone",)), UNSURE),
        (deny_to(kind="Practitioner", ref="Practitioner/1", roles=("PRCP",)), NOBODY),
        (deny_to(kind="RelatedPerson", names=("Northwind",), roles=("IRCP",)), NOBODY),
        (deny_to(names=("All commercial insurers",)), EVERYBODY),
        (deny_to(names=("Health insurers",)), EVERYBODY),
        (deny_to(kind="", names=("All insurance carriers",)), EVERYBODY),
        (deny_to(names=("Third-party payers",)), EVERYBODY),
        # insurers, or nobody knows what, that is none of ours
        (deny_to(names=("NW Insurance Services",)), UNSURE),
        (deny_to(names=("Aetna",)), UNSURE),
        (deny_to(names=("Cascadia Partners",)), UNSURE),
        (deny_to(identifiers=(Identifier("https://else.example", "1"),)), UNSURE),
        (deny_to(identifiers=(Identifier("http://hl7.org/fhir/sid/us-npi", "1"),), roles=("PRCP",)), NOBODY),
        # without a role nobody knows whether it is who discloses
        (deny_to(names=("Riverside Behavioral Clinic",)), UNSURE),
        (deny_to(kind="Practitioner", ref="Practitioner/1"), UNSURE),
    ],
)
def test_whom_a_rule_means(rule: Rule, expected: dict[str, str]) -> None:
    assert refused(consent(rule)) == expected


CLINIC = Party("Organization", names=("Riverbend Clinic",), roles=("CST",))
PATIENT = Party("Patient", "Patient/1")
AUTHOR = Party("Practitioner", "Practitioner/1", roles=("AUT",))
TO_A_PERSON = Party("Practitioner", "Practitioner/2", roles=("IRCP",))


@pytest.mark.parametrize(
    ("parties", "expected"),
    [
        ((CLINIC,), EVERYBODY),
        ((PATIENT,), EVERYBODY),
        ((AUTHOR, CLINIC, PATIENT), EVERYBODY),
        ((replace(TO_NORTHWIND, roles=("CST",)),), EVERYBODY),  # what a payer holds, to anybody
        ((CLINIC, TO_NORTHWIND), NORTHWIND_ONLY),
        ((CLINIC, TO_A_PERSON), NOBODY),
        ((replace(PATIENT, roles=("PRCP",)),), NOBODY),
        ((replace(CLINIC, roles=("information recipient",)),), UNSURE),  # not a code that we know
    ],
)
def test_who_discloses_narrows_no_refusal(parties: tuple[Party, ...], expected: dict[str, str]) -> None:
    assert refused(consent(Rule(denies=True, parties=parties))) == expected


def test_who_may_disclose_opens_no_refusal() -> None:
    holder = replace(TO_NORTHWIND, roles=("CST",))
    assert refused(consent(Rule(denies=True, exceptions=(Rule(denies=False, parties=(holder,)),)))) == EVERYBODY


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"status": status}, NOBODY)
        for status in ("draft", "proposed", "rejected", "inactive", "entered-in-error")
    ]
    + [
        ({"status": ""}, EVERYBODY),
        ({"scopes": ()}, EVERYBODY),
        ({"scopes": ("treatment",)}, NOBODY),
        ({"scopes": ("research",)}, NOBODY),
        ({"categories": ("dnr",)}, NOBODY),
        ({"categories": ("59284-0",)}, EVERYBODY),
        ({"scopes": ("treatment",), "policies": ("hipaa-self-pay",), "rule": None}, EVERYBODY),
        ({"policies": ("OPTOUT",), "rule": None}, EVERYBODY),
        ({"policies": ("OPTOUT",), "rule": Rule(exceptions=(Rule(denies=False, parties=(TO_NORTHWIND,)),))},
         {"lakeside": "restricted"}),
        ({"policies": ("OPTIN",), "rule": Rule()}, NOBODY),
        ({"policies": ("hipaa-npp",), "rule": None}, NOBODY),
    ],
)  # fmt: skip
def test_which_consents_count(other: dict[str, Any], expected: dict[str, str]) -> None:
    assert refused(consent(**{"rule": DENY_ALL, **other})) == expected


rules = st.recursive(
    st.builds(Rule, denies=st.sampled_from([True, False, None]), purposes=st.sampled_from([(), ("HRESCH",)])),
    lambda inner: st.builds(
        Rule, denies=st.sampled_from([True, False, None]), exceptions=st.lists(inner, max_size=2).map(tuple)
    ),
    max_leaves=6,
)


@given(st.lists(rules.map(consent), max_size=3), rules.map(consent))
def test_one_more_consent_never_opens_what_the_others_refuse(some: list[Consent], more: Consent) -> None:
    before, after = refused(*some), refused(*some, more)
    assert before.items() <= after.items()


# --- what has not been read -----------------------------------------------------------------------------------------

DOWN = Unknown("main", Reason.DOWN)


@pytest.mark.parametrize(
    ("consents", "flags", "expected"),
    [
        (Unknown("main", Reason.NOT_ALLOWED), known(), Reason.RESTRICTION_UNKNOWN),
        (known(), DOWN, Reason.RESTRICTION_UNKNOWN),
        (known(incomplete=("1 Consent: a modifier that we do not know",)), known(), Reason.RESTRICTION_UNKNOWN),
        (known(stale_because=Reason.SLOW), known(), Reason.RESTRICTION_UNKNOWN),
        (known(consent(DENY_ALL)), DOWN, Reason.RESTRICTED),
        (known(consent(DENY_ALL), incomplete=("1 Consent: no id",)), known(), Reason.RESTRICTED),
    ],
)
def test_what_cannot_be_read_is_treated_as_a_refusal(consents: Any, flags: Any, expected: Reason) -> None:
    found = restrictions(consents, flags, Own(), BOTH, TODAY)
    assert set(found.refused.values()) == {expected}


@pytest.mark.parametrize("missing", ["consents", "flags", "own"])
def test_nobody_is_cleared_before_everything_has_answered(missing: str) -> None:
    given: dict[str, Any] = {"consents": known(), "flags": known(), "own": Own(), missing: None}
    found = restrictions(given["consents"], given["flags"], given["own"], BOTH, TODAY)
    assert not found.known
    assert found.refused == {}


@pytest.mark.parametrize(
    ("kinds", "consents", "flags"), [(("Flag",), None, known()), (("Consent",), known(), None), ((), None, None)]
)
def test_an_ehr_without_one_of_them_is_not_waited_for(
    kinds: tuple[str, ...], consents: Answer[Any] | None, flags: Answer[Any] | None
) -> None:
    found = restrictions(consents, flags, Own(), BOTH, TODAY, kinds)
    assert found.known
    assert found.refused == {}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (Own(restricted=frozenset({"northwind"})), NORTHWIND_ONLY),
        (Own(restricted=frozenset({EVERY_PAYER})), EVERYBODY),
        (Own(held=frozenset({"northwind"})), {"northwind": "held"}),
        (Own(frozenset({"northwind"}), frozenset({EVERY_PAYER})), {"northwind": "held", "lakeside": "restricted"}),
    ],
)
def test_what_the_practice_itself_has_decided(own: Own, expected: dict[str, str]) -> None:
    found = restrictions(None, None, own, BOTH, TODAY)  # holds before anything else has answered
    assert {payer: str(reason) for payer, reason in found.refused.items()} == expected


# --- flags ----------------------------------------------------------------------------------------------------------


def flag(text: str = "", *codings: Coding, **other: Any) -> Fact:
    return Fact("Flag", "Flag/1", Concept(codings, text), **{"status": "active", **other})


@pytest.mark.parametrize(
    "text",
    [
        "HIPAA 45 CFR 164.522(a) restriction",
        "Do not disclose to health plan",
        "Patient requests no disclosure to insurance",
        "Disclosure restricted",
        "Disclosure of information to payers is prohibited",
        "Do NOT bill insurance for this visit",
        "Don't share records with insurer",
        "Self-pay: restriction agreed",
        "Withhold from payor",
        "restricted",
        "Insurance must not be told",
        "Insurer must not be informed",
        "Restrict PHI from health plan",
        "PHI restriction",
        "Patient requested restriction: health plan",
        "Information blocked from payer",
        "Insurance: do not contact",
        "Private pay restriction",
        "Paid out of pocket - do not submit claim",
        "Do not release records to Aetna",
        "Do not share with Northwind",
        "Records not to be sent to Lakeside",
    ],
)
def test_words_that_restrict(text: str) -> None:
    for found in (flag(text), flag("", Coding("https://riverbend.example", "x1", text))):
        refused = restrictions(known(), known(found), Own(), BOTH, TODAY).refused
        assert Reason.RESTRICTED in refused.values()
        assert set(refused) == {"northwind", "lakeside"}


@pytest.mark.parametrize(
    "text",
    [
        "Confidential: self pay, no insurance",
        "No release of information",
        "Do not release information",
        "Disclosure of PHI requires authorization",
        "Break the glass",
        "Patient requests privacy",
        "Restriction request on file",
    ],
)
def test_words_in_doubt_keep_us_from_asking_and_are_named(text: str) -> None:
    found = restrictions(known(), known(flag("Fall risk"), flag(text)), Own(), BOTH, TODAY)
    assert set(found.refused.values()) == {Reason.RESTRICTION_UNKNOWN}
    assert found.entries == {"northwind": (f"Flag: {text}",), "lakeside": (f"Flag: {text}",)}


def test_a_payer_named_in_a_flag_is_meant_and_the_others_may_be() -> None:
    found = restrictions(known(), known(flag("Do not share with Northwind")), Own(), BOTH, TODAY)
    assert {payer: str(reason) for payer, reason in found.refused.items()} == {
        "northwind": "restricted", "lakeside": "restriction-unknown",
    }  # fmt: skip


def test_the_consent_in_doubt_is_named() -> None:
    doubt = consent(deny_to(names=("NW Insurance Services",)))
    assert restrictions(known(doubt), known(), Own(), BOTH, TODAY).entries["northwind"] == ("Consent: 1",)


def test_what_was_not_read_is_named() -> None:
    found = restrictions(DOWN, known(), Own(), BOTH, TODAY)
    assert set(found.entries.values()) == {(f"Consent: {NOT_WHOLE}",)}
    certain = restrictions(DOWN, known(flag("restricted")), Own(), BOTH, TODAY)
    assert set(certain.entries.values()) == {("Flag: restricted",)}


@pytest.mark.parametrize(
    "text",
    [
        "Fall risk", "Fluid restriction 1.5 l", "Weight bearing restricted", "No known allergies", "Do not resuscitate",
        "No insurance on file", "Self-pay", "Latex allergy, do not use gloves", "Restricted airway",
        "Contact plan: call daughter", "Interpreter needed", "", "Restrictive lung disease", "Dietary restriction",
        "Visitor restriction", "Insurance not verified", "Insurance card on file", "Notice of privacy practices signed",
        "VIP", "Do not leave a message", "No-show letter sent",
    ],
)  # fmt: skip
def test_words_that_do_not(text: str) -> None:
    assert restrictions(known(), known(flag(text)), Own(), BOTH, TODAY).refused == {}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (flag("", Coding(CONF, "R")), True),
        (flag("", Coding("https://vendor.example", "R")), False),
        (flag("", Coding(ACT, "NODSCLCD")), True),
        (flag("", Coding("https://vendor.example", "Disclosure_Restriction")), True),
        (flag("", category=("restricted",)), True),
        (flag("restricted", status="inactive"), False),
        (flag("restricted", status="entered-in-error"), False),
        (flag("restricted", status=""), True),
        (flag("restricted", until=When.day(date(2026, 3, 1))), False),
        (flag("restricted", when=When.day(date(2026, 3, 3))), False),
        (flag("restricted", when=When.day(TODAY), until=When.day(TODAY)), True),
    ],
)
def test_codes_status_and_period_of_a_flag(found: Fact, expected: bool) -> None:
    assert restricts(found, TODAY) is (Bar.YES if expected else Bar.NO)


def test_a_flag_names_no_payer_and_so_means_all() -> None:
    assert set(restrictions(known(), known(flag("restricted")), Own(), BOTH, TODAY).refused) == {
        "northwind", "lakeside",
    }  # fmt: skip
