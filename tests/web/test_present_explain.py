"""Why am I seeing this: every item of a panel has a page that answers it, and one that is gone says what happened."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from drawing import Reader, fragment, why
from handmade import (
    IDS,
    LINKS,
    NORTHWIND_LINES,
    PANELS,
    TODAY,
    busy,
    card,
    cards,
    category,
    days,
    gap,
    historic,
    hospice,
    mammogram,
    not_asked,
    on,
    one_truth,
    panel,
    patient,
    removal,
    row,
    silent,
    suspected,
    two_payers,
)
from test_templates import NEVER

from app.core.changes import key_of
from app.core.chart import Quantity
from app.core.flag import Change, Changes, Panel
from app.core.measures import REGISTRY
from app.core.report import Evidence
from app.web import present
from app.web.present.views import SectionView, WhyView

ITEMS = [name for name in PANELS if name not in {"deceased", "script-text"}]


def explained(found: Panel, id_: str, **more: object) -> WhyView:
    return present.why_view(found, id_, today=TODAY, links=LINKS, ids=IDS, **more)


def section(seen: WhyView, title: str) -> SectionView:
    (found,) = [each for each in seen.sections if each.title == title]
    return found


def lines(of: SectionView) -> dict[str, str]:
    return {each.label: each.words for each in of.lines}


@pytest.mark.parametrize("name", ITEMS)
def test_every_item_of_every_panel_is_one_tap_from_its_page(name: str) -> None:
    found = PANELS[name]()
    html = Reader(fragment(found))
    links = [each["href"] for each in html.having("href") if each["href"].startswith(LINKS.why)]
    rows = [each["id"] for each in html.having("data-kind")]
    assert set(rows) <= {link.removeprefix(LINKS.why) for link in links}
    for link in links:
        seen = explained(found, link.removeprefix(LINKS.why))
        assert seen.mark, link
        assert seen.title
        assert seen.sections


@pytest.mark.parametrize("name", [name for name in ITEMS if PANELS[name]().gaps])
def test_no_page_speaks_of_money_weight_or_codes(name: str) -> None:
    found = PANELS[name]()
    for each in (*found.gaps, *found.more_gaps, *found.staff, *found.excluded):
        assert not NEVER.search(Reader(why(found, IDS.card(each))).text)
    for prompt in (*found.prompts, *found.more_prompts):
        assert not NEVER.search(Reader(why(found, IDS.prompt(prompt))).text)


def test_script_like_text_comes_out_as_text_here_too() -> None:
    found = PANELS["script-text"]()
    for id_ in (IDS.card(found.gaps[0]), IDS.prompt(found.prompts[0])):
        html = why(found, id_)
        assert "<script" not in html
        assert "<img" not in html


def test_a_payers_statement_names_measure_contract_words_dates_and_what_it_looked_at() -> None:
    value = Quantity(Decimal("9.1"), "%")
    looked = Evidence("Observation/1", "Observation", "HbA1c", when=on(-30), setting="AMB", value=value)
    stated = gap(evidence=(looked,), payer_words="Please test.", contract="Shared Savings")
    found = panel(gaps=cards(row(gap=stated)))
    said = lines(section(explained(found, IDS.card(found.gaps[0])), "What Northwind Health Plan says"))
    assert said["Measure"].startswith("Glycemic status assessment, version 2026.1")
    assert said["Canonical"] == "https://northwind.example/Measure/g1|2026.1"
    assert said["Contract"] == "Shared Savings"
    assert said["In its words"] == "“Please test.”"
    assert said["Looked at"].startswith("HbA1c 9.1 %, 23 Oct 2026, 4 weeks ago, office visit")


def test_a_derived_status_is_said_to_be_ours() -> None:
    found = panel(gaps=cards(row(gap=gap(derived=True))))
    said = lines(section(explained(found, IDS.card(found.gaps[0])), "What Northwind Health Plan says"))
    assert "derived by us" in said["Status"]


def test_several_payers_each_have_their_say_and_their_button() -> None:
    found = panel(gaps=(two_payers(),), sources=one_truth().sources)
    seen = explained(found, IDS.card(found.gaps[0]))
    assert [each.payer for each in seen.holds] == ["northwind", "lakeside"]
    assert seen.holds_words.startswith("If a report speaks of somebody else")
    titles = [each.title for each in seen.sections]
    assert titles[:2] == ["What Northwind Health Plan says", "What Lakeside Community Health says"]


def test_our_rule_names_source_period_reviewer_and_review_date() -> None:
    rule = REGISTRY.rules[0]
    found = panel(gaps=cards(row(rule=rule.source)))
    ours = lines(section(explained(found, IDS.card(found.gaps[0]), rule=rule), "Our rule"))
    assert ours["Source"] == rule.source.name
    assert ours["Covers"]
    assert " to " in ours["For"]
    assert (ours["Reviewer"], ours["Reviewed on"]) == ("not yet reviewed", "not yet reviewed")
    reviewed = panel(gaps=cards(mammogram()))
    ours = lines(section(explained(reviewed, IDS.card(reviewed.gaps[0])), "Our rule"))
    assert (ours["Reviewer"], ours["Reviewed on"]) == ("M. Ellison MD", "1 Sep 2026")


@pytest.mark.parametrize(("fits", "says"), [(None, "not known"), (True, "yes"), (False, "no: it needs the patient")])
def test_our_ranking_is_said_in_plain_words(fits: bool | None, says: str) -> None:
    found = busy()
    seen = explained(found, IDS.card(found.more_gaps[0]), fits=fits)
    ranked = lines(section(seen, "Why it stands where it stands"))
    assert ranked["Urgency"] == "monitoring overdue or out of range, class 2 of 4"
    assert ranked["Fits this visit"].startswith(says)
    assert ranked["Place"] == "number 4 of 5; at most 3 are expanded"
    assert "how many payers" in ranked["Plays no part"]


def test_what_changed_last_is_said_of_this_item_only() -> None:
    found = one_truth()
    mine = section(explained(found, IDS.card(found.gaps[0])), "What changed last")
    assert mine.words == ("Since 12 Nov 2026, 10 days ago: do today, was ordered.",)
    other = section(explained(found, IDS.card(found.gaps[1])), "What changed last")
    assert other.words == ("Since 12 Nov 2026, 10 days ago: nothing.",)
    first = section(explained(replace(found, changes=Changes()), IDS.card(found.gaps[0])), "What changed last")
    assert first.words == ("Nothing is remembered of an earlier visit here.",)


def test_a_change_of_a_condition_is_found_by_its_category() -> None:
    change = Change(key_of(category()), "Diabetes", "assess-suspected", "assess-historic")
    found = panel(prompts=(historic(),), changes=Changes(days(-10), (change,)))
    seen = section(explained(found, IDS.prompt(historic())), "What changed last")
    assert seen.words == ("Since 12 Nov 2026, 10 days ago: historic, was suspected.",)


def test_a_condition_shows_both_sides_and_no_number_of_its_category() -> None:
    found = panel(prompts=(suspected(), removal()))
    seen = explained(found, IDS.prompt(suspected()))
    assert len(section(seen, "For").words) == 2
    assert len(section(seen, "Against").words) == 2
    assert "37" not in Reader(why(found, IDS.prompt(historic()))).text
    alone = explained(found, IDS.prompt(removal()))
    assert (alone.holds, alone.holds_words) == ((), "")


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (panel(), "no payer lists it any more, or this chart has settled it"),
        (panel(complete=False), "Not every source has answered yet"),
        (silent(), "Northwind Health Plan is not available now."),
        (not_asked(), "Payer 0 of Elmsworth was not asked: restriction on disclosure."),
        (not_asked(), "It is hidden for everyone."),
        (hospice(), "The patient is in hospice care."),
    ],
)
def test_an_item_that_is_there_no_more_says_what_happened(found: Panel, says: str) -> None:
    seen = explained(found, "g0123456789")
    assert seen.mark is None
    assert not seen.holds
    assert says in " ".join(seen.lead)
    assert seen.back_url == LINKS.full


def test_what_is_remembered_of_an_item_that_is_gone_is_said() -> None:
    old = card(row(), act="a1c")
    gone = Changes(days(-10), (Change("a1c", "HbA1c test", "do-today", ""),))
    seen = explained(panel(changes=gone, sources=NORTHWIND_LINES, patient=patient()), IDS.card(old))
    assert seen.lead == ("Since 12 Nov 2026, 10 days ago: HbA1c test: no longer listed, was do today.",)


def test_a_status_that_we_do_not_know_is_not_called_nothing_to_do() -> None:
    found = busy()
    assert explained(found, IDS.gap(found.closed[0])).lead[1] == "Nothing is asked of you."
    assert "may be open" in explained(found, IDS.gap(found.other[0])).lead[1]


def test_the_way_back_leads_to_the_row() -> None:
    found = busy()
    seen = explained(found, IDS.card(found.gaps[1]))
    assert seen.back_url == f"{LINKS.full}#{IDS.card(found.gaps[1])}"
