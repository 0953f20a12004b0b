"""Evidence at payers of every release, as they take it: once, whole, with who sends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from app.core.answers import Known
from app.core.ledger.outgoing import Author, Came, Submission
from app.core.report import Member, Period
from tests.deliver.shop import Shop

pytestmark = pytest.mark.xdist_group("shops")

Shops = Callable[[str], Shop]
AUTHOR = Author(npi="1234567893", name="Wren Castellane", organization="Elm Clinic", software="Chartside")


def submission(shop: Shop, question: str, name: str) -> Submission:
    """A result for the first statement of this payer that evidence can be sent about."""
    payer, year = shop.payer(), datetime.now(UTC).year
    for story in shop.stories.values():
        side = story.payers.get(shop.name)
        if side is None or story.payer_faults.get(shop.name) or not (side.risk if question == "risk" else side.gaps):
            continue
        member = Member(shop.name, side.patient["id"], side.member_id, "identifier")
        ask = payer.risk if question == "risk" else payer.care_gaps
        answer = ask(member, Period(date(year, 1, 1), date(year, 12, 31)))
        if isinstance(answer, Known) and (found := answer.value.categories or answer.value.gaps):
            first: Any = found[0]
            measure = first.model if question == "risk" else first.measure
            canonical = f"{measure.url}|{measure.version}" if measure.version else measure.url
            return Submission(
                name, shop.name, question, answer.value.dialect, canonical, date(year, 1, 1), date(year, 12, 31),
                member.patient_id, "e1", first.report_id, (first.group_id,), (_result(), _visit()), AUTHOR,
                datetime.now(UTC),
            )  # fmt: skip
    raise AssertionError(f"{shop.name} says nothing of {question}")


def _result() -> dict[str, Any]:
    return {
        "resourceType": "Observation", "id": "o1", "status": "final", "subject": {"reference": "Patient/e1"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]}, "effectiveDateTime": "2026-05-06",
        "encounter": {"reference": "Encounter/v1"}, "valueQuantity": {"value": Decimal("7.10"), "unit": "%"},
        "performer": [{"reference": "Practitioner/9", "display": "Elm Laboratory"}],
    }  # fmt: skip


def _visit() -> dict[str, Any]:
    return {"resourceType": "Encounter", "id": "v1", "status": "finished", "subject": {"reference": "Patient/e1"}}


@pytest.mark.parametrize(
    ("name", "question", "how"),
    [
        ("northwind", "care-gaps", "deqm-submit-data"),
        ("northwind", "risk", "submit-data"),
        ("lakeside", "care-gaps", "submit-data"),
        ("harbor", "care-gaps", "transaction"),
        ("harbor", "risk", "transaction"),
        ("meridian", "care-gaps", "submit-data"),
    ],
)
def test_each_payer_takes_it_in_its_own_envelope(shops: Shops, name: str, question: str, how: str) -> None:
    shop = shops(name)
    payer = shop.payer()
    envelope = payer.envelope(submission(shop, question, "s1"))
    assert envelope["how"] == how
    kept: list[str] = []
    assert payer.submit(envelope, "", kept.append).came is Came.SENT
    with shop.fault("stored-no-answer"):
        doubted = shop.payer().envelope(submission(shop, question, "s2"))
        assert payer.submit(doubted, "", kept.append).came is Came.UNKNOWN
    assert payer.submit(doubted, kept[-1], kept.append).came is Came.SENT
    told = requests.get(f"{shop.url}/_submissions", timeout=10).json()
    assert [each["provenance"] is not None for each in told] == [True, True], told
