"""Whether a server's clock and ours agree. An assertion lives 240 s, and some servers forgive nothing."""

from __future__ import annotations

from app.doctor.looking import Reply
from app.doctor.report import Finding, cannot_tell, degraded, ok

MOST = 60.0  # seconds


def clock(reply: Reply, whose: str) -> Finding:
    """By the Date header of a reply."""
    ahead = reply.ahead()
    if ahead is None:
        return cannot_tell("clock", "no Date header")
    if abs(ahead) <= MOST:
        return ok("clock", f"{whose} and ours agree to {max(1, round(abs(ahead)))} s")
    which = "ahead of" if ahead > 0 else "behind"
    return degraded(
        "clock",
        f"{whose} is {abs(ahead):.0f} s {which} ours",
        "Sign-ins and tokens are refused, or end early.",
        f"Please check your clock against a time server: yours is {abs(ahead):.0f} s {which} ours.",
    )
