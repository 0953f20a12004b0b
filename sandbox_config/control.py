"""What scripts and tests ask of every sandbox server beside the standards: its faults, and who strayed.

From this machine only. EHR and payers add what only they have. A browser gets the faults as a page with boxes to tick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from ipaddress import ip_address
from typing import Any, Protocol

from flask import Blueprint, Response, abort, jsonify, request

from sandbox_config.switches import Switches, UnknownFault


class Controlled(Protocol):
    """A running server: its switches, the delay (seconds) before each answer, calls that followed a hostile link."""

    delay: float
    strayed: list[dict[str, Any]]

    @property
    def switches(self) -> Switches: ...


def control(site: Callable[[], Controlled], known: Iterable[Mapping[str, str]]) -> Blueprint:
    """The blueprint. `site` gives the server that answers; `known` are the rows of its table of faults.

    A row that `needs` a place (`type-403:Observation`) is for scripts.
    """
    blueprint = Blueprint("control", __name__)
    table = [dict(row) for row in known]
    boxes = [row for row in table if not row.get("needs")]

    @blueprint.before_request
    def loopback_only() -> None:
        if not ip_address(request.remote_addr or "0.0.0.0").is_loopback:
            abort(403)

    @blueprint.get("/_faults")
    def faults() -> Response:
        if request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html":
            return Response(_page(boxes, site().switches.on), mimetype="text/html")
        return jsonify({"on": sorted(site().switches.on), "delay_ms": round(site().delay * 1000), "known": table})

    @blueprint.post("/_faults")
    def switch() -> Response:
        """`{"add": [...], "remove": [...], "delay_ms": 150}`, or the page's boxes."""
        wanted: dict[str, Any] = (
            _ticked(boxes, site().switches.on) if request.form or not request.is_json else request.get_json()
        )
        try:
            site().switches.change(add=wanted.get("add", ()), remove=wanted.get("remove", ()))
        except UnknownFault as e:
            abort(Response(str(e), 400, mimetype="text/plain"))
        if "delay_ms" in wanted:
            site().delay = max(0.0, float(wanted["delay_ms"]) / 1000)
        return faults()

    @blueprint.get("/_stray/<path:what>")
    def stray(what: str) -> Response:
        """Where hostile links lead. Notes that somebody came, and whether they brought a token; never the token."""
        site().strayed.append({"path": what, "authorization": "Authorization" in request.headers})
        return jsonify({"resourceType": "Bundle", "type": "searchset", "link": [], "entry": []})

    @blueprint.get("/_strayed")
    def strayed() -> Response:
        return jsonify(site().strayed)

    return blueprint


def _ticked(boxes: Sequence[Mapping[str, str]], on: frozenset[str]) -> dict[str, Any]:
    """What the page's boxes ask for; what a script has confined to one place stays as it is."""
    ticked, names = set(request.form.getlist("on")), {row["name"] for row in boxes}
    return {"add": sorted(names & ticked), "remove": sorted((names & on) - ticked)}


def _page(boxes: Sequence[Mapping[str, str]], on: frozenset[str]) -> str:
    """One box a fault. Confined ones (`html:Observation`) are for scripts."""
    rows = "".join(
        f'<p><label><input type="checkbox" name="on" value="{escape(row["name"])}"'
        f"{' checked' if row['name'] in on else ''}> <b>{escape(row['name'])}</b>: {escape(row['what'])}</label>"
        for row in boxes
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Faults</title>'
        f'<h1>What goes wrong here, for everybody</h1><form method="post" action="/_faults">{rows}'
        "<p><button>Switch</button></form></html>"
    )
