"""What the root hands to the screens, and how a view finds it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from cryptography.fernet import MultiFernet
from flask import Flask, current_app

from app.actions import Actions
from app.ahead import Ahead
from app.core.conditions.model import Models
from app.core.measures import Registry
from app.core.roles import RoleRow
from app.core.schedule.entry import ProviderRow
from app.gather import Gathering
from app.health import Listed, Site
from app.huddle import Huddle
from app.remember import Remembering
from app.web.present.ids import Ids


@dataclass(frozen=True)
class Parts:
    """Everything a view may use. `timezones`, `role_rows` and `restriction_kinds` are by EHR entry id."""

    gathering: Gathering
    remembering: Remembering  # what changed since a patient was last opened
    clock: Callable[[], datetime]
    public_url: str
    timezones: Mapping[str, str]
    role_rows: Mapping[str, tuple[RoleRow, ...]]
    payer_names: Mapping[str, str]
    alive: Callable[[], bool]  # the database answers
    site: Callable[[], Site]  # how everything is doing, for the operator
    listed: tuple[Listed, ...]  # every source of the settings
    actions: Actions
    models: Models  # the risk models that we have tables of
    registry: Callable[[], Registry]  # the measures, with the code lists that the practice has imported
    restriction_kinds: Mapping[str, tuple[str, ...]]  # in which resources each EHR keeps restrictions on disclosure
    digest: Callable[[str], str]  # the keyed hash, hexadecimal
    providers: Mapping[str, tuple[ProviderRow, ...]]  # by EHR entry id: whose days others may open
    huddle: Huddle
    ahead: Ahead
    sealing: MultiFernet  # for what an address has to hold and nobody may read in it

    def zone(self, ehr: str) -> ZoneInfo:
        """The clinic's zone at one EHR."""
        return ZoneInfo(self.timezones[ehr])

    def ids(self, handle: str) -> Ids:
        """The ids of one launch's items: nobody without the key can compute them."""
        return Ids(lambda about: self.digest(json.dumps(["screen-id", handle, about])))


def parts(app: Flask | None = None) -> Parts:
    found: Parts = (app or current_app).extensions["chartside"]
    return found
