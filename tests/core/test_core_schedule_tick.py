"""What may be marked on a row: an order only on a step, and of the dead only what the front desk checks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.core.schedule.appointment import Appointment
from app.core.schedule.row import Owner, Row, Step
from app.core.schedule.tick import MAX_ORDER, Ticked, may_be_ticked, order_id

VISIT = Appointment("Appointment/1", "booked", datetime(2026, 11, 23, 14, 0, tzinfo=UTC), patients=("Patient/1",))
LAB = Step("glycaemic-status", "order-hba1c", "HbA1c test", Owner.MEDICAL_ASSISTANT)
DESK = Step("visit-check", "check-appointment", "appointment", Owner.FRONT_DESK)
ROW = Row(VISIT, "Patient/1", steps=(LAB,), more_steps=(DESK,))
GONE = Row(VISIT, "Patient/1", steps=(DESK, LAB), withheld="deceased")


@pytest.mark.parametrize(
    ("row", "step", "what", "may"),
    [
        (ROW, LAB.key, Ticked.PREPPED, True),
        (ROW, LAB.key, Ticked.ORDERED, True),
        (ROW, DESK.key, Ticked.TOLD, True),  # folded away, and a step all the same
        (ROW, "", Ticked.PREPPED, True),
        (ROW, "", Ticked.TOLD, True),
        (ROW, "", Ticked.ORDERED, False),
        (ROW, "eye-exam", Ticked.PREPPED, False),
        (GONE, "", Ticked.PREPPED, False),
        (GONE, "", Ticked.TOLD, False),
        (GONE, LAB.key, Ticked.PREPPED, False),
        (GONE, LAB.key, Ticked.ORDERED, False),
        (GONE, DESK.key, Ticked.TOLD, True),
        (GONE, DESK.key, Ticked.PREPPED, True),
        (GONE, DESK.key, Ticked.ORDERED, False),
    ],
)
def test_what_may_be_ticked(row: Row, step: str, what: Ticked, may: bool) -> None:
    assert may_be_ticked(row, step, what) is may


@pytest.mark.parametrize("typed", ["", "  ", "A-1", "2026/11#7:4_a.b", "9" * MAX_ORDER, " A-1 "])
def test_an_order_id_is_taken_as_typed(typed: str) -> None:
    assert order_id(typed) == typed.strip()


@pytest.mark.parametrize(
    "typed", ["ask Dr. Ada first", "A\n1", "<b>", "-1", "9" * (MAX_ORDER + 1), "A\u202e1", "Ä1", "=1+1", "A;B"]
)
def test_what_cannot_be_an_order_id_is_none(typed: str) -> None:
    assert order_id(typed) is None
