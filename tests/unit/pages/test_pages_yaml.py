"""Every block of YAML on a page is what it looks like: a client file, a part of one, cases."""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import promql_parser
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from docs.generate.distributions import declared
from pydantic import TypeAdapter
from tests.page_blocks import Block, blocks, each_block

from regbridge import Plugin
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
    if "SIGNING" in name or "HOOK_SECRET" in name:
        return "whsec_" + base64.b64encode(name.encode().ljust(32)[:32]).decode()
    if "KEY" in name:
        return base64.b64encode(name.encode().ljust(32)[-32:]).decode()
    if "DATABASE" in name:
        return "postgresql+psycopg://u:p@db.example.org/regbridge"
    if name == "SALESFORCE_URL":
        return "https://contoso.my.salesforce.com"
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
        case _ if types := settings_of(value):
            write_secrets(tmp_path, block.text)
            for key, part in value.items():
                TypeAdapter(types[key]).validate_python(part, context={"folder": tmp_path})
        case dict():
            targets = MINIMAL["targets"]["registrations"] | {"map": value}  # type: ignore[index]
            check_client(tmp_path, yaml.safe_dump(MINIMAL | {"targets": {"crm": targets}}))
        case _:
            pytest.fail("this is no file of regbridge's, and no part of one")


def around(part: dict[str, Any]) -> dict[str, Any]:
    """Return a client file of which the block is a part."""
    needs = ENRICHING if "reconcile" in part and "plugins" not in part else {}
    return MINIMAL | needs | part


def settings_of(part: Any) -> dict[str, Any]:
    """Return the types of the settings that the block is a part of, by their names in YAML."""
    for plugin in declared(GROUP):
        fields = plugin.load().settings_model.model_fields.items()
        named = {field.alias or name: field for name, field in fields}
        if is_mapping_of(part, set(named)):
            return {
                key: Annotated[named[key].annotation, *named[key].metadata, "of a page"]
                for key in part
            }
    return {}


def write_secrets(folder: Path, text: str) -> None:
    """Write the files that secrets are in: a key in PEM where one is named, else a text."""
    for name in re.findall(r"file: *([\w./-]+)", text):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        secret = private_key() if name.endswith((".key", ".pem")) else f"the secret in {name}"
        (folder / name).write_text(secret, encoding="utf-8")


@cache
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key.private_bytes(*form).decode()


def check_client(folder: Path, text: str) -> None:
    (folder / "clients").mkdir()
    (folder / "base.yaml").write_text("time_zone: UTC\nplugins: [cvent-token]\n", encoding="utf-8")
    write_secrets(folder, text)
    write_plugins(folder / "clients", text)
    client = folder / "clients/apap.yaml"
    client.write_text(text, encoding="utf-8")
    build(load_client(folder, client), given=beside()).close()


def beside() -> dict[str, type[Plugin]]:
    """Return the plugins that are distributions of their own, which may not be installed."""
    return {
        plugin.entry.name: plugin.load()
        for plugin in declared(GROUP)
        if plugin.distribution != "regbridge"
    }


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
