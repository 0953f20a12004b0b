"""One invented answer for each dialect and for each shape in which a real server deviates. All about member m1."""

from __future__ import annotations

from typing import Any

import sources_payloads as say
from sources_payloads import CORE, RA, US, UV, Json, answer, coded, composition, document, extension, section

R5 = "http://hl7.org/fhir/5.0/StructureDefinition"
ME = {"reference": "Patient/m1"}


def procedure(name: str = "p1") -> Json:
    return {
        "resourceType": "Procedure", "id": name, "status": "completed", "code": coded("x1", "Colonoscopy"),
        "subject": ME, "performedDateTime": "2024-05-06",
    }  # fmt: skip


# --- DEQM, as the guides have it --------------------------------------------------------------------------------------


def us_3_1() -> Json:
    """A document; populations named by an extension of its own; the measure without a version."""
    where = extension(f"{US}/extension-populationReference", valueString="numerator")
    report = say.gap_report(
        measure="https://northwind.example/Measure/col",
        evaluatedResource=[{"reference": "Procedure/p1", "extension": [where]}],
    )
    return answer(document(
        composition(section("Colorectal screening", "r1", "d1")), report, say.issue("d1", "closed-gap"),
        procedure(), say.patient(),
    ))  # fmt: skip


def us_4() -> Json:
    """One gap that does not apply, and one that does."""
    outside = say.group("g2", {"initial_population": 0, "denominator": 0, "numerator": 0})
    return answer(document(
        composition(section("HbA1c", "r1", "d1"), section("Breast screening", "r2", "d2")),
        say.gap_report(), say.gap_report("r2", outside, measure="https://northwind.example/Measure/bcs|2026"),
        say.issue("d1", "open-gap"), say.issue("d2", "not-applicable", about="r2"), say.patient(),
    ))  # fmt: skip


def us_5_collection() -> Json:
    """No Composition and no DetectedIssue: two rates, one inverse; a program, a remark, a day of calculation."""
    remark = extension(f"{US}/extension-careGapRemark", extension=[
        extension("author", valueString="Dr. Elm"), extension("code", valueCodeableConcept=coded("order-placed")),
    ])  # fmt: skip
    inverse = extension(f"{US}/extension-groupImprovementNotation", valueCodeableConcept=coded("decrease"))
    when = extension(f"{US}/extension-calculatedDate", valueDateTime="2026-10-30")
    report = say.gap_report(
        "r1", say.group("first", extension=[remark]),
        say.group("second", {**say.OPEN, "numerator": 1}, extension=[inverse, when]),
        extension=[
            extension(f"{US}/extension-reportingProgram", valueCanonical="https://northwind.example/Library/stars|2026"),
            extension(f"{CORE}/measurereport-category", valueCodeableConcept=coded("deqm")),
        ],
    )  # fmt: skip
    return answer(document(report, say.patient(), kind="collection"))


def uv() -> Json:
    """The universal tree of names; groups by linkId; a gap to come, with its reasons, and a remark."""

    def linked(name: str, counts: dict[str, int], *more: Json) -> Json:
        populations = [
            p | {"extension": [extension(f"{R5}/extension-MeasureReport.group.population.linkId", valueString=n)]}
            for n, p in zip(counts, say.populations(**counts), strict=True)
        ]
        link = extension(f"{R5}/extension-MeasureReport.group.linkId", valueString=name)
        return {"extension": [link, *more], "population": populations}

    remark = extension(f"{UV}/deqm-careGapRemark", extension=[extension("author", valueString="Dr. Elm")])
    detail = extension(f"{UV}/deqm-reasonDetail", extension=[
        extension("reference", valueReference={"reference": "Procedure/p1"}),
        extension("path", valueString="performed"),
    ])  # fmt: skip
    guidance = {
        "resourceType": "GuidanceResponse", "id": "gr", "subject": ME, "status": "data-required",
        "reasonCode": [coded("NonComputableDocumentation") | {"extension": [detail]}],
    }  # fmt: skip
    told = say.issue("d1", "", {"reference": "GuidanceResponse/gr"}, modifierExtension=[
        extension(f"{UV}/deqm-gapStatus", valueCodeableConcept=coded("prospective-gap", "Prospective Gap"))
    ])  # fmt: skip
    program = {"system": "https://northwind.example/contracts", "value": "Northwind Advantage 2026"}
    report = say.gap_report(
        "r1", linked("rate-1", say.OPEN, remark),
        extension=[extension(f"{UV}/deqm-reportingProgram", valueIdentifier=program)],
        evaluatedResource=[
            {"reference": "Procedure/p1", "extension": [extension(say.CRITERIA, valueString="numerator")]},
        ],
    )  # fmt: skip
    title = section("Colorectal screening", "r1", "d1")
    return answer(document(composition(title), report, told, guidance, procedure(), say.patient()))


# --- DEQM, as servers send it -----------------------------------------------------------------------------------------


def fqm() -> Json:
    """2026-11, fqm-execution: no gap status, no patient on the issue, no fullUrl, reasons contained, its own codes."""
    canonical = "https://northwind.example/Measure/hba1c|2026"

    def inside(name: str, reason: str) -> Json:
        return {
            "resourceType": "GuidanceResponse", "id": name, "status": "data-required", "moduleUri": canonical,
            "reasonCode": [coded(reason)],
            "dataRequirement": [{"type": "Observation", "codeFilter": [{"path": "code"}]}],
        }  # fmt: skip

    def told(name: str, *reasons: str) -> Json:
        contained = [inside(f"{name}-{n}", reason) for n, reason in enumerate(reasons)]
        return {
            "resourceType": "DetectedIssue", "id": name, "status": "final", "code": coded("care-gap"),
            "evidence": [{"detail": [{"reference": f"#{c['id']}"}]} for c in contained], "contained": contained,
        }  # fmt: skip

    listing = composition(section(canonical, "r1", "d1", "d2")) | {"type": coded("gaps-doc"), "status": "preliminary"}
    del listing["id"]
    return answer(document(
        listing, say.gap_report(), say.patient(), told("d1", "NotFound"), told("d2", "DateOutOfRange", "NotFound"),
        urls=False,
    ))  # fmt: skip


def deqm_test_server() -> Json:
    """2026-11, deqm-test-server: a Bundle for each measure, made by fqm-execution."""
    first, second = fqm(), fqm()
    other = second["parameter"][0]["resource"]["entry"][1]["resource"]
    other["measure"] = "https://northwind.example/Measure/eye|2026"
    return answer(first["parameter"][0]["resource"], second["parameter"][0]["resource"])


def hapi() -> Json:
    """2026-11, HAPI: a section for each issue; the group of a rate by an extension of its own."""
    of = f"{US}/gaps-detectedissue-mr-group-id-deqm"
    return answer(document(
        composition(section("Depression", "r1", "d1"), section("Depression", "r1", "d2")),
        say.issue("d1", "closed-gap", extension=[extension(of, valueString="a")]),
        say.issue("d2", "open-gap", extension=[extension(of, valueString="b")]),
        say.gap_report("r1", say.group("a", {**say.OPEN, "numerator": 1}), say.group("b")),
    ))  # fmt: skip


def hapi_non_document() -> Json:
    """2026-11, HAPI: a document all the same, without a Composition; each issue contains a copy of the report."""
    of = f"{US}/gaps-detectedissue-mr-group-id-deqm"

    def told(name: str, status: str, rate: str) -> Json:
        report = say.gap_report("r1", say.group("a", {**say.OPEN, "numerator": 1}), say.group("b"))
        return say.issue(name, status, extension=[extension(of, valueString=rate)], contained=[report]) | {
            "evidence": [{"detail": [{"reference": "#r1"}]}]
        }

    return answer(document(told("d1", "closed-gap", "a"), told("d2", "open-gap", "b")))


# --- RA ---------------------------------------------------------------------------------------------------------------


def _marks(kind: str, status: str, *more: Json) -> list[Json]:
    return [
        extension(f"{RA}/{kind}", valueCodeableConcept=coded("suspected")),
        extension(f"{RA}/ra-evidenceStatus", valueCodeableConcept=coded(status)),
        *more,
    ]


def _cited(ref: str, *groups: str) -> Json:
    under = [extension(f"{RA}/ra-groupReference", valueString=group) for group in groups]
    return {"reference": ref, "extension": under}


def _condition() -> Json:
    return {
        "resourceType": "Condition", "id": "k1", "code": coded("E11.22", "Diabetes with kidney disease"),
        "subject": ME, "recordedDate": "2025-03-04", "encounter": {"reference": "Encounter/e1"},
    }  # fmt: skip


def _visit() -> Json:
    return {"resourceType": "Encounter", "id": "e1", "class": {"code": "AMB"}, "subject": ME}


def ra_1() -> Json:
    """`$report`: a Bundle with its evidence, and an OperationOutcome beside it; no category anywhere."""
    group = say.category("g1", extension=_marks("ra-suspectType", "open-gap"))
    report = say.risk_report(
        "rr1", group, marked="", evaluatedResource=[_cited("Condition/k1", "g1")],
        meta={"profile": [say.RA + "/ra-measurereport"]},
    )  # fmt: skip
    bundle = document(report, say.patient(), _condition(), _visit(), kind="collection")
    outcome = {"resourceType": "OperationOutcome", "issue": [
        {"severity": "warning", "code": "informational", "diagnostics": "RxHCC was not run"},
    ]}  # fmt: skip
    body = answer(bundle)
    body["parameter"].append({"name": "outcome", "resource": outcome})
    return body


def ra_2_0() -> Json:
    """The codes that would do stand inside the remark, and what it relates to is a relatedDataIdentifier."""
    remark = extension(f"{RA}/ra-ccRemark", extension=[
        extension("author", valueString="Dr. Elm"),
        extension("qualifyingDxCode", valueCodeableConcept=coded("E11.21")),
        extension("qualifyingDxList", extension=[extension("code", valueCodeableConcept=coded("E11.29"))]),
        extension("relatedDataIdentifier", valueIdentifier={"value": "CLAIM-7"}),
    ])  # fmt: skip
    report = say.risk_report("rr1", say.category("g1", extension=_marks("ra-ccType", "invalid-gap", remark)))
    return _searchset(report, say.patient())


def ra_2_1() -> Json:
    return say.usual_risk()


def ra_3(context: str = "") -> Json:
    """`$risk-gap`: one Bundle, each report bound to the request by a context id."""
    qualifying = extension(f"{RA}/ra-qualifyingDxCode", extension=[
        extension("codeOptions", valueCodeableConcept=coded("E11.21")),
    ])  # fmt: skip
    report = say.risk_report(
        "rr1", say.category("g1", extension=_marks("ra-ccType", "open-gap", qualifying)), say.category("g2", "226"),
        evaluatedResource=[_cited("Condition/k1", "g1"), _cited("Encounter/e1", "g1", "g2")],
    )  # fmt: skip
    if context:
        report["extension"].append(extension(f"{RA}/ra-contextId", valueId=context))
    return answer(document(report, _condition(), _visit(), say.patient(), kind="collection"))


def _searchset(*resources: Json) -> Json:
    found = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": found}


GAPS: dict[str, Any] = {
    "usual": say.usual_answer, "us-3.1": us_3_1, "us-4": us_4, "us-5-collection": us_5_collection, "uv": uv,
    "fqm": fqm, "deqm-test-server": deqm_test_server, "hapi": hapi, "hapi-non-document": hapi_non_document,
}  # fmt: skip
RISKS: dict[str, Any] = {"ra-1.0": ra_1, "ra-2.0": ra_2_0, "ra-2.1": ra_2_1, "ra-3.0": ra_3}
