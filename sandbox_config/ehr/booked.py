"""The list of booked appointments that one tenant has beside FHIR: `GET /v1/<practice>/appointments/booked`.

After athenahealth's documentation (https://docs.athenahealth.com/api/api-ref/appointment-slot): days as mm/dd/yyyy,
times of the department, one-letter statuses, bare numbers as ids, `next` for more. It stands at the root of the host,
and the token says which tenant is meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, request

from sandbox_config.ehr.charts import exists
from sandbox_config.ehr.misbehave import before
from sandbox_config.ehr.scopes import Reach, reach
from sandbox_config.ehr.site import site, wait
from sandbox_config.ehr.tenants import Listing

PRACTICE = "195900"
DEPARTMENTS: Mapping[str, str] = {"1": "riverbend-main", "2": "mill-pond"}
MAX_ROWS = 5

blueprint = Blueprint("booked", __name__)
blueprint.before_request(wait)

_STATUS = {"booked": "f", "arrived": "f", "checked-in": "2", "fulfilled": "3", "cancelled": "x", "noshow": "x"}


@blueprint.get(f"/v1/{PRACTICE}/appointments/booked")
def booked() -> Response:
    found = _tenant_of(request.headers.get("Authorization", ""))
    if isinstance(found, Response):
        return found
    asked = request.args
    place = DEPARTMENTS.get(asked.get("departmentid", ""))
    first, last = _day(asked.get("startdate", "")), _day(asked.get("enddate", ""))
    if place is None or first is None or last is None:
        return _refused(400, "departmentid, startdate and enddate are required; dates as mm/dd/yyyy")
    rows = [row for row in _rows(place, first, last, found) if asked.get("providerid") in (None, row["providerid"])]
    offset = int(asked.get("offset", "0"))
    answer: dict[str, Any] = {"totalcount": len(rows), "appointments": rows[offset : offset + MAX_ROWS]}
    if offset + MAX_ROWS < len(rows):
        query = "&".join(f"{key}={value}" for key, value in asked.items() if key != "offset")
        answer["next"] = f"{request.path}?{query}&offset={offset + MAX_ROWS}"
    return jsonify(answer)


def _tenant_of(authorization: str) -> ZoneInfo | Response:
    """The time zone of the tenant whose token this is, or the refusal."""
    token = authorization.removeprefix("Bearer ")
    for tenant in (each for each in site().tenants.values() if each.listing is Listing.BOOKED):
        reading = site().memory.reading(tenant.id, token)
        if reading is not None:
            grant, _ = reading
            faults = site().active(grant.context)
            if (response := before(faults, "Appointment", grant, site())) is not None:
                return response
            if reach(grant.scopes, "Appointment", "s") is not Reach.ALL:
                return _refused(403, "not for this user")
            return ZoneInfo(tenant.timezone)
    return _refused(401, "a live bearer token is needed")


def _rows(place: str, first: date, last: date, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The department's appointments of these days; who has no number is not in this list."""
    rows = []
    for resource in site().charts.of("Appointment"):
        actors = [one["actor"].get("reference", "") for one in resource["participant"]]
        start = datetime.fromisoformat(resource["start"]).astimezone(zone)
        provider = next((number for ref in actors if (number := _number(ref, "Practitioner/staff-"))), "")
        if f"Location/{place}" not in actors or not first <= start.date() <= last or not provider:
            continue
        if resource["status"] not in _STATUS or not exists(resource, site().switches.on):
            continue
        patient = next((number for ref in actors if (number := _number(ref, "Patient/p-"))), "")
        row = {
            "appointmentid": patient,
            "appointmentstatus": _STATUS[resource["status"]],
            "appointmenttype": resource["serviceType"][0]["text"],
            "date": start.strftime("%m/%d/%Y"),
            "starttime": start.strftime("%H:%M"),
            "duration": resource["minutesDuration"],
            "departmentid": next(key for key, value in DEPARTMENTS.items() if value == place),
            "patientid": patient,
            "providerid": provider,
        }
        rows.append((start, row))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def _number(reference: str, prefix: str) -> str:
    found = re.fullmatch(re.escape(prefix) + r"([0-9]+)", reference)
    return found[1] if found else ""


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%m/%d/%Y").date()
    except ValueError:
        return None


def _refused(status: int, text: str) -> Response:
    response = jsonify({"error": text})
    response.status_code = status
    return response
