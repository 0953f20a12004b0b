"""What leaves, at payers that keep versions or do not, show what they have or do not, and fail at every point: each
remark is there once, and what is written down here says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.core.ledger.action import Target
from app.core.ledger.outgoing import Post
from app.deliver import Delivery
from app.deliver.waits import MOST_NOT_ALLOWED
from app.store import Store, outbox
from tests.deliver.shop import Shop, entry, found, names, parcel, put
from tests.store.one_store import Clock

pytestmark = pytest.mark.xdist_group("shops")

MANY = {"northwind": 2, "lakeside": 1, "harbor": 1}  # groups of one report, as the stories have them
Shops = Callable[[str], Shop]


@pytest.fixture(params=["sqlite"])
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def tried(store: Store, clock: Clock, shop: Shop, *, often: int = 1, **changed: Any) -> None:
    """So many rounds, each by a process that knows nothing of the one before, when everything is due again."""
    for _ in range(often):
        Delivery(store, {shop.name: shop.payer(**changed)}, "one").run()
        clock.advance(hours=2)


def filled(store: Store, shop: Shop, *, many: int = 1) -> list[str]:
    """Remarks for all groups of one report that has at least so many."""
    groups = shop.groups(many=many)
    ids = names(len(groups))
    put(store, [parcel(group, name=name) for group, name in zip(groups, ids, strict=True)])
    return ids


@pytest.mark.parametrize("payer", ["northwind", "lakeside", "harbor"])
def test_all_remarks_of_one_report_leave_in_one_write(store: Store, clock: Clock, shops: Shops, payer: str) -> None:
    shop = shops(payer)
    ids = filled(store, shop, many=MANY[payer])
    before = shop.writes()
    tried(store, clock, shop)
    assert shop.writes() - before == 1
    assert shop.times() == dict.fromkeys(ids, 1)
    assert {found(store, name).message.post for name in ids} == {Post.SENT}


@pytest.mark.parametrize("payer", ["northwind", "lakeside", "harbor"])
@pytest.mark.parametrize("fault", ["stored-no-answer", "cut-before", "overtaken", "rate-limited:write"])
def test_whatever_goes_wrong_each_is_there_once(
    store: Store, clock: Clock, shops: Shops, payer: str, fault: str
) -> None:
    shop = shops(payer)
    ids = filled(store, shop)
    with shop.fault(fault):
        tried(store, clock, shop, often=3)
    assert shop.times() == dict.fromkeys(ids, 1)
    assert {found(store, name).message.post for name in ids} == {Post.SENT}


@pytest.mark.parametrize("fault", ["stored-no-answer", "cut-before"])
def test_a_payer_that_shows_nothing_and_keeps_versions_gets_it_once(
    store: Store, clock: Clock, shops: Shops, fault: str
) -> None:
    shop = shops("northwind")
    ids = filled(store, shop)
    with shop.fault("no-echo", fault):
        tried(store, clock, shop, often=3)
    assert shop.times() == dict.fromkeys(ids, 1)
    message = found(store, ids[0]).message
    assert (message.post, message.confirmable) == (Post.SENT, False)


def test_a_report_that_others_write_to_all_the_time_is_tried_again_later(
    store: Store, clock: Clock, shops: Shops
) -> None:
    shop = shops("northwind")
    (name,) = put(store, [parcel(shop.groups()[0], name=names(1)[0])])
    with shop.fault("always-overtaken"):
        tried(store, clock, shop)
    message = found(store, name).message
    assert (message.post, message.trouble) == (Post.WAITING, "conflict")
    tried(store, clock, shop)
    assert shop.times() == {name: 1}


@pytest.mark.parametrize(("fault", "trouble"), [("report-gone", "no-such-report"), ("group-gone", "no-such-group")])
def test_what_it_answers_is_gone_so_a_person_must_look(
    store: Store, clock: Clock, shops: Shops, fault: str, trouble: str
) -> None:
    shop = shops("northwind")
    (name,) = put(store, [parcel(shop.groups()[0], name=names(1)[0])])
    with shop.fault(fault):
        tried(store, clock, shop)
    message = found(store, name).message
    assert (message.post, message.trouble) == (Post.DEAD, trouble)
    with store.begin() as tx:
        assert outbox.resend(tx, entry(tx, "resend-remark"), name)
    tried(store, clock, shop)
    assert shop.times() == {name: 1}, "and it is gone no more"


def test_a_refusal_is_for_a_person_with_the_payers_words(store: Store, clock: Clock, shops: Shops) -> None:
    shop = shops("northwind")
    (name,) = put(store, [parcel(shop.groups()[0], name=names(1)[0])])
    with shop.fault("refuses-remarks"):
        tried(store, clock, shop)
    message = found(store, name).message
    assert message.post is Post.DEAD
    assert "not accepted at present" in message.payer_words
    assert shop.times() == {}


def test_a_scope_that_is_missing_is_waited_for_and_then_a_person_must_look(
    store: Store, clock: Clock, shops: Shops
) -> None:
    shop = shops("northwind")
    (name,) = put(store, [parcel(shop.groups()[0], name=names(1)[0])])
    with shop.fault("token-refused"):
        tried(store, clock, shop)
        assert found(store, name).message.post is Post.WAITING
        tried(store, clock, shop, often=MOST_NOT_ALLOWED)
    message = found(store, name).message
    assert (message.post, message.trouble) == (Post.DEAD, "not-allowed")
    assert shop.times() == {}


def test_one_that_is_down_keeps_what_waits(store: Store, clock: Clock, shops: Shops) -> None:
    shop = shops("northwind")
    (name,) = put(store, [parcel(shop.groups()[0], name=names(1)[0])])
    with shop.fault("down"):
        tried(store, clock, shop, often=2)
    message = found(store, name).message
    assert (message.post, message.trouble, message.tries) == (Post.WAITING, "down", 2)
    assert message.due is not None
    assert message.due - clock.now < timedelta(hours=1)
    tried(store, clock, shop)
    assert shop.times() == {name: 1}


def test_a_payer_that_the_settings_do_not_name_any_more_is_for_a_person(store: Store) -> None:
    (name,) = put(store, [parcel(Target("gone", "r1", "g1", "risk", "ra-2.1.0"), name=names(1)[0])])
    Delivery(store, {}, "one").run()
    message = found(store, name).message
    assert (message.post, message.trouble) == (Post.DEAD, "no-such-payer")
