"""An invented payer that takes remarks: versions, echo and trouble as the test wants them."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from joserfc.jwk import ECKey
from sources_payloads import ENTRY, RA, US, Json, coded, extension, gap_report
from sources_wire import Call, Clock, Reply, Wire, connections

from app.core.ledger.outgoing import Author, Remark, Written
from app.sources.payer import Payer

KEY = ECKey.generate_key("P-384", {"kid": "k"})
AT = datetime(2026, 11, 22, 16, 30, 5, tzinfo=UTC)
AUTHOR = Author(npi="1234567893", name="Wren Castellane", organization="Elm Clinic", software="Chartside 0.5.0")


def remark(name: str = "a1", group: str = "g1", **more: Any) -> Remark:
    made = Remark(name, "northwind", "r1", group, "risk", "ra-2.1.0", "assessed-present", AUTHOR, AT)
    return dataclasses.replace(made, **more)


def gap_remark(name: str = "a1", group: str = "g1", **more: Any) -> Remark:
    usual = {"question": "care-gaps", "dialect": "deqm-us-5.0.0", "code": "order-placed"}
    return remark(name, group, **(usual | more))


def ra_report(*groups: str) -> Json:
    kind = extension(f"{RA}/ra-ccType", valueCodeableConcept=coded("historic"))
    odd = {"extension": [extension("https://payer.example/internal", valueDecimal=1.0)]}
    return gap_report("r1", *({"id": name, "extension": [kind]} for name in groups), _status=odd)


class Book:
    """One report at a payer. `versions`, `echo`: what it keeps and shows. `trouble`: what happens to the n-th write."""

    def __init__(self, report: Json, *, versions: bool = True, echo: bool = True) -> None:
        self.report, self.versions, self.echo, self.number = report, versions, echo, 1
        self.kept: list[tuple[str, Json]] = []  # remarks, with their groups
        self.earlier: dict[int, Json] = {}
        self.writes: list[Call] = []
        self.trouble: Callable[[int, Call], Any] | None = None  # a reply or error instead of the write; None: as usual
        self.after: Callable[[int], Any] | None = None  # a reply or error after the write was kept
        self.seen: set[str] = set()  # identifiers of bundles

    def shown(self) -> Json:
        found = copy.deepcopy(self.report)
        if self.versions:
            found["meta"] = {"versionId": str(self.number)}
        if self.echo:
            for group, each in self.kept:
                _group(found, group).setdefault("extension", []).append(each)
        return found

    def others_write(self, note: str = "", **more: Any) -> None:
        """Somebody else's write, which shows."""
        self._next()
        self.report = {**self.report, "date": f"2026-11-2{self.number % 10}", **more}
        if note:
            self.kept.append(("g1", extension(f"{RA}/ra-ccRemark", extension=[extension("text", valueString=note)])))

    def reissues_silently(self) -> None:
        """Somebody else's write, which does not show."""
        self._next()

    def _next(self) -> None:
        self.earlier[self.number] = self.shown()
        self.number += 1

    def __call__(self, call: Call) -> Any:
        path = call.path.removeprefix("/fhir").strip("/")
        if call.method == "GET":
            return self._read(path)
        self.writes.append(call)
        if self.trouble is not None and (reply := self.trouble(len(self.writes), call)) is not None:
            return reply
        reply = self._take(path, call)
        if self.after is not None and not isinstance(reply, Reply):
            return self.after(len(self.writes)) or reply
        return reply

    def _read(self, path: str) -> Any:
        if path == "MeasureReport/r1":
            return Reply(self.shown(), ETag=f'W/"{self.number}"') if self.versions else self.shown()
        number = path.removeprefix("MeasureReport/r1/_history/")
        if number.isdecimal() and self.versions:
            at = int(number)
            return self.shown() if at == self.number else self.earlier[at]
        return Reply({}, 404)

    def _take(self, path: str, call: Call) -> Any:
        body = json.loads(call.body)
        match = call.headers.get("If-Match", "")
        if path == "Measure/$submit-remark-data":
            bundle = body["parameter"][0]["resource"]
            name = bundle["identifier"]["value"]
            if name not in self.seen:
                self.seen.add(name)
                self._store(bundle["entry"][0]["resource"])
            return {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}
        if body["resourceType"] == "Bundle":
            (entry,) = body["entry"]
            match, body = entry["request"].get("ifMatch", ""), entry["resource"]
        if self.versions and match and match != f'W/"{self.number}"':
            return Reply({"resourceType": "OperationOutcome"}, 412)
        self._store(body)
        return self.shown()

    def _store(self, report: Json) -> None:
        stays = self.shown()
        new = [
            (group["id"], each)
            for group, was in zip(report["group"], stays["group"], strict=True)
            for each in group.get("extension", [])
            if each not in was.get("extension", [])
        ]
        self._next()
        self.kept += new

    def ids(self) -> list[str]:
        """Our remarks as they were kept, each as often."""
        return [str(each.get("id", "")).removeprefix("chartside-") for _, each in self.kept if each.get("id")]


def _group(report: Json, name: str) -> Json:
    return next(group for group in report["group"] if group["id"] == name)


class Notes:
    """What the caller of `Payer.remark` keeps: `against`, as the last call of `about_to_send` left it."""

    def __init__(self) -> None:
        self.against, self.calls = "", 0

    def __call__(self, text: str) -> None:
        self.against, self.calls = text, self.calls + 1


def payer(host: Any, *, metadata: Any = None, **more: Any) -> tuple[Payer, Wire]:
    def server(call: Call) -> Any:
        if call.path == "/fhir/token":
            return {"access_token": "t", "token_type": "bearer", "expires_in": 300}
        if call.path == "/fhir/metadata":
            return metadata or {"resourceType": "CapabilityStatement"}
        return host(call)

    wire = Wire(payer=server)
    entry = dataclasses.replace(ENTRY, **({"remarks": "put"} | more))
    return Payer(entry, key_for=lambda alg: KEY, connections=connections(wire, Clock())), wire


def told(ours: Payer, notes: Notes, *remarks: Remark) -> Written:
    return ours.remark("r1", remarks, notes.against, notes)


DEQM_REMARK, RA_REMARK = f"{US}/extension-careGapRemark", f"{RA}/ra-ccRemark"
