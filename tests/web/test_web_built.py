"""What was built lately is used only for the very same answers, plan and eyes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.answers import Answer, Known
from app.core.asking import EHR, PATIENT, Answers, Ask
from app.core.chart import Chart
from app.core.panel import Asked, asked
from app.web.built import Built, Lately

WHO, OTHER = Ask(EHR, PATIENT), Ask("northwind", "care-gaps")
AT = datetime(2026, 6, 16, 14, tzinfo=UTC)


def answer(value: object = "a chart") -> Known[Any]:
    return Known(value, EHR, received=AT)


def make() -> Asked:
    return asked(
        Chart(),
        (),
        unconnected=(),
        today=AT.date(),
        visit=None,
        ehr_name="Sandbox EHR",
        may_see_prompts=False,
    )


def built(lately: Lately, answers: Answers, *under: object, handle: str = "one") -> Built:
    return lately.of(handle, answers, under or ("clinician",), make)


def test_the_same_answers_are_built_once() -> None:
    lately = Lately()
    answers: dict[Ask, Answer[Any]] = {WHO: answer()}
    assert built(lately, answers) is built(lately, dict(answers))


@pytest.mark.parametrize("name", ["role", "launch", "answer", "one more", "one less"])
def test_whatever_is_different_is_built_anew(name: str) -> None:
    lately = Lately()
    answers: dict[Ask, Answer[Any]] = {WHO: answer(), OTHER: answer("a report")}
    first = built(lately, answers)
    match name:
        case "role":
            again = built(lately, answers, "front desk")
        case "launch":
            again = built(lately, answers, handle="two")
        case "answer":  # written by another process, it is another object, whatever it says
            again = built(lately, answers | {OTHER: answer("a report")})
        case "one more":
            again = built(lately, answers | {Ask("northwind", "risk"): answer()})
        case _:
            again = built(lately, {WHO: answers[WHO]})
    assert again is not first


def test_a_launch_that_has_ended_leaves_nothing_and_no_more_are_kept_than_said() -> None:
    lately = Lately(most=2)
    answers: dict[Ask, Answer[Any]] = {WHO: answer()}
    kept = {name: built(lately, answers, handle=name) for name in ("one", "two", "three")}
    assert len(lately) == 2
    assert built(lately, answers, handle="three") is kept["three"]
    lately.forget("three")
    assert len(lately) == 1
    assert built(lately, answers, handle="three") is not kept["three"]
