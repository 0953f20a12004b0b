"""FHIR on the wire: JSON bodies and OperationOutcomes with the right content type."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

FHIR_JSON = "application/fhir+json; charset=utf-8"


def fhir_json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type=FHIR_JSON)


def operation_outcome(code: str, text: str, severity: str = "error") -> dict[str, Any]:
    """https://hl7.org/fhir/R4/operationoutcome.html; `code` is an issue-type."""
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code, "diagnostics": text}]}


def refusal(status: int, code: str, text: str) -> Response:
    """An error answer; 401 names the scheme (RFC 6750 3)."""
    response = fhir_json(operation_outcome(code, text), status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return response


class Refusal(Exception):
    """A request that is answered with an OperationOutcome."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response
