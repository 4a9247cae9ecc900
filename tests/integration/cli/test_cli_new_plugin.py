"""`regbridge new-plugin` writes packages that are right as they are written."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from regbridge.kit.contents import contents
from regbridge.kit.names import Names
from regbridge.kit.variant import Variant
from regbridge.kit.words import Word, read_words

ROOT = Path(__file__).parents[3]
ALL = ",".join(Word)
PACKAGES = ("regbridge_try_it", "regbridge_member_service")
LONGEST = "abcdefghijkl-mnopqrstuvw"
EACH = [
    *(word.value for word in Word if word not in (Word.CHECK, Word.READ_BACK)),
    *("deliver,check", "deliver,read-back", "enrich,check", "attendees,check", "enrich,attendees"),
    *("deliver,enrich", "deliver,map", "enrich,map", "filter,dedupe", "authenticate,map"),
    ALL,
]
Run = Callable[..., Any]


def variant(name: str, hooks: str) -> Variant:
    return Variant(Names(name), read_words(hooks))


def entries(hooks: str) -> list[str]:
    return list(variant("crm", hooks).parts)


def put_on_the_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a package be found with its entry points, as pip leaves it."""
    project = tomllib.loads((home / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = home / "src" / f"{home.name}-0.1.0.dist-info"
    info.mkdir()
    metadata = f"Name: {project['name']}\nVersion: 0.1.0\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    points = configparser.ConfigParser()
    points.read_dict(project["entry-points"])
    with (info / "entry_points.txt").open("w", encoding="utf-8") as file:
        points.write(file)
    monkeypatch.syspath_prepend(home / "src")


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forgets the modules of generated packages at the end."""
    yield
    for module in [name for name in sys.modules if name.startswith(PACKAGES)]:
        monkeypatch.delitem(sys.modules, module)


@pytest.fixture
def installed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: None) -> Path:
    """A package with all hooks, as if it were installed."""
    assert run("new-plugin", "try-it", "--hooks", ALL).status == 0
    home = tmp_path / "regbridge_try_it"
    put_on_the_path(home, monkeypatch)
    for name, value in variant("try-it", ALL).variables.items():
        monkeypatch.setenv(name, value)
    return home


def test_a_package_is_written_and_says_what_comes_next(run: Run, tmp_path: Path) -> None:
    ran = run("new-plugin", "crm-one", "--hooks", "deliver,enrich", "--folder", "plugins")
    home = tmp_path / "plugins" / "regbridge_crm_one"

    assert ran.status == 0
    assert "pip install -e" in ran.out
    assert {path.name for path in home.iterdir()} == {
        ".gitignore",
        "README.md",
        "configs",
        "pyproject.toml",
        "sample_payloads",
        "src",
        "tests",
    }
    assert not (home / "src/regbridge_crm_one/filter.py").exists()


def test_nothing_is_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "regbridge_crm").mkdir()
    ran = run("new-plugin", "crm", "--hooks", "deliver")

    assert ran.status == 1
    assert "regbridge_crm: the folder is there already; choose another name" in ran.err
    assert list((tmp_path / "regbridge_crm").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["CRM", "1crm", "crm_one", "crm--one", "-crm", "crm-", "x" * 25, "ä"]
)
def test_a_name_that_cannot_be_is_refused_with_the_rule(
    name: str, run: Run, tmp_path: Path
) -> None:
    ran = run("new-plugin", "--hooks", "deliver", "--", name)

    assert ran.status == 1
    assert "at most 24 letters (a-z), digits and single hyphens, a letter first" in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["files", "latest", "cvent", "configs", "samples"])
def test_a_name_of_regbridges_own_is_refused(name: str, run: Run) -> None:
    ran = run("new-plugin", name, "--hooks", "deliver")

    assert ran.status == 1
    assert "is one of regbridge's own; choose another one" in ran.err


def test_a_name_that_says_regbridge_twice_is_refused(run: Run) -> None:
    assert "leave out regbridge-" in run("new-plugin", "regbridge-crm", "--hooks", "map").err


def test_a_name_that_an_installed_plugin_has_is_warned_of(installed: Path, run: Run) -> None:
    ran = run("new-plugin", "try-it", "--hooks", "filter", "--folder", "elsewhere")

    assert ran.status == 0
    assert "there is a plugin try-it of regbridge-try-it already" in ran.err


@pytest.mark.parametrize(
    ("hooks", "text"),
    [
        ("delivr", "no hook 'delivr'; did you mean 'deliver'?"),
        ("readback", "no hook 'readback'; did you mean 'read-back'?"),
        ("", "no hook is named; valid names are"),
        ("read-back", "without deliver there is no target; add deliver"),
        ("check,filter", "add deliver, enrich or attendees"),
    ],
)
def test_hooks_that_make_no_sense_are_refused_with_what_would(
    hooks: str, text: str, run: Run, tmp_path: Path
) -> None:
    ran = run("new-plugin", "crm", "--hooks", hooks)

    assert ran.status == 1
    assert text in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_hooks_own_name_is_a_word_for_it_too() -> None:
    assert read_words("deliver_records, check_connection") == {Word.DELIVER, Word.CHECK}


@pytest.mark.parametrize(
    ("hooks", "names"),
    [
        ("deliver,check,read-back", ["crm"]),
        ("deliver,enrich", ["crm", "crm-enrich"]),
        ("deliver,attendees", ["crm", "crm-attendees"]),
        ("enrich,attendees,check", ["crm"]),
        ("filter", ["crm"]),
        ("map,filter", ["crm", "crm-map"]),
        (ALL, ["crm", *(f"crm-{word}" for word in ("enrich", "authenticate", "filter"))]),
    ],
)
def test_a_target_and_each_rule_is_a_class_with_a_name_of_its_own(
    hooks: str, names: list[str]
) -> None:
    assert entries(hooks)[: len(names)] == names


@pytest.mark.parametrize("hooks", ["deliver", "filter", ALL])
def test_the_same_words_write_the_same_files(hooks: str) -> None:
    assert list(contents(variant("crm", hooks))) == list(contents(variant("crm", hooks)))


def test_the_versions_required_are_those_that_regbridge_requires() -> None:
    setup = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    text = dict(contents(variant("crm", "deliver")))["pyproject.toml"]
    required = tomllib.loads(text)["project"]["dependencies"]

    assert required[-2:] == ["regbridge>=0.4,<1", *re.findall(r"^ +(typer>=.*)$", setup, re.M)]
    for requirement in required:
        assert requirement.startswith("regbridge") or f"    {requirement}\n" in setup


def test_the_example_client_passes_the_check_and_keeps_the_rules(installed: Path, run: Run) -> None:
    checked = run("check", "--configs", str(installed / "configs"))
    verified = run("plugins", "--verify", "--configs", str(installed / "configs"))

    assert checked.out == "example: OK (1 event, 1 endpoint, 1 target, 3 cases)\n"
    assert (verified.status, verified.out.count(" OK ")) == (0, 6)


def test_the_plugins_and_the_simulator_are_found(installed: Path, run: Run) -> None:
    listed = {plugin["name"]: plugin for plugin in run("plugins", "--json").json}

    assert listed["try-it"]["hooks"] == ["deliver_records", "check_connection", "list_delivered"]
    assert all(not listed[name]["error"] for name in variant("try-it", ALL).parts)
    assert "Serve a stand-in for Try It" in run("simulate", "try-it", "--help").out


@pytest.mark.parametrize("name", ["a", LONGEST])
@pytest.mark.parametrize("hooks", EACH)
def test_what_is_written_is_as_ruff_wants_it(
    name: str, hooks: str, run: Run, tmp_path: Path
) -> None:
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if not ruff:
        pytest.skip("ruff is part of the extra `check`")
    assert run("new-plugin", name, "--hooks", hooks).status == 0
    for arguments in (("format", "--check"), ("check",)):
        ended = subprocess.run(
            [ruff, *arguments, "--no-cache", "."],
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("hooks", EACH)
def test_no_line_of_a_template_is_left_unfilled(hooks: str) -> None:
    for path, text in contents(variant(LONGEST, hooks)):
        assert not re.search(r"\{\{|\{%|%\}", text), path
        assert text.endswith("\n") or not text
        assert not text.endswith("\n\n"), path


def guide() -> list[str]:
    """Return the lines of the guide's blocks for a shell."""
    text = (ROOT / "docs/how-to/write-a-target.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


def test_the_commands_of_the_guide_work_in_their_order(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: None
) -> None:
    done = []
    for line in guide():
        match shlex.split(line):
            case ["regbridge", *words]:
                ran = run(*words)
                assert ran.status == 0, ran.out + ran.err
            case ["export", given]:
                name, _, value = given.partition("=")
                monkeypatch.setenv(name, value)
            case ["python", "-m", "pip", "install", "-e", what]:
                put_on_the_path(tmp_path / what.removesuffix("[test]"), monkeypatch)
            case ["python", "-m", "pytest", folder]:
                run_tests(tmp_path / folder)
            case _:
                raise AssertionError(f"nothing here runs {line}")
        done.append(line)
    assert len(done) == 8


def run_tests(home: Path) -> None:
    path = os.pathsep.join(filter(None, [str(home / "src"), os.environ.get("PYTHONPATH")]))
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(home)],
        cwd=home,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search(r"[0-9]{2,} passed", ended.stdout)
