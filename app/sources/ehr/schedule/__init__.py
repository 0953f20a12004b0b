"""A provider's day as an EHR lists it: one way of asking for each kind of EHR (`choosing`), the first that works.

`question` asks; `choosing` decides which plans there are; `searching` (A to C), `booked` (D), `worklist` and
`by_patient` (E) and `launched` (F) carry them out; `walk_ins` finds who came without an appointment.
"""

from app.sources.ehr.schedule.question import DayQuestion

__all__ = ["DayQuestion"]
