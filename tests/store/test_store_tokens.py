from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet, MultiFernet

from app.store import Store
from app.store.engine import connect
from app.store.tokens import SqlTokenShare
from tests.store.one_store import SEAL, START, Clock, at_once, digest, open_store

LATER = START + timedelta(minutes=5)


def test_a_token_is_shared_until_it_expires(store: Store, url: str, clock: Clock) -> None:
    SqlTokenShare(store, "northwind").put("token", LATER)
    other = open_store(url, clock)
    assert SqlTokenShare(other, "northwind").get() == ("token", LATER)
    assert SqlTokenShare(other, "lakeside").get() is None
    clock.now = LATER
    assert SqlTokenShare(other, "northwind").get() is None
    other.close()


def test_a_newer_token_takes_the_place_of_the_older(store: Store) -> None:
    share = SqlTokenShare(store, "northwind")
    at_once(8, lambda n: share.put(str(n), LATER))
    share.put("newest", LATER + timedelta(minutes=5))
    assert share.get() == ("newest", LATER + timedelta(minutes=5))


def test_a_token_that_no_key_opens_is_no_token(store: Store, url: str, clock: Clock) -> None:
    SqlTokenShare(store, "northwind").put("token", LATER)
    other = open_store(url, clock, MultiFernet([Fernet(Fernet.generate_key())]))
    assert SqlTokenShare(other, "northwind").get() is None
    other.close()


def test_without_the_database_there_is_no_shared_token_and_no_error(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = Store(connect("postgresql://nobody@127.0.0.1:9/none"), seal=SEAL, digest=digest, clock=clock)
    share = SqlTokenShare(nowhere, "northwind")
    share.put("token", LATER)
    assert share.get() is None
    assert [record.getMessage() for record in caplog.records] == [
        "the token of northwind could not be kept in the store",
        "the token of northwind could not be read from the store",
    ]
