"""The patient-status gate: death and hospice, and what is not hospice."""

from dataclasses import replace
from datetime import date

import pytest

from app.core import status
from app.core.answers import Reason, Unknown
from app.core.chart import Chart, Coding, Concept, Fact
from app.core.flag import StatusKind
from app.core.reading import read
from app.core.terminology import LOINC
from tests.core.made import PATIENT, TODAY, chart, fact, facts_by_type, hcpcs, icd, known, on


def found(*facts: Fact, **other: object) -> status.Status:
    made = chart(*facts, **other)  # type: ignore[arg-type] # the tests name fields of Chart
    return status.read(made, read(made), TODAY)


def text(words: str) -> Concept:
    return Concept(text=words)


def mds(answer: str) -> dict[str, object]:
    return {"value": Concept((Coding(LOINC, "LA33-6"),), answer)}


@pytest.mark.parametrize(
    ("deceased", "when"), [(True, None), (on("2026-10-02"), date(2026, 10, 2)), (on("2026"), None)]
)
def test_the_chart_says_that_the_patient_died(deceased: object, when: date | None) -> None:
    made = found(patient=replace(PATIENT, deceased=deceased))  # type: ignore[arg-type] # the table's types
    assert made.deceased
    assert [(f.kind, f.source_ref, f.when) for f in made.findings] == [(StatusKind.DECEASED, "Patient/ehr-1", when)]


@pytest.mark.parametrize("deceased", [None, False])
def test_a_living_patient_has_no_finding(deceased: bool | None) -> None:
    assert found(patient=replace(PATIENT, deceased=deceased)).findings == ()


HOSPICE = [
    fact("Flag", text("Hospice patient"), "2025-01-01"),
    fact("Flag", text("In hospice since May")),
    fact("Encounter", text("Hospice home visit"), "2026-10-01", setting="HH"),
    fact("Encounter", text("Hospice stay"), "2026-01-01", status="in-progress"),
    fact("Encounter", hcpcs("Q5003"), "2026-08-22"),
    fact("Procedure", hcpcs("T2042"), "2026-11-01"),
    fact("Procedure", Concept((Coding("http://snomed.info/sct", "385763009", "Hospice care"),)), "2026-11-01"),
    fact("ServiceRequest", hcpcs("G0182"), "2026-09-30"),
    fact("ServiceRequest", text("Admission to hospice"), "2026-09-30", intent="order"),
    fact("Condition", text("Full care by hospice"), "2024-01-01"),
    fact("Condition", text("Hospice care"), "2026-01-01", until=on("2026-11-20")),
    fact("Condition", icd("Z51.5", "Hospice care patient"), "2026-10-01", category=("encounter-diagnosis",)),
    fact("Observation", Concept((Coding(LOINC, "45755-6"),)), "2026-10-10", **mds("Yes")),
    fact("Observation", Concept((Coding(LOINC, "45755-6"),)), "2026-10-10", value=True),
]


@pytest.mark.parametrize("entry", HOSPICE, ids=lambda f: f"{f.type}: {f.concept.label}")
def test_what_is_hospice(entry: Fact) -> None:
    made = found(entry)
    assert made.hospice == entry
    first = entry.when.start if entry.when else None
    assert [(f.kind, f.source_ref, f.when) for f in made.findings] == [(StatusKind.HOSPICE, entry.ref, first)]


NOT_HOSPICE = [
    fact("Condition", icd("Z51.5", "Encounter for palliative care"), "2026-10-01"),
    fact("Condition", text("Palliative care or hospice"), "2026-10-01"),
    fact("Condition", text("Hospice care"), "2026-01-01", until=on("2026-05-01")),
    fact("Condition", text("Hospice care"), "2026-10-01", status="resolved"),
    fact("Condition", text("Hospice care"), "2026-10-01", verification="refuted"),
    fact("Condition", text("Hospice care"), "2026-10-01", status="entered-in-error"),
    fact("Condition", text("Hospice care"), "2026-01-01", category=("encounter-diagnosis",)),
    fact("Flag", text("Hospice patient"), "2025-01-01", status="inactive"),
    fact("Flag", text("Hospice patient"), "2026-12-01"),
    fact("Flag", text("Hospice declined")),
    fact("Flag", text("Mother in hospice")),
    fact("Flag", text("Hospice volunteer")),
    fact("Flag", text("Discharged from hospice")),
    fact("Flag", text("Not in hospice")),
    fact("Encounter", text("Hospice home visit"), "2026-08-21"),  # 91 days ago
    fact("Encounter", text("Hospice home visit"), "2026-11-01", status="cancelled"),
    fact("Encounter", text("Hospice information visit"), "2026-11-01"),
    fact("Encounter", text("Office visit"), "2026-11-01", setting="HH"),
    fact("Encounter", text("Hospice home visit")),
    fact("ServiceRequest", text("Hospice consult"), "2026-11-01"),
    fact("ServiceRequest", text("Hospice care"), "2026-11-01", intent="proposal"),
    fact("ServiceRequest", text("Hospice care"), "2026-11-01", status="revoked"),
    fact("Procedure", text("Hospice care"), "2026-11-01", status="not-done"),
    fact("Observation", Concept((Coding(LOINC, "45755-6"),)), "2026-10-10", **mds("No")),
    fact("Observation", Concept((Coding(LOINC, "45755-6"),)), "2026-10-10"),
    fact("Observation", text("Hospice discussed"), "2026-10-10"),
]


@pytest.mark.parametrize("entry", NOT_HOSPICE, ids=lambda f: f"{f.type}: {f.concept.label} {f.status}")
def test_what_is_not_hospice(entry: Fact) -> None:
    assert found(entry).hospice is None


@pytest.mark.parametrize(("day", "shows"), [("2026-08-22", True), ("2026-08-21", False), ("2026-11-20", True)])
def test_hospice_services_are_looked_for_ninety_days_back(day: str, shows: bool) -> None:
    assert bool(found(fact("Procedure", hcpcs("Q5008"), day)).hospice) is shows


@pytest.mark.parametrize("kind", status.TYPES)
def test_a_type_that_could_not_be_read_is_named(kind: str) -> None:
    assert [(f.kind, f.source_ref) for f in found(unread=(kind,)).findings] == [(StatusKind.UNREADABLE, kind)]


def test_a_type_read_in_part_is_named_too() -> None:
    made = found(facts=facts_by_type((), Flag=known((), incomplete=("page 2",))))
    assert [(f.kind, f.source_ref) for f in made.findings] == [(StatusKind.UNREADABLE, "Flag")]


def test_a_patient_who_could_not_be_read_is_named() -> None:
    made = chart()
    made = replace(made, patient=Unknown("ehr", Reason.DOWN))
    assert [f.source_ref for f in status.read(made, read(made), TODAY).findings] == ["Patient"]


def test_what_has_not_answered_is_pending_and_not_unreadable() -> None:
    made = status.read(Chart(), read(Chart()), TODAY)
    assert made.findings == ()
    assert made.pending == ("Patient", *status.TYPES)
