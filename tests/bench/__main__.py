"""`make bench`: one figure a line as `name  value  bound  ok|short`; exits 1 when one is short. `ARGS=name` for one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

from tests.bench import browser_bytes, cpu, launches, shell
from tests.bench.figure import Figure

BENCHES: dict[str, Callable[[], Iterator[Figure]]] = {
    "launch": launches.measure,
    "shell": shell.measure,
    "cpu": cpu.measure,
    "bytes": browser_bytes.measure,
}


def main(only: Sequence[str]) -> int:
    """Run the named benches, or all. Returns the exit code."""
    if unknown := set(only) - set(BENCHES):
        print(f"no bench is called {', '.join(sorted(unknown))}; there are: {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    short = False
    for name, bench in BENCHES.items():
        if not only or name in only:
            for figure in bench():
                print(figure, flush=True)
                short |= not figure.ok
    return int(short)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
