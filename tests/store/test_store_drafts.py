"""Drafts: what was shown, once, to whom it was shown, for an hour."""

from __future__ import annotations

from typing import Any

from app.store import Store, drafts
from app.store.schema import DRAFT_KEPT
from tests.store.ledger_rows import PATIENT
from tests.store.one_store import START, Clock, at_once

BODY = {"envelope": {"resourceType": "Bundle", "entry": [{"resource": {"id": "o1", "valueQuantity": {"value": 7.2}}}]}}


def put(store: Store) -> str:
    with store.begin() as tx:
        return drafts.put(tx, "handle-one", PATIENT, BODY)


def take(store: Store, name: str, launch: str = "handle-one", patient: str = PATIENT) -> Any:
    with store.begin() as tx:
        return drafts.take(tx, launch, patient, name)


def test_a_draft_is_taken_once_as_it_was_by_whom_it_was_shown(store: Store) -> None:
    name = put(store)
    assert take(store, name, launch="handle-two") is None
    assert take(store, name, patient=f"{PATIENT}0") is None
    assert take(store, "nothing") is None
    assert [found for found in at_once(4, lambda _: take(store, name)) if found] == [BODY]
    assert take(store, name) is None


def test_after_an_hour_it_is_shown_again_before_it_leaves(store: Store, clock: Clock) -> None:
    name = put(store)
    clock.now = START + DRAFT_KEPT
    assert take(store, name) is None
