from __future__ import annotations

from datetime import timedelta

from cryptography.fernet import Fernet, MultiFernet

from app.store import Store
from app.store.tokens import SqlTokenShare
from tests.store.one_store import START, Clock, at_once, open_store

LATER = START + timedelta(minutes=5)


def test_a_token_is_shared_until_it_expires(store: Store, url: str, clock: Clock) -> None:
    SqlTokenShare(store).put("northwind", b"token", expires=LATER)
    other = open_store(url, clock)
    assert SqlTokenShare(other).get("northwind") == b"token"
    assert SqlTokenShare(other).get("lakeside") is None
    clock.now = LATER
    assert SqlTokenShare(other).get("northwind") is None
    other.close()


def test_a_newer_token_takes_the_place_of_the_older(store: Store) -> None:
    share = SqlTokenShare(store)
    at_once(8, lambda n: share.put("northwind", str(n).encode(), expires=LATER))
    share.put("northwind", b"newest", expires=LATER + timedelta(minutes=5))
    assert share.get("northwind") == b"newest"


def test_a_token_that_no_key_opens_is_no_token(store: Store, url: str, clock: Clock) -> None:
    SqlTokenShare(store).put("northwind", b"token", expires=LATER)
    other = open_store(url, clock, MultiFernet([Fernet(Fernet.generate_key())]))
    assert SqlTokenShare(other).get("northwind") is None
    other.close()
