"""What this program calls itself to others: its name and version, the version from the package's metadata."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

NAME = "Chartside"


def _named() -> str:
    try:
        return f"{NAME} {version(NAME.lower())}"
    except PackageNotFoundError:  # run from a folder that was never installed
        return NAME


PROGRAM = _named()
