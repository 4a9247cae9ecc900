"""Every page of the console in a real browser: usable by all, in light and dark, on a phone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from regbridge.web.console.desk import PAGES

PICTURES = Path(__file__).parents[2] / "docs" / "images" / "console"
RENEWS = "REGBRIDGE_RENEW_PICTURES" in os.environ
"""Whether the pictures in the docs are made anew."""
WAYS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 375, "height": 740}, "is_mobile": True, "has_touch": True},
    "without JavaScript": {"java_script_enabled": False},
}
GRAVE = {"serious", "critical"}


@pytest.mark.parametrize("path", [path for path, _ in PAGES] + ["/simulate"])
@pytest.mark.parametrize("way", ["light", "dark", "phone"])
def test_axe_finds_nothing_grave_on_a_page(visit: Any, path: str, way: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit(path, **WAYS[way])

    found = Axe().run(page).response["violations"]

    grave = [
        (each["id"], [node["html"][:200] for node in each["nodes"]][:3])
        for each in found
        if each["impact"] in GRAVE
    ]
    assert grave == []


@pytest.mark.parametrize("path", [path for path, _ in PAGES] + ["/simulate"])
def test_a_page_fits_a_phone(visit: Any, path: str) -> None:
    page = visit(path, **WAYS["phone"])

    width = page.evaluate("document.documentElement.scrollWidth")

    assert width <= 375


@pytest.mark.parametrize(("path", "name"), PAGES)
def test_a_page_works_without_javascript(visit: Any, path: str, name: str) -> None:
    page = visit(path, **WAYS["without JavaScript"])

    assert page.locator("h1").inner_text() == name
    current = page.locator("nav a[aria-current=page]")
    assert current.inner_text() == name


def test_the_first_tab_leads_to_the_content(visit: Any) -> None:
    page = visit()

    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


@pytest.mark.parametrize(("path", "name"), PAGES)
def test_a_picture_of_a_page_is_in_the_docs(
    visit: Any, tmp_path: Path, path: str, name: str
) -> None:
    page = visit(path, **WAYS["light"])
    folder = PICTURES if RENEWS else tmp_path
    file = f"{name.lower()}.png"

    page.screenshot(path=folder / file, full_page=False)

    assert (folder / file).stat().st_size > 5_000
    assert (PICTURES / file).is_file(), "make it: REGBRIDGE_RENEW_PICTURES=1 pytest tests/browser"
