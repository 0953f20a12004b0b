"""What can be tapped on a row, by role and visit, and what a row says of what was: never a button that is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from drawing import Reader, fragment, view
from handmade import (
    IDS,
    LAKESIDE_LINES,
    NORTHWIND_LINES,
    NOW,
    TODAY,
    card,
    done_here,
    every_state,
    historic,
    mammogram,
    old_data,
    panel,
    removal,
    suspected,
)

from app.core.flag import GapRow, Panel, PromptRow, SourceState, State
from app.core.ledger import permission, version
from app.core.ledger.action import Action
from app.core.ledger.dismissal import Back
from app.core.ledger.item import of_card, of_prompt
from app.core.ledger.outgoing import FollowUp, Judged, Ledger, Message, Post, Sends
from app.core.ledger.permission import Refusal, Sitting
from app.core.ledger.verb import Leg, Stage, Verb, Why
from app.core.ledger.version import Changed
from app.core.roles import Role
from app.web.present import Acts, Drawn, recorded
from app.web.present.refusals import REFUSALS, assess_words, changed_words
from app.web.present.views.acting import ActingView

VISIT = Sitting("Encounter/e1", "in-progress", TODAY, TODAY)
NONE = Sitting(today=TODAY)
NEVER = re.compile(r"[$€£]|\b(?:raf|hcc|codes?|coding|revenue|weight|captur\w*)\b", re.IGNORECASE)


def acts(role: Role = Role.CLINICIAN, sitting: Sitting = VISIT, ledger: Ledger | None = None, **more: Any) -> Acts:
    return Acts(ledger or Ledger(), role, sitting, NOW, user="Practitioner/dr", **more)


def gap_of(row: GapRow, it: Acts) -> ActingView:
    (drawn,) = view(panel(gaps=(card(row),)), acts=it).gaps
    assert drawn.acting is not None
    return drawn.acting


def prompt_of(row: PromptRow, it: Acts) -> ActingView:
    (drawn,) = view(panel(prompts=(row,)), acts=it).prompts
    assert drawn.acting is not None
    return drawn.acting


def says(made: ActingView) -> set[str]:
    """Every answer that there is a button for."""
    picks = [*made.first, *(pick for group in made.groups for pick in group.picks), *(day.pick for day in made.days)]
    return {pick.say for pick in [*picks, *([made.help.pick] if made.help else []), *made.holds]}


def action(verb: Verb, on: GapRow | PromptRow, **more: Any) -> Action:
    item = of_prompt(on, TODAY) if isinstance(on, PromptRow) else of_card(card(on), TODAY)
    made = Action(verb, item, "Wren Castellane", "Practitioner/np", "clinician", at=NOW, id="a1", number=1)
    return replace(made, encounter="Encounter/e1", **more)


def message(**more: Any) -> Message:
    return replace(
        Message("m1", Sends.REMARK, "northwind", Post.HELD, NOW, action="a1", code="satisfied-in-EHR"), **more
    )


# --- the buttons ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", every_state(), ids=lambda row: row.state.value)
@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.CLINICAL_STAFF, Role.MANAGER])
@pytest.mark.parametrize("sitting", [VISIT, NONE, replace(VISIT, status="finished")])
def test_no_button_would_be_refused_and_a_row_has_one_answer_of_its_own(
    row: GapRow, role: Role, sitting: Sitting
) -> None:
    made = gap_of(row, acts(role, sitting))
    assert len(made.first) <= 1
    for say in says(made):
        verb, _, extra = say.partition("/")
        whys = (Why(extra),) if extra in list(Why) else ()
        refused = permission.refused(Verb(verb), whys, of_card(card(row), TODAY), role, sitting)
        assert refused is None, say
    assert bool(says(made)) == (role is not Role.MANAGER and row.state is not State.EXCLUDED)


def test_what_is_ordered_reads_ordered_and_what_is_done_in_the_room_done() -> None:
    row = mammogram()
    assert [pick.say for pick in gap_of(replace(row, act="order-mammogram"), acts()).first] == ["ordered"]
    assert [pick.say for pick in gap_of(replace(row, act="measure-blood-pressure"), acts()).first] == ["done-today"]


@pytest.mark.parametrize("row", [historic(), suspected(), removal()])
def test_present_and_not_present_are_one_tap_each_or_neither(row: PromptRow) -> None:
    first = prompt_of(row, acts()).first
    assert [pick.say.partition("/")[0] for pick in first] == ["assessed-present", "assessed-not-present"]
    for role, sitting in ((Role.CLINICAL_STAFF, VISIT), (Role.CLINICIAN, NONE)):
        made = prompt_of(row, acts(role, sitting))
        assert not made.first
        assert not {say for say in says(made) if say.startswith(("assessed", "in-progress"))}


def test_a_clinical_reason_is_the_clinicians_under_a_visit() -> None:
    clinical = f"not-appropriate/{Why.CLINICAL}"
    assert clinical in says(gap_of(mammogram(), acts()))
    assert clinical not in says(gap_of(mammogram(), acts(Role.CLINICAL_STAFF)))
    assert f"not-appropriate/{Why.OTHER}" in says(gap_of(mammogram(), acts(Role.CLINICAL_STAFF)))


def test_what_can_be_sent_is_shown_before_it_is_sent() -> None:
    there = acts(send="/l/abc/send/", sendable=lambda _: True)
    made = gap_of(done_here(), there)
    assert made.send.startswith("/l/abc/send/g")
    assert not made.first
    assert not gap_of(done_here(), acts()).send


def test_why_conditions_cannot_be_assessed_is_said_once() -> None:
    assert assess_words(Role.CLINICIAN, VISIT) == ""
    over = replace(VISIT, status="finished")
    for role, sitting in ((Role.CLINICAL_STAFF, VISIT), (Role.CLINICIAN, NONE), (Role.CLINICIAN, over)):
        html = fragment(panel(prompts=(historic(), suspected())), acts=acts(role, sitting))
        assert html.count("data-assess") == 1
        assert assess_words(role, sitting)


def test_a_launch_without_a_visit_says_once_that_nothing_is_sent() -> None:
    html = fragment(panel(gaps=(card(mammogram()), old_data())), acts=acts(sitting=NONE))
    assert html.count("data-unsent") == 1
    assert "nothing is sent" in Reader(html).text
    assert "data-unsent" not in fragment(panel(gaps=(card(mammogram()),)), acts=acts())


def test_a_form_works_without_scripts_and_enter_in_a_field_presses_no_answer() -> None:
    seen = Reader(fragment(panel(gaps=(card(mammogram()),)), acts=acts()))
    (form,) = [attrs for tag, attrs in seen.elements if tag == "form" and attrs.get("class") == "act"]
    assert (form["method"], form["action"]) == ("post", form["hx-post"])
    submits = [attrs for tag, attrs in seen.elements if tag == "button" and attrs.get("type") == "submit"]
    assert "disabled" in submits[0]


# --- what was said ----------------------------------------------------------------------------------------------------


def told(row: GapRow | PromptRow, made: Action, *messages: Message, sitting: Sitting = VISIT, days: int = 0) -> str:
    it = Acts(Ledger((made,), messages), Role.CLINICIAN, sitting, NOW + timedelta(days=days), user="Practitioner/np")
    it = replace(it, sitting=replace(sitting, today=TODAY + timedelta(days=days)))
    shelf = {"settled_prompts": (row,)} if isinstance(row, PromptRow) else {"settled": (card(row),)}
    return Reader(fragment(panel(**shelf), acts=it, now=it.now)).text


def test_a_row_says_who_said_what_when_and_what_leaves() -> None:
    words = told(mammogram(), action(Verb.ALREADY_DONE, mammogram(), evidence=("Observation/1",)), message())
    assert "Done already, as this chart shows, 09:41, Wren Castellane." in words
    assert "Leaves for Northwind Health Plan when the visit ends." in words
    assert "Undo" in words or "Show again" in words


@pytest.mark.parametrize(
    ("changes", "days", "says_"),
    [
        ({"post": Post.WAITING}, 0, "on its way to"),
        ({"post": Post.WAITING, "trouble": "down"}, 0, "no answer; it is tried again"),
        ({"post": Post.DEAD, "trouble": "not-allowed"}, 0, "could not be sent to"),
        ({"post": Post.SENT, "sent_at": NOW}, 23, "3 weeks ago, not confirmed"),
        ({"post": Post.SENT, "sent_at": NOW, "confirmable": False}, 2, "does not show what it keeps"),
        ({"post": Post.SENT, "sent_at": NOW}, 60, "still not confirmed after the agreed time"),
        ({"post": Post.SENT, "sent_at": NOW, "judged": Judged.CONFIRMED, "judged_at": NOW}, 3, "Confirmed by"),
        ({"post": Post.SENT, "sent_at": NOW, "judged": Judged.REOPENED, "judged_at": NOW}, 3, "has opened it again"),
        (
            {"post": Post.SENT, "sent_at": NOW, "judged": Judged.REJECTED, "payer_words": "No"},
            3, "has rejected it. It writes: “No”",
        ),
        ({"post": Post.SENT, "sent_at": NOW, "code": "order-placed"}, 60, "Sent to Northwind Health Plan 9 weeks ago."),
    ],
)  # fmt: skip
def test_every_leg_has_its_words(changes: dict[str, Any], days: int, says_: str) -> None:
    made = action(Verb.ALREADY_DONE, mammogram(), evidence=("Observation/1",))
    assert says_ in told(mammogram(), made, message(**changes), days=days)


def test_what_does_not_leave_says_why() -> None:
    made = action(Verb.NEEDS_HELP, mammogram(), whys=(Why.TRANSPORT, Why.COST), agreed=True)
    words = told(mammogram(), made)
    assert "Needs the plan's help: transport and cost; the patient agreed to telling the plan" in words
    assert "Not sent to lakeside:" in words
    assert "Not sent: no visit." in told(mammogram(), replace(made, encounter=""), sitting=NONE)
    barred = message(to="lakeside", post=Post.WITHDRAWN, trouble="restriction")
    done = action(Verb.ALREADY_DONE, mammogram(), evidence=("Observation/1",))
    assert "Not sent to lakeside: restriction." in told(mammogram(), done, barred)


def test_who_is_contradicted_is_told_that_they_said_it() -> None:
    made, against = action(Verb.DECLINED, mammogram()), message(post=Post.SENT, sent_at=NOW, judged=Judged.REOPENED)
    assert "You recorded it." in told(mammogram(), made, against)


def test_an_answered_condition_is_not_asked_about_any_more() -> None:
    words = told(historic(), action(Verb.NOT_PRESENT, historic(), whys=(Why.NEVER_HAD,)))
    assert "Assessed, not present: never had it" in words
    assert "Assess:" not in words


def test_what_has_not_come_in_time_stands_at_the_top() -> None:
    late = FollowUp(
        "f", "result", ("x@2026",), "HbA1c test", "clinician", TODAY - timedelta(days=1), NOW - timedelta(days=90)
    )
    words = Reader(fragment(panel(), acts=acts(ledger=Ledger(follow_ups=(late,))))).text
    assert "Overdue: HbA1c test ordered 24 Aug 2026, nothing has come." in words
    for not_late in (replace(late, due=TODAY), replace(late, done_at=NOW)):
        assert "Overdue" not in fragment(panel(), acts=acts(ledger=Ledger(follow_ups=(not_late,))))


def test_every_stage_leg_reason_and_refusal_has_words_and_none_speaks_of_money_or_codes() -> None:
    tables: list[tuple[Any, dict[Any, Any]]] = [
        (Stage, dict(recorded.STAGE_MARKS)), (Leg, dict(recorded.LEG_MARKS)), (Verb, dict(recorded.VERB_WORDS)),
        (Why, dict(recorded.WHY_WORDS)), (Refusal, dict(REFUSALS)),
    ]  # fmt: skip
    for every, table in tables:
        assert set(every) <= set(table)
        assert not [words for words in table.values() if NEVER.search(getattr(words, "word", words))]
    assert set(Back) - {Back.NOTHING} <= set(recorded.BACK_WORDS)


# --- where a row stands after a tap -----------------------------------------------------------------------------------


def _answered() -> tuple[Panel, Panel, Acts, str]:
    """A panel, the same after its first row was answered, what was recorded, and that row's id."""
    rows = (card(mammogram()), old_data())
    made = action(Verb.ORDERED, mammogram())
    return panel(gaps=rows), panel(gaps=rows[1:], settled=rows[:1]), acts(ledger=Ledger((made,))), IDS.card(rows[0])


def test_the_row_of_a_tap_stays_where_it_was_drawn() -> None:
    before, after, it, id_ = _answered()
    drawn = view(before, acts=acts()).drawn
    seen = view(after, acts=it, drawn=Drawn.parse("1", drawn), kept=id_)
    assert [row.id for row in seen.gaps] == [row.id for row in view(before).gaps]
    acting = seen.gaps[0].acting
    assert acting
    assert acting.done
    assert "Ordered" in seen.said
    assert not [fold for fold in seen.folds if fold.id == "settled"]
    assert not seen.just


def test_at_the_next_look_it_is_counted_in_one_line_and_a_row_from_a_fold_is_shown_at_once() -> None:
    _, after, it, id_ = _answered()
    seen = view(after, acts=it)
    assert id_ not in [row.id for row in seen.gaps]
    (fold,) = [fold for fold in seen.folds if fold.id == "settled"]
    assert fold.summary.startswith("1 done or under way")
    tapped = view(after, acts=it, kept=id_)
    assert tapped.just
    assert [row.id for row in tapped.just.rows] == [id_]
    ids = Reader(fragment(after, acts=it, kept=id_)).values("id")
    assert len(ids) == len(set(ids))


def test_a_refusal_stands_on_its_row() -> None:
    before, *_ = _answered()
    id_ = view(before).gaps[0].id
    seen = view(before, acts=acts(refused=(id_, "Nothing was recorded.")), kept=id_)
    acting = seen.gaps[0].acting
    assert acting
    assert acting.notice == seen.said == "Nothing was recorded."
    assert not seen.just


def test_who_was_faster_is_named() -> None:
    other = action(Verb.ORDERED, mammogram())
    assert "Wren Castellane recorded “ordered” at 09:41" in changed_words(Changed(acted=(other,)), NOW)
    assert "changed since you looked: what the chart holds" in changed_words(Changed(chart=True), NOW).casefold()


def test_the_version_that_is_drawn_is_the_one_that_is_asked_for() -> None:
    made = gap_of(mammogram(), acts())
    assert made.version == version.of(of_card(card(mammogram()), TODAY), ())


def test_where_everything_was_answered_nothing_needs_anybody() -> None:
    _, after, it, _ = _answered()
    seen = view(replace(after, gaps=()), acts=it)
    assert seen.says_none == "Nothing here needs you today. What is left stands below."
    assert not seen.says_clear


def test_a_refused_row_is_drawn_as_it_stands_now_also_where_a_late_payer_words_it() -> None:
    mine, theirs = historic().categories
    risk_out = replace(LAKESIDE_LINES[0], key="lakeside/risk", what="risk", state=SourceState.ASKING)
    before = panel(prompts=(replace(historic(), categories=(mine,)),), sources=(*NORTHWIND_LINES, risk_out))
    answered = (*NORTHWIND_LINES, replace(risk_out, state=SourceState.ANSWERED))
    now = replace(before, prompts=(replace(historic(), categories=(theirs, mine)),), sources=answered)
    first = view(before, acts=acts())
    id_ = first.prompts[0].id
    drawn = Drawn.parse("1", first.drawn)
    held = view(now, acts=acts(), drawn=drawn, earlier=lambda _: before)
    assert held.prompts == first.prompts
    refused = acts(refused=(id_, "Nothing was recorded."))
    tapped = view(now, acts=refused, drawn=drawn, earlier=lambda _: before, kept=id_)
    (shown,) = tapped.prompts
    assert shown.acting
    assert shown.acting.version == version.of(of_prompt(now.prompts[0], TODAY), ())
    assert shown.acting.notice == tapped.said == "Nothing was recorded."


def test_a_folded_line_says_that_a_plan_contradicts_what_was_sent() -> None:
    row = done_here()
    made = action(Verb.ALREADY_DONE, row, evidence=("Observation/1",))
    against = message(kind=Sends.EVIDENCE, post=Post.SENT, sent_at=NOW, judged=Judged.REJECTED, judged_at=NOW)

    def staff(*messages: Message) -> str:
        seen = view(panel(staff=(card(row),)), acts=acts(ledger=Ledger((made,), messages)))
        return next(fold.summary for fold in seen.folds if fold.id == "staff")

    assert staff(against).endswith("(1 contradicted by the plan)")
    assert "contradicted" not in staff(replace(against, judged=Judged.NOTHING))


def test_a_row_that_a_plan_contradicts_does_not_say_that_the_plan_has_to_be_told() -> None:
    row = done_here()
    made = action(Verb.ALREADY_DONE, row, evidence=("Observation/1",))
    against = message(kind=Sends.EVIDENCE, post=Post.SENT, sent_at=NOW, judged=Judged.REJECTED, judged_at=NOW)
    seen = view(panel(staff=(card(row),)), acts=acts(ledger=Ledger((made,), (against,))))
    (shown,) = next(fold for fold in seen.folds if fold.id == "staff").parts[0].rows
    assert shown.action.startswith("Look at what the plan says")
