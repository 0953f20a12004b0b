"""Visits: what waits for their end leaves then and not before, and every group that a payer sent has one remark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import metadata
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.answers import Known, Reason, Unknown
from app.core.asking import EHR, ENCOUNTER, PATIENT, RISK, Ask, Opening, PayerRow, Plan
from app.core.chart import Concept, Coverage, Fact, Patient
from app.core.flag import Panel, PromptRow, PromptState
from app.core.ledger.action import Target
from app.core.ledger.outgoing import Message, Post
from app.core.report import ConditionCategory, Measure, Report, ReportGroup
from app.deliver import Closing, Terms, Visiting
from app.store import Store, audit, outbox, restrictions, visits
from app.store.migrations import migrate
from app.store.said import Note, Person
from app.store.visits import Group, Visited
from tests.deliver.shop import ISSUER, entry, found, names, parcel, put
from tests.deliver.shop import PATIENT as KEY
from tests.store.one_store import START, Clock, open_store

TERMS = {"northwind": Terms("northwind", software=True), "lakeside": Terms("lakeside")}
MIDNIGHT = START.replace(hour=5, minute=0) + timedelta(days=1)  # in New York
ROW = PayerRow("northwind", "Northwind", ())
PERSON = Person("Marisol Rivera", "1961-04-02", "MRN-1")


@pytest.fixture(params=["sqlite"])
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def nudged() -> list[str]:
    return []


@pytest.fixture
def visiting(store: Store, nudged: list[str]) -> Visiting:
    closing = Closing(store, TERMS)
    return Visiting(store, TERMS, {"main": "America/New_York"}, closing, lambda: nudged.append("now"))


# --- a look at a panel ------------------------------------------------------------------------------------------------


def look(
    visiting: Visiting,
    *,
    status: str = "in-progress",
    groups: tuple[str, ...] = ("g1", "g2"),
    drawn: tuple[str, ...] = (),
    unread: tuple[str, ...] = (),
    complete: bool = True,
    patient: Patient | None = None,
    restricted: dict[str, Reason] | None = None,
    entries: tuple[str, ...] = (),
    encounter: str | None = "e1",
    subject: str = "",
    lost: tuple[tuple[str, str, str], ...] = (),
) -> None:
    """What a panel tells after one look: one payer, one RA report; of `lost` not one report could be read."""
    opening = Opening("a-launch", "main", "Main", ISSUER, "p1", encounter, "Practitioner/1", date(2026, 3, 2))
    report = Report(
        "northwind", RISK, "m1", None, dialect="ra-2.1.0",
        groups=tuple(ReportGroup("r1", one, one not in unread) for one in groups),
    )  # fmt: skip
    asks = (Ask(EHR, PATIENT), Ask(EHR, ENCOUNTER), *([] if restricted else [Ask("northwind", RISK)]))
    coverage = Coverage("Coverage/1", "active")
    barred_by = {"northwind": entries} if restricted else {}
    plan = Plan("p1", asks, ((ROW, coverage),), restricted=restricted or {}, restricted_by=barred_by)
    answers: dict[Ask, Any] = {
        Ask(EHR, PATIENT): Known(patient or Patient("p1"), "main", START),
        Ask("northwind", RISK): Known(report, "northwind", START),
    }
    if lost:
        answers[Ask("northwind", RISK)] = Unknown("northwind", Reason.NOT_READABLE, groups=lost)
    if encounter:
        fact = Fact("Encounter", "Encounter/e1", Concept(), status=status, subject=subject)
        answers[Ask(EHR, ENCOUNTER)] = Known(fact, "main", START)
    prompts = tuple(_drawn(one) for one in drawn)
    panel = Panel(None, (), (), (), (), (), (), (), prompts, (), (), (), (), complete, False)
    visiting.looked(opening, plan, answers, panel, complete=complete, person=PERSON)


def _drawn(group: str) -> PromptRow:
    category = ConditionCategory(
        "northwind", "r1", group, Measure("hcc"), "", "28", "37", "Diabetes", "historic", "open-gap"
    )
    return PromptRow((category,), PromptState.ASSESS_HISTORIC, (), (), ())


def remarked(store: Store, visit: str = "Encounter/e1") -> dict[str, str]:
    """Group -> code of what stands in the outbox for a visit and was not taken back."""
    with store.read() as tx:
        messages = outbox.of_visit(tx, visits.key(tx, ISSUER, visit))
    live = [one for one in messages if one.post is not Post.WITHDRAWN]
    assert max(Counter((one.to, one.group) for one in live).values(), default=1) == 1, "one remark a group"
    return {one.group.partition("/")[2]: one.code for one in live}


def held(store: Store, name: str, *, payer: str = "northwind", group: str = "g1") -> str:
    """A clinician's remark that waits for the end of the visit, put in as it is recorded."""
    with store.begin() as tx:
        key = visits.key(tx, ISSUER, "Encounter/e1")
        visits.see(tx, Visited(key, "main", ISSUER, "Encounter/e1", KEY, "a-launch", MIDNIGHT), ())
    target = Target(payer, "r1", group, RISK, "ra-2.1.0")
    put(store, [parcel(target, name=name, visit=key)])
    return name


def post(store: Store, name: str) -> Message:
    return found(store, name).message


def test_a_remark_waits_until_the_visit_is_finished(store: Store, visiting: Visiting, nudged: list[str]) -> None:
    name = held(store, names(1)[0])
    look(visiting)
    assert post(store, name).post is Post.HELD
    assert not nudged
    look(visiting, status="finished")
    assert post(store, name).post is Post.WAITING
    assert nudged == ["now"]
    look(visiting, status="finished")
    assert nudged == ["now"], "and nothing is new any more"


def test_else_until_the_clinics_midnight(store: Store, visiting: Visiting, clock: Clock) -> None:
    name = held(store, names(1)[0])
    look(visiting)
    clock.now = MIDNIGHT - timedelta(seconds=1)
    assert visiting.closing.over() == 0
    assert post(store, name).post is Post.HELD
    clock.now = MIDNIGHT
    assert visiting.closing.over() == 1
    assert post(store, name).post is Post.WAITING
    assert visiting.closing.over() == 0


def test_a_finished_visit_waits_for_the_reports_that_are_still_out(store: Store, visiting: Visiting) -> None:
    look(visiting, status="finished", groups=("g1",), complete=False)
    assert remarked(store) == {}
    look(visiting, status="finished", groups=("g1", "g2"))
    assert remarked(store) == {"g1": "not-presented", "g2": "not-presented"}


def test_what_the_software_says_of_a_group_is_what_was_shown_of_it(store: Store, visiting: Visiting) -> None:
    held(store, names(1)[0], group="g4")
    look(visiting, groups=("g1", "g2", "g3", "g4"), drawn=("g2",), unread=("g3",))
    look(visiting, groups=("g1", "g2", "g3", "g4"), unread=("g3",))  # once shown is shown
    look(visiting, status="finished", groups=("g1", "g2", "g3", "g4"), unread=("g3",))
    assert remarked(store) == {"g1": "not-presented", "g2": "not-assessed", "g3": "not-ingested", "g4": "not-assessed"}
    with store.read() as tx:
        messages = outbox.of_visit(tx, visits.key(tx, ISSUER, "Encounter/e1"))
        listed = [outbox.find(tx, one.id) for one in messages if not one.action]
    assert len(listed) == 3
    for one in listed:
        assert one is not None
        assert one.parcel is not None
        assert one.parcel.body["author"]["software"] == f"Chartside {metadata.version('chartside')}"
        assert not one.parcel.body["author"]["name"], "nobody has said it"
        assert one.parcel.person == PERSON


@pytest.mark.parametrize("restricted", [{}, {"northwind": Reason.RESTRICTED}])
def test_groups_of_an_answer_of_which_nothing_could_be_read_are_not_ingested(
    store: Store, visiting: Visiting, restricted: dict[str, Reason]
) -> None:
    came = (("r1", "g1", "ra-2.1.0"), ("r1", "g2", "ra-2.1.0"), ("r0", "g3", "ra-1.0.0"))
    for status in ("in-progress", "finished"):
        look(visiting, status=status, restricted=restricted, entries=("Flag: confidential",), lost=came)
    assert remarked(store) == ({} if restricted else {"g1": "not-ingested", "g2": "not-ingested"})


def test_what_could_be_read_once_in_the_visit_was_received(store: Store, visiting: Visiting) -> None:
    look(visiting, groups=("g1",), drawn=("g1",))
    look(visiting, status="finished", lost=(("r1", "g1", "ra-2.1.0"), ("r1", "g2", "ra-2.1.0")))
    assert remarked(store) == {"g1": "not-assessed", "g2": "not-ingested"}


def test_a_remark_that_was_taken_back_is_none(store: Store, visiting: Visiting) -> None:
    name = held(store, names(1)[0])
    look(visiting, groups=("g1",))
    with store.begin() as tx:
        assert outbox.withdraw(tx, entry(tx, "withdraw-remark"), [name], "taken-back")
    look(visiting, status="finished", groups=("g1",))
    assert remarked(store) == {"g1": "not-presented"}


def test_a_look_with_nothing_new_writes_nothing(store: Store, visiting: Visiting) -> None:
    look(visiting)
    before = _written(store)
    for _ in range(3):
        look(visiting)
    assert _written(store) == before


def test_without_a_visit_nothing_is_noted(store: Store, visiting: Visiting) -> None:
    look(visiting, encounter=None)
    with store.read() as tx:
        assert visits.under_way(tx) == ()
        assert outbox.of_patient(tx, KEY) == ()


def test_a_payer_that_wants_no_software_remarks_gets_none(store: Store, nudged: list[str]) -> None:
    quiet = {"northwind": Terms("northwind")}
    visiting = Visiting(store, quiet, {"main": "America/New_York"}, Closing(store, quiet), lambda: nudged.append("now"))
    name = held(store, names(1)[0])
    look(visiting, status="finished")
    assert remarked(store) == {"g1": "not-assessed"}
    assert post(store, name).post is Post.WAITING


# --- what must not leave ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [Reason.RESTRICTED, Reason.HELD, Reason.RESTRICTION_UNKNOWN])
def test_a_restriction_in_the_chart_takes_back_what_waited(store: Store, visiting: Visiting, reason: Reason) -> None:
    name, other = held(store, names(2)[0]), held(store, names(2)[1], payer="lakeside")
    look(visiting)
    look(visiting, restricted={"northwind": reason}, entries=("Flag: confidential",))
    assert (post(store, name).post, post(store, name).trouble) == (Post.WITHDRAWN, "restriction")
    assert post(store, other).post is Post.HELD, "another payer's"
    look(visiting, status="finished")
    assert remarked(store) == {"g1": "not-assessed"}, "and nothing is said of the groups that it sent before"
    assert post(store, other).to == "lakeside"


def test_a_restriction_that_could_not_be_read_this_time_takes_nothing_back(store: Store, visiting: Visiting) -> None:
    name = held(store, names(1)[0])
    unread = {"northwind": Reason.RESTRICTION_UNKNOWN}
    look(visiting, restricted=unread, entries=("Consent: not read in full",))
    assert post(store, name).post is Post.HELD


def test_the_practices_own_restriction_counts_when_the_visit_ends(store: Store, visiting: Visiting) -> None:
    name = held(store, names(1)[0])
    look(visiting)
    with store.begin() as tx:
        restrictions.enter(tx, entry(tx, "restrict"), "northwind", Note())
    look(visiting, status="finished")
    assert post(store, name).post is Post.WITHDRAWN
    assert remarked(store) == {}


def test_of_the_dead_nothing_leaves(store: Store, visiting: Visiting) -> None:
    name = held(store, names(1)[0])
    look(visiting)
    look(visiting, patient=Patient("p1", deceased=True), groups=())
    assert (post(store, name).post, post(store, name).trouble) == (Post.WITHDRAWN, "deceased")
    look(visiting, status="finished", patient=Patient("p1", deceased=True), groups=())
    assert remarked(store) == {}


def test_a_dead_letter_that_may_not_leave_any_more_is_taken_back_too(store: Store, visiting: Visiting) -> None:
    """Or somebody would send it again."""
    name = held(store, names(1)[0])
    look(visiting, status="finished")
    with store.begin() as tx:
        outbox.dead(tx, entry(tx), [name], "not-allowed")
    look(visiting, restricted={"northwind": Reason.RESTRICTED}, entries=("Flag: confidential",))
    assert (post(store, name).post, post(store, name).trouble) == (Post.WITHDRAWN, "restriction")


def test_another_patients_visit_is_none_of_this_one(store: Store, visiting: Visiting) -> None:
    look(visiting, subject="Patient/somebody-else")
    look(visiting, subject="Patient/somebody-else", status="finished")
    with store.read() as tx:
        assert visits.find(tx, visits.key(tx, ISSUER, "Encounter/e1")) is None
    look(visiting, subject="Patient/p1", status="finished")
    assert remarked(store)


# --- remarks = groups -------------------------------------------------------------------------------------------------

_group = st.builds(
    Group,
    payer=st.sampled_from(["northwind", "lakeside"]),
    report_id=st.sampled_from(["r1", "r2"]),
    group_id=st.sampled_from(["g1", "g2", "g3"]),
    dialect=st.sampled_from(["ra-2.1.0", "ra-3.0.0-ballot"]),
    ingested=st.booleans(),
    presented=st.booleans(),
    withheld=st.booleans(),
)


_encounters = count(1)


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("visits")
    opened = open_store(f"sqlite:///{folder}/visits.sqlite3", lambda: datetime(2026, 3, 2, 14, tzinfo=UTC))
    migrate(opened.engine)
    yield opened
    opened.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=st.lists(st.lists(_group, max_size=6), max_size=3), said=st.sets(st.integers(0, 5)))
def test_as_many_remarks_as_groups(one_store: Store, groups: list[list[Group]], said: set[int]) -> None:
    """Whatever came in whatever looks, and whoever said something about which of them."""
    closing, encounter = Closing(one_store, TERMS), f"Encounter/{next(_encounters)}"
    with one_store.begin() as tx:
        key = visits.key(tx, ISSUER, encounter)
        visited = Visited(key, "main", ISSUER, encounter, KEY, "a-launch", MIDNIGHT)
        for look_ in groups:
            visits.see(tx, visited, look_)
        known = visits.find(tx, key)
    received = {(one.payer, one.report_id, one.group_id): one for one in (known.groups if known else ())}
    people = [name for n, name in enumerate(sorted(received)) if n in said]
    targets = [Target(*name, RISK, "ra-2.1.0") for name in people]
    put(one_store, [parcel(target, name="", visit=key) for target in targets])
    with one_store.begin() as tx:
        assert closing.close(tx, key) is (known is not None)
        assert not closing.close(tx, key), "once"
    with one_store.read() as tx:
        there = Counter((one.to, *one.group.split("/")) for one in outbox.of_visit(tx, key))
    ours = {name for name, one in received.items() if one.payer == "northwind" and not one.withheld}
    assert there == Counter({name: 1 for name in ours | set(people)})


def _written(store: Store) -> int:
    with store.read() as tx:
        return len(audit.trail(tx, "a-launch"))
