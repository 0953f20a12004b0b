"""Many at once, and what goes wrong inside: a payer is asked once for all, and no launch waits for ever."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.answers import Answer, Known
from app.core.asking import Ask, Opening, PayerRow
from app.core.chart import Coverage, Identifier, Name, Patient, When
from app.core.coverage import Recognition
from app.core.report import Member, Period, Report
from app.core.roles import Role, RoleRow, User
from app.gather import Gathering, Reader, gathering
from app.sources.pools import Pools, Size
from app.store import Store, StoreError, answers
from app.store.migrations import migrate
from sandbox_config.demo import browser
from sandbox_config.screen import watch
from tests import postgres
from tests.gather.counting import counted
from tests.store.one_store import open_store

USERS, OVER_HTTP = 50, 8

MARISOL = Patient("p1", (Name(family="Rivera", given=("Marisol",)),), When.day(date(1961, 4, 2)), "female")
COVERED = Coverage(
    "Coverage/1", "active", ("Northwind",), member_ids=(Identifier("n", "NW-1", "MB"),), relationship="self"
)
AT_PAYER = Patient("m1", MARISOL.names, MARISOL.birth_date, "female", identifiers=COVERED.member_ids)


class Chart:
    """An EHR that answers at once."""

    def _known(self, value: Any) -> Answer[Any]:
        return Known(value, "main", datetime.now(UTC))

    def user(self, ref: str) -> Answer[User]:
        return self._known(User(ref))

    user_roles = user

    def encounter(self, encounter_id: str) -> Answer[Any]:
        raise AssertionError(encounter_id)

    def patient(self, _patient_id: str) -> Answer[Patient]:
        return self._known(MARISOL)

    def coverages(self, _patient_id: str) -> Answer[tuple[Coverage, ...]]:
        return self._known((COVERED,))

    def consents(self, _patient_id: str) -> Answer[tuple[Any, ...]]:
        return self._known(())

    def facts(self, _kind: str, _patient_id: str, _since: date | None) -> Answer[tuple[Any, ...]]:
        return self._known(())


class Northwind:
    """A payer that takes its time and counts."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def _count(self, what: str, value: Any) -> Answer[Any]:
        with self._lock:
            self.asked[what] += 1
        time.sleep(0.2)
        return Known(value, "northwind", datetime.now(UTC))

    def member(self, _patient: Patient, _coverage: Coverage) -> Answer[Member]:
        return self._count("member", Member("northwind", "Patient/m1", "NW-1", "identifier", AT_PAYER))

    def care_gaps(self, _member: Member, _period: Period) -> Answer[Report]:
        return self._count("care-gaps", Report("northwind", "care-gaps", "Patient/m1", AT_PAYER))

    def risk(self, _member: Member, _period: Period) -> Answer[Report]:
        return self._count("risk", Report("northwind", "risk", "Patient/m1", AT_PAYER))


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with ExitStack() as running:
        url = f"sqlite:///{tmp_path}/many.sqlite3"
        if request.param == "postgresql":
            try:
                url = running.enter_context(postgres.database(running.enter_context(postgres.server())))
            except postgres.PostgresMissing as e:
                pytest.skip(str(e))
        opened = open_store(url, lambda: datetime.now(UTC))
        running.callback(opened.close)
        migrate(opened.engine)
        yield opened


def test_the_same_question_of_fifty_users_in_two_processes_reaches_the_payer_once(store: Store) -> None:
    payer, row = Northwind(), PayerRow("northwind", "Northwind", (Recognition(payor="Northwind"),))
    roles = (RoleRow(Role.CLINICIAN, any=True),)
    with ExitStack() as running:
        processes = []
        for who in ("one", "two"):
            pools = Pools(size=Size(workers=16, queue=2000, patience=60))
            made = Gathering(store, pools, ehr=lambda _: Chart(), payers={"northwind": payer}, rows=[row], who=who)
            running.callback(made.close)
            running.callback(pools.shutdown)
            processes.append(made)

        def watched(n: int) -> set[Ask]:
            opening = Opening(
                f"handle-{n}", "main", "Main", "https://ehr.example", "p1", None, f"Practitioner/{n}",
                date.today(), roles=roles,
            )  # fmt: skip
            mine = processes[n % 2]
            mine.advance(opening)
            seen, end = None, time.monotonic() + 60
            while time.monotonic() < end:
                state = mine.show(opening, Reader(f"Practitioner/{n}"), seen=seen, timeout=2)
                if state.complete:
                    return {ask for ask, answer in state.answers.items() if isinstance(answer, Known)}
                seen = state.version
            raise TimeoutError(f"launch {n} still waits for something")

        with ThreadPoolExecutor(USERS) as users:
            found = list(users.map(watched, range(USERS)))
    assert payer.asked == {"member": 1, "care-gaps": 1, "risk": 1}
    assert all(found[0] == each and Ask("northwind", "care-gaps") in each for each in found)


def test_users_at_once_over_the_wire_cost_the_payer_one_question(tmp_path: Path) -> None:
    with counted(tmp_path, delay_ms=150) as here:
        sessions = [browser() for _ in range(OVER_HTTP)]

        def panel(session: Any) -> Any:
            return watch(session, here.home.launch("one-open-gap", "main", session).url, limit=200)

        with ThreadPoolExecutor(OVER_HTTP) as users:
            screens = list(users.map(panel, sessions))
    assert all(len(screen.gaps()) == 1 for screen in screens)
    assert here.asked("$care-gaps") == 1
    assert {path: count for path, count in here.paths.items() if count > 1 and "_search" not in path} == {}


def test_an_answer_that_cannot_be_stored_is_said_and_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = answers.codec.encode

    def breaks_on_immunizations(value: Any) -> bytes:
        if "Immunization" in repr(value)[:400]:
            raise RuntimeError("Marisol Okonkwo-Reyes has a vaccine that breaks it")
        return real(value)

    monkeypatch.setattr(answers.codec, "encode", breaks_on_immunizations)
    with counted(tmp_path) as here:
        screen = here.home.panel("one-open-gap")
        assert screen.gaps()
        assert not screen.next
        assert "Immunization" in screen.html or "vaccin" in screen.html.lower()
        assert here.home.panel("two-payers").gaps()
    assert "RuntimeError" in caplog.text
    assert "Marisol" not in caplog.text


def test_the_writer_survives_a_database_that_fails_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = answers.settle_all, iter([StoreError("locked"), KeyError("x"), KeyError("x")])

    def fails_at_first(*args: Any) -> Any:
        if error := next(failures, None):
            raise error
        return real(*args)

    monkeypatch.setattr(answers, "settle_all", fails_at_first)
    monkeypatch.setattr(gathering, "LEASE", timedelta(seconds=1))
    with counted(tmp_path) as here:
        assert here.home.panel("one-open-gap").gaps()
