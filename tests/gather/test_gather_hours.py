"""A launch may be open for hours: no payer is asked anything new by an old Consent, and no look goes unrecorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.actions import Actions, Actor, Decision, Person
from app.core.answers import Known, Reason
from app.core.asking import CARE_GAPS, Ask
from app.core.consents import Consent, Rule
from app.core.roles import Role
from app.gather import patient_key
from app.store import Store, audit
from app.store.migrations import migrate
from tests.gather.made import WHO, Chart, Payer, finished, gathering, opening
from tests.store.one_store import Clock, open_store

REFUSED = Consent("Consent/1", "active", rule=Rule(denies=True))
OF = opening()
ONCE = {"member": 1, "care-gaps": 1, "risk": 1}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/hours.sqlite3", clock)
    migrate(opened.engine)
    yield opened
    opened.close()


def looks(store: Store) -> int:
    with store.read() as tx:
        return sum(entry.action == "read-chart" for entry in audit.trail(tx, OF.handle))


# --- old restrictions -----------------------------------------------------------------------------------------------


def test_a_consent_of_noon_counts_for_a_payer_asked_in_the_afternoon(store: Store, clock: Clock) -> None:
    chart, payer = Chart(clock), Payer("northwind", clock)
    with gathering(store, chart, {"northwind": payer}) as made:
        finished(made, OF)
        assert payer.asked == ONCE
        clock.advance(hours=5)
        chart.says = (REFUSED,)
        state = finished(made, OF)
    assert state.plan.restricted == {"northwind": Reason.RESTRICTED}
    assert payer.asked == ONCE
    assert chart.asked["consents"] == chart.asked["Flag"] == 2
    assert chart.asked["patient"] == 1


def test_where_nothing_was_refused_meanwhile_the_payer_is_asked_again(store: Store, clock: Clock) -> None:
    chart, payer = Chart(clock), Payer("northwind", clock)
    with gathering(store, chart, {"northwind": payer}) as made:
        finished(made, OF)
        for hour in (2, 3):
            clock.advance(hours=5)
            finished(made, OF)
            assert payer.asked == {"member": hour, "care-gaps": hour, "risk": hour}
            assert chart.asked["consents"] == hour


def test_restrictions_are_read_once_while_they_are_as_new_as_a_report(store: Store, clock: Clock) -> None:
    chart, payer = Chart(clock), Payer("northwind", clock, down=True)
    with gathering(store, chart, {"northwind": payer}) as made:
        finished(made, OF)
        clock.advance(minutes=14)
        payer.down = False
        finished(made, OF)
    assert payer.asked["member"] == 2
    assert chart.asked["consents"] == 1


def test_what_another_payer_has_said_stays_while_restrictions_are_read_again(store: Store, clock: Clock) -> None:
    chart = Chart(clock, covers=("Northwind", "Lakeside"))
    payers = {"northwind": Payer("northwind", clock), "lakeside": Payer("lakeside", clock, down=True)}
    with gathering(store, chart, payers) as made:
        finished(made, OF)
        clock.advance(minutes=10)
        payers["lakeside"].down = False
        finished(made, OF)
        clock.advance(minutes=6)  # northwind's report is too old now, lakeside's is not; nor are the restrictions
        chart.open_.clear()
        state = made.show(OF, WHO, seen=None, timeout=0)
        assert not state.complete
        assert isinstance(state.answers[Ask("lakeside", CARE_GAPS)], Known)
        assert payers["northwind"].asked == ONCE
        chart.open_.set()
        state = finished(made, OF)
    assert payers["northwind"].asked["care-gaps"] == 2
    assert all(isinstance(state.answers[Ask(name, CARE_GAPS)], Known) for name in payers)


# --- the version of what is shown -----------------------------------------------------------------------------------


def test_other_content_is_another_version_and_another_record_also_after_a_hold_and_its_release(
    store: Store, clock: Clock
) -> None:
    actions = Actions(store)
    doctor, privacy = (
        Actor("handle", "Practitioner/1", "", role, OF.issuer) for role in (Role.CLINICIAN, Role.PRIVACY)
    )
    with gathering(store, Chart(clock), {"northwind": Payer("northwind", clock)}) as made:
        before = finished(made, OF)
        clock.advance(seconds=1)
        assert actions.hold(doctor, patient_key(OF, before.plan), "northwind", Person())
        [held] = actions.desk(privacy, "").waiting
        assert actions.decide(privacy, held.id, Decision.RELEASE, "mended", shown=held.version) is None
        after, recorded = finished(made, OF), looks(store)
        assert after.pulse == before.pulse  # as many answers as before, and none of the payer's is the same
        assert after.version != before.version
        made.show(OF, WHO, seen=before.version, timeout=0)
        assert looks(store) == recorded + 1


def test_what_the_practice_bars_is_part_of_the_version(store: Store, clock: Clock) -> None:
    actions = Actions(store)
    privacy = Actor("handle", "Practitioner/1", "", Role.PRIVACY, OF.issuer)
    chart = Chart(clock, covers=("Northwind", "Lakeside"))
    versions = []
    with gathering(store, chart, {name: Payer(name, clock, down=True) for name in ("northwind", "lakeside")}) as made:
        patient = patient_key(OF, finished(made, OF).plan)
        for payer in ("northwind", "lakeside"):
            actions.restrict(privacy, patient, payer, Person(), "asked for")
            versions.append(finished(made, OF).version)
            for entry in actions.desk(privacy, patient).restrictions:
                actions.lift(privacy, patient, entry.id, "no longer")
    assert len(set(versions)) == 2


def test_one_state_has_one_version_however_it_is_read(store: Store, clock: Clock) -> None:
    with gathering(store, Chart(clock), {"northwind": Payer("northwind", clock)}) as made:
        here = finished(made, OF)
    with gathering(store, Chart(clock), {"northwind": Payer("northwind", clock)}, who="two") as elsewhere:
        assert elsewhere.state(OF).version == here.version
        assert 0 <= here.version < 2**53  # a browser's script can hold it


def test_the_clock_of_a_report_and_of_a_restriction_is_the_same(store: Store, clock: Clock) -> None:
    """At the very instant at which a report is too old, so is the Consent that it was asked by."""
    chart, payer = Chart(clock), Payer("northwind", clock)
    with gathering(store, chart, {"northwind": payer}) as made:
        finished(made, OF)
        clock.advance(minutes=15)
        finished(made, OF)
    assert (payer.asked["care-gaps"], chart.asked["consents"]) == (2, 2)
