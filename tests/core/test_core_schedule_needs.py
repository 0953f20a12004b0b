"""What the morning schedule reads of a chart: what its rules need, so that its rows say what the panel says."""

from dataclasses import replace
from datetime import date

import pytest

from app.core.chart import CHART_TYPES, Concept
from app.core.flag import State
from app.core.measures import REGISTRY, Registry, immunization, statin
from app.core.report import Measure
from app.core.schedule.entry import ContraRow, Protocol
from app.core.schedule.needs import DOCUMENT, READABLE, RISK_ASSESSMENT, types, why
from tests.core.made import BREAST, COLORECTAL, HBA1C, OTHER, PRESSURE, category, chart, fact, gap, hba1c, payer, stool
from tests.core.scheduled import CERVICAL, DEPRESSION, KIDNEY, STATIN, row, visited

VACCINES = Registry([immunization.INFLUENZA, immunization.PNEUMOCOCCAL])


def test_what_a_panel_reads_is_read_and_the_risks_beside_it() -> None:
    assert set(types(REGISTRY)) == {*CHART_TYPES, RISK_ASSESSMENT}


def test_every_type_says_what_needs_it_and_none_is_read_without() -> None:
    found = why(REGISTRY)
    assert set(found) == set(types(REGISTRY))
    assert all(found.values())


def test_fewer_rules_need_less() -> None:
    assert "AllergyIntolerance" not in types(VACCINES)
    assert "AllergyIntolerance" in types(Registry([*VACCINES.rules, statin.RULE]))
    assert DOCUMENT not in types(Registry([]))
    assert set(types(VACCINES)) < set(types(REGISTRY))


def test_a_protocol_adds_what_it_has_to_look_for_and_nothing_that_cannot_be_read() -> None:
    asks = (ContraRow("Egg allergy", "AllergyIntolerance", ()), ContraRow("Implant", "Device", ()))
    protocol = Protocol("Vaccines", "1", "Dr. Ellison", date(2027, 1, 1), ("influenza-immunization",), asks)
    assert set(types(VACCINES, [protocol])) - set(types(VACCINES)) == {"AllergyIntolerance"}


@pytest.mark.parametrize("measure", [HBA1C, PRESSURE, COLORECTAL, BREAST, CERVICAL, DEPRESSION, KIDNEY, STATIN, OTHER])
def test_a_row_of_what_is_read_says_what_the_whole_chart_says(measure: Measure) -> None:
    told = fact("DocumentReference", Concept(text="Outside mammogram report"), "2026-03-01")
    facts = (visited("2026-05-05"), hba1c("9.9", "2026-10-01"), stool("positive", "2026-09-01"), told)
    whole = chart(*facts)
    read = replace(whole, facts={kind: answer for kind, answer in whole.facts.items() if kind in types(REGISTRY)})
    answers = payer([gap(measure)], [category("37", "Diabetes", "E11.22")])
    assert row(answers, made=read) == row(answers, made=whole)


def test_a_document_of_somebody_else_is_no_reason_to_do_it_again() -> None:
    """The row says what the panel says: request the record, and not "do today"."""
    told = fact("DocumentReference", Concept(text="Mammogram, outside facility"), "2026-03-01")
    read = {kind: answer for kind, answer in chart(told).facts.items() if kind in types(REGISTRY)}
    (step,) = row(payer([gap(BREAST)]), made=replace(chart(), facts=read)).steps
    assert (step.act, step.state) == ("request-record", State.DONE_ELSEWHERE)


def test_each_is_named_once_and_in_one_order() -> None:
    found = types(REGISTRY)
    assert [kind for kind in READABLE if kind in found] == list(found)
