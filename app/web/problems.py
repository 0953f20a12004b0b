"""Errors to pages: one table for all of them. A fragment gets only the part that replaces the panel."""

from __future__ import annotations

import logging

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.core import fault
from app.errors import ChartsideError, NoDatabase, NotFound
from app.web import gate
from launch import LaunchError

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Hook the handlers in. In tests (TESTING) an unforeseen exception still propagates."""
    app.register_error_handler(ChartsideError, _ours)
    app.register_error_handler(LaunchError, _launch)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def _ours(error: ChartsideError) -> ResponseReturnValue:
    return _page(error.title, error.advice, "", error.status)


def _launch(error: LaunchError) -> ResponseReturnValue:
    return _page(error.title, error.advice, error.code, error.status)


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status == NotFound.status:
        return _page(NotFound.title, NotFound.advice, "", status)
    return _page(ChartsideError.title, ChartsideError.advice, str(status), status)


def no_database(error: Exception) -> ResponseReturnValue:
    """The root hooks this in for what the store raises: it passes, and a load balancer may try another machine."""
    log.error("no database: %s", fault.told(error))
    drawn, status = _page(NoDatabase.title, NoDatabase.advice, "", NoDatabase.status)
    return drawn, status, {"Retry-After": "5"}


def _unforeseen(error: Exception) -> ResponseReturnValue:
    log.error("unforeseen %s", fault.told(error))
    return _page(ChartsideError.title, ChartsideError.advice, "unforeseen", 500)


def _page(title: str, advice: str, code: str, status: int) -> tuple[str, int]:
    template = "_problem.html" if gate.is_fragment() else "error.html"
    return render_template(template, title=title, advice=advice, code=code), status
