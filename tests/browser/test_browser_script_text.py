"""Text that tries to be a script stays text, on the panel and around it: autoescape, and a policy that really bites."""

from __future__ import annotations

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.chromium import Witness
from tests.browser.steps import click_patient, finished
from tests.house import House

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

STORY = "script-text"
OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true"
HANDLERS = """
() => [...document.querySelectorAll("*")].flatMap(e => [...e.attributes].filter(a => a.name.startsWith("on")))
  .map(a => a.ownerElement.outerHTML)
"""


def test_script_like_text_in_every_field_is_shown_as_text_and_runs_nowhere(home: House, page: Page) -> None:
    # A dialog, or an error on the console, fails the test through its witness.
    frame = click_patient(page, home, STORY)
    finished(frame)
    frame.evaluate(OPEN_ALL)
    page.evaluate(OPEN_ALL)
    for words in ("<script>alert('family')</script>", "{{7*7}}", "\"><img src=x onerror=alert('given')>"):
        expect(frame.locator("[data-patient]")).to_contain_text(words)
    for words in ("<script>alert('test')</script>", "<script>alert('category')</script>", "onerror=alert('measure')>"):
        expect(frame.locator("#flags")).to_contain_text(words)
    expect(page.locator(".banner h1")).to_contain_text("<script>alert('family')</script>")
    for shown in (page, frame):
        assert shown.evaluate(HANDLERS) == []
        assert shown.locator("script:not([src])").count() == 0
    assert frame.locator("img").count() == 0


def test_an_injected_handler_would_be_stopped_by_the_policy(home: House, page: Page, witness: Witness) -> None:
    witness.expect("Content Security Policy")
    policies: dict[str, str] = {}
    page.on("response", lambda answer: policies.update({answer.url: answer.headers.get("content-security-policy", "")}))
    frame = click_patient(page, home, STORY)
    finished(frame)
    policy = policies[frame.url]
    assert "default-src 'none'" in policy
    assert f"frame-ancestors {home.ehr}" in policy
    assert "unsafe" not in policy
    assert _violated_by(frame, "<img src='data:,' onerror='window.ran = 1'>") == "script-src-attr"
    assert _violated_by(frame, "<p style='color: red'>") == "style-src-attr"
    assert frame.evaluate("window.ran") is None


def _violated_by(frame: Frame, html: str) -> str:
    """Which rule of the policy stops this piece of a page when it is put in."""
    return str(
        frame.evaluate(
            """html => new Promise(resolve => {
              document.addEventListener("securitypolicyviolation", e => resolve(e.effectiveDirective), {once: true});
              document.body.insertAdjacentHTML("beforeend", html);
              setTimeout(() => resolve("no rule"), 3000);
            })""",
            html,
        )
    )
