"""What stands around the panel: whose launch it is, what it may not read, and the page that says why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.roles import Role
from app.web.present.facts import TYPE_WORDS
from app.web.present.people import ROLE_WORDS, user_words
from app.web.present.text import distinct, plain
from app.web.present.views import ProblemView, ShellView

CLOSED = "You are signed out. To open Chartside again, go to the patient's chart."

NO_ROLE = ProblemView(
    title="Chartside does not know your role",
    advice="Nothing of the chart is shown without one. Ask the person who runs Chartside at your practice to add your "
    "role, then reopen Chartside from the patient's chart.",
)


def no_role(role: Role) -> ProblemView:
    """For a role that may not see the panel; nobody is left guessing whether it is unknown or not enough."""
    if role is Role.NONE:
        return NO_ROLE
    return ProblemView(
        title="Your role does not include this panel",
        advice=f"You are signed in as {ROLE_WORDS[role]}. If that is wrong, ask the person who runs Chartside at your "
        "practice to check your role.",
    )


def shell(user_name: str, role: Role | None, ehr_name: str, *, missing_scopes: Sequence[str] = ()) -> ShellView:
    """Whose launch this is, on every page; `role` is None until the EHR has told it.

    `missing_scopes`: asked for and not granted (SMART App Launch 2.2).
    """
    limits = distinct([scope_words(scope, plain(ehr_name)) for scope in missing_scopes])
    return ShellView(user_words(user_name), ROLE_WORDS[role] if role else "", plain(ehr_name), limits)


def scope_words(scope: str, ehr: str) -> str:
    """What a scope that was not granted means to the reader: `patient/Observation.rs`."""
    if scope.startswith(("launch", "openid", "fhirUser", "profile")):
        return f"{ehr} did not say who opened Chartside, or for whom."
    if scope in {"offline_access", "online_access"}:
        return f"{ehr} ends this sign-in early: reopen Chartside from the chart when it does."
    resource = scope.partition("/")[2].partition(".")[0]
    if resource == "*":
        return f"{ehr} did not let Chartside read everything it asked for."
    if resource in {"Practitioner", "PractitionerRole"}:
        return f"{ehr} did not let Chartside read who you are, so your role may be missing."
    words = TYPE_WORDS.get(resource, ("", plain(resource) or plain(scope)))[1]
    return f"{ehr} did not let Chartside read {words}. What needs them says “cannot tell”."
