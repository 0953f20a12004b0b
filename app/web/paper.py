"""The day on paper: a page that prints well, and the same as a PDF. `/l/<handle>/huddle/print`, `print.pdf`."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue

from app.ahead import PRINTED
from app.core.schedule.rows import printable
from app.web.asked import Asked, asked, whole_day
from app.web.present.paper import sheet
from app.web.present.views.paper import SheetView
from app.web.sheet import PAPERS, pdf

FONTS = "vendor"  # below app/static: they arrive by set-up

blueprint = Blueprint("paper", __name__, url_prefix="/l/<handle>/huddle")


@blueprint.get("/print")
def page(handle: str) -> ResponseReturnValue:
    """The sheet as a page. What is not in by now is said; nobody waits for a payer with paper in the hand."""
    it = asked(handle)
    links = {
        "letter": it.url("paper.pdf", paper="letter"),
        "a4": it.url("paper.pdf", paper="a4"),
        "back": it.url("huddle.page"),
    }
    return render_template("huddle/print.html", shell=it.shell, sheet=_sheet(it), links=links)


@blueprint.get("/print.pdf", endpoint="pdf")
def document(handle: str) -> ResponseReturnValue:
    """The sheet as a PDF, to be kept nowhere: `?paper=letter` or `a4`."""
    it = asked(handle)
    view, named = _sheet(it), request.args.get("paper", "")
    fonts = Path(str(current_app.static_folder)) / FONTS
    made = pdf(view, named if named in PAPERS else PAPERS[0], fonts, it.about.now)
    response = Response(made, mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=view.file_name)
    return response


def _sheet(it: Asked) -> SheetView:
    """What may be on paper, once it is recorded who takes it off the screen."""
    day = whole_day(it)
    rows = [printable(row) for row in day.rows]
    refs = dict.fromkeys(row.patient_ref for row in day.rows if row.patient_ref)
    it.here.ahead.taken(it.opening, it.reader, it.role, refs, PRINTED)
    return sheet(day, rows, it.about)
