"""A state as it is drawn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """A state as word, shape and tone. The shape names a drawing in `macros.html`; the tone a colour in `app.css`."""

    word: str
    shape: str
    tone: str  # act | urgent | done | wait | unsure | quiet
