"""Care gap rows: every state says what to do, why, by when, who says so and as of when, or what is missing."""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields, replace
from decimal import Decimal

import pytest
from handmade import (
    IDS,
    LAKESIDE,
    LAKESIDE_LINES,
    NORTHWIND,
    NORTHWIND_LINES,
    RULES,
    SCREENING,
    TODAY,
    a1c,
    alone,
    blood_pressure,
    booked,
    card,
    days,
    done_elsewhere,
    every_state,
    fact,
    gap,
    mammogram,
    old_data,
    on,
    ordered_by,
    out_of_range,
    outside,
    overdue,
    row,
    stool_test,
)

from app.core.chart import Quantity
from app.core.flag import Card, GapRow, IdentityNote, State, Urgency
from app.core.identity import Differs
from app.core.measures import REGISTRY
from app.core.report import Evidence, GapReason, GapStatus, Measure
from app.web.present import Ids
from app.web.present.gaps import row_view, rule_words
from app.web.present.names import Payers
from app.web.present.saying import WITHHELD
from app.web.present.views import RowView
from app.web.present.words import ACTS, GAP_STATUS_WORDS, STATE_ACTS, STATE_MARKS, URGENCY_WORDS

PAYERS = Payers.of((*NORTHWIND_LINES, *LAKESIDE_LINES))


def shown(found: GapRow | Card) -> RowView:
    return row_view(found if isinstance(found, Card) else card(found), PAYERS, TODAY, IDS)


def last(gap_row: GapRow) -> dict[str, str]:
    return {each.label: each.words for each in shown(gap_row).last}


def test_every_state_urgency_and_status_has_words() -> None:
    assert set(STATE_MARKS) == set(STATE_ACTS) == set(State)
    assert set(URGENCY_WORDS) == set(Urgency)
    assert set(GAP_STATUS_WORDS) == set(GapStatus)


def test_every_act_of_a_rule_has_words_of_its_own() -> None:
    acts = {act for rule in REGISTRY.rules for act in (rule.act, rule.act_out_of_range)}
    acts |= {rule.follow_up.act for rule in REGISTRY.rules if rule.follow_up}
    acts |= {kind.act for rule in REGISTRY.rules for kind in rule.evidence}
    assert acts - {""} <= set(ACTS)


@pytest.mark.parametrize("gap_row", every_state(), ids=lambda r: f"{r.state}-{r.gap.group_id}")
def test_a_row_leaves_nothing_unsaid(gap_row: GapRow) -> None:
    seen = shown(gap_row)
    optional = {"note", "quotes", "verify", "clashes", "terms", "acting"}
    for field in fields(seen):
        assert getattr(seen, field.name) or field.name in optional, field.name
    assert seen.mark.word
    assert seen.mark.shape
    assert seen.mark.tone


def test_states_are_told_apart_by_word_and_by_shape_or_tone() -> None:
    assert len({mark.word for mark in STATE_MARKS.values()}) == len(State)
    assert len({(mark.shape, mark.tone) for mark in STATE_MARKS.values()}) == len(State)


@pytest.mark.parametrize(
    ("gap_row", "why"),
    [
        (row(), "Overdue since 16 Aug 2026."),
        (row(clinical_due=days(9)), "The last one holds until 1 Dec 2026."),
        (row(clinical_due=None), "What is on file does not meet the measure."),
        (row(last_in_chart=None), "None on file, neither here nor at the payer."),
        (row(last_in_chart=None, last_at_payer=Evidence("x")), "None in this chart."),
        (out_of_range(), "9.4 % misses the measure's target."),
        (row(State.OUT_OF_RANGE, act="plan-depression-follow-up"), "HbA1c 6.9 % is positive, and no follow-up plan"),
        (blood_pressure(), "152/94 mmHg misses the measure's target."),
        (stool_test(), "FIT (stool immunochemical test) Positive: no follow-up found in this chart."),
        (row(State.DONE_HERE, settled_by=a1c("6.9", -3)), "HbA1c 6.9 %, 19 Nov 2026, 3 days ago. Northwind does not"),
        (row(State.PERIOD_OVER), "The measure's last day was 31 Dec 2026."),
        (row(State.CANNOT_TELL, missing=("Observation", "ServiceRequest")), "Not read: results and orders."),
        (
            row(State.CANNOT_TELL, unclear=(a1c("6.9", -3),), because="date-not-certain"),
            "In this chart: HbA1c 6.9 %, 19 Nov 2026, 3 days ago. Its date is not certain",
        ),
        (row(State.CANNOT_TELL, unclear=(a1c("6.9", -3),)), "In this chart: HbA1c 6.9 %"),
        (row(State.NOT_CHECKED), "There is no rule of ours for version 2026.1 of this measure"),
        (row(State.EXCLUDED), "Does not apply to this patient."),
        (ordered_by(), "Ordered 10 Nov 2026, 12 days ago, by Dr. Ines Valderrama: Diabetic retinal exam."),
        (booked(), "Booked for 3 Dec 2026, in 11 days with Elmsworth Eye Clinic: Retinal imaging."),
        (row(State.ORDERED, settled_by=a1c("1", -3)), "Without a final result yet, 19 Nov 2026, 3 days ago, by whom"),
        (row(State.ORDERED, settled_by=None), "On its way, date not stated."),
        (overdue(), "Ordered 25 Jul 2026, 4 months ago, by Dr. Ines Valderrama: Mammogram. Nothing came of it so far."),
        (done_elsewhere(), "Lakeside knows of it: Colonoscopy, 1 Apr 2025, 20 months ago, from Riverbend Endoscopy."),
        (row(State.DONE_ELSEWHERE, settled_by=a1c("6.9", -3)), "This chart notes it: HbA1c 6.9 %, 19 Nov 2026"),
        (row(State.DONE_ELSEWHERE), "This chart notes that it was done."),
        (outside("age"), "By the birth date in this chart the patient is outside the measure's ages."),
        (outside("sex"), "By the sex in this chart the measure is not about this patient."),
        (outside("no-diagnosis"), "The diagnosis that the measure is about does not stand in this chart."),
        (outside("else"), "The patient is outside the measure, by this chart."),
        (row(parts=(a1c("6.9", -3),)), "Done already: HbA1c 6.9 %, 19 Nov 2026, 3 days ago. The rest is missing."),
        (alone(), "FIT (stool immunochemical test) Positive: no follow-up found in this chart."),
        (row(State.CANNOT_TELL, unclear=(a1c("6.9", -3),), because="told-not-to"),
         "In this chart: HbA1c 6.9 %, 19 Nov 2026, 3 days ago. It says not to do this."),
        (row(State.CANNOT_TELL, unclear=(a1c("6.9", -3),), because="exclusion-not-certain"),
         "In this chart: HbA1c 6.9 %, 19 Nov 2026, 3 days ago. It reads like a reason not to do this."),
        (row(State.CANNOT_TELL, because="direction-not-certain"), "Which way the payer's report counts is not"),
    ],
)  # fmt: skip
def test_why_a_gap_is_shown_in_plain_words(gap_row: GapRow, why: str) -> None:
    assert shown(gap_row).why.startswith(why)


def test_last_done_is_told_by_chart_and_payer_each_as_its_own() -> None:
    assert last(mammogram()) == {
        "This chart": "Screening mammogram, both breasts, 13 Oct 2024, 2 years ago",
        "Lakeside": "Mammogram, 13 Oct 2024, 2 years ago",
    }
    assert last(row(last_in_chart=None)) == {"This chart": "none on file", "Northwind": "none on file"}


def test_what_was_not_read_is_never_called_none_on_file() -> None:
    unread = row(State.CANNOT_TELL, last_in_chart=None, missing=("Observation",))
    assert last(unread)["This chart"] == "not known, results could not be read"
    unchecked = row(State.NOT_CHECKED, last_in_chart=None)
    assert last(unchecked)["This chart"] == "not checked"


def test_the_clinical_due_date_and_the_measures_last_day_are_two_things() -> None:
    seen = shown(out_of_range())
    assert seen.due == "14 Dec 2026, in 3 weeks"
    assert seen.measure_end == "measure ends 31 Dec 2026, in 6 weeks"
    assert shown(row(last_in_chart=None, clinical_due=None)).due == "now, none on file"
    assert shown(row(State.NOT_CHECKED, clinical_due=None, rule=None)).due == "clinical due date not stated"


def test_who_says_so_and_as_of_when() -> None:
    seen = shown(row())
    assert seen.says == f"{NORTHWIND}: open"
    assert seen.as_of == "calculated on 14 Nov 2026, 8 days ago"
    assert seen.through == "data through 30 Sep 2026, 8 weeks ago"
    bare = shown(row(gap=gap(calculated=None, data_through=None, derived=True, status=GapStatus.PROSPECTIVE)))
    assert bare.says == f"{NORTHWIND}: coming due, as its counts imply"
    assert (bare.as_of, bare.through) == ("calculation date not stated", "data through not stated")


def test_a_status_that_we_do_not_know_is_quoted() -> None:
    odd = gap(status=GapStatus.UNKNOWN, status_words="deferred-by-plan")
    assert shown(row(gap=odd)).says == f"{NORTHWIND}: “deferred-by-plan”"


def test_a_payers_words_are_on_the_row_only_where_no_rule_of_ours_speaks() -> None:
    spoken = gap(payer_words="Please schedule a test.", reasons=(GapReason("NotFound", "Not found", "HbA1c"),))
    unruled = shown(row(State.NOT_CHECKED, rule=None, gap=spoken))
    assert [(q.who, q.words) for q in unruled.quotes] == [
        (NORTHWIND, "Please schedule a test."),
        (NORTHWIND, "Not found: HbA1c"),
    ]
    ruled = shown(row(gap=spoken))
    assert ruled.quotes == ()
    assert ("Northwind writes", "“Please schedule a test.”") in [(d.label, d.words) for d in ruled.details]


def test_a_reason_without_a_display_is_worded_by_us() -> None:
    seen = shown(row(gap=gap(reasons=(GapReason("DateOutOfRange"),))))
    assert "a date is outside the range" in [each.words for each in seen.details]


@pytest.mark.parametrize(
    "text",
    ["Earn $50 for this visit", "RAF 0.302", "Bonus measure", "risk adjustment opportunity", "Incentive payment €5"],
)
def test_payer_text_that_speaks_of_money_or_weight_is_withheld(text: str) -> None:
    seen = shown(row(State.NOT_CHECKED, rule=None, service="", gap=gap(title=f"See: {text}", payer_words=text)))
    assert [quote.words for quote in seen.quotes] == [WITHHELD]
    assert text not in repr(seen)


@pytest.mark.parametrize("text", ["ASCVD risk score", "Incentive spirometry", "Learning visit"])
def test_clinical_words_are_not_taken_for_money(text: str) -> None:
    assert shown(row(service="", gap=gap(title=text))).service == text


def test_a_measure_without_a_title_is_called_by_its_canonical() -> None:
    untitled = replace(gap(), measure=Measure("https://plan.example/Measure/CBP"))
    assert shown(row(service="", gap=untitled)).service == "CBP"


def test_a_rule_says_who_reviewed_it_or_that_nobody_has() -> None:
    assert rule_words(RULES) == "ADA Standards of Care, version 2026, not yet reviewed"
    assert rule_words(SCREENING).endswith("version 2024, reviewed by M. Ellison MD on 1 Sep 2026")
    assert rule_words(None) == "none for this measure version"


def test_an_identity_that_differs_is_named_beside_the_row() -> None:
    payers = Payers.of(LAKESIDE_LINES, (IdentityNote("lakeside", ("family name", "sex")),))
    note = row_view(card(mammogram()), payers, TODAY, IDS).note
    assert note == (
        "Lakeside's record of this member is not the chart's: it has another family name and another sex. "
        "Check that it is the same person."
    )


@pytest.mark.parametrize("part", list(Differs))
def test_every_difference_of_identity_makes_a_sentence(part: Differs) -> None:
    note = Payers.of(LAKESIDE_LINES, (IdentityNote("lakeside", (part.value,)),)).note("lakeside")
    assert note.startswith("Lakeside's record of this member is not the chart's: ")
    assert "another name missing" not in note
    assert "another record" not in note


def test_short_names_stay_apart() -> None:
    names = {"a": "Summit Health", "b": "Summit Mutual", "c": "The Plan", "d": LAKESIDE, "e": "Blue Heron Mutual"}
    shorts = ["Summit Health", "Summit Mutual", "The Plan", "Lakeside", "Blue Heron"]
    assert [Payers(names).short(each) for each in names] == shorts
    payers = Payers(names)
    assert payers.full("unknown-payer") == "unknown-payer"


def test_a_row_id_is_stable_in_its_launch_and_tells_nothing() -> None:
    one = card(row(), act="a1c")
    assert IDS.card(one) == IDS.card(card(mammogram(), act="a1c"))
    assert IDS.card(one) != IDS.card(card(row(), act="bcs"))
    assert re.fullmatch(r"g[0-9a-f]{10}", IDS.card(one))
    other = Ids(lambda about: hashlib.sha256(f"launch def|{about}".encode()).hexdigest())
    assert other.card(one) != IDS.card(one)


def test_what_the_chart_alone_found_is_said_by_the_chart() -> None:
    seen = shown(alone())
    assert (seen.payer, seen.says, seen.as_of) == (
        "",
        "This chart, whatever the payers report",
        "as read for this visit",
    )
    assert (seen.measure_end, seen.through, seen.quotes, seen.terms) == ("", "", (), ())
    assert [each.label for each in seen.last] == ["This chart"]
    assert seen.mark.word == "Abnormal, no follow-up"


def test_a_booking_is_told_from_an_order() -> None:
    assert (shown(booked()).mark.word, shown(ordered_by()).mark.word) == ("Booked", "Ordered")


def test_old_data_says_verify_first_and_names_the_act_and_the_age() -> None:
    seen = shown(old_data())
    assert seen.mark.word == "Verify first"
    assert seen.action == "Check first for an earlier colorectal cancer screening"
    assert seen.verify == (
        "Northwind's claims reach only to 14 Jul 2026 (19 weeks; usually 13 weeks). "
        "If there is none: offer a colonoscopy or a stool test."
    )
    undated = replace(old_data(), rows=(row(gap=gap(data_through=None)),))
    assert "Northwind's claims were last calculated on 14 Jul 2026" in shown(undated).verify
    unchecked = replace(old_data(), rows=(row(State.NOT_CHECKED),))
    assert shown(unchecked).mark.word == "Not checked against the chart"
    assert shown(unchecked).verify.startswith("Check the chart for an earlier HbA1c test first:")


def test_what_a_payer_looked_at_is_shown_with_its_value() -> None:
    seen = Evidence("Observation/1", "Observation", "HbA1c", when=on(-30), value=Quantity(Decimal("9.1"), "%"))
    assert last(row(last_at_payer=seen))["Northwind"] == "HbA1c 9.1 %, 23 Oct 2026, 4 weeks ago"
    said = replace(seen, what="HbA1c 9.1 %")
    assert last(row(last_at_payer=said))["Northwind"] == "HbA1c 9.1 %, 23 Oct 2026, 4 weeks ago"


def test_a_conclusion_of_many_words_is_quoted_behind_what_it_is_of() -> None:
    words = "Suspicious cluster of calcifications. Biopsy is recommended."
    found = replace(alone(), last_in_chart=fact("DiagnosticReport", "Mammogram", -3, words))
    assert last(found)["This chart"] == f"Mammogram: “{words[:-1]}”, 19 Nov 2026, 3 days ago"
    short = replace(alone(), last_in_chart=fact("Observation", "FIT", -3, "Positive"))
    assert last(short)["This chart"] == "FIT Positive, 19 Nov 2026, 3 days ago"


def test_an_annotation_is_no_unit() -> None:
    score = fact("Observation", "PHQ-9", -3, Quantity(Decimal(16), "{score}"))
    assert last(row(last_in_chart=score))["This chart"] == "PHQ-9 16, 19 Nov 2026, 3 days ago"
