"""The scripts of PowerShell parse, and use nothing but documented commands and parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from regbridge.deploy.answers import Answers, IisAnswers
from regbridge.deploy.iis import plan_iis
from regbridge.deploy.needs import Needs
from regbridge.deploy.places import Places
from regbridge.deploy.windows_service import plan_windows_service

PARSER = Parser(Language(tree_sitter_powershell.language()))
HOSTILE = Places("C:\\it's $x `a` \u2019 & <b>\\regbridge.exe", "C:\\c's; Remove-Item x\\configs")

# After Microsoft's reference of Windows PowerShell 5.1 and of the modules WebAdministration,
# NetSecurity and ServerManager.
DOCUMENTED = {
    "Add-WebConfigurationProperty": "PSPath Location Filter Name Value",
    "Clear-WebConfiguration": "PSPath Location Filter ErrorAction",
    "ForEach-Object": "",
    "Get-ChildItem": "Path",
    "Get-Command": "Name ErrorAction",
    "Get-Date": "",
    "Get-NetFirewallRule": "Name ErrorAction",
    "Get-Service": "Name ErrorAction",
    "Get-WebAppPoolState": "Name",
    "Get-WebBinding": "Name Protocol Port HostHeader",
    "Get-WebGlobalModule": "Name",
    "Get-WebsiteState": "Name",
    "Import-Module": "Name",
    "Install-WindowsFeature": "Name",
    "Join-Path": "Path ChildPath",
    "New-Item": "Path ItemType",
    "New-NetFirewallRule": "Name DisplayName Direction Protocol LocalPort RemoteAddress Action",
    "New-WebAppPool": "Name",
    "New-WebBinding": "Name Protocol Port HostHeader SslFlags",
    "New-Website": "Name PhysicalPath ApplicationPool HostHeader Port Ssl SslFlags",
    "Out-Null": "",
    "Remove-Item": "LiteralPath",
    "Remove-NetFirewallRule": "Name",
    "Remove-WebAppPool": "Name",
    "Remove-Website": "Name",
    "Select-Object": "First",
    "Set-ItemProperty": "Path Name Value",
    "Set-StrictMode": "Version",
    "Set-WebConfigurationProperty": "PSPath Location Filter Name Value",
    "Sort-Object": "Property Descending",
    "Split-Path": "Path Parent",
    "Start-Service": "Name",
    "Start-WebAppPool": "Name",
    "Start-Website": "Name",
    "Stop-Service": "Name",
    "Test-Path": "Path LiteralPath",
    "Where-Object": "",
    "Write-Host": "",
}
PROGRAMS = {"icacls.exe", "sc.exe", "$Wrapper", "$Program"}


@pytest.fixture(params=["iis", "windows-service"])
def scripts(request: pytest.FixtureRequest, needs: Needs, tmp_path: Path) -> dict[str, str]:
    inside = (IPv4Network("10.0.0.0/8"), IPv4Network("192.168.1.7/32"))
    site = IisAnswers(server_name="hooks.example.org", port=8443, inside=inside)
    plan = (
        plan_iis(needs, HOSTILE, site, tmp_path)
        if request.param == "iis"
        else plan_windows_service(needs, HOSTILE, Answers(), tmp_path)
    )
    found = {n: each.text for n, each in plan.documents.items() if n.endswith(".ps1")}
    assert set(found) == {"install.ps1", "uninstall.ps1", "regbridge.ps1"}
    return found


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def text(node: Node) -> str:
    assert node.text is not None
    return node.text.decode("utf-8")


def unknown(script: str) -> list[str]:
    """Return what a script uses without its being documented, or defined by the script itself."""
    tree = PARSER.parse(script.encode()).root_node
    own = {text(n) for n in nodes(tree) if n.type == "function_name"}
    found = []
    for command in (n for n in nodes(tree) if n.type == "command"):
        name = next(text(n) for n in nodes(command) if n.type.startswith("command_name"))
        if name in own | PROGRAMS:
            continue
        if name not in DOCUMENTED:
            found.append(name)
            continue
        # Those of a command within this one, in parentheses or in a block, are its own.
        elements = [n for n in command.children if n.type == "command_elements"]
        given = [text(n)[1:] for e in elements for n in e.children if n.type == "command_parameter"]
        found += [f"{name} -{each}" for each in given if each not in DOCUMENTED[name].split()]
    return found


def errors(script: str) -> list[str]:
    tree = PARSER.parse(script.encode()).root_node
    return [text(node) for node in nodes(tree) if node.is_error or node.is_missing]


def test_every_script_parses(scripts: dict[str, str]) -> None:
    assert {name: found for name, script in scripts.items() if (found := errors(script))} == {}


def test_every_command_and_parameter_is_documented(scripts: dict[str, str]) -> None:
    assert {name: found for name, script in scripts.items() if (found := unknown(script))} == {}


def test_a_hostile_place_is_a_string_and_no_command(scripts: dict[str, str]) -> None:
    for script in scripts.values():
        tree = PARSER.parse(script.encode()).root_node
        strings = [text(n) for n in nodes(tree) if n.type == "verbatim_string_characters"]
        commands = [text(n) for n in nodes(tree) if n.type == "command"]
        assert not any(command.startswith("Remove-Item x") for command in commands)
        if "$Configs" in script:
            assert "'C:\\c''s; Remove-Item x\\configs'" in strings


def test_every_variable_is_given_a_value_somewhere(scripts: dict[str, str]) -> None:
    known = {"_", "true", "false", "args", "PSScriptRoot", "ErrorActionPreference", "LASTEXITCODE"}
    for name, script in scripts.items():
        tree = PARSER.parse(script.encode()).root_node
        used = {text(n).strip("$@{}") for n in nodes(tree) if n.type == "variable"}
        code = re.sub(r"<#.*?#>", "", script, flags=re.DOTALL)
        given = set(re.findall(r"\$(\w+)(?=\s*=[^=]|, \$\w+ = | in )", code))
        given |= set(re.findall(r"\] \$(\w+)", code))
        assert {each for each in used if ":" not in each} - known - given == set(), name


def test_a_script_starts_with_a_mark_that_windows_powershell_knows(
    needs: Needs, tmp_path: Path
) -> None:
    plan = plan_windows_service(needs, HOSTILE, Answers(), tmp_path)
    content = plan.documents["install.ps1"].content("install.ps1")
    assert content.startswith(b"\xef\xbb\xbf#Requires -Version 5.1\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_an_uninstall_removes_the_ledger_only_when_it_is_told_to(scripts: dict[str, str]) -> None:
    script = scripts["uninstall.ps1"]
    before, _, after = script.partition("if (-not $RemoveLedger) {")
    assert "Remove-Item -" not in before
    assert after.index("elseif ($Ledger)") < after.index("Remove-Item -")
    assert "[switch] $RemoveLedger" in before


@pytest.mark.parametrize("broken", ["if ($a { 1 }", "foreach ($a in $b) { ", "$a = 'b"])
def test_a_broken_script_would_be_found(broken: str) -> None:
    assert errors(broken) or PARSER.parse(broken.encode()).root_node.has_error


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Get-Site -Name x", "Get-Site"),
        ("New-Website -Nam x", "New-Website -Nam"),
        ("$a = (Test-Path -Pat x)", "Test-Path -Pat"),
        ("& cmd.exe /c x", "cmd.exe"),
    ],
)
def test_an_undocumented_command_would_be_found(line: str, found: str) -> None:
    assert unknown(line) == [found]
