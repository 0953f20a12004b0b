"""One running sandbox EHR: its parts, its addresses, and the tenant of the request at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask import Blueprint, Flask, abort, current_app, g

from sandbox_config.ehr.charts import Charts
from sandbox_config.ehr.memory import Context, Memory
from sandbox_config.ehr.tenants import Tenant
from sandbox_config.faults import checked
from sandbox_config.journal import Journal
from sandbox_config.scenario import Common, Scenario
from sandbox_config.switches import Switches

_EXTENSION = "sandbox_ehr"


@dataclass
class Site:
    """Everything that the routes work with. `delay` (seconds) is waited before each back-channel call is answered."""

    base_url: str
    app_url: str
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    fetch_json: Callable[[str], Any]
    tenants: Mapping[str, Tenant]
    scenarios: Mapping[str, Scenario]
    common: Common
    charts: Charts
    memory: Memory
    switches: Switches = field(default_factory=lambda: Switches(checked))
    delay: float = 0.0
    payers: Mapping[str, str] = field(default_factory=dict)  # name -> address, for the link to its faults
    journal: Journal = field(default_factory=Journal)
    strayed: list[dict[str, Any]] = field(default_factory=list)  # calls that followed a hostile link

    @property
    def redirect_uri(self) -> str:
        return f"{self.app_url}/callback"

    @property
    def jwks_url(self) -> str:
        """Where the client publishes its keys, as registered."""
        return f"{self.app_url}/.well-known/jwks.json"

    def fhir_base(self, tenant: Tenant) -> str:
        return f"{self.base_url}/{tenant.id}/fhir"

    def auth_url(self, tenant: Tenant, endpoint: str) -> str:
        return f"{self.base_url}/{tenant.id}/auth/{endpoint}"

    def issuer(self, tenant: Tenant) -> str:
        """The `iss` of id_tokens."""
        return self.fhir_base(tenant) if tenant.issuer_is_base else f"{self.base_url}/{tenant.id}/oauth2"

    def context(self, scenario: Scenario, user: str = "", faults: tuple[str, ...] = (), **fields: Any) -> Context:
        """What a launch of one scenario is about. The story's own fields win over those given. Raises UnknownFault."""
        return Context(
            user=user or scenario.user,
            patient=scenario.patient_id,
            encounter=scenario.encounter_id,
            fields={**fields, **scenario.launch},
            faults=checked((*scenario.ehr_faults, *faults)),
        )

    def active(self, context: Context | None = None) -> frozenset[str]:
        """The faults on now, for everybody and for this launch."""
        return self.switches.on | (context.faults if context else frozenset())


def install(app: Flask, site: Site) -> None:
    app.extensions[_EXTENSION] = site


def site() -> Site:
    """The sandbox that answers this request."""
    return cast(Site, current_app.extensions[_EXTENSION])


def tenant() -> Tenant:
    """The tenant named in this request's path."""
    return cast(Tenant, g.tenant)


def tenant_blueprint(name: str, prefix: str) -> Blueprint:
    """A blueprint under `/<tenant>…`; an unknown tenant is 404."""
    blueprint = Blueprint(name, __name__, url_prefix=f"/<tenant>{prefix}")

    @blueprint.url_value_preprocessor
    def _take_tenant(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        g.tenant = site().tenants.get((values or {}).pop("tenant", "")) or abort(404)

    return blueprint


def wait() -> None:
    """The sandbox's delay per call."""
    if site().delay:
        site().sleep(site().delay)
