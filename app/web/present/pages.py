"""What stands around the panel: whose launch it is, what it may not read, and the page that says why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.core.roles import May, Role, may
from app.web.present.facts import TYPE_WORDS
from app.web.present.people import ROLE_WORDS, user_words
from app.web.present.text import distinct, listed, plain
from app.web.present.views import DoorView, ProblemView, ShellView
from app.web.present.words import NOT_THIS_PATIENT

_WHO = frozenset({"Practitioner", "PractitionerRole"})

#: The pages of a role that has no panel: their endpoints, and what their links say.
_PLACES: Mapping[Role, Mapping[str, str]] = {
    Role.PRIVACY: {
        "privacy.page": f"Reports marked “{NOT_THIS_PATIENT}”, and restrictions",
        "audit.page": "Audit: who saw and did what",
        "compliance.page": "Conditions added and removed",
    },
    Role.OPERATOR: {"operator.page": "State of every EHR and payer"},
}

#: Where a link at the foot of a list leads, in the order in which they stand, and who may go there (any of these).
_WAYS: Mapping[str, tuple[str, frozenset[May]]] = {
    "encounter.page": ("Panel", frozenset({May.SEE_GAPS})),
    "huddle.page": ("Schedule", frozenset({May.SEE_SCHEDULE})),
    "sent.page": ("Sent to payers", frozenset({May.SEE_SENT})),
    "follow_ups.page": ("Follow-ups", frozenset({May.SEE_SCHEDULE, May.SEE_GAPS})),
    "privacy.page": ("Privacy", frozenset({May.DECIDE_HELD})),
    "audit.page": ("Audit", frozenset({May.READ_AUDIT})),
    "compliance.page": ("Compliance list", frozenset({May.SEE_COMPLIANCE})),
}

CLOSED = "You are signed out. To open Chartside again, go to the patient's chart."

#: An EHR does not tell which chart it shows by now, so no more is claimed than that.
APART = "Opened from the schedule, not from the chart in {ehr}: another patient may be open there."

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


def places(role: Role) -> tuple[str, ...]:
    """Endpoints of the pages that a role without the panel may open."""
    return tuple(_PLACES.get(role, ()))


def doors(role: Role, urls: Mapping[str, str]) -> tuple[DoorView, ...]:
    """Links to those pages. `urls` by endpoint, as the routes made them."""
    return tuple(DoorView(_PLACES[role][place], urls[place]) for place in places(role))


def lists_of(role: Role) -> tuple[str, ...]:
    """Endpoints of the pages that stand beside the panel and that this role may open."""
    return tuple(place for place, (_, who) in _WAYS.items() if any(may(role, each) for each in who))


def ways(urls: Mapping[str, str]) -> tuple[DoorView, ...]:
    """Links to some of these pages. `urls` by endpoint, as the routes made them."""
    return tuple(DoorView(words, urls[place]) for place, (words, _) in _WAYS.items() if place in urls)


def shell(
    user_name: str, role: Role | None, ehr_name: str, *, missing_scopes: Sequence[str] = (), apart: bool = False
) -> ShellView:
    """Whose launch this is, on every page; `role` is None until the EHR has told it.

    `missing_scopes`: asked for and not granted (SMART App Launch 2.2). `apart`: opened from the schedule, so that this
    is not the chart that the EHR opened us from.
    """
    ehr = plain(ehr_name)
    limits = limit_words(missing_scopes, ehr)
    said = APART.format(ehr=ehr) if apart else ""
    return ShellView(user_words(user_name), ROLE_WORDS[role] if role else "", ehr, limits, said)


def limit_words(scopes: Sequence[str], ehr: str) -> tuple[str, ...]:
    """What was not granted: one sentence for all that may not be read of the chart, one for each other thing."""
    kinds = {scope: _resource(scope) for scope in scopes if scope.startswith(("patient/", "user/", "system/"))}
    chart = [kind for kind in kinds.values() if kind not in {"*", *_WHO}]
    words = listed(distinct([TYPE_WORDS.get(kind, ("", kind))[1] for kind in chart]))
    read = f"{ehr} did not let Chartside read {words}. What needs them says “cannot tell”." if chart else ""
    rest = [scope_words(scope, ehr) for scope in scopes if kinds.get(scope) not in chart]
    return distinct([read, *rest])


def scope_words(scope: str, ehr: str) -> str:
    """What a scope that names no part of the chart means to the reader, where it was not granted."""
    if scope.startswith(("launch", "openid", "fhirUser", "profile")):
        return f"{ehr} did not say who opened Chartside, or for whom."
    if scope in {"offline_access", "online_access"}:
        return f"{ehr} ends this sign-in early: reopen Chartside from the chart when it does."
    resource = _resource(scope)
    if resource == "*":
        return f"{ehr} did not let Chartside read everything it asked for."
    if resource in _WHO:
        return f"{ehr} did not let Chartside read who you are, so your role may be missing."
    return f"{ehr} did not allow {plain(scope)}."


def _resource(scope: str) -> str:
    """Observation of `patient/Observation.rs`."""
    return plain(scope.partition("/")[2].partition(".")[0])
