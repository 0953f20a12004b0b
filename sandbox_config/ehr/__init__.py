"""The sandbox EHR: SMART authorization servers, FHIR R4 servers and a small EHR to look at, one per tenant.

Start reading at `authorize.py` and `token.py` (the launch), `fhir.py` (the chart), `screens.py` (the pages).
`tenants.py` says which servers there are, `misbehave.py` what can go wrong on purpose.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import requests
from flask import Flask
from jinja2 import StrictUndefined

from sandbox_config.ehr.tenants import TENANTS, Tenant
from sandbox_config.faults import checked
from sandbox_config.scenario import COMMON, Common, Scenario

__all__ = ["create_ehr"]


def _now() -> datetime:
    return datetime.now(UTC)


def _fetch_json(url: str) -> Any:
    return requests.get(url, timeout=5).json()


def create_ehr(
    scenarios: Mapping[str, Scenario],
    *,
    base_url: str,
    app_url: str,
    clock: Callable[[], datetime] = _now,
    tenants: Mapping[str, Tenant] = TENANTS,
    common: Common = COMMON,
    payers: Mapping[str, str] | None = None,
    delay_ms: int = 0,
    sleep: Callable[[float], None] = time.sleep,
    fetch_json: Callable[[str], Any] = _fetch_json,
) -> Flask:
    """The EHR as a WSGI app. `base_url` is its own address, `app_url` Chartside's; `clock` gives aware UTC times.

    `payers` are names and addresses of the sandbox payers, to link to. `sleep` and `fetch_json` (which reads the
    client's JWKS) can be replaced where there is no network to wait for. Raises UnknownFault when a scenario names a
    fault that does not exist.
    """
    from sandbox_config.ehr import authorize, booked, control, discovery, fhir, screens, token
    from sandbox_config.ehr.charts import Charts
    from sandbox_config.ehr.memory import Memory
    from sandbox_config.ehr.site import Site, install

    for scenario in scenarios.values():
        checked(scenario.ehr_faults)
    app = Flask(__name__, static_url_path="/_static")
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    site = Site(
        base_url=base_url.rstrip("/"),
        app_url=app_url.rstrip("/"),
        clock=clock,
        sleep=sleep,
        fetch_json=fetch_json,
        tenants=tenants,
        scenarios=scenarios,
        common=common,
        charts=Charts(scenarios, common),
        memory=Memory(clock),
        delay=delay_ms / 1000,
        payers=payers or {},
    )
    install(app, site)
    for part in (control, discovery, authorize, token, fhir, booked, screens):
        app.register_blueprint(part.blueprint)
    app.register_blueprint(control.launching)
    app.register_blueprint(screens.pages)
    return app
