"""What the chart holds since the patient was last here: the last visit, results since, orders without a result.

FHIR does not say whether somebody has read a result; that it came after the last visit is all that can be told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from app.core.asking import LOOK_BACK_YEARS
from app.core.chart import Fact
from app.core.conditions.settled import seen
from app.core.dates import add_years
from app.core.measures import Registry
from app.core.measures.rule import COUNTS, ORDERED, MeasureRule
from app.core.placing import elsewhere
from app.core.reading import Reading, dated, last_day, local, newest

#: Encounter.class of visits to a practice (v3-ActCode); hospital stays and emergencies are none.
VISITS = frozenset({"AMB", "VR", "HH", "FLD"})
#: Every Encounter.class of HL7 (v3-ActEncounterCode).
CLASSES = VISITS | {"EMER", "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS"}
#: Where the result of an order stands.
RESULTS = ("Observation", "DiagnosticReport", "Procedure")
#: Observation.category of what somebody has to read. Vital signs and questionnaires are made at the visit itself.
_TO_READ = frozenset({"laboratory", "imaging", "procedure", "exam"})


#: How many years back visits are read, and what else a visit leaves in a chart.
VISITS_READ_YEARS = LOOK_BACK_YEARS["Encounter"]
_OF_VISITS = ("Encounter", "Observation", "DiagnosticReport", "Procedure", "MedicationRequest")


@dataclass(frozen=True, slots=True)
class Orders:
    pending: int = 0
    overdue: int = 0  # of `pending`


def last_visit(reading: Reading, day: date) -> Fact | None:
    """The newest visit in person or by video before a day, as far back as encounters were read; None: none is known."""
    return newest(
        visit
        for visit in reading.of("Encounter").facts
        if visit.setting.upper() in VISITS and visit.when is not None and visit.when.end < day and seen(visit)
    )


def maybe_visit(reading: Reading, day: date) -> Fact | None:
    """The newest encounter before a day that may have been a visit: of a class that is not HL7's (vendors have numbers
    of their own), or remote without a word of how.
    """
    return newest(
        visit
        for visit in reading.of("Encounter").facts
        if visit.when is not None and visit.when.start < day and _may_be_visit(visit)
    )


def _may_be_visit(visit: Fact) -> bool:
    setting = visit.setting.upper()
    if setting in CLASSES and setting != "VR":
        return False
    return seen(replace(visit, setting="AMB"))


def known_before(reading: Reading, day: date) -> Fact | None:
    """The newest entry of the practice's own from before the days of which visits are read; None: there is none.

    Visits are read two years back: of who has none there, older entries say that they are not new.
    """
    before = add_years(day, -VISITS_READ_YEARS)
    return newest(
        fact
        for kind in _OF_VISITS
        for fact in reading.of(kind).facts
        if (dated(fact) or fact.recorded) and last_day(fact) < before and not elsewhere(fact) and _done(fact)
    )


def _done(fact: Fact) -> bool:
    return fact.status in COUNTS.get(fact.type, (fact.status,))


def results_since(reading: Reading, visit: Fact | None, day: date) -> int:
    """How many final results came after the last visit: reports, and laboratory values that no report holds."""
    if visit is None or visit.when is None:
        return 0
    reports = [fact for fact in reading.of("DiagnosticReport").facts if fact.status in COUNTS[fact.type]]
    held = {local(ref) for report in reports for ref in report.related}
    values = [
        fact
        for fact in reading.of("Observation").facts
        if fact.status in COUNTS[fact.type] and _TO_READ & set(fact.category) and local(fact.ref) not in held
    ]
    return sum(visit.when.end < came <= day for came in map(_came, [*reports, *values]))


def orders(reading: Reading, registry: Registry, day: date) -> Orders:
    """Active orders that no result names. Overdue only by a rule that says how long to wait: of what no rule knows
    nobody has said how long it takes.
    """
    finished = (f for kind in RESULTS for f in reading.of(kind).facts if f.status in COUNTS[kind])
    answered = {local(ref) for fact in finished for ref in fact.related}
    open_ = [
        order
        for order in reading.of("ServiceRequest").facts
        if order.status == "active" and order.intent in ORDERED and local(order.ref) not in answered
    ]
    return Orders(len(open_), sum(_late(order, registry.rules, day) for order in open_))


def _came(fact: Fact) -> date:
    """When a result came: the later of when it was taken and when it was issued."""
    return max(last_day(fact), fact.recorded.end if fact.recorded else date.min)


def _late(order: Fact, rules: Iterable[MeasureRule], day: date) -> bool:
    when = dated(order) or order.recorded
    waits = [rule.order_days for rule in rules if _of_rule(order, rule)]
    return bool(when and waits) and when is not None and day > when.end + timedelta(days=max(waits))


def _of_rule(order: Fact, rule: MeasureRule) -> bool:
    kinds = (*rule.evidence, *((rule.follow_up.settled_by,) if rule.follow_up else ()))
    return any(kind.codes.holds(order.concept) or kind.words.read_in(order.concept) for kind in kinds)
