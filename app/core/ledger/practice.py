"""Who speaks for the users of one EHR, and what of their work may leave it: as the EHR's entry says."""

from __future__ import annotations

from dataclasses import dataclass

#: What may be written to an EHR at all, each after a tap.
WRITABLE: tuple[str, ...] = ("ServiceRequest", "Task", "DocumentReference")
#: Sensitive evidence: never sent to a payer, or like any other.
HOLD, SEND = "hold", "send"
POLICIES: tuple[str, ...] = (HOLD, SEND)


@dataclass(frozen=True, slots=True)
class Practice:
    """The organization that stands behind what its people say. `phone` is for patients."""

    name: str = ""
    npi: str = ""
    phone: str = ""
