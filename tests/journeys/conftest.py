"""A physician's day that was looked at once: what many tests read, and none of them changes."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

import pytest
import requests
from bs4 import BeautifulSoup

from sandbox_config import morning
from sandbox_config.demo import browser
from sandbox_config.morning import Morning
from tests.house import House

MAX_LOOKS = 30


@dataclass(frozen=True)
class Desk:
    """Somebody with the complete schedule of a day open. `steps`: everything that stood on the screen until then."""

    home: House
    session: requests.Session
    url: str
    steps: tuple[Morning, ...]

    @property
    def seen(self) -> Morning:
        return self.steps[-1]

    def get(self, place: str) -> requests.Response:
        return self.session.get(urljoin(self.url, place), timeout=30)

    def settled(self, place: str) -> BeautifulSoup:
        """A page that asks on by itself, when it has stopped doing so."""
        for _ in range(MAX_LOOKS):
            soup = BeautifulSoup(self.get(place).text, "html.parser")
            if soup.select_one('[hx-trigger="load"]') is None:
                return soup
        raise TimeoutError(f"{place} was still asking after {MAX_LOOKS} looks")


def sit_down(home: House, user: str = "dr", place: str = "") -> Desk:
    """Launch without a patient and follow the schedule until it is complete. `place`: the query of another day."""
    session = browser()
    page = home.open_morning(session=session, user=user)
    assert page.url.endswith("/huddle/"), page.text
    url = f"{page.url}?{place}" if place else page.url
    return Desk(home, session, url, tuple(morning.steps(session, url)))


@pytest.fixture(scope="session")
def desk(home: House) -> Desk:
    """The physician's, with a day of twenty visits."""
    return sit_down(home)


@pytest.fixture(scope="session")
def small_desk(home: House) -> Desk:
    """The nurse practitioner's, with a day of five."""
    return sit_down(home, "np")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who reads the same desk runs in the same process, so that it is filled once."""
    for item in items:
        if {"desk", "small_desk"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("desk"))
