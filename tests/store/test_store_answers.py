from __future__ import annotations

import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import update

from app.core.answers import Answer, Known, Reason, Unknown
from app.core.chart import Coding, Concept, Fact
from app.store import Store, answers
from app.store.answers import STAYS_GOOD, Claim, Question
from app.store.schema import STALE_FOR
from app.store.schema import answers as table
from tests.store import one_store
from tests.store.one_store import START, Clock, at_once, open_store

LEASE = timedelta(seconds=20)
FRESH = timedelta(minutes=15)
GAPS = Question("northwind", "care-gaps", "", "https://ehr.example/fhir|p1")
RISK = replace(GAPS, name="risk")
DOWN = Unknown("northwind", Reason.DOWN, "refused the connection")


def known(text: str = "HbA1c", at: timedelta = timedelta()) -> Known[tuple[Fact, ...]]:
    fact = Fact("Observation", "Observation/1", Concept((Coding("http://loinc.org", "4548-4"),), text))
    return Known((fact,), "northwind", START + at)


def claim(store: Store, question: Question = GAPS, who: str = "one") -> Claim:
    with store.begin() as tx:
        return answers.claim(tx, [question], LEASE, who)[question]


def settle(store: Store, answer: Answer[Any], who: str = "one", fresh: timedelta = FRESH) -> bool:
    with store.begin() as tx:
        return bool(answers.settle_all(tx, [answers.Settled(GAPS, answer, fresh)], who))


def stored(store: Store, question: Question = GAPS, **limits: timedelta) -> answers.Stored | None:
    with store.read() as tx:
        return answers.snapshot(tx, [question], **limits).get(question)


def answered(store: Store, answer: Answer[Any], fresh: timedelta = FRESH) -> None:
    assert claim(store) is Claim.ASK
    assert settle(store, answer, fresh=fresh)


def test_the_first_asks_the_next_waits_and_then_the_answer_is_there(store: Store) -> None:
    assert stored(store) is None
    assert claim(store) is Claim.ASK
    assert claim(store, who="two") is Claim.WAIT
    assert claim(store) is Claim.WAIT  # the same process does not ask twice either
    assert stored(store) == answers.Stored(None, asking=True, version=0)
    assert settle(store, known())
    assert claim(store, who="two") is Claim.FRESH
    assert stored(store) == answers.Stored(known(), asking=False, version=1)


def test_a_failure_is_an_answer_that_counts_as_long_as_it_is_fresh(store: Store, clock: Clock) -> None:
    answered(store, DOWN, timedelta(seconds=30))
    assert claim(store) is Claim.FRESH
    assert stored(store) == answers.Stored(DOWN, asking=False, version=1)
    clock.advance(seconds=30)
    assert stored(store) == answers.Stored(None, asking=False, version=1)
    assert claim(store) is Claim.ASK


def test_an_answer_that_is_no_longer_fresh_is_asked_again(store: Store, clock: Clock) -> None:
    answered(store, known())
    clock.advance(minutes=15)
    assert stored(store) == answers.Stored(None, asking=False, version=1)
    answered(store, known("newer", FRESH))
    assert stored(store) == answers.Stored(known("newer", FRESH), asking=False, version=2)


@pytest.mark.parametrize(
    "other",
    [
        replace(GAPS, source="lakeside"),
        replace(GAPS, name="risk"),
        replace(GAPS, scope="another launch"),
        replace(GAPS, patient="https://ehr.example/fhir|p2"),
        replace(GAPS, patient="https://other.example/fhir|p1"),
        replace(GAPS, member="W100200300"),
    ],
)
def test_questions_that_differ_in_anything_share_no_answer(store: Store, other: Question) -> None:
    answered(store, known())
    assert stored(store, other) is None
    assert claim(store, other) is Claim.ASK


def test_a_lease_that_ran_out_can_be_claimed_by_another_and_the_old_holder_is_refused(
    store: Store, clock: Clock
) -> None:
    assert claim(store, who="one") is Claim.ASK
    clock.advance(seconds=20)
    assert stored(store) == answers.Stored(None, asking=False, version=0)
    assert claim(store, who="two") is Claim.ASK
    assert not settle(store, known("late"), who="one")
    assert settle(store, known("in time"), who="two")
    assert not settle(store, known("later still"), who="one")
    assert stored(store) == answers.Stored(known("in time"), asking=False, version=1)


def test_a_late_answer_is_taken_while_nobody_else_has_claimed(store: Store, clock: Clock) -> None:
    assert claim(store) is Claim.ASK
    clock.advance(minutes=5)
    assert settle(store, known())


def test_the_older_of_two_answers_of_one_process_does_not_win_by_coming_last(store: Store, clock: Clock) -> None:
    assert claim(store) is Claim.ASK
    clock.advance(seconds=20)
    assert claim(store) is Claim.ASK
    assert settle(store, known("second try", timedelta(seconds=25)))
    assert not settle(store, known("first try", timedelta(seconds=5)))
    assert stored(store) == answers.Stored(known("second try", timedelta(seconds=25)), asking=False, version=1)


def test_nobody_settles_what_nobody_claimed(store: Store) -> None:
    assert not settle(store, known())
    assert stored(store) is None


@pytest.mark.parametrize("reason", sorted(STAYS_GOOD))
def test_the_last_good_answer_stands_in_when_the_newest_try_failed(store: Store, clock: Clock, reason: Reason) -> None:
    answered(store, known())
    clock.advance(hours=1)
    answered(store, Unknown("northwind", reason))
    assert stored(store) == answers.Stored(replace(known(), stale_because=reason), asking=False, version=2)
    assert stored(store, stale_for=timedelta(minutes=59)) == answers.Stored(Unknown("northwind", reason), False, 2)


def test_the_last_good_answer_stands_in_only_for_so_long(store: Store, clock: Clock) -> None:
    answered(store, known())
    clock.now = START + STALE_FOR - timedelta(seconds=1)
    answered(store, DOWN)
    assert stored(store) == answers.Stored(replace(known(), stale_because=Reason.DOWN), False, 2)
    clock.advance(seconds=1)
    assert stored(store) == answers.Stored(DOWN, False, 2)


def test_an_answer_asked_for_anew_stands_until_the_new_one_is_in(store: Store, clock: Clock) -> None:
    answered(store, known("morning"))
    for expected in (Claim.ASK, Claim.WAIT):  # who asks anew is the only one, too
        with store.begin() as tx:
            assert answers.claim(tx, [GAPS], LEASE, "one", anew=True) == {GAPS: expected}
        assert stored(store) == answers.Stored(known("morning"), asking=True, version=1)
    assert claim(store) is Claim.WAIT
    clock.advance(seconds=1)
    assert settle(store, known("noon", FRESH))
    assert stored(store) == answers.Stored(known("noon", FRESH), asking=False, version=2)


def test_the_mark_of_an_answer_never_comes_back_not_even_when_it_was_deleted(store: Store, clock: Clock) -> None:
    marks = []
    for _ in range(3):
        answered(store, known())
        found = stored(store)
        assert found is not None
        marks.append((found.version, found.mark))
        with store.begin() as tx:
            answers.drop_of(tx, GAPS.source, GAPS.patient)
        clock.advance(microseconds=1)
    assert {version for version, _ in marks} == {1}
    assert len(set(marks)) == 3


@pytest.mark.parametrize("reason", sorted(set(Reason) - STAYS_GOOD))
def test_what_a_source_takes_back_is_shown_no_more(store: Store, clock: Clock, reason: Reason) -> None:
    answered(store, known())
    clock.advance(hours=1)
    answered(store, Unknown("northwind", reason), timedelta(seconds=30))
    assert stored(store) == answers.Stored(Unknown("northwind", reason), False, 2)
    clock.advance(minutes=1)
    answered(store, DOWN)  # not even when the next try says nothing about it
    assert stored(store) == answers.Stored(DOWN, False, 3)


def test_a_good_answer_after_a_failure_is_shown_as_good(store: Store, clock: Clock) -> None:
    answered(store, DOWN, timedelta(seconds=30))
    clock.advance(minutes=1)
    answered(store, known("again", timedelta(minutes=1)))
    assert stored(store) == answers.Stored(known("again", timedelta(minutes=1)), False, 2)


def test_a_forgotten_answer_is_asked_again_and_keeps_the_last_good_one_in_reserve(store: Store, clock: Clock) -> None:
    answered(store, known())
    with store.begin() as tx:
        answers.forget(tx, GAPS)
        answers.forget(tx, RISK)  # never asked: nothing to forget
    assert stored(store) == answers.Stored(None, asking=False, version=2)
    clock.advance(minutes=1)
    answered(store, DOWN)
    assert stored(store) == answers.Stored(replace(known(), stale_because=Reason.DOWN), False, 3)


def test_the_version_of_a_launch_grows_with_every_answer(store: Store) -> None:
    seen = []

    def see() -> None:
        with store.read() as tx:
            seen.append(answers.pulse(tx, [GAPS, RISK])[0])
            assert seen[-1] == sum(s.version for s in answers.snapshot(tx, [GAPS, RISK]).values())

    for question in (GAPS, RISK):
        with store.begin() as tx:
            answers.claim(tx, [question], LEASE, "one")
        see()
        with store.begin() as tx:
            answers.settle_all(tx, [answers.Settled(question, known(), FRESH)], "one")
        see()
        with store.begin() as tx:
            answers.forget(tx, question)
        see()
    assert seen == [0, 1, 2, 2, 3, 4]


def test_the_answers_of_an_ended_launch_are_dropped_and_no_others(store: Store) -> None:
    mine, yours = replace(GAPS, scope="launch one"), replace(GAPS, scope="launch two")
    for question in (mine, yours, GAPS):
        claim(store, question)
    with store.begin() as tx:
        assert answers.drop(tx, "launch one") == 1
    assert [stored(store, question) is None for question in (mine, yours, GAPS)] == [True, False, False]


def test_an_answer_that_no_key_opens_is_asked_again(store: Store, url: str, clock: Clock) -> None:
    answered(store, known())
    other = open_store(url, clock, MultiFernet([Fernet(Fernet.generate_key())]))
    assert stored(other) == answers.Stored(None, asking=False, version=1)
    assert claim(other) is Claim.ASK
    other.close()


def test_an_answer_moved_into_another_patients_row_is_not_shown(store: Store) -> None:
    other = replace(GAPS, patient="https://ehr.example/fhir|p2")
    answered(store, known())
    assert claim(store, other) is Claim.ASK
    with store.begin() as tx:
        assert answers.settle_all(tx, [answers.Settled(other, known("other"), FRESH)], "one")
        first = tx.conn.execute(table.select().where(table.c.version == 1)).first()
        assert first is not None
        tx.conn.execute(update(table).values(good=first.good))
    shown = [s for s in (stored(store, GAPS), stored(store, other)) if s and s.answer]
    assert len(shown) == 1


def test_an_answer_of_a_form_that_this_release_does_not_know_is_asked_again(store: Store) -> None:
    answered(store, known())
    with store.begin() as tx:
        row = tx.conn.execute(table.select()).one()
        sealed = tx.seal(zlib.compress(b'{"":"Known","invented":1}'), f"{row.question_hash}/good")
        tx.conn.execute(update(table).values(good=sealed))
    assert stored(store) == answers.Stored(None, asking=False, version=1)
    assert claim(store) is Claim.ASK


def test_of_fifty_threads_one_asks(store: Store) -> None:
    claims = at_once(50, lambda n: claim(store, who=f"thread {n}"))
    assert claims.count(Claim.ASK) == 1
    assert claims.count(Claim.WAIT) == 49


def test_of_fifty_threads_one_asks_again_when_the_lease_has_run_out(store: Store, clock: Clock) -> None:
    claim(store)
    clock.advance(minutes=1)
    assert at_once(50, lambda n: claim(store, who=f"thread {n}")).count(Claim.ASK) == 1


def test_of_many_processes_one_asks_each_question(store: Store, url: str, processes: ProcessPoolExecutor) -> None:
    questions = [replace(GAPS, name=f"question {n}") for n in range(20)]
    start = one_store.soon()
    jobs = [
        processes.submit(one_store.claim_all, url, start, f"process {n}", questions[:: 1 if n % 2 else -1])
        for n in range(4)
    ]
    asked = [question.name for job in jobs for question in job.result()]
    assert sorted(asked) == sorted(question.name for question in questions)


def test_claiming_and_settling_in_any_order_never_ends_in_a_deadlock(store: Store) -> None:
    questions = [replace(GAPS, name=f"question {n}") for n in range(6)]

    def work(n: int) -> None:
        for _ in range(3):
            with store.begin() as tx:
                for question in questions[:: 1 if n % 2 else -1]:
                    if answers.claim(tx, [question], LEASE, f"thread {n}")[question] is Claim.ASK:
                        answers.settle_all(tx, [answers.Settled(question, known(), FRESH)], f"thread {n}")
                    answers.forget(tx, question)

    at_once(6, work)
    with store.read() as tx:
        assert answers.pulse(tx, questions)[0] == 6 * 6 * 3 * 2


def test_many_answers_are_settled_as_one_by_one(store: Store, clock: Clock) -> None:
    questions = [replace(GAPS, name=f"question {n}") for n in range(6)]
    wrong = Unknown("northwind", Reason.WRONG_PATIENT, "birth-date")
    first: list[Answer[Any]] = [known(str(n)) for n in range(6)]
    then: list[Answer[Any]] = [known("new", FRESH), DOWN, wrong, known("newest", FRESH), DOWN, wrong]
    for given in (first, then):
        with store.begin() as tx:
            assert set(answers.claim(tx, questions[:5], LEASE, "one").values()) == {Claim.ASK}
            items = [answers.Settled(q, a, FRESH) for q, a in zip(questions, given, strict=True)]
            assert answers.settle_all(tx, items, "one") == items[:5]  # nobody claimed the last
            assert answers.settle_all(tx, items, "two") == []
        clock.advance(minutes=15)
    clock.advance(minutes=-1)
    with store.read() as tx:
        found = answers.snapshot(tx, questions)
        assert answers.pulse(tx, questions) == (10, 0)
    assert [found[q].answer for q in questions[:5]] == [
        then[0], replace(first[1], stale_because=Reason.DOWN), wrong, then[3],
        replace(first[4], stale_because=Reason.DOWN),
    ]  # type: ignore[type-var] # fmt: skip
    assert questions[5] not in found


def test_settling_nothing_is_nothing(store: Store) -> None:
    with store.begin() as tx:
        assert answers.settle_all(tx, [], "one") == []


def test_the_pulse_counts_who_is_asked_now(store: Store, clock: Clock) -> None:
    claim(store)
    claim(store, RISK)
    with store.read() as tx:
        assert answers.pulse(tx, [GAPS, RISK]) == (0, 2)
    settle(store, known())
    with store.read() as tx:
        assert answers.pulse(tx, [GAPS, RISK]) == (1, 1)
    clock.advance(seconds=20)
    with store.read() as tx:
        assert answers.pulse(tx, [GAPS, RISK]) == (1, 0)
        assert answers.pulse(tx, []) == (0, 0)


def test_what_one_payer_said_of_one_patient_is_dropped_for_all_and_is_not_settled_afterwards(store: Store) -> None:
    mine = [replace(GAPS, member="W1"), replace(RISK, member="W2"), replace(GAPS, source="lakeside")]
    others = [replace(GAPS, patient="https://ehr.example/fhir|p2"), replace(GAPS, source="main", scope="launch")]
    with store.begin() as tx:
        answers.claim(tx, [*mine, *others], LEASE, "one")
    with store.begin() as tx:
        assert answers.drop_of(tx, "northwind", GAPS.patient) == 2
        assert answers.settle_all(tx, [answers.Settled(mine[0], known(), FRESH)], "one") == []
        assert answers.drop_of(tx, "", GAPS.patient) == 1  # every payer; the EHR's answers belong to their launches
        assert set(answers.snapshot(tx, [*mine, *others])) == set(others)
