"""The site is refused for a link that leads nowhere, and for what comes from elsewhere."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.page_blocks import ROOT

if importlib.util.find_spec("mkdocs") is None:
    pytest.skip("the extra docs is not installed", allow_module_level=True)

Build = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def documentation() -> ModuleType:
    spec: Any = importlib.util.spec_from_file_location("d", ROOT / ".ci/documentation.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def build(documentation: ModuleType, tmp_path: Path) -> Build:
    """Return what builds a small repository with one page besides the usual ones."""
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "docs/generate", root / "docs/generate")
    shutil.copy(ROOT / "mkdocs.yml", root)
    places = ("docs", "docs/how-to", "docs/reference", "bench", "plugins/regbridge_x", ".")
    for folder in places:
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "docs/tutorial.md").write_text("# Learn\n\n## Two words, and more\n", encoding="utf-8")
    for name in ("README.md", "docs/README.md", "bench/README.md", "plugins/regbridge_x/README.md"):
        (root / name).write_text(f"# {name}\n\nSome text.\n", encoding="utf-8")
    for name in ("CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"):
        (root / name).write_text(f"# {name}\n", encoding="utf-8")

    def built(page: str) -> list[str]:
        (root / "docs/how-to/page.md").write_text(f"# A page\n\n{page}\n", encoding="utf-8")
        return list(documentation.warnings_of_the_build(root, tmp_path / "site"))

    return built


def test_links_that_are_right_on_the_repositorys_page_are_right_in_the_site(
    build: Build, tmp_path: Path
) -> None:
    page = (
        "[a](../tutorial.md#two-words-and-more) [b](../../README.md) [c](../../LICENSE) "
        "[d](../../plugins/regbridge_x/README.md) [e](../README.md)"
    )
    assert build(page) == []
    html = (tmp_path / "site/how-to/page.html").read_text(encoding="utf-8")
    for href in (
        "../tutorial.html#two-words-and-more",
        "../overview.html",
        "../files/LICENSE",
        "../plugins/regbridge_x.html",
        "../index.html",
    ):
        assert f'href="{href}"' in html


@pytest.mark.parametrize(
    "page",
    [
        "[a](nowhere.md)",
        "[a](../tutorial.md#no-such-heading)",
        "[a](#no-such-heading)",
        "[a](../../core/nothing.py)",
        "![a](../images/nothing.png)",
    ],
)
def test_a_link_that_leads_nowhere_fails_the_build(page: str, build: Build) -> None:
    assert any("WARNING" in line and "page.md" in line for line in build(page))


def test_the_built_page_asks_nobody_else(
    build: Build, documentation: ModuleType, tmp_path: Path
) -> None:
    assert build("Some text, and a [link](https://example.org).") == []
    assert list(documentation.asked_elsewhere(tmp_path / "site")) == []


def test_what_a_page_would_fetch_from_elsewhere_is_found(
    build: Build, documentation: ModuleType, tmp_path: Path
) -> None:
    build('<img src="https://example.org/a.png"> <script src="//cdn.example.org/a.js"></script>')
    found = list(documentation.asked_elsewhere(tmp_path / "site"))
    assert [each.rpartition(" ")[2] for each in found] == [
        "https://example.org/a.png",
        "//cdn.example.org/a.js",
    ]
