"""The demo, and a real browser without a screen: Chromium, steered by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import chdir
from typing import Any

import pytest

from regbridge.demo import Stage, demo_stage, run_demo

CHROMIUM = os.environ.get("REGBRIDGE_TEST_BROWSER") or shutil.which("chromium") or ""
"""Who names a browser in REGBRIDGE_TEST_BROWSER expects it to run: then nothing is skipped."""

REGISTRANTS = 150


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A browser for all tests."""
    needed = "REGBRIDGE_TEST_BROWSER" in os.environ
    playwright = (
        __import__("playwright.sync_api", fromlist=["sync_api"])
        if needed
        else pytest.importorskip("playwright.sync_api")
    )
    if not CHROMIUM:
        pytest.skip("no Chromium is installed here")
    with playwright.sync_playwright() as running:
        # Root, as which CI runs, gets no sandbox.
        found = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The demo after it has sent everything."""
    folder = tmp_path_factory.mktemp("demo")
    # Files are shown as they are named from here, which is nowhere on this machine.
    with chdir(folder), demo_stage(folder / "configs") as stage:
        account = run_demo(stage, REGISTRANTS, lambda _name, _done, _total: None)
        assert not account.mistakes
        yield stage


@pytest.fixture
def visit(browser: Any, stage: Stage) -> Iterator[Any]:
    """Opens the console as somebody who may act; fails if a page complains to its console."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def visit(path: str = "", **options: Any) -> Any:
        assert stage.host.console is not None
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else 0)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{stage.host.url}/console/enter?link={stage.host.console.one_time_link()}")
        if path:
            page.goto(f"{stage.host.url}/console{path}")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []
