"""Sentences of what stands around the panel: whose launch it is, what it may not read, and the pages that say why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.roles import Role
from app.web.present.facts import TYPE_WORDS
from app.web.present.people import ROLE_WORDS, user_words
from app.web.present.text import distinct, plain
from app.web.present.views import ProblemView, ShellView

NO_ROLE = ProblemView(
    title="Chartside does not know your role",
    advice="Nothing of the chart is shown without one. Ask the person who runs Chartside at your practice to add your role, "
    "then reopen Chartside from the patient's chart.",
)


def shell(user_name: str, role: Role, ehr_name: str, *, missing_scopes: Sequence[str] = ()) -> ShellView:
    """Whose launch this is, on every page. `missing_scopes` are those asked for and not granted (SMART App Launch 2.2)."""
    limits = distinct([scope_words(scope, plain(ehr_name)) for scope in missing_scopes])
    return ShellView(user_words(user_name), ROLE_WORDS[role], plain(ehr_name), limits)


def scope_words(scope: str, ehr: str) -> str:
    """What a scope that was not granted means to the reader: `patient/Observation.rs`."""
    if scope.startswith(("launch", "openid", "fhirUser", "profile")):
        return f"{ehr} did not say who opened Chartside, or for whom."
    if scope in {"offline_access", "online_access"}:
        return f"{ehr} ends this sign-in early: reopen Chartside from the chart when it does."
    resource = scope.partition("/")[2].partition(".")[0]
    if resource == "*":
        return f"{ehr} did not let Chartside read everything it asked for."
    words = TYPE_WORDS.get(resource, ("", plain(resource) or plain(scope)))[1]
    return f"{ehr} did not let Chartside read {words}. What needs them says “cannot tell”."
