"""Panels built by hand, one for each thing a screen must be able to say. All people, plans and records are invented."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.core.answers import Reason
from app.core.chart import Component, Concept, Fact, Identifier, Name, Patient, Quantity, When
from app.core.flag import (
    GapRow,
    Hidden,
    IdentityNote,
    Panel,
    PatientStatus,
    PromptRow,
    PromptState,
    RuleSource,
    SourceLine,
    SourceState,
    State,
    StatusKind,
    Urgency,
)
from app.core.report import ConditionCategory, Evidence, Gap, GapReason, GapStatus, Measure, Period
from app.web.present import Links

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
TODAY = NOW.date()
LINKS = Links("/l/abc/", "/l/abc/flags", "/l/abc/flags?full=1", "/l/abc/retry", "/l/abc/end")
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))

NORTHWIND, LAKESIDE = "Northwind Health Plan", "Lakeside Community Health"


def days(number: int) -> date:
    """The day `number` days from today."""
    return TODAY + timedelta(days=number)


def on(number: int) -> When:
    return When.day(days(number))


def patient(**changes: Any) -> Patient:
    grace = Patient(
        id="p1",
        names=(Name("official", "Okafor", ("Grace", "Amara")),),
        birth_date=When.day(date(1961, 3, 12)),
        sex="female",
        identifiers=(Identifier("urn:ehr.example:mrn", "00418823", "MR"),),
    )
    return replace(grace, **changes)


def fact(type_: str, text: str, when: int | None, value: Any = None, **more: Any) -> Fact:
    when_ = None if when is None else on(when)
    return Fact(type_, f"{type_}/{len(text)}{when}", Concept(text=text), when=when_, value=value, **more)


def a1c(value: str, when: int) -> Fact:
    return fact("Observation", "HbA1c", when, Quantity(Decimal(value), "%"), setting="AMB")


RULES = RuleSource("ADA Standards of Care", "2026", "https://standards.example/a1c")
SCREENING = RuleSource("USPSTF breast cancer screening", "2024", reviewer="M. Ellison MD", reviewed=date(2026, 9, 1))


def gap(payer: str = "northwind", group: str = "g1", title: str = "Glycemic status assessment", **changes: Any) -> Gap:
    made = Gap(
        payer=payer,
        report_id="r1",
        group_id=group,
        measure=Measure(f"https://{payer}.example/Measure/{group}", "2026.1", title),
        status=GapStatus.OPEN,
        status_words="Open",
        derived=False,
        calculated=days(-8),
        data_through=days(-53),
        period=YEAR,
    )
    return replace(made, **changes)


def row(state: State = State.DO_TODAY, urgency: Urgency = Urgency.PREVENTION, **changes: Any) -> GapRow:
    made = GapRow(
        gap=gap(),
        state=state,
        urgency=urgency,
        service="HbA1c test",
        act="order-hba1c",
        clinical_due=days(-98),
        last_in_chart=a1c("6.9", -463),
        last_at_payer=None,
        rule=RULES,
    )
    return replace(made, **changes)


def out_of_range() -> GapRow:
    found = a1c("9.4", -69)
    return row(
        State.OUT_OF_RANGE, Urgency.MONITORING, act="repeat-or-intensify", clinical_due=days(22), last_in_chart=found,
        settled_by=found, gap=gap(group="a1c-control", title="Glycemic status poor control"), service="HbA1c control",
    )  # fmt: skip


def mammogram() -> GapRow:
    return row(
        service="Mammogram", act="order-mammogram", clinical_due=days(-40), rule=SCREENING,
        last_in_chart=fact("DiagnosticReport", "Screening mammogram, both breasts", -770),
        last_at_payer=Evidence("Procedure/m", "Procedure", "Mammogram", when=on(-770), source="claim"),
        gap=gap(
            "lakeside", "bcs", "Breast cancer screening", data_through=None,
            payer_words="Member is overdue for a mammogram.",
            reasons=(GapReason("NotFound", "Data Element Not Found"),),
        ),
    )  # fmt: skip


def blood_pressure() -> GapRow:
    pressure = fact(
        "Observation", "Blood pressure", -31, None,
        components=(
            Component(Concept(text="Systolic"), Quantity(Decimal(152), "mmHg")),
            Component(Concept(text="Diastolic"), Quantity(Decimal(94), "mmHg")),
        ),
    )  # fmt: skip
    return row(
        State.OUT_OF_RANGE, Urgency.MONITORING, service="Blood pressure control", act="repeat-bp",
        last_in_chart=pressure, settled_by=pressure, clinical_due=days(0),
        gap=gap(group="cbp", title="Controlling high blood pressure"),
    )  # fmt: skip


def stool_test() -> GapRow:
    found = fact("Observation", "FIT (stool immunochemical test)", -44, Concept(text="Positive"))
    return row(
        State.DO_TODAY, Urgency.ABNORMAL, service="Colonoscopy after positive stool test", act="follow-up-fit",
        last_in_chart=found, clinical_due=days(-14), gap=gap(group="col", title="Colorectal cancer screening"),
        last_at_payer=Evidence("Observation/9", "Observation", "", when=on(-44)),
    )  # fmt: skip


def done_here() -> GapRow:
    vaccine = fact("Immunization", "Influenza vaccine", -41)
    return row(
        State.DONE_HERE, service="Flu vaccine", act="send", last_in_chart=vaccine, settled_by=vaccine, staff_can=True,
        gap=gap(group="flu", title="Adult immunization status: influenza"), clinical_due=None,
    )  # fmt: skip


def ordered() -> GapRow:
    order = fact("ServiceRequest", "Diabetic retinal exam", -12)
    return row(
        State.ORDERED, service="Diabetic eye exam", act="await-result", last_in_chart=None, settled_by=order,
        staff_can=True, gap=gap(group="eye", title="Eye exam for patients with diabetes"), clinical_due=days(60),
    )  # fmt: skip


def every_state() -> tuple[GapRow, ...]:
    return (
        *(row(state, gap=gap(group=f"s{i}")) for i, state in enumerate(State)),
        row(State.CANNOT_TELL, missing=("Observation", "ServiceRequest"), last_in_chart=None, gap=gap(group="missing")),
        row(State.DO_TODAY, Urgency.LATER, clinical_due=days(40), gap=gap(group="later")),
        row(
            State.NOT_CHECKED, rule=None, last_in_chart=None, clinical_due=None,
            gap=gap(group="unruled", calculated=None, data_through=None),
        ),
    )  # fmt: skip


def category(label: str = "Diabetes with chronic complications", **changes: Any) -> ConditionCategory:
    made = ConditionCategory(
        payer="northwind",
        report_id="ra1",
        group_id=label[:12],
        model=Measure("https://northwind.example/Measure/ra", "28", "Condition categories"),
        system="urn:cc",
        version="28",
        code="37",
        label=label,
        cc_type="historic",
        evidence_status="open-gap",
        diagnoses=(Concept(text="Type 2 diabetes mellitus with diabetic polyneuropathy"),),
        deadline=date(2027, 1, 31),
        period=YEAR,
        calculated=days(-8),
    )
    return replace(made, **changes)


def historic() -> PromptRow:
    return PromptRow(
        categories=(category(), category(payer="lakeside", label="Diabetes with complications", calculated=days(-20))),
        state=PromptState.ASSESS_HISTORIC,
        supporting=(
            Evidence(
                "Condition/9", "Condition", "Type 2 diabetes with polyneuropathy",
                when=on(-402), setting="AMB", source="claim",
            ),
        ),
        in_chart=(fact("Condition", "Diabetic polyneuropathy", -700, category=("problem-list-item",)),),
        against=(),
    )  # fmt: skip


def suspected() -> PromptRow:
    return PromptRow(
        categories=(category("Chronic kidney disease, moderate", cc_type="suspected", diagnoses=()),),
        state=PromptState.ASSESS_SUSPECTED,
        supporting=(
            Evidence("Observation/e", "Observation", "eGFR 48 mL/min/1.73m2", when=on(-300), source="laboratory claim"),
        ),
        in_chart=(fact("Observation", "eGFR", -280, Quantity(Decimal(52), "mL/min/1.73m2"), setting="AMB"),),
        against=(
            fact("Observation", "eGFR", -31, Quantity(Decimal(78), "mL/min/1.73m2"), setting="AMB"),
            fact("Observation", "Urine albumin/creatinine ratio", -31, Quantity(Decimal(12), "mg/g"), setting="AMB"),
        ),
    )  # fmt: skip


def prompt(state: PromptState, label: str) -> PromptRow:
    return PromptRow((category(label),), state, (), (), (), history_term="History of stroke")


def line(key: str, name: str, what: str, state: SourceState = SourceState.ANSWERED, **more: Any) -> SourceLine:
    made = SourceLine(key, name, what, state, received="2026-11-22T09:40:12+00:00")
    return replace(made, **more)


CHART_LINES = (line("chart", "Sandbox EHR", "chart"), line("coverage", "Sandbox EHR", "coverage"))
NORTHWIND_LINES = (
    line("northwind/care-gaps", NORTHWIND, "care-gaps", calculated=days(-8)),
    line("northwind/risk", NORTHWIND, "risk", calculated=days(-8)),
)
LAKESIDE_LINES = (line("lakeside/care-gaps", LAKESIDE, "care-gaps", calculated=days(-20)),)


def panel(**changes: Any) -> Panel:
    made = Panel(
        patient=patient(), status=(), gaps=(), more_gaps=(), staff=(), excluded=(), closed=(), other=(), prompts=(),
        more_prompts=(), hidden=(), sources=(*CHART_LINES, *NORTHWIND_LINES), identity=(), complete=True, clear=False,
    )  # fmt: skip
    return replace(made, **changes)


def busy() -> Panel:
    met = gap(group="kidney", title="Kidney health evaluation", status=GapStatus.CLOSED)
    odd = gap(group="odd", title="Statin therapy", status=GapStatus.UNKNOWN, status_words="deferred-by-plan")
    return panel(
        gaps=(stool_test(), out_of_range(), mammogram()),
        more_gaps=(blood_pressure(), row(State.DO_TODAY, Urgency.LATER, clinical_due=days(40), gap=gap(group="later"))),
        staff=(done_here(), ordered()),
        excluded=(row(State.EXCLUDED, service="Bone density scan", gap=gap(group="osteo", title="Osteoporosis")),),
        closed=(met,),
        other=(odd,),
        prompts=(historic(), suspected()),
        more_prompts=(
            prompt(PromptState.PAYER_ONLY, "Peripheral vascular disease"),
            prompt(PromptState.HISTORY_TERM, "Acute stroke"),
        ),
        hidden=(
            Hidden(category("Diabetes without complication"), "superseded", "Diabetes with chronic complications"),
            Hidden(category("Morbid obesity"), "pending"),
        ),
        sources=(*CHART_LINES, *NORTHWIND_LINES, *LAKESIDE_LINES),
        identity=(IdentityNote("lakeside", ("family name",)),),
    )  # fmt: skip


def asking() -> Panel:
    out = replace(LAKESIDE_LINES[0], state=SourceState.ASKING, calculated=None, received="")
    return panel(gaps=(out_of_range(),), sources=(*CHART_LINES, *NORTHWIND_LINES, out), complete=False)


def troubled() -> Panel:
    down = tuple(
        line(f"lakeside/{what}", LAKESIDE, what, SourceState.NO_ANSWER, reason=Reason.SLOW, received="")
        for what in ("care-gaps", "risk")
    )
    chart = replace(CHART_LINES[0], incomplete=("Observation", "ServiceRequest"))
    stale = replace(NORTHWIND_LINES[0], state=SourceState.STALE, reason=Reason.DOWN)
    other = line(
        "coverage/c3", "Summit Mutual", "coverage", SourceState.NO_ANSWER, reason=Reason.NOT_CONNECTED, received=""
    )
    cannot = row(State.CANNOT_TELL, missing=("Observation",), last_in_chart=None, clinical_due=None)
    return panel(gaps=(cannot,), sources=(chart, CHART_LINES[1], stale, NORTHWIND_LINES[1], *down, other))


def silent() -> Panel:
    down = line("northwind/care-gaps", NORTHWIND, "care-gaps", SourceState.NO_ANSWER, reason=Reason.DOWN, received="")
    return panel(sources=(*CHART_LINES, down))


def deceased() -> Panel:
    died = PatientStatus(StatusKind.DECEASED, "Patient/p1", days(-20))
    return panel(patient=patient(deceased=on(-20)), status=(died,), withheld="deceased", sources=CHART_LINES)


def hospice() -> Panel:
    found = PatientStatus(StatusKind.HOSPICE, "Encounter/e1", days(-49), "Hospice admission")
    return panel(
        status=(found,),
        withheld="hospice",
        excluded=(row(State.EXCLUDED), row(State.EXCLUDED, service="Mammogram", gap=gap(group="bcs"))),
    )


def unread_status() -> Panel:
    return panel(status=(PatientStatus(StatusKind.UNREADABLE, "Encounter"),), gaps=(row(),))


def foreign_name() -> Panel:
    names = (
        Name("usual", "", (), "محمد عبد الرحمن الحسيني"),
        Name("official", "Al-Husseini", ("Mohammed", "Abdulrahman")),
        Name("maiden", "王", ("小明",)),
        Name("nickname", "", ("Mo",)),
        Name("old", "", ("",)),
    )
    return panel(patient=patient(names=names, sex="male"), gaps=(row(),))


def nobody() -> Panel:
    return panel(patient=Patient("p2", names=(Name(),)), clear=True, sources=(*CHART_LINES, *NORTHWIND_LINES))


def long_words() -> Panel:
    word = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 3
    title = f"{word} screening according to the plan's own very long measure title"
    return panel(
        patient=patient(names=(Name("official", word, (word,)),)),
        gaps=(row(State.NOT_CHECKED, service=title, rule=None, gap=gap(title=title, payer_words=f"{word} " * 8)),),
        prompts=(PromptRow((category(word),), PromptState.ASSESS_HISTORIC, (), (), ()),),
        sources=(*CHART_LINES, line("northwind/care-gaps", word, "care-gaps", calculated=days(-8))),
    )


XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'"


def script_text() -> Panel:
    """The same script-like text wherever text of others is shown."""
    evidence = Evidence("Observation/x", XSS, XSS, setting=XSS, source=XSS, when=on(-3))
    entry = fact("Observation", XSS, -3, XSS, who=XSS, setting=XSS)
    hostile = gap(
        title=XSS, payer_words=XSS, status_words=XSS, reasons=(GapReason(XSS, XSS, XSS),), evidence=(evidence,)
    )
    unknown = replace(hostile, status=GapStatus.UNKNOWN, group_id=XSS, measure=Measure(XSS, XSS, XSS))
    rule = RuleSource(XSS, XSS, XSS, XSS, TODAY)
    condition = category(XSS, diagnoses=(Concept(text=XSS),), model=Measure(XSS, XSS, XSS))
    return panel(
        patient=patient(
            names=(Name("official", XSS, (XSS,)), Name("maiden", XSS)),
            identifiers=(Identifier("", XSS, "MR"),),
            sex=XSS,
        ),
        status=(PatientStatus(StatusKind.UNREADABLE, XSS, None, XSS),),
        gaps=(row(service=XSS, gap=hostile, last_in_chart=entry, last_at_payer=evidence, rule=rule),),
        excluded=(row(State.EXCLUDED, service=XSS, gap=unknown, settled_by=entry),),
        closed=(unknown,),
        prompts=(PromptRow((condition,), PromptState.ASSESS_SUSPECTED, (evidence,), (entry,), (entry,)),),
        more_prompts=(PromptRow((condition,), PromptState.HISTORY_TERM, (), (), (), XSS),),
        hidden=(Hidden(condition, XSS, XSS),),
        sources=(
            line("chart", XSS, "chart", incomplete=(XSS,), unreadable=2),
            line(f"{XSS}/care-gaps", XSS, XSS, SourceState.NO_ANSWER, reason=Reason.DOWN, received=""),
        ),
        identity=(IdentityNote(XSS, (XSS,)),),
    )  # fmt: skip


PANELS: Mapping[str, Callable[[], Panel]] = {
    "busy": busy,
    "one-gap": lambda: panel(gaps=(out_of_range(),)),
    "clear": lambda: panel(clear=True, closed=(gap(status=GapStatus.CLOSED),)),
    "asking": asking,
    "troubled": troubled,
    "silent": silent,
    "no-payer": lambda: panel(
        sources=(CHART_LINES[0], line("coverage", "Sandbox EHR", "coverage", SourceState.NO_PAYER))
    ),
    "deceased": deceased,
    "hospice": hospice,
    "unread-status": unread_status,
    "every-state": lambda: panel(gaps=every_state()[:3], more_gaps=every_state()[3:]),
    "prompts": lambda: panel(prompts=(historic(), suspected()), clear=True),
    "foreign-name": foreign_name,
    "nobody": nobody,
    "long-words": long_words,
    "script-text": script_text,
}
