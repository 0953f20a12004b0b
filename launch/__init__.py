"""SMART App Launch 2.2 for a Flask app: from an EHR's launch to a context under a handle, and tokens to read with.

Knows nothing of the app that it stands in; that app hands it `Settings`:

    launches = launch.init_app(app, launch.Settings(registry=…, store=…, …))

In a request: `launch.current(handle)`, `launch.open_for(handle, patient)`, `launch.end(handle)`, `launch.registry()`.
For work outside one, take `bearer` and `read` of the object that `init_app` returned. Pages come from
`templates/launch/{problem,new_window,cookies}.html`; `flask.g.frame_ancestors` tells the app's header hook who may
frame the answer.

Importing this package loads no Flask, Authlib or joserfc; that happens on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from launch.context import Launch
from launch.errors import (
    ConfigurationError,
    LaunchError,
    LaunchExpired,
    NotLaunched,
    NotYours,
    OnlyThisChart,
    PatientChanged,
    RefreshUnavailable,
    SignedOut,
)
from launch.registry import Ehr, Registry
from launch.scopes import covers
from launch.store import LaunchStore

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.wrappers import Response

    from launch.keys import ClientKeys
    from launch.launches import Launches
    from launch.settings import Settings
    from launch.tokens import Bearer

__all__ = [
    "ClientKeys",
    "ConfigurationError",
    "Ehr",
    "Launch",
    "LaunchError",
    "LaunchExpired",
    "LaunchStore",
    "Launches",
    "NotLaunched",
    "NotYours",
    "OnlyThisChart",
    "PatientChanged",
    "RefreshUnavailable",
    "Registry",
    "Settings",
    "SignedOut",
    "bearer",
    "covers",
    "current",
    "end",
    "init_app",
    "open_for",
    "opens_others",
    "read",
    "registry",
]

_HEAVY = {"ClientKeys": "launch.keys", "Launches": "launch.launches", "Settings": "launch.settings"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HEAVY:
        return getattr(import_module(_HEAVY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def init_app(app: Flask, settings: Settings) -> Launches:
    """Add the launch routes to `app`."""
    from launch.launches import Launches
    from launch.routes import blueprint

    app.extensions["launch"] = launches = Launches(settings)
    app.register_blueprint(blueprint)
    return launches


def current(handle: str, *, awake: bool = True) -> Launch:
    """The launch of this request's browser under `handle`; raises NotLaunched, NotYours or LaunchExpired.

    `awake` False: a page asks by itself, so that this is no sign of somebody in front of it.
    """
    from flask import request

    from launch.cookies import LAUNCH
    from launch.routes import launches

    return launches().current(handle, request.cookies.get(LAUNCH), awake=awake)


def bearer(handle: str) -> Bearer:
    """The access token of a launch as `callable(force)`; made in an app context, callable in any thread."""
    from launch.routes import launches

    return launches().bearer(handle)


def read(handle: str) -> Launch | None:
    """The launch under `handle` without asking whose browser it is and without keeping it awake."""
    from launch.routes import launches

    return launches().read(handle)


def opens_others(of: Launch) -> bool:
    """Whether a launch may open other patients than the one whose chart is open in the EHR (`open_for`)."""
    from launch import deriving

    return deriving.opens_others(of.scopes)


def open_for(
    handle: str, patient: str, *, encounter: str | None = None, appointment: str | None = None, back: str = ""
) -> Response:
    """Send this browser to a launch of its own for another patient, opened from the one under `handle`: own handle,
    cookie and answers; the parent's tokens; it ends with its parent. All three are FHIR ids; whether the user may see
    that patient is for the caller to know. `back` is handed on as `Launch.back`.

    Raises OnlyThisChart where the EHR granted no scope beyond its own patient, and whatever `current` raises.
    """
    from flask import request

    from launch.cookies import BROWSER, LAUNCH
    from launch.routes import entered, launches

    cookie, browser = request.cookies.get(LAUNCH), request.cookies.get(BROWSER, "")
    whom = {"patient": patient, "encounter": encounter, "appointment": appointment, "back": back}
    return entered(launches().open_for(handle, cookie, browser, **whom))  # type: ignore[arg-type] # by name


def end(handle: str) -> tuple[str, ...]:
    """End a launch with all that was opened from it, and revoke its tokens where the EHR offers that; their pages then
    say LaunchExpired. The handles that have ended.
    """
    from launch.routes import launches

    return launches().end(handle)


def registry() -> Registry:
    """The registered EHRs. (The module of that name stays importable as `from launch.registry import …`.)"""
    from launch.routes import launches

    return launches().settings.registry
