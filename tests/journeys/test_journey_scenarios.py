"""Every scenario is a test: launch to finished panel, compared with what its story says must be seen."""

from __future__ import annotations

from datetime import date

import pytest

from sandbox_config.demo import differences
from sandbox_config.scenario import load_all
from tests.house import House

SCENARIOS = tuple(load_all(date(2026, 6, 15)))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_panel_shows_the_story(home: House, scenario: str) -> None:
    screen = home.panel(scenario)
    assert not list(differences(screen, home.scenarios[scenario].expect)), screen.text
