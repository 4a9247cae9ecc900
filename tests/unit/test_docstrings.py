"""A command's docstring is read from its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from regbridge.cli.docstrings import docstring

MODULE = '''
"""Commands of a vendor."""

raise RuntimeError("this module is not for importing")


@app.command()
def usage():
    """Show what is used up.

    And more.
    """


@app.callback()
def _about():
    """Ask the vendor."""


@other.callback(invoke_without_command=True)
def _other():
    """Whose help may be another text."""


def silent():
    pass
'''


@pytest.fixture(autouse=True)
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "read_only_commands.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("usage", "Show what is used up.\n\nAnd more."),
        ("app", "Ask the vendor."),
        ("other", ""),
        ("silent", ""),
        ("missing", ""),
    ],
)
def test_a_function_speaks_for_itself_and_a_callback_for_its_app(name: str, text: str) -> None:
    assert docstring("read_only_commands", name) == text


@pytest.mark.parametrize("module", ["no_such_module", "sys"])
def test_a_module_without_source_says_nothing(module: str) -> None:
    assert docstring(module, "app") == ""
