"""Every line of shell on a page parses, and names commands and options that there are."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from docs.generate.distributions import declared
from tests.page_blocks import ROOT, Block, each_block
from tests.unit.test_packaging import SETUP

from regbridge.cli import app
from regbridge.cli.extensions import COMMANDS, SIMULATORS

PLACEHOLDER = re.compile(r"<[a-z][a-z ]+>")

# After the manuals of these programs: the options that the pages use.
PROGRAMS = {
    ".": "",
    "cd": "",
    "cp": "-r",
    "curl": "-H -i --data-urlencode --get --header",
    "export": "",
    "git": "",
    "journalctl": "-f -u",
    "mkdir": "-p",
    "nc": "-vz",
    "ruff": "--check --fix",
    "sh": "",
    "systemctl": "",
    "ufw": "",
    "uv": "--universal --python-version --generate-hashes --no-annotate -o --upgrade",
}
PIP = "-e --upgrade --no-deps --require-hashes --wheel-dir -r"
PYTEST = "-p -q -k -x"


def commands_of(text: str) -> Iterator[list[str]]:
    """Yield the words of each command: of lines, and of what `&&`, `;` and `|` join."""
    whole = re.sub(r"\$\([^)]*\)", "RESULT", text.replace("\\\n", " "))
    whole = PLACEHOLDER.sub("PLACE", whole)
    for line in whole.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word in ("&&", "||", "|", ";", "&"):
                if words:
                    yield words
                words = []
            else:
                words.append(word)


def problem_of(words: list[str]) -> str:
    """Return what is wrong with a command, "" for nothing."""
    if words[0] == "sudo":
        return problem_of(words[1:])
    if re.fullmatch(r"[A-Z_]+=.*", words[0]):
        return problem_of(words[1:]) if words[1:] else ""
    name, arguments = words[0].rpartition("/")[2] or words[0], words[1:]
    match name:
        case "regbridge":
            return problem_of_ours(arguments)
        case "python" | "python3":
            return problem_of_python(arguments)
        case "pip":
            return problem_of_python(["-m", "pip", *arguments])
        case "pytest":
            return problem_of_python(["-m", "pytest", *arguments])
        case _ if name in PROGRAMS:
            return unknown_options(name, arguments, PROGRAMS[name])
    return f"nobody knows the program {name}"


def unknown_options(name: str, arguments: list[str], known: str) -> str:
    unknown = {word for word in arguments if word.startswith("-") and len(word) > 1}
    unknown = {word.partition("=")[0] for word in unknown} - set(known.split())
    return f"{name} has no {', '.join(sorted(unknown))} that is known" if unknown else ""


def problem_of_ours(words: list[str]) -> str:
    """Return what regbridge itself says about a command line, without running it."""
    command: Any = typer.main.get_command(app)
    rest = words[2:] if words[:1] == ["--variables"] else words
    for group, before in ((COMMANDS, []), (SIMULATORS, ["simulate"])):
        for brought in declared(group):  # whether it is installed here or not
            if rest[: len(before) + 1] == [*before, brought.entry.name]:
                command, rest = command_of(brought.load()), rest[len(before) + 1 :]
    try:
        while hasattr(command, "get_command") and rest[:1] not in (["--help"], ["--version"]):
            name, *rest = rest
            command = command.get_command(None, name)
            if command is None:
                return f"regbridge has no {name}"
        if not hasattr(command, "get_command"):
            command.make_context(words[0], rest, resilient_parsing=False)
    except Exception as error:  # whatever it is, the page is wrong
        return f"regbridge {' '.join(words)}: {error}"
    return ""


def command_of(brought: Any) -> Any:
    """Return what a plugin brings as a command: a group of them, or a function."""
    if isinstance(brought, typer.Typer):
        return typer.main.get_command(brought)
    only = typer.Typer(add_completion=False)
    only.command()(brought)
    return typer.main.get_command(only)


def problem_of_python(arguments: list[str]) -> str:
    match arguments:
        case ["-m", "pip", "install" | "wheel" | "download", *rest]:
            return unknown_options("pip", rest, PIP) or unknown_extras(rest)
        case ["-m", "venv", _]:
            return ""
        case ["-m", "pytest", *rest]:
            missing = [w for w in rest if "/" in w and not (ROOT / w).exists()]
            return unknown_options("pytest", rest, PYTEST) or ", ".join(missing)
        case ["-m", module, *_]:
            return "" if importlib.util.find_spec(module) else f"there is no module {module}"
        case ["-c", code]:
            compile(code, "-c", "exec")
            return ""
        case [script, *_] if script.endswith(".py"):
            return "" if (ROOT / script).is_file() else f"there is no {script}"
    return f"python {' '.join(arguments)} is unknown"


def unknown_extras(words: list[str]) -> str:
    """Return the extras of regbridge that setup.cfg does not have."""
    known = SETUP["options.extras_require"].keys()
    named = [found for word in words for found in re.findall(r"\[([a-z,]+)\]", word)]
    missing = {extra for names in named for extra in names.split(",")} - known
    return f"there is no extra {', '.join(sorted(missing))}" if missing else ""


@each_block("sh")
def test_a_shell_block_names_commands_and_options_that_there_are(block: Block) -> None:
    commands = [*commands_of(block.text)]
    assert commands
    assert [problem for words in commands if (problem := problem_of(words))] == []


def one_liners() -> list[str]:
    """Return the programs that stand whole on a line of a page."""
    marks = each_block("sh").args[1]
    return [
        words[2]
        for block in marks
        for words in commands_of(block.text)
        if words[:2] == ["python", "-c"]
    ]


@pytest.mark.parametrize("code", sorted(set(one_liners())))
def test_a_program_on_one_line_runs(code: str) -> None:
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip()


@pytest.mark.parametrize(
    "line",
    [
        "regbrigde status",
        "regbridge statsu",
        "regbridge status --jsno",
        "sudo /opt/regbridge/bin/regbridge check --onlin",
        "regbridge secret rnadom",
        "regbridge check && curl --hedaer x",
        "python -m pip install -e '.[tset]'",
        "python .ci/chekc.py",
        "python -m tests.fuzz.rnu message",
        "FOO=1 regbridge chek",
    ],
)
def test_a_slip_would_be_found(line: str) -> None:
    assert any(problem_of(words) for words in commands_of(line))
