"""Evidence in the envelope that a payer takes: the data-exchange MeasureReport, the chart entries, and who sends them.

DEQM US 3.1/4.0 `$submit-data` (base FHIR), 5.0.0 `$deqm-submit-data`, universal and RA 3.0 a transaction Bundle, RA 2.x
`$submit-data`. What comes out is text, and exactly that text is shown to a person, kept, and sent.
https://hl7.org/fhir/us/davinci-deqm/STU5/ https://hl7.org/fhir/us/davinci-ra/ https://hl7.org/fhir/R4/http.html#xprov
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.core.ledger.outgoing import Submission
from app.core.ledger.remarks import Family, family_of
from app.sources.exact import spread
from app.sources.fhir.shape import Json, words
from app.sources.payer import dialect
from app.sources.payer.capabilities import Capabilities
from app.sources.payer.entry import PayerEntry
from app.sources.payer.remarking import NPI

_CATEGORY = "http://hl7.org/fhir/StructureDefinition/measurereport-category"
_CATEGORIES = "http://hl7.org/fhir/CodeSystem/measurereport-category"
_URIS = "urn:ietf:rfc:3986"
_AGENTS = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_ACTIVITIES = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"


class Way(StrEnum):
    """As `evidence` of a payer's entry names them."""

    SUBMIT = "submit-data"
    DEQM_SUBMIT = "deqm-submit-data"
    TRANSACTION = "transaction"


_PATHS = {Way.SUBMIT: "Measure/$submit-data", Way.DEQM_SUBMIT: "Measure/$deqm-submit-data", Way.TRANSACTION: ""}


def named(set_to: str, can: Capabilities | None, question: str, spoken: str) -> Way | None:
    """The way that an entry names, else what the payer advertises, its own guide's first; None: there is none.

    2026-11: the 5.0.0 pages say `$submit-data`, its OperationDefinition `$deqm-submit-data`: the payer decides.
    """
    if set_to != dialect.AUTO:
        return Way(set_to) if set_to in list(Way) else None
    offered = _offered(can) if can else ()
    wanted: tuple[Way, ...] = (Way.SUBMIT, Way.TRANSACTION)
    if question == "care-gaps":
        wanted = (Way.DEQM_SUBMIT, *wanted) if family_of(spoken) is not Family.DEQM_UV else (Way.TRANSACTION, *wanted)
    elif spoken.startswith("ra-3"):
        wanted = (Way.TRANSACTION, Way.SUBMIT)
    return next((way for way in wanted if way in offered), None)


def _offered(can: Capabilities) -> tuple[Way, ...]:
    found = [way for way in (Way.SUBMIT, Way.DEQM_SUBMIT) if can.operation("Measure", way.value)]
    return (*found, *([Way.TRANSACTION] if "transaction" in can.system else ()))


def envelope(what: Submission, way: Way, entry: PayerEntry) -> Mapping[str, Any]:
    """Everything that leaves: `path`, `headers`, `content` (JSON text), and the `identifier` to find it again by."""
    packed = _Packed(what, entry)
    report = packed.report()
    headers: dict[str, str] = {}
    if way is Way.TRANSACTION:
        body = packed.transaction(report)
    else:
        body = packed.parameters(report, way)
        # the server puts the target in (FHIR R4 3.1.0.14); 2026-11, deqm-test-server refuses a header that has one
        headers["X-Provenance"] = json.dumps(packed.provenance(), separators=(",", ":"))
    return {
        "how": way.value, "path": _PATHS[way], "headers": headers, "content": spread(body),
        "identifier": f"{_URIS}|{packed.urn('report')}",
    }  # fmt: skip


class _Packed:
    """One submission in the payer's terms: its own patient, and ids of ours that are the same at every try."""

    def __init__(self, what: Submission, entry: PayerEntry) -> None:
        self._what, self._entry = what, entry
        self._risk = what.question == "risk"
        self._uv = family_of(what.dialect) is Family.DEQM_UV
        self._refs = {f"Patient/{what.patient}": f"Patient/{what.member}"}
        self._entries: list[tuple[str, Json]] = []
        for resource in what.resources:
            ref = f"{words(resource.get('resourceType'))}/{words(resource.get('id'))}"
            self._refs[ref] = f"{words(resource.get('resourceType'))}/{self._id(ref)}"
        for resource in what.resources:
            ref = f"{words(resource.get('resourceType'))}/{words(resource.get('id'))}"
            mine: Json = {"resourceType": words(resource.get("resourceType")), "id": self._id(ref)}
            mine |= {k: v for k, v in resource.items() if k not in ("resourceType", "id", "identifier")}
            mine["identifier"] = [{"system": _URIS, "value": self.urn(ref)}]
            self._entries.append((ref, self._pointed(mine)))

    def urn(self, what: str) -> str:
        return f"urn:uuid:{UUID(self._hash(what))}"

    def report(self) -> Json:
        what = self._what
        report: Json = {
            "resourceType": "MeasureReport", "id": self._id("report"),
            "meta": {"profile": [self._profile()]},
            "extension": self._extensions(),
            "identifier": [{"system": _URIS, "value": self.urn("report")}],
            "status": "complete", "type": "data-collection", "measure": what.measure,
            "subject": {"reference": f"Patient/{what.member}"},
            "date": what.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "reporter": self._reporter(),
            "period": {"start": what.start.isoformat(), "end": what.end.isoformat()},
        }  # fmt: skip
        if self._risk:
            report["group"] = [{"id": group} for group in what.group_ids]
        report["evaluatedResource"] = [self._evaluated(ref) for ref, _ in self._entries]
        return report

    def provenance(self) -> Json:
        """Who says so, for whom, and with what; without the target."""
        what, author = self._what, self._what.author
        agents = [
            {"type": _coded(_AGENTS, "author"), "who": _who("Practitioner", author.npi, author.name)}
            | ({"onBehalfOf": self._reporter()} if author.organization or author.organization_npi else {})
        ]
        if author.software:
            agents.append({"type": _coded(_AGENTS, "assembler"), "who": {"display": author.software}})
        return {
            "resourceType": "Provenance",
            "recorded": what.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "activity": _coded(_ACTIVITIES, "CREATE"),
            "agent": agents,
        }

    def parameters(self, report: Json, way: Way) -> Json:
        resources = [report, *(resource for _, resource in self._entries)]
        if way is Way.DEQM_SUBMIT:
            entries = [{"fullUrl": self._url(each), "resource": each} for each in resources]
            bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
            return {"resourceType": "Parameters", "parameter": [{"name": "bundle", "resource": bundle}]}
        named = [{"name": "measureReport" if n == 0 else "resource", "resource": r} for n, r in enumerate(resources)]
        return {"resourceType": "Parameters", "parameter": named}

    def transaction(self, report: Json) -> Json:
        """Conditional creates: the same submission twice is there once (FHIR R4 3.1.0.8.1)."""
        target: Json = {"target": [{"reference": f"{each['resourceType']}/{each['id']}"} for each in [report]]}
        made = self.provenance()
        provenance: Json = {"resourceType": "Provenance", "id": self._id("provenance"), **target}
        provenance |= {name: value for name, value in made.items() if name != "resourceType"}
        entries: list[Json] = []
        for each in [report, *(resource for _, resource in self._entries)]:
            request = {"method": "POST", "url": each["resourceType"]}
            request["ifNoneExist"] = f"identifier={_URIS}|{each['identifier'][0]['value']}"
            entries.append({"fullUrl": self._url(each), "resource": each, "request": request})
        # a Provenance has no identifier to be found by; one that is put by its own id is there once
        by_id = {"method": "PUT", "url": f"Provenance/{provenance['id']}"}
        entries.append({"fullUrl": self._url(provenance), "resource": provenance, "request": by_id})
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    # --- parts --------------------------------------------------------------------------------------------------------

    def _profile(self) -> str:
        if self._risk:
            return f"{dialect.RA_BASE}/ra-datax-measurereport"
        if self._uv:
            return f"{dialect.DEQM_UV}/deqm-dataexchangemeasurereport"
        return f"{dialect.DEQM_US}/datax-measurereport-deqm"

    def _extensions(self) -> list[Json]:
        if not self._risk:
            base = f"{dialect.DEQM_UV}/deqm-" if self._uv else f"{dialect.DEQM_US}/extension-"
            return [{"url": f"{base}submitDataUpdateType", "valueCode": "incremental"}]
        category = {"url": _CATEGORY, "valueCodeableConcept": _coded(_CATEGORIES, "ra")}
        answers = {"url": f"{dialect.RA_BASE}/ra-payerCodingGapReportId", "valueId": self._what.report_id}
        return [category, answers] if self._what.report_id else [category]

    def _reporter(self) -> Json:
        """The practice, as the payer knows it, else by its NPI."""
        author = self._what.author
        if self._entry.organization:
            return {"reference": self._entry.organization}
        return _who("Organization", author.organization_npi, author.organization)

    def _evaluated(self, ref: str) -> Json:
        found: Json = {"reference": self._refs[ref]}
        if self._risk and self._what.group_ids:
            url = f"{dialect.RA_BASE}/ra-groupReference"
            found["extension"] = [{"url": url, "valueString": group} for group in self._what.group_ids]
        return found

    def _url(self, resource: Json) -> str:
        """Under the payer's base, so that the relative references of the entries resolve to one another."""
        return f"{self._entry.base.rstrip('/')}/{resource['resourceType']}/{resource['id']}"

    def _pointed(self, value: Any) -> Any:
        """With our references in place of the EHR's; one that leads out of the submission leaves its words behind."""
        if isinstance(value, list):
            return [each for each in map(self._pointed, value) if each != {}]
        if not isinstance(value, dict):
            return value
        pointed = {k: self._pointed(v) for k, v in value.items() if k != "reference"}
        stated = value.get("reference")
        if isinstance(stated, str):
            if (ours := self._refs.get("/".join(stated.split("/")[-2:]))) is not None:
                return {"reference": ours}
        elif "reference" in value:
            pointed["reference"] = self._pointed(stated)
        return {k: v for k, v in pointed.items() if v not in ({}, [])}

    def _id(self, what: str) -> str:
        return f"chartside-{self._hash(what)}"

    def _hash(self, what: str) -> str:
        return hashlib.sha256(f"{self._what.id}|{what}".encode()).hexdigest()[:32]


def _coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _who(kind: str, npi: str, name: str) -> Json:
    found: Json = {"type": kind}
    if npi:
        found["identifier"] = {"system": NPI, "value": npi}
    if name:
        found["display"] = name
    return found
