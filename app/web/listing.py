"""Who asks for a list over all patients of an EHR, and the files that leave it. `app/web/{sent,follow_ups,audit,
compliance}` start here: a chart that is open in the same launch is neither read nor shown by them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Response, url_for

import launch
from app.actions import Actor
from app.core.roles import May, Role, may
from app.errors import NotAllowed
from app.web import gate
from app.web.asked import known_user
from app.web.looking import actor_of, opening_of
from app.web.parts import Parts, parts
from app.web.present import pages
from app.web.present.views import ShellView

#: What a spreadsheet takes for a formula (OWASP, CSV Injection), in every width that it reads.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Listing:
    """A user who may see this list. `now` is in the clinic's zone."""

    of: launch.Launch
    here: Parts
    actor: Actor
    shell: ShellView
    now: datetime

    @property
    def role(self) -> Role:
        return self.actor.role

    def may(self, what: May) -> bool:
        return may(self.role, what)

    def links(self, here: str) -> dict[str, Any]:
        """The way out, and the other places that this role may go to from `here`."""
        names = {name for name in pages.lists_of(self.role) if name != here}
        if not (self.of.patient or self.of.encounter):
            names.discard("encounter.page")
        return {
            "again": url_for(here, handle=self.of.handle),
            "end": url_for("encounter.end", handle=self.of.handle),
            "ways": pages.ways({name: url_for(name, handle=self.of.handle) for name in names}),
        }


def listing(handle: str, *any_of: May) -> Listing:
    """Raises NotReady, and NotAllowed for a role that may none of these."""
    of, here = gate.current(handle), parts()
    opening = replace(opening_of(of, here), patient_id=None, encounter_id=None)
    actor = actor_of(of, known_user(here, opening))
    if not any(may(actor.role, each) for each in any_of):
        raise NotAllowed
    now = here.clock().astimezone(here.zone(of.ehr))
    shell = pages.shell(actor.name, actor.role, of.ehr_name, missing_scopes=of.missing_scopes)
    return Listing(of, here, actor, shell, now)


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """A table for a spreadsheet, which runs nothing of what it opens: UTF-8 with its mark, every cell quoted."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return _file(name, "text/csv", "\ufeff" + out.getvalue())


def ndjson_file(name: str, resources: Iterable[Mapping[str, Any]]) -> Response:
    """FHIR resources, one a line."""
    lines = (json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in resources)
    return _file(name, "application/fhir+ndjson", "".join(f"{line}\n" for line in lines))


def harmless(cell: str) -> str:
    """A cell that no spreadsheet computes."""
    return f"'{cell}" if cell.lstrip(" \u00a0\u3000").startswith(_FORMULA) or cell.startswith(_FORMULA) else cell


def _file(name: str, kind: str, text: str) -> Response:
    response = Response(text.encode(), content_type=f"{kind}; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
