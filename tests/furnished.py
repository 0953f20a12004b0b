"""What a site has before it starts: secrets, and a migrated database. Each is made once for all tests of a process."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from app.__main__ import main as command
from app.store.engine import connect
from app.store.migrations import migrate

NAME = "empty.sqlite3"


@cache
def _secrets() -> dict[str, bytes]:
    """What `keys` makes, once for all houses of a process: an RSA key takes longer than all else of a house."""
    with tempfile.TemporaryDirectory() as folder:
        command(["keys", folder])
        return {each.name: each.read_bytes() for each in Path(folder).iterdir()}


@cache
def _empty() -> bytes:
    """What migrating makes, once for all houses of a process."""
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/{NAME}")
        migrate(engine)
        engine.dispose()
        return Path(folder, NAME).read_bytes()


def write_database(path: Path) -> None:
    """One with all migrations and nothing else, readable by us alone."""
    path.touch(mode=0o600)
    path.write_bytes(_empty())


def write_secrets(folder: Path) -> Path:
    """What `keys` makes, in a folder that is made for it."""
    folder.mkdir(exist_ok=True)
    for name, content in _secrets().items():
        (folder / name).write_bytes(content)
    return folder
