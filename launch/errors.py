"""Everything that can go wrong with a launch, by what the user can do about it.

    LaunchError
    ├── LaunchRefused        the request to open the app cannot be followed; nothing was asked of anybody
    │   ├── IssuerMissing
    │   ├── IssuerUnknown
    │   └── LaunchMissing
    ├── EhrTrouble           the EHR's side of the launch is not reachable or not usable
    │   ├── EhrUnreachable
    │   ├── EhrUnreadable
    │   └── DiscoveryIncomplete
    ├── CallbackRefused      the way back from the EHR's sign-in does not fit what we started
    │   ├── StateUnknown
    │   ├── StateSpent
    │   ├── StateNotYours
    │   ├── IssuerMixedUp
    │   ├── AuthorizeRefused
    │   └── CodeMissing
    ├── TokenTrouble         the EHR gave no usable token
    │   ├── TokenRefused
    │   └── TokenUnreadable
    ├── IdentityRefused      we cannot tell, or may not serve, who is signed in
    │   ├── IdTokenMissing
    │   ├── IdTokenUncheckable
    │   ├── IdTokenInvalid
    │   └── UserNotStaff
    ├── HandleRefused        the page belongs to no launch of this browser
    │   ├── NotLaunched
    │   ├── NotYours
    │   ├── LaunchExpired
    │   └── OnlyThisChart
    └── SignedOut            the launch lives, but the EHR gives no more access tokens for it
        ├── RefreshUnavailable
        └── PatientChanged

Each has a `title` and `advice` in plain sentences, an HTTP `status`, and a `code` that support can ask for. None ever
contains a token, a code or a verifier; what came from outside is shortened and meant to be escaped by the template.
`ConfigurationError` stands outside: it is for the person who starts the app.
"""

from __future__ import annotations

import re
from typing import ClassVar

REOPEN = "Close this page and open the app again from the patient's chart."


def shown(text: str, limit: int = 120) -> str:
    """Foreign text fit for a sentence: one line, printable, short. The template still has to escape it."""
    line = "".join(c if c.isprintable() else " " for c in text[: limit * 4])
    return line if len(line) <= limit else line[: limit - 1] + "…"


class ConfigurationError(ValueError):
    """An EHR entry, key or setting that we refuse to start with."""


class LaunchError(Exception):
    """The root: something about a launch that the user must be told."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "The app could not be opened"
    advice: str = REOPEN

    def __init__(self, advice: str = "") -> None:
        self.advice = advice or type(self).advice
        super().__init__(f"{self.title}. {self.advice}")

    @property
    def code(self) -> str:
        """The class name as a word for the support desk: `IssuerUnknown` is `issuer-unknown`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(self).__name__).lower()


class LaunchRefused(LaunchError):
    pass


class IssuerMissing(LaunchRefused):
    title = "The launch did not say which EHR it comes from"
    advice = (
        "The address that opened the app has no “iss” parameter, or more than one. Open the app from the chart; "
        "if this happens there, ask the EHR's administrator to check the app's launch address."
    )


class IssuerUnknown(LaunchRefused):
    status = 403
    title = "This EHR is not registered with the app"

    def __init__(self, iss: str) -> None:
        super().__init__(
            f"The launch came from “{shown(iss)}”, which is not among the EHRs this app answers to. "
            "Nothing was sent there. Ask the administrator of the app to register it."
        )


class LaunchMissing(LaunchRefused):
    title = "The launch is incomplete"
    advice = (
        "The address that opened the app has no usable “launch” parameter, so the EHR could not say which chart is "
        "open. Open the app from the patient's chart."
    )


class EhrTrouble(LaunchError):
    status = 502


class EhrUnreachable(EhrTrouble):
    status = 504
    title = "The EHR did not answer"
    advice = "The EHR could not be reached, or took too long. Wait a moment, then open the app again from the chart."


class EhrUnreadable(EhrTrouble):
    title = "The EHR's answer could not be read"

    def __init__(self, what: str) -> None:
        super().__init__(f"The EHR answered with {what}. Tell the EHR's administrator if it happens again.")


class DiscoveryIncomplete(EhrTrouble):
    title = "The EHR does not say how to sign in"

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"Neither its SMART configuration nor its CapabilityStatement gives {missing}. "
            "Ask the EHR's administrator to check that SMART App Launch is turned on."
        )


class CallbackRefused(LaunchError):
    pass


class StateUnknown(CallbackRefused):
    title = "This sign-in was not started here"
    advice = f"The answer from the EHR belongs to no launch of this app. {REOPEN}"


class StateSpent(CallbackRefused):
    title = "This sign-in was already used, or is too old"
    advice = f"Each sign-in works once and for ten minutes. {REOPEN}"


class StateNotYours(CallbackRefused):
    status = 403
    title = "This sign-in was started in another window or browser"
    advice = f"The browser did not bring back the cookie that was set when the launch began. {REOPEN}"


class IssuerMixedUp(CallbackRefused):
    title = "The answer came from another sign-in server"
    advice = f"The answer names a different server than the one this launch went to, so it was not used. {REOPEN}"


class AuthorizeRefused(CallbackRefused):
    status = 403
    title = "The EHR did not let the app in"

    def __init__(self, error: str = "", description: str = "") -> None:
        said = ": ".join(filter(None, (shown(error, 60), shown(description, 200))))
        reason = f"It says “{said}”. " if said else ""
        super().__init__(f"{reason}Nothing was read. {REOPEN} If it stays, show this to the EHR's administrator.")


class CodeMissing(CallbackRefused):
    title = "The EHR's answer is incomplete"
    advice = f"The EHR sent the browser back without an authorization code. {REOPEN}"


class TokenTrouble(LaunchError):
    status = 502


class TokenRefused(TokenTrouble):
    title = "The EHR refused to sign the app in"

    def __init__(self, error: str = "", description: str = "", *, passing: bool = False) -> None:
        self.error = shown(error, 60)
        self.passing = passing  # "not now" (429, temporarily_unavailable) rather than "no"
        said = ": ".join(filter(None, (self.error, shown(description, 200))))
        reason = f"It says “{said}”. " if said else ""
        super().__init__(f"{reason}{REOPEN} If it stays, show this to the administrator of the app.")


class TokenUnreadable(TokenTrouble):
    title = "The EHR's sign-in answer could not be used"

    def __init__(self, what: str) -> None:
        super().__init__(f"The EHR's token answer {what}. {REOPEN}")


class IdentityRefused(LaunchError):
    status = 403


class IdTokenMissing(IdentityRefused):
    title = "The EHR did not say who is signed in"
    advice = (
        "It granted sign-in information (openid) but sent none. Ask the EHR's administrator to check that a user is "
        "signed in for this launch and that the app may learn who it is."
    )


class IdTokenUncheckable(IdentityRefused):
    title = "The EHR's sign-in information cannot be checked"

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"The EHR does not publish {missing}, which is needed to check its id_token. "
            "Ask the EHR's administrator to complete its SMART configuration or openid-configuration."
        )


class IdTokenInvalid(IdentityRefused):
    title = "The EHR's sign-in information is not valid"

    def __init__(self, what: str) -> None:
        super().__init__(f"The id_token was refused: {what}. {REOPEN}")


class UserNotStaff(IdentityRefused):
    title = "This app is for care teams"

    def __init__(self, resource_type: str) -> None:
        super().__init__(
            f"You are signed in as {shown(resource_type, 40)}. The app opens for practitioners only; nothing was read."
        )


class HandleRefused(LaunchError):
    pass


class NotLaunched(HandleRefused):
    status = 404
    title = "No launch stands behind this page"
    advice = "The app opens from inside the EHR. Open it from the patient's chart."


class NotYours(HandleRefused):
    status = 403
    title = "This page belongs to another window or browser"
    advice = f"It can only be shown where it was opened. {REOPEN}"


class LaunchExpired(HandleRefused):
    status = 410
    title = "This launch has ended"
    advice = "It was closed, left idle, or another person opened the app in this browser. Open it again from the chart."


class OnlyThisChart(HandleRefused):
    status = 403
    title = "The EHR lets the app read only the chart that is open in it"
    advice = "Nothing was read. Open the patient's chart in the EHR, then open the app from there."


class SignedOut(LaunchError):
    status = 401
    title = "The EHR has signed the app out"
    advice = "What was entered is kept. Open the app again from the chart to go on."


class RefreshUnavailable(SignedOut):
    status = 503
    title = "The EHR did not renew the sign-in just now"
    advice = "Try again in a moment, or open the app again from the chart."


class PatientChanged(SignedOut):
    title = "The EHR answered for another patient"
    advice = f"The launch was ended so that two charts cannot be mixed up. {REOPEN}"
