"""Panels built by hand, one for each thing a screen must be able to say. All people, plans and records are invented."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.core.answers import Reason
from app.core.chart import Component, Concept, Fact, Identifier, Name, Patient, Quantity, When
from app.core.flag import (
    Card,
    Change,
    Changes,
    Clash,
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
    Verify,
)
from app.core.freshness import DataClass, SourceClass
from app.core.report import ConditionCategory, Evidence, Gap, GapReason, GapStatus, Measure, Period
from app.web.present import Ids, Links

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
TODAY = NOW.date()
LINKS = Links("/l/abc/", "/l/abc/flags", "/l/abc/flags?full=1", "/l/abc/retry", "/l/abc/end", "/l/abc/why/")
IDS = Ids(lambda about: hashlib.sha256(f"launch abc|{about}".encode()).hexdigest())
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


def card(main: GapRow, *others: GapRow, act: str = "", **more: Any) -> Card:
    """One row as its own card, or several payers' rows of one act."""
    about = f"{main.gap.payer}/{main.gap.group_id}" if main.gap else "chart"
    return Card(act or f"{main.service}|{about}|{main.state}|{main.urgency}", (main, *others), **more)


def cards(*rows: GapRow) -> tuple[Card, ...]:
    return tuple(card(each) for each in rows)


CLAIMS = DataClass("care-gaps", SourceClass.ADJUDICATED_CLAIMS, 90, 120)


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


def ordered_by() -> GapRow:
    order = fact("ServiceRequest", "Diabetic retinal exam", -12, who="Dr. Ines Valderrama")
    return replace(ordered(), settled_by=order)


def booked() -> GapRow:
    visit = fact("Appointment", "Retinal imaging", 11, who="Elmsworth Eye Clinic")
    return replace(ordered(), settled_by=visit)


def overdue() -> GapRow:
    order = fact("ServiceRequest", "Mammogram", -120, who="Dr. Ines Valderrama")
    return replace(mammogram(), overdue=order)


def done_elsewhere() -> GapRow:
    seen = Evidence("Procedure/c", "Procedure", "Colonoscopy", when=on(-600), source="Riverbend Endoscopy")
    return row(
        State.DONE_ELSEWHERE, service="Colorectal cancer screening", act="request-record", last_in_chart=None,
        elsewhere=seen, seen_by="lakeside", staff_can=True,
        gap=gap(group="col", title="Colorectal cancer screening"), clinical_due=None,
    )  # fmt: skip


def outside(because: str = "age") -> GapRow:
    return row(
        State.DOES_NOT_APPLY, service="Cervical cancer screening", because=because, staff_can=True, last_in_chart=None,
        gap=gap(group="ccs", title="Cervical cancer screening"), clinical_due=None,
    )  # fmt: skip


def alone() -> GapRow:
    """A positive stool test without a colonoscopy, and no payer that lists it."""
    found = fact("Observation", "FIT (stool immunochemical test)", -44, Concept(text="Positive"))
    return row(
        State.DO_TODAY, Urgency.ABNORMAL, service="Colonoscopy after positive stool test", gap=None,
        act="order-follow-up-colonoscopy", last_in_chart=found, clinical_due=days(-14),
    )  # fmt: skip


def two_payers() -> Card:
    """Both ask for an HbA1c test: another version, another period, another contract."""
    theirs = gap(
        "lakeside", "a1c", "Glycemic status assessment", calculated=days(-20), data_through=days(-60),
        period=Period(date(2026, 7, 1), date(2027, 6, 30)), contract="Lakeside Advantage 2026",
    )  # fmt: skip
    theirs = replace(theirs, measure=replace(theirs.measure, version="2025"))
    mine = replace(row(contract="Northwind Shared Savings"), window=YEAR)
    return card(mine, replace(row(gap=theirs), window=theirs.period, contract="Lakeside Advantage 2026"), act="a1c")


def disputed() -> Card:
    """Northwind says open, Lakeside says met."""
    met = gap("lakeside", "bcs", "Breast cancer screening", status=GapStatus.CLOSED)
    asked = row(service="Mammogram", act="order-mammogram", gap=gap(group="bcs", title="Breast cancer screening"))
    return card(asked, closed=(met,), clashes=(Clash.OPEN_AND_CLOSED,), act="bcs")


def reopened() -> Card:
    """Lakeside says met; the value of today would reopen it."""
    met = gap("lakeside", "gsd", "Glycemic status assessment", status=GapStatus.CLOSED)
    found = a1c("9.8", 0)
    made = replace(out_of_range(), gap=met, last_in_chart=found, settled_by=found)
    return card(made, closed=(met,), clashes=(Clash.WOULD_REOPEN,), act="gsd")


def old_data() -> Card:
    """The claims behind it are older than their limit."""
    old = gap(group="col", title="Colorectal cancer screening", data_through=days(-131))
    asked = row(service="Colorectal cancer screening", act="offer-colorectal-screening", gap=old)
    return card(asked, verify=(Verify("northwind", CLAIMS, days(-131), 131),), act="col")


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


def removal(because: str = "acute-event-listed") -> PromptRow:
    """A listed condition that no payer asks about."""
    listed = fact("Condition", "Acute myocardial infarction", -900, category=("problem-list-item",))
    return PromptRow((), PromptState.REMOVE, (), (listed,), (), label="Acute myocardial infarction", because=because)


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
        gaps=cards(stool_test(), out_of_range(), mammogram()),
        more_gaps=cards(
            blood_pressure(), row(State.DO_TODAY, Urgency.LATER, clinical_due=days(40), gap=gap(group="later"))
        ),
        staff=cards(done_here(), ordered()),
        excluded=cards(row(State.EXCLUDED, service="Bone density scan", gap=gap(group="osteo", title="Osteoporosis"))),
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
    return panel(gaps=cards(out_of_range()), sources=(*CHART_LINES, *NORTHWIND_LINES, out), complete=False)


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
    return panel(gaps=cards(cannot), sources=(chart, CHART_LINES[1], stale, NORTHWIND_LINES[1], *down, other))


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
        excluded=cards(row(State.EXCLUDED), row(State.EXCLUDED, service="Mammogram", gap=gap(group="bcs"))),
    )


def unread_status() -> Panel:
    return panel(status=(PatientStatus(StatusKind.UNREADABLE, "Encounter"),), gaps=cards(row()))


def foreign_name() -> Panel:
    names = (
        Name("usual", "", (), "محمد عبد الرحمن الحسيني"),
        Name("official", "Al-Husseini", ("Mohammed", "Abdulrahman")),
        Name("maiden", "王", ("小明",)),
        Name("nickname", "", ("Mo",)),
        Name("old", "", ("",)),
    )
    return panel(patient=patient(names=names, sex="male"), gaps=cards(row()))


def nobody() -> Panel:
    return panel(patient=Patient("p2", names=(Name(),)), clear=True, sources=(*CHART_LINES, *NORTHWIND_LINES))


def long_words() -> Panel:
    word = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 3
    title = f"{word} screening according to the plan's own very long measure title"
    return panel(
        patient=patient(names=(Name("official", word, (word,)),)),
        gaps=cards(row(State.NOT_CHECKED, service=title, rule=None, gap=gap(title=title, payer_words=f"{word} " * 8))),
        prompts=(PromptRow((category(word),), PromptState.ASSESS_HISTORIC, (), (), ()),),
        sources=(*CHART_LINES, line("northwind/care-gaps", word, "care-gaps", calculated=days(-8))),
    )


def one_truth() -> Panel:
    """Several payers, their contradictions, old data, a removal, and what changed."""
    lines = tuple(
        replace(each, data=CLAIMS, data_through=days(-60))
        for each in (*NORTHWIND_LINES, *LAKESIDE_LINES)
        if each.what == "care-gaps"
    )
    return panel(
        gaps=(two_payers(), disputed(), reopened()),
        more_gaps=(old_data(), card(alone())),
        staff=cards(done_elsewhere(), booked(), outside()),
        prompts=(removal(), suspected()),
        sources=(*CHART_LINES, *lines),
        changes=Changes(days(-10), (
            Change("a1c", "HbA1c test", "ordered", "do-today"),
            Change("gsd", "Glycemic status", "", "out-of-range"),
        )),
    )  # fmt: skip


def new_states() -> Panel:
    return panel(
        gaps=(old_data(), card(alone()), card(overdue())),
        staff=(
            *cards(done_elsewhere(), ordered_by()),
            card(booked(), act="booked"),
            *(card(outside(each), act=each) for each in ("age", "sex")),
        ),
        more_prompts=(removal("labs-contradict"), replace(historic(), modelled=False, searched=True)),
    )


def standing() -> Panel:
    """Findings that change measures and not the panel."""
    kinds = (StatusKind.PALLIATIVE, StatusKind.PREGNANCY, StatusKind.NURSING_HOME, StatusKind.FRAILTY)
    found = tuple(PatientStatus(kind, f"Condition/{kind}", days(-40), "Problem list entry") for kind in kinds)
    entry = replace(fact("Condition", "Palliative care", -40), ref="Condition/palliative-care")
    return panel(status=found, gaps=cards(row()), excluded=cards(row(State.EXCLUDED, settled_by=entry)))


def not_asked() -> Panel:
    """A restriction, one that could not be read, and a report that somebody marked."""
    reasons = (Reason.RESTRICTED, Reason.RESTRICTION_UNKNOWN, Reason.HELD)
    lines = (
        line(f"p{n}/care-gaps", f"Payer {n} of Elmsworth", "care-gaps", SourceState.NO_ANSWER, reason=reason)
        for n, reason in enumerate(reasons)
    )
    return panel(sources=(*CHART_LINES, *lines))


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
        gaps=(
            card(
                row(service=XSS, gap=hostile, last_in_chart=entry, last_at_payer=evidence, rule=rule, contract=XSS),
                row(service=XSS, gap=replace(hostile, payer=XSS), contract=XSS),
                clashes=tuple(Clash), closed=(unknown,), verify=(Verify(XSS, CLAIMS, TODAY, 131),),
            ),
        ),
        excluded=cards(row(State.EXCLUDED, service=XSS, gap=unknown, settled_by=entry)),
        closed=(unknown,),
        prompts=(PromptRow((condition,), PromptState.ASSESS_SUSPECTED, (evidence,), (entry,), (entry,)),),
        more_prompts=(PromptRow((condition,), PromptState.HISTORY_TERM, (), (), (), XSS),),
        hidden=(Hidden(condition, XSS, XSS),),
        sources=(
            line("chart", XSS, "chart", incomplete=(XSS,), unreadable=2),
            line(f"{XSS}/risk", XSS, "risk", said=(XSS,)),
            line(f"{XSS}/care-gaps", XSS, XSS, SourceState.NO_ANSWER, reason=Reason.DOWN, received=""),
        ),
        identity=(IdentityNote(XSS, (XSS,)),),
        changes=Changes(days(-10), (Change("k", XSS, XSS, XSS),)),
    )  # fmt: skip


PANELS: Mapping[str, Callable[[], Panel]] = {
    "busy": busy,
    "one-gap": lambda: panel(gaps=cards(out_of_range())),
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
    "every-state": lambda: panel(gaps=cards(*every_state()[:3]), more_gaps=cards(*every_state()[3:])),
    "prompts": lambda: panel(prompts=(historic(), suspected()), clear=True),
    "one-truth": one_truth,
    "new-states": new_states,
    "standing": standing,
    "not-asked": not_asked,
    "foreign-name": foreign_name,
    "nobody": nobody,
    "long-words": long_words,
    "script-text": script_text,
}
