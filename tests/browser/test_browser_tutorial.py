"""The tutorial's steps in the console, clicked in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.browser.test_browser_pages import PICTURES, RENEWS, WAYS
from tests.tutorial_reader import reading, to_the_parked_registration, told


def test_what_the_tutorial_says_to_click_mends_the_parked_registration(
    browser: Any, tmp_path: Path
) -> None:
    with reading(tmp_path) as reader:
        to_the_parked_registration(reader)
        page = browser.new_context(**WAYS["light"]).new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{reader.url}/console")
        page.get_by_label("Password").fill(reader.variables["REGBRIDGE_CONSOLE_PASSWORD"])
        page.get_by_role("button", name="Log in").click()
        assert told(5, "text")[0].strip() in page.locator("main").inner_text()

        page.get_by_role("link", name="Parked", exact=True).click()
        page.get_by_role("link", name="Show it").click()
        page.get_by_role("link", name="Registrations", exact=True).first.click()
        page.get_by_role("searchbox").fill("Ottilie Brandvold")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="6", exact=True).click()
        assert page.locator("h1").inner_text() == "Registration 6"
        page.get_by_label("Field", exact=True).fill("workPhone")
        page.get_by_label("Value", exact=True).fill("2025550147")
        page.get_by_label("Why").first.fill("ten digits for the CRM")
        picture = (PICTURES if RENEWS else tmp_path) / "registration.png"
        page.screenshot(path=picture, full_page=False)
        page.get_by_role("button", name="Correct and retry").click()

        assert "The value is corrected, and the registration is tried again." in (
            page.get_by_role("status").inner_text()
        )
        reader.until("registration 6: delivered", "show", "6UX5G5I7K1G")
        page.reload()
        assert page.locator("main .state").first.inner_text() == "delivered"
        assert "ten digits for the CRM" in page.locator("main").inner_text()
        page.context.close()
    assert (PICTURES / "registration.png").is_file(), (
        "make it: REGBRIDGE_RENEW_PICTURES=1 pytest tests/browser"
    )
