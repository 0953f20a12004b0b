"""What of a chart entry may leave for a payer, by resource type: rows of data (FHIR R4 element names).

45 CFR 164.502(b): no more than the purpose needs. A payer that recomputes a measure or a category needs the code, the
status, the value, the dates, in what kind of visit and by whom in words. It needs no narrative, note, attachment,
conclusion in free text, reference range, accession number, extension, tag or label, and of the patient nothing but who
they are to the payer. An element that is in no row does not leave; `None` is a plain value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, Union

Shape: TypeAlias = Mapping[str, Union["Shape", None]]

CODING: Shape = {"system": None, "version": None, "code": None, "display": None}
#: `text` leaves only where nothing is coded (`minimum.least`).
CONCEPT: Shape = {"coding": CODING, "text": None}
QUANTITY: Shape = {"value": None, "comparator": None, "unit": None, "system": None, "code": None}
PERIOD: Shape = {"start": None, "end": None}
RANGE: Shape = {"low": QUANTITY, "high": QUANTITY}
RATIO: Shape = {"numerator": QUANTITY, "denominator": QUANTITY}
LINK: Shape = {"reference": None}  # to the patient, or to an entry that leaves as well
NAMED: Shape = {"display": None}  # somebody, in words; never a way to look them up

_VALUE: Shape = {
    "valueQuantity": QUANTITY, "valueCodeableConcept": CONCEPT, "valueString": None, "valueBoolean": None,
    "valueInteger": None, "valueRange": RANGE, "valueRatio": RATIO, "valueDateTime": None, "valuePeriod": PERIOD,
    "dataAbsentReason": CONCEPT, "interpretation": CONCEPT,
}  # fmt: skip
_COMMON: Shape = {"resourceType": None, "id": None, "subject": LINK, "encounter": LINK}

ROWS: Mapping[str, Shape] = {
    "Observation": {
        **_COMMON, **_VALUE, "status": None, "category": CONCEPT, "code": CONCEPT, "bodySite": CONCEPT,
        "effectiveDateTime": None, "effectivePeriod": PERIOD, "effectiveInstant": None, "performer": NAMED,
        "component": {"code": CONCEPT, **_VALUE},
    },
    "DiagnosticReport": {
        **_COMMON, "status": None, "category": CONCEPT, "code": CONCEPT, "effectiveDateTime": None,
        "effectivePeriod": PERIOD, "conclusionCode": CONCEPT, "performer": NAMED,
    },
    "Procedure": {
        **_COMMON, "status": None, "category": CONCEPT, "code": CONCEPT, "bodySite": CONCEPT,
        "performedDateTime": None, "performedPeriod": PERIOD, "performer": {"actor": NAMED},
    },
    "Immunization": {
        "resourceType": None, "id": None, "patient": LINK, "encounter": LINK, "status": None, "vaccineCode": CONCEPT,
        "occurrenceDateTime": None, "primarySource": None, "performer": {"actor": NAMED},
    },
    "Condition": {
        **_COMMON, "clinicalStatus": CONCEPT, "verificationStatus": CONCEPT, "category": CONCEPT, "code": CONCEPT,
        "onsetDateTime": None, "onsetPeriod": PERIOD, "abatementDateTime": None, "abatementPeriod": PERIOD,
        "recordedDate": None, "recorder": NAMED, "asserter": NAMED,
    },
    "Encounter": {
        "resourceType": None, "id": None, "subject": LINK, "status": None, "class": CODING, "type": CONCEPT,
        "period": PERIOD, "participant": {"individual": NAMED}, "serviceProvider": NAMED,
    },
    "MedicationRequest": {
        **_COMMON, "status": None, "intent": None, "medicationCodeableConcept": CONCEPT, "medicationReference": NAMED,
        "authoredOn": None, "requester": NAMED,
    },
    "ServiceRequest": {
        **_COMMON, "status": None, "intent": None, "category": CONCEPT, "code": CONCEPT, "authoredOn": None,
        "occurrenceDateTime": None, "occurrencePeriod": PERIOD, "requester": NAMED,
    },
    "AllergyIntolerance": {
        "resourceType": None, "id": None, "patient": LINK, "clinicalStatus": CONCEPT, "verificationStatus": CONCEPT,
        "type": None, "code": CONCEPT, "onsetDateTime": None, "recordedDate": None,
    },
    "DocumentReference": {
        "resourceType": None, "id": None, "subject": LINK, "status": None, "type": CONCEPT, "category": CONCEPT,
        "date": None, "author": NAMED,
    },
}  # fmt: skip
