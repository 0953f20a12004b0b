"""The outbox, one process: what may leave when, what came of it, and who is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet, MultiFernet

from app.core.ledger.outgoing import Judged, Message, Post, Sends
from app.store import Store, outbox, visits
from app.store.outbox import Parcel, Taken
from tests.store.ledger_rows import ISSUER, PATIENT, entry, parcel, trail, visit
from tests.store.one_store import START, Clock, open_store

LEASE = timedelta(minutes=1)
WEEK = timedelta(days=7)


def put(store: Store, *parcels: Parcel) -> tuple[str, ...]:
    about = entry(store, "put-remark")
    with store.begin() as tx:
        return outbox.put(tx, about, parcels)


def take(store: Store, to: str = "northwind", who: str = "one") -> list[str]:
    return [each.id for each in taken(store, to, who)]


def taken(store: Store, to: str = "northwind", who: str = "one") -> tuple[Taken, ...]:
    with store.begin() as tx:
        return outbox.take(tx, to, [Sends.REMARK], who, LEASE)


def due(store: Store) -> tuple[str, ...]:
    with store.read() as tx:
        return outbox.due(tx, [Sends.REMARK])


def withdraw(store: Store, *ids: str, mine: str = "") -> tuple[str, ...]:
    about = entry(store, "withdraw-remark")
    with store.begin() as tx:
        return outbox.withdraw(tx, about, ids, "undone", mine=mine)


def release(store: Store, name: str) -> int:
    about = entry(store, "release-remarks")
    with store.begin() as tx:
        return outbox.release(tx, about, name)


def sent(store: Store, *ids: str, words: str = "") -> tuple[str, ...]:
    about = entry(store, "sent-remark")
    with store.begin() as tx:
        return outbox.sent(tx, about, ids, confirmable=True, words=words, follow=tx.now + WEEK)


def dead(store: Store, *ids: str) -> None:
    about = entry(store, "dead-letter")
    with store.begin() as tx:
        outbox.dead(tx, about, ids, "not-allowed", "no such scope")


def later(store: Store, *ids: str, counts: bool = True, who: str = "") -> None:
    with store.begin() as tx:
        outbox.later(tx, ids, timedelta(minutes=5), "down", counts=counts, who=who)


def message(store: Store, name: str) -> Message:
    with store.read() as tx:
        found = outbox.find(tx, name)
    assert found
    return found.message


def posts(store: Store) -> list[Post]:
    with store.read() as tx:
        return [each.post for each in outbox.of_patient(tx, PATIENT)]


def test_what_is_put_in_comes_out_as_it_was_and_is_seen_by_its_patient_and_action(store: Store) -> None:
    mine = parcel(
        "a" * 32, action="action-1", launch="handle-one", member={"member_id": "M1"}, who="Practitioner/imani"
    )
    assert put(store) == ()
    assert put(store, mine) == (mine.id,)
    assert put(store, mine) == (mine.id,)  # in already
    assert taken(store) == (Taken(mine.id, replace(mine, due=START), 1, ""),)
    with store.read() as tx:
        (seen,) = outbox.of_patient(tx, PATIENT)
        assert (seen,) == outbox.of_action(tx, "action-1")
        assert outbox.of_patient(tx, f"{PATIENT}0") == outbox.of_action(tx, "") == ()
    assert (seen.post, seen.code, seen.group) == (Post.WAITING, "declined-by-patient", "report-1/group-1")
    assert trail(store) == ["put-remark"]


def test_what_waits_for_a_visit_leaves_when_it_has_ended_and_not_before(store: Store) -> None:
    here = visit(store)
    (name,) = put(store, parcel(visit=here.key))
    assert (posts(store), due(store), take(store)) == ([Post.HELD], (), [])
    assert (release(store, here.key), release(store, here.key)) == (1, 0)
    assert (due(store), take(store)) == (("northwind",), [name])
    with store.read() as tx:
        assert [each.id for each in outbox.of_visit(tx, here.key)] == [name]
    assert trail(store) == ["put-remark", "release-remarks"]


def test_what_is_put_in_after_the_visit_was_closed_does_not_wait_for_it(store: Store) -> None:
    here = visit(store)
    with store.begin() as tx:
        visits.see(tx, here, ())
        visits.close(tx, here.key)
    assert put(store, parcel(visit=here.key)) == tuple(take(store))


def test_all_of_one_report_leave_in_one_write_and_nobody_else_sends_of_it_meanwhile(store: Store, clock: Clock) -> None:
    first, other = put(store, parcel("a" * 32, group="g1"), parcel("b" * 32, report="report-2"))
    clock.advance(seconds=1)
    (second,) = put(store, parcel(group="g2"))
    assert take(store) == [first, second]
    (third,) = put(store, parcel(group="g3"))
    assert take(store, who="two") == [other]
    assert (take(store, who="two"), due(store)) == ([], ("northwind",))
    sent(store, first, second)
    assert take(store, who="two") == [third]


def test_each_destination_and_kind_has_its_own(store: Store) -> None:
    order = replace(parcel(to="main"), kind=Sends.EHR, together="")
    put(store, parcel(), order)
    assert due(store) == ("northwind",)
    assert take(store, to="main") == []
    with store.begin() as tx:
        assert len(outbox.take(tx, "main", [Sends.EHR, Sends.EVIDENCE], "one", LEASE)) == 1


def test_a_lease_that_runs_out_is_taken_again_and_says_what_it_was_put_on(store: Store, clock: Clock) -> None:
    (name,) = put(store, parcel())
    take(store)
    with store.begin() as tx:
        outbox.against(tx, [name], 'W/"7"')
    assert take(store, who="two") == []
    clock.now += LEASE
    (again,) = taken(store, who="two")
    assert (again.id, again.tries, again.against) == (name, 2, 'W/"7"')
    later(store, name, who="one")  # the first, late: not theirs any more
    assert take(store, who="three") == []
    assert sent(store, name) == (name,)  # a fact, whoever says it
    assert sent(store, name) == ()
    assert trail(store) == ["put-remark", "sent-remark"]


def test_what_is_put_back_comes_again_after_its_wait_and_counts_as_it_should(store: Store, clock: Clock) -> None:
    (name,) = put(store, parcel())
    take(store)
    later(store, name)
    assert (take(store), message(store, name).trouble, message(store, name).tries) == ([], "down", 1)
    clock.advance(minutes=5)
    take(store)
    later(store, name, counts=False)
    assert message(store, name).tries == 1
    (other,) = put(store, parcel(group="g2"))
    assert set(take(store)) == {name, other}  # one write, although one of them would wait


def test_only_what_cannot_have_left_is_taken_back(store: Store, clock: Clock) -> None:
    here = visit(store)
    held, waiting = put(store, parcel(visit=here.key), parcel(report="report-2"))
    assert withdraw(store, held, waiting, "nobody") == (held, waiting)
    assert withdraw(store, held) == ()
    (name,) = put(store, parcel())
    take(store)
    assert withdraw(store, name) == ()  # somebody is sending it
    with store.begin() as tx:
        outbox.against(tx, [name], "7")
    clock.now += LEASE
    assert withdraw(store, name) == ()  # it may have arrived
    take(store, who="two")
    assert withdraw(store, name, mine="one") == ()
    assert withdraw(store, name, mine="two") == (name,)  # who has it knows
    assert release(store, here.key) == 0
    assert posts(store) == [Post.WITHDRAWN] * 3
    assert sent(store, name) == (name,)  # it had arrived after all: that is what counts


def test_a_dead_letter_is_seen_with_its_reason_and_sent_again_when_a_person_says_so(store: Store) -> None:
    (name,) = put(store, parcel())
    take(store)
    dead(store, name)
    found = message(store, name)
    assert (found.post, found.trouble, found.payer_words) == (Post.DEAD, "not-allowed", "no such scope")
    assert take(store) == []
    about = entry(store, "resend-remark")
    with store.begin() as tx:
        assert outbox.resend(tx, about, name)
        assert not outbox.resend(tx, about, name)
    (again,) = taken(store)
    assert (again.id, again.tries) == (name, 1)
    assert trail(store) == ["put-remark", "dead-letter", "resend-remark"]


def test_one_row_may_be_claimed_by_who_alone_may_send_it(store: Store) -> None:
    first, second = put(store, parcel(), parcel(report="report-2"))

    def claim(who: str, *ids: str) -> list[str]:
        with store.begin() as tx:
            return [each.id for each in outbox.claim(tx, ids, who, LEASE)]

    later(store, first)
    assert claim("one", first, "nobody") == [first]  # due or not
    assert claim("two", first, second) == [second]


def test_who_was_sent_to_is_asked_when_it_is_time_and_once(store: Store, clock: Clock) -> None:
    names = put(store, parcel(), parcel(report="report-2"))
    sent(store, *names)

    def follow(limit: int = 10) -> list[str]:
        with store.begin() as tx:
            return [each.message.id for each in outbox.to_follow(tx, "one", LEASE, limit)]

    assert follow() == []
    clock.now += WEEK
    assert sorted(follow(1) + follow(1)) == sorted(names)
    assert follow() == []
    with store.begin() as tx:
        outbox.follow(tx, names[:1], None)
        outbox.follow(tx, names[1:], clock() + WEEK)
    assert follow() == []
    clock.now += WEEK
    assert follow() == [names[1]]


def test_a_judgement_is_news_once_and_never_taken_back_by_silence(store: Store, clock: Clock) -> None:
    (name,) = put(store, parcel())

    def judge(judged: Judged, words: str = "") -> bool:
        about = entry(store, "judge-remark")
        with store.begin() as tx:
            return outbox.judge(tx, about, name, judged, words, clock() + WEEK)

    assert not judge(Judged.CONFIRMED)  # not sent yet
    sent(store, name, words="thank you")
    assert message(store, name).payer_words == "thank you"
    found = [judge(each) for each in (Judged.NOTHING, Judged.CONFIRMED, Judged.CONFIRMED, Judged.NOTHING)]
    assert (found, message(store, name).judged) == ([False, True, False, False], Judged.CONFIRMED)
    assert judge(Judged.REOPENED, "we did not find it")
    seen = message(store, name)
    assert (seen.judged, seen.judged_at, seen.payer_words) == (Judged.REOPENED, clock(), "we did not find it")
    assert trail(store) == ["put-remark", "sent-remark", "judge-remark", "judge-remark"]


def test_a_list_shows_one_ehr_s_rows_of_these_states_since_then(store: Store, clock: Clock) -> None:
    (old,) = put(store, parcel())
    put(store, parcel(report="report-3", patient="https://other.example/fhir|p1"))
    clock.advance(days=1)
    (new,) = put(store, parcel(report="report-2"))
    sent(store, new)
    with store.read() as tx:
        assert [each.message.id for each in outbox.listed(tx, ISSUER, Post)] == [old, new]
        assert [each.message.id for each in outbox.listed(tx, ISSUER, [Post.SENT])] == [new]
        (listed,) = outbox.listed(tx, ISSUER, Post, since=clock())
    assert listed.parcel
    assert listed.parcel.person.record == "MRN-77"


def test_a_list_for_people_leaves_out_what_the_software_sent_and_what_is_confirmed(store: Store) -> None:
    own, mine, confirmed, own_waiting = put(
        store, parcel(), parcel(report="r2", action="a1"), parcel(report="r3", action="a2"), parcel(report="r4")
    )
    sent(store, own, mine, confirmed)
    about = entry(store, "judge-remark")
    with store.begin() as tx:
        outbox.judge(tx, about, confirmed, Judged.CONFIRMED)
        found = {each.message.id for each in outbox.listed(tx, ISSUER, Post, of_people=True)}
        assert found == {mine, own_waiting}
        assert outbox.counted_own(tx, ISSUER, START) == 1


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_what_nobody_can_open_any_more_becomes_a_dead_letter_and_stops_nothing(
    store: Store, url: str, clock: Clock
) -> None:
    (lost,) = put(store, parcel())
    clock.advance(seconds=1)
    later_store = open_store(url, clock, seal=MultiFernet([Fernet(Fernet.generate_key())]))
    try:
        (name,) = put(later_store, parcel(report="report-2"))
        assert take(later_store) == [name]
        with later_store.read() as tx:
            (listed,) = outbox.listed(tx, ISSUER, [Post.DEAD])
        assert (listed.message.id, listed.message.trouble, listed.parcel) == (lost, "sealed", None)
    finally:
        later_store.close()
