"""Every block of YAML on a page is what it looks like: a client file, a part of one, cases."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from docs.generate.distributions import declared
from tests.page_blocks import Block, blocks, each_block

from regbridge.config.case_file import Case
from regbridge.config.loader import load_client, load_host
from regbridge.config.schema import ClientConfig, HostConfig
from regbridge.registry import GROUP, build

CLIENT_KEYS = set(ClientConfig.model_fields)
CASE_KEYS = set(Case.model_fields)
PROMETHEUS = {"global", "rule_files", "scrape_configs", "alerting"}
MINIMAL = {
    "client": "apap",
    "endpoints": {"CventReg": {"path": "/cvent/apap/CventReg", "tokens": [{"env": "A_TOKEN"}]}},
    "targets": {
        "registrations": {
            "use": "files",
            "settings": {"path": "a.jsonl"},
            "map": {"Email": "email"},
        }
    },
}
ACCOUNT = {
    "region": "north-america",
    "client_id": {"env": "A_CLIENT"},
    "client_secret": {"env": "A_SECRET"},
}
ENRICHING = {"plugins": ["cvent-token", {"use": "cvent-enrich", "settings": {"account": ACCOUNT}}]}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every variable that a block names a value of the kind that it stands for."""
    texts = [block.text for block in blocks("yaml")]
    named = {name for text in texts for name in re.findall(r"\benv: *\"?([A-Z][A-Z0-9_]*)", text)}
    for name in {*named, "A_TOKEN", "A_CLIENT", "A_SECRET"}:
        monkeypatch.setenv(name, value_of(name))


def value_of(name: str) -> str:
    if "SIGNING" in name or "WEBHOOK_SECRET" in name:
        return "whsec_" + base64.b64encode(name.encode().ljust(32)[:32]).decode()
    if "KEY" in name:
        return base64.b64encode(name.encode().ljust(32)[-32:]).decode()
    if "DATABASE" in name:
        return "postgresql+psycopg://u:p@db.example.org/regbridge"
    if "URL" in name:
        return "https://chat.example.org/hook"
    return f"a-token-of-{name.lower().replace('_', '-')}"


def is_mapping_of(value: Any, keys: set[str]) -> bool:
    return isinstance(value, dict) and bool(value) and set(value) <= keys


@each_block("yaml")
def test_a_block_is_what_it_looks_like(block: Block, tmp_path: Path) -> None:
    value = yaml.safe_load(block.text)
    match value:
        case {"host": _}:
            check_host(tmp_path, block.text, value)
        case {"client": _, "endpoints": _}:
            check_client(tmp_path, block.text)
        case [{"alert": _} | {"record": _}, *_]:
            for rule in value:
                promql_parser.parse(rule["expr"])
        case [{"name": _, **rest}, *_] if rest.keys() & {"payload", "message", "file", "expect"}:
            for case in value:
                Case.model_validate(case)
        case _ if is_mapping_of(value, PROMETHEUS):
            assert all({"job_name", "static_configs"} <= set(s) for s in value["scrape_configs"])
        case _ if is_mapping_of(value, CLIENT_KEYS):
            check_client(tmp_path, yaml.safe_dump(around(value)))
        case _ if is_mapping_of(value, CASE_KEYS):
            Case.model_validate({"name": "one", "payload": {}, "expect": {"drop": "a"}} | value)
        case _ if example := settings_around(value):
            check_client(tmp_path, yaml.safe_dump(example))
        case dict():
            targets = MINIMAL["targets"]["registrations"] | {"map": value}  # type: ignore[index]
            check_client(tmp_path, yaml.safe_dump(MINIMAL | {"targets": {"crm": targets}}))
        case _:
            pytest.fail("this is no file of regbridge's, and no part of one")


def around(part: dict[str, Any]) -> dict[str, Any]:
    """Return a client file of which the block is a part."""
    needs = ENRICHING if "reconcile" in part and "plugins" not in part else {}
    return MINIMAL | needs | part


def settings_around(part: Any) -> dict[str, Any] | None:
    """Return the example of the plugin whose settings the block is a part of, with this part."""
    for plugin in declared(GROUP):
        model = plugin.load().settings_model
        keys = {field.alias or name for name, field in model.model_fields.items()}
        if is_mapping_of(part, keys):
            [example, *_] = examples_of(plugin.entry.name)
            for use in [*example.get("plugins", ()), *example.get("targets", {}).values()]:
                if isinstance(use, dict) and use["use"] == plugin.entry.name:
                    use["settings"] |= part
                    use.get("map", {}).update({f: {"value": "a"} for f in fields_of(part)})
            return around(example)
    return None


def fields_of(part: dict[str, Any]) -> list[str]:
    """Return the fields that a plugin wants in the map because of its settings."""
    parameters = part.get("parameters", ())
    free = [p["name"] for p in parameters if "value" not in p and "secret" not in p]
    lookups = part.get("lookups", {})
    feeds = [
        v
        for each in lookups.values()
        if isinstance(each.get("key"), dict)
        for v in each["key"].values()
    ]
    return [*free, *(name for name in lookups if name not in feeds), *feeds]


def examples_of(name: str) -> list[dict[str, Any]]:
    """Return the blocks of the reference of settings that use a plugin."""
    pages = ("docs/reference/settings.md",)
    read = [yaml.safe_load(b.text) for b in blocks("yaml") if b.page in pages]
    return [value for value in read if f"'use': '{name}'" in str(value)]


def check_client(folder: Path, text: str) -> None:
    (folder / "clients").mkdir()
    (folder / "base.yaml").write_text("time_zone: UTC\nplugins: [cvent-token]\n", encoding="utf-8")
    for name in re.findall(r"file: *([\w./-]+)", text):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"the secret in {name}", encoding="utf-8")
    write_plugins(folder / "clients", text)
    client = folder / "clients/apap.yaml"
    client.write_text(text, encoding="utf-8")
    build(load_client(folder, client)).close()


def write_plugins(folder: Path, text: str) -> None:
    """Write the plugins that a block uses beside its client file, as their pages show them."""
    for name in re.findall(r"use: *([\w-]+)\.py\b", text):
        class_name = "".join(part.title() for part in name.split("_"))
        [code] = [b.text for b in blocks("python") if f"class {class_name}(" in b.text]
        (folder / f"{name}.py").write_text(code, encoding="utf-8")


def check_host(folder: Path, text: str, value: dict[str, Any]) -> None:
    (folder / "base.yaml").write_text(text, encoding="utf-8")
    assert set(value["host"]) <= set(load_host(folder).config.model_fields_set)
    assert set(value["host"]) <= set(HostConfig.model_fields)
