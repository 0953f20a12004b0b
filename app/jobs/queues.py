"""Where the nudges wait: a file beside an SQLite database, tables in PostgreSQL, or Redis where the site names one."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from huey import Huey
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import PostgresStorage, RedisStorage, SqliteStorage
from sqlalchemy import make_url

from app.config import ConfigError

NAME = "chartside"
Queue: TypeAlias = Huey


class Plain(Serializer):  # type: ignore[misc] # huey ships no types
    """A task as JSON. Huey's own pickles would run whatever somebody wrote into the queue."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps([data.id, data.name, data.args]).encode()

    def _deserialize(self, data: Any) -> Any:
        name, task, args = json.loads(bytes(data))
        return Message(name, task, retries=0, retry_delay=0, args=tuple(args), kwargs={})


def queue(database: str, redis: str = "") -> Queue:
    """The queue of a site. `redis`: a URL, where it shall wait there. Raises ConfigError."""
    options: dict[str, Any] = {"results": False, "utc": True, "serializer": Plain()}
    if redis:
        try:
            return Huey(NAME, storage_class=RedisStorage, url=redis, **options)
        except Exception as e:  # without redis-py, huey's classes are there and fail in ways of their own
            raise ConfigError(f"jobs: a queue in Redis needs the package redis, and its address: {e}") from e
    target = make_url(database)
    if target.get_backend_name() != "sqlite":
        dsn = target.set(drivername="postgresql").render_as_string(hide_password=False)
        return Huey(NAME, storage_class=PostgresStorage, dsn=dsn, table_prefix="chartside_jobs", **options)
    file = Path(str(target.database)).with_suffix(".jobs.sqlite3")
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))
    return Huey(NAME, storage_class=SqliteStorage, filename=str(file), **options)
