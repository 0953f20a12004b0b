"""Core objects to finished words, marks and dates. Owns every sentence of the screens; knows no HTML and no FHIR.

    panel     the flags fragment            place, changes, rest    what stays, what changed, what is folded away
    acting    what can be said of a row     recorded, refusals      what was said, how far it has come, why not
    gaps      one act as a row              reasons, terms, saying  why; each payer's terms; a payer's own words
    prompts   one condition                 sides                   for and against
    explain   the page of one item          statements, ranking, gone
    sources   the strip                     troubles, standing      what did not work; the status gate
    people    patient header, user          pages                   shell and problem pages
    words     states and acts as tables     dates, text, facts; lacks: what an answer lacks
    ids       of what stands on a screen    prepared                what the team has marked for the visit
    paper     the printed schedule          leaving     who takes what off the screen, and until when
    ahead     open gaps and who is booked   calls       no-shows, and what a laboratory can prepare
    sent, follow_ups, compliance, audit     the lists over all patients of an EHR

Rules of the wording: docs/rules.md. Nothing here speaks of money, weight or codes.
"""

from app.web.present.acts import Acts
from app.web.present.explain import find_row, why_view
from app.web.present.ids import Ids
from app.web.present.pages import CLOSED, NO_ROLE, doors, no_role, places, shell
from app.web.present.panel import panel, waiting
from app.web.present.place import Drawn
from app.web.present.views import DoorView, Links, PanelView, ProblemView, ShellView, WaitingView, WhyView

__all__ = [
    "CLOSED",
    "NO_ROLE",
    "Acts",
    "DoorView",
    "Drawn",
    "Ids",
    "Links",
    "PanelView",
    "ProblemView",
    "ShellView",
    "WaitingView",
    "WhyView",
    "doors",
    "find_row",
    "no_role",
    "panel",
    "places",
    "shell",
    "waiting",
    "why_view",
]
