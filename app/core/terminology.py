"""Codes: which systems we know, the names they go by, and sets of codes. No lists here; rules carry their own.

LOINC codes that rules name: this material contains content from LOINC (http://loinc.org). LOINC is copyright
Regenstrief Institute, Inc. and the LOINC Committee, and is available at no cost under the license at
http://loinc.org/license. ICD-10-CM (NCHS), ICD-10-PCS and HCPCS Level II (CMS) are in the public domain, RxNorm
(NLM) in its own names and CVX (CDC) too. No CPT, no SNOMED CT, no licensed value set: the practice imports what it is
licensed for (`app.codes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from app.core.chart import Coding, Concept

LOINC = "http://loinc.org"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
HCPCS = "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes"
CVX = "http://hl7.org/fhir/sid/cvx"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
CPT = "http://www.ama-assn.org/go/cpt"
CMS_HCC = "http://terminology.hl7.org/CodeSystem/cmshcc"

#: Other names that EHRs and payers write for the same system (HL7 Terminology, NamingSystem entries).
_ALIASES: Mapping[str, str] = {
    "https://loinc.org": LOINC,
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.90": ICD10CM,
    "http://hl7.org/fhir/sid/icd-10-cm/": ICD10CM,
    "urn:oid:2.16.840.1.113883.6.4": ICD10PCS,
    "http://hl7.org/fhir/sid/icd-10-pcs": ICD10PCS,
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": HCPCS,
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": HCPCS,
    "http://www.nlm.nih.gov/research/umls/hcpcs": HCPCS,
    "urn:oid:2.16.840.1.113883.6.285": HCPCS,
    "urn:oid:2.16.840.1.113883.6.14": HCPCS,
    "urn:oid:2.16.840.1.113883.12.292": CVX,
    "urn:oid:2.16.840.1.113883.6.59": CVX,
    "urn:oid:2.16.840.1.113883.6.88": RXNORM,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
    "urn:oid:2.16.840.1.113883.6.12": CPT,
    "http://www.ama-assn.org/go/cpt/": CPT,
}


def system_of(coding: Coding) -> str:
    """The system under the one name that we use."""
    return _ALIASES.get(coding.system, coding.system)


def named(system: str) -> str:
    """A system's name or alias under the one name that we use; what we do not know stays as it is."""
    return _ALIASES.get(system, system)


@lru_cache(8192)  # a chart states the same codes over and over, and every rule compares them
def tidy(code: str) -> str:
    """A code without the dots, blanks and case in which senders differ: `e11.22 ` and `E1122` are one code."""
    return code.strip().replace(".", "").upper()


@dataclass(frozen=True, slots=True)
class CodeSet:
    """Codes of any systems, by full code or by the beginning of it (a category with all its subcategories)."""

    full: frozenset[tuple[str, str]] = frozenset()
    beginnings: tuple[tuple[str, str], ...] = ()
    starts: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)  # the beginnings by system

    def __post_init__(self) -> None:
        systems = dict.fromkeys(system for system, _ in self.beginnings)
        starts = {each: tuple(start for system, start in self.beginnings if system == each) for each in systems}
        object.__setattr__(self, "starts", starts)

    def __or__(self, other: CodeSet) -> CodeSet:
        return CodeSet(self.full | other.full, self.beginnings + other.beginnings)

    def has(self, coding: Coding) -> bool:
        """Whether this one coding is in the set."""
        system, code = system_of(coding), tidy(coding.code)
        if (system, code) in self.full:
            return True
        return bool(code) and code.startswith(self.starts.get(system, ()))

    def holds(self, concept: Concept) -> bool:
        """Whether any coding of the concept is in the set. Its text is never looked at."""
        return any(self.has(coding) for coding in concept.codings)


NO_CODES = CodeSet()


def codes(system: str, *members: str) -> CodeSet:
    """A set of full codes of one system."""
    return CodeSet(full=frozenset((system, tidy(code)) for code in members))


def below(system: str, *starts: str) -> CodeSet:
    """A set of everything that begins with one of `starts`, of one system."""
    return CodeSet(beginnings=tuple((system, tidy(start)) for start in starts))


def icd10(concept: Concept) -> tuple[str, ...]:
    """The ICD-10-CM codes of a concept, tidied."""
    return tuple(tidy(c.code) for c in concept.codings if system_of(c) == ICD10CM and c.code)
