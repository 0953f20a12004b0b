"""One measured figure and its bound."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`value` must not exceed `bound`; a figure without a bound is for information."""

    name: str
    value: float
    bound: float | None = None

    @property
    def ok(self) -> bool:
        return self.bound is None or self.value <= self.bound

    def __str__(self) -> str:
        bound = "-" if self.bound is None else f"{self.bound:g}"
        return f"{self.name:44} {self.value:10.3f} {bound:>8}  {'ok' if self.ok else 'short'}"
