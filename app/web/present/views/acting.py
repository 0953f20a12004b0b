"""What can be said about one row, and what has been: the buttons, and how far what was said has come."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.present.views.marks import Mark


@dataclass(frozen=True, slots=True)
class PickView:
    """One answer, one tap. `say` is what the form sends: the verb, with its reason behind a slash."""

    say: str
    label: str
    heard: str = ""  # what it is about, for those who hear the button


@dataclass(frozen=True, slots=True)
class GroupView:
    """Answers under one caption: a verb and its coded reasons."""

    caption: str
    picks: tuple[PickView, ...]


@dataclass(frozen=True, slots=True)
class DayView:
    """An answer that takes a day. `place`: and where; `least` and `most` are its bounds, as ISO days."""

    caption: str
    name: str
    label: str
    pick: PickView
    before: tuple[PickView, ...] = ()  # the same answer without a day
    least: str = ""
    most: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class HelpView:
    """What stands in the way, as checkboxes, and that the patient agreed to telling the plan."""

    caption: str
    barriers: tuple[PickView, ...]
    agreed: str
    pick: PickView


@dataclass(frozen=True, slots=True)
class ToldView:
    """One line of what has been recorded: what, who, when; or how far one payer's remark has come."""

    words: str
    leg: str = ""
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class ActingView:
    """Everything that can be tapped on a row, and what was. `done`: somebody has answered, so the row is short."""

    version: str
    lead: str = ""  # what the first answers have in common
    first: tuple[PickView, ...] = ()  # the state's natural answer; of a condition two of the same weight
    send: str = ""  # where what would be sent to the payer is shown first
    orders: str = ""
    other: str = ""  # summary of the rest
    groups: tuple[GroupView, ...] = ()
    days: tuple[DayView, ...] = ()
    help: HelpView | None = None
    word: str = ""  # label of the free word
    holds: tuple[PickView, ...] = ()  # "not this patient", by payer
    holds_words: str = ""
    told: tuple[ToldView, ...] = ()
    undo: str = ""  # id of the action that can be taken back
    undo_heard: str = ""
    done: bool = False
    mark: Mark | None = None  # instead of the row's own, once somebody has answered
    notice: str = ""  # why the last tap was refused
