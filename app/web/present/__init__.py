"""Core objects to finished words, marks and dates. Owns every sentence of the screens; knows no HTML and no FHIR.

    panel     the flags fragment            gaps, prompts     one row each
    sources   the strip and its troubles    rest              folded away, counted, or nothing to show
    people    patient header, user          pages             shell and problem pages
    words     states and acts as tables     dates, text, facts

Rules of the wording: README, Wording. Nothing here speaks of money, weight or codes.
"""

from app.web.present.pages import CLOSED, NO_ROLE, no_role, shell
from app.web.present.panel import Drawn, panel, waiting
from app.web.present.views import Links, PanelView, ProblemView, ShellView, WaitingView

__all__ = [
    "CLOSED",
    "NO_ROLE",
    "Drawn",
    "Links",
    "PanelView",
    "ProblemView",
    "ShellView",
    "WaitingView",
    "no_role",
    "panel",
    "shell",
    "waiting",
]
