"""What left for payers, and what did not: `/l/<handle>/sent`. For the team, and for the practice's payer meeting."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.actions.lists import EXPORT_SENT, may_resend
from app.core.roles import May
from app.errors import NotFound
from app.web.listing import Listing, csv_file, listing
from app.web.parts import parts
from app.web.present import sent as words

blueprint = Blueprint("sent", __name__, url_prefix="/l/<handle>/sent")


@blueprint.get("")
def page(handle: str) -> ResponseReturnValue:
    """The list. Raises NotAllowed."""
    return _page(listing(handle, May.SEE_SENT))


@blueprint.post("/<name>/resend")
def resend(handle: str, name: str) -> ResponseReturnValue:
    """Let what could not be sent be tried again; pressed twice it is tried once."""
    it = listing(handle, May.SEE_SENT)
    done = it.here.lists.resend(it.actor, name)
    it.here.nudge()
    return _page(it, said=words.resent(done))


@blueprint.get("/meeting.csv")
def meeting(handle: str) -> ResponseReturnValue:
    """What is late at one payer (`?payer=`), as a table: of no other payer, and nothing that may not be on paper."""
    it, payer = listing(handle, May.SEE_SENT), request.args.get("payer", "")
    if payer not in it.here.payer_names:
        raise NotFound
    found = it.here.lists.sent(it.actor, it.now.date(), payer=payer, action=EXPORT_SENT)
    return csv_file(f"{payer}-{it.now.date()}.csv", words.HEADER, words.table(found.rows, _about(it)))


def _page(it: Listing, said: str = "") -> ResponseReturnValue:
    view = words.page(it.here.lists.sent(it.actor, it.now.date()), _about(it), said=said)
    return render_template("sent/page.html", shell=it.shell, links=it.links("sent.page"), view=view)


def _about(it: Listing) -> words.About:
    handle = it.of.handle
    return words.About(
        now=it.now,
        payers=parts().payer_names,
        agreed=it.here.lists.agreed,
        ehr=it.of.ehr_name,
        may_see_prompts=it.may(May.SEE_PROMPTS),
        file_url=lambda payer: url_for("sent.meeting", handle=handle, payer=payer),
        resend=(lambda name: url_for("sent.resend", handle=handle, name=name)) if may_resend(it.role) else None,
    )
