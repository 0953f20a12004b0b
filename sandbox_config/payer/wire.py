"""FHIR on the wire, and what each fault makes of an answer there. The names are in `faults.py`."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from flask import Response, request

FHIR_JSON = "application/fhir+json; charset=utf-8"
SLOW_SECONDS = 3.0
HANG_SECONDS = 60.0
TRICKLE_SECONDS = 9.0
BIG_BYTES = 10_000_000
CUT = 599

Resource = dict[str, Any]
Sleep = Callable[[float], None]


class Refusal(Exception):
    """An error answer: HTTP status, FHIR issue-type and a sentence."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


def fhir_json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, content_type=FHIR_JSON)


def outcome(code: str, text: str, severity: str = "error") -> Resource:
    """https://hl7.org/fhir/R4/operationoutcome.html; `code` is an issue-type."""
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code, "diagnostics": text}]}


def refused(refusal: Refusal) -> Response:
    """The answer to a refused request; 401 names the scheme (RFC 6750 3)."""
    response = fhir_json(outcome(refusal.code, refusal.text), refusal.status)
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return response


def too_many() -> Response:
    """429, and when to come back."""
    response = refused(Refusal(429, "throttled", "too many requests"))
    response.headers["Retry-After"] = "1"
    return response


def cut() -> Response:
    """Close the connection without an answer. Where there is none (in process): a status that no server sends."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return Response(status=CUT)


def delayed(name: str, sleep: Sleep) -> None:
    """The waiting that a fault asks for."""
    sleep(SLOW_SECONDS if name == "slow" else HANG_SECONDS)


def _html(_body: Resource, _sleep: Sleep) -> Response:
    page = "<!doctype html><title>Scheduled maintenance</title><p>The portal is closed.</p>"
    return Response(page, mimetype="text/html")


def _truncated(body: Resource, _sleep: Sleep) -> Response:
    text = json.dumps(body)
    return Response(text[: len(text) // 2], content_type=FHIR_JSON)


def _outcome_200(_body: Resource, _sleep: Sleep) -> Response:
    return fhir_json(outcome("exception", "something went wrong, but the status says all is well"))


def _big(body: Resource, _sleep: Sleep) -> Response:
    padding = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{"x" * BIG_BYTES}</div>'}
    return fhir_json({**body, "text": padding})


def _trickle(body: Resource, sleep: Sleep) -> Response:
    def drops() -> Iterator[bytes]:
        for byte in json.dumps(body).encode():
            yield bytes([byte])
            sleep(TRICKLE_SECONDS)

    return Response(drops(), content_type=FHIR_JSON)


def _down(_body: Resource, _sleep: Sleep) -> Response:
    return refused(Refusal(503, "transient", "the payer was told to be down"))


#: Answers that a fault gives in place of a good one; the first that is on wins.
INSTEAD: Mapping[str, Callable[[Resource, Sleep], Response]] = {
    "down": _down,
    "html": _html,
    "truncated-json": _truncated,
    "outcome-200": _outcome_200,
    "big": _big,
    "trickle": _trickle,
}
