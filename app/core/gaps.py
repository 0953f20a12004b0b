"""One payer gap meets the chart: which state it is in, how urgent, what to do (docs/rules.md, "Right before early")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from app.core.chart import Fact
from app.core.evidence import Findings, findings
from app.core.flag import GapRow, State, Urgency
from app.core.follow_up import follow_up
from app.core.measures import REGISTRY, Registry
from app.core.measures.rule import MeasureRule
from app.core.reading import Reading
from app.core.report import Evidence, Gap, GapStatus, Period

#: What each state suggests where the measure has nothing of its own. present.py words the keys.
ACTS = {
    State.ORDERED: "await-result",
    State.DONE_HERE: "send-evidence",
    State.EXCLUDED: "explain-exclusion",
    State.PERIOD_OVER: "send-or-explain",
    State.NOT_CHECKED: "check-chart",
    State.CANNOT_TELL: "check-chart",
}
#: What staff can settle without the clinician: send, explain, wait for what is ordered.
STAFF_CAN = frozenset({State.DONE_HERE, State.ORDERED, State.PERIOD_OVER})
_BEFORE_PERIOD_END = frozenset(
    {State.DO_TODAY, State.OUT_OF_RANGE, State.ORDERED, State.NOT_CHECKED, State.CANNOT_TELL}
)
ASKED_OF_US = frozenset({GapStatus.OPEN, GapStatus.PROSPECTIVE})


@dataclass(frozen=True, slots=True)
class Reconciler:
    """One chart, read for any number of gaps. What a rule finds for a period is found once."""

    reading: Reading
    today: date
    hospice: Fact | None = None
    registry: Registry = REGISTRY
    _found: dict[tuple[str, Period], Findings] = field(default_factory=dict)

    def rows(self, gaps: Iterable[Gap]) -> list[GapRow]:
        """A row for each open or prospective gap, and abnormal screenings whose follow-up the chart does not show."""
        gaps = tuple(gaps)
        made = [self.row(gap) for gap in gaps if gap.status in ASKED_OF_US]
        if self.hospice:
            return made
        ruled = ((gap, *self.registry.find(gap.measure)) for gap in gaps)
        checked = [(gap, rule) for gap, rule, reviewed in ruled if rule and reviewed]
        return [*made, *follow_up(checked, self.reading, self.today)]

    def row(self, gap: Gap) -> GapRow:
        """One gap against the chart."""
        rule, reviewed = self.registry.find(gap.measure)
        if rule is None or not reviewed:
            return _unchecked(gap, rule, self.today, self.hospice)
        found = self._findings(rule, gap.period)
        missing = self.reading.missing(rule.needs)
        excluded_by = self.hospice or next(iter(found.excluded), None)
        # The newest value decides, so an unread result may overrule a read one; any one screening is enough.
        overruled = rule.latest and bool(self.reading.missing(rule.evidence_types))
        state = State.EXCLUDED if excluded_by else _state(found, missing, overruled=overruled)
        state = _timely(state, gap, self.today)
        return GapRow(
            gap,
            state,
            _urgency(rule, gap, found, self.today),
            service=rule.service,
            act=_act(rule, state),
            clinical_due=found.clinical_due,
            last_in_chart=found.newest,
            last_at_payer=last_at_payer(gap.evidence, rule),
            settled_by=_settled_by(state, found, excluded_by),
            rule=rule.source,
            missing=missing if state is not State.DONE_HERE else (),
            staff_can=state in STAFF_CAN,
            because=_because(state, found, missing),
            unclear=found.unclear if state in (State.CANNOT_TELL, State.PERIOD_OVER) else (),
        )

    def _findings(self, rule: MeasureRule, period: Period) -> Findings:
        key = (rule.key, period)
        if key not in self._found:
            self._found[key] = findings(rule, period, self.reading, self.today)
        return self._found[key]


def _unchecked(gap: Gap, rule: MeasureRule | None, today: date, hospice: Fact | None) -> GapRow:
    """A measure, or a version of one, that was not compared with any rule: the payer's words only. No rule claims
    urgency.
    """
    state = State.EXCLUDED if hospice else _timely(State.NOT_CHECKED, gap, today)
    return GapRow(
        gap,
        state,
        Urgency.LATER,
        service=rule.service if rule else "",
        act=ACTS[state],
        clinical_due=None,
        last_in_chart=None,
        last_at_payer=last_at_payer(gap.evidence, rule),
        settled_by=hospice,
        staff_can=state in STAFF_CAN,
    )


def _state(found: Findings, missing: tuple[str, ...], *, overruled: bool) -> State:
    """The state while the period runs. What was found stands; what was not found needs every type it could stand in."""
    if not overruled:
        if found.done:
            return State.DONE_HERE
        if found.out_of_range:
            return State.OUT_OF_RANGE
        if found.under_way:
            return State.ORDERED
    return State.CANNOT_TELL if found.unclear or missing else State.DO_TODAY


def _timely(state: State, gap: Gap, today: date) -> State:
    """After the period's last day nothing can be done for it any more; it can be sent or explained."""
    return State.PERIOD_OVER if today > gap.period.end and state in _BEFORE_PERIOD_END else state


def _urgency(rule: MeasureRule, gap: Gap, found: Findings, today: date) -> Urgency:
    """The rule's class; LATER where the payer or the patient's own date says that it is not due yet."""
    if found.out_of_range:
        return Urgency.MONITORING
    not_yet = found.clinical_due is not None and found.clinical_due > today
    return Urgency.LATER if not_yet or gap.status is GapStatus.PROSPECTIVE else rule.urgency


def _act(rule: MeasureRule, state: State) -> str:
    if state is State.DO_TODAY:
        return rule.act
    return rule.act_out_of_range if state is State.OUT_OF_RANGE else ACTS[state]


def _settled_by(state: State, found: Findings, excluded_by: Fact | None) -> Fact | None:
    match state:
        case State.EXCLUDED:
            return excluded_by
        case State.DONE_HERE:
            return found.done
        case State.OUT_OF_RANGE:
            return found.out_of_range
        case State.ORDERED:
            return found.under_way
        case State.PERIOD_OVER:
            return found.out_of_range
        case _:
            return None


def _because(state: State, found: Findings, missing: tuple[str, ...]) -> str:
    if state is not State.CANNOT_TELL:
        return ""
    return found.because if found.unclear else "unread-types" if missing else ""


def last_at_payer(evidence: Iterable[Evidence], rule: MeasureRule | None) -> Evidence | None:
    """The newest dated thing that the payer looked at and that is the service itself: by our codes or words, if we
    have any.

    Without a rule, what is not a visit or a diagnosis is taken for it.
    """
    dated = [e for e in evidence if e.when is not None]
    if rule is None:
        own = [e for e in dated if e.type not in ("Encounter", "Condition", "Patient", "Coverage")]
    else:
        own = [e for e in dated if any(k.codes.holds(e.concept) or k.words.read_in(e.concept) for k in rule.evidence)]
    return max(own, key=lambda e: (e.when.end if e.when else date.min, e.ref), default=None)
