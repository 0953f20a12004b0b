"""The loop that `make demo` prints, with a clock that can be moved: so it is followed until the payers confirm."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sandbox_config.demo import browser
from sandbox_config.loop import Ground, loop, take_seat
from tests.house import house


def test_what_was_done_is_said_back_and_confirmed(tmp_path: Path) -> None:
    with house(tmp_path) as home:

        def tomorrow() -> None:
            home.clock.ahead += timedelta(days=1)

        ground = Ground(
            lambda story: take_seat(browser(), home.ehr, story), home.ehr, home.payers, home.leave, tomorrow
        )
        entry = loop(ground)
    assert entry["problems"] == [], "\n".join(entry["steps"])
