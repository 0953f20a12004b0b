"""A scenario: one patient's story as the sandbox EHR and the sandbox payers both tell it, and what must be seen of it.

The stories stand in `sandbox_config/scenarios/*.json`, dated relative to today. `load_all` reads and checks them.
What a story expects on screen is written in the words of the product; this module does not know how a panel is decided.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sandbox_config.scenarios import shapes
from sandbox_config.scenarios.common import COMMON, CONNECTED, PAYERS, Common, PayerFacts, Person
from sandbox_config.scenarios.dates import CLINIC_TZ, TokenError, resolve

__all__ = [
    "CLINIC_TZ",
    "COMMON",
    "CONNECTED",
    "PAYERS",
    "TOPICS",
    "Common",
    "PayerFacts",
    "PayerSide",
    "Person",
    "Scenario",
    "ScenarioError",
    "load_all",
]

Resource = dict[str, Any]

STORIES = Path(__file__).parent / "scenarios"
#: Under which heading a story is found on the EHR's front page, in this order.
TOPICS: Mapping[str, str] = {
    "first": "Start here",
    "chart": "What the chart already says",
    "morning": "On the morning schedule",
    "safety": "Where a measure does not fit, and results that nobody followed up",
    "measures": "Measure by measure",
    "payers": "Several payers, old data, other servers",
    "conditions": "Conditions to assess, and to take off the list",
    "loop": "Done, said back, and confirmed",
    "privacy": "Whose data it is, and who may be told",
    "sources": "When a source fails",
}
KEYS = {
    "title", "topic", "story", "user", "at", "reason", "in_room", "appointment", "also", "person", "chart", "payers",
    "ehr_faults", "payer_faults", "launch", "expect",
}  # fmt: skip


class ScenarioError(ValueError):
    """A story that cannot be told: names the file and what is wrong with it."""


@dataclass(frozen=True)
class PayerSide:
    """What one payer knows of the patient. `patient` is the payer's own record, with an id of its own.

    `gaps` and `risk` are compact facts, composed into DEQM and RA resources by `sandbox_config.payer`.
    `layout` chooses among the shapes that DEQM leaves open.
    """

    member_id: str
    patient: Resource
    gaps: tuple[Mapping[str, Any], ...] = ()
    risk: tuple[Mapping[str, Any], ...] = ()
    layout: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """One story. `chart` holds every FHIR resource of this patient in the EHR: Patient, Coverage, Appointment, ..."""

    id: str
    title: str
    topic: str  # one of TOPICS
    story: str
    user: str  # dr | ma | mgr
    patient_id: str
    encounter_id: str | None
    appointment_id: str
    chart: tuple[Resource, ...]
    payers: Mapping[str, PayerSide]
    provider: str = "dr"  # whose patient this is, to the payers' knowledge
    ehr_faults: tuple[str, ...] = ()
    payer_faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    launch: Mapping[str, Any] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)

    def of(self, resource_type: str) -> Iterator[Resource]:
        """The chart's resources of one type, in the order written."""
        return (resource for resource in self.chart if resource["resourceType"] == resource_type)


def load_all(today: date, now: datetime | None = None) -> dict[str, Scenario]:
    """Every scenario by id, in the order of the day's appointments. `now` defaults to 10:15 of `today`."""
    moment = now or datetime.combine(today, time(10, 15), CLINIC_TZ)
    loaded = [_load(path, today, moment) for path in sorted(STORIES.glob("*.json"))]
    loaded.sort(key=lambda scenario: next(scenario.of("Appointment"))["start"])
    _check_apart(loaded)
    return {scenario.id: scenario for scenario in loaded}


def _load(path: Path, today: date, now: datetime) -> Scenario:
    try:
        return _told(path.stem, resolve(json.loads(path.read_text(encoding="utf-8")), today=today, now=now), today)
    except (KeyError, TypeError, json.JSONDecodeError, TokenError, shapes.ShapeError) as wrong:
        raise ScenarioError(f"{path.name}: {type(wrong).__name__}: {wrong}") from wrong


def _told(scenario_id: str, story: Mapping[str, Any], today: date) -> Scenario:
    if unknown := set(story) - KEYS:
        raise TypeError(f"unknown keys {sorted(unknown)}")
    chart = shapes.Chart(story, today=today)
    resources = tuple(chart.resources())
    sides = {payer: _side(payer, facts, story["person"]) for payer, facts in story.get("payers", {}).items()}
    return Scenario(
        id=scenario_id,
        title=story["title"],
        topic=_topic(story["topic"]),
        story=story["story"],
        user=story.get("user", "dr"),
        patient_id=chart.patient_id,
        encounter_id=chart.encounter_id,
        appointment_id=chart.appointment_id,
        chart=resources,
        payers=MappingProxyType(sides),
        provider=story.get("appointment", {}).get("with", "dr"),
        ehr_faults=tuple(story.get("ehr_faults", ())),
        payer_faults={payer: tuple(names) for payer, names in story.get("payer_faults", {}).items()},
        launch=story.get("launch", {}),
        expect=story["expect"],
    )


def _topic(key: str) -> str:
    if key not in TOPICS:
        raise TypeError(f"no topic {key!r}; there are {', '.join(TOPICS)}")
    return key


def _side(payer: str, facts: Mapping[str, Any], person: Mapping[str, Any]) -> PayerSide:
    who = {**person, **facts.get("person", {}), "id": facts["id"]}
    member = facts["member"]
    return PayerSide(
        member_id=member,
        patient=shapes.payer_patient(who, PAYERS[payer], member),
        gaps=tuple(facts.get("gaps", ())),
        risk=tuple(facts.get("risk", ())),
        layout=facts.get("layout", {}),
    )


def _check_apart(scenarios: list[Scenario]) -> None:
    """Ids must differ between stories: both servers hold all of them at once, as real ones do."""
    seen: dict[str, str] = {}
    group_visits: dict[str, Resource] = {}
    for scenario in scenarios:
        own = [r for r in scenario.chart if not _is_group(r)]
        for visit in (r for r in scenario.chart if _is_group(r)):
            if group_visits.setdefault(visit["id"], visit) != visit:
                raise ScenarioError(f"{scenario.id}: Appointment/{visit['id']} is told differently in another story")
        keys = [f"{r['resourceType']}/{r['id']}" for r in own]
        keys += [f"{payer} Patient/{side.patient['id']}" for payer, side in scenario.payers.items()]
        keys += [f"{payer} member {side.member_id}" for payer, side in scenario.payers.items()]
        for key in keys:
            if key in seen:
                raise ScenarioError(f"{scenario.id}: {key} stands in {seen[key]} already")
            seen[key] = scenario.id


def _is_group(resource: Resource) -> bool:
    """Whether this is an Appointment of several patients, which each of their stories holds."""
    actors = [one["actor"].get("reference", "") for one in resource.get("participant", ()) if "actor" in one]
    return bool(resource["resourceType"] == "Appointment" and sum(ref.startswith("Patient/") for ref in actors) > 1)
