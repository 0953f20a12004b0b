"""The cookies of launch: one per browser, one per pending sign-in, one per launch; none is ever rewritten.

All are `Secure; HttpOnly; SameSite=None; Partitioned`: nothing less reaches a frame inside an EHR when the browser
blocks third-party cookies. Each launch has its own, on its own path: two charts in one browser never share a cookie.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from werkzeug.wrappers import Response

BROWSER = "__Host-chartside"
LAUNCH = "__Secure-launch"
_PENDING = "__Secure-state-"
PENDING_LIFE = 600  # seconds
_MAX_VALUE = 256


def new_secret() -> str:
    """256 random bits, URL-safe: handles, states and cookie values are made of nothing else."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """What is stored of a cookie's secret; it is random, so it needs no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def fits(value: str | None, hashed: str) -> bool:
    """Whether a cookie's value is the secret behind a stored hash."""
    return value is not None and len(value) <= _MAX_VALUE and hmac.compare_digest(secret_hash(value), hashed)


def pending_name(state: str) -> str:
    """The cookie of one pending sign-in. The name tells nothing of its value, nor all of the state."""
    return _PENDING + hashlib.sha256(state.encode()).hexdigest()[:16]


def set_browser(response: Response) -> None:
    """Names this browser (per top-level site, being partitioned); set by the cookie probe when there is none."""
    _set(response, BROWSER, new_secret(), "/")


def set_pending(response: Response, state: str, secret: str, prefix: str) -> None:
    _set(response, pending_name(state), secret, f"{prefix}/callback", PENDING_LIFE)


def set_launch(response: Response, handle: str, secret: str, prefix: str) -> None:
    """Ends with the browser session; on the server it ends sooner."""
    _set(response, LAUNCH, secret, f"{prefix}/l/{handle}/")


def _set(response: Response, name: str, value: str, path: str, max_age: int | None = None) -> None:
    response.set_cookie(
        name, value, path=path, max_age=max_age, secure=True, httponly=True, samesite="None", partitioned=True
    )
