"""Settings and the EHR and payer entries, read once from TOML, frozen. Refuses unsafe values; a leaf.

The file named by `CHARTSIDE_SETTINGS` holds `[site]` and names further files with `[[ehr]]` and `[[payer]]` tables.
`${NAME}` and `${NAME:-default}` in a value are taken from the environment. A secret is never written in a file that is
read here: it is `{ env = "NAME" }` or `{ file = "path" }`, and only the named place holds it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}")
_SITE_KEYS = frozenset(
    {"name", "public_url", "database", "timezone", "sealing_keys", "digest_key", "client_keys", "entries",
     "workers", "threads", "host", "port", "log_level", "jobs"}
)  # fmt: skip
Table = Mapping[str, Any]


class ConfigError(Exception):
    """A setting that is missing or unsafe. The message names the setting, the file and what to write."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one site runs with. `ehrs` and `payers` are the entries' tables, secrets resolved, for the root to type."""

    name: str
    public_url: str  # scheme://host[:port][/path], no trailing slash; redirect_uri and JWKS are built from it
    database: str  # SQLAlchemy URL
    timezone: str  # IANA name: the clinic's day
    sealing_keys: tuple[str, ...] = field(repr=False)  # Fernet keys, newest first
    digest_key: str = field(repr=False)  # look-ups go by hashes keyed with this; never changes
    client_keys: Path = field(repr=False)  # private JWK set, newest key of each algorithm first
    ehrs: tuple[Table, ...] = field(repr=False)
    payers: tuple[Table, ...] = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    threads: int = 32
    log_level: str = "INFO"
    jobs: str = ""  # redis://…: where the queue of jobs is kept, when not beside the database

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the file named by `CHARTSIDE_SETTINGS`. Raises ConfigError."""
        environ = os.environ if environ is None else environ
        named = environ.get("CHARTSIDE_SETTINGS")
        if not named:
            raise ConfigError("CHARTSIDE_SETTINGS is not set: name the settings file, e.g. sandbox_config/local.toml")
        return cls.from_file(Path(named), environ)

    @classmethod
    def from_file(cls, path: Path, environ: Mapping[str, str]) -> Settings:
        """Read one settings file and the entry files it names. Raises ConfigError."""
        document = _read(path, environ)
        site: Table = document.get("site") or _missing("[site]", path)
        if unknown := set(site) - _SITE_KEYS:
            raise ConfigError(f"{path}: [site] has unknown settings: {', '.join(sorted(unknown))}")
        documents = [document, *(_read(path.parent / name, environ) for name in site.get("entries", ()))]
        database = str(site.get("database") or _missing("database", path))
        sealing = _secret(site.get("sealing_keys"), "sealing_keys", path, environ)
        return cls(
            name=str(site.get("name", "")),
            public_url=_public_url(str(site.get("public_url") or _missing("public_url", path))),
            database=database,
            timezone=_timezone(str(site.get("timezone") or _missing("timezone", path))),
            sealing_keys=_sealing_keys(sealing, path),
            digest_key=_long(_secret(site.get("digest_key"), "digest_key", path, environ), path),
            client_keys=_existing(site.get("client_keys"), "client_keys", path),
            ehrs=_entries(documents, "ehr", path, environ),
            payers=_entries(documents, "payer", path, environ),
            host=str(site.get("host", "127.0.0.1")),
            port=int(site.get("port", 8000)),
            workers=int(site.get("workers", 1)),
            threads=int(site.get("threads", 32)),
            log_level=str(site.get("log_level", "INFO")),
            jobs=str(site.get("jobs", "")),
        )


def _read(path: Path, environ: Mapping[str, str]) -> Table:
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as e:
        raise ConfigError(f"{path}: cannot be read ({e.strerror})") from e
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"{path}: not valid TOML: {e}") from e
    return _expand(document, path, environ)  # type: ignore[no-any-return] # a TOML document is a table


def _expand(value: Any, path: Path, environ: Mapping[str, str]) -> Any:
    """Replace `${NAME}` in every string of a TOML value."""

    def variable(match: re.Match[str]) -> str:
        found = environ.get(match[1], match[2])
        if found is None:
            raise ConfigError(f"{path}: ${{{match[1]}}} is used but that variable is not set")
        return found

    if isinstance(value, str):
        return _VARIABLE.sub(variable, value)
    if isinstance(value, list):
        return [_expand(item, path, environ) for item in value]
    if isinstance(value, dict):
        return {key: _expand(item, path, environ) for key, item in value.items()}
    return value


def _entries(documents: Iterable[Table], kind: str, path: Path, environ: Mapping[str, str]) -> tuple[Table, ...]:
    """All `[[kind]]` tables, each with its `client_secret` resolved; two entries with one id are refused."""
    entries: dict[str, Table] = {}
    for document in documents:
        for table in document.get(kind, ()):
            name = str(table.get("id") or _missing(f"id of a [[{kind}]]", path))
            if name in entries:
                raise ConfigError(f"{path}: two [[{kind}]] entries are called {name!r}")
            entry = {**_like(table, entries, path), **table}
            entry.pop("like", None)
            if "client_secret" in table:  # one that came by `like` is resolved already
                entry["client_secret"] = _secret(entry["client_secret"], f"client_secret of {name}", path, environ)
            entries[name] = entry
    return tuple(entries.values())


def _like(table: Table, entries: Mapping[str, Table], path: Path) -> Table:
    """The entry that this one repeats but for what it states itself: the sites of one vendor, say."""
    like = table.get("like")
    if like is not None and like not in entries:
        raise ConfigError(f"{path}: {table['id']} is like {like!r}, which does not stand above it")
    return entries[like] if like else {}


def _secret(place: Any, name: str, path: Path, environ: Mapping[str, str]) -> str:
    match place:
        case {"env": str(variable)} if len(place) == 1:
            if value := environ.get(variable, "").strip():
                return value
            raise ConfigError(f"{path}: {name} is to come from the variable {variable}, which is not set")
        case {"file": str(filename)} if len(place) == 1:
            try:
                if value := Path(filename).read_text(encoding="utf-8").strip():
                    return value
            except OSError as e:
                raise ConfigError(f"{path}: {name}: {filename} cannot be read ({e.strerror})") from e
            raise ConfigError(f"{path}: {name}: {filename} is empty")
        case None:
            raise ConfigError(f"{path}: {name} is missing")
        case _:
            raise ConfigError(
                f'{path}: {name} must be {{ env = "NAME" }} or {{ file = "path" }}, not the secret itself'
            )


def _sealing_keys(text: str, path: Path) -> tuple[str, ...]:
    keys = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not all(re.fullmatch(r"[A-Za-z0-9_-]{43}=", key) for key in keys):
        raise ConfigError(f"{path}: sealing_keys must be Fernet keys, one a line (make one: python -m app keys DIR)")
    return keys


def _long(key: str, path: Path) -> str:
    if len(key) < 32:
        raise ConfigError(f"{path}: digest_key must have at least 32 characters (make one: python -m app keys DIR)")
    return key


def _existing(place: Any, name: str, path: Path) -> Path:
    match place:
        case {"file": str(filename)} if Path(filename).is_file():
            return Path(filename)
        case {"file": str(filename)}:
            raise ConfigError(f"{path}: {name}: {filename} does not exist (make it: python -m app keys DIR)")
        case _:
            raise ConfigError(f'{path}: {name} must be {{ file = "path" }}')


def _public_url(url: str) -> str:
    parts = urlsplit(url)
    local = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ConfigError("public_url must be https (http only on loopback): EHRs and browsers refuse the rest")
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ConfigError("public_url must be scheme://host[:port][/path] and nothing more")
    return url.rstrip("/")


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as e:
        raise ConfigError(f"timezone {name!r} is not an IANA time zone, e.g. America/Chicago") from e
    return name


def _missing(name: str, path: Path) -> Any:
    raise ConfigError(f"{path}: {name} is missing")
