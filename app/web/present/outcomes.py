"""How a source is doing, as word, shape and tone; and what calls and answers came to. For the operator's page."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.health import LATER, NOT_ASKED
from app.web.present.views import Mark

WELL = Mark("Well", "check", "done")
IN_PART = Mark("In part", "half", "unsure")
FAILING = Mark("Failing", "diamond", "urgent")
PAUSED = Mark("Paused", "bar", "urgent")
TRYING = Mark("Trying again", "ring", "wait")
QUIET = Mark("Not asked", "box", "quiet")

BREAKERS: Mapping[str, str] = {
    "closed": "closed: it is asked",
    "half-open": "half-open: one call tries it",
    "open": "open: it is left alone for some seconds",
}

#: Outcomes of calls, and reasons of answers: what it is, and what to do about it.
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "down": ("no connection or an error of its own", "Check the network, then tell its support since when."),
    "slow": ("no answer in time", "Tell its support the times below; a higher `seconds` in its entry may help."),
    "busy": ("too many requests", "Ask for a higher rate limit."),
    "unreadable": ("not readable", "Run the doctor for it; send its support the failure below."),
    "not-readable": ("not readable", "Run the doctor for it; send its support the failure below."),
    "not-allowed": ("not allowed", "Run the doctor for it: a scope, a key or the registration is not as it was."),
    "refused": ("refused or not found", "Nothing where the rest answers: another way of asking was tried."),
    "signed-out": ("the user's sign-in had ended", "Nothing: the user reopens Chartside from the chart."),
    "error": ("an error of Chartside's", "Send the log to whoever maintains Chartside for you."),
    LATER: ("answer promised for later", "Nothing: it was asked again."),
    NOT_ASKED: ("not asked while paused", "Nothing: it is tried again by itself."),
}  # fmt: skip
ANSWERS: Mapping[str, str] = {
    "known": "complete", "incomplete": "incomplete", "not-identified": "member not identified",
    "wrong-patient": "about another patient, withheld", "restricted": "not asked: restriction",
    "restriction-unknown": "not asked: restrictions unreadable", "held": "held for the privacy role",
    "not-connected": "not connected", **{name: what for name, (what, _) in OUTCOMES.items()},
}  # fmt: skip
QUESTIONS: Mapping[str, str] = {"care-gaps": "Care gaps", "risk": "Conditions"}
