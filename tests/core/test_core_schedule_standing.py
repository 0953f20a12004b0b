"""Standing orders: eligible only by a protocol in force, with every contraindication read and absent."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.chart import Coding, Concept, Fact
from app.core.reading import Reading
from app.core.schedule.entry import ContraRow, Protocol
from app.core.schedule.row import Covering, Standing
from app.core.schedule.standing import covering
from app.core.terminology import ICD10CM, LOINC, RXNORM
from tests.core.made import TODAY, fact, few, icd, loinc, reading

ACT = "influenza-immunization"
EGG = ContraRow("Egg allergy", "AllergyIntolerance", (f"{RXNORM}|4093",))
PREGNANT = ContraRow("Pregnancy", "Condition", (f"{ICD10CM}|Z33.1", f"{ICD10CM}|O09.90"))
NAME = "Adult vaccines 4, Dr. Ellison"


def protocol(**other: Any) -> Protocol:
    fields: dict[str, Any] = {
        "name": "Adult vaccines", "version": "4", "approver": "Dr. Ellison", "expires": date(2027, 6, 30),
        "acts": (ACT,), "contraindications": (EGG, PREGNANT),
    }  # fmt: skip
    return Protocol(**(fields | other))


def egg(**other: Any) -> Fact:
    return fact("AllergyIntolerance", Concept((Coding(RXNORM, "4093", "Egg"),)), "2020-01-01", **other)


def found(chart: Reading, *protocols: Protocol) -> Covering:
    return covering(ACT, protocols or (protocol(),), chart, TODAY)


def test_eligible_where_a_protocol_covers_it_and_nothing_speaks_against() -> None:
    assert found(reading()) == Covering(Standing.ELIGIBLE, NAME)


@pytest.mark.parametrize(
    "other",
    [{"acts": ("breast-screening",)}, {"name": ""}, {"version": ""}, {"approver": ""}],
)
def test_without_a_protocol_that_says_what_who_and_which_version_there_is_none(other: dict[str, Any]) -> None:
    assert found(reading(), protocol(**other)) == Covering(Standing.NO_PROTOCOL)
    assert covering(ACT, (), reading(), TODAY) == Covering(Standing.NO_PROTOCOL)


@pytest.mark.parametrize(("days", "standing"), [(0, Standing.ELIGIBLE), (-1, Standing.EXPIRED)])
def test_it_holds_until_the_day_it_expires(days: int, standing: Standing) -> None:
    assert found(reading(), protocol(expires=TODAY + timedelta(days=days))).standing is standing


@pytest.mark.parametrize(
    ("facts", "standing", "because"),
    [
        ((egg(),), Standing.CONTRAINDICATED, "Egg allergy"),
        ((egg(status="inactive"),), Standing.CONTRAINDICATED, "Egg allergy"),
        ((egg(verification="unconfirmed"),), Standing.CONTRAINDICATED, "Egg allergy"),
        ((egg(verification="refuted"),), Standing.ELIGIBLE, ""),
        ((egg(verification="entered-in-error"),), Standing.ELIGIBLE, ""),
        ((fact("Condition", icd("Z33.1"), "2026-09-01"),), Standing.CONTRAINDICATED, "Pregnancy"),
        ((fact("Condition", icd("Z33.1"), "2021-09-01", status="resolved"),), Standing.ELIGIBLE, ""),
        ((fact("Condition", icd("E11.9"), "2021-09-01"),), Standing.ELIGIBLE, ""),
        (
            (fact("AllergyIntolerance", Concept(text="Allergic to eggs"), "2020-01-01"),),
            Standing.NOT_READ,
            "Egg allergy",
        ),
        ((fact("AllergyIntolerance", Concept(text="Allergy to peanuts"), "2020-01-01"),), Standing.ELIGIBLE, ""),
        ((fact("Condition", Concept(text="Pregnancy, 12 weeks"), "2026-09-01"),), Standing.NOT_READ, "Pregnancy"),
        # a code of the system that the protocol names, and not the one that it names
        ((fact("Condition", icd("Z34.02", "Supervision of pregnancy"), "2026-09-01"),), Standing.NOT_READ, "Pregnancy"),
        ((fact("Condition", icd("O24.410"), "2026-09-01"),), Standing.NOT_READ, "Pregnancy"),
        (
            (fact("Observation", loinc("82810-3"), "2026-11-01", value=Concept(text="Pregnant")),),
            Standing.NOT_READ,
            "Pregnancy",
        ),
        ((fact("Flag", Concept(text="Pregnant"), "2026-09-01"),), Standing.NOT_READ, "Pregnancy"),
        # the same thing as another kind of entry
        ((fact("Condition", icd("Z91.012", "Allergy to eggs"), "2026-09-01"),), Standing.NOT_READ, "Egg allergy"),
        ((fact("Flag", Concept(text="EGG ALLERGY"), "2026-09-01"),), Standing.NOT_READ, "Egg allergy"),
        (
            (fact("Condition", Concept((Coding(LOINC, "1"),), "Pregnant"), "2026-09-01"),),
            Standing.NOT_READ,
            "Pregnancy",
        ),
    ],
)
def test_what_the_chart_holds_decides(facts: tuple[Fact, ...], standing: Standing, because: str) -> None:
    """Words without a code of the protocol's never clear and never forbid: somebody reads them."""
    got = found(reading(*facts))
    assert (got.standing, got.because) == (standing, because)


@pytest.mark.parametrize("codes", [(), ("4093",), (f"{RXNORM}|",), (f"{RXNORM}|4093", "Z33.1")])
def test_a_contraindication_without_codes_cannot_be_looked_for(codes: tuple[str, ...]) -> None:
    row = ContraRow("Egg allergy", "AllergyIntolerance", codes)
    assert found(reading(), protocol(contraindications=(row,))).standing is Standing.NOT_READ


@pytest.mark.parametrize("kind", ["AllergyIntolerance", "Condition"])
def test_what_could_not_be_read_is_not_absent(kind: str) -> None:
    assert found(reading(unread=(kind,))).standing is Standing.NOT_READ


def test_a_contraindication_that_was_found_outweighs_one_that_was_not_read() -> None:
    got = found(reading(egg(), unread=("Condition",)))
    assert (got.standing, got.because) == (Standing.CONTRAINDICATED, "Egg allergy")


def test_of_two_protocols_the_more_careful_one_in_force_decides() -> None:
    other = protocol(name="Flu clinic", contraindications=())
    assert found(reading(egg()), protocol(), other).standing is Standing.CONTRAINDICATED
    expired = protocol(expires=TODAY - timedelta(days=1))
    assert found(reading(egg()), expired, other) == Covering(Standing.ELIGIBLE, "Flu clinic 4, Dr. Ellison")


@given(st.sets(st.sampled_from(["AllergyIntolerance", "Condition"])), st.booleans(), st.integers(-400, 400))
@few
def test_eligible_is_never_said_of_what_was_not_read_or_has_expired(unread: set[str], there: bool, days: int) -> None:
    facts = (egg(),) if there else ()
    got = found(reading(*facts, unread=unread), protocol(expires=TODAY + timedelta(days=days)))
    allowed = not unread and not there and days >= 0
    assert (got.standing is Standing.ELIGIBLE) is allowed
