"""What the templates receive: finished words, marks and dates. Nothing is left to decide but "is it there".

Every string that came from an EHR or payer has been through `text.plain`; escaping is the template engine's.
"""

from app.web.present.views.huddle import HuddleLinks, HuddleView, StepView, TickView, ToolsView, VisitView
from app.web.present.views.marks import Mark
from app.web.present.views.pages import (
    DoorView,
    HoldView,
    ProblemView,
    SectionView,
    ShellView,
    WaitingView,
    WhyView,
)
from app.web.present.views.panel import (
    FoldPart,
    FoldView,
    LineView,
    Links,
    PanelView,
    SourceView,
    StripView,
    TroubleView,
)
from app.web.present.views.rows import (
    EvidenceView,
    HeaderView,
    Labelled,
    NameView,
    PromptView,
    Quote,
    RowView,
    StatusView,
    TermsView,
)
from app.web.present.views.site import SiteView, SourceState

__all__ = [
    "DoorView",
    "EvidenceView",
    "FoldPart",
    "FoldView",
    "HeaderView",
    "HoldView",
    "HuddleLinks",
    "HuddleView",
    "Labelled",
    "LineView",
    "Links",
    "Mark",
    "NameView",
    "PanelView",
    "ProblemView",
    "PromptView",
    "Quote",
    "RowView",
    "SectionView",
    "ShellView",
    "SiteView",
    "SourceState",
    "SourceView",
    "StatusView",
    "StepView",
    "StripView",
    "TermsView",
    "TickView",
    "ToolsView",
    "TroubleView",
    "VisitView",
    "WaitingView",
    "WhyView",
]
