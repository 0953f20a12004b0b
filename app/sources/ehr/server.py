"""fhirclient behind our guard: its server object asks through `Http`, and its models check the resources of the launch.

fhirclient 4.4's own requests have no time-out and follow `next` links to any host with our token, so nothing but
`request_json` may leave through this object.
"""

from __future__ import annotations

import logging
from typing import Any

from fhirclient.models.fhirabstractbase import FHIRValidationError
from fhirclient.server import FHIRServer

from app.sources.errors import Unreadable
from app.sources.fhir.shape import words
from app.sources.http import Http
from app.sources.replies import Json

log = logging.getLogger(__name__)


class _NoWire:
    """Stands where fhirclient keeps its unguarded session."""

    def __getattr__(self, name: str) -> Any:
        raise TypeError(f"fhirclient may not {name} by itself; only request_json is guarded")


class GuardedServer(FHIRServer):  # type: ignore[misc] # fhirclient has no types
    """fhirclient's server with one way out."""

    session: Any

    def __init__(self, http: Http) -> None:
        super().__init__(None, base_uri=http.base)
        self.session.close()
        self.session = _NoWire()
        self._http = http

    def request_json(self, path: str) -> Json:
        """Read or search `path`. Raises SourceError."""
        return self._http.get(path)

    def read(self, model: Any, path: str) -> Json:
        """One resource as fhirclient's model understands it; as it came when a vendor's field breaks the model.

        2026-11, fhirclient 4.4: one unknown element refuses the whole resource, and `strict=False` silently drops the
        element around it (a name, say). The tolerant readers in `app.sources.fhir` lose nothing.
        """
        raw = self.request_json(path)
        if words(raw.get("resourceType")) != model.resource_type:
            raise Unreadable(f"answered with something other than a {model.resource_type}")
        try:
            checked: Json = model(raw).as_json()
        except FHIRValidationError:
            log.info("%s: a %s is not valid R4; read field by field", self._http.source, model.resource_type)
            return raw
        return checked
