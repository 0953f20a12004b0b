"""The schedule as HTML: a table for those who hear it, nothing of a patient in any address, others' words as text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from drawing import STATIC, Reader, draw
from mornings import DAYS, LINKS, PEOPLE, about, day, fragment, morning, page, row, view
from test_templates import NEVER

from app.core.schedule.ordering import Wanted
from app.core.schedule.row import Owner
from app.web.present import huddle

INNOCENT = [name for name in DAYS if name != "script-text"]
LISTED = ("whole", "asking", "first", "payer-down", "snapshot", "in-part")


@pytest.mark.parametrize("name", DAYS)
def test_every_day_can_be_drawn_as_page_and_as_fragment(name: str) -> None:
    whole, part = page(DAYS[name]()), fragment(DAYS[name]())
    assert part.strip() in whole
    assert part.strip().startswith('<section id="huddle"')


@pytest.mark.parametrize("name", [*DAYS, None])
def test_a_page_has_one_heading_a_title_and_a_language(name: str | None) -> None:
    html = page(DAYS[name]() if name else None)
    seen = Reader(html)
    tags = [tag for tag, _ in seen.elements]
    assert (tags.count("h1"), tags.count("main")) == (1, 1)
    assert dict(seen.elements)["html"] == {"lang": "en"}
    assert "schedule – Chartside" in re.findall(r"<title>(.*)</title>", html)[0]
    ids = seen.values("id")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", INNOCENT)
def test_no_money_no_weight_no_coding(name: str) -> None:
    assert not NEVER.search(Reader(page(DAYS[name]())).text)


@pytest.mark.parametrize("name", LISTED)
def test_the_rows_are_a_table_with_heads_for_columns_and_rows(name: str) -> None:
    seen = Reader(page(DAYS[name]()))
    roles = seen.values("role")
    assert roles.count("table") == 1
    assert roles.count("columnheader") == 5
    rows = len(seen.having("data-visit"))
    assert rows >= 1
    assert roles.count("rowheader") == rows
    assert roles.count("cell") == 4 * rows
    assert roles.count("row") == rows + 1


@pytest.mark.parametrize("name", INNOCENT)
def test_nothing_of_a_patient_stands_in_an_address_or_a_form(name: str) -> None:
    seen = Reader(page(DAYS[name](), Wanted(owner=(Owner.CLINICIAN,)) if name == "whole" else None))
    kept = ("href", "action", "hx-get", "hx-post", "id", "name")
    said = " ".join(value for attr in kept for value in seen.values(attr))
    said += " ".join(attrs.get("value", "") for attrs in seen.having("type") if attrs["type"] == "hidden")
    for secret in (*(word for person in PEOPLE for word in person), "RB-10", "Patient/", "Appointment/", "order-"):
        assert secret not in said


def test_a_search_stands_in_its_own_field_only() -> None:
    html = page(day(), find="Lindqvist")
    assert html.count('value="Lindqvist"') == 1
    assert "Lindqvist" not in " ".join(Reader(html).values("href"))


def test_every_row_carries_two_identifiers_and_its_forms_name_only_its_id() -> None:
    found = view(day(morning()))
    html = fragment(day(morning()))
    for each in found.rows:
        assert each.ids[0] in html
        assert each.ids[1] in html
        assert f'name="row" value="{each.id}"' in html


def test_script_like_text_comes_out_as_text() -> None:
    html = page(DAYS["script-text"]())
    seen = Reader(html)
    assert html.count("<script") == 2
    assert not [attrs for _, attrs in seen.elements if "onerror" in attrs]
    assert seen.text.count("<script>alert(1)</script>") > 8


def test_who_may_not_open_or_tick_gets_no_form_for_it() -> None:
    closed = replace(about(), links=replace(LINKS, open="", tick="", untick=""))
    found = huddle.day_view(day(), closed)
    html = draw("huddle/_huddle.html", links=found.links, huddle=found)
    assert "<form" not in html
    assert "open this patient&#39;s chart in the EHR" in html
    assert "data-how" in html


def test_a_pressed_button_says_that_it_is_and_by_whom() -> None:
    html = fragment(DAYS["whole"]())
    pressed = [attrs["id"] for attrs in Reader(html).having("aria-pressed") if attrs["aria-pressed"] == "true"]
    assert len(pressed) == 2
    assert "09:29, Mara Ellison" in html


def test_the_bar_of_each_source_has_a_name_and_true_numbers() -> None:
    bars = [attrs for tag, attrs in Reader(fragment(DAYS["asking"]())).elements if tag == "progress"]
    assert [(bar["aria-label"], bar["value"], bar["max"]) for bar in bars] == [
        ("Sandbox EHR", "96", "160"),
        ("Northwind Health Plan", "11", "20"),
        ("Lakeside Community Health", "0", "12"),
        ("Answers received", "107", "192"),
    ]


def test_a_finished_fragment_looks_for_news_calmly_and_an_unfinished_one_asks_on() -> None:
    done, out = Reader(fragment(day([row(0)]))), Reader(fragment(DAYS["asking"]()))
    assert done.values("hx-trigger").count("load") == 0
    assert [each for each in done.values("hx-trigger") if each.startswith("every")] == ["every 15s"]
    assert out.values("hx-trigger").count("load") == 1
    assert not [each for each in out.values("hx-trigger") if each.startswith("every")]


def test_the_first_load_of_script_and_style_is_small() -> None:
    """README, Speed: 90 kB. `make bench` measures the panel's at a running app; these files are what the page names."""
    named: Any = re.findall(r'(?:src|href)="/static/([^"]+)"', page(None))
    assert set(named) == {"app.css", "huddle.css", "vendor/htmx.min.js", "app.js"}
    assert sum((STATIC / name).stat().st_size for name in named) < 90_000
