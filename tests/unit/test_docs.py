"""What the documents say is what the code does."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.contract.breaking import failing

import regbridge
from regbridge import hookspecs
from regbridge.errors import RegbridgeError
from regbridge.testing.contract import FilterContract, PluginContract, Recipe

ROOT = Path(__file__).parents[2]
HOOKS = {name: value for name, value in vars(hookspecs).items() if hasattr(value, "regbridge_spec")}
REFERENCE = (ROOT / "docs/reference/hooks.md").read_text(encoding="utf-8")
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PLACE = re.compile(r"`((?:core|plugins|configs|tests|docs|bench|sample_payloads|\.ci)/[\w./-]*)`")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def signature(name: str) -> str:
    """Return a hook's signature as its author wrote it, on one line."""
    return f"def {name}{inspect.signature(HOOKS[name])}".replace("'", "")


def section(name: str) -> str:
    return REFERENCE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", HOOKS)
def test_the_reference_shows_every_hook_with_its_signature(name: str) -> None:
    assert f"```python\n{signature(name)}\n```" in section(name)


@pytest.mark.parametrize("name", HOOKS)
def test_the_overview_says_whether_the_first_answer_wins(name: str) -> None:
    [row] = re.findall(rf"^\| \[{name}\]\(#{name}\) \|.*$", REFERENCE, re.MULTILINE)
    one_answer = "first result wins" in row or "the target's own plugin" in row
    assert one_answer == bool(HOOKS[name].regbridge_spec["firstresult"])


def test_the_reference_lists_exactly_the_public_errors() -> None:
    listed = re.findall(r"^\| `(\w+Error)` \|", section("Errors"), re.MULTILINE)
    public = [
        name
        for name in regbridge.__all__
        if isinstance(value := getattr(regbridge, name), type) and issubclass(value, RegbridgeError)
    ]
    assert sorted(listed) == sorted(public)


def test_every_error_class_is_public() -> None:
    defined = {
        name
        for name, value in vars(regbridge.errors).items()
        if isinstance(value, type) and issubclass(value, RegbridgeError)
    }
    assert defined - set(regbridge.__all__) == set()


def test_the_reference_names_every_bundled_plugin() -> None:
    setup = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    [entries] = re.findall(r"^regbridge\.plugins =\n((?: .*\n)+)", setup, re.MULTILINE)
    bundled = re.findall(r"^ +([\w-]+) = ", entries, re.MULTILINE)
    assert len(bundled) > 5
    assert [name for name in bundled if f"`{name}`" not in REFERENCE] == []


def test_the_example_plugin_of_the_reference_works() -> None:
    names = example(0)
    context = regbridge.PluginContext("skip-staff", regbridge.Client("apap"), ROOT)
    plugin = names["SkipStaff"](regbridge.Settings(), context)
    assert drop_reason(plugin, "ada@example.org") == "a member of our staff"
    assert drop_reason(plugin, "ada@example.com") is None


def test_the_example_contract_of_the_reference_is_kept_by_the_example_plugin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = ModuleType("my_plugins")
    vars(module).update(example(0))
    monkeypatch.setitem(sys.modules, "my_plugins", module)
    names = example(1)
    test = names["TestSkipStaff"]
    assert issubclass(test, FilterContract)
    assert issubclass(test, PluginContract)
    assert failing(FilterContract, names["Staff"]) == set()
    assert failing(PluginContract, lambda: Recipe(module.SkipStaff)) == set()


def example(number: int) -> dict[str, Any]:
    """Return what an example module of the reference defines."""
    sources = re.findall(r"```python\n(\"\"\".*?)```", REFERENCE, re.DOTALL)
    names: dict[str, Any] = {"__name__": f"hooks_example_{number}"}
    exec(compile(sources[number], "hooks.md", "exec"), names)
    return names


def drop_reason(plugin: regbridge.Plugin, email: str) -> str | None:
    fields = {"email": email}
    registration = regbridge.Registration(
        1, "apap", "reg", regbridge.Kind.REGISTRATION, "InviteeOrGuestAccepted", fields
    )
    drop = plugin.filter_registration(registration)  # type: ignore[attr-defined]
    return drop.reason if drop else None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_and_every_place_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in LINK.findall(text) if "://" not in link]
    missing = [link for link in links if link and not (page.parent / link).exists()]
    missing += [place for place in PLACE.findall(text) if not (ROOT / place).exists()]
    assert missing == []


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_has_context_choice_and_consequences(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    headings = [line for line in lines if line.startswith("## ")]
    assert lines[0].startswith(f"# {int(page.name[:4])}. ")
    assert headings == ["## Context", "## Choice", "## Consequences"]


def test_decisions_are_numbered_without_gaps_and_all_listed() -> None:
    overview = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert [link for link in LINK.findall(overview) if link[0].isdigit()] == [
        page.name for page in DECISIONS
    ]


def test_the_readme_has_both_commands_for_both_shells() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert "python -m pip install . && regbridge demo" in readme
    assert "python -m pip install .; if ($?) { regbridge demo }" in readme
    assert 'python -m pip install -e ".[test]" && pytest' in readme
    assert 'python -m pip install -e ".[test]"; if ($?) { pytest }' in readme


def test_the_build_runs_the_command_that_developers_run() -> None:
    for file in ("CONTRIBUTING.md", ".ci/run"):
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(r'^\s*\S*python"? \.ci/check\.py', text, re.MULTILINE), file
