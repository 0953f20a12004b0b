"""The templates, all of them: they compile, stand alone, escape, and hold nothing that the security policy forbids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from drawing import ROOT, SHELL, STATIC, TEMPLATES, Reader, draw, fragment, page, site, view, why
from handmade import LINKS, PANELS, XSS, asking, busy, deceased, nobody, panel, prompt, silent, suspected, troubled
from jinja2 import nodes

from app.core.flag import Panel, PromptState
from app.core.roles import Role
from app.web import present
from app.web.present import words
from app.web.present.views import Mark

FILES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
SOURCES = {name: (TEMPLATES / name).read_text(encoding="utf-8") for name in FILES}
PAGES = [name for name in FILES if not Path(name).name.startswith("_")]

#: Words that no screen of the encounter says: nothing of money, of a condition's worth, of coding (docs/rules.md).
NEVER = re.compile(
    r"[$€£]|\b(?:raf|hcc|dollars?|revenues?|payments?|incentives?|bonus|earn\w*|upcod\w*|recapture|captur\w*|codes?|coding"
    r"|coefficients?|weights?)\b",
    re.IGNORECASE,
)
DOORS = present.doors(Role.PRIVACY, {place: f"/l/abc/{place}" for place in present.places(Role.PRIVACY)})
INNOCENT = [name for name in PANELS if name != "script-text"]


def pages() -> dict[str, str]:
    """Every page there is, drawn once."""
    problem = {"title": "This launch has ended", "advice": "Reopen Chartside from the chart.", "code": "ended"}
    return {
        "encounter/page.html": page(busy()),
        "waiting": page(None),
        "error.html": draw("error.html", **problem),
        "no_role.html": draw("no_role.html", shell=SHELL, problem=present.NO_ROLE, doors=()),
        "doors": draw("no_role.html", shell=SHELL, problem=present.no_role(Role.PRIVACY), doors=DOORS),
        "encounter/why.html": why(PANELS["one-truth"]()),
        "why, gone": why(silent(), "g0"),
        "launch/problem.html": draw("launch/problem.html", **problem),
        "launch/new_window.html": draw("launch/new_window.html", url="https://app.example/launch", ehr_name="An EHR"),
        "launch/cookies.html": draw(
            "launch/cookies.html", ehr_name="An EHR", ehr_origin="https://e.example", app_origin="https://a.example"
        ),
    }


# --- the files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_a_template_compiles_and_is_short(name: str) -> None:
    site.jinja_env.get_template(name)
    assert len(SOURCES[name].splitlines()) < 60


@pytest.mark.parametrize("name", FILES)
def test_a_template_decides_and_computes_nothing(name: str) -> None:
    tree = site.jinja_env.parse(SOURCES[name])
    forbidden = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow)
    assert not list(tree.find_all(forbidden))
    assert {each.name for each in tree.find_all(nodes.Filter)} <= set()  # even counting is for present
    assert not list(tree.find_all((nodes.MarkSafe, nodes.ScopedEvalContextModifier)))


@pytest.mark.parametrize("name", FILES)
def test_a_template_holds_nothing_inline_and_nothing_from_elsewhere(name: str) -> None:
    source = SOURCES[name]
    assert not re.search(r"\bstyle=|<style|\son\w+=|hx-on|js:|https?://|//cdn", source)
    for tag in re.findall(r"<script[^>]*>", source):
        assert "src=" in tag


def test_every_fragment_is_included_and_every_page_is_drawn_here() -> None:
    included = set(re.findall(r'include "([^"]+)"', " ".join(SOURCES.values())))
    routes = " ".join(path.read_text(encoding="utf-8") for path in (ROOT / "app" / "web").glob("*.py"))
    routed = set(re.findall(r'"([\w/]+\.html)"', routes))
    fragments = {name for name in FILES if Path(name).name.startswith("_")}
    assert fragments <= included | routed
    assert routed <= set(FILES)
    assert included <= set(FILES)
    # drawn by their own tests
    folders = ("operator/", "privacy/", "ahead/", "huddle/", "sent/", "follow_ups/", "audit/", "compliance/")
    elsewhere = {name for name in PAGES if name.startswith((*folders, "sending/", "orders/"))}
    assert set(PAGES) - {"base.html", "macros.html"} - elsewhere <= set(pages())


def test_every_shape_and_tone_that_is_named_is_drawn() -> None:
    tables = [table for table in vars(words).values() if isinstance(table, dict)]
    marks = [mark for mark in (*vars(words).values(), *(each for table in tables for each in table.values()))]
    marks = [mark for mark in marks if isinstance(mark, Mark)]
    assert len(marks) > 20
    drawn = set(re.findall(r'name == "([a-z]+)"', SOURCES["macros.html"]))
    assert {mark.shape for mark in marks} <= drawn
    tones = set(re.findall(r"\.tone-([a-z]+)", (STATIC / "app.css").read_text(encoding="utf-8")))
    assert {mark.tone for mark in marks} <= tones


# --- what they draw -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PANELS)
def test_every_panel_can_be_drawn_as_page_and_as_fragment(name: str) -> None:
    whole, part = page(PANELS[name]()), fragment(PANELS[name]())
    assert part.strip() in whole
    assert part.strip().startswith('<section id="flags"')


@pytest.mark.parametrize("name", INNOCENT)
def test_no_money_no_weight_no_coding_on_any_screen(name: str) -> None:
    assert not NEVER.search(Reader(page(PANELS[name]())).text)


@pytest.mark.parametrize("html", pages().values(), ids=pages())
def test_a_page_has_one_heading_a_title_and_a_language(html: str) -> None:
    seen = Reader(html)
    tags = [tag for tag, _ in seen.elements]
    assert tags.count("h1") == 1
    assert tags.count("main") == 1
    assert dict(seen.elements)["html"] == {"lang": "en"}
    assert "Chartside" in re.findall(r"<title>(.*)</title>", html)[0]


def test_script_like_text_comes_out_as_text_everywhere() -> None:
    html = page(PANELS["script-text"]())
    seen = Reader(html)
    assert html.count("<script") == 2
    assert not [tag for tag, _ in seen.elements if tag == "img"]
    assert not [attrs for _, attrs in seen.elements if "onerror" in attrs]
    assert seen.text.count("<script>alert(1)</script>") > 20
    for name, context in {
        "error.html": {"title": XSS, "advice": XSS, "code": XSS},
        "launch/new_window.html": {"url": f"https://a.example/launch?x={XSS}", "ehr_name": XSS},
        "launch/cookies.html": {"ehr_name": XSS, "ehr_origin": XSS, "app_origin": XSS},
    }.items():
        assert "<script>" not in draw(name, **context)


@pytest.mark.parametrize("name", PANELS)
def test_no_id_stands_twice(name: str) -> None:
    ids = Reader(page(PANELS[name]())).values("id")
    assert len(ids) == len(set(ids))


# --- hooks ----------------------------------------------------------------------------------------------------------


def test_a_gap_carries_its_state_payer_and_every_field() -> None:
    seen = Reader(fragment(busy()))
    gaps = [each for each in seen.having("data-kind") if each["data-kind"] == "gap"]
    assert [each["data-state"] for each in gaps[:3]] == ["do-today", "out-of-range", "do-today"]
    assert [each["data-payer"] for each in gaps[:3]] == ["northwind", "northwind", "lakeside"]
    assert [each["data-place"] for each in gaps] == ["expanded"] * 3 + ["more"] * 2 + ["staff"] * 2 + ["excluded"]
    fields = set(seen.values("data-field"))
    assert {"service", "why", "last", "due", "measure-end", "says", "as-of", "through", "action"} <= fields


def test_a_prompt_carries_both_sides() -> None:
    seen = Reader(fragment(panel(prompts=(suspected(),))))
    (found,) = [each for each in seen.having("data-kind") if each["data-kind"] == "prompt"]
    assert found["data-state"] == "assess-suspected"
    assert {"supporting", "against"} <= set(seen.values("data-field"))


def test_every_source_is_in_the_strip_once_with_state_and_reason() -> None:
    found = troubled()
    items = Reader(fragment(found)).having("data-source")
    assert [each["data-source"] for each in items] == [line.key for line in found.sources]
    assert {"data-state", "data-reason"} <= set(items[0])


def test_the_clear_sentence_is_marked_and_only_where_it_stands() -> None:
    assert len(Reader(fragment(nobody())).having("data-clear")) == 1
    assert not Reader(fragment(silent())).having("data-clear")


def test_the_patient_is_marked_and_printed_even_where_the_banner_is_omitted() -> None:
    assert [each["class"] for each in Reader(fragment(busy())).having("data-patient")] == ["patient"]
    omitted = Reader(fragment(busy(), banner=False))
    assert [each["class"] for each in omitted.having("data-patient")] == ["patient printed"]


def test_for_the_dead_there_is_a_name_and_one_sentence() -> None:
    seen = Reader(fragment(deceased()))
    assert seen.values("data-status") == ["deceased"]
    assert not seen.having("data-kind")
    assert not seen.having("data-source")
    assert [tag for tag, _ in seen.elements if tag in {"a", "button", "h2"}] == []


# --- asking ---------------------------------------------------------------------------------------------------------


def test_the_fragment_asks_for_itself_while_something_is_out_and_no_longer() -> None:
    (section,) = [each for each in Reader(fragment(asking())).having("hx-trigger")]
    assert section["id"] == "flags"
    assert section["hx-trigger"] == "load"
    assert section["hx-swap"] == "outerMorph"
    assert section["hx-get"] == view(asking()).next_url
    assert not Reader(fragment(busy())).having("hx-trigger")


@pytest.mark.parametrize("found", [asking(), busy()])
def test_progress_is_read_out_politely_from_the_same_place(found: Panel) -> None:
    seen = Reader(fragment(found))
    (status,) = [each for each in seen.having("role") if each["role"] == "status"]
    assert status["id"] == "progress"
    assert "of 5 answered" in seen.text


def test_a_retry_is_a_form_that_works_without_scripts() -> None:
    seen = Reader(fragment(silent()))
    (form,) = [attrs for tag, attrs in seen.elements if tag == "form"]
    assert (form["method"], form["action"], form["hx-post"]) == ("post", LINKS.retry, LINKS.retry)
    assert [each["value"] for each in seen.having("value") if each["name"] == "key"] == ["northwind/care-gaps"]


def test_the_shell_asks_at_once_and_links_to_the_whole_page() -> None:
    seen = Reader(page(None))
    assert {"id": "flags", "hx-get": LINKS.flags}.items() <= seen.having("hx-get")[0].items()
    assert LINKS.full in seen.values("href")


def test_folded_prompts_keep_their_own_state() -> None:
    seen = Reader(fragment(panel(more_prompts=(prompt(PromptState.PAYER_ONLY, "Obesity"),))))
    assert seen.values("data-state")[-1] == "payer-only"


# --- weight of the first load ---------------------------------------------------------------------------------------


def test_our_style_and_script_leave_room_for_htmx() -> None:
    ours = sum((STATIC / name).stat().st_size for name in ("app.css", "app.js"))
    assert ours + 38_000 <= 90_000  # htmx 4.0.1 is 37 kB; README, Speed: 90 kB for all
