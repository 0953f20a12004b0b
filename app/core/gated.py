"""The identity gate before the panel: what one payer answered, or why nothing of it may be used."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.answers import Answer, Known, Reason, Unknown
from app.core.chart import Patient
from app.core.flag import IdentityNote, PayerAnswers
from app.core.identity import Verdict, examine, passed
from app.core.report import Member, Report
from app.core.strip import CARE_GAPS, RISK, Heard


@dataclass(frozen=True, slots=True)
class Gated:
    """One payer's answers behind the identity gate."""

    heard: tuple[Heard, ...]
    note: IdentityNote | None


def gate(payer: PayerAnswers, patient: Answer[Patient] | None, may_see_prompts: bool) -> Gated:
    """Both questions of a payer behind the gate. What differs without blocking is named once, for what is shown."""
    questions = {CARE_GAPS: payer.care_gaps} | ({RISK: payer.risk} if may_see_prompts else {})
    heard: list[Heard] = []
    differs: dict[str, None] = {}
    for question, answer in questions.items():
        if question not in payer.speaks:
            continue
        gated, verdict = _passed(payer, answer, patient)
        heard.append(Heard(payer, question, gated))
        if isinstance(gated, Known):
            differs |= dict.fromkeys(verdict.named)
    return Gated(tuple(heard), IdentityNote(payer.id, tuple(differs)) if differs else None)


def _passed(
    payer: PayerAnswers, answer: Answer[Report] | None, patient: Answer[Patient] | None
) -> tuple[Answer[Report] | None, Verdict]:
    """An answer after the gate: itself, or why nothing of it may be used; None while that cannot be said yet."""
    if isinstance(payer.member, Unknown):
        return Unknown(payer.id, payer.member.reason, payer.member.detail, payer.member.retry_after), Verdict()
    if answer is None or isinstance(answer, Unknown):
        return answer, Verdict()
    if isinstance(patient, Unknown):
        return Unknown(payer.id, Reason.NOT_IDENTIFIED, "the chart's patient could not be read"), Verdict()
    if patient is None or payer.member is None:
        return None, Verdict()
    member: Member = payer.member.value
    verdict = examine(member, answer.value, chart=patient.value, coverage=payer.coverage)
    report = passed(answer.value, verdict)
    return (report, verdict) if isinstance(report, Unknown) else (answer, verdict)
