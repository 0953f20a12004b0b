"""The strip and its troubles: unknown is never empty, and each reason has its own sentence and its own way out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from drawing import ROOT
from handmade import (
    CHART_LINES,
    CLAIMS,
    IDS,
    LAKESIDE,
    LAKESIDE_LINES,
    NORTHWIND,
    NORTHWIND_LINES,
    NOW,
    TODAY,
    days,
    line,
)

from app.core.answers import Reason
from app.core.flag import SourceLine, SourceState
from app.core.freshness import SourceClass
from app.web.present.lacks import lack_words
from app.web.present.sources import source_view, strip
from app.web.present.troubles import REASONS, RETRYABLE, troubles
from app.web.present.views import TroubleView
from app.web.present.words import CLASS_WORDS, SOURCE_MARKS

ALL = (*CHART_LINES, *NORTHWIND_LINES, *LAKESIDE_LINES)


def failed(reason: Reason, what: str = "care-gaps", **more: object) -> SourceLine:
    return line(f"lakeside/{what}", LAKESIDE, what, SourceState.NO_ANSWER, reason=reason, received="", **more)


def trouble(*lines: SourceLine) -> TroubleView:
    (only,) = troubles(lines, TODAY, IDS)
    return only


def out(*lines: SourceLine) -> tuple[SourceLine, ...]:
    return tuple(replace(each, state=SourceState.ASKING, calculated=None, received="") for each in lines)


def lacking(*named: str) -> str:
    return trouble(replace(LAKESIDE_LINES[0], incomplete=named)).words


def test_what_an_answer_lacks_reads_as_a_sentence() -> None:
    begins = f"The answer of {LAKESIDE} is not whole: "
    assert lacking("reports that could not be read: 1") == f"{begins}1 report could not be read."
    assert lacking("reports or findings that could not be read: 3", "not all reports were read: no page") == (
        f"{begins}3 reports or findings could not be read and its reports broke off before the end."
    )
    assert lacking("not every measure of the payer was asked for").endswith("its measures was asked for.")
    assert lacking("something new") == f"{begins}something new."


def test_every_lack_that_an_adapter_names_has_words() -> None:
    named = re.compile(r'f?"((?:reports|not all|not every|asked only|the payer reported) [^":{]+)[":]')
    written = {
        words
        for path in (ROOT / "app" / "sources" / "payer").glob("*.py")
        for words in named.findall(path.read_text(encoding="utf-8"))
    }
    assert len(written) >= 6
    assert all(lack_words(each) != each for each in written), written


def test_whether_disclosure_is_restricted_can_be_read_again() -> None:
    seen = trouble(failed(Reason.RESTRICTION_UNKNOWN, incomplete=("Consent: not read in full",)))
    assert seen.retry_key == "lakeside/care-gaps"
    assert "In doubt: consents (not read in full)." in seen.words


def test_every_reason_and_state_has_words() -> None:
    assert set(REASONS) == set(Reason)
    assert set(SOURCE_MARKS) == set(SourceState)
    assert len({happened for happened, _ in REASONS.values()}) == len(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_says_what_happened_and_what_to_do(reason: Reason) -> None:
    seen = trouble(failed(reason))
    assert LAKESIDE in seen.words
    assert "{" not in seen.words
    assert seen.advice.endswith(".")
    assert bool(seen.retry_key) == (reason in RETRYABLE)
    assert ("etry" in seen.advice) == (reason in RETRYABLE)


def test_all_well_is_one_line_with_the_oldest_date_of_each() -> None:
    newer = replace(NORTHWIND_LINES[1], calculated=days(-2))
    seen = strip((*CHART_LINES, NORTHWIND_LINES[0], newer, *LAKESIDE_LINES), NOW)
    assert seen.line == "Sandbox EHR chart · Northwind 14 Nov · Lakeside 2 Nov"
    assert (seen.asking, seen.progress) == (False, "5 of 5 answered")
    assert troubles(ALL, TODAY, IDS) == []


def test_a_missing_calculation_date_is_not_stated_rather_than_left_out() -> None:
    undated = replace(LAKESIDE_LINES[0], calculated=None)
    assert strip((undated,), NOW).line == "Lakeside date not stated"
    assert source_view(undated, NOW).words == (
        "kind of data not stated, calculation date not stated, data through not stated, read at 09:40"
    )


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((*CHART_LINES, *out(*NORTHWIND_LINES)), f"Asking {NORTHWIND}… 2 of 4 answered"),
        (out(*NORTHWIND_LINES, *LAKESIDE_LINES), "Asking Northwind and Lakeside… 0 of 3 answered"),
        ((failed(Reason.DOWN), *out(*NORTHWIND_LINES)), f"Asking {NORTHWIND}… 0 of 3 answered, 1 did not"),
        ((*NORTHWIND_LINES, failed(Reason.DOWN)), "Northwind 14 Nov · Lakeside no answer"),
        ((LAKESIDE_LINES[0], failed(Reason.DOWN, "risk")), "Lakeside in part"),
        ((replace(CHART_LINES[0], incomplete=("Observation",)),), "Sandbox EHR chart in part"),
        ((line("coverage", "Sandbox EHR", "coverage", SourceState.NO_PAYER),), "Sandbox EHR chart names no payer"),
        ((failed(Reason.NOT_CONNECTED),), "Lakeside not connected"),
        ((), "No source asked"),
    ],
)
def test_the_line_tells_what_is_out_and_what_did_not_answer(lines: tuple[SourceLine, ...], says: str) -> None:
    assert strip(lines, NOW).line == says


def test_two_questions_that_fail_alike_are_one_trouble() -> None:
    seen = trouble(failed(Reason.SLOW), failed(Reason.SLOW, "risk"))
    assert seen.words == "Lakeside Community Health did not answer in time."
    assert seen.advice == "Not known from there: care gaps and conditions to assess. Retry."
    assert (seen.retry_key, seen.retry_label) == ("lakeside/care-gaps", "Retry Lakeside Community Health")


def test_two_questions_that_fail_differently_are_two_troubles() -> None:
    seen = troubles((failed(Reason.SLOW), failed(Reason.NOT_READABLE, "risk")), TODAY, IDS)
    assert len({each.id for each in seen}) == 2


def test_an_earlier_answer_is_shown_as_what_it_is() -> None:
    seen = trouble(replace(LAKESIDE_LINES[0], state=SourceState.STALE, reason=Reason.DOWN))
    assert "Its earlier answer is shown, calculated on 2 Nov 2026, 3 weeks ago." in seen.advice


def test_a_part_of_the_chart_that_was_not_read_is_named() -> None:
    chart = replace(CHART_LINES[0], incomplete=("Observation", "ServiceRequest"), unreadable=1)
    seen = trouble(chart)
    assert seen.words == "Not read from Sandbox EHR: results and orders. 1 entry of Sandbox EHR could not be read."
    assert seen.retry_key == "chart"


def test_what_was_refused_of_the_chart_is_one_trouble_with_the_reasons_advice() -> None:
    seen = trouble(replace(CHART_LINES[0], incomplete=("Procedure", "Observation: page 3"), reason=Reason.NOT_ALLOWED))
    assert seen.words == (
        "Not read from Sandbox EHR: procedures and results (page 3). Sandbox EHR does not let Chartside read it."
    )
    assert "to have it allowed" in seen.advice
    assert not seen.retry_key


def test_a_chart_of_which_nothing_was_read_is_not_listed_type_by_type() -> None:
    gone = replace(CHART_LINES[0], state=SourceState.NO_ANSWER, reason=Reason.DOWN, incomplete=("Observation",))
    assert trouble(gone).words == "Sandbox EHR is not available now."


def test_the_entry_that_may_be_a_restriction_is_named() -> None:
    seen = trouble(failed(Reason.RESTRICTION_UNKNOWN, incomplete=("Flag: No release of information",)))
    assert "In doubt: flags (No release of information)." in seen.words
    assert "In doubt" not in trouble(failed(Reason.RESTRICTED, incomplete=("Flag: restricted",))).words


def test_what_a_payer_says_of_its_own_answer_is_quoted() -> None:
    seen = trouble(replace(LAKESIDE_LINES[0], said=("Some results were suppressed",)))
    assert seen.words == "Lakeside Community Health says of its answer: “Some results were suppressed”."
    assert seen.advice == "Its list may be longer than shown."


def test_what_we_say_of_a_payers_answer_is_not_quoted_as_its_word() -> None:
    seen = trouble(replace(LAKESIDE_LINES[0], incomplete=("page 3 was not read",)))
    assert seen.words == "The answer of Lakeside Community Health is not whole: page 3 was not read."


@pytest.mark.parametrize("reason", [Reason.SIGNED_OUT, Reason.NOT_ALLOWED, Reason.DOWN, Reason.SLOW])
def test_a_part_that_was_not_read_says_what_happened_and_not_only_what_to_do(reason: Reason) -> None:
    seen = trouble(replace(CHART_LINES[0], incomplete=("Observation",), reason=reason))
    happened = seen.words.removeprefix("Not read from Sandbox EHR: results. ")
    assert happened != seen.words
    assert happened.endswith(".")


def test_the_opened_strip_says_what_the_data_is_made_of_and_how_late_it_usually_is() -> None:
    fresh = replace(LAKESIDE_LINES[0], data=CLAIMS, data_through=days(-60))
    assert source_view(fresh, NOW).words == (
        "from claims, calculated on 2 Nov 2026, 3 weeks ago, data through 23 Sep 2026, 9 weeks ago, "
        "usually 13 weeks behind, read at 09:40"
    )
    assert set(CLASS_WORDS) == set(SourceClass)


def test_an_answer_in_part_is_marked_as_that() -> None:
    assert source_view(replace(CHART_LINES[0], incomplete=("Observation",)), NOW).mark.word == "In part"
    assert source_view(replace(LAKESIDE_LINES[0], said=("Suppressed",)), NOW).mark.word == "In part"
    assert source_view(CHART_LINES[0], NOW).mark.word == "Answered"


@pytest.mark.parametrize(
    ("reason", "word", "says"),
    [
        (Reason.RESTRICTED, "Not asked", "Lakeside not asked"),
        (Reason.RESTRICTION_UNKNOWN, "Not asked", "Lakeside not asked"),
        (Reason.HELD, "Hidden", "Lakeside hidden"),
        (Reason.DOWN, "No answer", "Lakeside no answer"),
    ],
)
def test_not_asked_and_hidden_are_no_silence(reason: Reason, word: str, says: str) -> None:
    assert source_view(failed(reason), NOW).mark.word == trouble(failed(reason)).mark.word == word
    assert strip((failed(reason),), NOW).line == says


def test_coverage_that_cannot_be_read_means_that_payers_are_not_known() -> None:
    seen = trouble(line("coverage", "Sandbox EHR", "coverage", SourceState.NO_ANSWER, reason=Reason.NOT_ALLOWED))
    assert seen.words == "Sandbox EHR does not let Chartside read the coverage."
    assert seen.advice.startswith("Which payers to ask is not known.")


def test_no_payer_on_file_is_said_and_not_retried() -> None:
    seen = trouble(line("coverage", "Sandbox EHR", "coverage", SourceState.NO_PAYER))
    assert seen.words.startswith("No payer on file")
    assert not seen.retry_key


@pytest.mark.parametrize("state", SourceState)
def test_every_source_stands_in_the_opened_strip(state: SourceState) -> None:
    seen = source_view(replace(LAKESIDE_LINES[0], state=state, reason=Reason.SLOW), NOW)
    assert (seen.key, seen.state, seen.reason) == ("lakeside/care-gaps", state.value, "slow")
    assert seen.mark.word
    assert LAKESIDE in seen.name
