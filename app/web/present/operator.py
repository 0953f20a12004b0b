"""How the site is doing, for its operator: the same sentences for the page and for `python -m app status`. No PHI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.core.freshness import age
from app.core.health import NO_FAULT, NOT_ASKED, OK, Dates, SourceHealth, percentile
from app.health import Listed, Site
from app.web.present.dates import NOT_STATED, day_words, plain_day
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
from app.web.present.views import Mark
from app.web.present.words import CLASS_WORDS

SEAL_LATE = timedelta(minutes=3)  # heads are sealed each minute

_MUCH = 0.1  # more than a tenth of the calls


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source of the table; `lines` are what is folded away."""

    id: str
    name: str
    kind: str  # EHR main
    mark: Mark
    calls: str
    latency: str
    newest: str
    unreadable: str
    advice: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class SiteView:
    """The page. `quiet` names the sources that nobody has asked."""

    summary: str
    sources: tuple[SourceState, ...]
    quiet: str
    site: tuple[Line, ...]
    note: str


def site_view(sources: Sequence[Listed], site: Site, now: datetime) -> SiteView:
    """The whole page; `now` is in the clinic's zone."""
    rows = [(source, _parts(source, site)) for source in sources]
    asked = [(source, *parts) for source, parts in rows if any(p.calls or p.answers for p in parts)]
    shown = tuple(_source(source, seen, token, now) for source, seen, token in asked)
    quiet = Counter(plain(source.name) for source, parts in rows if not any(p.calls or p.answers for p in parts))
    troubled = [row.name for row in shown if row.mark not in (WELL, QUIET)]
    summary = f"{listed(troubled)} {'needs' if len(troubled) == 1 else 'need'} a look." if troubled else ""
    return SiteView(
        summary=summary or ("All is well." if shown else "Nobody has been asked in the last hour."),
        sources=shown,
        quiet=f"Not asked in the last hour: {listed([_times(*each) for each in quiet.items()])}." if quiet else "",
        site=_site(site, now),
        note=f"Counts are of the last hour, times of the last 15 minutes. Read at {now:%H:%M:%S}.",
    )


def _times(name: str, entries: int) -> str:
    return name if entries == 1 else f"{name} ({entries} entries)"


def _parts(source: Listed, site: Site) -> tuple[SourceHealth, SourceHealth]:
    """The source itself, and the token endpoint that a payer's calls go by."""
    return (
        site.sources.get(source.id, SourceHealth(source.id)),
        site.sources.get(f"{source.id}-token", SourceHealth(f"{source.id}-token")),
    )


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


def _source(source: Listed, seen: SourceHealth, token: SourceHealth, now: datetime) -> SourceState:
    marks = [condition(part) for part in (seen, token) if part.calls or part.answers]
    worst = min(marks, key=(FAILING, PAUSED, TRYING, IN_PART, WELL, QUIET).index)
    lines = [
        Line("Calls", _counts({OUTCOMES.get(name, (name,))[0]: n for name, n in seen.calls.items() if name != OK})),
        Line("Answers", _counts({ANSWERS.get(name, name): n for name, n in seen.answers.items()})),
        Line("Breaker", BREAKERS.get(seen.breaker, seen.breaker)),
        Line("Now", f"{seen.working} being asked, {seen.waiting} waiting"),
        *(Line(QUESTIONS.get(q, q), words) for q, words in _freshness(source, seen, now.date())),
        Line("Speaks", listed(seen.dialects)),
        Line("Last good call", _moment(seen.good_at, now)),
        Line("Last failure", _failure(seen, now)),
        Line("Token", _token(token, now)),
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
    return f"{_moment(seen.failed_at, now)}: {plain(seen.failed)}" if seen.failed_at else ""


def _token(token: SourceHealth, now: datetime) -> str:
    if not token.calls:
        return ""
    words = f"{condition(token).word.lower()}, {token.answered} of {token.answered + token.failures} answered"
    return f"{words}; {_failure(token, now)}" if token.failing_now() else words


def _moment(when: datetime | None, now: datetime) -> str:
    """09:41:05, with the day where it is not today."""
    if when is None:
        return ""
    local = when.astimezone(now.tzinfo)
    return f"{local:%H:%M:%S}" if local.date() == now.date() else f"{plain_day(local.date())}, {local:%H:%M:%S}"


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


# --- the installation -------------------------------------------------------------------------------------------------


def _site(site: Site, now: datetime) -> tuple[Line, ...]:
    database, waiting = site.database, sum(seen.waiting for seen in site.sources.values())
    since = database.unsealed_since
    sealed = f"sealed {_ago(site.at - database.sealed)}" if database.sealed else "not sealed yet"
    if since is None:
        audit = f"{sealed}; nothing waits"
    elif site.at - since > SEAL_LATE:
        audit = f"{sealed}; entries wait since {_moment(since, now)}: look into the log"
    else:
        audit = f"{sealed}; newer entries are sealed within a minute"
    lines = [
        Line("Processes", str(site.processes)),
        Line("Queue", counted(waiting, "question") + " waiting for a turn"),
        Line("Audit", audit),
        Line("Database", f"revision {database.revision or 'none'}"),
    ]
    if database.disk is not None:
        lines.append(Line("SQLite", f"{database.disk / 1_000_000:.1f} MB on disk"))
    return tuple(lines)


def _ago(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 7200 else f"{seconds // 3600} h ago"


def as_text(view: SiteView) -> str:
    """The page for a terminal."""
    lines = [view.summary, ""]
    for source in view.sources:
        cells = [Line("Answered", source.calls), Line("p50, p95", source.latency), Line("Newest data", source.newest)]
        cells += [Line("Unreadable", source.unreadable), Line("To do", source.advice), *source.lines]
        lines += [f"{source.name}, {source.kind}: {source.mark.word}", *_indented(cells), ""]
    lines += [view.quiet, ""] if view.quiet else []
    return "\n".join([*lines, "This installation", *_indented(view.site), "", view.note])


def _indented(lines: Sequence[Line]) -> list[str]:
    return [f"  {line.label:<16} {line.words}" for line in lines if line.words]
