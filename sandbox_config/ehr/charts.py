"""The charts of every scenario and the clinic's directory: a FHIR store that knows whose each resource is.

What was written since, and visits that were finished, are kept in memory until it is told to forget.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from threading import RLock
from typing import Any
from zoneinfo import ZoneInfo

from sandbox_config.ehr.search import values
from sandbox_config.scenario import Common, Scenario
from sandbox_config.scenarios.appointments import SWITCH

Resource = Mapping[str, Any]


class Charts:
    """Resources by type and id. All tenants serve the same ones, as several installations of one clinic."""

    def __init__(self, scenarios: Mapping[str, Scenario], common: Common) -> None:
        self._resources: dict[str, dict[str, Resource]] = {}
        self._patients_of: dict[tuple[str, str], list[str]] = {}
        self._lock = RLock()
        self._told: dict[tuple[str, str], Resource | None] = {}  # what stood there before it was changed; None: nothing
        self._scenario_of = {scenario.patient_id: scenario for scenario in scenarios.values()}
        for resource in common.resources():
            self._add(resource)
        for scenario in scenarios.values():
            for resource in scenario.chart:
                self._add(resource)
                of = self._patients_of.setdefault((resource["resourceType"], resource["id"]), [])
                of.append(scenario.patient_id)

    def _add(self, resource: Resource) -> None:
        same_type = self._resources.setdefault(resource["resourceType"], {})
        if same_type.setdefault(resource["id"], resource) != resource:
            raise ValueError(f"two different resources are called {resource['resourceType']}/{resource['id']}")

    @property
    def lock(self) -> RLock:
        """Held by whoever looks before writing."""
        return self._lock

    def put(self, resource: Resource, patient: str) -> None:
        """Add a resource to a patient's chart, or put it in the place of the one with its id."""
        resource_type, resource_id = resource["resourceType"], resource["id"]
        with self._lock:
            same_type = dict(self._resources.get(resource_type, {}))
            self._told.setdefault((resource_type, resource_id), same_type.get(resource_id))
            same_type[resource_id] = resource
            self._resources[resource_type] = same_type  # replaced, because others may be going through the old one
            self._patients_of.setdefault((resource_type, resource_id), [patient])

    def restore(self) -> None:
        """As if nothing had been written since the stories were told."""
        with self._lock:
            for (resource_type, resource_id), before in self._told.items():
                same_type = dict(self._resources[resource_type])
                same_type.pop(resource_id)
                self._resources[resource_type] = same_type | ({resource_id: before} if before else {})
                if before is None:
                    del self._patients_of[(resource_type, resource_id)]
            self._told.clear()

    def written(self) -> list[Resource]:
        """What was added since, in that order."""
        with self._lock:
            return [self._resources[kind][key] for (kind, key), before in self._told.items() if before is None]

    def of(self, resource_type: str, patient: str | None = None) -> Iterator[Resource]:
        """All resources of one type; with `patient`, only those of that patient's chart."""
        for resource in self._resources.get(resource_type, {}).values():
            if patient is None or patient in self.patients_of(resource):
                yield resource

    def find(self, resource_type: str, resource_id: str) -> Resource | None:
        return self._resources.get(resource_type, {}).get(resource_id)

    def follow(self, reference: str) -> Resource | None:
        """The resource behind a reference such as `Organization/riverbend`."""
        resource_type, _, resource_id = reference.rpartition("/")
        return self.find(resource_type.rpartition("/")[2], resource_id)

    def patients_of(self, resource: Resource) -> Sequence[str]:
        """In whose charts a resource stands: one patient's, several for a group visit, nobody's for the directory."""
        return self._patients_of.get((resource["resourceType"], resource["id"]), ())

    def included(self, resources: Iterable[Resource], paths: Iterable[str]) -> Iterator[Resource]:
        """The resources that the references at `paths` point to, each once."""
        paths, seen = tuple(paths), set()
        for resource in resources:
            for target in (item for path in paths for item in values(resource, path)):
                found = self.follow(target.get("reference", "")) if isinstance(target, Mapping) else None
                if found is not None and (key := (found["resourceType"], found["id"])) not in seen:
                    seen.add(key)
                    yield found

    def story_of(self, patient: str) -> Scenario | None:
        """The story of a patient."""
        return self._scenario_of.get(patient)

    def schedule(self, day: date, zone: ZoneInfo, on: frozenset[str]) -> list[tuple[datetime, Resource, Scenario]]:
        """The day's appointments of patients with a story, in the order of their start. `on`: switches."""
        rows = []
        for resource in self.of("Appointment"):
            start = datetime.fromisoformat(resource["start"]).astimezone(zone) if "start" in resource else None
            if start and start.date() == day and exists(resource, on):
                rows += [(start, resource, self._scenario_of[patient]) for patient in self.patients_of(resource)]
        return sorted(rows, key=lambda row: row[0])


def exists(resource: Resource, on: frozenset[str]) -> bool:
    """Whether a resource that waits for a switch is there."""
    tags = resource.get("meta", {}).get("tag", ())
    return all(tag.get("code") in on for tag in tags if tag.get("system") == SWITCH)
