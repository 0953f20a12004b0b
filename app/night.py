"""The root's part for the jobs: no web, no launches. The EHR is asked with our own token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app import now, open_store, quiet_loggers, session_factory
from app.codes import PracticeCodes
from app.core.measures import RULES, Registry
from app.deliver import Access, Delivery, Following, Leaving, Permitted
from app.entries import ehr_entries, measure_names, payer_entries, provider_rows
from app.outside import outside
from app.prefetch import Discreet, Entry, Prefetching
from app.sources import ehr as ehr_source
from app.sources.backend import Client
from app.sources.pools import Rank
from app.sources.turns import Turn
from app.store import Store, refuse_in_transaction
from launch.keys import ClientKeys

if TYPE_CHECKING:
    from app.config import Settings
    from app.core.answers import Answer
    from app.core.schedule.appointment import DayAsk, Schedule
    from launch import Ehr


@dataclass(frozen=True, slots=True)
class Night:
    """The jobs of one process. `close` ends its threads."""

    prefetching: Prefetching
    leaving: Leaving
    store: Store
    close: Callable[[], None]


def create_prefetching(
    settings: Settings, *, clock: Callable[[], datetime] = now
) -> tuple[Prefetching, Store, Callable[[], None]]:
    """The night's work of one site, its database, and what ends its threads. Raises as `create_night`."""
    night = create_night(settings, clock=clock)
    return night.prefetching, night.store, night.close


def create_night(settings: Settings, *, clock: Callable[[], datetime] = now) -> Night:
    """What the jobs of one site work with. Raises ConfigError, launch.ConfigurationError, StoreError."""
    quiet_loggers()
    store = open_store(settings, clock)
    keys = ClientKeys.load({"client_keys": settings.client_keys})
    ehrs, payers = ehr_entries(settings), payer_entries(settings)
    entries = {
        ehr.id: Entry(
            ehr.id,
            ehr.name,
            ehr.issuer,
            ehr.timezone,
            ehr.prefetch,
            ehr.prefetch.providers or tuple(row.ref for row in provider_rows(ehr)),
            ehr.restrictions,
        )
        for ehr in ehrs
        if ehr.prefetch and ehr.issuer  # a pattern stands for many EHRs, and a night asks one
    }
    others = outside(store, ehrs, payers, keys, clock, session_factory(refuse_in_transaction))

    def system(ehr: Ehr) -> ehr_source.Ehr:
        ours = ehr.prefetch
        client = Client(
            f"{ehr.id}-system",
            ehr.issuer,
            ours.client_id,
            ours.scopes or tuple(sorted(entries[ehr.id].scopes)),
            ours.assertion_alg,
        )
        bearer = others.backend(client).bearer
        return ehr_source.Ehr(ehr, ehr.issuer, bearer, connections=others.connections, granted=entries[ehr.id].scopes)

    asked = {ehr.id: system(ehr) for ehr in ehrs if ehr.id in entries}

    def schedule(ehr: str, ask: DayAsk) -> Answer[Schedule]:
        with Turn(Rank.PREFETCH):
            return asked[ehr].schedule(ask)

    registry = PracticeCodes(store, clock, Registry(RULES, measure_names(payers))).registry
    gathering = others.gathering(
        lambda opening: asked[opening.ehr], Rank.PREFETCH, payer=lambda payer: Discreet(payer, registry)
    )
    prefetching = Prefetching(store, gathering, schedule, entries, clock)
    access = {
        entry.issuer: Access(entry.id, entry.timezone, entry.restrictions, asked[entry.id])
        for entry in entries.values()
    }
    leaving = Leaving(
        others.closing(),
        Delivery(store, others.payers, others.process),
        Following(store, others.payers, Permitted(store, access, others.rows, clock).payers, others.process),
    )

    def close() -> None:
        leaving.close()
        others.close(gathering)

    return Night(prefetching, leaving, store, close)
