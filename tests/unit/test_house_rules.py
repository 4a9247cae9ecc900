"""The rules of this repository that no tool checks."""

from __future__ import annotations

import ast
import inspect
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from regbridge import hookspecs

ROOT = Path(__file__).parents[2]
CODE = (".ci", "core", "plugins", "tests", "bench", "docs")
MODULES = sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))
HOOKS = {name: value for name, value in vars(hookspecs).items() if hasattr(value, "regbridge_spec")}

# Written in pieces, because this file is read as well.
UNWANTED = {
    "a path of one machine": r"(?<![\w.~-])/(wor" + r"k|hom" + r"e|roo" + r"t|tm" + r"p)/\w"
    r"|[A-Za-z]:\\{1,2}User" + r"s\\",
    "the host of a package registry": r"pypi\." + r"org|python" + r"hosted|npmjs\." + r"(org|com)"
    r"|proxy\.golang|crates\." + r"io",
    "an address that pip is told": r"(extra-)?index-" + r"url|find-" + r"links",
    "something outside the repository": r"\.\./sha" + r"red|sha" + r"red/(DESIGN|STYLE|reference)",
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_says_in_one_sentence_what_it_is_for(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or "no docstring"
    sentence, _, rest = docstring.partition("\n")
    assert re.fullmatch(r".{10,98}[.?]", sentence), sentence
    assert rest.startswith("\n") or not rest


@pytest.mark.parametrize("module", [m for m in MODULES if "tests" not in m.parts], ids=name_of)
def test_a_module_stays_short_enough_to_be_read_at_once(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 400


def tracked_files() -> list[Path]:
    if not (git := shutil.which("git")) or not (ROOT / ".git").exists():
        pytest.skip("only a git checkout knows its files")
    listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    found = subprocess.run(
        [git, "-c", "safe.directory=*", *listing], cwd=ROOT, capture_output=True, check=True
    )
    names = found.stdout.decode("utf-8").split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", UNWANTED)
def test_no_file_names(what: str) -> None:
    pattern = re.compile(UNWANTED[what].encode())
    found = [
        f"{name_of(path)}:{number}: {line.decode('utf-8', 'replace')}"
        for path in tracked_files()
        for number, line in enumerate(path.read_bytes().splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of one machine", "open('/ho" + "me/me/file')"),
        ("a path of one machine", "C:\\User" + "s\\me"),
        ("the host of a package registry", "https://pypi." + "org/simple"),
        ("an address that pip is told", "--extra-index-" + "url https://example.org"),
        ("something outside the repository", "see ../sha" + "red/notes.md"),
    ],
)
def test_what_is_unwanted_would_be_found(what: str, line: str) -> None:
    assert re.search(UNWANTED[what], line)


def test_no_file_is_only_for_one_kind_of_line_ends() -> None:
    crlf = [name_of(path) for path in MODULES if b"\r\n" in path.read_bytes()]
    assert crlf == []


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_explains_itself_with_an_example(name: str) -> None:
    docstring: Any = inspect.getdoc(HOOKS[name])
    assert "Example: " in docstring
    assert 30 <= len(docstring.split()) <= 90
