"""The operator's page: how every EHR and payer of the site is doing. `/l/<handle>/operator`. No patient on it."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.core.roles import May
from app.errors import NotAllowed
from app.web import gate
from app.web.encounter import links_of, shell_of
from app.web.looking import look
from app.web.parts import parts
from app.web.present.operator import site_view

blueprint = Blueprint("operator", __name__, url_prefix="/l/<handle>")


@blueprint.get("/operator")
def page(handle: str) -> ResponseReturnValue:
    """For the role that operates the site. Raises NotAllowed."""
    seen = look(gate.current(handle), until_known=True)
    if not seen.may(May.OPERATE):
        raise NotAllowed
    here = parts()
    view = site_view(here.listed, here.site(), seen.now)
    return render_template("operator/page.html", shell=shell_of(seen), links=links_of(handle), view=view, handle=handle)
