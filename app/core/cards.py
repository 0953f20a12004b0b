"""Gaps that one clinical act can close become one card, whatever payers list them and in whatever version.

Each row keeps its payer's measure, version, window, period and contract; nothing is merged but the act. Where two
statements contradict each other the card says so and settles nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.core.dates import overlaps
from app.core.flag import Card, Clash, GapRow, State, Urgency, Verify
from app.core.freshness import DataClass, age
from app.core.gaps import Reconciler
from app.core.measures import Registry
from app.core.rank import gap_key, ranked_cards
from app.core.report import Gap, GapStatus
from app.core.visit import Visit

#: The states by how much they leave to do: the row that leaves most ranks and words its card. What one payer's version
#: does not settle is not settled by another's.
MOST_TO_DO = (
    State.OUT_OF_RANGE,
    State.DO_TODAY,
    State.CANNOT_TELL,
    State.NOT_CHECKED,
    State.DONE_HERE,
    State.DONE_ELSEWHERE,
    State.ORDERED,
    State.PERIOD_OVER,
    State.DOES_NOT_APPLY,
    State.EXCLUDED,
)
_PLACE = {state: place for place, state in enumerate(MOST_TO_DO)}
#: States in which a screening is asked for, or may be.
_ASKS_AGAIN = frozenset({State.DO_TODAY, State.CANNOT_TELL})
#: States that ask for an act on the payer's word: what "verify first" is said of.
_ON_THE_PAYERS_WORD = frozenset({State.DO_TODAY, State.NOT_CHECKED, State.CANNOT_TELL})


@dataclass(frozen=True, slots=True)
class Acts:
    """Which clinical act a gap stands for.

    A rule's key where we know the measure, in whatever version. Two measures that we do not know are one act only under
    the very same canonical and title, and never where a payer reports several rates of it; never by title alone.
    """

    registry: Registry
    several: frozenset[tuple[str, str, str]]  # payer, canonical, title

    @classmethod
    def among(cls, gaps: Iterable[Gap], registry: Registry) -> Acts:
        rates: dict[tuple[str, str, str], set[str]] = {}
        for gap in gaps:
            rates.setdefault((gap.payer, *_named(gap)), set()).add(gap.group_id)
        return cls(registry, frozenset(key for key, groups in rates.items() if len(groups) > 1))

    def of_gap(self, gap: Gap) -> str:
        """The same for every answer that lists the gap: drawn rows and memories hang on it."""
        rule, _ = self.registry.find(gap.measure)
        if rule is not None:
            return rule.key
        url, title = _named(gap)
        if not url:
            return f"measure/|{title}/{gap.payer}/{gap.report_id}/{gap.group_id}"
        rate = f"/{gap.payer}/{gap.group_id}" if (gap.payer, url, title) in self.several else ""
        return f"measure/{url}|{title}{rate}"

    def of_row(self, row: GapRow) -> str:
        """As of its gap; a row that the chart alone makes is the follow-up of a rule, or of what it calls itself."""
        if row.gap is not None:
            return self.of_gap(row.gap)
        rule = next((rule for rule in self.registry.rules if rule.source == row.rule), None)
        if rule and row.seen_by:  # found at a payer: it stands with the gaps, so that no late answer takes a card away
            return rule.key
        return f"{rule.key if rule else row.service.casefold()}/follow-up"


@dataclass(frozen=True, slots=True)
class Dealt:
    """Every gap that is asked of us in a card, ranked; and those met whose act has no card."""

    cards: tuple[Card, ...]
    closed: tuple[Gap, ...]


def deal(
    reconciler: Reconciler, gaps: Iterable[Gap], visit: Visit | None, data: Mapping[str, DataClass | None]
) -> Dealt:
    """All gaps received, as cards. `data`: what each payer's care gaps are made of."""
    gaps, registry = tuple(gaps), reconciler.registry
    acts = Acts.among(gaps, registry)
    rows: dict[str, list[GapRow]] = {}
    for row in reconciler.rows(gaps):
        rows.setdefault(acts.of_row(row), []).append(row)
    rows = _folded(rows, registry)
    closed: dict[str, list[Gap]] = {}
    for gap in gaps:
        if gap.status is GapStatus.CLOSED and not reconciler.asked(gap):
            act = acts.of_gap(gap)
            follow_up = f"{act}/follow-up"
            folded = act not in rows and any(row.gap for row in rows.get(follow_up, ()))
            closed.setdefault(follow_up if folded else act, []).append(gap)
    cards: list[Card] = []
    left: list[Gap] = []
    for act in dict.fromkeys((*rows, *closed)):
        met = sorted(closed.get(act, ()), key=_steady)
        again = [one for gap in met if (one := reconciler.reopened(gap))]
        asked, clashes = rows.get(act, []), _clashes(rows.get(act, ()), met, would_reopen=bool(again))
        if all(row.state is not State.OUT_OF_RANGE for row in asked):  # nobody who asks says so: it needs a row itself
            asked = [*asked, *again]
        if not asked:
            left += met
            continue
        ordered = sorted(asked, key=lambda row: (*_first(row), gap_key(row, visit, registry)))
        cards.append(Card(act, tuple(ordered), tuple(met), clashes, _verify(ordered, data, reconciler.today)))
    return Dealt(ranked_cards(cards, visit, registry), tuple(sorted(left, key=_steady)))


def _folded(rows: Mapping[str, list[GapRow]], registry: Registry) -> dict[str, list[GapRow]]:
    """A measure that counts its own follow-up (a positive screen needs a plan) says by its gap what the chart's own row
    says: one act, one card, as urgent as the graver of the two. And nobody is screened over again while an abnormal
    result waits for its follow-up: what is still open of the screening stands on the card of the follow-up.
    """
    folded = dict(rows)
    for rule in registry.rules:
        own = folded.get(rule.key, [])
        counts_it = rule.follow_up is not None and rule.follow_up.days is not None
        if counts_it and any(row.state is State.OUT_OF_RANGE for row in own) and f"{rule.key}/follow-up" in folded:
            del folded[f"{rule.key}/follow-up"]
            folded[rule.key] = [
                replace(row, urgency=Urgency.ABNORMAL) if row.state is State.OUT_OF_RANGE else row for row in own
            ]
            continue
        follow_up = folded.get(f"{rule.key}/follow-up", [])
        waits = [row for row in own if row.state in _ASKS_AGAIN]
        if waits and any(row.state in _ASKS_AGAIN for row in follow_up):
            folded[f"{rule.key}/follow-up"] = [*follow_up, *waits]
            folded[rule.key] = [row for row in own if row not in waits]
            if not folded[rule.key]:
                del folded[rule.key]
    return folded


def _first(row: GapRow) -> tuple[bool, int]:
    """An abnormal result that somebody must act on words its card; then what leaves most to do."""
    return row.staff_can or row.urgency is not Urgency.ABNORMAL, _PLACE[row.state]


def _named(gap: Gap) -> tuple[str, str]:
    return gap.measure.url.rstrip("/"), " ".join(gap.measure.title.casefold().split())


def _steady(gap: Gap) -> tuple[str, ...]:
    """An order that does not depend on which payer answered first."""
    ids = (gap.payer, gap.measure.url, gap.measure.version, gap.report_id, gap.group_id)
    return (*ids, str(gap.period), str(gap.calculated), gap.payer_words)


def _clashes(asked: Iterable[GapRow], met: Sequence[Gap], *, would_reopen: bool) -> tuple[Clash, ...]:
    differ = any(
        row.gap.payer != other.payer and overlaps(row.gap.period.start, row.gap.period.end, other.period)
        for row in asked
        if row.gap and row.gap.status is GapStatus.OPEN
        for other in met
    )
    return (*((Clash.OPEN_AND_CLOSED,) if differ else ()), *((Clash.WOULD_REOPEN,) if would_reopen else ()))


def _verify(rows: list[GapRow], data: Mapping[str, DataClass | None], today: date) -> tuple[Verify, ...]:
    """Whose data to verify first: one for each payer, or none where anybody who asks for the act has fresh data, or
    data of which no limit is known.
    """
    if rows[0].state not in _ON_THE_PAYERS_WORD:
        return ()
    found: dict[str, Verify] = {}
    for row in rows:
        if row.state not in _ON_THE_PAYERS_WORD:
            continue
        old = _old(row.gap, data, today) if row.gap else None
        if old is None:
            return ()
        found[old.payer] = max(old, found.get(old.payer, old), key=lambda each: each.days)
    return tuple(found[payer] for payer in sorted(found))


def _old(gap: Gap, data: Mapping[str, DataClass | None], today: date) -> Verify | None:
    made_of, how_old = data.get(gap.payer), age(gap.calculated, gap.data_through, today)
    if made_of is None or how_old is None or not how_old.passes(made_of):
        return None
    return Verify(gap.payer, made_of, how_old.base, how_old.days)
