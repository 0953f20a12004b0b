"""What a patient's Consents say about disclosing to one payer (FHIR R4 Consent).

https://hl7.org/fhir/R4/consent.html. Senders differ in where they put a refusal, so every doubt goes against asking: a
rule that does not say what it does refuses, an exception is honoured only where nothing narrows it, and data, classes
and labels that a refusal is limited to are not looked at. None of the code lists here has been reviewed yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum
from typing import Protocol

from app.core.chart import Coverage, Identifier, When
from app.core.coverage import Recognition


class Bar(IntEnum):
    """Whether a payer may not be asked; of several statements the highest counts."""

    NO = 0
    UNSURE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody whom a rule names (`provision.actor`)."""

    kind: str = ""  # resource type, where it is known
    ref: str = ""  # Organization/…
    names: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    insurer: bool = False  # an Organization whose type says so
    roles: tuple[str, ...] = ()  # v3-ParticipationType and its like: who receives, who gives


@dataclass(frozen=True, slots=True)
class Rule:
    """One `provision`. `denies` None: it does not say."""

    denies: bool | None = None
    parties: tuple[Party, ...] = ()  # empty: everybody
    start: When | None = None
    end: When | None = None
    purposes: tuple[str, ...] = ()  # v3-ActReason
    actions: tuple[str, ...] = ()  # consentaction
    narrowed: bool = False  # to some data, class, code or label
    exceptions: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """One Consent. `policies` are the codes of policyRule and category: some of them refuse by themselves."""

    ref: str
    status: str = ""
    scopes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    rule: Rule | None = None


class Payer(Protocol):
    """What must be known of a payer entry here."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def recognised_by(self) -> tuple[Recognition, ...]: ...


_NOT_IN_FORCE = frozenset({"draft", "proposed", "rejected", "inactive", "entered-in-error"})
#: Kinds of Consent that say nothing about disclosure (CodeSystem consentscope; consentcategorycodes, v3-ActCode).
_OTHER_SCOPES = frozenset({"research", "treatment", "adr"})
_OTHER_CATEGORIES = frozenset({"acd", "dnr", "hcd", "polst", "research", "rsdid", "rsreid"})
#: v3-ActCode consent directives that refuse unless an exception allows it, and CodeSystem consentpolicycodes for
#: restrictions under 45 CFR 164.522(a): (1)(vi) is the one on services that the patient has paid for in full.
_REFUSING_POLICIES = frozenset({"optout", "optoute", "emrgonly", "hipaa-restrictions", "hipaa-self-pay"})
_ALWAYS_RESTRICTING = frozenset({"hipaa-restrictions", "hipaa-self-pay"})  # whatever the scope is said to be
#: v3-ActReason purposes that no question to a payer serves. Payment, operations and treatment are not among them.
_OTHER_PURPOSES = frozenset(
    {"hmarkt", "hresch", "biorch", "clintrch", "clintrchnpc", "clintrchpc", "preclintrch", "dsrch", "poarch",
     "transrch", "donat", "htest", "train", "famrqt", "supnwk", "disaster"}
)  # fmt: skip
_OTHER_ACTIONS = frozenset({"collect", "correct"})
#: Actors that are no payer whatever they are called.
_PEOPLE = frozenset({"Patient", "RelatedPerson", "Practitioner", "PractitionerRole", "CareTeam", "Device"})
#: Roles of those to whom something is disclosed, and of those who hold it, wrote it or speak for the patient (v3-
#: ParticipationType, v3-RoleCode, extra-security-role-type). R4 demands a role; where there is none, or another one,
#: a party counts as neither.
_RECEIVES = frozenset({"prcp", "ircp", "trc", "reft", "grantee", "delegatee", "recipient", "datarecipient"})
_GIVES = frozenset(
    {"cst", "aut", "auth", "inf", "ent", "wit", "vrf", "la", "sbj", "resp", "trans", "custodian", "author", "grantor",
     "delegator", "consenter", "guard", "pat", "patient", "subject", "datasource", "discloser"}
)  # fmt: skip
_NPI = "http://hl7.org/fhir/sid/us-npi"
_COMMON = frozenset(
    {"health", "healthcare", "care", "plan", "plans", "insurance", "insurer", "company", "co", "corp", "corporation",
     "inc", "llc", "group", "mutual", "community", "of", "the", "and", "all", "any", "my"}
)  # fmt: skip
#: Words around a kind of payer that name none: "all third-party payers".
_GENERIC = _COMMON | frozenset(
    {"companies", "commercial", "private", "public", "third", "party", "other", "every", "each", "medical", "managed",
     "benefit", "benefits", "s", "or", "their", "his", "her"}
)  # fmt: skip
#: Words that only a payer is called by, and names of large ones: https://content.naic.org/ (market share reports).
INSURER = (
    r"(?:insur(?!mount)\w*|assurance|underwriters?|payers?|payors?|health\s?plans?|(?:benefits?|drug|dental) plans?"
    r"|managed care|carriers?|hmos?|ppos?|medicare|medicaid|tricare|third[- ]party administrators?)"
)
KNOWN_INSURER = (
    r"(?:aetna|ambetter|amerigroup|anthem|bcbs\w*|blue ?cross|blue ?shield|bluecross|centene|cigna|elevance"
    r"|health net|healthfirst|highmark|humana|kaiser|molina|oscar health|premera|regence|uhc|united ?health\w*"
    r"|wellcare|wellpoint)"
)
_INSURER_WORD = re.compile(rf"\b{INSURER}\b")
_INSURER_NAME = re.compile(rf"\b(?:{INSURER}|{KNOWN_INSURER})\b")
#: What else an Organization may be: a payer is not called so.
_NO_PAYER = re.compile(
    r"\b(?:clinics?|hospitals?|physicians?|practices?|medical (?:center|centre|group|associates)|laborator\w*|labs?"
    r"|pharmac\w*|schools?|colleges?|universit\w*|employers?|police|courts?|researche?r?s?|registr\w+|counsel\w*"
    r"|therap\w*|behavioral|psychiatr\w*|nursing|hospices?|dentists?|surgery|imaging|department|churche?s?"
    r"|media|marketing)\b"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The payer in question, by which coverage it is this patient's, and who else a rule's words may mean."""

    payer: Payer
    coverage: Coverage
    others: tuple[tuple[Payer, Coverage], ...] = ()


def bars(consent: Consent, asked: Asked, today: date) -> Bar:
    """Whether this Consent refuses disclosure to the payer in question."""
    policies = {policy.casefold() for policy in consent.policies}
    if consent.status.casefold() in _NOT_IN_FORCE:
        return Bar.NO
    if not policies & _ALWAYS_RESTRICTING and (
        _only(consent.scopes, _OTHER_SCOPES) or _only(consent.categories, _OTHER_CATEGORIES)
    ):
        return Bar.NO
    refuses = bool(policies & _REFUSING_POLICIES)
    if consent.rule is None:
        return Bar.YES if refuses else Bar.NO
    return _bars(consent.rule, refuses, asked, today)


def may_refuse(consent: Consent) -> bool:
    """Whether some payer on some day may be refused by it; if not, nobody need know whom it names."""
    refuses = bool({policy.casefold() for policy in consent.policies} & _REFUSING_POLICIES)
    if consent.status.casefold() in _NOT_IN_FORCE:
        return False
    return refuses if consent.rule is None else _denies_somewhere(consent.rule, refuses)


def _denies_somewhere(rule: Rule, by_default: bool) -> bool:
    denies = by_default if rule.denies is None else rule.denies
    return denies or any(_denies_somewhere(each, not denies) for each in rule.exceptions)


def _bars(rule: Rule, by_default: bool, asked: Asked, today: date) -> Bar:
    """One rule with its exceptions; what does not say whether it denies does so if `by_default`."""
    if not _in_force(rule, today):
        return Bar.NO
    denies = by_default if rule.denies is None else rule.denies
    inside = [_bars(each, not denies, asked, today) for each in rule.exceptions]
    own = Bar.NO
    if denies and not _only(rule.purposes, _OTHER_PURPOSES) and not _only(rule.actions, _OTHER_ACTIONS):
        own = meant(rule.parties, asked)
    if own and any(_allows(each, asked, today) for each in rule.exceptions):
        own = Bar.NO
    return max(own, *inside, Bar.NO)


def _allows(rule: Rule, asked: Asked, today: date) -> bool:
    """An exception that permits this very payer everything: the only kind that opens a refusal."""
    plain = not (rule.narrowed or rule.purposes or rule.actions or rule.exceptions)
    by_name = any(not _gives(party) and named(party, asked) is Bar.YES for party in rule.parties)
    return rule.denies is False and plain and by_name and _in_force(rule, today)


def _in_force(rule: Rule, today: date) -> bool:
    return (rule.start is None or rule.start.start <= today) and (rule.end is None or today <= rule.end.end)


def _only(codes: Iterable[str], among: frozenset[str]) -> bool:
    """Some are stated, and all of them are among these."""
    stated = {code.casefold() for code in codes}
    return bool(stated) and stated <= among


def meant(parties: Iterable[Party], asked: Asked) -> Bar:
    """Whether the parties of a refusal are this payer. Those who disclose narrow nothing: without a recipient it means
    everybody, and with nobody who certainly is one it may.
    """
    left = [party for party in parties if not _gives(party)]
    if not left:
        return Bar.YES
    found = max(named(party, asked) for party in left)
    return found if any(_receives(party, asked) for party in left) else max(found, Bar.UNSURE)


def _gives(party: Party) -> bool:
    """Whether a party is one from whom the information comes: the patient too, unless it is said to receive."""
    roles = {_plain(role).replace(" ", "") for role in party.roles}
    return not roles & _RECEIVES and (bool(roles & _GIVES) or party.kind == "Patient")


def _receives(party: Party, asked: Asked) -> bool:
    """Whether a party certainly is a recipient: it is said, or it is a payer."""
    if {_plain(role).replace(" ", "") for role in party.roles} & _RECEIVES:
        return True
    payers = ((asked.payer, asked.coverage), *asked.others)
    return party.kind not in _PEOPLE and (party.insurer or any(_is(party, *payer) for payer in payers))


def named(party: Party, asked: Asked) -> Bar:
    """Whether a recipient is this payer. One that is nobody we know may be, unless it is called what no payer is."""
    if party.kind in _PEOPLE:
        return Bar.NO
    if _is(party, asked.payer, asked.coverage):
        return Bar.YES
    if any(_is(party, *other) for other in asked.others):
        return Bar.NO
    if party.insurer or party.kind == "Group" or any(_INSURER_NAME.search(_plain(name)) for name in party.names):
        return Bar.UNSURE
    other = any(_NO_PAYER.search(_plain(name)) for name in party.names)
    return Bar.NO if other or any(each.system == _NPI for each in party.identifiers) else Bar.UNSURE


def _is(party: Party, payer: Payer, coverage: Coverage) -> bool:
    if party.ref and any(ref == party.ref or ref.endswith(f"/{party.ref}") for ref in coverage.payor_refs):
        return True
    if any(_same(one, other) for one in party.identifiers for other in coverage.payor_identifiers):
        return True
    if any(_alike(name, other) for name in party.names for other in (*coverage.payors, payer.name)):
        return True
    as_payor = Coverage("", "", payors=party.names, payor_identifiers=party.identifiers, payor_refs=(party.ref,))
    if any(replace(row, plan="", plan_contains="").fits(as_payor) for row in payer.recognised_by):
        return True
    return any(_every_payer(_plain(name)) for name in party.names)


def _every_payer(name: str) -> bool:
    """Whether words name a kind of payer and no one of them: "All insurance carriers"."""
    rest, found = _INSURER_WORD.subn(" ", name)
    return bool(found) and not set(rest.split()) - _GENERIC


def _same(one: Identifier, other: Identifier) -> bool:
    return one.value == other.value and (not one.system or not other.system or one.system == other.system)


def _alike(one: str, other: str) -> bool:
    """The same name, or one that is the other but for words like "Health Plan"."""
    mine, theirs = distinctive(one), distinctive(other)
    return _plain(one) == _plain(other) or bool(mine and theirs and (mine <= theirs or theirs <= mine))


def distinctive(name: str) -> set[str]:
    """The words of a payer's name that others do not share."""
    return set(_plain(name).split()) - _COMMON


def _plain(name: str) -> str:
    words = "".join(c if c.isalnum() else " " for c in name.casefold()).split()
    return " ".join(words[1:] if words[:1] in (["all"], ["any"], ["every"], ["my"]) and len(words) > 1 else words)
