"""Tokens over the life of a launch: renewed once however many ask, never twice with one refresh token, given back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests
from authorization_server import AuthorizationServer
from flask import jsonify
from front_door import SCOPES, Browser, Clock, House, Network, entry
from memory_store import MemoryStore

import launch
from launch import records, tokens


@pytest.fixture
def handle(browser: Browser, ehr: AuthorizationServer) -> str:
    return browser.handle(ehr)


def refreshes(ehr: AuthorizationServer) -> int:
    return sum(asked["grant_type"] == "refresh_token" for asked in ehr.asked)


def test_a_token_is_used_until_a_minute_before_its_end(
    browser: Browser, house: House, handle: str, ehr: AuthorizationServer, clock: Clock
) -> None:
    bearer = house.launches.bearer(handle)
    first = bearer(False)
    for _ in range(4):
        clock.pass_(seconds=883)  # 58.9 minutes in all, and somebody is looking
        browser.page(handle)
    assert (bearer(False), refreshes(ehr)) == (first, 0)
    clock.pass_(seconds=10)
    second = bearer(False)
    assert second != first
    assert (bearer(False), refreshes(ehr)) == (second, 1)


@pytest.mark.parametrize(("lifetime", "quiet", "due"), [(570, 508, 511), (20, 15, 17)])
def test_short_tokens_are_renewed_ahead_and_not_at_every_call(
    browser: Browser, house: House, ehr: AuthorizationServer, clock: Clock, lifetime: int, quiet: int, due: int
) -> None:
    ehr.habits.lifetime = lifetime
    bearer = house.launches.bearer(browser.handle(ehr))
    clock.pass_(seconds=quiet)
    bearer(False)
    assert refreshes(ehr) == 0
    clock.pass_(seconds=due - quiet)
    bearer(False)
    bearer(False)
    assert refreshes(ehr) == 1


@pytest.mark.parametrize("habit", ["rotate", "keep"])
def test_refreshing_goes_on_with_and_without_rotation(
    browser: Browser, house: House, ehr: AuthorizationServer, clock: Clock, habit: str
) -> None:
    ehr.habits.refresh, ehr.habits.lifetime = habit, 570
    bearer = house.launches.bearer(browser.handle(ehr))
    seen = {bearer(False)}
    for _ in range(3):
        seen.add(bearer(True))
    assert (len(seen), refreshes(ehr), ehr.theft) == (4, 3, 0)
    used = [asked["refresh_token"] for asked in ehr.asked if asked["grant_type"] == "refresh_token"]
    assert len(set(used)) == (3 if habit == "rotate" else 1)


@pytest.mark.parametrize("said", ["", None, 7])
def test_the_refresh_token_is_kept_where_the_ehr_gives_no_usable_new_one(
    browser: Browser, house: House, ehr: AuthorizationServer, said: Any
) -> None:
    ehr.habits.refresh, ehr.habits.refreshed = "keep", {"refresh_token": said}
    bearer = house.launches.bearer(browser.handle(ehr))
    assert len({bearer(True) for _ in range(3)}) == 3


def test_without_a_refresh_token_the_launch_is_signed_out_when_the_token_ends(
    browser: Browser, house: House, ehr: AuthorizationServer, clock: Clock
) -> None:
    ehr.habits.refresh, ehr.habits.lifetime = "never", 300
    handle = browser.handle(ehr)
    bearer = house.launches.bearer(handle)
    clock.pass_(seconds=299)
    bearer(False)
    with pytest.raises(launch.SignedOut):
        bearer(True)
    clock.pass_(seconds=1)
    with pytest.raises(launch.SignedOut, match="Open the app again"):
        bearer(False)
    assert refreshes(ehr) == 0
    assert browser.page(handle).status_code == 200  # the panel lives on with what it has


def test_a_token_without_expires_in_is_used_until_the_ehr_refuses_it(
    browser: Browser, house: House, ehr: AuthorizationServer, clock: Clock
) -> None:
    ehr.habits.token = {"expires_in": None}
    bearer = house.launches.bearer(browser.handle(ehr))
    clock.pass_(minutes=19)
    first = bearer(False)
    assert refreshes(ehr) == 0
    assert bearer(True) != first


def test_many_threads_refused_with_one_token_renew_it_once(house: House, handle: str, ehr: AuthorizationServer) -> None:
    ehr.habits.refresh_delay = 0.05
    bearer, together = house.launches.bearer(handle), threading.Barrier(12)

    def read() -> tuple[str, str]:
        first = bearer(False)
        together.wait()  # all have the same token, and the EHR answers 401 to all of them
        return first, bearer(True)

    with ThreadPoolExecutor(12) as pool:
        got = [f.result() for f in [pool.submit(read) for _ in range(12)]]
    assert len({first for first, _ in got}) == 1
    assert len({second for _, second in got}) == 1
    assert (refreshes(ehr), ehr.theft) == (1, 0)


def test_late_threads_that_were_refused_with_the_old_token_get_the_new_one(
    house: House, handle: str, ehr: AuthorizationServer
) -> None:
    bearer = house.launches.bearer(handle)
    with ThreadPoolExecutor(1) as late:
        late.submit(bearer, False).result()
        renewed = bearer(True)
        assert late.submit(bearer, True).result() == renewed
        assert refreshes(ehr) == 1
        assert late.submit(bearer, True).result() != renewed  # refused with the new one too
    assert refreshes(ehr) == 2


def test_two_processes_never_use_one_refresh_token_twice(
    house: House, clock: Clock, network: Network, store: MemoryStore, handle: str, ehr: AuthorizationServer
) -> None:
    ehr.habits.refresh_delay = 0.05
    other = House(clock, network, store, entry(ehr))  # the same site, another process: shares the store only
    for _ in range(3):
        clock.pass_(seconds=10)
        bearers = [h.launches.bearer(handle) for h in (house, other) for _ in range(4)]
        together = threading.Barrier(len(bearers))

        def read(bearer: Callable[[bool], str], together: threading.Barrier = together) -> str:
            bearer(False)
            together.wait()
            return bearer(True)

        with ThreadPoolExecutor(len(bearers)) as pool:
            assert len(set(pool.map(read, bearers))) == 1
    assert (refreshes(ehr), ehr.theft) == (3, 0)


def test_a_process_that_died_while_refreshing_holds_the_others_up_only_for_its_lease(
    house: House, clock: Clock, network: Network, store: MemoryStore, handle: str, ehr: AuthorizationServer
) -> None:
    class PowerCut(BaseException):
        pass

    network.hosts[ehr.host] = PowerCut()
    with pytest.raises(PowerCut):
        House(clock, network, store, entry(ehr)).launches.bearer(handle)(True)
    network.hosts[ehr.host] = ehr.app
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(house.launches.bearer(handle), True)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.2)
        assert refreshes(ehr) == 0
        clock.pass_(seconds=tokens.LEASE.total_seconds())
        assert waiting.result(timeout=2)
    assert refreshes(ehr) == 1


def test_looking_at_a_launch_while_it_is_refreshed_loses_neither_change(
    browser: Browser, house: House, handle: str, ehr: AuthorizationServer, clock: Clock
) -> None:
    ehr.habits.refresh_delay = 0.1
    clock.pass_(minutes=10)
    bearer = house.launches.bearer(handle)
    with ThreadPoolExecutor(1) as pool:
        refreshing = pool.submit(bearer, True)
        browser.page(handle)  # extends the idle time in the same record
        renewed = refreshing.result()
    assert bearer(False) == renewed
    found = house.launches.read(handle)
    assert found is not None
    assert found.idle_until == clock() + timedelta(minutes=20)


@pytest.mark.parametrize("says", ["p2", "Patient/p2", "https://ehr.example/fhir/Patient/p2"])
def test_a_refresh_that_names_another_patient_ends_the_launch(
    browser: Browser, house: House, handle: str, ehr: AuthorizationServer, says: str
) -> None:
    ehr.habits.refreshed = {"patient": says}
    with pytest.raises(launch.PatientChanged):
        house.launches.bearer(handle)(True)
    assert browser.page(handle).status_code == 410
    assert len(ehr.revoked) == 2


@pytest.mark.parametrize("says", [None, "p1", "Patient/p1"])
def test_a_refresh_may_repeat_the_patient_or_leave_it_out(
    house: House, handle: str, ehr: AuthorizationServer, says: str | None
) -> None:
    ehr.habits.refreshed = {"patient": says}
    house.launches.bearer(handle)(True)
    found = house.launches.read(handle)
    assert found is not None
    assert found.patient == "p1"


def test_a_refresh_may_narrow_the_scopes(house: House, handle: str, ehr: AuthorizationServer) -> None:
    ehr.habits.refreshed = {"scope": " ".join(s for s in SCOPES if "Observation" not in s)}
    house.launches.bearer(handle)(True)
    found = house.launches.read(handle)
    assert found is not None
    assert found.missing_scopes == ("patient/Observation.rs",)
    assert not launch.covers(found.scopes, "patient/Observation.rs")


def test_a_refused_refresh_signs_out_for_good_without_asking_again(
    house: House, handle: str, ehr: AuthorizationServer
) -> None:
    ehr.habits.token_answer = lambda: (jsonify(error="invalid_grant"), 400)
    bearer = house.launches.bearer(handle)
    for _ in range(3):
        with pytest.raises(launch.SignedOut) as refused:
            bearer(True)
        assert not isinstance(refused.value, launch.RefreshUnavailable)
    assert refreshes(ehr) == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda: ("", 503),
        lambda: "<html>",
        lambda: (jsonify(error="slow_down"), 400),
        lambda: ("", 429),
        lambda: jsonify(token_type="Bearer"),
    ],
)
def test_a_token_endpoint_in_trouble_is_no_sign_out(
    house: House, handle: str, ehr: AuthorizationServer, answer: Callable[[], Any]
) -> None:
    ehr.habits.token_answer = answer
    bearer = house.launches.bearer(handle)
    with pytest.raises(launch.RefreshUnavailable):
        bearer(True)
    ehr.habits.token_answer = None
    assert bearer(True)


def test_trouble_while_renewing_ahead_of_time_leaves_the_old_token_and_waits(
    browser: Browser, house: House, ehr: AuthorizationServer, clock: Clock
) -> None:
    ehr.habits.lifetime = 570
    bearer = house.launches.bearer(browser.handle(ehr))
    first = bearer(False)
    ehr.habits.token_answer = lambda: ("", 503)
    clock.pass_(seconds=515)
    assert [bearer(False) for _ in range(3)] == [first] * 3
    assert refreshes(ehr) == 1
    ehr.habits.token_answer = None
    clock.pass_(seconds=16)
    assert bearer(False) != first


def test_an_unreachable_token_endpoint_is_no_sign_out(
    house: House, handle: str, ehr: AuthorizationServer, network: Network
) -> None:
    network.hosts[ehr.host] = requests.ReadTimeout()
    with pytest.raises(launch.RefreshUnavailable):
        house.launches.bearer(handle)(True)


def test_a_launch_that_ends_during_a_refresh_keeps_no_token(
    house: House, handle: str, ehr: AuthorizationServer
) -> None:
    ehr.habits.refresh_delay = 0.1
    bearer = house.launches.bearer(handle)
    with ThreadPoolExecutor(1) as pool:
        refreshing = pool.submit(bearer, True)
        while not refreshes(ehr):
            time.sleep(0.001)
        house.launches.end(handle)
        with pytest.raises(launch.SignedOut):
            refreshing.result()
    assert len(ehr.revoked) == 4  # those that were known at the end, and those that came after it


def test_an_ended_or_unknown_launch_has_no_token(house: House, handle: str, clock: Clock) -> None:
    bearer = house.launches.bearer(handle)
    clock.pass_(minutes=20)
    for ask in (bearer, house.launches.bearer("never was")):
        with pytest.raises(launch.SignedOut):
            ask(False)


@pytest.mark.parametrize("trouble", [requests.ReadTimeout(), OSError("reset")])
def test_revocation_is_best_effort(
    browser: Browser, house: House, handle: str, ehr: AuthorizationServer, network: Network, trouble: Exception
) -> None:
    network.hosts[ehr.host] = trouble
    house.launches.end(handle)
    assert sum("revoke" in asked for asked in network.requests) == 1  # a server that hangs is asked once
    assert browser.page(handle).status_code == 410


def test_nothing_is_revoked_where_the_ehr_does_not_offer_it(
    browser: Browser, house: House, ehr: AuthorizationServer, network: Network
) -> None:
    ehr.habits.configuration = {"revocation_endpoint": None}
    house.launches.end(browser.handle(ehr))
    assert not [asked for asked in network.requests if "revoke" in asked]


def test_tokens_do_not_show_in_representations(clock: Clock) -> None:
    said = {"access_token": "access-secret", "refresh_token": "refresh-secret", "expires_in": 60}
    assert "secret" not in repr(records.Tokens.read(said, "https://ehr.example/token", "", clock()))
