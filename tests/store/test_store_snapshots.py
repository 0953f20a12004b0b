"""The last whole morning of one user, and of no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet, MultiFernet

from app.core.answers import Known, Reason, Unknown
from app.core.chart import Name, Patient
from app.core.restrictions import Own
from app.core.schedule.appointment import Appointment
from app.core.schedule.row import Counts, Mark, MarkKind, Owner, Row, Step
from app.store import Store, answers, audit, barred, held, restrictions, snapshots
from app.store.answers import Claim, Question, Settled
from app.store.said import Note, Person
from app.store.snapshots import Whose
from tests.store.one_store import START, Clock
from tests.store.test_store_audit import ENTRY

WHOSE = Whose("https://ehr.example/fhir", "Practitioner/1", "clinician", "Practitioner/1", "2026-03-02/2026-03-02")
STEP = Step("a1c", "order", "HbA1c test", Owner.MEDICAL_ASSISTANT, payers=("northwind",))
ROW = Row(
    Appointment("Appointment/1", "booked", START, patients=("Patient/p1",)),
    "Patient/p1",
    Patient("p1", (Name(family="Rivera"),)),
    Counts(today=1),
    (STEP,),
    marks=(Mark(MarkKind.FREQUENT_ED, "5", "Encounter/1"),),
)
MISSED = replace(ROW, patient_ref="Patient/p2")


def test_a_morning_comes_back_as_it_was_kept(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        snapshots.put(tx, WHOSE, [ROW], [], 0, 0)
    clock.advance(minutes=5)
    with store.begin() as tx:
        snapshots.put(tx, WHOSE, [ROW, ROW], [MISSED], 3, 1)
    with store.read() as tx:
        kept = snapshots.get(tx, WHOSE)
    assert kept == snapshots.Snapshot((ROW, ROW), (MISSED,), 3, 1, START + timedelta(minutes=5))


@pytest.mark.parametrize("field", ["issuer", "user", "role", "provider", "days"])
def test_nobody_else_and_no_other_day_finds_it(store: Store, field: str) -> None:
    with store.begin() as tx:
        snapshots.put(tx, WHOSE, [ROW], [], 0, 0)
    with store.read() as tx:
        assert snapshots.get(tx, replace(WHOSE, **{field: "another"})) is None


@pytest.mark.parametrize("user", ["", "not stated"])
def test_users_whom_the_ehr_does_not_name_share_none(store: Store, user: str) -> None:
    whose = replace(WHOSE, user=user)
    with store.begin() as tx:
        snapshots.put(tx, whose, [ROW], [], 0, 0)
    with store.read() as tx:
        assert snapshots.get(tx, whose) is None


def test_what_no_key_opens_any_more_is_none(store: Store) -> None:
    with store.begin() as tx:
        snapshots.put(tx, WHOSE, [ROW], [], 0, 0)
    with store.read() as tx:
        assert snapshots.get(replace(tx, keys=MultiFernet([Fernet(Fernet.generate_key())])), WHOSE) is None


# --- what else a morning asks of the store -------------------------------------------------------------------------

QUESTIONS = [Question("northwind", name, "", "https://ehr.example/fhir|p1") for name in ("member", "care-gaps", "risk")]
LEASE = timedelta(seconds=20)


def test_a_pulse_tells_every_new_try_and_who_is_asked(store: Store, clock: Clock) -> None:
    first, second, never = QUESTIONS
    with store.begin() as tx:
        names = answers.names(tx, QUESTIONS)
        answers.claim(tx, [first, second], LEASE, "one")
        before = answers.pulses(tx, names)
        answers.settle_all(tx, [Settled(first, Known("a", "northwind", clock()), LEASE)], "one")
        after = answers.pulses(tx, names)
    assert set(before) == set(after) == set(names[:2])
    assert [before[name].asking for name in names[:2]] == [True, True]
    assert [after[name].asking for name in names[:2]] == [False, True]
    assert before[names[0]].mark != after[names[0]].mark
    assert before[names[1]].mark == after[names[1]].mark
    assert never not in after
    clock.advance(seconds=21)
    with store.read() as tx:
        assert not any(each.asking for each in answers.pulses(tx, names).values())  # leases have run out


def test_an_answer_that_came_along_is_kept_where_nobody_has_or_asks_one(store: Store, clock: Clock) -> None:
    new, known, asked = QUESTIONS
    came = [Settled(each, Known("came", "northwind", clock()), timedelta(hours=1)) for each in QUESTIONS]
    with store.begin() as tx:
        answers.claim(tx, [known, asked], LEASE, "two")
        answers.settle_all(tx, [Settled(known, Known("was here", "northwind", clock()), LEASE)], "two")
        answers.given(tx, came, "one")
    with store.read() as tx:
        found = answers.snapshot(tx, QUESTIONS)
    assert [getattr(found[each].answer, "value", None) for each in QUESTIONS] == ["came", "was here", None]
    assert found[asked].asking
    with store.begin() as tx:
        assert answers.claim(tx, [new], LEASE, "one") == {new: Claim.FRESH}


def test_a_failure_stands_for_as_long_as_its_reader_says(store: Store, clock: Clock) -> None:
    [question, *_] = QUESTIONS
    with store.begin() as tx:
        answers.claim(tx, [question], LEASE, "one")
        down = Unknown("northwind", Reason.DOWN)
        answers.settle_all(tx, [Settled(question, down, timedelta(seconds=30))], "one")
    clock.advance(seconds=31)
    with store.read() as tx:
        assert answers.snapshot(tx, [question])[question].answer is None
        assert answers.snapshot(tx, [question], failures_stand=timedelta(minutes=5))[question].answer == down
    clock.advance(minutes=5)
    with store.read() as tx:
        assert answers.snapshot(tx, [question], failures_stand=timedelta(minutes=5))[question].answer is None


def test_what_bars_payers_is_found_for_many_patients_at_once_as_for_one(store: Store) -> None:
    note, patients = Note("Imani Osei", Person()), [f"https://ehr.example/fhir|p{n}" for n in range(4)]
    with store.begin() as tx:
        held.hold(tx, replace(ENTRY, patient=patients[0]), "northwind", note)
        restrictions.enter(tx, replace(ENTRY, patient=patients[0]), "lakeside", note)
        restrictions.enter(tx, replace(ENTRY, patient=patients[1]), "", note)
        held.hold(tx, replace(ENTRY, patient="https://ehr.example/fhir|elsewhere"), "northwind", note)
    with store.read() as tx:
        many = barred.own_of(tx, patients)
        assert {patient: many.get(patient, Own()) for patient in patients} == {
            patient: barred.own(tx, patient) for patient in patients
        }
        assert set(many) == set(patients[:2])


def test_many_records_of_one_launch_are_one_chain_as_if_written_one_by_one(store: Store) -> None:
    entries = [replace(ENTRY, patient=f"https://ehr.example/fhir|p{n}") for n in range(3)]
    with store.begin() as tx:
        audit.record(tx, ENTRY)
        audit.record_all(tx, entries)
        audit.record_all(tx, [])
        audit.record(tx, ENTRY)
    with store.read() as tx:
        assert audit.trail(tx, ENTRY.launch) == [ENTRY, *entries, ENTRY]
        assert audit.verify(tx) == []
