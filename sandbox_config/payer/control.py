"""What scripts and tests ask of a sandbox payer beside the standards: faults, calls, tokens, and who strayed."""

from __future__ import annotations

from flask import Response, jsonify, request

from sandbox_config.control import control
from sandbox_config.payer.faults import FAULTS
from sandbox_config.payer.site import site

blueprint = control(site, ({"name": name, "what": what} for name, what in FAULTS.items()))


@blueprint.get("/_calls")
def calls() -> Response:
    return jsonify(site().journal.told())


@blueprint.delete("/_calls")
def forget_calls() -> Response:
    site().journal.clear()
    site().strayed.clear()
    return calls()


@blueprint.post("/_rate")
def set_rate() -> Response:
    """`{"per_minute": 600}`: above that every call is answered 429 with Retry-After; 0: no limit."""
    site().rate.per_minute = int(request.get_json()["per_minute"])
    return jsonify({"per_minute": site().rate.per_minute})


@blueprint.delete("/_tokens")
def forget_tokens() -> Response:
    """Every access token is worthless from now on: the next read is answered 401."""
    site().tokens.forget()
    return jsonify({})
