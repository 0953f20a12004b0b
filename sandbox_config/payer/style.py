"""The habits of each payer where the standards leave a choice. A client that knows only one of them is found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox_config.payer.dialects import DEQM_3, DEQM_5, DEQM_UV, RA_1, RA_2, RA_3, Deqm, Ra


@dataclass(frozen=True)
class Style:
    """One payer's habits. `base` is its FHIR base URL without a trailing slash."""

    payer: str
    name: str
    base: str
    document: bool  # DEQM 5.0.0 gic-1, gic-2: a document with Composition, or a collection without
    evidence_inside: bool  # evaluated resources stand in the bundle, or must be read one by one
    absolute_references: bool
    says_category: bool  # care gap reports carry category `deqm` (DEQM 0..1)
    data_through: str  # extension URL of the last day of data; empty: not stated
    identifier_search: bool  # Patient?identifier=, or only $member-match
    category_parameter: str  # the one name under which it searches categories
    strict_search: bool  # an unknown search parameter is an error, or ignored
    post_search: bool  # POST [type]/_search is taken (R4 search 3.1.1.5), or GET only
    page_size: int  # never more than this on one page, whatever _count asks for
    deqm: Deqm
    ra: Ra
    contract: str = ""  # what its reports name as their program, unless a story says otherwise; empty: not stated
    asynchronous: bool = False  # `$care-gaps` is answered 202 first, with an address to ask again
    remarks: tuple[str, ...] = ()  # how it takes remarks: put, transaction, patch, submit-remark-data
    evidence: tuple[str, ...] = ()  # how it takes evidence: submit-data, deqm-submit-data, transaction
    versions: bool = True  # reports carry a version, and a write can be made to depend on it
    must_match: bool = False  # a write without If-Match is refused (RFC 6585: 428)
    echoes: bool = True  # remarks that were received come back in its reports
    provenance: bool = False  # evidence without Provenance is refused
    date_note: str = ""  # an extension on the primitive `date` of its reports

    @property
    def beside_date(self) -> dict[str, Any]:
        """What stands beside `date` where this payer says more about it: whoever writes a report back must keep it."""
        return {"_date": {"extension": [{"url": self.date_note, "valueCode": "nightly"}]}} if self.date_note else {}

    @property
    def reporter(self) -> dict[str, Any]:
        """The reference to the payer's own Organization."""
        return {"reference": self.ref(f"Organization/{self.payer}"), "display": self.name}

    def ref(self, reference: str) -> str:
        """A reference as this payer writes it."""
        return f"{self.base}/{reference}" if self.absolute_references else reference

    def through(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The extension that states the last day of data, where this payer states it at all."""
        stated = self.data_through and "through" in row
        return [{"url": self.data_through, "valueDate": row["through"]}] if stated else []

    def url(self, resource: Mapping[str, Any]) -> str:
        """The fullUrl of a resource."""
        return f"{self.base}/{resource['resourceType']}/{resource['id']}"


def style_of(payer: str, name: str, base: str) -> Style:
    """The habits of a connected payer."""
    return Style(payer=payer, name=name, base=base, **_HABITS[payer])


_HABITS: Mapping[str, Mapping[str, Any]] = {
    "northwind": {
        "document": True,
        "evidence_inside": True,
        "absolute_references": False,
        "says_category": True,
        "data_through": "https://northwind.example/fhir/StructureDefinition/data-through",
        "identifier_search": True,
        "category_parameter": "category",
        "strict_search": True,
        "post_search": True,
        "page_size": 2,
        "deqm": DEQM_5,
        "ra": RA_2,
        "contract": "Northwind Quality Partnership",
        "remarks": ("put",),
        "evidence": ("deqm-submit-data", "submit-data"),
        "must_match": True,
        "date_note": "https://northwind.example/fhir/StructureDefinition/calculated-by-run",
    },
    "lakeside": {
        "document": False,
        "evidence_inside": False,
        "absolute_references": True,
        "says_category": False,
        "data_through": "",
        "identifier_search": False,
        # 2026-11, Da Vinci RA: the search parameter's code is `category`, CapabilityStatements list this name.
        "category_parameter": "measurereport-category",
        "strict_search": False,
        "post_search": False,
        "page_size": 50,
        "deqm": DEQM_5,
        "ra": RA_2,
        "remarks": ("transaction", "patch"),
        # 2026-11, DEQM 5.0.0: its prose and its CapabilityStatement name the base operation.
        "evidence": ("submit-data",),
    },
    "harbor": {
        "document": False,
        "evidence_inside": True,
        "absolute_references": False,
        "says_category": True,
        "data_through": "https://harbor.example/fhir/StructureDefinition/data-through",
        "identifier_search": True,
        "category_parameter": "category",
        "strict_search": True,
        "post_search": True,
        "page_size": 5,
        "deqm": DEQM_UV,
        "ra": RA_3,
        "contract": "Harbor Shared Savings",
        "asynchronous": True,
        "remarks": ("submit-remark-data",),
        "evidence": ("transaction",),
        "versions": False,
        "echoes": False,
    },
    "meridian": {
        "document": True,
        "evidence_inside": True,
        "absolute_references": True,
        "says_category": False,
        "data_through": "",
        "identifier_search": True,
        "category_parameter": "category",
        "strict_search": True,
        "post_search": False,
        "page_size": 20,
        "deqm": DEQM_3,
        "ra": RA_1,
        "evidence": ("submit-data",),
        # 2026-11, deqm-test-server: a write without X-Provenance is refused.
        "provenance": True,
    },
}
