"""The operator's page: each source, and the installation. Nothing of a patient."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.present.views.marks import Mark
from app.web.present.views.rows import Labelled


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source of the table; `lines` are what is folded away."""

    id: str
    name: str
    kind: str  # EHR main
    mark: Mark
    calls: str
    latency: str
    newest: str
    unreadable: str
    advice: str
    lines: tuple[Labelled, ...]


@dataclass(frozen=True, slots=True)
class SiteView:
    """The page. `quiet` names the sources that nobody has asked."""

    summary: str
    sources: tuple[SourceState, ...]
    quiet: str
    site: tuple[Labelled, ...]
    note: str
