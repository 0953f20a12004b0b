"""What the root hands to launch: everything that touches the world outside comes in here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import requests
from cryptography.fernet import MultiFernet

from launch.context import Launch
from launch.errors import ConfigurationError
from launch.keys import ClientKeys
from launch.registry import Registry, is_safe_endpoint, origin_of
from launch.store import LaunchStore


def in_background(task: Callable[[], None]) -> None:
    """Run a task that nobody waits for, such as revoking the tokens of a launch that was ended by another."""
    threading.Thread(target=task, name="launch-background", daemon=True).start()


@dataclass(frozen=True)
class Settings:
    """`clock` gives aware UTC times; `http` a fresh guarded session; `digest` a keyed hash for look-ups.

    `launched` is called once a launch is stored and before the browser is sent to it; if it raises, there is no launch.
    `landing` says which page below the launch's own address the browser is sent to; empty: that address.
    """

    registry: Registry
    store: LaunchStore
    seal: MultiFernet = field(repr=False)
    digest: Callable[[str], str] = field(repr=False)
    keys: ClientKeys
    public_url: str
    clock: Callable[[], datetime]
    http: Callable[[], requests.Session]
    launched: Callable[[Launch], None] = lambda _: None
    background: Callable[[Callable[[], None]], None] = in_background
    landing: Callable[[Launch], str] = lambda _: ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.public_url)
        if not is_safe_endpoint(self.public_url) or parts.query or self.public_url.endswith("/"):
            raise ConfigurationError("public_url must be https (http only on loopback), without a trailing slash")
        for ehr in self.registry:
            if ehr.auth == "private_key_jwt" and not self.keys.can_sign(ehr.assertion_alg):
                raise ConfigurationError(f"EHR entry {ehr.id!r}: no client key for {ehr.assertion_alg}")

    @property
    def redirect_uri(self) -> str:
        """One for all EHRs; `state` and the pending record say which one is answering."""
        return f"{self.public_url}/callback"

    @property
    def path(self) -> str:
        """The path under which a proxy shows us, for cookies; usually empty."""
        return urlsplit(self.public_url).path

    @property
    def origin(self) -> str:
        return origin_of(self.public_url)
