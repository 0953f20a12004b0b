"""SEKMET FHIR (PyPI `sekmet-fhir`), a real FHIR R4 server that is not ours, started on a free port.

It runs in an environment of its own that `make test` builds (`.run/peers/venv`).
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.house import ROOT

UVICORN = ROOT / ".run" / "peers" / "venv" / "bin" / "uvicorn"


@contextmanager
def sekmet(folder: Path, port: int, base_url: str, auth: dict[str, Any]) -> Iterator[str]:
    """Serve at 127.0.0.1:port/fhir until the block ends; yields the address. Its links carry `base_url`."""
    if not UVICORN.exists():
        pytest.skip("sekmet-fhir is not installed: run make .run/peers/ready")
    settings = {
        "base_url": base_url,
        "host": "127.0.0.1",
        "port": port,
        "data_dir": str(folder / "data"),
        "own_private_key_path": str(folder / "none.pem"),
        "server_auth": auth,
        "validation": {"inbound": "strict"},
        "simulator": {"enabled": False},
        "log_inbound": False,
    }
    folder.mkdir(parents=True)
    config = folder / "settings.yaml"
    config.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    command = [str(UVICORN), "--factory", "sekmet.main:app_factory", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("w", encoding="utf-8") as log:
        running = subprocess.Popen(
            command, env={**os.environ, "SEKMET_CONFIG": str(config)}, cwd=folder, stdout=log, stderr=log
        )
        try:
            _wait(running, f"http://127.0.0.1:{port}/fhir/metadata", folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            running.wait(timeout=20)


def _wait(running: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(300):
        assert running.poll() is None, log.read_text(encoding="utf-8")
        with suppress(requests.RequestException):
            if requests.get(url, timeout=5).ok:
                return
        time.sleep(0.2)
    raise AssertionError(f"{url} did not answer:\n{log.read_text(encoding='utf-8')}")


def load(base: str, resources: Iterable[dict[str, Any]], token: str = "") -> None:
    """PUT every resource in one transaction."""
    entries = [
        {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
        for each in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.post(base, json=bundle, headers=headers, timeout=60)
    assert answer.ok, answer.text[:2000]
