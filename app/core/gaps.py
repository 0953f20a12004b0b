"""One payer gap meets the chart: which state it is in, how urgent, what to do (docs/rules.md, "Right before early")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from app.core.chart import Fact, Patient
from app.core.elsewhere import Others
from app.core.evidence import Findings, findings
from app.core.flag import GapRow, State, Urgency
from app.core.follow_up import abnormal
from app.core.measures import REGISTRY, Registry
from app.core.measures.population import outside
from app.core.measures.rule import MeasureRule
from app.core.reading import Reading
from app.core.report import Evidence, Gap, GapStatus, Period
from app.core.values import Meets, judge

#: What each state suggests where the measure has nothing of its own. present.py words the keys.
ACTS = {
    State.ORDERED: "await-result",
    State.DONE_HERE: "send-evidence",
    State.DONE_ELSEWHERE: "request-record",
    State.EXCLUDED: "explain-exclusion",
    State.DOES_NOT_APPLY: "tell-the-plan",
    State.PERIOD_OVER: "send-or-explain",
    State.NOT_CHECKED: "check-chart",
    State.CANNOT_TELL: "check-chart",
}
#: What staff can settle without the clinician: send, request, explain, wait for what is ordered.
STAFF_CAN = frozenset({State.DONE_HERE, State.DONE_ELSEWHERE, State.ORDERED, State.DOES_NOT_APPLY, State.PERIOD_OVER})
_BEFORE_PERIOD_END = frozenset(
    {State.DO_TODAY, State.OUT_OF_RANGE, State.ORDERED, State.NOT_CHECKED, State.CANNOT_TELL}
)
ASKED_OF_US = frozenset({GapStatus.OPEN, GapStatus.PROSPECTIVE})
#: Ways of being outside a measure that say nothing of what the chart does not hold.
_PLAINLY_OUTSIDE = frozenset({"age", "sex"})


@dataclass(frozen=True, slots=True)
class Reconciler:
    """One chart, read for any number of gaps. What a rule finds for a period is found once.

    `plans` names the plan of each payer's coverage; `others` is what the payers themselves have seen.
    """

    reading: Reading
    today: date
    hospice: Fact | None = None
    registry: Registry = REGISTRY
    patient: Patient | None = None
    plans: Mapping[str, str] = field(default_factory=dict)
    others: Others = field(default_factory=Others)
    _found: dict[tuple[str, Period], Findings] = field(default_factory=dict)

    def rows(self, gaps: Iterable[Gap]) -> list[GapRow]:
        """A row for each gap that is asked of us, and abnormal results whose follow-up the chart does not show."""
        made = [self.row(gap) for gap in gaps if self.asked(gap)]
        return made if self.hospice else [*made, *abnormal(self.reading, self.today, self.registry, self.others)]

    def asked(self, gap: Gap) -> bool:
        """Whether a gap is open or coming due, or may be: its status is not certain."""
        return gap.status in ASKED_OF_US or (gap.status is GapStatus.CLOSED and self._doubtful(gap))

    def row(self, gap: Gap) -> GapRow:
        """One gap against the chart."""
        rule, reviewed = self.registry.find(gap.measure, gap.period)
        contract = gap.contract or self.plans.get(gap.payer, "")
        if rule is None or not reviewed:
            return replace(_unchecked(gap, rule, self.today, self.hospice), contract=contract)
        found, missing = self._findings(rule, gap.period), self.reading.missing(rule.needs)
        why, fact = outside(rule, self.patient, self.reading, gap.period, self.today) if self.patient else ("", None)
        seen = None if found.elsewhere else self.others.seen(rule, gap, self.today)
        look = _Look(rule, found, missing, why, bool(seen), self._doubtful(gap))
        excluded_by = self.hospice or next(iter(found.excluded), None)
        state = State.EXCLUDED if excluded_by else look.state(self.reading)
        over = found.over or self.today > gap.period.end
        state = State.PERIOD_OVER if over and state in _BEFORE_PERIOD_END else state
        asks = state is State.PERIOD_OVER and _still_asks(rule, found)
        there = seen if seen and state is State.DONE_ELSEWHERE else ("", None)
        return GapRow(
            gap,
            state,
            _urgency(rule, gap, found, self.today),
            service=rule.service,
            act=_act(rule, state, found),
            clinical_due=found.clinical_due,
            last_in_chart=found.newest,
            last_at_payer=last_at_payer(gap.evidence, rule),
            settled_by=_settled_by(state, found, excluded_by, fact),
            rule=rule.source,
            missing=missing if state is not State.DONE_HERE else (),
            staff_can=state in STAFF_CAN and not asks,
            because=look.because(state),
            unclear=found.unclear if state in (State.CANNOT_TELL, State.PERIOD_OVER) else (),
            window=found.window,
            elsewhere=there[1],
            contract=contract,
            seen_by=there[0],
            overdue=found.overdue if state is State.DO_TODAY else None,
            parts=found.parts,
            also=found.also if state is State.DONE_HERE else (),
        )

    def reopened(self, gap: Gap) -> GapRow | None:
        """A gap that its payer says is met, where the newest value in this chart misses the target: it would be open
        again. None in every other case, and after the measure's last day.
        """
        rule, reviewed = self.registry.find(gap.measure, gap.period)
        if rule is None or not reviewed or not rule.latest:
            return None
        row = self.row(gap)
        return row if row.state is State.OUT_OF_RANGE else None

    def _findings(self, rule: MeasureRule, period: Period) -> Findings:
        key = (rule.key, period)
        if key not in self._found:
            self._found[key] = findings(rule, period, self.reading, self.today)
        return self._found[key]

    def _doubtful(self, gap: Gap) -> bool:
        """Whether a status that we derived rests on the wrong direction: a server that leaves the improvement notation
        of an inverse measure out makes its met gaps look open, and its open ones met.
        """
        rule, reviewed = self.registry.find(gap.measure, gap.period) if gap.derived else (None, False)
        return rule is not None and reviewed and rule.inverse is not (gap.improvement == "decrease")


@dataclass(frozen=True, slots=True)
class _Look:
    """What one rule made of one gap: the findings, what was not read, and what stands beside the chart."""

    rule: MeasureRule
    found: Findings
    missing: tuple[str, ...]
    outside: str
    seen: bool  # by another payer
    doubtful: bool

    def state(self, reading: Reading) -> State:
        """The state while the period runs. What was found stands; what was not found needs every type it could stand
        in.
        """
        found = self.found
        if self.outside in _PLAINLY_OUTSIDE:
            return State.DOES_NOT_APPLY
        # The newest value decides, so an unread result may overrule a read one; any one screening is enough.
        if not (self.rule.latest and reading.missing(self.rule.evidence_types)):
            if found.done:
                return State.DONE_HERE
            if found.out_of_range:
                return State.OUT_OF_RANGE
            if self.rule.latest and found.unclear:
                return State.CANNOT_TELL  # an order does not answer a value that may be out of range
            if found.under_way:
                return State.ORDERED
            if found.elsewhere or self.seen:
                return State.DONE_ELSEWHERE
        if found.because or self.missing:
            return State.CANNOT_TELL
        if self.outside:
            return State.DOES_NOT_APPLY
        return State.CANNOT_TELL if self.doubtful else State.DO_TODAY

    def because(self, state: State) -> str:
        """Why it cannot be told, or why the measure does not apply; empty in every other state."""
        if state is State.DOES_NOT_APPLY:
            return self.outside
        if state is State.PERIOD_OVER and self.found.late:
            return "followed-late"
        if state is not State.CANNOT_TELL:
            return ""
        return self.found.because or ("unread-types" if self.missing else "direction-not-certain")


def _unchecked(gap: Gap, rule: MeasureRule | None, today: date, hospice: Fact | None) -> GapRow:
    """A measure, or a version of one, that was not compared with any rule: the payer's words only. No rule claims
    urgency.
    """
    over = State.PERIOD_OVER if today > gap.period.end else State.NOT_CHECKED
    state = State.EXCLUDED if hospice else over
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


def _still_asks(rule: MeasureRule, found: Findings) -> bool:
    """Whether the newest value still asks for the clinician although the period is over: it misses the target, or may.
    A newer one that meets it does not.
    """
    if not rule.latest or not (found.out_of_range or found.unclear):
        return False
    return (
        found.newest is None or found.newest in found.unclear or judge((found.newest,), rule.targets) is not Meets.YES
    )


def _urgency(rule: MeasureRule, gap: Gap, found: Findings, today: date) -> Urgency:
    """The rule's class; LATER where the payer or the patient's own date says that it is not due yet."""
    if found.out_of_range:
        return Urgency.MONITORING
    not_yet = found.clinical_due is not None and found.clinical_due > today
    return Urgency.LATER if not_yet or gap.status is GapStatus.PROSPECTIVE else rule.urgency


def _act(rule: MeasureRule, state: State, found: Findings) -> str:
    if state is State.DO_TODAY:
        return found.act or rule.act
    return rule.act_out_of_range if state is State.OUT_OF_RANGE else ACTS[state]


def _settled_by(state: State, found: Findings, excluded_by: Fact | None, outside_by: Fact | None) -> Fact | None:
    match state:
        case State.EXCLUDED:
            return excluded_by
        case State.DOES_NOT_APPLY:
            return outside_by
        case State.DONE_ELSEWHERE:
            return found.elsewhere
        case State.DONE_HERE:
            return found.done
        case State.OUT_OF_RANGE:
            return found.out_of_range
        case State.ORDERED:
            return found.under_way
        case State.PERIOD_OVER:
            return found.out_of_range or found.late
        case _:
            return None


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
