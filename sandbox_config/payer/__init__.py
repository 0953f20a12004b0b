"""A sandbox payer: SMART Backend Services and the report server of the Da Vinci guides (DEQM, RA, HRex).

Start reading at `fhir.py` (what can be asked), `care_gaps.py` and `risk.py` (how answers are composed). `style.py` says
how the payers differ, `dialects.py` which releases they speak, `faults.py` what can go wrong on purpose, `shapes.py`
how the servers that people really run deviate, `tokens.py` who may ask. What can be sent to it: `writing.py` (remarks),
`submitting.py` (evidence), `kept.py` (what becomes of both), `run.py` (the payer's next run).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import requests
from flask import Flask

from sandbox_config.scenario import CLINIC_TZ, PAYERS, Scenario

__all__ = ["create_payer"]


def _now() -> datetime:
    return datetime.now(UTC)


def _fetch_json(url: str) -> Any:
    return requests.get(url, timeout=5).json()


def create_payer(
    payer_id: str,
    scenarios: Mapping[str, Scenario],
    *,
    base_url: str,
    jwks_url: str,
    clock: Callable[[], datetime] = _now,
    delay_ms: int = 0,
    sleep: Callable[[float], None] = time.sleep,
    fetch_json: Callable[[str], Any] = _fetch_json,
) -> Flask:
    """The payer as a WSGI app. `base_url` is its own address; the FHIR base is `<base_url>/fhir`.

    `jwks_url` is where the client publishes its keys, as registered. `clock` gives aware UTC times. `sleep` and
    `fetch_json` can be replaced where there is no network to wait for. Raises UnknownFault for a wrong `payer_faults`.
    """
    from sandbox_config.payer import control, door, fhir, on_demand, standing, submitting, writing
    from sandbox_config.payer.faults import Switches
    from sandbox_config.payer.kept import Kept
    from sandbox_config.payer.members import Member, Members
    from sandbox_config.payer.records import Over, Records
    from sandbox_config.payer.site import Site, install
    from sandbox_config.payer.style import style_of
    from sandbox_config.payer.tokens import TokenEndpoint

    root = base_url.rstrip("/").removesuffix("/fhir")
    style = style_of(payer_id, PAYERS[payer_id].name, f"{root}/fhir")
    members = Members(payer_id, scenarios.values())
    of_members = {
        scenario.payers[payer_id].member_id: scenario.payer_faults.get(payer_id, ())
        for scenario in scenarios.values()
        if payer_id in scenario.payers
    }
    year = clock().astimezone(CLINIC_TZ).year
    switches, kept = Switches(of_members), Kept()

    def echoes(member: Member) -> bool:
        return style.echoes and not switches.of_member("no-echo", member.number)

    def versions(member: Member) -> bool:
        return style.versions and not switches.of_member("no-versions", member.number)

    over = Over(kept, echoes, versions)
    app = Flask(__name__)
    site = Site(
        style=style,
        root=root,
        members=members,
        now=Records(members, style, year, over=over),
        later=Records(members, style, year, later=True, over=over),
        tokens=TokenEndpoint(f"{root}/oauth/token", jwks_url=jwks_url, clock=clock, fetch_json=fetch_json),
        switches=switches,
        kept=kept,
        sleep=sleep,
        clock=clock,
        delay=delay_ms / 1000,
    )
    install(app, site)
    app.after_request(door.journal)
    for part in (control, door, fhir, on_demand, standing, writing, submitting):
        app.register_blueprint(part.blueprint)
    return app
