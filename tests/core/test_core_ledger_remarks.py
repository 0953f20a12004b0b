"""The one table: what an action is called in a payer's dialect, or that it has no code there."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.flag import State
from app.core.ledger import remarks
from app.core.ledger.action import Action, Item, Target
from app.core.ledger.remarks import CODES, Code, Family, NotSent, code_for, family_of, rows, software
from app.core.ledger.verb import Kind, Verb, Why
from app.core.roles import Role

DIALECTS = (
    "deqm-us-3.1.0", "deqm-us-4.0.0", "deqm-us-5.0.0", "deqm-uv-1.0.0", "deqm-uv-1.0.0-ballot",
    "ra-1.0.0", "ra-2.0.0", "ra-2.1.0", "ra-3.0.0-ballot", "", "hedis-1",
)  # fmt: skip
US, UV, RA = "deqm-us-5.0.0", "deqm-uv-1.0.0", "ra-2.1.0"


def item(state: str = State.DO_TODAY, settled_by: str = "") -> Item:
    return Item(Kind.GAP, ("colorectal@2026",), "Colonoscopy", "f1", state=state, settled_by=settled_by)


def target(dialect: str, group: str = "g1") -> Target:
    return Target("northwind", "r1", group, "care-gaps", dialect)


def said(verb: Verb, dialect: str, about: Item | None = None, **more: Any) -> Code | NotSent:
    return code_for(Action(verb, about or item(), **more), target(dialect))


@pytest.mark.parametrize(
    ("verb", "more", "us", "uv"),
    [
        (Verb.ORDERED, {}, "order-placed", "order-placed"),
        (Verb.DECLINED, {}, "patient-refused", "patient-refused"),
        (Verb.NOT_APPROPRIATE, {"whys": (Why.CLINICAL,)}, "rejected", "rejected"),
        (Verb.NOT_APPROPRIATE, {"whys": (Why.NOT_IN_POPULATION,)}, "rejected", "rejected"),
        (Verb.DONE, {}, "", ""),
        (Verb.DONE, {"evidence": ("Procedure/1",)}, "satisfied-in-EHR", "satisfied-in-EHR"),
        (Verb.DONE, {"about": item(State.DONE_HERE, "Procedure/1")}, "satisfied-in-EHR", "satisfied-in-EHR"),
        (Verb.ALREADY_DONE, {"evidence": ("Procedure/1",)}, "satisfied-in-EHR", "satisfied-in-EHR"),
        (Verb.ALREADY_DONE, {"on": date(2026, 5, 1), "place": "Elm Clinic"}, "", "documented-elsewhere"),
        (Verb.ALREADY_DONE, {"on": date(2026, 5, 1)}, "", ""),
        (
            Verb.ALREADY_DONE,
            {"evidence": ("Observation/1",), "about": item(State.OUT_OF_RANGE)},
            "out-of-range",
            "out-of-range",
        ),
        (Verb.NOT_NOW, {}, "", "deferred"),
        (Verb.NEEDS_HELP, {"whys": (Why.TRANSPORT,), "agreed": True}, "", ""),
        (Verb.PRESENT, {}, "", ""),
    ],
)
def test_what_a_care_gap_is_told(verb: Verb, more: dict[str, Any], us: str, uv: str) -> None:
    for dialect, code in ((US, us), (UV, uv)):
        assert said(verb, dialect, **more) == (Code(code) if code else NotSent.NO_CODE)


@pytest.mark.parametrize(
    ("verb", "more", "code"),
    [
        (Verb.PRESENT, {}, Code("assessed-present")),
        (Verb.NOT_PRESENT, {"whys": (Why.NEVER_HAD,)}, Code("assessed-not-present", "never-had-condition")),
        (Verb.NOT_PRESENT, {"whys": (Why.INACTIVE,)}, Code("assessed-not-present", "inactive-condition")),
        (Verb.NOT_PRESENT, {"whys": (Why.DOES_NOT_APPLY,)}, Code("assessed-not-present", "inapplicable-gap")),
        (Verb.IN_PROGRESS, {}, Code("in-progress")),
        (Verb.NOT_NOW, {"role": Role.CLINICIAN}, Code("deferred")),
        (Verb.NOT_NOW, {"role": Role.CLINICAL_STAFF}, NotSent.NO_CODE),
        (Verb.NEEDS_HELP, {"whys": (Why.COST,), "agreed": True}, NotSent.NO_CODE),
        (Verb.ORDERED, {}, NotSent.NO_CODE),
        (Verb.DONE, {"evidence": ("Condition/1",)}, NotSent.NO_CODE),
    ],
)
def test_what_a_condition_category_is_told(verb: Verb, more: dict[str, Any], code: Code | NotSent) -> None:
    for dialect in (RA, "ra-2.0.0", "ra-3.0.0-ballot"):
        assert said(verb, dialect, **more) == code


@settings(deadline=None)
@given(
    st.sampled_from(Verb), st.sampled_from(DIALECTS), st.sets(st.sampled_from(Why)), st.sampled_from(State),
    st.sampled_from(Role), st.booleans(), st.booleans(), st.sampled_from(["", "g1"]),
)  # fmt: skip
def test_every_action_has_one_code_of_its_dialect_or_a_reason_why_not(
    verb: Verb, dialect: str, whys: set[Why], state: State, role: Role, evidence: bool, elsewhere: bool, group: str
) -> None:
    action = Action(
        verb, item(state), role=role, whys=tuple(sorted(whys)), evidence=("Observation/1",) if evidence else (),
        on=date(2026, 5, 1) if elsewhere else None, place="Elm Clinic" if elsewhere else "",
    )  # fmt: skip
    found = code_for(action, target(dialect, group))
    family = family_of(dialect)
    if isinstance(found, Code):
        assert family is not None
        assert group
        assert found.code in CODES[family]
        assert found.reason in ("", *map(str, remarks.REASONS))
        assert not found.reason or found.code == "assessed-not-present"
    else:
        assert verb is Verb.WRONG_PATIENT or family is None or not CODES[family] or not group or found == "no-code"


def test_a_report_about_somebody_else_is_never_answered() -> None:
    assert {said(Verb.WRONG_PATIENT, dialect) for dialect in DIALECTS} == {NotSent.WRONG_PATIENT}


def test_guides_without_remarks_and_dialects_that_nobody_knows_are_told_nothing() -> None:
    for old in ("deqm-us-3.1.0", "deqm-us-4.0.0", "ra-1.0.0"):
        assert said(Verb.DECLINED, old) is NotSent.NO_REMARKS
    assert said(Verb.DECLINED, "") is NotSent.UNKNOWN_DIALECT
    assert code_for(Action(Verb.DECLINED, item()), target(US, "")) is NotSent.NO_GROUP


def test_the_software_speaks_only_of_ra_groups() -> None:
    assert software(RA, ingested=True, presented=True) == Code("not-assessed")
    assert software(RA, ingested=True, presented=False) == Code("not-presented")
    assert software(RA, ingested=False, presented=False) == Code("not-ingested")
    assert software(RA, ingested=False, presented=True) == Code("not-ingested")
    assert {software(d, ingested=True, presented=True) for d in (US, UV, "ra-1.0.0")} == {NotSent.NO_REMARKS}


def test_the_table_has_every_verb_and_no_code_that_a_guide_lacks() -> None:
    assert {row.verb for row in rows()} == set(Verb)
    for row in rows():
        for family, code in row.said:
            assert code in CODES[family], (row.verb, family)
    assert not any(row.code(Family.OLDER) for row in rows())
