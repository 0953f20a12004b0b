"""Reading `$care-gaps` to the last entry, whatever shape of DEQM a payer sends."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import pytest
import sources_payloads as say
from sources_payloads import (
    ASKED,
    CORE,
    ENTRY,
    MEMBER,
    US,
    UV,
    answer,
    coded,
    composition,
    document,
    extension,
    gap_report,
    group,
    issue,
    patient,
    populations,
    section,
)
from sources_wire import NOW

from app.core.chart import When
from app.core.report import Gap, GapReason, GapStatus, Member, Period, Report
from app.sources.errors import Unreadable, WrongPatient
from app.sources.payer import care_gaps
from app.sources.payer.populations import counts, derived_status

R5 = "http://hl7.org/fhir/5.0/StructureDefinition"


def read_all(body: Any, **options: Any) -> tuple[Report, tuple[str, ...]]:
    stated = {"entry": ENTRY, "member": MEMBER, "asked": ASKED, "received": NOW, "fetch": lambda ref: None} | options
    return care_gaps.read(body, **stated)


def read(*resources: Any, **options: Any) -> Report:
    return read_all(answer(document(*resources)), **options)[0]


def only(report: Report) -> Gap:
    (gap,) = report.gaps
    return gap


def test_a_complete_document_is_read_completely() -> None:
    report, missing = read_all(say.usual_answer())
    assert (missing, report.unreadable, report.outcomes) == ((), (), ())
    assert (report.payer, report.kind, report.subject_id, report.received) == ("northwind", "care-gaps", "m1", NOW)
    assert report.subject is not None
    assert report.subject.birth_date == When.day(date(1957, 2, 3))
    assert report.calculated == date(2026, 11, 1)
    gap = only(report)
    assert (gap.report_id, gap.group_id, gap.status, gap.status_words) == ("r1", "g1", GapStatus.OPEN, "open-gap")
    assert (gap.measure.url, gap.measure.version) == ("https://northwind.example/Measure/hba1c", "2026")
    assert (gap.measure.title, gap.payer_words, gap.derived) == ("Diabetes: HbA1c", "Diabetes: HbA1c", False)
    assert (gap.period, gap.calculated, gap.data_through) == (ASKED, date(2026, 11, 1), None)
    assert gap.reasons == (GapReason("Missing", "Missing Data Element", "Observation: HbA1c"),)
    (evidence,) = gap.evidence
    assert (evidence.ref, evidence.type, evidence.what) == ("Observation/o1", "Observation", "Hemoglobin A1c")
    assert (evidence.setting, evidence.source, evidence.population) == ("AMB", "Harbor Lab", "numerator")
    assert evidence.when == When.day(date(2025, 2, 3))


# --- status -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [f"{US}/extension-gapStatus", f"{UV}/deqm-gapStatus"])
@pytest.mark.parametrize("status", [s for s in GapStatus if s is not GapStatus.UNKNOWN])
def test_the_status_is_the_modifier_extension_of_either_guide(url: str, status: GapStatus) -> None:
    told = issue(status="", modifierExtension=[extension(url, valueCodeableConcept=coded(status.value, "As they say"))])
    gap = only(read(gap_report(), told))
    assert (gap.status, gap.status_words, gap.derived) == (status, "As they say", False)


def test_an_unknown_status_is_kept_in_the_payers_words() -> None:
    gap = only(read(gap_report(), issue(status="half-open")))
    assert (gap.status, gap.status_words, gap.derived) == (GapStatus.UNKNOWN, "half-open", False)


def test_two_different_statements_are_no_statement() -> None:
    gap = only(read(gap_report(), issue("d1", "open-gap"), issue("d2", "closed-gap")))
    assert (gap.status, gap.status_words) == (GapStatus.UNKNOWN, "open-gap / closed-gap")


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_a_retracted_issue_says_nothing(status: str) -> None:
    gap = only(read(gap_report(), issue("d1", "closed-gap") | {"status": status}))
    assert (gap.status, gap.derived) == (GapStatus.OPEN, True)


def test_an_issue_with_a_modifier_that_we_do_not_know_is_not_used() -> None:
    report, missing = read_all(answer(document(
        gap_report(), issue(modifierExtension=[extension("https://vendor.example/not", valueBoolean=True)])
    )))  # fmt: skip
    assert only(report).derived
    assert report.unreadable == ("DetectedIssue/d1: a modifier that we do not know",)
    assert missing == ("reports or findings that could not be read: 1",)


def test_a_status_against_the_own_populations_is_shown_as_stated_and_reported() -> None:
    report = read(gap_report(), issue(status="closed-gap"))
    assert only(report).status is GapStatus.CLOSED
    assert "contradict" in report.unreadable[0]


@pytest.mark.parametrize(
    ("stated", "improvement", "status"),
    [
        ({"initial_population": 0, "denominator": 0, "numerator": 0}, "increase", GapStatus.NOT_APPLICABLE),
        ({"initial_population": 1, "denominator": 0, "numerator": 0}, "increase", GapStatus.CLOSED),
        ({"initial_population": 1, "denominator": 1, "numerator": 0}, "increase", GapStatus.OPEN),
        ({"initial_population": 1, "denominator": 1, "numerator": 1}, "increase", GapStatus.CLOSED),
        ({"initial_population": 1, "denominator": 1, "numerator": 0}, "decrease", GapStatus.CLOSED),
        ({"initial_population": 1, "denominator": 1, "numerator": 1}, "decrease", GapStatus.OPEN),
        ({"denominator": 1, "denominator_exclusion": 1, "numerator": 0}, "increase", GapStatus.CLOSED),
        ({"denominator": 1, "denominator_exception": 1, "numerator": 0}, "increase", GapStatus.CLOSED),
        ({"denominator": 1, "numerator": 1, "numerator_exclusion": 1}, "increase", GapStatus.OPEN),
        ({"denominator": 1, "numerator": 1, "numerator_exclusion": 1}, "decrease", GapStatus.CLOSED),
        ({"initial_population": 1, "denominator": 1}, "increase", GapStatus.UNKNOWN),
        ({"initial_population": 1}, "increase", GapStatus.UNKNOWN),
        ({}, "increase", GapStatus.UNKNOWN),
    ],
)
def test_without_an_issue_the_populations_decide(stated: dict[str, int], improvement: str, status: GapStatus) -> None:
    assert derived_status(counts({"population": populations(**stated)}), improvement) is status
    notation = coded(improvement)
    gap = only(read(gap_report("r1", group(counts=stated), improvementNotation=notation)))
    assert (gap.status, gap.derived, gap.improvement) == (status, True, improvement)


@pytest.mark.parametrize("url", [f"{US}/extension-groupImprovementNotation", f"{UV}/deqm-groupImprovementNotation"])
def test_the_group_knows_its_direction_better_than_the_report(url: str) -> None:
    inverse = group(extension=[extension(url, valueCodeableConcept=coded("decrease"))])
    gap = only(read(gap_report("r1", inverse, improvementNotation=coded("increase"))))
    assert (gap.improvement, gap.status) == ("decrease", GapStatus.CLOSED)


def test_a_count_may_be_a_quantity() -> None:
    quantity = extension(f"{CORE}/measurereport-countQuantity", valueQuantity={"value": 1})
    counted = [*populations(denominator=1), {"code": coded("numerator"), "extension": [quantity]}]
    assert only(read(gap_report("r1", {"id": "g", "population": counted}))).status is GapStatus.CLOSED


# --- several rates ----------------------------------------------------------------------------------------------------


def test_each_rate_of_a_measure_is_a_gap_of_its_own() -> None:
    def about(name: str) -> list[Any]:
        return [extension(say.CRITERIA, valueString=name)]

    done = group("uptake", {**say.OPEN, "numerator": 1})
    evaluated = [
        {"reference": "Observation/o1", "extension": about("uptake-numerator")},
        {"reference": "Observation/o2", "extension": about("follow-up-numerator")},
        {"reference": "Observation/o3"},
    ]
    done["population"][-1]["id"] = "uptake-numerator"
    open_one = group("follow-up")
    open_one["population"][-1]["id"] = "follow-up-numerator"
    report = read(
        gap_report("r1", done, open_one, group("third"), evaluatedResource=evaluated),
        issue("d1", "closed-gap", extension=about("uptake")),
        issue(
            "d2",
            "open-gap",
            evidence=[{"detail": [{"reference": "MeasureReport/r1", "extension": about("follow-up")}]}],
        ),
    )
    assert [(g.group_id, g.status, g.derived) for g in report.gaps] == [
        ("uptake", GapStatus.CLOSED, False),
        ("follow-up", GapStatus.OPEN, False),
        ("third", GapStatus.OPEN, True),
    ]
    assert [[e.ref for e in g.evidence] for g in report.gaps] == [
        ["Observation/o1", "Observation/o3"], ["Observation/o2", "Observation/o3"], ["Observation/o3"],
    ]  # fmt: skip


def test_a_group_may_be_named_by_its_link_id() -> None:
    link = [extension(f"{R5}/extension-MeasureReport.group.linkId", valueString="rate-1")]
    stated = {"extension": link, "population": populations(**say.OPEN)}
    about = [extension(say.CRITERIA, valueString="rate-1")]
    report = read(gap_report("r1", stated, group("g2")), issue(status="closed-gap", extension=about))
    assert [(g.group_id, g.derived) for g in report.gaps] == [("rate-1", False), ("g2", True)]


def test_a_population_in_place_of_a_group_is_understood() -> None:
    about = [extension(say.CRITERIA, valueString="numerator")]
    detail = [{"detail": [{"reference": "MeasureReport/r1", "extension": about}]}]
    report = read(gap_report("r1", group("g1"), group("g2")), issue(evidence=detail))
    assert [(g.group_id, g.derived) for g in report.gaps] == [("g1", False), ("g2", False)]


def test_an_issue_about_a_group_that_is_not_there_is_reported() -> None:
    about = [extension(say.CRITERIA, valueString="gone")]
    report, missing = read_all(answer(document(gap_report("r1", group("g1"), group("g2")), issue(extension=about))))
    assert all(g.derived for g in report.gaps)
    assert report.unreadable == ("DetectedIssue/d1: names a group that its report does not have",)
    assert missing


def test_groups_without_ids_are_all_kept() -> None:
    stated = [{"population": populations(**say.OPEN)}, {"code": {"text": "b"}, "population": populations(**say.OPEN)}]
    report = read(gap_report("r1", *stated))
    assert [g.payer_words for g in report.gaps] == ["", "b"]


# --- shapes of the answer ---------------------------------------------------------------------------------------------


def test_several_bundles_are_all_read_and_ids_do_not_mix() -> None:
    other = gap_report("r1", measure="https://northwind.example/Measure/eye|2026")
    report, _ = read_all(
        answer(document(gap_report(), issue(status="closed-gap")), document(other, issue(status="open-gap")))
    )
    assert [(g.measure.url[-3:], g.status) for g in report.gaps] == [("a1c", GapStatus.CLOSED), ("eye", GapStatus.OPEN)]


def test_what_an_earlier_bundle_said_is_not_said_twice() -> None:
    assert len(read_all(answer(document(gap_report(), issue()), document(gap_report(), issue())))[0].gaps) == 1


@pytest.mark.parametrize("urls", [True, False])
@pytest.mark.parametrize("kind", ["document", "collection"])
def test_a_bundle_without_full_urls_or_composition_is_read_alike(urls: bool, kind: str) -> None:
    body = answer(document(gap_report(), issue(), patient(), urls=urls, kind=kind))
    assert only(read_all(body)[0]).status is GapStatus.OPEN


def test_a_bundle_in_place_of_parameters_is_read() -> None:
    assert len(read_all(document(gap_report(), issue()))[0].gaps) == 1


def test_bundles_inside_bundles_and_bare_resources_are_read() -> None:
    nested = {"resourceType": "Bundle", "entry": [{"resource": document(gap_report(), issue(status="closed-gap"))}]}
    bare = answer(gap_report("r2", measure="https://northwind.example/Measure/eye"), issue("d2", about="r2"))
    assert only(read_all(answer(nested))[0]).status is GapStatus.CLOSED
    assert only(read_all(bare)[0]).status is GapStatus.OPEN


def test_a_report_inside_the_issue_is_found() -> None:
    inside = issue(contained=[gap_report("inner")], evidence=[{"detail": [{"reference": "#inner"}]}])
    gap = only(read(inside))
    assert (gap.report_id, gap.status, gap.derived) == ("inner", GapStatus.OPEN, False)


def test_contained_guidance_gives_the_reasons() -> None:
    inside = {
        "resourceType": "GuidanceResponse",
        "id": "g",
        "reasonCode": [
            {
                "coding": [{"code": "ValueOutOfRange", "display": "Value is out of range"}],
                "extension": [
                    extension(
                        f"{US}/reasonDetail",
                        extension=[
                            extension("reference", valueReference={"reference": "Observation/o1"}),
                            extension("path", valueString="value"),
                        ],
                    )
                ],
            },
            {"coding": [{"code": "their-own-code"}]},
        ],
        "note": [{"text": "Repeat the test"}],
    }
    gap = only(read(composition(section("HbA1c", "r1", "d1")), gap_report(),
                    issue(contained=[inside], evidence=[{"detail": [{"reference": "#g"}]}])))  # fmt: skip
    assert gap.status is GapStatus.OPEN
    assert gap.reasons == (
        GapReason("ValueOutOfRange", "Value is out of range", "Observation/o1 value; Repeat the test"),
        GapReason("their-own-code", "their-own-code", "Repeat the test"),
    )


def test_an_issue_finds_its_report_by_the_section_that_lists_it() -> None:
    report = read(
        composition(section("HbA1c", "r1", "d1"), section("Eye exam", "r2", "d2")),
        gap_report(),
        gap_report("r2", measure="https://northwind.example/Measure/eye"),
        issue("d1", "closed-gap", evidence=[]),
        issue("d2", "open-gap", evidence=[]),
    )
    assert [(g.payer_words, g.status) for g in report.gaps] == [
        ("HbA1c", GapStatus.CLOSED), ("Eye exam", GapStatus.OPEN),
    ]  # fmt: skip


def test_nested_sections_count_and_lost_ones_are_reported() -> None:
    inner = section("HbA1c", "r1", "d1")
    report, missing = read_all(answer(document(
        composition({"title": "Chronic", "section": [inner]}, section("Gone", "nowhere")), gap_report(), issue()
    )))  # fmt: skip
    assert only(report).payer_words == "HbA1c"
    assert report.unreadable == ("Composition/c: a section points at a report that is not there",)
    assert missing


def test_measures_that_ride_along_name_themselves() -> None:
    measure = {"resourceType": "Measure", "id": "x", "url": "https://northwind.example/Measure/hba1c", "title": "HbA1c"}
    assert only(read(gap_report(), measure)).measure.title == "HbA1c"


# --- dates, remarks, evidence -----------------------------------------------------------------------------------------


def test_dates_come_from_the_group_first_and_data_through_from_the_entry() -> None:
    through = "https://northwind.example/data-through"
    entry = dataclasses.replace(ENTRY, data_through_extension=through)
    stated = group(extension=[extension(f"{US}/extension-calculatedDate", valueDateTime="2026-10-30")])
    report = gap_report("r1", stated, extension=[extension(through, valueDate="2026-08-31")])
    gap = only(read(report, entry=entry))
    assert (gap.calculated, gap.data_through) == (date(2026, 10, 30), date(2026, 8, 31))
    assert only(read(report)).data_through is None


@pytest.mark.parametrize("stated", [{}, {"start": "2026-01-01"}, {"start": "2026-12-31", "end": "2026-01-01"}, "2026"])
def test_a_report_without_a_period_gets_the_one_asked_for_and_says_so(stated: Any) -> None:
    report = read(gap_report(period=stated))
    assert only(report).period == ASKED
    assert report.unreadable == ("MeasureReport/r1: states no period; the one asked for is assumed",)


def test_a_period_of_years_is_its_days() -> None:
    gap = only(read(gap_report(period={"start": "2026", "end": "2026"})))
    assert gap.period == Period(date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize("url", [f"{US}/extension-careGapRemark", f"{UV}/deqm-careGapRemark"])
def test_remarks_are_counted(url: str) -> None:
    remark = extension(url, extension=[extension("text", valueString="done last month")])
    assert only(read(gap_report("r1", group(extension=[remark, remark])))).remarks == 2


def test_evidence_that_did_not_ride_along_is_read_or_named() -> None:
    asked: list[str] = []

    def fetch(ref: str) -> Any:
        asked.append(ref)
        procedure = {"resourceType": "Procedure", "id": "p1", "code": coded("x", "Colonoscopy")}
        return care_gaps.Entry(procedure) if ref == "Procedure/p1" else None

    evaluated = [{"reference": "Procedure/p1"}, {"reference": "Procedure/p2", "display": "A scan"}]
    first, second = only(read(gap_report(evaluatedResource=evaluated), fetch=fetch)).evidence
    assert asked == ["Procedure/p1", "Procedure/p2"]
    assert (first.what, first.readable) == ("Colonoscopy", True)
    assert (second.ref, second.type, second.what, second.readable) == ("Procedure/p2", "Procedure", "A scan", False)


def test_evidence_about_somebody_else_is_dropped_and_counted_without_its_id() -> None:
    other = {"resourceType": "Observation", "id": "secret", "subject": {"reference": "Patient/m2"}}
    report = read(gap_report(evaluatedResource=[{"reference": "Observation/secret"}]), other)
    assert only(report).evidence == ()
    assert report.unreadable == ("Observation: about another patient",)


# --- whose report -----------------------------------------------------------------------------------------------------


def test_an_answer_about_somebody_else_is_refused_whole() -> None:
    with pytest.raises(WrongPatient):
        read(gap_report(subject={"reference": "Patient/m2"}), issue(patient={"reference": "Patient/m2"}), patient("m2"))


def test_a_report_about_somebody_else_among_ours_is_left_out() -> None:
    report, missing = read_all(answer(document(gap_report(), patient()), document(
        gap_report("r2", subject={"reference": "Patient/m2"}), issue(patient={"reference": "Patient/m2"}, about="r2"),
        patient("m2") | {"name": [{"family": "Other"}]},
    )))  # fmt: skip
    assert [g.report_id for g in report.gaps] == ["r1"]
    assert report.subject is not None
    assert report.subject.names[0].family == "Moss"
    assert report.unreadable == ("DetectedIssue: about another patient",), "the report itself counts as another's"
    assert missing == ("reports about another patient, left out: 1",)


def test_a_family_member_with_the_same_member_id_is_somebody_else() -> None:
    with pytest.raises(WrongPatient):
        read(gap_report(subject={"reference": "Patient/m2"}), patient("m2"))


def test_a_patient_without_an_id_is_known_by_the_member_id() -> None:
    anonymous = patient()
    del anonymous["id"]
    bundle = document(gap_report(subject={"reference": "urn:uuid:1"}), urls=False)
    bundle["entry"].append({"fullUrl": "urn:uuid:1", "resource": anonymous})
    assert only(read_all(answer(bundle))[0]).report_id == "r1"
    spouse = gap_report("r2", subject={"reference": "urn:uuid:2"})
    bundle["entry"].append({"resource": spouse})
    bundle["entry"].append({"fullUrl": "urn:uuid:2", "resource": anonymous | {"birthDate": "1960-01-01"}})
    report, _ = read_all(answer(bundle))
    assert [g.report_id for g in report.gaps] == ["r1"]
    with pytest.raises(WrongPatient):
        read_all(answer(bundle), member=Member("northwind", "m9", "W9", "identifier"))


@pytest.mark.parametrize(
    "subject",
    [{"reference": f"{say.BASE}/Patient/m1"}, {"reference": "Patient/m1/_history/2"}, {"identifier": {"value": "W1"}}],
)
def test_the_member_may_be_named_in_other_ways(subject: Any) -> None:
    assert only(read(gap_report(subject=subject))).report_id == "r1"


# --- what cannot be used ----------------------------------------------------------------------------------------------


def test_no_gap_at_all_is_an_answer() -> None:
    for body in ({"resourceType": "Parameters"}, answer(), answer({"resourceType": "Bundle", "type": "collection"})):
        report, missing = read_all(body)
        assert (report.gaps, report.subject_id, missing) == ((), "m1", ())
    document_only = answer(document(composition(), patient()))
    assert read_all(document_only)[0].gaps == ()


@pytest.mark.parametrize(
    "body",
    [
        {"resourceType": "Patient"},
        {},
        {"resourceType": "Parameters", "parameter": [{"name": "operation"}]},
        answer(document(patient())),
        answer(document(gap_report(type="summary", subject=None))),
        answer(document(gap_report(type="data-collection"))),
        answer(document(gap_report(status="pending"))),
        answer(document(gap_report(status="error"))),
        answer(document(gap_report(measure=None))),
        answer(document(gap_report(subject=None))),
        answer(document(gap_report(modifierExtension=[{"url": "x"}]))),
        answer({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}),
        answer({"resourceType": "Bundle", "entry": [{"resource": None}, "x"]}),
    ],
)
def test_an_answer_of_which_nothing_can_be_used_is_never_no_gaps(body: Any) -> None:
    with pytest.raises(Unreadable):
        read_all(body)


def test_one_unreadable_report_is_counted_and_the_others_shown() -> None:
    report, missing = read_all(
        answer(document(gap_report(), gap_report("r2", status="pending"), issue("d9", about="r9")))
    )
    assert len(report.gaps) == 1
    assert set(report.unreadable) == {"MeasureReport/r2: status is pending", "DetectedIssue/d9: points at no report"}
    assert missing == ("reports or findings that could not be read: 2",)


def test_reports_of_another_category_are_not_gaps() -> None:
    marked = [extension(f"{CORE}/measurereport-category", valueCodeableConcept=coded("ra"))]
    report = read(gap_report(), gap_report("r2", extension=marked))
    assert [g.report_id for g in report.gaps] == ["r1"]


def test_outcomes_that_ride_along_are_kept() -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [
        {"severity": "warning", "code": "informational", "diagnostics": "claims of the last week are missing"},
        {"severity": "error", "code": "timeout", "details": {"text": "one measure timed out"}},
    ]}  # fmt: skip
    report, missing = read_all(answer(document(gap_report()), outcome))
    assert report.outcomes == ("claims of the last week are missing", "one measure timed out")
    assert missing == ("the payer reported an error beside its answer",)
