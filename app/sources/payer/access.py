"""Our token at one payer, by SMART Backend Services."""

from __future__ import annotations

from collections.abc import Callable

from app.sources.backend import Backend, Client, Key, TokenShare
from app.sources.connections import Connections
from app.sources.http import Limits
from app.sources.payer.entry import PayerEntry

__all__ = ["Access", "Key", "TokenShare"]


class Access(Backend):
    """`bearer` is the token callable of `Http`. `key_for` gives the signing key of an algorithm."""

    def __init__(
        self,
        entry: PayerEntry,
        *,
        key_for: Callable[[str], Key],
        connections: Connections,
        share: TokenShare | None = None,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(
            Client(entry.id, entry.base, entry.client_id, entry.asked_scopes, entry.assertion_alg, entry.token_url),
            key_for=key_for,
            connections=connections,
            share=share,
            limits=limits or Limits(total=entry.seconds),
        )
