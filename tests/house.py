"""The whole house on free loopback ports: sandbox EHR and payers, and the app, each a real HTTP server in a thread.

The EHR answers on `localhost` and the app on `127.0.0.1`, because only then is the app's frame cross-site. One clock
drives all of them and can be moved.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from app import create_app, open_store
from app.config import Settings
from app.night import create_night
from app.store.migrations import migrate
from sandbox_config import morning, worklist
from sandbox_config.demo import browser
from sandbox_config.ehr import create_ehr
from sandbox_config.environment import SETTINGS, environment
from sandbox_config.morning import Morning
from sandbox_config.payer import create_payer
from sandbox_config.scenario import CLINIC_TZ, CONNECTED, Scenario, load_all
from sandbox_config.screen import Screen, read, watch
from sandbox_config.serving import free_ports, serving
from tests.furnished import write_database, write_secrets

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "house.sqlite3"


class Clock:
    """Real time, moved by `ahead`."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class House:
    """One running house: where everything is, and the switches that tests use."""

    ehr: str
    payers: dict[str, str]
    app: str
    flask: Flask
    clock: Clock
    scenarios: dict[str, Scenario]
    settings: Settings

    def mint(self, scenario: str, tenant: str = "main", **options: str | Sequence[str]) -> dict[str, str]:
        """A launch as the EHR would make it: launch_url, iss, launch."""
        query = {"scenario": scenario, **options}
        minted: dict[str, str] = requests.get(f"{self.ehr}/{tenant}/launch-url", params=query, timeout=10).json()
        return minted

    def launch(
        self,
        scenario: str,
        tenant: str = "main",
        session: requests.Session | None = None,
        **options: str | Sequence[str],
    ) -> requests.Response:
        """EHR -> us -> EHR -> us: the panel's shell, or the page that says why there is none."""
        session = session or browser()
        return session.get(self.mint(scenario, tenant, **options)["launch_url"], timeout=30)

    def panel(
        self,
        scenario: str,
        tenant: str = "main",
        session: requests.Session | None = None,
        **options: str | Sequence[str],
    ) -> Screen:
        """A complete launch and the finished panel."""
        session = session or browser()
        page = self.launch(scenario, tenant, session, **options)
        return watch(session, page.url) if "/l/" in page.url else read(page.text)

    def open_morning(
        self, tenant: str = "main", session: requests.Session | None = None, *, user: str = "dr", **options: str
    ) -> requests.Response:
        """A launch without a patient, before the first visit: the schedule's shell, or the page that says why not."""
        session = session or browser()
        query = {"patient": "none", "intent": "schedule", "user": user, **options}
        minted = requests.get(f"{self.ehr}/{tenant}/launch-url", params=query, timeout=10).json()
        return session.get(minted["launch_url"], timeout=30)

    def morning(
        self,
        tenant: str = "main",
        session: requests.Session | None = None,
        *,
        user: str = "dr",
        place: str = "",
        **options: str,
    ) -> Morning:
        """The same until every row is filled. `place`: the query of another day, provider or filter."""
        session = session or browser()
        page = self.open_morning(tenant, session, user=user, **options)
        return morning.watch(session, f"{page.url}?{place}" if place else page.url)

    def visit(self, scenario: str, status: str = "", *, days_ago: int = 0) -> None:
        """Give today's visit of a story another status in the EHR, or move its start."""
        told = {"scenario": scenario, "status": status, "days_ago": days_ago}
        requests.post(f"{self.ehr}/_visit", json=told, timeout=10).raise_for_status()

    def leave(self) -> Counter[str]:
        """What the jobs do each minute, once and in this process: visits are closed, what may leave is sent."""
        night = create_night(self.settings, clock=self.clock)
        try:
            return night.leaving.once()
        finally:
            night.close()

    def received(self, payer: str, what: str = "remarks") -> list[dict[str, Any]]:
        """What a payer has stored: `remarks`, each with how many `times` it stands there, or `submissions`."""
        found: list[dict[str, Any]] = requests.get(f"{self.payers[payer]}/_{what}", timeout=10).json()
        return found

    def run(self, payer: str, verdict: str = "accept") -> list[str]:
        """A payer's next run: the ids of the reports that it issues again."""
        answer = requests.post(f"{self.payers[payer]}/_run", json={"verdict": verdict}, timeout=10)
        answer.raise_for_status()
        return list(answer.json()["issued"])

    def forget_written(self) -> None:
        """Every visit, chart and report is again what its story says."""
        for url in (self.ehr, *self.payers.values()):
            requests.delete(f"{url}/_written", timeout=10).raise_for_status()

    def calls(self, where: str) -> Counter[str]:
        """What the EHR (`ehr`) or a payer was asked since this was last forgotten, by method and path."""
        return Counter(requests.get(self._calls_of(where), timeout=10).json()["paths"])

    def forget_calls(self) -> None:
        """Start counting anew, everywhere."""
        for where in ("ehr", *self.payers):
            requests.delete(self._calls_of(where), timeout=10).raise_for_status()

    def _calls_of(self, where: str) -> str:
        return f"{self.ehr if where == 'ehr' else self.payers[where]}/_calls"

    @contextmanager
    def fault(self, where: str, *names: str) -> Iterator[None]:
        """Switch named faults of the EHR (`ehr`) or a payer on, for everybody, until the block ends."""
        url = f"{self.ehr if where == 'ehr' else self.payers[where]}/_faults"
        requests.post(url, json={"add": names}, timeout=10).raise_for_status()
        try:
            yield
        finally:
            requests.post(url, json={"remove": names}, timeout=10).raise_for_status()


@contextmanager
def working(folder: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """The jobs as a process of their own, as on a machine of many; what it says is in `jobs.log`."""
    env = {**os.environ, "CHARTSIDE_SETTINGS": str(ROOT / SETTINGS), **variables}
    with (folder / "jobs.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "app", "work"], env=env, cwd=ROOT, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def house(
    folder: Path,
    *,
    database: str = "",
    delay_ms: int = 0,
    before_ehr: Callable[[Any], Any] = lambda ehr: ehr,
    without: Collection[str] = (),
    at: datetime | None = None,
    jobs: bool = False,
    **environ: str,
) -> Iterator[House]:
    """Build and run a house in `folder` until the block ends. `environ` adds to the settings' variables.

    `before_ehr` may put a WSGI app in front of the sandbox EHR; the payers named in `without` are not started. `at`:
    the moment at which the house opens (an aware time; the stories are told on that day). `jobs`: they run beside it,
    as a process of their own and by real time; without, `House.leave` does what they do, when it is called.
    """
    app_port, ehr_port, *payer_ports = free_ports(2 + len(CONNECTED))
    secrets = write_secrets(folder / "secrets")
    variables = {
        **environment(app_port, ehr_port, payer_ports),
        "CHARTSIDE_SECRETS": str(secrets),
        "CHARTSIDE_DATABASE": database or f"sqlite:///{folder}/{DATABASE}",
        worklist.VARIABLE: str(folder / "worklist.csv"),
        **environ,
    }
    settings = Settings.from_file(ROOT / SETTINGS, variables)
    if database:
        with closing(open_store(settings)) as store:
            migrate(store.engine)
    else:
        write_database(folder / DATABASE)
    today = datetime.now(CLINIC_TZ)
    clock, scenarios = Clock(), load_all(at.date() if at else today.date())
    clock.ahead = at - today if at else timedelta()
    worklist.write(folder / "worklist.csv", scenarios.values())
    app, ehr = settings.public_url, f"http://localhost:{ehr_port}"
    payers = {name: f"http://localhost:{port}" for name, port in zip(CONNECTED, payer_ports, strict=True)}
    flask = create_app(settings, clock=clock)
    with ExitStack() as running:
        running.callback(flask.extensions["chartside_close"])
        sandbox_ehr = create_ehr(scenarios, base_url=ehr, app_url=app, clock=clock, delay_ms=delay_ms)
        running.enter_context(serving(before_ehr(sandbox_ehr), ehr_port))
        for (name, url), port in zip(payers.items(), payer_ports, strict=True):
            if name in without:
                continue
            jwks = f"{app}/.well-known/jwks.json"
            payer = create_payer(name, scenarios, base_url=url, jwks_url=jwks, clock=clock, delay_ms=delay_ms)
            running.enter_context(serving(payer, port))
        running.enter_context(serving(flask, app_port))
        if jobs:
            running.enter_context(working(folder, variables))
        yield House(ehr, payers, app, flask, clock, scenarios, settings)
