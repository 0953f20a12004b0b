"""A sandbox with one clinic in it: a provider whose day has as many visits as wanted, each patient with two payers.

`python -m tests.bench.clinic FOLDER …` runs it like `python -m sandbox_config …`, with the stories of FOLDER.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox_config import scenario, worklist
from sandbox_config.demo import Sandbox, _wait_for
from sandbox_config.environment import SETTINGS, environment
from sandbox_config.scenario import CONNECTED
from sandbox_config.serving import free_ports

STORY = "two-payers"
IN_FLIGHT = 8  # of each payer
FIRST, EVERY = datetime(2026, 1, 1, 8, 0), timedelta(minutes=20)


def write_stories(folder: Path, visits: int) -> None:
    """One story many times: other people, other member ids, one visit after the other."""
    told = json.loads((scenario.STORIES / f"{STORY}.json").read_text(encoding="utf-8"))
    for n in range(visits):
        (folder / f"visit-{n:02}.json").write_text(json.dumps(_of(told, n)), encoding="utf-8")


def _of(told: dict[str, Any], n: int) -> dict[str, Any]:
    person, payers = told["person"], told["payers"]
    words = json.dumps({**told, "at": (FIRST + n * EVERY).strftime("%H:%M")})
    for old in (person["mrn"], *(payers[payer][key] for payer in payers for key in ("id", "member"))):
        base = old.partition("-02")[0]  # the subscriber's id; a dependent adds a suffix
        words = words.replace(base, f"{base[:-3]}{100 + n}")
    story: dict[str, Any] = json.loads(words.replace(f'"{person["id"]}"', f'"p-9{n:03}"'))
    story["person"] |= {"family": f"Visitor{n:02}", "born": f"{{year-start-6{n % 10}y+{100 + n}d}}"}
    return story


def write_settings(path: Path) -> None:
    """The sandbox's own settings, where each payer lets so many calls be out at once, and nothing runs by night."""
    lines = Path(SETTINGS).read_text(encoding="utf-8")
    lines = re.sub(r"^entries = .*$", "entries = []", lines, flags=re.MULTILINE)
    lines = re.sub(r"^prefetch = \{[^{}]*\}.*$", "", lines, flags=re.MULTILINE)  # nobody asks beside who is measured
    path.write_text(lines.replace("[[payer]]\n", f"[[payer]]\nin_flight = {IN_FLIGHT}\n"), encoding="utf-8")


@dataclass(frozen=True)
class Clinic:
    """Where everything runs. `payers` by id."""

    sandbox: Sandbox
    payers: Mapping[str, str]


@contextmanager
def clinic(visits: int, *options: str) -> Iterator[Clinic]:
    """The sandbox and the app with that clinic, on free ports, until the block ends."""
    app, ehr, *payers = free_ports(2 + len(CONNECTED))
    with tempfile.TemporaryDirectory(prefix="chartside-bench-") as name:
        folder, stories = Path(name), Path(name, "stories")
        stories.mkdir()
        write_stories(stories, visits)
        write_settings(folder / "settings.toml")
        env = {
            **os.environ,
            "CHARTSIDE_SETTINGS": str(folder / "settings.toml"),
            "CHARTSIDE_DATABASE": f"sqlite:///{folder}/clinic.sqlite3",
            worklist.VARIABLE: str(folder / "worklist.csv"),
            **environment(app, ehr, payers),
        }
        log = folder / "log"
        with log.open("w", encoding="utf-8") as output:
            command = [sys.executable, "-m", "tests.bench.clinic", str(stories), "--with-app", *options]
            running = subprocess.Popen(command, env=env, stdout=output, stderr=output)
            try:
                _wait_for(f"http://127.0.0.1:{app}/healthz", running, log)
                at = f"http://localhost:{ehr}", f"http://127.0.0.1:{app}"
                urls = {payer: f"http://localhost:{port}" for payer, port in zip(CONNECTED, payers, strict=True)}
                yield Clinic(Sandbox(*at, folder / "clinic.sqlite3", running.pid, urls), urls)
            finally:
                running.send_signal(signal.SIGINT)
                running.wait(timeout=20)


if __name__ == "__main__":
    from sandbox_config.__main__ import main

    scenario.STORIES = Path(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
