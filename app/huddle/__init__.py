"""Use case: a provider's day, row by row, as its answers arrive.

`Huddle.look` is what every screen of a day starts from: it composes what `app.gather` has, one panel a patient, and the
rows of `app.core.schedule`; it commits the audit of what it returns, and keeps the last whole morning for when the EHR
is down.
"""

from app.huddle.day import Day, Progress
from app.huddle.huddle import Huddle

__all__ = ["Day", "Huddle", "Progress"]
