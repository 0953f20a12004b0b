"""What scripts and tests ask of a sandbox payer beside the standards: faults, calls, tokens, who strayed, what was
sent to it, and its next run."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, abort, jsonify, request

from sandbox_config.control import control
from sandbox_config.payer.faults import FAULTS
from sandbox_config.payer.run import Verdict, received_page, run
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


@blueprint.post("/_chance")
def set_chance() -> Response:
    """`{"percent": 30, "seed": 1}`: so many of all calls fail: 503 or cut, before or after a write is stored."""
    asked = request.get_json()
    site().chance.set(float(asked["percent"]), asked.get("seed"))
    return jsonify({"percent": site().chance.percent})


@blueprint.get("/_remarks")
def remarks() -> Response:
    """Every remark that was stored, once each, and how often (`times`); `?report=` of one report."""
    wanted = request.args.get("report")
    return jsonify([each for each in site().kept.received() if wanted in (None, each["report"])])


@blueprint.get("/_submissions")
def submissions() -> Response:
    """All evidence that was taken, as it was sent, and how often it came."""
    kept = site().kept
    return jsonify([{**asdict(each), "times": kept.times[each.key]} for each in kept.submissions])


@blueprint.get("/_run")
def received() -> Response:
    """What was received, for people to look at, and a button for each verdict of the next run."""
    return Response(received_page(site().style.name, site().kept), mimetype="text/html")


@blueprint.post("/_run")
def next_run() -> Response:
    """The payer's next run: `{"verdict": "accept", "all": false}`; other verdicts in `run.py`. Or the page's button."""
    if request.form.get("verdict") in set(Verdict):
        run(site(), Verdict(request.form["verdict"]))
        return received()
    asked = request.get_json(silent=True) or {}
    verdict = asked.get("verdict", Verdict.ACCEPT)
    if verdict not in set(Verdict):
        abort(Response(f"a verdict is one of {', '.join(Verdict)}", 400, mimetype="text/plain"))
    return jsonify({"issued": run(site(), Verdict(verdict), everything=bool(asked.get("all")))})


@blueprint.delete("/_written")
def forget_written() -> Response:
    """As if nothing had ever been sent: every report is again what its story says."""
    site().kept.forget()
    return jsonify({})


@blueprint.delete("/_tokens")
def forget_tokens() -> Response:
    """Every access token is worthless from now on: the next read is answered 401."""
    site().tokens.forget()
    return jsonify({})
