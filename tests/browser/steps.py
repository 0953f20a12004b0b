"""What a person does in the sandbox EHR, and what is then on the panel. For all browser tests."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Frame, Locator, Page, expect

from tests.house import House

#: The fragment when it has no further request, or the page that stands in for it.
FINISHED = "#flags:not([hx-get]), #problem"


def family(home: House, scenario: str) -> str:
    """The family name of the scenario's patient: what tells two patients apart on a screen."""
    patient = next(home.scenarios[scenario].of("Patient"))
    return str(patient["name"][0]["family"])


def click_patient(page: Page, home: House, scenario: str, tenant: str = "main", **query: str) -> Frame:
    """Open the EHR and click the patient in its list, which is the same on every day of a run; the app's frame, which
    may still be loading."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    page.goto(f"{home.ehr}/{tenant}/?{asked}")
    page.locator(f'.stories [data-scenario="{scenario}"]').click()
    return app_frame(page)


def app_frame(page: Page, side: str = "") -> Frame:
    """The frame of the app on a page of the EHR; on the compare page the `left` or the `right` one."""
    handle = page.locator(f'iframe[data-app="{side}"]').element_handle()
    frame = handle.content_frame()
    assert frame is not None
    return frame


def finished(frame: Frame | Page) -> Frame | Page:
    """Wait until nothing more is asked."""
    expect(frame.locator(FINISHED)).to_be_attached()
    return frame


def panel_of(page: Page, home: House, scenario: str, tenant: str = "main", **options: str) -> Page:
    """The finished panel in a window of its own."""
    page.goto(home.mint(scenario, tenant, **options)["launch_url"])
    finished(page)
    return page


def patient_in(frame: Frame | Page) -> str:
    """Whom the panel is about; the header is there for print even where the banner is omitted."""
    return str(frame.locator("[data-patient] .name").text_content()).strip()


def html_of(frame: Frame | Page) -> str:
    """Everything that the document holds, shown or not."""
    return str(frame.evaluate("document.documentElement.outerHTML"))


def top_of(locator: Locator) -> float:
    """How far below the upper edge of its window something stands."""
    return float(locator.evaluate("e => e.getBoundingClientRect().top"))


def focused(frame: Frame | Page) -> dict[str, Any]:
    """What has the focus: its name, where it stands, and whether one can see that it has it."""
    found: dict[str, Any] = frame.evaluate(
        """() => {
          const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
          return {
            tag: e.localName, id: e.id || e.parentElement?.id || "", words: (e.innerText || e.value || "").trim(),
            top: box.top + scrollY, left: box.left, seen: box.top >= 0 && box.bottom <= innerHeight,
            outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
          };
        }"""
    )
    return found
