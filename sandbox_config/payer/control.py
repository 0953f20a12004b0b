"""What scripts and tests ask of a sandbox payer beside the standards: faults, calls, tokens, and who strayed."""

from __future__ import annotations

from flask import Response, jsonify

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


@blueprint.delete("/_tokens")
def forget_tokens() -> Response:
    """Every access token is worthless from now on: the next read is answered 401."""
    site().tokens.forget()
    return jsonify({})
