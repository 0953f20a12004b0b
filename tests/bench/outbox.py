"""How fast the outbox drains, against a bare loop of the same HTTP calls in the same run: what a first draining asked
the payer, read and conditional write for each report, is replayed word for word. The payer takes no time of its own.

`python -m tests.bench.outbox PORT KEYS` is that payer, until its input ends.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from app.core.ledger.action import Target
from app.deliver import Delivery
from app.sources.connections import Connections
from app.sources.payer import Payer
from app.sources.wire import DeadlineAdapter, new_session
from app.store.migrations import migrate
from launch.keys import ClientKeys
from sandbox_config.payer import create_payer
from sandbox_config.scenario import load_all
from sandbox_config.serving import free_ports, serving
from tests.bench.figure import Figure
from tests.deliver.shop import Shop, adapter, later, names, parcel, put
from tests.furnished import write_secrets
from tests.store.one_store import open_store

NAME, REPORTS, ROUNDS = "northwind", 40, 5
LEAST = 0.6  # of the bare loop's speed


def measure() -> Iterator[Figure]:
    """Both alternately, so that whatever else the machine does hits both."""
    with tempfile.TemporaryDirectory() as name, _payer(Path(name)) as shop:
        folder, calls = Path(name), list[requests.PreparedRequest]()

        class Written(DeadlineAdapter):
            def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
                calls.append(request)
                return super().send(request, *args, **options)

        def session() -> requests.Session:
            made = new_session()
            made.mount("http://", Written(max_retries=0))
            return made

        targets = list({each.report_id: each for each in shop.groups(reports=REPORTS)}.values())
        recorded = adapter(NAME, shop.url, shop.keys, connections=Connections(session))
        shop.fresh()
        _drained(f"sqlite:///{folder}/first.sqlite3", recorded, targets, at_once=1)
        same = [each for each in calls if "/fhir/MeasureReport/" in str(each.url)]
        assert len(same) >= 2 * len(targets), (len(same), len(calls), {str(each.url) for each in calls})
        payer, ours, bare = shop.payer(), list[float](), list[float]()
        for n in range(ROUNDS):
            shop.fresh()
            bare.append(_replayed(same))
            shop.fresh()
            ours.append(_drained(f"sqlite:///{folder}/{n}.sqlite3", payer, targets))
        slowness = statistics.median(ours) / statistics.median(bare)
        yield Figure(f"outbox: time to drain / bare loop (1/{LEAST})", slowness, 1 / LEAST)


def _replayed(calls: Sequence[requests.PreparedRequest]) -> float:
    with requests.Session() as session:
        start = time.perf_counter()
        for call in calls:
            assert session.send(call, timeout=30).ok
        return time.perf_counter() - start


def _drained(database: str, payer: Payer, targets: Sequence[Target], **more: int) -> float:
    with closing(open_store(database, later(0))) as store:
        migrate(store.engine)
        put(store, [parcel(each, name=name) for each, name in zip(targets, names(len(targets)), strict=True)])
        start = time.perf_counter()
        counts = Delivery(store, {NAME: payer}, "bench", **more).run()
        took = time.perf_counter() - start
    assert counts["sent"] == len(targets), counts
    return took


@contextmanager
def _payer(folder: Path) -> Iterator[Shop]:
    """In a process of its own, so that its work is nobody else's."""
    (port,) = free_ports(1)
    keys = write_secrets(folder / "secrets") / "client-keys.json"
    shop = Shop(NAME, f"http://localhost:{port}", keys, load_all(datetime.now(UTC).date()))
    running = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.outbox", str(port), str(keys)], stdin=subprocess.PIPE
    )
    try:
        for _ in range(150):
            with suppress(requests.RequestException):
                shop.fresh()
                break
            time.sleep(0.1)
        yield shop
    finally:
        running.terminate()
        running.wait(timeout=10)


def main(port: str, keys: str) -> None:
    public = ClientKeys.load({"client_keys": Path(keys)}).public()
    stories = load_all(datetime.now(UTC).date())
    url = f"http://localhost:{port}"
    app = create_payer(NAME, stories, base_url=url, jwks_url="http://jwks.invalid/", fetch_json=lambda _: public)
    with serving(app, int(port)):
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
