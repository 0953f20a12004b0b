"""The variables of `local.toml`: on which ports the sandbox runs, and the secrets of its EHR's confidential clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox_config.ehr.tenants import TENANTS
from sandbox_config.scenario import CONNECTED

SETTINGS = "sandbox_config/local.toml"
APP_PORT, EHR_PORT = 8000, 8600
PAYER_PORTS: Mapping[str, int] = {payer: EHR_PORT + number for number, payer in enumerate(CONNECTED, 1)}

#: Known to everybody who reads `ehr/tenants.py`: they guard nothing.
SECRETS: Mapping[str, str] = {
    "CHARTSIDE_SANDBOX_BASIC_SECRET": TENANTS["basic"].client_secret,
    "CHARTSIDE_SANDBOX_POST_SECRET": TENANTS["post"].client_secret,
}


def variable(payer: str) -> str:
    """The variable that holds one payer's port."""
    return f"CHARTSIDE_{payer.upper()}_PORT"


def environment(app: int, ehr: int, payers: Sequence[int]) -> dict[str, str]:
    """Everything that `local.toml` needs to know of one running sandbox. `payers` in the order of CONNECTED."""
    ports = {"CHARTSIDE_PORT": app, "CHARTSIDE_EHR_PORT": ehr}
    ports |= {variable(payer): port for payer, port in zip(CONNECTED, payers, strict=True)}
    return {**SECRETS, **{name: str(port) for name, port in ports.items()}}
