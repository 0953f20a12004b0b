"""What a parcel carries, as types: plain JSON in the outbox, dataclasses where it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.core.ledger.outgoing import Author, Remark
from app.core.report import Member


def body_of(remark: Remark) -> dict[str, Any]:
    """A remark as it is put in."""
    return {**asdict(remark), "at": remark.at.isoformat()}


def remark_of(body: Mapping[str, Any]) -> Remark:
    """A remark as it was put in. Raises ValueError, KeyError or TypeError for what is none."""
    lists = {name: tuple(body.get(name, ())) for name in ("text", "related")}
    return Remark(
        **{**body, **lists, "author": Author(**body["author"]), "at": datetime.fromisoformat(body["at"])},
    )


def member_of(carried: Mapping[str, Any]) -> Member | None:
    """Who the patient is at the payer, as it was known when something was put in; None: it was not written down."""
    payer, patient_id, member_id, how = (
        str(carried.get(name, "")) for name in ("payer", "patient_id", "member_id", "how")
    )
    return Member(payer, patient_id, member_id, how) if payer and patient_id else None
