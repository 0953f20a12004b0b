"""The whole house on free loopback ports: sandbox EHR and payers, and the app, each a real HTTP server in a thread.

The EHR answers on `localhost` and the app on `127.0.0.1`, because only then is the app's frame cross-site. One clock
drives all of them and can be moved.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from app import create_app, open_store
from app.__main__ import main as command
from app.config import Settings
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

ROOT = Path(__file__).resolve().parent.parent


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


@cache
def _secrets() -> dict[str, bytes]:
    """What `keys` makes, once for all houses of a process: an RSA key takes longer than all else of a house."""
    with tempfile.TemporaryDirectory() as folder:
        command(["keys", folder])
        return {each.name: each.read_bytes() for each in Path(folder).iterdir()}


@contextmanager
def house(
    folder: Path,
    *,
    database: str = "",
    delay_ms: int = 0,
    before_ehr: Callable[[Any], Any] = lambda ehr: ehr,
    without: Collection[str] = (),
    at: datetime | None = None,
    **environ: str,
) -> Iterator[House]:
    """Build and run a house in `folder` until the block ends. `environ` adds to the settings' variables.

    `before_ehr` may put a WSGI app in front of the sandbox EHR; the payers named in `without` are not started. `at`:
    the moment at which the house opens (an aware time; the stories are told on that day).
    """
    app_port, ehr_port, *payer_ports = free_ports(2 + len(CONNECTED))
    secrets = folder / "secrets"
    secrets.mkdir()
    for name, content in _secrets().items():
        (secrets / name).write_bytes(content)
    settings = Settings.from_file(
        ROOT / SETTINGS,
        {
            **environment(app_port, ehr_port, payer_ports),
            "CHARTSIDE_SECRETS": str(secrets),
            "CHARTSIDE_DATABASE": database or f"sqlite:///{folder}/house.sqlite3",
            worklist.VARIABLE: str(folder / "worklist.csv"),
            **environ,
        },
    )
    store = open_store(settings)
    migrate(store.engine)
    store.close()
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
        yield House(ehr, payers, app, flask, clock, scenarios, settings)
