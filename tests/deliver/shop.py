"""A sandbox payer on a real socket, our adapter for it, and reports of its that remarks can be put on.

    python -m tests.deliver.shop DATABASE PAYER URL KEYS AHEAD

is a process that delivers from a database to that payer until nothing is due, and that can be killed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from app.config import Settings
from app.core.answers import Known
from app.core.ledger.action import Target
from app.core.ledger.outgoing import Author, Remark, Sends
from app.core.ledger.remarks import Family, family_of
from app.core.report import Member, Period
from app.deliver import Delivery
from app.deliver.bodies import body_of
from app.entries import payer_entries
from app.sources.connections import Connections
from app.sources.payer import Payer
from app.store import Store, Tx, audit, outbox
from app.store.outbox import Listed, Parcel
from launch.keys import ClientKeys
from sandbox_config.environment import SETTINGS, environment
from sandbox_config.payer import create_payer
from sandbox_config.scenario import CONNECTED, Scenario, load_all
from sandbox_config.serving import free_ports, serving
from tests.store.one_store import open_store

WAYS = {"harbor": {"remarks": "submit-remark-data"}}  # keeps no versions, and shows nothing of what it has
ISSUER = "https://ehr.example"
PATIENT = f"{ISSUER}|p1"


@dataclass
class Shop:
    """One running payer. `payer`: our adapter; a new one for each is a new process as far as it knows."""

    name: str
    url: str
    keys: Path
    stories: Mapping[str, Scenario]
    _known: dict[tuple[int, int], list[Target]] = field(default_factory=dict)

    def payer(self, **changed: Any) -> Payer:
        return adapter(self.name, self.url, self.keys, **WAYS.get(self.name, {}) | changed)

    def groups(self, *, many: int = 1, reports: int = 1) -> list[Target]:
        """Groups of so many reports that remarks can be put on, each report with at least `many` of them."""
        if (many, reports) not in self._known:
            found: dict[str, list[Target]] = {}
            for target in self._targets():
                found.setdefault(target.report_id, []).append(target)
                if sum(len(groups) >= many for groups in found.values()) > reports:  # the last may not be whole yet
                    break
            enough = [groups for groups in found.values() if len(groups) >= many][:reports]
            assert len(enough) == reports, "the stories have no more"
            self._known[many, reports] = [target for groups in enough for target in groups]
        return self._known[many, reports]

    def _targets(self) -> Iterator[Target]:
        """What this payer says of each member, in RA and in DEQM."""
        payer, year = self.payer(), datetime.now(UTC).year
        for story in self.stories.values():
            if (side := story.payers.get(self.name)) is None or story.payer_faults.get(self.name):
                continue
            member = Member(self.name, side.patient["id"], side.member_id, "identifier")
            for question in ("risk", "care-gaps"):
                if not (side.risk if question == "risk" else side.gaps):
                    continue
                ask = payer.risk if question == "risk" else payer.care_gaps
                answer = ask(member, Period(date(year, 1, 1), date(year, 12, 31)))
                if not isinstance(answer, Known):
                    continue
                report = answer.value
                named = [(one.report_id, one.group_id) for one in (*report.groups, *report.gaps) if one.group_id]
                for of, group in dict.fromkeys(named):
                    if family_of(report.dialect) not in (None, Family.OLDER):
                        yield Target(self.name, of, group, question, report.dialect)

    def remarks(self) -> list[dict[str, Any]]:
        """What the payer has, each remark once, and how often it was stored."""
        told: list[dict[str, Any]] = requests.get(f"{self.url}/_remarks", timeout=10).json()
        return told

    def times(self) -> dict[str, int]:
        """How often each remark of ours is there."""
        return {each["id"].removeprefix("chartside-"): each["times"] for each in self.remarks()}

    @contextmanager
    def fault(self, *names: str) -> Iterator[None]:
        self._post("_faults", {"add": names})
        try:
            yield
        finally:
            self._post("_faults", {"remove": names})

    def fresh(self) -> None:
        """As if nobody had ever sent anything."""
        requests.delete(f"{self.url}/_written", timeout=10).raise_for_status()
        requests.delete(f"{self.url}/_calls", timeout=10).raise_for_status()

    def writes(self) -> int:
        """How many calls came that would write."""
        paths = requests.get(f"{self.url}/_calls", timeout=10).json()["paths"]
        return sum(count for path, count in paths.items() if not path.startswith("GET") and "/token" not in path)

    def _post(self, where: str, body: Any) -> None:
        requests.post(f"{self.url}/{where}", json=body, timeout=10).raise_for_status()


@contextmanager
def shop(name: str, secrets: Path) -> Iterator[Shop]:
    """Run one payer until the block ends. `secrets`: what `python -m app keys` has made."""
    (port,) = free_ports(1)
    keys = secrets / "client-keys.json"
    public = ClientKeys.load({"client_keys": keys}).public()
    url, stories = f"http://localhost:{port}", load_all(datetime.now(UTC).date())
    app = create_payer(name, stories, base_url=url, jwks_url="http://jwks.invalid/", fetch_json=lambda _: public)
    with serving(app, port):
        yield Shop(name, url, keys, stories)


def adapter(name: str, url: str, keys: Path, *, connections: Connections | None = None, **changed: Any) -> Payer:
    port = int(url.rpartition(":")[2])
    settings = Settings.from_file(
        Path(__file__).parents[2] / SETTINGS,
        {**environment(1, 2, [port if one == name else 3 for one in CONNECTED]), "CHARTSIDE_SECRETS": str(keys.parent)},
    )
    (entry,) = (each for each in payer_entries(settings) if each.id == name)
    entry = replace(entry, **{"remarks": "auto", "seconds": 2.0, **changed})
    signer = ClientKeys.load({"client_keys": keys}).signer
    return Payer(entry, key_for=signer, connections=connections or Connections())


# --- what is put in ---------------------------------------------------------------------------------------------------


def parcel(target: Target, *, name: str, visit: str = "") -> Parcel:
    """A remark of somebody's: in each guide a code after which nothing is expected to change."""
    code = "not-assessed" if family_of(target.dialect) is Family.RA else "order-placed"
    remark = Remark(
        name, target.payer, target.report_id, target.group_id, target.question, target.dialect, code,
        Author(npi="1234567893", name="Wren Castellane", software="Chartside"), datetime(2026, 3, 2, 14, tzinfo=UTC),
    )  # fmt: skip
    together = f"{target.payer}|{target.report_id}"
    return Parcel(Sends.REMARK, target.payer, together, PATIENT, body_of(remark), id=name, action="a1", visit=visit)


def put(store: Store, parcels: Sequence[Parcel]) -> tuple[str, ...]:
    with store.begin() as tx:
        return outbox.put(tx, entry(tx), parcels)


def entry(tx: Tx, action: str = "put-remark", patient: str = PATIENT) -> audit.Audit:
    return audit.Audit(
        launch="a-launch", who="Practitioner/1", role="clinician", patient=patient, action=action, counts={},
        outcome="ok", at=tx.now,
    )  # fmt: skip


def found(store: Store, name: str) -> Listed:
    with store.read() as tx:
        listed = outbox.find(tx, name)
    assert listed is not None
    return listed


def names(number: int, of: str = "a") -> list[str]:
    """Ids as the outbox makes them."""
    return [f"{of}{n:031x}" for n in range(number)]


def later(ahead: float) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + timedelta(seconds=ahead)


def main(database: str, name: str, url: str, keys: str, ahead: str) -> None:
    with closing(open_store(database, later(float(ahead)))) as store:
        Delivery(store, {name: adapter(name, url, Path(keys), **WAYS.get(name, {}), seconds=30.0)}, "a process").run()


if __name__ == "__main__":
    main(*sys.argv[1:])
