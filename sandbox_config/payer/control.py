"""What scripts and tests ask of a sandbox payer beside the standards: faults, calls, tokens, and who strayed.

From this machine only. The shapes are those of the sandbox EHR's.
"""

from __future__ import annotations

from ipaddress import ip_address

from flask import Blueprint, Response, abort, jsonify, request

from sandbox_config.payer.faults import FAULTS, UnknownFault
from sandbox_config.payer.site import site

blueprint = Blueprint("control", __name__)


@blueprint.before_request
def _loopback_only() -> None:
    if not ip_address(request.remote_addr or "0.0.0.0").is_loopback:
        abort(403)


@blueprint.get("/_faults")
def faults() -> Response:
    known = [{"name": name, "what": what} for name, what in FAULTS.items()]
    return jsonify({"on": sorted(site().switches.on), "delay_ms": round(site().delay * 1000), "known": known})


@blueprint.post("/_faults")
def switch_faults() -> Response:
    """`{"add": [...], "remove": [...], "delay_ms": 150}`; a name may be confined: `html:care-gaps`."""
    wanted = request.get_json()
    try:
        site().switches.change(add=wanted.get("add", ()), remove=wanted.get("remove", ()))
    except UnknownFault as e:
        abort(Response(str(e), 400, mimetype="text/plain"))
    if "delay_ms" in wanted:
        site().delay = max(0.0, float(wanted["delay_ms"]) / 1000)
    return faults()


@blueprint.get("/_calls")
def calls() -> Response:
    return jsonify(site().journal.told())


@blueprint.delete("/_calls")
def forget_calls() -> Response:
    site().journal.clear()
    site().strayed.clear()
    return calls()


@blueprint.delete("/_tokens")
def forget_tokens() -> Response:
    """Every access token is worthless from now on: the next read is answered 401."""
    site().tokens.forget()
    return jsonify({})


@blueprint.get("/_stray/<path:what>")
def stray(what: str) -> Response:
    """Where hostile links lead. Notes that somebody came, and whether they brought a token; never the token."""
    site().strayed.append({"path": what, "authorization": "Authorization" in request.headers})
    return jsonify({"resourceType": "Bundle", "type": "searchset", "link": [], "entry": []})


@blueprint.get("/_strayed")
def strayed() -> Response:
    return jsonify(site().strayed)
