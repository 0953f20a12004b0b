"""What may be written of an error: its type and its place. Messages and tracebacks can hold PHI."""

from __future__ import annotations

import traceback


def told(error: BaseException) -> str:
    """ "KeyError at …/module.py:12": where it was raised, "?" where that is not known."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {where}"
