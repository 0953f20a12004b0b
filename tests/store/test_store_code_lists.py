"""Imported code lists at rest: replaced by name, listed, dropped."""

from __future__ import annotations

from datetime import timedelta

from app.store import Store, code_lists
from tests.store.one_store import START, Clock

CODES = (("https://a.example", "2"), ("https://a.example", "1"))


def test_a_list_is_kept_replaced_and_dropped(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        assert code_lists.stamp(tx) == (0, None)
        code_lists.put(tx, "rule/b", "Mine", "7", CODES)
        code_lists.put(tx, "rule/a", "Other", "", CODES[:1])
        assert code_lists.stamp(tx) == (2, START)
    clock.now += timedelta(minutes=1)
    with store.begin() as tx:
        code_lists.put(tx, "rule/b", "Mine", "8", CODES[:1])
    with store.read() as tx:
        first, second = code_lists.everything(tx)
        assert (first.target, second.target, second.version, second.at) == ("rule/a", "rule/b", "8", clock.now)
        assert second.codes == CODES[:1]
        assert code_lists.stamp(tx) == (2, clock.now)
    with store.begin() as tx:
        assert code_lists.remove(tx, "rule/b")
        assert not code_lists.remove(tx, "rule/b")
        assert [each.target for each in code_lists.everything(tx)] == ["rule/a"]
