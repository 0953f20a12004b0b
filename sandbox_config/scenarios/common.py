"""The clinic of every story: its people, its place, and the payers that its patients are covered by.

NPIs begin with 9, which no real NPI does; their check digit is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sandbox_config.scenarios.terms import HL7, coded

Resource = dict[str, Any]

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
NPI = "http://hl7.org/fhir/sid/us-npi"
NUCC = "http://nucc.org/provider-taxonomy"
STAFF_ROLE = "https://riverbend.example/fhir/CodeSystem/staff-role"
MRN = "https://riverbend.example/mrn"
ORGANIZATION_TYPE = f"{HL7}/organization-type"
FAMILY_MEDICINE = ("207Q00000X", "Family Medicine Physician")
NURSE_PRACTITIONER = ("363LF0000X", "Family Nurse Practitioner")


@dataclass(frozen=True)
class Person:
    """A member of staff who can open the app. `key` is what a scenario's `user` says."""

    key: str
    name: str
    practitioner: Resource
    role: Resource

    @property
    def fhir_user(self) -> str:
        """The relative reference that `fhirUser` carries (App Launch 2.2, scopes and launch context)."""
        return f"Practitioner/{self.practitioner['id']}"


@dataclass(frozen=True)
class Common:
    """What all scenarios share on the EHR side."""

    dr: Person
    ma: Person
    mgr: Person
    privacy: Person
    it: Person
    organization: Resource
    location: Resource
    payors: tuple[Resource, ...]
    others: tuple[Person, ...] = ()  # who see patients too, on their own days
    branches: tuple[Resource, ...] = ()  # further Locations

    @property
    def providers(self) -> Mapping[str, Person]:
        """Those who see patients, by key."""
        return MappingProxyType({person.key: person for person in (self.dr, *self.others)})

    @property
    def locations(self) -> Mapping[str, Resource]:
        """The places where patients are seen, by id."""
        return MappingProxyType({place["id"]: place for place in (self.location, *self.branches)})

    @property
    def users(self) -> Mapping[str, Person]:
        """The staff by key."""
        staff = (self.dr, *self.others, self.ma, self.mgr, self.privacy, self.it)
        return MappingProxyType({person.key: person for person in staff})

    def resources(self) -> Iterator[Resource]:
        """Every shared resource, for a FHIR server to serve."""
        yield self.organization
        yield from self.locations.values()
        yield from self.payors
        for person in self.users.values():
            yield person.practitioner
            yield person.role


@dataclass(frozen=True)
class PayerFacts:
    """One payer as cards and Coverage resources name it. `connected` payers have a report server in the sandbox."""

    id: str
    name: str
    payor_id: str
    member_system: str
    connected: bool = True

    @property
    def organization(self) -> Resource:
        """The payor Organization in the EHR."""
        return {
            "resourceType": "Organization",
            "id": f"payor-{self.id}",
            "meta": {"profile": [f"{US_CORE}/us-core-organization"]},
            "identifier": [{"system": "https://riverbend.example/payor-id", "value": self.payor_id}],
            "active": True,
            "type": [coded(ORGANIZATION_TYPE, "pay", "Payer")],
            "name": self.name,
        }


PAYERS: Mapping[str, PayerFacts] = MappingProxyType(
    {
        payer.id: payer
        for payer in (
            PayerFacts("northwind", "Northwind Health Plan", "NWHP1", "https://northwind.example/member-id"),
            PayerFacts("lakeside", "Lakeside Community Health", "LKCH2", "https://lakeside.example/subscriber"),
            PayerFacts("harbor", "Harbor Mutual", "HBR55", "https://harbor.example/member-number"),
            PayerFacts("meridian", "Meridian Medicaid", "MDN90", "https://meridian.example/recipient-id"),
            PayerFacts("blueheron", "Blue Heron Mutual", "BHM07", "https://blueheron.example/member", connected=False),
        )
    }
)

#: The payers that have a report server here, in the order of their ports.
CONNECTED = tuple(payer.id for payer in PAYERS.values() if payer.connected)


def _person(
    key: str,
    given: str,
    family: str,
    *,
    npi: str = "",
    job: str,
    specialty: tuple[str, str] | None = None,
    place: str = "riverbend-main",
) -> Person:
    """`job` is the staff-role code; a physician also carries the HL7 code `doctor` and an NUCC specialty."""
    prefix = ["Dr."] if job == "physician" else []
    name = " ".join([*prefix, given, family])
    practitioner: Resource = {
        "resourceType": "Practitioner",
        "id": f"staff-{key}",
        "meta": {"profile": [f"{US_CORE}/us-core-practitioner"]},
        "identifier": [{"system": "https://riverbend.example/staff-id", "value": f"RB-{key.upper()}"}],
        "active": True,
        "name": [{"use": "official", "family": family, "given": [given], **({"prefix": prefix} if prefix else {})}],
    }
    if npi:
        practitioner["identifier"].insert(0, {"use": "official", "system": NPI, "value": npi})
    codings = [{"system": STAFF_ROLE, "code": job, "display": job.replace("-", " ").capitalize()}]
    if job == "physician":
        codings.append({"system": f"{HL7}/practitioner-role", "code": "doctor", "display": "Doctor"})
    role: Resource = {
        "resourceType": "PractitionerRole",
        "id": f"role-{key}",
        "meta": {"profile": [f"{US_CORE}/us-core-practitionerrole"]},
        "active": True,
        "practitioner": {"reference": f"Practitioner/staff-{key}", "display": name},
        "organization": {"reference": "Organization/riverbend", "display": "Riverbend Family Medicine"},
        "code": [{"coding": codings}],
        "location": [{"reference": f"Location/{place}"}],
    }
    if specialty:
        code, display = specialty
        role["specialty"] = [{"coding": [{"system": NUCC, "code": code, "display": display}]}]
    return Person(key, name, practitioner, role)


_ADDRESS = {"line": ["40 Mill Race Lane"], "city": "Elmsworth", "state": "NY", "postalCode": "00000"}

COMMON = Common(
    dr=_person("dr", "Ines", "Valderrama", npi="9812045703", job="physician", specialty=FAMILY_MEDICINE),
    ma=_person("ma", "Tobias", "Achterberg", job="medical-assistant"),
    mgr=_person("mgr", "Priya", "Sundaresan", job="practice-manager"),
    privacy=_person("privacy", "Noor", "Aldridge", job="privacy-officer"),
    it=_person("it", "Anselm", "Brightwater", job="it-operator"),
    organization={
        "resourceType": "Organization",
        "id": "riverbend",
        "meta": {"profile": [f"{US_CORE}/us-core-organization"]},
        "identifier": [{"system": NPI, "value": "9300417729"}],
        "active": True,
        "type": [coded(ORGANIZATION_TYPE, "prov", "Healthcare Provider")],
        "name": "Riverbend Family Medicine",
        "telecom": [{"system": "phone", "value": "(555) 555-0100"}],
        "address": [_ADDRESS],
    },
    location={
        "resourceType": "Location",
        "id": "riverbend-main",
        "meta": {"profile": [f"{US_CORE}/us-core-location"]},
        "status": "active",
        "name": "Riverbend Family Medicine, Mill Race Lane",
        "address": _ADDRESS,
        "managingOrganization": {"reference": "Organization/riverbend"},
    },
    payors=tuple(payer.organization for payer in PAYERS.values()),
    others=(
        _person("np", "Wren", "Castellane", npi="9204177353", job="nurse-practitioner", specialty=NURSE_PRACTITIONER),
        _person(
            "dr2",
            "Halvard",
            "Oyelaran",
            npi="9372155082",
            job="physician",
            specialty=FAMILY_MEDICINE,
            place="mill-pond",
        ),
        # Known by a number, for the EHR that knows people by nothing else.
        _person("9", "Maren", "Tollgate", npi="9644001270", job="physician", specialty=FAMILY_MEDICINE),
        # Sees everybody whose story belongs to no morning: a very long day.
        _person("dr3", "Sidonie", "Marchbanks", npi="9518066243", job="physician", specialty=FAMILY_MEDICINE),
    ),
    branches=(
        {
            "resourceType": "Location",
            "id": "mill-pond",
            "meta": {"profile": [f"{US_CORE}/us-core-location"]},
            "status": "active",
            "name": "Riverbend Family Medicine, Mill Pond",
            "address": {"line": ["2 Sluice Road"], "city": "Elmsworth", "state": "NY", "postalCode": "00000"},
            "managingOrganization": {"reference": "Organization/riverbend"},
        },
    ),
)
