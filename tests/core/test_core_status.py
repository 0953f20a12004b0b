"""The patient-status gate: death, hospice and what is not hospice, the other statuses, and what they do to measures."""

from dataclasses import replace
from datetime import date

import pytest

from app.core import status
from app.core.answers import Reason, Unknown
from app.core.chart import Chart, Coding, Concept, Fact
from app.core.evidence import findings
from app.core.flag import StatusKind
from app.core.measures import REGISTRY, blood_pressure, breast, glycaemic, kidney
from app.core.measures.rule import MeasureRule
from app.core.reading import read
from app.core.status_rows import ROWS
from app.core.terminology import LOINC, NO_CODES
from tests.core.made import (
    PATIENT,
    TODAY,
    YEAR,
    build,
    chart,
    fact,
    facts_by_type,
    gap,
    hcpcs,
    icd,
    known,
    loinc,
    on,
    payer,
)


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
    fact("Flag", text("Hospice patient, wife is the contact")),
    fact("Flag", text("Retired teacher. Hospice care at home since May")),
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


#: A problem in words alone: it may be a relative's, or an occupation.
MAY_BE_HOSPICE = [
    fact("Condition", text("Full care by hospice"), "2024-01-01"),
    fact("Condition", text("Hospice care"), "2026-01-01", until=on("2026-11-20")),
    fact("Condition", text("Hospice nurse"), "2026-09-01"),
    fact("Condition", Concept((Coding("http://snomed.info/sct", "1", "Hospice care"),)), "2026-09-01"),
    fact("Condition", text("Hospice care"), "2026-09-01", verification="unconfirmed"),
]


@pytest.mark.parametrize("entry", MAY_BE_HOSPICE, ids=lambda f: f"{f.concept.label} {f.verification}")
def test_a_problem_in_words_alone_asks_and_withholds_nothing(entry: Fact) -> None:
    made = found(entry)
    assert made.hospice is None
    assert [(f.kind, f.source_ref, f.what, f.sure) for f in made.findings] == [
        (StatusKind.HOSPICE, entry.ref, entry.concept.label, False)
    ]
    panel = build(chart(entry), payer([gap()]))
    assert (panel.withheld, len(panel.gaps)) == ("", 1)


def test_what_shows_hospice_leaves_nothing_to_ask() -> None:
    made = found(MAY_BE_HOSPICE[0], fact("Flag", text("Hospice patient")))
    assert [(f.kind, f.sure) for f in made.findings] == [(StatusKind.HOSPICE, True)]


@pytest.mark.parametrize("kind", ["Condition", "Flag"])
@pytest.mark.parametrize(
    "words",
    [
        "Husband in hospice", "Wife on hospice care", "Son on hospice", "Daughter's hospice care", "Brother in hospice",
        "Sister receives hospice care", "Parent in hospice", "Partner in hospice", "Grandmother in hospice",
        "Hospice care of her sister", "Works as hospice nurse", "Worked in hospice", "Employed by hospice",
        "Hospice worker", "Retired hospice chaplain", "Occupation: hospice aide", "Caregiver for hospice patient",
    ],
)  # fmt: skip
def test_a_relative_or_an_occupation_is_nobodys_hospice_here(kind: str, words: str) -> None:
    made = found(fact(kind, text(words), "2026-09-01"))
    assert (made.hospice, made.findings) == (None, ())


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


# --- the other statuses -----------------------------------------------------------------------------------------------


def old(*facts: Fact, born: str = "1950-03-14") -> status.Status:
    return found(*facts, patient=replace(PATIENT, birth_date=on(born)))


def kinds(made: status.Status) -> list[StatusKind]:
    return [finding.kind for finding in made.findings]


def lives(where: str, when: str) -> Fact:
    return fact("Observation", loinc("71802-3", "Housing status"), when, value=Concept(text=where))


FALL, HEART_FAILURE = (
    fact("Condition", icd("R29.6", "Repeated falls"), "2026-05-01"),
    fact("Condition", icd("I50.9", "Heart failure"), "2025-12-01"),
)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (fact("Condition", icd("Z51.5"), "2026-02-01"), StatusKind.PALLIATIVE),
        (fact("Encounter", hcpcs("M1017"), "2026-10-01"), StatusKind.PALLIATIVE),
        (fact("Flag", text("Palliative care patient")), StatusKind.PALLIATIVE),
        (fact("Condition", icd("O09.521"), "2026-06-01"), StatusKind.PREGNANCY),
        (fact("Condition", icd("Z33.1"), "2026-06-01"), StatusKind.PREGNANCY),
        (fact("Observation", loinc("82810-3"), "2026-11-01", value=text("Pregnant")), StatusKind.PREGNANCY),
        (fact("Observation", loinc("82810-3"), "2026-11-01", value=text("Pregnant (finding)")), StatusKind.PREGNANCY),
        (fact("Flag", text("Pregnant"), "2026-09-01"), StatusKind.PREGNANCY),
        (lives("Lives in nursing home (finding)", "2024-01-01"), StatusKind.NURSING_HOME),
        (fact("Flag", text("Nursing home resident"), "2023-01-01"), StatusKind.NURSING_HOME),
    ],
    ids=lambda v: v.concept.label if isinstance(v, Fact) else str(v),
)
def test_a_status_is_named_with_its_source(entry: Fact, kind: StatusKind) -> None:
    made = old(entry)
    assert [(f.kind, f.source_ref, f.when) for f in made.findings] == [
        (kind, entry.ref, entry.when.start if entry.when else None)
    ]
    assert made.hospice is None


@pytest.mark.parametrize(
    "entry",
    [
        fact("Flag", text("Palliative care consult declined")),
        fact("Condition", icd("Z51.5"), "2026-02-01", status="resolved"),
        fact("Condition", icd("Z51.5"), "2026-02-01", verification="refuted"),
        fact("Encounter", hcpcs("M1017"), "2025-10-01"),
        fact("Condition", icd("O09.521"), "2025-06-01"),  # an old pregnancy that nobody closed
        fact("Condition", icd("Z33.1"), "2026-06-01", until=on("2026-10-01")),
        fact("Observation", loinc("82810-3"), "2026-11-01", value=text("Not pregnant")),
        fact("Observation", loinc("82810-3"), "2026-05-01", value=text("Pregnant")),
        fact("Flag", text("Pregnancy test ordered"), "2026-09-01"),
        fact("Flag", text("Wife is pregnant"), "2026-09-01"),
        fact("Flag", text("Husband gets palliative care"), "2026-09-01"),
        fact("Flag", text("Mother lives in a nursing home"), "2026-09-01"),
        lives("Lives alone", "2026-01-01"),
        fact("Flag", text("Nursing home: short stay"), "2026-01-01"),
        FALL,
        HEART_FAILURE,
    ],
    ids=lambda f: f"{f.concept.label} {f.status}",
)
def test_what_is_no_status(entry: Fact) -> None:
    assert old(entry).findings == ()


def test_the_newest_housing_status_says_where_somebody_lives() -> None:
    home = lives("Lives in nursing home", "2025-01-01")
    assert kinds(old(home)) == [StatusKind.NURSING_HOME]
    assert kinds(old(home, lives("Lives with daughter", "2026-01-01"))) == []


def test_frailty_needs_an_advanced_illness_and_age() -> None:
    made = old(FALL, HEART_FAILURE)
    assert [(f.kind, f.source_ref) for f in made.findings] == [(StatusKind.FRAILTY, FALL.ref)]
    assert made.findings[0].what == "Repeated falls · Heart failure"
    assert kinds(old(FALL, HEART_FAILURE, born="1960-11-21")) == []  # 65
    assert kinds(old(FALL, HEART_FAILURE, born="1960-11-20")) == [StatusKind.FRAILTY]  # 66 today


def test_an_entry_that_names_hospice_is_named_once() -> None:
    assert kinds(old(fact("Condition", icd("Z51.5", "Hospice care"), "2026-10-01"))) == [StatusKind.HOSPICE]


# --- what a status does to a measure ----------------------------------------------------------------------------------


def out_of(rule: MeasureRule, *facts: Fact, born: str = "1950-03-14") -> bool:
    made = read(chart(*facts, patient=replace(PATIENT, birth_date=on(born))))
    return bool(findings(rule, YEAR, made, TODAY).excluded)


@pytest.mark.parametrize(
    ("rule", "facts", "born", "out"),
    [
        (breast.RULE, [lives("Lives in nursing home", "2025-06-01")], "1960-12-31", True),  # 66 on the last day
        (breast.RULE, [lives("Lives in nursing home", "2025-06-01")], "1961-01-01", False),
        (breast.RULE, [FALL, HEART_FAILURE], "1955-01-01", True),
        (breast.RULE, [FALL], "1955-01-01", False),
        (breast.RULE, [HEART_FAILURE], "1955-01-01", False),
        (breast.RULE, [FALL, replace(HEART_FAILURE, when=on("2024-12-31"))], "1955-01-01", False),  # began too early
        (breast.RULE, [FALL, replace(HEART_FAILURE, when=on("2025-01-01"))], "1955-01-01", True),
        (
            breast.RULE,
            [replace(FALL, until=on("2025-12-31"), when=on("2025-01-01")), HEART_FAILURE],
            "1955-01-01",
            False,
        ),
        (blood_pressure.RULE, [FALL], "1945-12-31", True),  # 81: frailty is enough
        (blood_pressure.RULE, [FALL], "1946-01-01", False),  # 80: it is not
        (blood_pressure.RULE, [FALL, HEART_FAILURE], "1946-01-01", True),
        (blood_pressure.RULE, [fact("Condition", icd("O10.011"), "2026-03-01")], "1990-01-01", True),
        (glycaemic.RULE, [fact("Condition", icd("O10.011"), "2026-03-01")], "1990-01-01", False),
        (glycaemic.RULE, [fact("Flag", text("Palliative care"), "2026-03-01")], "1990-01-01", True),
        (
            glycaemic.RULE,
            [fact("Flag", text("Palliative care"), "2025-03-01", until=on("2025-09-01"))],
            "1990-01-01",
            False,
        ),
        (kidney.RULE, [FALL, HEART_FAILURE], "1950-01-01", False),  # not an exclusion of this measure
        (kidney.RULE, [fact("Encounter", hcpcs("G9054"), "2026-03-01")], "1950-01-01", True),
    ],
)
def test_each_measure_says_which_status_at_which_age(
    rule: MeasureRule, facts: list[Fact], born: str, out: bool
) -> None:
    assert out_of(rule, *facts, born=born) is out


def test_without_a_birth_date_a_status_that_hangs_on_age_takes_nobody_out() -> None:
    made = read(chart(FALL, HEART_FAILURE, patient=replace(PATIENT, birth_date=None)))
    assert findings(breast.RULE, YEAR, made, TODAY).excluded == ()


@pytest.mark.parametrize("rule", REGISTRY.rules, ids=lambda rule: rule.key)
def test_every_type_that_shows_a_measures_status_is_needed_but_for_flags(rule: MeasureRule) -> None:
    signs = {sign for out in rule.statuses for sign in status.made_of(out.kind)}
    types = {row.type for row in ROWS if row.sign in signs and row.codes != NO_CODES} - {"Flag"}
    assert types <= set(rule.needs)
