"""What the root hands to the screens, and how a view finds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, current_app

from app.core.roles import RoleRow
from app.gather import Gathering


@dataclass(frozen=True)
class Parts:
    """Everything a view may use. `timezones` and `role_rows` are by EHR entry id."""

    gathering: Gathering
    clock: Callable[[], datetime]
    public_url: str
    timezones: Mapping[str, str]
    role_rows: Mapping[str, tuple[RoleRow, ...]]
    payer_names: Mapping[str, str]
    alive: Callable[[], bool]  # the database answers


def parts(app: Flask | None = None) -> Parts:
    found: Parts = (app or current_app).extensions["chartside"]
    return found
