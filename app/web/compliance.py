"""Additions and removals side by side, for whoever answers for compliance: `/l/<handle>/compliance`."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from app.actions.lists import EXPORT_COMPLIANCE
from app.core.roles import May
from app.web.listing import csv_file, listing
from app.web.present import compliance as words

blueprint = Blueprint("compliance", __name__, url_prefix="/l/<handle>/compliance")


@blueprint.get("")
def page(handle: str) -> ResponseReturnValue:
    """The list of this EHR. Raises NotAllowed."""
    it = listing(handle, May.SEE_COMPLIANCE)
    view = words.page(it.here.lists.compliance(it.actor), it.here.payer_names, it.now)
    file_url = url_for("compliance.table", handle=handle)
    links = it.links("compliance.page")
    return render_template("compliance/page.html", shell=it.shell, links=links, view=view, file_url=file_url)


@blueprint.get("/list.csv")
def table(handle: str) -> ResponseReturnValue:
    """Both directions in one table."""
    it = listing(handle, May.SEE_COMPLIANCE)
    found = it.here.lists.compliance(it.actor, action=EXPORT_COMPLIANCE)
    rows = words.table(found, it.here.payer_names, it.now)
    return csv_file(f"added-and-removed-{it.now.date()}.csv", words.HEADER, rows)
