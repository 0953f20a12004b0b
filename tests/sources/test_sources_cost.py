"""Reading a chart as plain JSON must cost a fraction of building fhirclient's models of the same bytes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from fhirclient.models.bundle import Bundle
from sources_wire import bundle

from app.sources import replies
from app.sources.ehr.reading import Reading
from app.sources.fhir.facts import fact
from app.sources.http import Pages

COUNT = 200


def one(number: int) -> dict[str, Any]:
    def coded(system: str, code: str) -> dict[str, Any]:
        return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}

    icd = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9", "display": "Type 2 diabetes"}
    return {
        "resourceType": "Condition",
        "id": f"c{number}",
        "clinicalStatus": coded("condition-clinical", "active"),
        "verificationStatus": coded("condition-ver-status", "confirmed"),
        "category": [coded("condition-category", "problem-list-item")],
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}, icd], "text": "Type 2 diabetes"},
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": f"Encounter/e{number % 20}"},
        "onsetDateTime": f"20{number % 20 + 5:02}-04-03T10:00:00-05:00",
        "recordedDate": "2019-04-03",
    }


BODY = json.dumps(bundle(*[one(n) for n in range(COUNT)]) | {"total": COUNT}).encode()


def ours() -> int:
    reading = Reading("Condition", "Patient/p1")
    reading.take(Pages((replies.parse(BODY),)))
    return len([fact(entry.resource) for entry in reading.entries])


def theirs() -> int:
    return len(Bundle(json.loads(BODY)).entry)


def cpu(work: Callable[[], int]) -> float:
    start = time.process_time()
    assert work() == COUNT
    return time.process_time() - start


def test_two_hundred_conditions_cost_less_than_half_of_their_models() -> None:
    rounds = [(cpu(ours), cpu(theirs)) for _ in range(7)]
    ratio = min(mine for mine, _ in rounds) / min(models for _, models in rounds)
    assert ratio < 0.5, f"{ratio:.2f} of the models' cost"
