"""`python -m tests.loop.jobs`: the jobs as `python -m app work` runs them, with a sweep every half second."""

from __future__ import annotations

import threading

from app.config import Settings
from app.jobs import Jobs, queue
from app.night import create_night
from app.serve import log_to_stderr

EVERY_S = 0.5


def main() -> None:
    settings = Settings.from_env()
    log_to_stderr(settings)
    night = create_night(settings)
    stopped = threading.Event()

    def sweep() -> None:
        while not stopped.wait(EVERY_S):
            jobs.deliver()

    try:
        jobs = Jobs(queue(settings.database, settings.jobs), night.store, night.prefetching, night.leaving)
        threading.Thread(target=sweep, daemon=True).start()
        jobs.run()
    finally:
        stopped.set()
        night.close()


if __name__ == "__main__":
    main()
