"""Abnormal screenings without their follow-up: a row of its own, first in rank, whatever any payer says of the
screening, and whether or not one lists the measure. A result that we cannot read is one too: somebody must read it.

Sending the screening's result closes a payer's gap and leaves this row.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from app.core.chart import Concept, Fact
from app.core.dates import add_months, happened
from app.core.elsewhere import Others, as_fact
from app.core.exclusions import against_follow_up, moot
from app.core.flag import GapRow, State, Urgency
from app.core.measures import Registry
from app.core.measures.kind import Kind
from app.core.measures.rule import FollowUp, MeasureRule
from app.core.orders import waiting
from app.core.placing import coded, moment
from app.core.reading import Reading, dated, last_day
from app.core.settling import settling, settling_alike, whole_only
from app.core.values import Meets, no_result, says
from app.core.words import texts

#: A test that is done on what was taken for another: reported within days of it.
_SAME_SAMPLE = timedelta(days=30)


def abnormal(reading: Reading, today: date, registry: Registry, others: Others | None = None) -> list[GapRow]:
    """At most one row for each rule that names a follow-up, found in the chart; else in what a payer has seen."""
    made = []
    for rule in registry.rules:
        if rule.follow_up is None:
            continue
        look = _Look(rule, rule.follow_up, reading, today)
        row = look.row() or (look.row_of_payers(others) if others else None)
        made += [row] if row else []
    return made


class _Seen(NamedTuple):
    """A result of a kind that may call for the follow-up, and whether it does."""

    fact: Fact
    kind: Kind
    says: Meets


class _Look(NamedTuple):
    """One rule's follow-up in one chart."""

    rule: MeasureRule
    what: FollowUp
    reading: Reading
    today: date

    def row(self) -> GapRow | None:
        """The row of the newest abnormal result that nothing settles; else of the newest that must be read."""
        results = sorted(self.results(), key=lambda each: (last_day(each.fact), each.fact.ref), reverse=True)
        after = settling(self.what, self.reading, self.today) if any(r.says is not Meets.NO for r in results) else []
        for wanted in (Meets.YES, Meets.UNCLEAR):
            found = (each for each in results if each.says is wanted and self.stands(each, results, after))
            if newest := next(found, None):
                return self.of(newest)
        return None

    def row_of_payers(self, others: Others) -> GapRow | None:
        """The row of an abnormal result that a payer has seen, and that this chart neither holds nor follows up."""
        found = others.abnormal(self.rule, self.today)
        if found is None:
            return None
        payer, piece, kind = found
        results, test = self.results(), _Seen(as_fact(piece), kind, Meets.YES)
        after = settling(self.what, self.reading, self.today)
        if any(dated(each.fact) == piece.when for each in results) or not self.stands(test, results, after):
            return None
        row = self.of(test)
        if row.state is State.ORDERED:
            return replace(row, last_in_chart=None, last_at_payer=piece, elsewhere=piece, seen_by=payer)
        return replace(
            row,
            state=State.CANNOT_TELL,
            act="check-chart",
            last_in_chart=None,
            last_at_payer=piece,
            settled_by=None,
            because="abnormal-at-payer",
            unclear=(),
            elsewhere=piece,
            seen_by=payer,
            overdue=None,
        )

    def results(self) -> list[_Seen]:
        """What was found by the kinds whose result may be abnormal, and says something."""
        kinds = [kind for kind in self.rule.evidence if kind.name in self.what.after]
        tests = [(f, kind) for kind in kinds for f in coded(kind, self.reading) if self.has_happened(f)]
        return [
            _Seen(fact, kind, verdict)
            for fact, kind in whole_only(tests, self.what)
            if kind.abnormal
            and ((verdict := says(fact, kind.abnormal)) is not Meets.UNCLEAR or (_stated(fact) and not no_result(fact)))
        ]

    def has_happened(self, fact: Fact) -> bool:
        when = dated(fact)
        return when is not None and happened(when, self.today)

    def stands(self, each: _Seen, results: list[_Seen], after: list[Fact]) -> bool:
        """Whether nothing that came after it settles it, and it is no history yet."""
        if last_day(each.fact) < add_months(self.today, -self.what.months):
            return False
        if any(self.follows(fact, each.fact) for fact in after):
            return False
        if moot(self.what, each.fact, self.reading, self.today):
            return False
        return not any(self.clears(other, each) for other in results if other.says is Meets.NO)

    def clears(self, good: _Seen, bad: _Seen) -> bool:
        """Whether a result that is clear takes another one back."""
        day, tested = last_day(good.fact), last_day(bad.fact)
        if day > self.today:
            return False
        unsure = bad.says is Meets.UNCLEAR
        if self.what.repeat_settles and (day > tested or (unsure and day == tested)):
            return True
        if not unsure:
            return False
        if self.what.later_clears and day > tested:
            return True
        return any(
            kind == good.kind.name and abs(day - tested) <= _SAME_SAMPLE and any(map(words.read_like, _words(bad.fact)))
            for words, kind in self.what.cleared_by
        )

    def of(self, test: _Seen) -> GapRow:
        """The row of a result that nothing settles."""
        fact, after = test.fact, self.what.settled_by
        when = dated(fact)
        unclear = tuple(f for f in settling_alike(self.what, self.reading, self.today) if self.follows(f, fact))
        orders = waiting(self.rule, self.reading, self.today, after=fact, kinds=(after,))
        missing = self.reading.missing((*after.types, *self.rule.order_types))
        ordered = orders.under_way
        against, why = against_follow_up(self.rule, self.what, fact, self.reading, self.today)
        unclear = (*against, *unclear)
        because = why or ("code-not-known" if unclear else "unread-types" if missing else "")
        if test.says is Meets.UNCLEAR:
            because, unclear = "read-result", (fact, *unclear)
        state = State.ORDERED if ordered else State.CANNOT_TELL if because else State.DO_TODAY
        return GapRow(
            None,
            state,
            Urgency.ABNORMAL,
            service=self.what.service,
            act="await-result" if ordered else self.what.act if state is State.DO_TODAY else "check-chart",
            clinical_due=when.start if when else None,
            last_in_chart=fact,
            last_at_payer=None,
            settled_by=ordered or fact,
            rule=self.rule.source,
            missing=missing,
            staff_can=ordered is not None,
            because=because if state is State.CANNOT_TELL else "",
            unclear=unclear if state is State.CANNOT_TELL else (),
            overdue=orders.overdue if state is State.DO_TODAY else None,
        )

    def follows(self, fact: Fact, test: Fact) -> bool:
        """Whether an entry may be what followed the test. The same test of the same day, filed twice, is not."""
        when, tested = moment(fact, self.what.settled_by), dated(test)
        day = tested.start if tested else date.min
        if fact.ref == test.ref or when is None:
            return fact.ref != test.ref
        return when.end >= day and not (when.end <= last_day(test) and self.tests(fact))

    def tests(self, fact: Fact) -> bool:
        return any(kind.codes.holds(fact.concept) for kind in self.rule.evidence if kind.name in self.what.after)


def _stated(fact: Fact) -> bool:
    return fact.value is not None or bool(fact.conclusion.label)


def _words(fact: Fact) -> frozenset[str] | tuple[str, ...]:
    """The words of a result: its value's, else its conclusion's."""
    value = fact.conclusion if fact.value is None else fact.value
    if isinstance(value, Concept):
        return texts(value)
    return (value,) if isinstance(value, str) else ()
