"""The composition root: the only module that knows every part.

Imports stay inside functions, or `import app.core` would load Flask, Authlib and fhirclient.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask

    from app.config import Settings
    from app.core.roles import RoleRow
    from app.store import Store


def now() -> datetime:
    """The clock of production: aware, UTC."""
    return datetime.now(UTC)


def open_store(settings: Settings, clock: Callable[[], datetime] = now) -> Store:
    """The site's database. Raises StoreError when it is newer than this release."""
    import hashlib
    import hmac

    from cryptography.fernet import Fernet, MultiFernet

    from app.store import Store

    key = settings.digest_key.encode()
    return Store.open(
        settings.database,
        seal=MultiFernet([Fernet(sealing) for sealing in settings.sealing_keys]),
        digest=lambda text: hmac.new(key, text.encode(), hashlib.sha256).hexdigest(),
        clock=clock,
    )


def create_app(settings: Settings | None = None, *, clock: Callable[[], datetime] = now) -> Flask:
    """The WSGI app of one site. Reads the settings from the environment when none are given.

    Migrates nothing (`python -m app migrate`). Raises ConfigError, launch.ConfigurationError or StoreError.
    """
    from dataclasses import replace
    from pathlib import Path

    from flask import Flask

    import launch
    from app import web
    from app.config import Settings
    from app.core.asking import PayerRow
    from app.gather import Gathering
    from app.sources.connections import Connections
    from app.sources.ehr import Ehr
    from app.sources.pools import Pools
    from app.store import refuse_in_transaction
    from app.store.launches import SqlLaunchStore
    from launch.keys import ClientKeys

    settings = settings or Settings.from_env()
    _quiet_loggers()
    app = Flask(__name__, template_folder=str(Path(__file__).parent.parent / "templates"))
    raise NotImplementedError
