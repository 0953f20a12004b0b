"""The screens: gate, present, and one module per surface. Core in, HTML out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.web.parts import Parts


def register(app: Flask, parts: Parts) -> None:
    """Add every screen, the checks before and the headers after each request, and the error pages."""
    from jinja2 import StrictUndefined

    from app.web import (
        acting,
        ahead,
        audit,
        compliance,
        encounter,
        follow_ups,
        gate,
        huddle,
        opening,
        operator,
        orders,
        paper,
        privacy,
        problems,
        sending,
        sent,
        why,
    )

    app.extensions["chartside"] = parts
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    gate.register(app, parts.public_url)
    problems.register(app)
    app.register_blueprint(encounter.blueprint)
    app.register_blueprint(acting.blueprint)
    app.register_blueprint(why.blueprint)
    app.register_blueprint(huddle.blueprint)
    app.register_blueprint(opening.blueprint)
    app.register_blueprint(paper.blueprint)
    app.register_blueprint(ahead.blueprint)
    app.register_blueprint(operator.blueprint)
    app.register_blueprint(privacy.blueprint)
    app.register_blueprint(sent.blueprint)
    app.register_blueprint(follow_ups.blueprint)
    app.register_blueprint(audit.blueprint)
    app.register_blueprint(compliance.blueprint)
    app.register_blueprint(sending.blueprint)
    app.register_blueprint(orders.blueprint)
    app.add_url_rule("/healthz", "healthz", health)


def health() -> tuple[dict[str, bool], int]:
    """For load balancers: 200 while the database answers. Says nothing else."""
    from app.web.parts import parts

    alive = parts().alive()
    return {"ok": alive}, 200 if alive else 503
