"""What happens without anybody asking: the nightly prefetch, what leaves for payers, and the purge. Names and times
only; the work is `app.prefetch`'s, `app.deliver`'s and the store's.

A task of Huey is deleted when it is taken from its queue, so it may be lost or come twice: it is a nudge that names a
run or nothing at all, and a sweep every minute finds whatever the rows of the store say is still to do.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from huey import crontab

from app.core import fault
from app.deliver import Leaving
from app.jobs.queues import Queue, queue
from app.prefetch import Prefetching
from app.store import Store
from app.store.purge import purge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from huey.consumer import Consumer

__all__ = ["Jobs", "Nudging", "Queue", "queue"]

log = logging.getLogger(__name__)

PURGE_MINUTE = "17"  # of every hour: what is gone the following night is gone in every time zone
FOLLOW_MINUTES = "*/10"  # each payer is asked about each patient once a day; the rows say when
DELIVER = "deliver"  # the name of the nudge
MOST_NUDGES = 50  # in the queue: where nobody works on it, it does not grow for ever
GRACE = 15  # seconds that work in hand has to come to an end


class Jobs:
    """The jobs of one site on a queue. `run` works until it is told to stop."""

    def __init__(self, on: Queue, store: Store, prefetching: Prefetching, leaving: Leaving | None = None) -> None:
        self._queue, self._store, self._prefetching, self._leaving = on, store, prefetching, leaving
        self._working: set[str] = set()
        self._lock = threading.Lock()
        self._nudge: Callable[[str], object] = on.task(name="prefetch")(self.prefetch)
        on.task(name=DELIVER)(self.deliver)
        on.periodic_task(crontab(), name="sweep")(self.sweep)
        on.periodic_task(crontab(), name="deliver-sweep")(self.deliver)
        on.periodic_task(crontab(minute=FOLLOW_MINUTES), name="follow")(self.follow)
        on.periodic_task(crontab(minute=PURGE_MINUTE), name="purge")(self.purge)

    def sweep(self) -> None:
        """Nudge for every run that something is left of and that nobody here works on."""
        with _survived("sweep"):
            for run in self._prefetching.due():
                if run not in self._working:
                    self._nudge(run)

    def prefetch(self, run: str) -> None:
        """Work on one run, unless this process does so already."""
        with self._lock:
            if run in self._working:
                return
            self._working.add(run)
        try:
            with _survived("prefetch"):
                if (stops := self._prefetching.stops(run)) is not None:  # an old nudge is worth nothing by day
                    self._prefetching.work(run, stops)
        finally:
            with self._lock:
                self._working.discard(run)

    def deliver(self) -> None:
        """Close the visits that have ended, and send whatever may leave. Comes back while it is being sent."""
        if self._leaving is not None:
            with _survived("delivery"):
                self._leaving.sweep()

    def follow(self) -> None:
        """Ask what became of what was sent, unless this process does so already."""
        with self._lock:
            if self._leaving is None or self.follow.__name__ in self._working:
                return
            self._working.add(self.follow.__name__)
        try:
            with _survived("following up"):
                counts = self._leaving.following.run()
                if counts:
                    log.info(
                        "followed up: %s", ", ".join(f"{what} {number}" for what, number in sorted(counts.items()))
                    )
        finally:
            with self._lock:
                self._working.discard(self.follow.__name__)

    def purge(self) -> None:
        """Delete what is past its retention."""
        with _survived("purge"), self._store.begin() as tx:
            gone = {table: number for table, number in purge(tx).items() if number}
            log.info("purged: %s", ", ".join(f"{table} {number}" for table, number in gone.items()) or "nothing")

    def run(self, stop: Callable[[Callable[[], None]], None] = lambda _: None) -> None:
        """Work until SIGTERM or SIGINT, or until what `stop` was given is called. Main thread only."""
        consumer = self._consumer()
        stop(lambda: consumer.stop_flag.set())
        try:
            consumer.run()
        finally:
            self._prefetching.stopping.set()
            if self._leaving is not None:
                self._leaving.close()

    def _end(self) -> None:
        """The work in hand comes to an end soon."""
        self._prefetching.stopping.set()
        if self._leaving is not None:
            self._leaving.stop()

    def _consumer(self) -> Consumer:
        workers = 3 + min(len(self._prefetching.entries), 4)  # a night may be long, and the sweep must not wait for it
        return _ending(self._end)(
            self._queue, workers=workers, max_delay=2.0, graceful_signal="TERM", shutdown_timeout=GRACE
        )


class Nudging:
    """Tells the jobs, wherever they run, that something may leave now. Whoever calls has committed it already.

    `make` opens the queue, when it is needed first. A nudge that fails is a nudge that is lost: the sweep comes.
    """

    def __init__(self, make: Callable[[], Queue]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._queue: Queue | None = None
        self._nudge: Callable[[], object] = lambda: None

    def __call__(self) -> None:
        with _survived("a nudge"):
            with self._lock:
                if self._queue is None:
                    self._queue = self._make()
                    self._nudge = self._queue.task(name=DELIVER)(_elsewhere)
            if self._queue.pending_count() < MOST_NUDGES:
                self._nudge()


def _elsewhere() -> None:
    """Stands for `Jobs.deliver` where the queue is only written to: the two have one name."""


def _ending(end: Callable[[], None]) -> type[Consumer]:
    """A consumer that ends the work in hand when it is told to stop. SIGHUP stops it too: it would start itself anew
    in a way that does not suit `python -m app`.
    """
    import signal

    from huey.consumer import Consumer

    class Ending(Consumer):  # type: ignore[misc] # huey ships no types
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._signal_actions = dict.fromkeys((signal.SIGTERM, signal.SIGINT, signal.SIGHUP), (False, True))

        def stop(self, graceful: bool = False) -> None:
            end()
            super().stop(graceful)

    return Ending


@contextmanager
def _survived(what: str) -> Iterator[None]:
    """Nothing gets as far as Huey, which would write messages and tracebacks down."""
    try:
        yield
    except Exception as error:
        log.error("%s failed: %s", what, fault.told(error))
