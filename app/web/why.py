"""Why am I seeing this: one page an item of the panel, one tap away. `/l/<handle>/why/<id>`; ids tell nothing."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.core.rank import fits
from app.core.roles import May
from app.web import gate, present
from app.web.encounter import acts_of, links_of, shell_of
from app.web.looking import look
from app.web.parts import parts
from app.web.present.acting import hidden_acting
from app.web.present.names import Payers

blueprint = Blueprint("why", __name__, url_prefix="/l/<handle>/why")


@blueprint.get("/<id_>")
def page(handle: str, id_: str) -> ResponseReturnValue:
    """Behind the same gate as the panel, audited as the same read. An item that is there no more says what happened;
    what the panel would not show at all is the panel's to say.
    """
    of = gate.current(handle)
    seen = look(of, until_known=True)
    if not seen.patient_known or not seen.may(May.SEE_GAPS):
        return redirect(url_for("encounter.page", handle=handle, full=1), 303)
    found, visit, ids = seen.panel(), seen.visit(), parts().ids(handle)
    row = present.find_row(found, id_, ids)
    view = present.why_view(
        found,
        id_,
        today=seen.opening.day,
        links=links_of(handle),
        ids=ids,
        banner=of.need_patient_banner or not of.framed,
        fits=fits(row, visit, parts().registry()) if row and visit else None,
        rule=next((rule for rule in parts().registry().rules if row and rule.source == row.rule), None),
    )
    counted = next((hidden for hidden in found.hidden if ids.hidden(hidden) == id_), None)
    if counted is not None:
        payers = Payers.of(found.sources, found.identity)
        view = replace(view, acting=hidden_acting(counted, acts_of(seen), payers, id_))
    hold_url = url_for("privacy.wrong_patient", handle=handle) if view.holds else ""
    shell = shell_of(seen)
    status = 200 if view.mark else 404
    return render_template(
        "encounter/why.html", shell=shell, links=links_of(handle), why=view, hold_url=hold_url
    ), status
