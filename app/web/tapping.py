"""The form of a tap: which item, what is said of it, and what comes along. Nothing of it is believed yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TypeAlias

from flask import request

from app.actions.tap import Tap
from app.core.flag import Card, Hidden, PromptRow
from app.core.ledger.verb import Verb, Why
from app.errors import NotFound
from app.web.parts import parts
from app.web.present import acting as words
from app.web.present.ids import ID_LENGTH

MAX_WORD = 200

#: What something can be said about.
Row: TypeAlias = Card | PromptRow | Hidden


def named() -> str:
    """The id of an item; what cannot be one names none."""
    name = request.form.get("item", "")
    return name if name.isascii() and name.isalnum() and len(name) == ID_LENGTH else ""


def said() -> tuple[Verb, str]:
    """The verb, and what stands behind it. Raises NotFound for no verb of ours."""
    verb, _, extra = request.form.get("say", "").partition("/")
    try:
        return Verb(verb), extra
    except ValueError as e:
        raise NotFound from e


def tap_of(verb: Verb, extra: str, row: Row) -> Tap | None:
    """What the form says. None: a day that is none."""
    form = request.form
    tap = Tap(verb, form.get("version", ""), word=" ".join(form.get("word", "").split())[:MAX_WORD])
    try:
        if verb is Verb.NEEDS_HELP:
            return replace(
                tap, whys=tuple(dict.fromkeys(Why(each) for each in form.getlist("why"))), agreed="agreed" in form
            )
        if extra == words.UNTIL:
            return replace(tap, until=date.fromisoformat(form.get("until", "")))
        if extra == words.THERE:
            place = " ".join(form.get("place", "").split())
            return replace(tap, on=date.fromisoformat(form.get("on", "")), place=place[:MAX_WORD])
        if extra in (words.CHARTED, words.ELSEWHERE):
            return _proved(tap, extra, row)
        return replace(tap, whys=(Why(extra),)) if extra else tap
    except ValueError:
        return None if extra in (words.UNTIL, words.THERE) else replace(tap, whys=())


def _proved(tap: Tap, how: str, row: Row) -> Tap:
    """With what is known to show that it was done: an entry of this chart, or what another payer has seen."""
    if not isinstance(row, Card):
        return tap
    main = row.main
    if how == words.CHARTED and main.settled_by:
        return replace(tap, evidence=(main.settled_by.ref,))
    if how == words.ELSEWHERE and main.elsewhere and main.elsewhere.when:
        place = main.elsewhere.source or parts().payer_names.get(main.seen_by, main.seen_by)
        return replace(tap, on=main.elsewhere.when.end, place=place[:MAX_WORD])
    return tap
