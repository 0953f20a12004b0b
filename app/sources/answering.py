"""The edge of every adapter: a question that meets trouble becomes an `Unknown`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from app.core.answers import Answer, Known
from app.sources.errors import SourceError

T = TypeVar("T")


def answer(source: str, ask: Callable[[], Known[T]]) -> Answer[T]:
    """What `ask` found, or why there is no answer."""
    try:
        return ask()
    except SourceError as trouble:
        return trouble.unknown(source)
