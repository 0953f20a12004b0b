"""Chromium as clinicians have it: a fresh profile, the cookie settings of their practice, and a witness of what went
wrong on a page.

Knows nothing of Chartside or the sandbox EHR.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Playwright

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WINDOW = {"width": 1280, "height": 800}
PATIENCE = 25_000  # milliseconds: two cores shared with other tests are slow at times

Prefs = Mapping[str, Any]

#: "Block third-party cookies", the default of Chromium in a private window and of Debian's package.
THIRD_PARTY_BLOCKED: Prefs = {"profile": {"block_third_party_cookies": True, "cookie_controls_mode": 1}}
THIRD_PARTY_ALLOWED: Prefs = {"profile": {"block_third_party_cookies": False, "cookie_controls_mode": 0}}
#: "Don't allow sites to save data on your device".
ALL_BLOCKED: Prefs = {"profile": {"default_content_setting_values": {"cookies": 2}}}


def blocked_inside(app: str, ehr: str) -> Prefs:
    """An administrator's rule: `app` may keep nothing while it is shown inside `ehr`, partitioned or not."""
    return {"profile": {"content_settings": {"exceptions": {"cookies": {f"{app},{ehr}": {"setting": 2}}}}}}


def executable() -> str | None:
    """Where this machine has Chromium, or a browser made of it."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def profile(playwright: Playwright, folder: Path, prefs: Prefs, **options: Any) -> Iterator[BrowserContext]:
    """A browser of its own whose settings are `prefs` (the names of Chromium's Preferences file)."""
    (folder / "Default").mkdir(parents=True)
    (folder / "Default" / "Preferences").write_text(json.dumps(prefs), encoding="utf-8")
    context = playwright.chromium.launch_persistent_context(
        folder, executable_path=executable(), args=ARGS, **{"viewport": WINDOW, **options}
    )
    context.set_default_timeout(PATIENCE)
    try:
        yield context
    finally:
        context.close()


class Witness:
    """What no page may do: write an error or a warning to the console (a violation of the security policy is one),
    throw, or open a dialog."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._expected: tuple[str, ...] = ()

    def expect(self, *words: str) -> None:
        """Complaints that contain one of `words` are what the test brings about."""
        self._expected += words

    def watch(self, context: BrowserContext) -> None:
        """Every page of `context`, now and later."""
        context.on("console", lambda message: self._console(message.type, message.text))
        context.on("weberror", lambda error: self.complaints.append(f"uncaught: {error.error}"))
        context.on("dialog", self._dialog)

    def unexpected(self) -> list[str]:
        return [each for each in self.complaints if not any(words in each for words in self._expected)]

    def _console(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(f"{kind}: {text}")

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()
