"""Evidence for payers: what is shown is what leaves, to whom it was shown for, once; and what never becomes a draft."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.actions import Actions, Actor, Person
from app.actions.sending import Confirmed, Envelope, Leaving, Sending
from app.core.answers import Answer, Reason, Unknown
from app.core.chart import Fact
from app.core.ledger.minimum import Unfit
from app.core.ledger.offer import Held, Offer
from app.core.ledger.outgoing import Post, Sends, Submission
from app.core.ledger.permission import Refusal, Sitting
from app.core.ledger.practice import HOLD, SEND
from app.core.ledger.verb import Verb
from app.core.restrictions import EVERY_PAYER
from app.core.roles import Role
from app.errors import NotAllowed
from app.store import Store, outbox, recorded
from tests.app.leaving import (
    DOCTOR,
    DONE,
    ITEM,
    MEMBERS,
    OPENING,
    PATIENT,
    RAW,
    Chart,
    done,
    envelope,
    fresh,
    offers,
    under,
)
from tests.core.made import TODAY
from tests.store.one_store import START

Shown = Callable[..., tuple[Leaving, ...]]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("template") / "store.sqlite3"


@pytest.fixture
def store(template: Path, tmp_path: Path) -> Iterator[Store]:
    with fresh(template, tmp_path) as opened:
        yield opened


def sending(store: Store, chart: Chart | None = None, **envelopes: Envelope) -> Sending:
    return Sending(store, lambda _: chart or Chart(), {"northwind": envelope, "lakeside": envelope} | envelopes)


def shown(
    made: Sending,
    these: tuple[Offer, ...] | None = None,
    *,
    who: Actor = DOCTOR,
    policy: str = HOLD,
    page: str = "",
    **other: Any,
) -> tuple[Leaving, ...]:
    told: dict[str, Any] = {"members": MEMBERS, "dialects": {}, "policy": policy, "age": 63, "now": START}
    return made.prepare(who, OPENING, under(**other), these or offers(), page=page, **told)


def sent(made: Sending, shown_: Leaving, who: Actor = DOCTOR, **other: Any) -> Confirmed:
    return made.confirm(who, under(**other), ITEM, shown_.draft, shown_.message)


def rows(store: Store) -> list[outbox.Listed]:
    with store.read() as tx:
        return [row for m in outbox.of_patient(tx, PATIENT) if (row := outbox.find(tx, m.id))]


def test_what_is_shown_is_what_leaves(store: Store) -> None:
    made = sending(store)
    (one,) = shown(made)
    assert one.envelope
    assert "anxious" not in str(one.envelope)  # the note stays
    assert not rows(store)  # showing sends nothing
    came = sent(made, one)
    (row,) = rows(store)
    assert (row.message.id, row.message.kind, row.message.to, row.message.post) == (
        came.message, Sends.EVIDENCE, "northwind", Post.WAITING,
    )  # fmt: skip
    assert row.parcel
    assert row.parcel.body["envelope"] == one.envelope
    assert row.parcel.body["targets"][0] | {"key": "", "reasons": []} == {
        "payer": "northwind", "report_id": "r1", "group_id": "g1", "question": "care-gaps", "dialect": "",
        "status": "open-gap", "measure": ITEM.targets[0].measure, "key": "", "reasons": [],
    }  # fmt: skip
    assert done(store) == [("prepare-evidence", "ok"), ("record-action", "ok"), ("send-evidence", "ok")]


def test_sending_says_that_it_was_done_once(store: Store) -> None:
    """Its leg stands on the row: evidence goes with an action, a new one or the one that says so already."""
    made = sending(store)
    first, second = shown(made, offers(two=True))
    sent(made, first)
    sent(made, second)
    with store.read() as tx:
        (action,) = recorded.of_patient(tx, PATIENT)
    assert (action.verb, action.evidence, action.encounter) == (Verb.ALREADY_DONE, ("Procedure/done",), "Encounter/e1")
    assert {row.message.action for row in rows(store)} == {action.id}


def test_a_second_tap_and_a_second_person_send_nothing_twice(store: Store) -> None:
    made = sending(store)
    (mine,), (theirs,) = shown(made), shown(made, who=replace(DOCTOR, launch="other"))
    assert sent(made, mine).message == sent(made, mine).message == mine.message == theirs.message
    assert sent(made, theirs, replace(DOCTOR, launch="other")).message == mine.message
    assert len(rows(store)) == 1


def test_what_was_sent_is_said_and_not_offered_again(store: Store) -> None:
    made = sending(store)
    (one,) = shown(made)
    sent(made, one)
    (again,) = shown(made)
    assert again.already
    assert again.already.post is Post.WAITING
    assert not again.draft


def test_an_entry_that_has_changed_since_is_another_thing_to_send(store: Store) -> None:
    made = sending(store)
    (one,) = shown(made)
    sent(made, one)
    (again,) = shown(sending(store, Chart(RAW | {"performedDateTime": "2026-03-03"})))
    assert again.draft


def test_what_was_shown_leaves_also_if_the_chart_has_changed_meanwhile(store: Store) -> None:
    chart = Chart()
    made = sending(store, chart)
    (one,) = shown(made)
    chart.entries["Procedure/done"] = RAW | {"performedDateTime": "2025-01-01"}
    sent(made, one)
    (row,) = rows(store)
    assert row.parcel
    assert row.parcel.body["envelope"] == one.envelope


def test_a_draft_of_another_launch_patient_or_hour_is_none(store: Store) -> None:
    made = sending(store)
    (one,) = shown(made)
    assert sent(made, one, replace(DOCTOR, launch="other")).gone
    assert made.confirm(DOCTOR, under(patient="https://ehr.example|p2"), ITEM, one.draft, one.message).gone
    assert made.confirm(DOCTOR, under(), ITEM, "0" * 32, "0" * 32).gone
    assert not rows(store)


def test_a_draft_that_was_shown_for_another_item_is_none(store: Store) -> None:
    """Or the chart would say that something was done by what was shown for something else."""
    made = sending(store)
    (one,) = shown(made, page="one")
    assert made.confirm(DOCTOR, under(), ITEM, one.draft, one.message, "other").gone
    assert not rows(store)
    with store.read() as tx:
        assert not recorded.of_patient(tx, PATIENT)
    (again,) = shown(made, page="one")
    assert made.confirm(DOCTOR, under(), ITEM, again.draft, again.message, "one").message


def test_one_payers_draft_is_no_other_payers(store: Store) -> None:
    first, second = shown(sending(store), offers(two=True))
    assert "lk-" not in str(first.envelope)
    assert "nw-77" not in str(second.envelope)
    assert "Patient/p1" in str(first.envelope)


# --- held back --------------------------------------------------------------------------------------------------------


def _held(found: tuple[Leaving, ...]) -> list[Held | None]:
    assert not any(each.draft or each.envelope or each.entries for each in found if each.held)
    return [each.held for each in found]


def test_without_a_visit_nothing_is_read_and_nothing_leaves(store: Store) -> None:
    chart = Chart()
    made = sending(store, chart)
    nowhere = Sitting("", "", None, TODAY)
    assert _held(shown(made, sitting=nowhere)) == [Held.NO_VISIT]
    assert not chart.asked
    (one,) = shown(made)
    assert sent(made, one, sitting=nowhere).held is Held.NO_VISIT
    assert not rows(store)


@pytest.mark.parametrize("payer", ["northwind", EVERY_PAYER])
def test_a_restriction_of_the_practice_holds_it_back_before_and_after_it_was_shown(store: Store, payer: str) -> None:
    made, actions = sending(store), Actions(store)
    (one,) = shown(made)
    actions.restrict(replace(DOCTOR, role=Role.PRIVACY), PATIENT, payer, Person(), "asked for")
    assert sent(made, one).held is Held.RESTRICTED
    assert _held(shown(made)) == [Held.RESTRICTED]
    assert not rows(store)
    assert ("send-evidence", "refused: restriction") in done(store)


def test_a_restriction_of_the_chart_holds_it_back(store: Store) -> None:
    made = sending(store)
    (one,) = shown(made)
    no = frozenset({"northwind"})
    assert _held(shown(made, offers(two=True), restricted=no)) == [Held.RESTRICTED, None]
    assert sent(made, one, restricted=no).held is Held.RESTRICTED


@pytest.mark.parametrize(
    ("label", "policy", "held"),
    [("PSY", HOLD, Held.SENSITIVE), ("PSY", SEND, None), ("R", SEND, Held.SENSITIVE), ("ETH", SEND, Held.SENSITIVE)],
)
def test_what_is_sensitive_stays_by_policy_and_is_not_even_read(
    store: Store, label: str, policy: str, held: Held | None
) -> None:
    marked: Fact = replace(DONE, labels=(label,))
    chart = Chart()
    assert _held(shown(sending(store, chart), offers(done=marked), policy=policy)) == [held]
    assert bool(chart.asked) is (held is None)


@pytest.mark.parametrize(
    ("visit", "policy", "held"),
    [
        ({"meta": {"security": [{"code": "PSY"}]}}, HOLD, Held.SENSITIVE),
        ({"meta": {"security": [{"code": "PSY"}]}}, SEND, None),
        ({"meta": {"security": [{"code": "R"}]}}, SEND, Held.SENSITIVE),
        ({"type": [{"coding": [{"code": "x", "display": "Psychotherapy"}]}]}, HOLD, Held.SENSITIVE),
        ({"serviceProvider": {"display": "Methadone clinic"}}, SEND, Held.SENSITIVE),
        ({"type": [{"text": "Office visit"}]}, HOLD, None),
    ],
)
def test_what_goes_along_is_looked_at_as_the_chart_has_it_now(
    store: Store, visit: dict[str, Any], policy: str, held: Held | None
) -> None:
    entry = RAW | {"encounter": {"reference": "Encounter/v1"}}
    whole = {"resourceType": "Encounter", "id": "v1", "status": "finished", "subject": {"reference": "Patient/p1"}}
    (offer,) = offers()
    made = sending(store, Chart(entry, whole | visit))
    assert _held(shown(made, (replace(offer, with_visit=True),), policy=policy)) == [held]


def test_a_visit_that_was_cancelled_is_none(store: Store) -> None:
    assert _held(shown(sending(store), sitting=Sitting("Encounter/e1", "cancelled", TODAY, TODAY))) == [Held.NO_VISIT]


def test_an_ehr_that_does_not_answer_is_asked_once(store: Store) -> None:
    chart = Chart(RAW | {"id": "another"})
    several = tuple(replace(offer, facts=(replace(DONE, ref="Procedure/x"), DONE)) for offer in offers(two=True))
    assert _held(shown(sending(store, chart), several)) == [Held.NO_ANSWER, Held.NO_ANSWER]
    assert len(chart.asked) == 1


def test_a_payer_that_takes_nothing_or_does_not_answer_gets_nothing(store: Store) -> None:
    def down(_: Submission) -> Answer[Mapping[str, Any]]:
        return Unknown("lakeside", Reason.DOWN)

    made = sending(store, northwind=lambda _: None, lakeside=down)
    assert _held(shown(made, offers(two=True))) == [Held.NOT_TAKEN, Held.NO_ANSWER]


@pytest.mark.parametrize(
    ("entry", "held", "unfit"),
    [
        (RAW | {"status": "entered-in-error"}, Held.CHANGED, (Unfit.STATUS,)),
        (RAW | {"subject": {"reference": "Patient/p2"}}, Held.CHANGED, (Unfit.ANOTHER,)),
        (RAW | {"modifierExtension": [{"url": "x"}]}, Held.CHANGED, (Unfit.MODIFIED,)),
        (RAW | {"id": "gone"}, Held.NO_ANSWER, ()),
    ],
)
def test_an_entry_that_is_not_what_it_was_stays(
    store: Store, entry: dict[str, Any], held: Held, unfit: tuple[Unfit, ...]
) -> None:
    (one,) = shown(sending(store, Chart(entry)))
    assert (one.held, one.unfit) == (held, unfit)


def test_a_visit_that_belongs_to_it_goes_along_or_nothing_goes(store: Store) -> None:
    visit = {"resourceType": "Encounter", "id": "v1", "status": "finished", "subject": {"reference": "Patient/p1"}}
    entry = RAW | {"encounter": {"reference": "Encounter/v1"}}
    (offer,) = offers()
    with_visit = (replace(offer, with_visit=True),)
    (one,) = shown(sending(store, Chart(entry, visit)), with_visit)
    assert [each.ref for each in one.entries] == ["Procedure/done", "Encounter/v1"]
    assert one.entries[0].resource["encounter"] == {"reference": "Encounter/v1"}
    (alone,) = shown(sending(store, Chart(entry)), with_visit)
    assert alone.held is Held.NO_ANSWER


# --- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.MANAGER, Role.PRIVACY, Role.OPERATOR, Role.FINANCE, Role.NONE])
def test_who_records_nothing_sends_nothing(store: Store, role: Role) -> None:
    made, who = sending(store), replace(DOCTOR, role=role)
    (one,) = shown(made)
    with pytest.raises(NotAllowed):
        shown(made, who=who)
    with pytest.raises(NotAllowed):
        sent(made, one, who)
    assert not rows(store)


@pytest.mark.parametrize(("withheld", "refused"), [("deceased", Refusal.DECEASED), ("hospice", Refusal.HOSPICE)])
def test_nothing_is_sent_about_the_dead_or_dying(store: Store, withheld: str, refused: Refusal) -> None:
    made = sending(store)
    (one,) = shown(made)
    sitting = Sitting("Encounter/e1", "in-progress", TODAY, TODAY, withheld)
    assert sent(made, one, sitting=sitting).refused is refused
    assert made.confirm(DOCTOR, under(sitting=sitting), None, shown(made)[0].draft, one.message).refused is refused
    assert not rows(store)


def test_nor_where_somebody_had_said_before_that_it_was_done(store: Store) -> None:
    made = sending(store)
    first, second = shown(made, offers(two=True))
    sent(made, first)
    sitting = Sitting("Encounter/e1", "in-progress", TODAY, TODAY, "deceased")
    assert sent(made, second, sitting=sitting).refused is Refusal.DECEASED
    assert len(rows(store)) == 1
