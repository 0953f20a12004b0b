"""What results say in laboratories' words, what is no result, and what may overrule the newest one."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.core.chart import Coding, Component, Concept, Fact, Quantity, Value
from app.core.dates import add_months
from app.core.flag import Card, Clash, State, Urgency
from app.core.measures import REGISTRY, breast, cervical, colorectal, depression, kidney
from app.core.measures.kind import Kind
from app.core.measures.rule import MeasureRule
from app.core.report import Evidence, Gap, GapStatus, Measure
from app.core.terminology import LOINC
from app.core.values import Meets, given, says
from app.sources.fhir.facts import fact as from_fhir
from tests.core.made import (
    BREAST,
    COLORECTAL,
    ECQM,
    PRESSURE,
    TODAY,
    YEAR,
    build,
    chart,
    colonoscopy,
    fact,
    gap,
    hba1c,
    hcpcs,
    lakeside,
    loinc,
    mammogram,
    on,
    payer,
    percent,
    pressure,
    stool,
)

CERVICAL = Measure(ECQM + "CMS124FHIRCervicalCancerScreen", "1.0.000", "Cervical")
DEPRESSION = Measure(ECQM + "CMS2FHIRPCSDepScreenAndFollowUp", "1.0.000", "Depression")
KIDNEY = Measure(ECQM + "CMS951FHIRKidneyHealthEval", "1.0.000", "Kidney")
Row = tuple[State, str]


def panel(*facts: Fact, gaps: tuple[Gap, ...] = (), today: date = TODAY) -> tuple[list[Card], list[Card]]:
    """The main list and the staff line."""
    made = build(chart(*facts), payer(gaps), today=today)
    return [*made.gaps, *made.more_gaps], list(made.staff)


def main(*facts: Fact, gaps: tuple[Gap, ...] = (), today: date = TODAY) -> list[tuple[str, State, str]]:
    return [(card.act, card.main.state, card.main.because) for card in panel(*facts, gaps=gaps, today=today)[0]]


def lab(code: str, value: Value | None, when: str = "2026-05-01", **other: object) -> Fact:
    return fact("Observation", loinc(code), when, value=value, **other)


def words(code: str, text: str, when: str = "2026-05-01", **other: object) -> Fact:
    return lab(code, Concept(text=text), when, **other)


def number(value: str, unit: str = "") -> Quantity:
    return Quantity(Decimal(value), unit)


def image(text: str, when: str = "2026-05-01") -> Fact:
    return mammogram(when, conclusion=Concept(text=text))


def kind(rule: MeasureRule, name: str) -> Kind:
    return next(each for each in rule.evidence if each.name == name)


STOOL, SMEAR = kind(colorectal.RULE, "stool blood test"), kind(cervical.RULE, "cervical cytology")
HPV, HPV_16 = kind(cervical.RULE, "HPV test"), kind(cervical.RULE, "HPV 16 or 18 test")
MAMMOGRAM, EGFR = kind(breast.RULE, "mammogram"), kind(kidney.RULE, "eGFR")

# --- for and against ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (STOOL, "Positive", Meets.YES),
        (STOOL, "POS", Meets.YES),
        (STOOL, "Weakly positive", Meets.YES),
        (STOOL, "Negative", Meets.NO),
        (STOOL, "Not detected", Meets.NO),
        (STOOL, "None detected", Meets.NO),
        (STOOL, "No occult blood detected", Meets.NO),
        (STOOL, "Non-reactive", Meets.NO),
        (STOOL, "Within normal limits", Meets.NO),
        (STOOL, "Not detected (reference: not detected)", Meets.NO),
        (STOOL, "POSITIVE (Reference: Negative)", Meets.UNCLEAR),
        (STOOL, "False positive?", Meets.UNCLEAR),
        (STOOL, "See scanned report", Meets.UNCLEAR),
        (SMEAR, "HSIL", Meets.YES),
        (SMEAR, "ASC-H. HPV: not detected", Meets.YES),
        (SMEAR, "ASC-US, cannot exclude HSIL", Meets.YES),
        (SMEAR, "HSIL, negative for invasive carcinoma", Meets.UNCLEAR),
        (SMEAR, "Negative for intraepithelial lesion or malignancy", Meets.NO),
        (SMEAR, "NILM", Meets.NO),
        (SMEAR, "LSIL", Meets.UNCLEAR),
        (SMEAR, "ASC-US", Meets.UNCLEAR),
        (HPV, "HPV 16 positive", Meets.YES),
        (HPV, "HPV 16 positive, HPV 18 negative", Meets.UNCLEAR),
        (HPV, "Positive", Meets.UNCLEAR),
        (HPV, "Positive for high-risk types other than 16 and 18", Meets.UNCLEAR),
        (HPV, "Not detected", Meets.NO),
        (HPV_16, "Detected", Meets.YES),
        (HPV_16, "Undetected", Meets.NO),
        (MAMMOGRAM, "Suspicious mass left breast; biopsy recommended", Meets.YES),
        (MAMMOGRAM, "Recommend stereotactic core biopsy", Meets.YES),
        (MAMMOGRAM, "Left: BI-RADS 4. Right: BI-RADS 1", Meets.UNCLEAR),
        (MAMMOGRAM, "No mammographic evidence of malignancy", Meets.NO),
        (MAMMOGRAM, "No suspicious mass or calcification. BI-RADS 2. No biopsy is recommended.", Meets.NO),
        (MAMMOGRAM, "No suspicious mass", Meets.UNCLEAR),
        (MAMMOGRAM, "No priors. Suspicious mass", Meets.YES),
        (MAMMOGRAM, "BI-RADS 3: probably benign", Meets.UNCLEAR),
        (MAMMOGRAM, "Density category 2. See addendum", Meets.UNCLEAR),
        (MAMMOGRAM, "Addendum: patient called with results.", Meets.UNCLEAR),
    ],
)
def test_words_for_and_against_together_or_neither_are_not_certain(kind: Kind, text: str, expected: Meets) -> None:
    assert kind.abnormal is not None
    assert says(fact("Observation", loinc("1-1"), value=Concept(text=text)), kind.abnormal) is expected


@pytest.mark.parametrize(
    ("test", "act"),
    [
        (stool("POSITIVE (Reference: Negative)", "2026-05-01"), "colorectal-screening"),
        (lab("29771-3", number("300", "ng/mL")), "colorectal-screening"),
        (words("10524-7", "HSIL, negative for invasive carcinoma"), "cervical-screening"),
        (words("10524-7", "LSIL"), "cervical-screening"),
        (words("21440-3", "HPV 16 positive, HPV 18 negative"), "cervical-screening"),
        (words("21440-3", "Positive"), "cervical-screening"),
        (image("BI-RADS 3: probably benign"), "breast-screening"),
        (image("Addendum: patient called with results."), "breast-screening"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_result_that_cannot_be_read_is_a_row_of_its_own(test: Fact, act: str) -> None:
    (card,) = panel(test)[0]
    assert (card.act, card.main.urgency) == (f"{act}/follow-up", Urgency.ABNORMAL)
    assert (card.main.state, card.main.because, card.main.unclear) == (State.CANNOT_TELL, "read-result", (test,))
    assert not card.main.staff_can


@pytest.mark.parametrize(
    "facts",
    [
        [words("10524-7", "ASC-US"), words("21440-3", "Not detected", "2026-05-03")],
        [words("10524-7", "ASC-US", "2026-05-01"), words("10524-7", "NILM", "2026-10-01")],
        [words("10524-7", "LSIL", "2025-05-01"), words("10524-7", "NILM", "2026-10-01")],
        [image("See note", "2026-05-01"), image("BI-RADS 1", "2026-05-01")],
        [image("BI-RADS 3", "2025-11-01"), image("BI-RADS 2", "2026-05-01")],
        [words("29771-3", "See note"), colonoscopy("2026-08-01")],
    ],
)
def test_what_answers_a_result_that_could_not_be_read(facts: list[Fact]) -> None:
    assert main(*facts) == []


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ([words("10524-7", "LSIL"), words("21440-3", "Not detected")], State.CANNOT_TELL),
        ([words("10524-7", "ASC-US"), words("21440-3", "Positive")], State.CANNOT_TELL),
        ([words("29771-3", "See note"), stool("Negative", "2026-09-01")], State.CANNOT_TELL),
        ([image("BI-RADS 4"), image("Addendum: patient called with results.", "2026-05-08")], State.DO_TODAY),
        ([image("BI-RADS 4"), image("BI-RADS 3", "2026-10-08")], State.DO_TODAY),
    ],
)
def test_what_does_not_answer_it(facts: list[Fact], state: State) -> None:
    assert [found for _, found, _ in main(*facts)] == [state]


# --- what is no result ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Test not performed - specimen expired", "No result could be obtained", "Unsatisfactory for evaluation", "QNS",
        "TNP", "Specimen rejected", "Unable to process", "Insufficient sample", "Indeterminate", "Invalid", "Pending",
        "Kit was never returned",
    ],
)  # fmt: skip
def test_words_that_say_that_there_is_no_result(text: str) -> None:
    for code, measure in (("29771-3", COLORECTAL), ("77353-1", COLORECTAL), ("10524-7", CERVICAL)):
        test, one = words(code, text), gap(measure)
        cards, staff = panel(test, gaps=(one,))
        assert [(card.main.state, card.main.because, card.main.unclear) for card in cards] == [
            (State.CANNOT_TELL, "value-not-certain", (test,))
        ]
        assert staff == []
        assert main(test) == []  # and nothing to follow up


@pytest.mark.parametrize(
    ("value", "counts"),
    [
        (number("71"), True),
        ("> 60", True),
        (Concept(text=">60 mL/min/1.73m2"), True),
        (Concept(text="Test not performed"), False),
        ("QNS", False),
        ("see note", False),
        (True, False),
    ],
)
def test_a_kidney_test_needs_a_number(value: Value, counts: bool) -> None:
    assert (given(lab("98979-8", value), EGFR) is Meets.YES) is counts
    state = State.DONE_HERE if counts else State.CANNOT_TELL
    cards, staff = panel(lab("98979-8", value), lab("9318-7", number("12")), gaps=(gap(KIDNEY),))
    assert [card.main.state for card in (*cards, *staff)] == [state]


def test_an_image_that_has_its_category_was_read_whatever_else_could_not_be_done() -> None:
    assert given(image("Unable to compare with priors. BI-RADS 2"), MAMMOGRAM) is Meets.YES
    assert given(image("Exam not performed"), MAMMOGRAM) is Meets.UNCLEAR
    assert given(fact("Observation", loinc("24606-6"), not_done_reason="not-performed"), MAMMOGRAM) is Meets.UNCLEAR


# --- what the laboratory puts beside it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "flags", "expected"),
    [
        (number("300"), ("POS",), Meets.YES),
        (number("300"), ("H",), Meets.YES),
        (number("300"), ("A",), Meets.YES),
        (number("12"), ("N",), Meets.NO),
        (number("12"), ("NEG",), Meets.NO),
        (number("300"), (), Meets.UNCLEAR),
        (number("300"), ("A", "N"), Meets.UNCLEAR),
        (number("300"), ("IND",), Meets.UNCLEAR),
        (Concept(text="Positive"), ("A",), Meets.YES),
        (Concept(text="Positive"), ("N",), Meets.UNCLEAR),
        (Concept(text="Negative"), ("POS",), Meets.UNCLEAR),
        (Concept(text="POSITIVE (Reference: Negative)"), ("A",), Meets.UNCLEAR),
        (Concept(text="Test not performed"), ("N",), Meets.UNCLEAR),
        (Concept((Coding("https://lab.example", "7"),)), ("POS",), Meets.YES),
    ],
)
def test_the_mark_speaks_where_the_value_does_not(value: Value, flags: tuple[str, ...], expected: Meets) -> None:
    assert STOOL.abnormal is not None
    assert says(lab("29771-3", value, interpretation=flags), STOOL.abnormal) is expected


def test_an_abnormal_mark_does_not_say_which_abnormality() -> None:
    for code in ("10524-7", "21440-3"):
        assert main(words(code, "See report", interpretation=("A",)))[0][1:] == (State.CANNOT_TELL, "read-result")


def test_a_score_is_held_against_its_cut_whatever_the_mark() -> None:
    assert depression.POSITIVE.cuts
    assert says(lab("44261-6", number("6"), interpretation=("A",)), depression.POSITIVE) is Meets.NO


def test_interpretation_is_read_from_fhir() -> None:
    system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
    made = from_fhir(
        {
            "resourceType": "Observation", "id": "1", "status": "final",
            "valueQuantity": {"value": Decimal(300), "unit": "ng/mL"},
            "interpretation": [{"coding": [{"system": system, "code": "A"}]}],
        }
    )  # fmt: skip
    assert made.interpretation == ("A",)
    assert from_fhir({"resourceType": "Observation", "id": "1"}).interpretation == ()


# --- how long an abnormal result stays --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "measure"),
    [
        (words("77353-1", "Positive", "2024-05-01"), COLORECTAL),
        (image("BI-RADS 4 suspicious", "2024-10-10"), BREAST),
        (words("59263-4", "Detected", "2022-06-01"), CERVICAL),
    ],
)
def test_what_counts_and_was_never_followed_up_has_its_row(test: Fact, measure: Measure) -> None:
    cards, staff = panel(test, gaps=(gap(measure),))
    assert [(card.main.state, card.main.urgency) for card in cards] == [(State.DO_TODAY, Urgency.ABNORMAL)]
    assert [card.main.state for card in staff] == [State.DONE_HERE]


@pytest.mark.parametrize("rule", [r for r in REGISTRY.rules if r.follow_up], ids=lambda rule: rule.key)
def test_no_abnormal_result_counts_for_longer_than_its_row_stands(rule: MeasureRule) -> None:
    assert rule.follow_up is not None
    for each in rule.evidence:
        if each.name in rule.follow_up.after:
            assert add_months(YEAR.end, -rule.follow_up.months) <= each.window.of(YEAR).start


# --- what does not follow up ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "order"),
    [
        (stool("Positive", "2026-05-01"), "Colorectal cancer screening, FIT kit"),
        (stool("Positive", "2026-05-01"), "CT colonography"),
        (stool("Positive", "2026-05-01"), "Virtual colonoscopy"),
        (lab("44261-6", number("15"), "2026-11-10"), "Mental health screening questionnaire"),
        (lab("44261-6", number("15"), "2026-11-10"), "Behavioral health questionnaire"),
        (image("BI-RADS 4"), "Screening mammogram"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_the_screening_over_again_is_not_its_follow_up(test: Fact, order: str) -> None:
    cards, staff = panel(test, fact("ServiceRequest", Concept(text=order), "2026-11-12", intent="order"))
    assert [card.main.state for card in cards] == [State.DO_TODAY]
    assert staff == []


@pytest.mark.parametrize(
    ("when", "staff"), [("2026-11-20", True), ("2027-02-18", True), ("2027-02-19", False), ("2028-03-01", False)]
)
def test_a_follow_up_booked_too_late_is_not_under_way(when: str, staff: bool) -> None:
    found = panel(image("BI-RADS 5"), fact("Appointment", Concept(text="Breast biopsy"), when))
    assert [len(cards) for cards in found] == ([0, 1] if staff else [1, 0])


@pytest.mark.parametrize(
    ("when", "state"),
    [("2026-12-31", State.ORDERED), ("2027-01-01", State.DO_TODAY), ("2028-03-01", State.DO_TODAY)],
)
def test_a_booking_behind_the_measures_end_does_not_serve_it(when: str, state: State) -> None:
    cards, staff = panel(fact("Appointment", Concept(text="Colonoscopy"), when), gaps=(gap(COLORECTAL),))
    assert [card.main.state for card in (*cards, *staff)] == [state]


# --- what payers have seen --------------------------------------------------------------------------------------------


def piece(value: str | None, when: str = "2026-04-01", **other: object) -> Evidence:
    fields = {"concept": loinc("29771-3"), "when": on(when), "status": "final"}
    result = Concept(text=value) if value else None
    return Evidence("Observation/x", "Observation", "FIT", **(fields | {"value": result} | other))  # type: ignore[arg-type] # names of fields


def theirs(*pieces: Evidence) -> Gap:
    return gap(COLORECTAL, GapStatus.CLOSED, payer="lakeside", evidence=pieces)


@pytest.mark.parametrize("own", [False, True])
def test_an_abnormal_result_that_a_payer_has_seen_is_for_the_clinician(own: bool) -> None:
    seen = piece("Positive")
    ours = gap(COLORECTAL, evidence=(seen,) if own else ())
    made = build(chart(), payer([ours]), *([] if own else [lakeside(theirs(seen))]))
    (card,) = made.gaps
    assert (card.act, made.staff) == ("colorectal-screening", ())
    row = card.main
    assert (row.state, row.because, row.urgency) == (State.CANNOT_TELL, "abnormal-at-payer", Urgency.ABNORMAL)
    assert (row.elsewhere, row.seen_by) == (seen, "northwind" if own else "lakeside")
    assert card.clashes == (() if own else (Clash.OPEN_AND_CLOSED,))


def test_it_needs_no_open_gap() -> None:
    made = build(chart(), payer(), lakeside(theirs(piece("Positive"))))
    assert [card.main.because for card in made.gaps] == ["abnormal-at-payer"]
    assert not made.clear


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("Negative", State.DONE_ELSEWHERE),
        ("See note", State.DO_TODAY),
        ("Test not performed", State.DO_TODAY),
        (None, State.DO_TODAY),
    ],
)
def test_only_a_clear_result_is_done_elsewhere(value: str | None, state: State) -> None:
    made = build(chart(), payer([gap(COLORECTAL)]), lakeside(theirs(piece(value))))
    assert [card.main.state for card in (*made.gaps, *made.staff)] == [state]


def test_a_clear_result_of_before_does_not_hide_one_that_may_be_abnormal() -> None:
    both = theirs(replace(piece("Negative", "2026-02-01"), ref="Observation/y"), piece("See note"))
    made = build(chart(), payer([gap(COLORECTAL)]), lakeside(both))
    assert [card.main.state for card in made.gaps] == [State.DO_TODAY]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([colonoscopy("2026-06-01")], []),
        ([stool("Negative", "2026-04-01")], []),  # the same test, as this chart has it
        ([stool("Positive", "2026-04-01")], ["colorectal-screening/follow-up"]),
        ([stool("Negative", "2026-06-01")], ["colorectal-screening"]),  # a repeat does not settle it
    ],
)
def test_this_chart_answers_what_a_payer_has_seen(facts: list[Fact], expected: list[str]) -> None:
    made = build(chart(*facts), payer(), lakeside(theirs(piece("Positive"))))
    assert [card.act for card in made.gaps] == expected


def test_what_staff_can_wait_for_does_not_hide_what_is_still_to_be_done() -> None:
    """A payer's abnormal mammogram whose biopsy is ordered, and a mammogram of this year that is asked for."""
    bad = Evidence(
        "Observation/m",
        "Observation",
        "Mammogram",
        loinc("24606-6"),
        on("2024-02-01"),
        value="BI-RADS 4",
        status="final",
    )
    order = fact("ServiceRequest", Concept(text="Breast biopsy"), "2026-11-10")
    made = build(chart(order), payer([gap(BREAST, evidence=(bad,))]))
    assert [(card.act, card.main.state) for card in made.gaps] == [("breast-screening", State.DO_TODAY)]
    assert [row.state for row in made.gaps[0].rows] == [State.DO_TODAY, State.ORDERED]


# --- the newest value -------------------------------------------------------------------------------------------------

TOMORROW = (TODAY + timedelta(days=1)).isoformat()
A1C = gap()
OLD_A1C, OLD_BP = hba1c("8.0", "2026-02-01"), pressure("120", "70", "2026-02-01")
AS_TEXT = fact("Observation", loinc("85354-9"), "2026-09-01", value="190/110")
OUTSIDE = fact("Observation", Concept(text="HbA1c outside lab"), "2026-09-01", value=percent("11"))
HALF = fact("Observation", loinc("85354-9"), "2026-09-01", components=(Component(loinc("8480-6"), number("128")),))


@pytest.mark.parametrize(
    ("old", "newer", "because"),
    [
        (OLD_BP, AS_TEXT, "value-not-certain"),
        (OLD_BP, fact("Observation", Concept(text="BP"), "2026-09-01", value="190/110"), "code-not-known"),
        (OLD_BP, pressure("185", "110", TOMORROW), "date-not-certain"),
        (OLD_A1C, hba1c("11.5", TOMORROW), "date-not-certain"),
        (OLD_A1C, OUTSIDE, "code-not-known"),
        (OLD_A1C, lab("59261-8", number("108", "mmol/mol"), "2026-09-01"), "code-not-known"),
        (OLD_A1C, hba1c("12", "2026-09-01", status="preliminary"), "not-final"),
    ],
    ids=["text", "words", "pressure tonight", "tonight", "outside", "another scale", "preliminary"],
)  # fmt: skip
def test_an_older_good_value_is_not_sent_over_a_newer_one_that_may_be_bad(old: Fact, newer: Fact, because: str) -> None:
    one = gap(PRESSURE) if old is OLD_BP else A1C
    order = fact("ServiceRequest", loinc("4548-4"), "2026-11-10")
    for facts in ([old, newer], [old, newer, order]):
        cards, staff = panel(*facts, gaps=(one,))
        assert [(card.main.state, card.main.because) for card in cards] == [(State.CANNOT_TELL, because)]
        assert newer in cards[0].main.unclear
        assert staff == []


@pytest.mark.parametrize(
    ("old", "newer"),
    [
        (OLD_BP, HALF),
        (OLD_A1C, lab("59261-8", number("64", "mmol/mol"), "2026-02-01")),  # of the same sample
        (OLD_A1C, hba1c(None, "2026-09-01", status="registered")),
        (OLD_A1C, hba1c("12", "2026-01-01", status="preliminary")),
        (OLD_A1C, hba1c("12", "2026-11-22")),  # a slip of the pen
    ],
    ids=["half", "both scales", "no value yet", "older", "ahead"],
)
def test_what_does_not_stand_against_it(old: Fact, newer: Fact) -> None:
    cards, staff = panel(old, newer, gaps=(gap(PRESSURE) if old is OLD_BP else A1C,))
    assert (cards, [card.main.state for card in staff]) == ([], [State.DONE_HERE])


# --- one act, one card ------------------------------------------------------------------------------------------------


def test_nobody_is_offered_a_screening_beside_the_follow_up_of_the_last_one() -> None:
    cards, staff = panel(stool("Positive", "2025-06-01"), gaps=(gap(COLORECTAL),))
    assert [(card.act, [row.act for row in card.rows]) for card in cards] == [
        ("colorectal-screening/follow-up", ["order-follow-up-colonoscopy", "offer-colorectal-screening"])
    ]
    assert staff == []


def test_a_met_gap_stands_with_the_card_that_its_act_went_to() -> None:
    met = replace(gap(COLORECTAL, GapStatus.CLOSED), payer="lakeside")
    made = build(chart(stool("Positive", "2025-06-01")), payer([gap(COLORECTAL)]), lakeside(met))
    (card,) = made.gaps
    assert (card.closed, card.clashes, made.closed) == ((met,), (Clash.OPEN_AND_CLOSED,), ())


def phq9(value: str, when: str = "2026-06-01") -> Fact:
    return lab("44261-6", number(value), when)


def phq2(value: str, when: str = "2026-06-01") -> Fact:
    return lab("55758-7", number(value), when)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([phq2("3"), phq9("2")], State.DONE_HERE),
        ([phq2("1"), phq9("15")], State.OUT_OF_RANGE),
        ([phq2("3")], State.OUT_OF_RANGE),
        ([phq2("3"), phq9("2", "2026-05-01")], State.OUT_OF_RANGE),
        ([phq2("3"), lab("44261-6", None)], State.OUT_OF_RANGE),
        ([phq9("2", "2026-05-01"), words("73832-8", "see note", "2026-06-01")], State.CANNOT_TELL),
    ],
)
def test_on_one_day_the_whole_instrument_overrules_the_short_one(facts: list[Fact], expected: State) -> None:
    cards, staff = panel(*facts, gaps=(gap(DEPRESSION),))
    assert [card.main.state for card in (*cards, *staff)] == [expected]


@pytest.mark.parametrize(
    ("plan", "state", "because"),
    [
        (fact("Procedure", hcpcs("H0004"), "2026-06-03"), State.DONE_HERE, ""),
        (fact("Procedure", hcpcs("H0004"), "2026-06-06"), State.PERIOD_OVER, "followed-late"),
        (fact("Procedure", hcpcs("H0004"), "2026-06-11"), State.PERIOD_OVER, "followed-late"),
        (fact("Procedure", Concept(text="Psychiatry visit"), "2026-06-11"), State.CANNOT_TELL, "code-not-known"),
    ],
)
def test_a_plan_that_came_later_than_it_counts_is_explained(plan: Fact, state: State, because: str) -> None:
    cards, staff = panel(phq9("15"), plan, gaps=(gap(DEPRESSION),))
    assert [(card.main.state, card.main.because) for card in (*cards, *staff)] == [(state, because)]
    assert [card.main.state for card in staff] == ([] if state is State.CANNOT_TELL else [state])


# --- after the period -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "facts", "staff"),
    [
        (A1C.measure, [hba1c("12.4", "2026-12-15")], False),
        (PRESSURE, [pressure("190", "118", "2026-12-28")], False),
        (PRESSURE, [OLD_BP, replace(AS_TEXT, when=on("2026-12-28"))], False),
        (A1C.measure, [hba1c("12.4", "2026-12-15"), hba1c("7.9", "2027-01-03")], True),
        (A1C.measure, [], True),
    ],
    ids=["HbA1c", "pressure", "may be", "better since", "nothing"],
)
def test_a_value_out_of_range_stays_with_the_clinician_after_the_period(
    measure: Measure, facts: list[Fact], staff: bool
) -> None:
    found = panel(*facts, gaps=(gap(measure),), today=date(2027, 1, 5))
    assert [[card.main.state for card in cards] for cards in found] == (
        [[], [State.PERIOD_OVER]] if staff else [[State.PERIOD_OVER], []]
    )


def test_loinc_answers_say_it_without_words() -> None:
    assert STOOL.abnormal is not None
    for code, expected in (("LA6576-8", Meets.YES), ("LA6577-6", Meets.NO), ("LA11883-8", Meets.NO)):
        assert says(lab("29771-3", Concept((Coding(LOINC, code),))), STOOL.abnormal) is expected
