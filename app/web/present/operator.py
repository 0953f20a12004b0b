"""How the site is doing, for its operator: the same sentences for the page and for `python -m app status`. No PHI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.core.freshness import age
from app.core.health import NO_FAULT, NOT_ASKED, OK, Dates, SourceHealth, percentile
from app.health import Listed, Site
from app.web.present.dates import NOT_STATED, day_words, moment_words, plain_day
from app.web.present.installation import installation
from app.web.present.outcomes import (
    ANSWERS,
    BREAKERS,
    FAILING,
    IN_PART,
    OUTCOMES,
    PAUSED,
    QUESTIONS,
    QUIET,
    TRYING,
    WELL,
)  # fmt: skip
from app.web.present.text import counted, listed, plain, sentence
from app.web.present.views import Labelled, Mark, SiteView, SourceState
from app.web.present.words import CLASS_WORDS

_MUCH = 0.1  # more than a tenth of the calls


def site_view(sources: Sequence[Listed], site: Site, now: datetime) -> SiteView:
    """The whole page; `now` is in the clinic's zone."""
    rows = [(source, _parts(source, site)) for source in sources]
    shown = tuple(_source(source, parts, now) for source, parts in rows if parts.asked)
    quiet = Counter(plain(source.name) for source, parts in rows if not parts.asked)
    troubled = [row.name for row in shown if row.mark not in (WELL, QUIET)]
    summary = f"{listed(troubled)} {'needs' if len(troubled) == 1 else 'need'} a look." if troubled else ""
    return SiteView(
        summary=summary or ("All is well." if shown else "Nobody has been asked in the last hour."),
        sources=shown,
        quiet=f"Not asked in the last hour: {listed([_times(*each) for each in quiet.items()])}." if quiet else "",
        site=installation(site, now),
        note=f"Counts are of the last hour, times of 15 minutes, both without sign-ins. Read at {now:%H:%M:%S}.",
    )


def _times(name: str, entries: int) -> str:
    return name if entries == 1 else f"{name} ({entries} entries)"


@dataclass(frozen=True, slots=True)
class _Parts:
    """One source as it is asked: itself, and of a payer what has a breaker and counts of its own."""

    seen: SourceHealth
    token: SourceHealth  # the token endpoint that its calls go by
    metadata: SourceHealth  # its CapabilityStatement; without it the questions find out what it speaks

    @property
    def asked(self) -> bool:
        return any(part.calls or part.answers for part in (self.seen, self.token))


def _parts(source: Listed, site: Site) -> _Parts:
    names = (source.id, f"{source.id}-token", f"{source.id}-metadata")
    return _Parts(*(site.sources.get(name, SourceHealth(name)) for name in names))


def condition(seen: SourceHealth) -> Mark:
    """The state of a source in one word."""
    if seen.breaker == "open":
        return PAUSED
    if seen.breaker == "half-open":
        return TRYING
    if not (seen.calls or seen.answers):
        return QUIET
    if seen.failures and not seen.answered:
        return FAILING
    much = seen.failures > _MUCH * (seen.answered + seen.failures)
    return IN_PART if much or _unanswered(seen) else WELL


def _unanswered(seen: SourceHealth) -> bool:
    """Whether questions ended without an answer although calls were answered."""
    lost = sum(count for name, count in seen.answers.items() if name in OUTCOMES and name not in NO_FAULT)
    return lost > _MUCH * sum(seen.answers.values())


def _source(source: Listed, parts: _Parts, now: datetime) -> SourceState:
    seen, token = parts.seen, parts.token
    marks = [condition(part) for part in (seen, token) if part.calls or part.answers]
    worst = min(marks, key=(FAILING, PAUSED, TRYING, IN_PART, WELL, QUIET).index)
    lines = [
        Labelled("Calls", _counts({OUTCOMES.get(name, (name,))[0]: n for name, n in seen.calls.items() if name != OK})),
        Labelled("Answers", _counts({ANSWERS.get(name, name): n for name, n in seen.answers.items()})),
        Labelled("Breaker", BREAKERS.get(seen.breaker, seen.breaker)),
        Labelled("Now", f"{seen.working} being asked, {seen.waiting} waiting"),
        *(Labelled(QUESTIONS.get(q, q), words) for q, words in _freshness(source, seen, now.date())),
        Labelled("Speaks", listed(seen.dialects)),
        Labelled("Last good call", moment_words(seen.good_at, now)),
        Labelled("Last failure", _failure(seen, now)),
        Labelled("Token", _beside(token, now)),
        Labelled("Metadata", _beside(parts.metadata, now)),
        Labelled("Software", plain(seen.software)),
    ]
    return SourceState(
        id=source.id,
        name=plain(source.name),
        kind=f"{'EHR' if source.kind == 'ehr' else 'Payer'} {source.id}",
        mark=worst,
        calls=f"{seen.answered} of {seen.answered + seen.failures}",
        latency=_latency(seen),
        newest=_newest(source, seen, now.date()),
        unreadable=str(seen.unreadable),
        advice=_advice(source, seen, token, now.date()),
        lines=tuple(line for line in lines if line.words),
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {what}" for what, number in sorted(counts.items(), key=lambda pair: -pair[1]))


def _latency(seen: SourceHealth) -> str:
    half, most = percentile(seen.latencies, 0.5), percentile(seen.latencies, 0.95)
    return f"{_seconds(half)}, {_seconds(most)}" if half and most else "–"


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def _newest(source: Listed, seen: SourceHealth, today: date) -> str:
    """The newest day of each question, in a cell's few words."""
    if source.kind == "ehr":
        return "live"
    stated = {q: seen.dates.get(q, Dates()) for q in source.speaks}
    words = [f"{QUESTIONS.get(q, q)}: {_short(dates, today)}" for q, dates in stated.items() if q in seen.dates]
    late = [q for q, dates in stated.items() if _late(source, q, dates, today)]
    return "; ".join(words) + (", past its limit" if late else "") if words else NOT_STATED


def _short(dates: Dates, today: date) -> str:
    base = dates.through or dates.calculated
    return plain_day(base) if base and base <= today else NOT_STATED


def _freshness(source: Listed, seen: SourceHealth, today: date) -> list[tuple[str, str]]:
    """Each question's dates against the limit of its class."""
    found = []
    for question, dates in seen.dates.items():
        calculated = f"newest calculated {day_words(dates.calculated, today) if dates.calculated else NOT_STATED}"
        through = f"data through {day_words(dates.through, today) if dates.through else NOT_STATED}"
        classes = [
            f"{CLASS_WORDS[row.kind]}, limit {counted(row.limit_days, 'day')}"
            for row in source.data
            if row.question == question
        ]
        past = ["past its limit"] if _late(source, question, dates, today) else []
        found.append(
            (question, "; ".join([calculated, through, *(classes or ["class not stated in its entry"]), *past]))
        )
    return found


def _late(source: Listed, question: str, dates: Dates, today: date) -> bool:
    old = age(dates.calculated, dates.through, today)
    return old is not None and any(old.passes(row) for row in source.data if row.question == question)


def _failure(seen: SourceHealth, now: datetime) -> str:
    return f"{moment_words(seen.failed_at, now)}: {plain(seen.failed)}" if seen.failed_at else ""


def _beside(part: SourceHealth, now: datetime) -> str:
    """What is asked beside the questions, in a line."""
    if not part.calls:
        return ""
    words = f"{condition(part).word.lower()}, {part.answered} of {part.answered + part.failures} answered"
    return f"{words}; {_failure(part, now)}" if part.failing_now() else words


def _advice(source: Listed, seen: SourceHealth, token: SourceHealth, today: date) -> str:
    """What to do about the most frequent trouble; that of the token comes first, because the rest hangs on it."""
    for part, before in ((token, "Its token endpoint: "), (seen, "")):
        if (part.calls or part.answers) and condition(part) not in (WELL, QUIET):
            return before + _what_to_do(part)
    if any(_late(source, q, dates, today) for q, dates in seen.dates.items()):
        return "Ask it when its data is next refreshed: what it says is older than its own limit."
    if seen.unreadable:
        return "Ask it about the resources that could not be read; the panel names them as missing."
    return ""


def _what_to_do(seen: SourceHealth) -> str:
    counts = {name: n for name, n in (*seen.answers.items(), *seen.calls.items()) if name in OUTCOMES}
    faults = {name: n for name, n in counts.items() if name not in NO_FAULT}
    if not faults:
        return OUTCOMES[NOT_ASKED][1]
    what, todo = OUTCOMES[max(faults, key=lambda name: faults[name])]
    return f"{sentence(what)} {todo}"


def as_text(view: SiteView) -> str:
    """The page for a terminal."""
    lines = [view.summary, ""]
    for source in view.sources:
        cells = [
            Labelled("Answered", source.calls),
            Labelled("p50, p95", source.latency),
            Labelled("Newest data", source.newest),
        ]
        cells += [Labelled("Unreadable", source.unreadable), Labelled("To do", source.advice), *source.lines]
        lines += [f"{source.name}, {source.kind}: {source.mark.word}", *_indented(cells), ""]
    lines += [view.quiet, ""] if view.quiet else []
    return "\n".join([*lines, "This installation", *_indented(view.site), "", view.note])


def _indented(lines: Sequence[Labelled]) -> list[str]:
    return [f"  {line.label:<16} {line.words}" for line in lines if line.words]
