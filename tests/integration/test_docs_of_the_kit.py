"""The examples on the page about the kit run as they stand, and nothing public is left out."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/testing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
PUBLIC = {
    "scripted": ("ScriptedServer", "Expectation"),
    "trial": ("Trial",),
    "fault_proxy": ("FaultProxy",),
}


def test_every_example_passes_as_it_stands(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(**{f"test_example_{n}": block for n, block in enumerate(BLOCKS)})
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=PAGE.count("\ndef test_"))


def section(name: str) -> str:
    return PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in PUBLIC.items() for name in names]
)
def test_the_page_names_every_public_part(module: str, name: str) -> None:
    found = getattr(importlib.import_module(f"regbridge.testing.{module}"), name)
    text = section("ScriptedServer" if name == "Expectation" else name)
    internal = {"is_open", "is_of", "differences", "take", "start", "stop", "verify", "complaint"}
    members = {key for key in vars(found) if not key.startswith("_")} - internal
    missing = [key for key in members if not re.search(rf"\b{key}\b", text)]
    assert missing == []


def test_the_page_names_every_argument_of_building() -> None:
    from regbridge.testing.building import build_plugin

    arguments = inspect.signature(build_plugin).parameters
    assert [name for name in arguments if f"`{name}`" not in PAGE] == ["plugin_class"]


def test_the_page_names_every_fixture_and_fault() -> None:
    from regbridge.testing.fault_proxy import Fault

    plugin = (ROOT / "core/regbridge/testing/pytest_plugin.py").read_text(encoding="utf-8")
    fixtures = re.findall(r"@pytest\.fixture\ndef (\w+)", plugin)
    assert len(fixtures) == 4
    assert [name for name in fixtures if f"\n| `{name}` |" not in PAGE] == []
    assert [fault.name for fault in Fault if f"\n| `{fault.name}` |" not in PAGE] == []
