"""What the root hands to the screens, and how a view finds it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from cryptography.fernet import MultiFernet
from flask import Flask, current_app

from app.actions import Actions
from app.actions.audit_desk import AuditDesk
from app.actions.lists import Lists
from app.actions.ordering import Ordering
from app.actions.recording import Recording
from app.actions.sending import Sending
from app.ahead import Ahead
from app.core.conditions.model import Models
from app.core.ledger.practice import Practice
from app.core.measures import Registry
from app.core.roles import RoleRow
from app.core.schedule.entry import ProviderRow
from app.deliver import Visiting
from app.deliver.ehr import EhrWriting
from app.gather import Gathering
from app.health import Listed, Site
from app.huddle import Huddle
from app.remember import Remembering
from app.web.built import Lately
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
    lists: Lists  # over all patients of an EHR
    audit_desk: AuditDesk
    visiting: Visiting  # what a look at a panel means for what leaves
    nudge: Callable[[], None]  # something has been committed that may leave now
    recording: Recording  # what is said about the items of a panel
    practices: Mapping[str, Practice]  # by EHR entry id: who stands behind what its users say
    silent: frozenset[str]  # payers whose entry takes no remarks
    sending: Sending  # evidence for payers
    ordering: Ordering  # drafts for the EHR
    ehr_writing: EhrWriting
    sensitive: Mapping[str, str]  # by EHR entry id: whether sensitive evidence may leave (`core.ledger.practice`)
    lately: Lately = field(default_factory=Lately)  # what was built of the answers of a launch

    def zone(self, ehr: str) -> ZoneInfo:
        """The clinic's zone at one EHR."""
        return ZoneInfo(self.timezones[ehr])

    def ids(self, handle: str) -> Ids:
        """The ids of one launch's items: nobody without the key can compute them."""
        return Ids(lambda about: self.digest(json.dumps(["screen-id", handle, about])))


def parts(app: Flask | None = None) -> Parts:
    found: Parts = (app or current_app).extensions["chartside"]
    return found
