"""What the jobs do about what leaves: end visits, send, and ask what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from app.deliver.closing import Closing
from app.deliver.delivery import Delivery
from app.deliver.following import Following


@dataclass(frozen=True, slots=True)
class Leaving:
    """One per process that works."""

    closing: Closing
    delivery: Delivery
    following: Following

    def sweep(self) -> None:
        """Close the visits that have ended, and begin on whatever may leave. Comes back soon."""
        self.closing.over()
        self.delivery.nudge()

    def once(self) -> Counter[str]:
        """All of it by hand, as far as it goes at this moment. Numbers only."""
        counts: Counter[str] = Counter({"visits closed": self.closing.over()})
        counts.update(self.delivery.run())
        counts.update(self.following.run())
        return +counts

    def stop(self) -> None:
        """Begin nothing more."""
        self.delivery.stopping.set()
        self.following.stopping.set()

    def close(self) -> None:
        """End the work in hand; what was not sent is sent by whoever comes next."""
        self.stop()
        self.delivery.close()
