"""What somebody finds who has the database and no key."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import insert, text

from app.core.allowance import Limit, Need
from app.core.answers import Answer, Known, Reason, Unknown
from app.core.chart import Name, Patient
from app.core.schedule.appointment import Appointment
from app.core.schedule.row import Row
from app.core.schedule.tick import Tick, Ticked
from app.store import (
    Store,
    Tx,
    allowances,
    answers,
    audit,
    compliance,
    drafts,
    follow_ups,
    held,
    memories,
    outbox,
    prefetch,
    recorded,
    restrictions,
    snapshots,
    ticks,
    tokens,
    visits,
)
from app.store.answers import Question
from app.store.launches import SqlLaunchStore
from app.store.said import Note, Person
from app.store.schema import code_lists, metadata, source_health
from tests.store import ledger_rows
from tests.store.one_store import START
from tests.store.test_store_audit import ENTRY

SECRETS = {
    "handle-one", "browser-one", "Marisol", "fhir|p1", "ehr.example", "Practitioner/imani", "a words-of-ours detail",
    "token-of-northwind", "Observation", "Rivera", "1961-04-02", "MRN-77", "asked not to", "Osei", "a panel's words",
    "Appointment/77", "hba1c-step", "ORD-9", "Practitioner/9", "2026-03-02/2026-03-02", "Encounter/e1", "HbA1c",
    "a patient declined", "group-1", "said the payer", "tap-1", "Heart failure", "glycaemic", "7.77",
}  # fmt: skip
LATER = START + timedelta(minutes=5)
NOTE = Note("Imani Osei", Person("Rivera, Marisol", "1961-04-02", "MRN-77"), "asked not to")


def privacy(tx: Tx) -> None:
    held.hold(tx, ENTRY, "northwind", NOTE)
    held.decide(tx, ENTRY, held.hidden(tx)[0], held.Decision.RELEASE, NOTE)
    for _ in range(2):
        restrictions.enter(tx, ENTRY, "lakeside", NOTE)
        restrictions.lift(tx, ENTRY, restrictions.in_force(tx, ENTRY.patient)[0].id, NOTE)


def others(tx: Tx) -> None:
    """Tables whose functions belong to other rooms."""
    memories.put(tx, ENTRY.patient, "gaps", "handle-one", b"a panel's words")
    tx.conn.execute(insert(source_health).values(source="northwind", process="one", at=START, body="{}"))
    tx.conn.execute(insert(code_lists).values(name="CPT", at=START, body="{}"))


def schedule(tx: Tx) -> None:
    """What a morning leaves behind."""
    visit, patient = Appointment("Appointment/77", "booked", START), Patient("p1", (Name(family="Rivera"),))
    tick = Tick("Appointment/77", "Patient/p1", "hba1c-step", Ticked.ORDERED, "Imani Osei", START, "ORD-9")
    ticks.put(tx, ENTRY, "https://ehr.example/fhir", tick)
    whose = snapshots.Whose(
        "https://ehr.example/fhir", "Practitioner/imani", "clinician", "Practitioner/9", "2026-03-02/2026-03-02"
    )
    snapshots.put(tx, whose, [Row(visit, "Patient/p1", patient)], [], 0, 0)
    items = [
        prefetch.Item(prefetch.Kind.SCHEDULE, "Practitioner/9"),
        prefetch.Item(prefetch.Kind.PATIENT, "p1", "https://ehr.example/fhir|p1"),
    ]
    prefetch.add(tx, "main 2026-03-02", items, LATER)
    allowances.settle(tx, "northwind", "one", Limit(8, 600), Need(wanted=4, calls=1))


def ledger(tx: Tx) -> None:
    """What a visit leaves behind."""
    recorded.lock(tx, ENTRY.patient)
    action = recorded.add(tx, ENTRY, ledger_rows.ACTION, "tap-1")
    recorded.undo(tx, ENTRY, action.id, "Imani Osei")
    key = visits.key(tx, ledger_rows.ISSUER, "Encounter/e1")
    seen = visits.Visited(key, "main", ledger_rows.ISSUER, "Encounter/e1", ENTRY.patient, "handle-one", LATER)
    visits.see(tx, replace(seen, person=ledger_rows.PERSON), [ledger_rows.GROUP])
    remark = ledger_rows.parcel(visit=key, launch="handle-one", who="Practitioner/imani", member={"id": "p1"})
    names = outbox.put(tx, ENTRY, [remark])
    outbox.sent(tx, ENTRY, names, confirmable=True, words="said the payer about Marisol")
    follow_ups.add(tx, ENTRY, ledger_rows.ISSUER, ledger_rows.PERSON, [ledger_rows.FOLLOW_UP])
    compliance.add(tx, ENTRY, ledger_rows.ISSUER, ledger_rows.LINE)
    drafts.put(tx, "handle-one", ENTRY.patient, {"resource": {"valueQuantity": {"value": 7.77}}})


def test_no_handle_patient_user_or_answer_is_readable_in_any_column(store: Store) -> None:
    given: dict[str, Answer[Patient]] = {
        "member": Known(Patient("p1", (Name(family="Marisol"),)), "northwind", START),
        "care-gaps": Unknown("northwind", Reason.DOWN, "a words-of-ours detail"),
    }
    SqlLaunchStore(store).put("launch", "handle-one", b"sealed by launch", expires=LATER, group="browser-one")
    with store.begin() as tx:
        for name, answer in given.items():
            question = Question("northwind", name, "handle-one", "https://ehr.example/fhir|p1")
            answers.claim(tx, [question], timedelta(seconds=20), "one")
            answers.settle_all(tx, [answers.Settled(question, answer, timedelta(minutes=1))], "one")
        tokens.put(tx, "northwind", "token-of-northwind", LATER)
        privacy(tx)
        others(tx)
        schedule(tx)
        ledger(tx)
        audit.record(tx, ENTRY)
        audit.seal_heads(tx)
    with store.read() as tx:
        for table in metadata.sorted_tables:
            rows = tx.conn.execute(text(f"SELECT * FROM {table.name}")).all()
            assert rows, f"{table.name} is not part of this test"
            found = repr([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in rows])
            assert {secret for secret in SECRETS if secret in found} == set(), table.name
