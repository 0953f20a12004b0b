"""Fresh browser profiles, each with a witness.

What the witness saw fails the test when it ends, so that every test is also one of the console and of the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser.chromium import ARGS, PATIENCE, WINDOW, Prefs, Witness, executable, profile

NewPage = Callable[..., Page]
NewProfile = Callable[[Prefs], BrowserContext]


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Of a module, because two at a time in one thread exclude each other."""
    if not executable():
        pytest.skip("no Chromium on this machine: `make chromium` says what is missing")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=executable(), args=ARGS)
    yield browser
    browser.close()


@pytest.fixture
def witness() -> Iterator[Witness]:
    witness = Witness()
    yield witness
    assert not witness.unexpected()


@pytest.fixture
def new_page(chromium: Browser, witness: Witness) -> Iterator[NewPage]:
    """Makes a page in a fresh profile (third-party cookies blocked); options are those of a playwright context."""
    with ExitStack() as closing:

        def make(**options: Any) -> Page:
            context = closing.enter_context(chromium.new_context(**{"viewport": WINDOW, **options}))
            context.set_default_timeout(PATIENCE)
            witness.watch(context)
            return context.new_page()

        yield make


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page()


@pytest.fixture
def new_profile(playwright: Playwright, tmp_path: Path, witness: Witness) -> Iterator[NewProfile]:
    """Starts a browser of its own with the given settings."""
    with ExitStack() as closing:

        def make(prefs: Prefs) -> BrowserContext:
            context = closing.enter_context(profile(playwright, tmp_path / "profile", prefs))
            witness.watch(context)
            return context

        yield make
