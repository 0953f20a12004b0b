"""A house in which every request that reaches one payer is written down."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox_config.environment import variable
from sandbox_config.payer import create_payer
from sandbox_config.serving import free_ports, serving
from tests.house import House, house

PAYER = "northwind"


@dataclass
class Counted:
    """Stands before the payer's WSGI app: `paths` counts its FHIR requests by method and path, ids included."""

    home: House
    wsgi: Any = None
    paths: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if path.startswith("/fhir/") and path != "/fhir/metadata" and "/.well-known/" not in path:
            with self._lock:
                self.paths[f"{environ['REQUEST_METHOD']} {path}"] += 1
        return self.wsgi(environ, start_response)

    def asked(self, what: str = "") -> int:
        """How many requests about patients came, whose path holds `what`."""
        return sum(count for path, count in self.paths.items() if what in path)


@contextmanager
def counted(folder: Path, *, delay_ms: int = 0, database: str = "") -> Iterator[Counted]:
    """The whole house; northwind alone is counted."""
    port = free_ports(1)[0]
    with house(folder, without={PAYER}, database=database, **{variable(PAYER): str(port)}) as home:
        at = f"http://localhost:{port}"
        jwks = f"{home.app}/.well-known/jwks.json"
        payer = create_payer(PAYER, home.scenarios, base_url=at, jwks_url=jwks, clock=home.clock, delay_ms=delay_ms)
        here = Counted(home, payer)
        home.payers[PAYER] = at
        with serving(here, port):
            yield here
