"""`make bench`: one figure a line as `name  value  bound  ok|short`; exits 1 when one is short. `ARGS=name` for one.

`make bench-long` runs what takes longer than anybody waits for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

from tests.bench import action, browser_bytes, cpu, launches, morning, outbox, prefetch, shell, users
from tests.bench.figure import Figure

BENCHES: dict[str, Callable[[], Iterator[Figure]]] = {
    "launch": launches.measure,
    "morning": morning.measure,
    "shell": shell.measure,
    "action": action.measure,
    "outbox": outbox.measure,
    "cpu": cpu.measure,
    "users": users.measure,
    "bytes": browser_bytes.measure,
    "prefetch": prefetch.measure,
}


def _mutations() -> Iterator[Figure]:
    from tests.bench import mutations

    yield from mutations.measure()


LONG: dict[str, Callable[[], Iterator[Figure]]] = {"mutations": _mutations, "prefetch": prefetch.measure_long}


def main(given: Sequence[str]) -> int:
    """Run the named benches, or all. Returns the exit code."""
    only = [name for name in given if name != "--long"]
    benches = LONG if "--long" in given else BENCHES
    if unknown := set(only) - set(benches):
        print(f"no bench is called {', '.join(sorted(unknown))}; there are: {', '.join(benches)}", file=sys.stderr)
        return 2
    short = False
    for name, bench in benches.items():
        if not only or name in only:
            for figure in bench():
                print(figure, flush=True)
                short |= not figure.ok
    return int(short)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
