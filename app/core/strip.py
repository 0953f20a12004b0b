"""The source strip: a line for every source that was asked, in the state in which it is. Nothing that is missing is
left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.core.answers import Answer, Known, Reason, Unknown
from app.core.chart import CHART_TYPES, Chart, Coverage
from app.core.flag import PayerAnswers, SourceLine, SourceState
from app.core.freshness import of_question, oldest
from app.core.report import Report

CARE_GAPS, RISK = "care-gaps", "risk"
CHART, COVERAGE = "chart", "coverage"


@dataclass(frozen=True, slots=True)
class Heard:
    """One payer's answer to one question, after the identity gate. None: still out."""

    payer: PayerAnswers
    question: str
    answer: Answer[Report] | None

    @property
    def report(self) -> Report | None:
        return self.answer.value if isinstance(self.answer, Known) else None

    @property
    def whole(self) -> bool:
        """A fresh and complete answer: the only kind from which "none" may be read."""
        known = self.answer
        if not isinstance(known, Known) or known.stale_because or known.incomplete:
            return False
        return not known.value.unreadable and not known.value.outcomes


def lines(
    chart: Chart, coverages: Sequence[Coverage], heard: Iterable[Heard], unconnected: Iterable[Coverage], ehr_name: str
) -> tuple[SourceLine, ...]:
    """All lines: the chart, the coverage, each payer's questions, each coverage that nobody is connected to."""
    return (
        chart_line(chart, ehr_name),
        _coverage_line(chart, coverages, ehr_name),
        *(_payer_line(each) for each in heard),
        *(_unconnected_line(coverage) for coverage in unconnected),
    )


def chart_line(chart: Chart, ehr_name: str) -> SourceLine:
    """One line for the whole chart; what of it could not be read is named, and only that."""
    if isinstance(chart.patient, Unknown):
        return SourceLine(CHART, ehr_name, CHART, SourceState.NO_ANSWER, chart.patient.reason)
    answers = [(kind, chart.facts[kind]) for kind in CHART_TYPES if kind in chart.facts]
    silent = [answer.reason for _, answer in answers if isinstance(answer, Unknown)]
    out = chart.patient is None or len(answers) < len(CHART_TYPES)
    if not out and len(silent) == len(CHART_TYPES):
        return SourceLine(CHART, ehr_name, CHART, SourceState.NO_ANSWER, silent[0], incomplete=CHART_TYPES)
    return SourceLine(
        CHART,
        ehr_name,
        CHART,
        SourceState.ASKING if out else SourceState.ANSWERED,
        next(iter(silent), None),
        received=_received(chart.patient),
        incomplete=tuple(named for kind, answer in answers for named in _incomplete(kind, answer)),
    )


def _incomplete(kind: str, answer: Answer[object]) -> list[str]:
    """The type alone where nothing of it was read; with what is missing where a part was."""
    if isinstance(answer, Unknown):
        return [kind]
    parts = list(answer.incomplete) or (["older copy"] if answer.stale_because else [])
    return [f"{kind}: {part}" for part in parts]


def _coverage_line(chart: Chart, coverages: Sequence[Coverage], ehr_name: str) -> SourceLine:
    answer = chart.coverages
    if not coverages and isinstance(answer, Known) and not isinstance(chart.patient, Known):
        answer = chart.patient  # of a patient who is not known, nothing on file says nothing
    if answer is None:
        return SourceLine(COVERAGE, ehr_name, COVERAGE, SourceState.ASKING)
    if isinstance(answer, Unknown):
        return SourceLine(COVERAGE, ehr_name, COVERAGE, SourceState.NO_ANSWER, answer.reason)
    state = SourceState.ANSWERED if coverages else SourceState.NO_PAYER
    if answer.stale_because:
        state = SourceState.STALE
    return SourceLine(
        COVERAGE,
        ehr_name,
        COVERAGE,
        state,
        answer.stale_because,
        received=_received(answer),
        incomplete=answer.incomplete,
    )


def _payer_line(heard: Heard) -> SourceLine:
    key, name = f"{heard.payer.id}/{heard.question}", heard.payer.name
    answer, data = heard.answer, of_question(heard.payer.data, heard.question)
    if answer is None:
        return SourceLine(key, name, heard.question, SourceState.ASKING, data=data)
    if isinstance(answer, Unknown):
        return SourceLine(
            key,
            name,
            heard.question,
            SourceState.NO_ANSWER,
            answer.reason,
            incomplete=heard.payer.restricted_by,
            data=data,
        )
    return SourceLine(
        key,
        name,
        heard.question,
        SourceState.STALE if answer.stale_because else SourceState.ANSWERED,
        answer.stale_because,
        calculated=answer.value.calculated,
        received=_received(answer),
        incomplete=answer.incomplete,
        unreadable=len(answer.value.unreadable),
        data=data,
        data_through=oldest(gap.data_through for gap in answer.value.gaps),
        said=answer.value.outcomes,
    )


def _unconnected_line(coverage: Coverage) -> SourceLine:
    name = next((payor for payor in coverage.payors if payor.strip()), "") or coverage.plan
    return SourceLine(f"coverage/{coverage.ref}", name, COVERAGE, SourceState.NO_ANSWER, Reason.NOT_CONNECTED)


def _received(answer: Answer[object] | None) -> str:
    return answer.received.isoformat() if isinstance(answer, Known) else ""
