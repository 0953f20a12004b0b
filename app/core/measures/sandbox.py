"""The names that the payers of the local sandbox give these measures, so that a first visitor sees checked ones.

A real payer's own names belong in a list like this one: key, canonical, and the versions that were compared.
Lakeside's measures of 2025 are the same as the eCQMs of 2025, with which the rules named there were compared.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.core.measures.rule import MeasureName

_BASES = ("northwind.example", "lakeside.example", "harbor.example", "meridian.example")
_PATHS = ("Measure", "fhir/Measure")
#: What the sandbox's payers call a rule.
_KEYS: Mapping[str, str] = {
    "glycaemic-status": "glycemic-status",
    "blood-pressure": "blood-pressure",
    "colorectal-screening": "colorectal",
    "breast-screening": "breast",
    "cervical-screening": "cervical",
    "kidney-evaluation": "kidney-evaluation",
    "eye-exam": "eye-exam",
    "statin-therapy": "statin",
    "influenza-immunization": "influenza",
    "pneumococcal-immunization": "pneumococcal",
    "depression-screening": "depression-screening",
    "medication-reconciliation": "medication-reconciliation",
}
_OF_2025 = frozenset({"glycaemic-status", "blood-pressure", "colorectal-screening", "breast-screening"})

NAMES: Mapping[str, tuple[MeasureName, ...]] = {
    key: tuple(
        MeasureName(f"https://{host}/{path}/{word}", ("2025", "2026") if key in _OF_2025 else ("2026",))
        for host in _BASES
        for path in _PATHS
    )
    for key, word in _KEYS.items()
}
