"""What is to be followed up, over all patients of this EHR: `/l/<handle>/follow-ups`."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.roles import May
from app.core.schedule.row import Owner
from app.web.listing import Listing, listing
from app.web.present import follow_ups as words

blueprint = Blueprint("follow_ups", __name__, url_prefix="/l/<handle>/follow-ups")


@blueprint.get("")
def page(handle: str) -> ResponseReturnValue:
    """The list: `?owner=` for one of the team. Raises NotAllowed."""
    return _page(listing(handle, May.SEE_SCHEDULE, May.SEE_GAPS))


@blueprint.post("/<name>/done")
def done(handle: str, name: str) -> ResponseReturnValue:
    """Somebody has seen to it; pressed twice it is done once."""
    it = listing(handle, May.SEE_SCHEDULE, May.SEE_GAPS)
    return _page(it, words.done_words(it.here.lists.followed_up(it.actor, name)))


def _page(it: Listing, said: str = "") -> ResponseReturnValue:
    handle, owner = it.of.handle, request.args.get("owner", "")
    owner = owner if owner in list(Owner) else ""
    may_close = it.may(May.ACT) or it.may(May.TICK)
    about = words.About(
        now=it.now,
        owner=owner,
        url=lambda of: url_for("follow_ups.page", handle=handle, owner=of or None),
        may_see_prompts=it.may(May.SEE_PROMPTS),
        done=(lambda name: url_for(".done", handle=handle, name=name, owner=owner or None)) if may_close else None,
    )
    view = words.page(it.here.lists.follow_ups(it.actor), about, said=said)
    return render_template("follow_ups/page.html", shell=it.shell, links=it.links("follow_ups.page"), view=view)
