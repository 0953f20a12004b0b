"""Which coverages are in force and whose they are."""

from dataclasses import dataclass, replace

import pytest

from app.core.chart import Coverage, Identifier
from app.core.coverage import Recognition, accounted, active, connect, recognise
from tests.core.made import COVERAGE, TODAY, on


@dataclass(frozen=True)
class Row:
    id: str
    recognised_by: tuple[Recognition, ...]


NORTHWIND = Row("northwind", (Recognition(payor_contains="northwind"),))
LAKESIDE = Row("lakeside", (Recognition(ehr="main", identifier="https://payors.example|LK-9"),))
LAKE = Coverage(
    "Coverage/2",
    "active",
    payors=("Lakeside Community Health",),
    payor_identifiers=(Identifier("https://payors.example", "LK-9"),),
    member_ids=(Identifier("", "LK55"),),
)


@pytest.mark.parametrize(
    ("fields", "is_active"),
    [
        ({}, True),
        ({"status": "cancelled"}, False),
        ({"status": "draft"}, False),
        ({"status": "entered-in-error"}, False),
        ({"status": ""}, True),
        ({"start": on("2026-11-20")}, True),
        ({"start": on("2026-11-21")}, False),
        ({"end": on("2026-11-20")}, True),
        ({"end": on("2026-11-19")}, False),
        ({"end": on("2026-11")}, True),
        ({"start": on("2026")}, True),
        ({"start": on("2027"), "end": None}, False),
    ],
)
def test_a_coverage_is_in_force_by_status_and_period(fields: dict[str, object], is_active: bool) -> None:
    assert bool(active([replace(COVERAGE, **fields)], TODAY)) is is_active  # type: ignore[arg-type] # names of fields


@pytest.mark.parametrize(
    ("row", "fits"),
    [
        (Recognition(), False),
        (Recognition(payor="  "), False),
        (Recognition(payor="NORTHWIND  health plan"), True),
        (Recognition(payor="Northwind"), False),
        (Recognition(payor_contains="wind HEALTH"), True),
        (Recognition(identifier="NW"), True),
        (Recognition(identifier="https://payors.example|NW"), True),
        (Recognition(identifier="https://other.example|NW"), False),
        (Recognition(ref="Organization/nw"), True),
        (Recognition(ref="Organization/w"), False),
        (Recognition(plan="advantage hmo"), True),
        (Recognition(plan="advantage"), False),
        (Recognition(plan_contains="advantage"), True),
        (Recognition(payor_contains="northwind", plan_contains="PPO"), False),
    ],
)
def test_everything_that_a_row_states_must_fit(row: Recognition, fits: bool) -> None:
    coverage = replace(
        COVERAGE,
        plan="Advantage HMO",
        payor_identifiers=(Identifier("https://payors.example", "NW"),),
        payor_refs=("https://ehr.example/fhir/Organization/nw",),
    )
    assert row.fits(coverage) is fits


def test_a_row_of_another_ehr_recognises_nothing_here() -> None:
    assert recognise(LAKE, [NORTHWIND, LAKESIDE], "main") is LAKESIDE
    assert recognise(LAKE, [NORTHWIND, LAKESIDE], "second") is None


def test_the_row_that_says_more_decides_and_a_draw_decides_nothing() -> None:
    general = Row("general", (Recognition(payor_contains="northwind"),))
    exact = Row("exact", (Recognition(payor_contains="northwind", plan="Gold"),))
    gold = replace(COVERAGE, plan="Gold")
    assert recognise(gold, [general, exact]) is exact
    assert recognise(COVERAGE, [general, exact]) is general
    assert recognise(gold, [general, NORTHWIND]) is None


def test_a_row_for_this_ehr_wins_over_one_for_every_ehr() -> None:
    everywhere = Row("everywhere", (Recognition(payor_contains="northwind"),))
    here = Row("here", (Recognition(ehr="main", payor_contains="northwind"),))
    assert recognise(COVERAGE, [everywhere, here], "main") is here
    assert recognise(COVERAGE, [everywhere, here], "second") is everywhere


def test_any_of_several_names_of_the_payor_will_do() -> None:
    assert recognise(replace(COVERAGE, payors=("NHP", "Northwind Health Plan")), [NORTHWIND]) is NORTHWIND


def test_several_payers_at_once_and_what_nobody_is_connected_to() -> None:
    other = Coverage("Coverage/3", "active", payors=("Harbor Mutual",))
    over = replace(LAKE, ref="Coverage/4", status="cancelled", payors=("Old Mutual",))
    connected, unconnected = connect([other, LAKE, COVERAGE, over], "main", TODAY, [NORTHWIND, LAKESIDE])
    assert {(payer.id, coverage.ref) for payer, coverage in connected} == {
        ("northwind", "Coverage/1"),
        ("lakeside", "Coverage/2"),
    }
    assert unconnected == (other,)


def test_rows_of_one_membership_are_one_question_by_the_one_with_a_member_id() -> None:
    pharmacy = replace(COVERAGE, ref="Coverage/0", member_ids=(), start=on("2026-01-01"))
    connected, unconnected = connect([pharmacy, COVERAGE], "main", TODAY, [NORTHWIND])
    assert [coverage.ref for _, coverage in connected] == ["Coverage/1"]
    assert unconnected == ()


def test_the_newer_of_two_rows_is_asked_by() -> None:
    old = replace(COVERAGE, ref="Coverage/0", start=on("2020-01-01"))
    new = replace(COVERAGE, ref="Coverage/9", start=on("2026-01-01"))
    connected, _ = connect([old, new], "main", TODAY, [NORTHWIND])
    assert connected[0][1] is new


def test_a_second_membership_at_one_payer_stays_unconnected() -> None:
    second = replace(COVERAGE, ref="Coverage/9", member_ids=(Identifier("", "NW-7777"),))
    connected, unconnected = connect([COVERAGE, second], "main", TODAY, [NORTHWIND])
    assert len(connected) == 1
    assert unconnected == (second,)


def test_every_coverage_is_accounted_for_by_name_or_by_membership() -> None:
    pharmacy = replace(COVERAGE, ref="Coverage/0", member_ids=())
    assert accounted([COVERAGE, pharmacy], [COVERAGE], [])
    assert accounted([COVERAGE, LAKE], [COVERAGE], [LAKE])
    assert not accounted([COVERAGE, LAKE], [COVERAGE], [])
    assert not accounted([replace(COVERAGE, ref="Coverage/9", member_ids=(Identifier("", "X"),))], [COVERAGE], [])
