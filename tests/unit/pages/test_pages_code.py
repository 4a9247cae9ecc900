"""Every program, document and statement on a page is one, and what it names is there."""

from __future__ import annotations

import configparser
import json
import re
import sys
import tomllib
import types
from pathlib import Path

import pytest
from tests.page_blocks import Block, each_block
from tests.unit.pages.test_pages_shell import problem_of

from regbridge import Plugin
from regbridge.message import read_envelope
from regbridge.registry import plugin_class

# After the documentation of nginx: the directives that the pages use.
NGINX = {
    "client_max_body_size",
    "location",
    "proxy_next_upstream",
    "proxy_pass",
    "proxy_read_timeout",
    "proxy_set_header",
    "server",
    "upstream",
}
KEYS = {
    "pytest": {"testpaths", "regbridge_cases"},
    "Service": {"Type", "Nice", "ExecStart"},
    "Timer": {"OnCalendar", "Persistent"},
    "Install": {"WantedBy"},
    "Unit": {"Description", "After"},
}
SQL = re.compile(
    r"CREATE ROLE \w+ LOGIN PASSWORD '[^']*'|CREATE DATABASE \w+ OWNER \w+", re.IGNORECASE
)


@each_block("python")
def test_a_program_runs_and_its_plugins_are_plugins(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"of_a_page_{block.number}"
    module = types.ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(block.text, f"{block.page} {block.number}", "exec"), module.__dict__)
    file = tmp_path / f"{name}.py"
    file.write_text(block.text, encoding="utf-8")
    for value in list(vars(module).values()):
        if isinstance(value, type) and issubclass(value, Plugin) and value.__module__ == name:
            assert plugin_class(f"{name}.py:{value.__name__}", tmp_path).__name__ == value.__name__


@each_block("json")
def test_a_document_is_json_and_a_message_one_of_cvents(block: Block) -> None:
    value = json.loads(block.text)
    if isinstance(value, dict) and "eventType" in value:
        assert read_envelope(block.text.encode()).event_type == value["eventType"]


@each_block("toml")
def test_a_project_file_names_groups_of_entry_points_that_are_asked_for(block: Block) -> None:
    project = tomllib.loads(block.text).get("project", {})
    groups = project.get("entry-points", {})
    known = {f"regbridge.{name}" for name in ("plugins", "commands", "simulators", "demo")}
    assert groups.keys() <= known
    assert all(re.fullmatch(r"[\w.]+:\w+", each) for g in groups.values() for each in g.values())
    assert groups or project.get("dependencies") or project.get("name")


@each_block("ini")
def test_a_file_of_settings_has_sections_and_keys_that_there_are(block: Block) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(block.text)
    for section in unit.sections():
        assert set(unit[section]) <= KEYS[section]
    if "Service" in unit:
        assert problem_of(unit["Service"]["ExecStart"].split()) == ""


@each_block("sql")
def test_a_statement_makes_a_role_or_a_database(block: Block) -> None:
    statements = [text.strip() for text in block.text.split(";") if text.strip()]
    assert statements
    assert [text for text in statements if not SQL.fullmatch(text)] == []


@each_block("nginx")
def test_a_configuration_of_nginx_is_whole_and_has_known_directives(block: Block) -> None:
    depth = 0
    for line in block.text.splitlines():
        directive, _, rest = line.strip().partition(" ")
        if directive == "}":
            depth -= 1
            continue
        assert directive in NGINX
        assert rest.endswith((";", "{"))
        depth += rest.endswith("{")
    assert depth == 0
