"""What was ordered, asked for or promised and is not done yet, in words: by due day, what is overdue first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.actions.lists import FollowUps
from app.core.ledger.promises import is_overdue
from app.core.schedule.row import Owner
from app.web.present.dates import day_words, plain_day
from app.web.present.huddle.words import OWNERS
from app.web.present.text import counted, plain
from app.web.present.views import Mark

TITLE = "Follow-ups"
EVERYBODY = "Everybody"
LATER = "Due later"
SOON_DAYS = 7

WHATS: Mapping[str, str] = {
    "result": "A result is expected",
    "record": "A record was asked for",
    "help": "The plan was asked for help",
    "visit": "Put off to another visit",
    "evidence": "Evidence was promised to the plan",
}
OVERDUE = Mark("Overdue", "diamond", "urgent")
DUE = Mark("Due", "half", "act")
OPEN = Mark("Open", "ring", "wait")
HIDDEN_LABEL = "A condition prompt (your role does not include prompts)"
_GONE = "Whom it is about can no longer be read: its key was retired."


@dataclass(frozen=True, slots=True)
class RowView:
    """One follow-up. `done_url` empty: this user may not close it."""

    id: str
    mark: Mark
    title: str
    name: str
    ids: tuple[str, ...]
    what: str
    due: str
    owner: str
    said: str
    paper: bool
    done_url: str


@dataclass(frozen=True, slots=True)
class GroupView:
    id: str
    title: str
    rows: tuple[RowView, ...]


@dataclass(frozen=True, slots=True)
class ChoiceView:
    words: str
    url: str
    here: bool


@dataclass(frozen=True, slots=True)
class FollowUpsView:
    title: str
    summary: str
    said: str
    owners: tuple[ChoiceView, ...]
    groups: tuple[GroupView, ...]
    off_paper: str


@dataclass(frozen=True, slots=True)
class About:
    """`owner` empty: everybody's. `done` None: this user may not say that something is done."""

    now: datetime
    owner: str
    url: Callable[[str], str]  # of the page, for one owner
    may_see_prompts: bool
    done: Callable[[str], str] | None = None

    @property
    def today(self) -> date:
        return self.now.date()


def page(found: Sequence[FollowUps], about: About, *, said: str = "") -> FollowUpsView:
    wanted = [each for each in found if about.owner in ("", each.follow_up.owner)]
    rows = sorted(wanted, key=lambda each: (each.follow_up.due, each.person.name))
    parts = {
        "overdue": ("Overdue", [each for each in rows if is_overdue(each.follow_up, about.today)]),
        "soon": (f"Due in the next {SOON_DAYS} days", [each for each in rows if _soon(each, about.today)]),
        "later": (LATER, [each for each in rows if (each.follow_up.due - about.today).days > SOON_DAYS]),
    }
    groups = [GroupView(id_, title, tuple(_row(e, about) for e in own)) for id_, (title, own) in parts.items() if own]
    kept = sum(each.kept_off for each in wanted)
    off = f"{counted(kept, 'line is', 'lines are')} for the screen only, and not printed." if kept else ""
    return FollowUpsView(TITLE, _summary(wanted, about), said, _owners(about), tuple(groups), off)


def done_words(done: bool) -> str:
    return "Marked as done." if done else "Nothing was changed: it was done already."


def _summary(found: Sequence[FollowUps], about: About) -> str:
    whose = f" for the {OWNERS[Owner(about.owner)]}" if about.owner in list(Owner) else ""
    if not found:
        return f"Nothing is open{whose}."
    late = sum(is_overdue(each.follow_up, about.today) for each in found)
    return f"{len(found)} open{whose}, {late} overdue." if late else f"{len(found)} open{whose}, none overdue."


def _soon(each: FollowUps, today: date) -> bool:
    return 0 <= (each.follow_up.due - today).days <= SOON_DAYS


def _row(each: FollowUps, about: About) -> RowView:
    it = each.follow_up
    mark = OVERDUE if is_overdue(it, about.today) else DUE if _soon(each, about.today) else OPEN
    hidden = each.prompt and not about.may_see_prompts
    begun = plain_day(it.at.astimezone(about.now.tzinfo).date())
    return RowView(
        id=it.id,
        mark=mark,
        title=HIDDEN_LABEL if hidden else plain(it.label),
        name=plain(each.person.name) or _GONE,
        ids=tuple(plain(words) for words in (each.person.born, each.person.record) if words),
        what=WHATS.get(it.what, plain(it.what)),
        due=f"Due {day_words(it.due, about.today)}",
        owner=_owner(it.owner),
        said=f"Since {begun}, {plain(it.by)}" if it.by else f"Since {begun}",
        paper=not each.kept_off,
        done_url=about.done(it.id) if about.done and each.person.name else "",
    )


def _owners(about: About) -> tuple[ChoiceView, ...]:
    every = ChoiceView(EVERYBODY, about.url(""), not about.owner)
    return (every, *(ChoiceView(_owner(of), about.url(of), about.owner == of) for of in Owner))


def _owner(of: str) -> str:
    words = OWNERS[Owner(of)] if of in list(Owner) else plain(of)
    return words[:1].upper() + words[1:]
