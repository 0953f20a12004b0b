"""SMART App Launch 2.2 for a Flask app: from an EHR's launch to a context under a handle, and tokens to read with.

Knows nothing of the app that it stands in; that app hands it `Settings`:

    launches = launch.init_app(app, launch.Settings(registry=…, store=…, …))

In a request: `launch.current(handle)`, `launch.end(handle)`, `launch.registry()`. For work outside one, take `bearer`
and `read` of the object that `init_app` returned. Pages come from `templates/launch/{problem,new_window,cookies}.html`;
`flask.g.frame_ancestors` tells the app's header hook who may frame the answer.

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
    PatientChanged,
    RefreshUnavailable,
    SignedOut,
)
from launch.registry import Ehr, Registry
from launch.scopes import covers
from launch.store import LaunchStore

if TYPE_CHECKING:
    from flask import Flask

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


def current(handle: str) -> Launch:
    """The launch of this request's browser under `handle`; raises NotLaunched, NotYours or LaunchExpired."""
    from flask import request

    from launch.cookies import LAUNCH
    from launch.routes import launches

    return launches().current(handle, request.cookies.get(LAUNCH))


def bearer(handle: str) -> Bearer:
    """The access token of a launch as `callable(force)`; made in an app context, callable in any thread."""
    from launch.routes import launches

    return launches().bearer(handle)


def read(handle: str) -> Launch | None:
    """The launch under `handle` without asking whose browser it is and without keeping it awake."""
    from launch.routes import launches

    return launches().read(handle)


def end(handle: str) -> None:
    """End a launch and revoke its tokens where the EHR offers that; its pages then say LaunchExpired."""
    from launch.routes import launches

    launches().end(handle)


def registry() -> Registry:
    """The registered EHRs. (The module of that name stays importable as `from launch.registry import …`.)"""
    from launch.routes import launches

    return launches().settings.registry
