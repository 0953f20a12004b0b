"""`make demo`: the main job without a browser, for every scenario, over real HTTP with a cookie jar.

Starts the sandbox and the app on free ports, performs a complete SMART launch for each scenario, follows the panel
until it is finished and prints what a clinician would see. Exits 1 when a scenario does not show what its story says.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any

import requests
from requests.cookies import RequestsCookieJar

from sandbox_config import morning, worklist
from sandbox_config.environment import SETTINGS, environment
from sandbox_config.loop import LOOP, Ground, loop, take_seat
from sandbox_config.loop import as_text as loop_as_text
from sandbox_config.scenario import CONNECTED
from sandbox_config.screen import Row, Screen, Source, read, watch
from sandbox_config.serving import free_ports

START_SECONDS = 60
MORNING = "morning-schedule"  # told after the scenarios
VISITS = 20  # of the physician today


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo. Returns 0 when every scenario showed its story, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="make demo ARGS=", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print a JSON list, one entry a scenario")
    parser.add_argument("--only", metavar="ID", help="one scenario")
    given = parser.parse_args(argv)
    entries = []
    with sandbox() as running:
        for scenario in requests.get(f"{running.ehr}/_scenarios", timeout=10).json():
            if given.only in (None, scenario["id"]):
                entry = tell(running.ehr, scenario)
                entries.append(entry)
                if not given.json:
                    print(as_text(entry), flush=True)
        if given.only in (None, LOOP):
            entry = loop(Ground(lambda story: take_seat(browser(), running.ehr, story), running.ehr, running.payers))
            entries.append(entry)
            if not given.json:
                print(loop_as_text(entry), flush=True)
        if given.only in (None, MORNING):
            entry = huddle(running.ehr)
            entries.append(entry)
            if not given.json:
                print(morning_as_text(entry), flush=True)
    if given.json:
        print(json.dumps(entries, indent=2, ensure_ascii=False))
    failed = [entry["scenario"] for entry in entries if entry["problems"]]
    if not given.json:
        print(f"{len(entries) - len(failed)} of {len(entries)} scenarios show their story")
    return 1 if failed or not entries else 0


def tell(ehr: str, scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Launch one scenario and compare the finished panel with its story."""
    screen = launch(ehr, "main", scenario["id"])
    return {
        "scenario": scenario["id"],
        "story": scenario["story"],
        **screen.as_entry(),
        "problems": list(differences(screen, scenario["expect"])),
    }


def huddle(ehr: str) -> dict[str, Any]:
    """Launch without a patient, as the physician before the first visit, and follow the day until it is filled."""
    session = browser()
    query = {"patient": "none", "intent": "schedule"}
    minted = session.get(f"{ehr}/main/launch-url", params=query, timeout=10).json()
    page = session.get(minted["launch_url"], timeout=30)
    day = morning.watch(session, page.url)
    problems = [] if len(day.visits) == VISITS else [f"shows {len(day.visits)} visits, not {VISITS}"]
    problems += [f"{visit.name or visit.id} is not filled" for visit in day.visits if visit.state == "asking"]
    return {
        "scenario": MORNING,
        "story": "A day of the physician before the first visit: what each patient needs, and who on the team does it.",
        **day.as_entry(),
        "problems": problems,
    }


def morning_as_text(entry: Mapping[str, Any]) -> str:
    """The day for people to read."""
    lines = [f"\n{entry['scenario']}: {entry['summary']}"]
    for row in entry["visits"]:
        lines.append(f"  {row['time']} {row['name']}; {row['visit']}; {row['notes']}".rstrip("; "))
        lines += [f"        {step}" for step in row["steps"]] + [f"        ({row['counts']})"] * bool(row["counts"])
    return "\n".join([*lines, *(f"  PROBLEM: {problem}" for problem in entry["problems"])])


def launch(ehr: str, tenant: str, scenario: str, **options: str) -> Screen:
    """A complete EHR launch in a browser of its own; the finished panel."""
    session = browser()
    minted = session.get(f"{ehr}/{tenant}/launch-url", params={"scenario": scenario, **options}, timeout=10).json()
    page = session.get(minted["launch_url"], timeout=30)  # follows EHR -> us -> EHR -> us -> panel
    return watch(session, page.url) if "/l/" in page.url else read(page.text)


class _LoopbackJar(RequestsCookieJar):
    """Sends Secure cookies over http as well, as browsers do on loopback."""

    def set_cookie(self, cookie: Cookie, *args: Any, **kwargs: Any) -> None:
        cookie.secure = False
        super().set_cookie(cookie, *args, **kwargs)


def browser() -> requests.Session:
    """A client with a cookie jar of its own."""
    session = requests.Session()
    session.cookies = _LoopbackJar()
    return session


def differences(screen: Screen, expect: Mapping[str, Any]) -> Iterator[str]:
    """Where the screen does not show what the story expects, in words."""
    unseen = [w for w in expect.get("gaps", ()) if not any(_is_gap(row, w) for row in screen.gaps())]
    unseen += [w for w in expect.get("prompts", ()) if not any(_is_prompt(row, w) for row in screen.prompts())]
    unseen += [w for w in expect.get("sources", ()) if not any(_is_source(s, w) for s in screen.sources)]
    yield from (f"nothing on screen is {wanted}" for wanted in unseen)
    shown = screen.text.casefold()
    yield from (f"does not say {words!r}" for words in expect.get("says", ()) if words.casefold() not in shown)
    yield from (f"says {words!r}" for words in expect.get("never", ()) if words.casefold() in shown)
    if expect.get("clear", screen.clear) != screen.clear:
        yield "says that nothing is open" if screen.clear else "does not say that nothing is open"


def _is_gap(row: Row, wanted: Mapping[str, str]) -> bool:
    # One row may carry several payers (one clinical act, many contracts), hence "among"; or none at all, where the
    # chart alone calls for it.
    return (
        (not wanted.get("payer") or wanted["payer"] in row.payer.split())
        and wanted.get("service contains", "").casefold() in row.fields.get("service", "").casefold()
        and wanted.get("state", row.state) == row.state
    )


def _is_prompt(row: Row, wanted: Mapping[str, str]) -> bool:
    label = row.fields.get("service", "").casefold()
    return wanted.get("label contains", "").casefold() in label and wanted.get("state", row.state) == row.state


def _is_source(source: Source, wanted: Mapping[str, str]) -> bool:
    return (
        source.key == wanted["key"]
        and wanted.get("state", source.state) == source.state
        and wanted.get("reason", source.reason) == source.reason
    )


def as_text(entry: Mapping[str, Any]) -> str:
    """One scenario for people to read."""
    lines = [f"\n{entry['scenario']}: {entry['patient'] or '(no patient shown)'}"]
    lines += [
        f"  {row['kind']:6} {row['what']} [{row['state']}, {row['place']}] {row['payer']}"
        + "".join(f"; {name.replace('_', ' ')}: {row[name]}" for name in ("due", "source", "as_of") if row[name])
        for row in entry["rows"]
    ]
    lines += [f"  source {s['key']}: {s['state']} {s['reason']}".rstrip() for s in entry["sources"]]
    lines += ["  No open gaps"] if entry["no_open_gaps"] else []
    lines += [f"  PROBLEM: {problem}" for problem in entry["problems"]]
    return "\n".join(lines)


@dataclass(frozen=True)
class Sandbox:
    """Where everything runs."""

    ehr: str
    app: str
    database: Path
    pid: int
    payers: Mapping[str, str]  # name -> address


@contextmanager
def sandbox(*options: str) -> Iterator[Sandbox]:
    """The sandbox and the app, as `make run` starts them, on free ports with a database of their own."""
    app, ehr, *payers = free_ports(2 + len(CONNECTED))
    with tempfile.TemporaryDirectory(prefix="chartside-demo-") as folder:
        env = {
            **os.environ,
            "CHARTSIDE_SETTINGS": SETTINGS,
            "CHARTSIDE_DATABASE": f"sqlite:///{folder}/demo.sqlite3",
            worklist.VARIABLE: f"{folder}/worklist.csv",
            **environment(app, ehr, payers),
        }
        log = Path(folder, "log")
        with log.open("w", encoding="utf-8") as output:
            running = subprocess.Popen(
                [sys.executable, "-m", "sandbox_config", "--with-app", *options], env=env, stdout=output, stderr=output
            )
            try:
                _wait_for(f"http://127.0.0.1:{app}/healthz", running, log)
                database = Path(folder, "demo.sqlite3")
                addresses = {name: f"http://localhost:{port}" for name, port in zip(CONNECTED, payers, strict=True)}
                yield Sandbox(f"http://localhost:{ehr}", f"http://127.0.0.1:{app}", database, running.pid, addresses)
            finally:
                running.send_signal(signal.SIGINT)
                running.wait(timeout=20)


def _wait_for(url: str, running: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(START_SECONDS * 5):
        if running.poll() is not None:
            sys.exit(f"the sandbox did not start:\n{log.read_text(encoding='utf-8')}")
        with suppress(requests.RequestException):  # the port listens before the worker has loaded the app
            if requests.get(url, timeout=5).ok:
                return
        with suppress(subprocess.TimeoutExpired):
            running.wait(timeout=0.2)
    sys.exit(f"the app did not answer at {url}:\n{log.read_text(encoding='utf-8')}")


if __name__ == "__main__":
    sys.exit(main())
