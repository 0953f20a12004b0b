"""The panel as a view: what may be said of nothing, what is folded, and that a drawn row keeps its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from drawing import view
from handmade import (
    CHART_LINES,
    IDS,
    LAKESIDE_LINES,
    LINKS,
    NORTHWIND_LINES,
    TODAY,
    asking,
    busy,
    card,
    cards,
    days,
    deceased,
    disputed,
    done_elsewhere,
    gap,
    historic,
    hospice,
    line,
    mammogram,
    nobody,
    old_data,
    out_of_range,
    panel,
    prompt,
    row,
    silent,
    stool_test,
    suspected,
    troubled,
    two_payers,
    unread_status,
)
from hypothesis import given
from hypothesis import strategies as st

from app.core.answers import Reason
from app.core.flag import (
    MAX_GAPS,
    MAX_PROMPTS,
    IdentityNote,
    Panel,
    PatientStatus,
    PromptState,
    SourceState,
    StatusKind,
)
from app.web import present
from app.web.present.place import keep_place
from app.web.present.words import STATUS_MARKS

CLEAR = "No open gaps"
ROW = "gaaaaaaaaaa"


def drawn_by(seen: present.PanelView) -> present.Drawn:
    """What the fragment's own next request says is drawn."""
    query = parse_qs(urlsplit(seen.next_url).query, keep_blank_values=True)
    return present.Drawn.parse(query["turn"][0], query["drawn"][0])


# --- saying nothing is open -----------------------------------------------------------------------------------------


def test_no_open_gaps_is_said_only_when_the_panel_is_clear() -> None:
    assert view(nobody()).says_clear.startswith(CLEAR)
    for other in (silent(), troubled(), asking(), busy(), deceased(), hospice(), panel()):
        seen = view(other)
        assert not seen.says_clear
        assert CLEAR not in repr(seen)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (silent(), "Open gaps cannot be ruled out: nothing known from Northwind Health Plan."),
        (
            panel(sources=(line("coverage", "EHR", "coverage", SourceState.NO_ANSWER, reason=Reason.DOWN),)),
            "Open gaps cannot be ruled out: which payers to ask is not known.",
        ),
        (panel(complete=False), "Nothing to show yet."),
        (panel(staff=cards(row())), "Nothing here needs you today. What is left stands below."),
        (panel(excluded=cards(row())), "Nothing here needs you today. What is left stands below."),
        (panel(), "No gap is listed, but not every question was answered, so open gaps cannot be ruled out."),
        (hospice(), ""),
        (nobody(), ""),
    ],
)
def test_where_no_gap_is_expanded_no_more_is_said_than_is_known(found: Panel, says: str) -> None:
    assert view(found).says_none == says


# --- the patient ----------------------------------------------------------------------------------------------------


def test_every_status_has_a_mark() -> None:
    assert set(STATUS_MARKS) == set(StatusKind)


def test_death_is_said_once_and_nothing_else_is() -> None:
    seen = view(deceased())
    assert seen.only_status
    (status,) = seen.status
    assert status.words == "The chart records that this patient died on 2 Nov 2026, 3 weeks ago. Nothing is suggested."
    assert status.source == "Source: patient record"


def test_hospice_is_one_status_and_one_line_of_what_does_not_apply() -> None:
    seen = view(hospice())
    assert seen.status[0].words == "In hospice care, since 4 Oct 2026, 7 weeks ago. Nothing is suggested."
    (fold,) = seen.folds
    assert fold.summary == "Nothing to do: 2 measures not applicable (HbA1c test and Mammogram)"


def test_what_only_reads_like_hospice_asks_and_leaves_nothing_out() -> None:
    asked = PatientStatus(StatusKind.HOSPICE, "Condition/c1", days(-49), "Hospice care", sure=False)
    seen = view(panel(status=(asked,), gaps=cards(row())))
    (status,) = seen.status
    assert status.mark.word == "Cannot tell"
    assert status.words == (
        "This entry may mean hospice care: Hospice care, 4 Oct 2026, 7 weeks ago. Nothing is left out because of it."
    )
    assert len(seen.gaps) == 1


def test_a_status_that_could_not_be_read_says_what_may_be_missed() -> None:
    assert view(unread_status()).status[0].words == "Not read: visits. Hospice care or death may be missed here."


def test_several_parts_that_could_not_be_read_are_one_finding() -> None:
    unread = tuple(PatientStatus(StatusKind.UNREADABLE, kind) for kind in ("Encounter", "Flag"))
    (status,) = view(panel(status=unread)).status
    assert status.words.startswith("Not read: visits and flags.")


# --- folds ----------------------------------------------------------------------------------------------------------


def test_the_rest_is_counted_and_one_tap_away() -> None:
    summaries = {fold.id: fold.summary for fold in view(busy()).folds}
    assert summaries == {
        "more-gaps": "2 more care gaps",
        "staff": "For staff, without you: Flu vaccine and Diabetic eye exam",
        "nothing-to-do": (
            "Nothing to do: 1 measure not applicable (Bone density scan), 1 gap met, 1 gap with another status, "
            "2 conditions noted and 2 conditions not prompted"
        ),
    }


def test_conditions_to_assess_beyond_the_budget_are_told_from_those_with_nothing_to_do() -> None:
    more = (replace(suspected(), categories=historic().categories), prompt(PromptState.NO_EVIDENCE, "Obesity"))
    summaries = [fold.summary for fold in view(panel(more_prompts=more)).folds]
    assert summaries == ["1 more condition to assess", "Nothing to do: 1 condition noted"]


def test_rules_that_nobody_reviewed_are_counted_once_each() -> None:
    assert view(busy()).unreviewed == "1 rule of ours used here is not yet reviewed by a clinician."
    assert view(panel(gaps=cards(mammogram()))).unreviewed == ""


# --- keeping place --------------------------------------------------------------------------------------------------


def test_a_late_gap_is_appended_although_it_ranks_first() -> None:
    first = view(replace(asking(), gaps=cards(out_of_range(), mammogram())))
    late = replace(asking(), gaps=cards(stool_test(), out_of_range(), mammogram()))
    second = view(late, drawn=drawn_by(first))
    assert [each.service for each in second.gaps][:2] == [each.service for each in first.gaps]
    assert second.gaps[2].service == "Colonoscopy after positive stool test"
    assert second.reorder
    assert next(each.service for each in view(late).gaps) == second.gaps[2].service
    assert not view(late).reorder


LATE = (*CHART_LINES, *NORTHWIND_LINES, *LAKESIDE_LINES)  # Lakeside has answered now, and something else is out


def both_times(before: Panel, now: Panel) -> tuple[present.PanelView, present.PanelView]:
    """The view of what was drawn while Lakeside was asked, and of what follows once it has answered."""
    now, outs = replace(now, sources=LATE), []

    def earlier(out: frozenset[str]) -> Panel:
        outs.append(out)
        return before

    first = view(before)
    second = view(now, drawn=drawn_by(first), earlier=earlier)
    assert set(outs) <= {frozenset({"lakeside/care-gaps"}), frozenset({"lakeside/risk"})}
    assert view(now, drawn=drawn_by(second), earlier=earlier).gaps == second.gaps, "the next poll moves it"
    return first, second


def test_a_payer_that_joins_a_drawn_card_late_changes_no_line_of_it_until_the_user_acts() -> None:
    both, other = two_payers(), card(mammogram())
    late = replace(asking(), gaps=(both, other))
    first, second = both_times(replace(asking(), gaps=(replace(both, rows=both.rows[:1]), other)), late)
    assert second.gaps == first.gaps
    assert second.reorder == "Show what came since"
    assert view(late).gaps[0].says == "Northwind and Lakeside ask for it"
    assert not view(late).reorder


def test_a_payer_that_contradicts_a_drawn_card_late_is_announced() -> None:
    alone = replace(disputed(), closed=(), clashes=())
    first, second = both_times(replace(asking(), gaps=(alone,)), replace(asking(), gaps=(disputed(),)))
    assert second.gaps == first.gaps
    assert second.reorder == "Show what came since"


def test_a_late_payer_with_newer_data_takes_no_line_from_a_drawn_card() -> None:
    drawn = old_data()
    fresh = replace(drawn, rows=(*drawn.rows, row(gap=gap("lakeside", "col"))), verify=())
    first, second = both_times(replace(asking(), gaps=(drawn,)), replace(asking(), gaps=(fresh,)))
    assert first.gaps[0].verify
    assert second.gaps == first.gaps
    assert second.reorder == "Show what came since"


def test_a_drawn_card_that_a_late_payer_makes_something_for_staff_stays_and_stands_once() -> None:
    drawn, other = card(row(), act="a1c"), card(mammogram(), act="bcs")
    settled = replace(drawn, rows=(replace(done_elsewhere(), gap=drawn.main.gap),))
    first, second = both_times(
        replace(asking(), gaps=(drawn, other)), replace(asking(), gaps=(other,), staff=(settled,))
    )
    assert second.gaps == first.gaps
    assert "staff" not in {fold.id for fold in second.folds}
    assert second.reorder == "Show what came since"


def test_a_late_payer_that_says_nothing_of_a_drawn_card_leaves_nothing_to_announce() -> None:
    found = replace(asking(), gaps=cards(mammogram()))
    first, second = both_times(found, found)
    assert second.gaps == first.gaps
    assert not second.reorder


def test_a_payer_that_joins_a_drawn_condition_late_changes_no_line_of_it_even_where_it_words_it_now() -> None:
    risk_out = replace(LAKESIDE_LINES[0], key="lakeside/risk", what="risk", state=SourceState.ASKING)
    answered = replace(risk_out, state=SourceState.ANSWERED)
    mine, theirs = historic().categories
    before = panel(prompts=(replace(historic(), categories=(mine,)),), sources=(*NORTHWIND_LINES, risk_out))
    now = replace(before, prompts=(replace(historic(), categories=(theirs, mine)),), complete=False)
    now = replace(now, sources=(*NORTHWIND_LINES, answered))
    first = view(replace(before, complete=False))
    second = view(now, drawn=drawn_by(first), earlier=lambda _: before)
    assert second.prompts == first.prompts
    assert second.reorder == "Show what came since"
    assert view(now).prompts[0].says != first.prompts[0].says
    why = present.why_view(now, first.prompts[0].id, today=TODAY, links=LINKS, ids=IDS)
    assert why.mark, "its page is there under the id that was drawn"


def test_a_late_gap_without_room_is_announced() -> None:
    three = cards(out_of_range(), mammogram(), row(gap=gap(group="third")))
    first = view(replace(asking(), gaps=three))
    second = view(replace(asking(), gaps=(card(stool_test()), *three[:2]), more_gaps=three[2:]), drawn=drawn_by(first))
    assert [each.id for each in second.gaps] == [each.id for each in first.gaps]
    assert second.folds[0].summary == "1 more care gap, 1 of them more urgent"


def test_a_trouble_that_comes_late_stands_below_what_is_drawn_and_one_drawn_above_stays_there() -> None:
    down = replace(LAKESIDE_LINES[0], state=SourceState.NO_ANSWER, reason=Reason.DOWN)
    early = view(replace(asking(), sources=(*NORTHWIND_LINES, down)))
    assert len(early.troubles) == 1
    assert view(replace(asking(), sources=(*NORTHWIND_LINES, down)), drawn=drawn_by(early)).troubles == early.troubles
    late = view(replace(asking(), sources=(*NORTHWIND_LINES, down)), drawn=drawn_by(view(asking())))
    assert late.troubles == ()
    assert late.late_troubles == early.troubles


def test_prompts_wait_for_the_gaps_that_would_push_them_away() -> None:
    with_prompts = replace(asking(), prompts=(historic(),))
    seen = view(with_prompts)
    assert seen.prompts == ()
    assert seen.prompts_wait == "Shown when the gaps are in."
    out = replace(NORTHWIND_LINES[1], state=SourceState.ASKING)
    ready = view(replace(with_prompts, sources=(NORTHWIND_LINES[0], out)))
    assert len(ready.prompts) == 1
    assert not ready.prompts_wait


def test_an_identity_note_is_said_once_beside_the_row_or_else_below() -> None:
    note = (IdentityNote("lakeside", ("sex",)),)
    sources = (*NORTHWIND_LINES, *LAKESIDE_LINES)
    beside = view(panel(gaps=cards(mammogram()), sources=sources, identity=note))
    below = view(panel(clear=True, sources=sources, identity=note))
    assert (beside.notes, bool(beside.gaps[0].note)) == ((), True)
    assert below.notes == (
        "Lakeside's record of this member is not the chart's: it has another sex. Check that it is the same person.",
    )


@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6),
    st.lists(st.sampled_from("abcdefghxyz"), max_size=5),
    st.integers(min_value=0, max_value=6),
)
def test_no_row_is_lost_doubled_or_moved(rows: Sequence[str], drawn: Sequence[str], cut: int) -> None:
    limit = MAX_GAPS
    ranked, more = rows[: min(cut, limit)], rows[min(cut, limit) :]
    placed = keep_place(ranked, more, drawn, str, limit)
    assert sorted((*placed.expanded, *placed.more)) == sorted(rows)
    assert len(placed.expanded) <= limit
    kept = [each for each in dict.fromkeys(drawn) if each in rows][:limit]
    assert list(placed.expanded[: len(kept)]) == kept
    if not kept:
        assert list(placed.expanded) == list(ranked)


# --- the next request -----------------------------------------------------------------------------------------------


def test_the_fragment_asks_again_while_something_is_out_and_never_after() -> None:
    assert view(asking()).next_url.startswith(f"{LINKS.flags}?seen=7&turn=1&drawn=g")
    assert view(busy()).next_url == ""


def test_no_two_requests_in_a_row_are_the_same() -> None:
    first = view(asking())
    second = view(asking(), drawn=drawn_by(first))
    assert first.next_url != second.next_url


def test_waiting_asks_for_the_fragment_and_again_with_its_version() -> None:
    assert present.waiting(LINKS).next_url == LINKS.flags
    again = present.waiting(LINKS, version="3", drawn=present.Drawn(turn=1))
    assert again.next_url == f"{LINKS.flags}?seen=3&turn=2&drawn="


@pytest.mark.parametrize(
    ("turn", "ids", "expected"),
    [
        ("2", "gaa.pbb.tcc", present.Drawn(2, ("gaa", "pbb", "tcc"))),
        ("", "", present.Drawn()),
        ("x", "<script>.gaa", present.Drawn(0, ("gaa",))),
        ("-1", "g" * 200, present.Drawn()),
        (
            "1",
            "gaaaaaaaaaa123456abcdef",
            present.Drawn(1, ("gaaaaaaaaaa",), {"gaaaaaaaaaa": frozenset({"123456", "abcdef"})}),
        ),
        ("999999", "é", present.Drawn()),
        ("1", ".".join(f"g{n}" for n in range(99)), present.Drawn(1, tuple(f"g{n}" for n in range(24)))),
    ],
)
def test_what_a_request_says_is_drawn_is_not_trusted(turn: str, ids: str, expected: present.Drawn) -> None:
    assert present.Drawn.parse(turn, ids) == expected


def test_the_budget_holds_whatever_is_said_to_be_drawn() -> None:
    many = cards(*(row(gap=gap(group=f"x{n}")) for n in range(9)))
    full = panel(gaps=many[:3], more_gaps=many[3:], prompts=(historic(), suspected()))
    every_id = tuple(each.id for fold in view(full).folds for part in fold.parts for each in part.rows)
    seen = view(full, drawn=present.Drawn(1, every_id))
    assert len(seen.gaps) == MAX_GAPS
    assert len(seen.prompts) == MAX_PROMPTS
