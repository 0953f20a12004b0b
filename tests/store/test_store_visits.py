"""Visits: seen often, written when something is new, closed once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from app.store import Store, visits
from app.store.said import Person
from app.store.visits import Group, Visited
from tests.store.ledger_rows import GROUP, visit
from tests.store.one_store import Clock, at_once


def see(store: Store, seen: Visited, *groups: Group) -> bool:
    with store.begin() as tx:
        visits.alone(tx, seen.key)
        wanted = visits.news(tx, seen, groups)
        assert visits.see(tx, seen, groups) is wanted
        return wanted


def find(store: Store, of: Visited) -> Visited:
    with store.read() as tx:
        found = visits.find(tx, of.key)
    assert found
    return found


def close(store: Store, of: Visited) -> bool:
    with store.begin() as tx:
        return visits.close(tx, of.key)


def over(store: Store) -> set[str]:
    with store.read() as tx:
        return {each.encounter for each in visits.over(tx)}


def test_a_second_look_writes_only_what_is_new_and_forgets_nothing(store: Store) -> None:
    here, unread = visit(store), replace(GROUP, group_id="group-2", ingested=False)
    with store.read() as tx:
        assert visits.find(tx, here.key) is None
    assert see(store, here, GROUP, unread)
    assert not see(store, here, GROUP)
    assert see(store, here, replace(GROUP, presented=True))
    assert not see(store, here, GROUP, unread)
    assert see(store, here, replace(unread, ingested=True))
    assert see(store, here, replace(GROUP, withheld=True))
    later = replace(here, launch="handle-two", ends_at=here.ends_at + timedelta(days=1), person=Person())
    assert see(store, later)
    expected = (replace(GROUP, presented=True, withheld=True), replace(unread, ingested=True))
    assert find(store, here) == replace(here, launch="handle-two", groups=expected)


def test_it_ends_by_the_ehr_s_word_or_at_midnight_and_is_closed_once(store: Store, clock: Clock) -> None:
    told, left = visit(store), visit(store, "Encounter/e2")
    for each in (told, left):
        see(store, each, GROUP)
    assert over(store) == set()
    with store.begin() as tx:
        assert visits.ended(tx, told.key)
        assert not visits.ended(tx, told.key)
        assert not visits.ended(tx, "nobody")
        assert [each.encounter for each in visits.under_way(tx)] == ["Encounter/e2"]
    assert over(store) == {"Encounter/e1"}
    clock.now = left.ends_at
    assert over(store) == {"Encounter/e1", "Encounter/e2"}
    assert sorted(at_once(4, lambda _: close(store, told))) == [False, False, False, True]
    assert over(store) == {"Encounter/e2"}
    assert not see(store, told, replace(GROUP, presented=True))
    assert find(store, told).groups == (GROUP,)


def test_looks_at_the_same_instant_lose_no_group(store: Store) -> None:
    here = visit(store)
    at_once(6, lambda n: see(store, here, replace(GROUP, group_id=f"group-{n}")))
    assert {group.group_id for group in find(store, here).groups} == {f"group-{n}" for n in range(6)}


def test_nothing_is_added_once_somebody_has_closed_it(store: Store) -> None:
    """Who closes it reads the groups after that: what is seen later would get no remark."""
    here = visit(store)
    see(store, here)

    def work(n: int) -> int | None:
        if n:
            return int(see(store, here, replace(GROUP, group_id=f"group-{n}")))
        with store.begin() as tx:
            visits.close(tx, here.key)
            found = visits.find(tx, here.key)
            return len(found.groups) if found else None

    at_closing, *added = at_once(5, work)
    assert at_closing == sum(n for n in added if n) == len(find(store, here).groups)


def test_visits_of_two_ehrs_with_one_id_are_two(store: Store) -> None:
    with store.read() as tx:
        keys = {visits.key(tx, issuer, "Encounter/1") for issuer in ("https://a.example", "https://b.example")}
    assert len(keys) == 2
