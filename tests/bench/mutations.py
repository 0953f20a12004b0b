"""A hundred thousand broken payloads: an answer or a typed error each, never a silent loss (README, Speed)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure

sys.path.insert(0, str(Path(__file__).parent.parent / "sources"))  # its tests stand in no package
from sources_mutations import run

COUNT, SEED = 100_000, 2026


def measure() -> Iterator[Figure]:
    """Raises Lost, with the seed that repeats it, at the first payload that is lost or breaks a reader."""
    counts = run(COUNT, SEED)
    yield Figure("broken payloads read or refused", sum(counts.values()))
    for outcome, count in counts.most_common():
        yield Figure(f"  {outcome}", count)
