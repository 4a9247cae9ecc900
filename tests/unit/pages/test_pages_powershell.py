"""Every block of PowerShell on a page parses, and names commands and options that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import tree_sitter_powershell
from tests.page_blocks import Block, each_block
from tests.unit.pages.test_pages_shell import (
    PLACEHOLDER,
    problem_of_ours,
    problem_of_python,
)
from tree_sitter import Language, Node, Parser

PARSER = Parser(Language(tree_sitter_powershell.language()))

# After Microsoft's reference: the parameters that the pages use.
DOCUMENTED = {
    "get-content": "-Path -Tail -Wait",
    "invoke-restmethod": "-Headers -Method -Uri",
    "new-item": "-ItemType",
    "powershell": "-ExecutionPolicy -File",
    "restart-service": "",
    "restart-webapppool": "-Name",
    "schtasks": "/Create /TN /SC /DAILY /ST /RU /TR",
    "set-location": "",
    "stop-service": "",
    "stop-webapppool": "-Name",
    "test-netconnection": "-Port",
}


def parsed(text: str) -> Node:
    return PARSER.parse(PLACEHOLDER.sub("PLACE", text).encode()).root_node


def commands_in(node: Node) -> Iterator[list[str]]:
    """Yield the words of every command."""
    if node.type == "command":
        text = (node.text or b"").decode()
        yield [word.strip("\"'") for word in re.findall(r"\"[^\"]*\"|'[^']*'|@\{[^}]*\}|\S+", text)]
    for child in node.children:
        yield from commands_in(child)


def problem_of(words: list[str]) -> str:
    """Return what is wrong with a command, "" for nothing."""
    name = words[0].replace("\\", "/").rpartition("/")[2].lower()
    match name:
        case "regbridge" | "regbridge.ps1" | "regbridge.exe":
            return problem_of_ours(words[1:])
        case "python" | "pytest":
            return problem_of_python(
                words[1:] if name == "python" else ["-m", "pytest", *words[1:]]
            )
        case "activate.ps1":
            return ""
        case _ if name in DOCUMENTED:
            given = {word for word in words[1:] if re.match(r"[-/][A-Za-z]+$", word)}
            unknown = given - set(DOCUMENTED[name].split())
            return f"{name} has no {', '.join(sorted(unknown))} that is known" if unknown else ""
    return f"nobody knows the command {name}"


@each_block("powershell")
def test_a_powershell_block_parses_and_names_what_there_is(block: Block) -> None:
    tree = parsed(block.text)
    assert not tree.has_error
    commands = [*commands_in(tree)]
    assert commands or block.text.startswith("$env:")
    assert [problem for words in commands if (problem := problem_of(words))] == []


@pytest.mark.parametrize(
    "line",
    [
        r".venv\Scripts\regbridge chekc",
        r".\iis\regbridge.ps1 status --jsno",
        "Restart-WebAppPol -Name regbridge",
        "Restart-WebAppPool -Nmae regbridge",
        "python -m pip install .; if ($?) { regbridge dmeo }",
    ],
)
def test_a_slip_would_be_found(line: str) -> None:
    assert any(problem_of(words) for words in commands_in(parsed(line)))


def test_what_is_no_powershell_would_be_found() -> None:
    assert parsed("if ($?) { regbridge demo").has_error
