"""The configuration that is shipped: it loads, its cases pass, an editor marks nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from regbridge.cases import run_cases
from regbridge.config.case_file import cases_path, read_cases
from regbridge.config.json_schema import client_schema
from regbridge.config.loader import client_paths, load_client, load_host
from regbridge.config.yaml_file import read_yaml
from regbridge.registry import build, installed

CONFIGS = Path(__file__).parents[3] / "configs"
SHIPPED = [CONFIGS / "base.yaml", *client_paths(CONFIGS)]


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_CVENT_TOKEN", "a token")
    monkeypatch.setenv("EXAMPLE_CVENT_URL", "https://api-platform.cvent.com/ea")
    monkeypatch.setenv("APAP_CVENT_TOKEN", "another token")
    monkeypatch.setenv("APAP_CVENT_URL", "https://api-platform.cvent.com/ea")
    monkeypatch.setenv("APAP_PROTECH_URL", "https://crm.example.org/APAP_UpdateMember.asmx")
    monkeypatch.setenv("DYNAMICS_CVENT_TOKEN", "a third token")
    monkeypatch.setenv("DYNAMICS_URL", "https://contoso.crm.dynamics.com")
    monkeypatch.setenv("DYNAMICS_AUTHORITY", "https://login.microsoftonline.com")
    monkeypatch.setenv("DYNAMICS_TENANT", "contoso.onmicrosoft.com")
    monkeypatch.setenv("DYNAMICS_CLIENT_ID", "7d0b0c0e-5b1d-4a6f-9a3e-2f1c7c1f4b02")
    monkeypatch.setenv("DYNAMICS_CLIENT_SECRET", "a secret")
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"EXAMPLE_CVENT_{name}", "a secret")
        monkeypatch.setenv(f"APAP_CVENT_{name}", "a secret")


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    return Draft202012Validator(
        client_schema({name: entry.load() for name, entry in installed().items()})
    )


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_file_fits_the_schema(schema: Draft202012Validator, path: Path) -> None:
    assert list(schema.iter_errors(read_yaml(path).value)) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_file_names_the_schema_on_its_first_line(path: Path) -> None:
    line = path.read_text(encoding="utf-8").splitlines()[0]
    prefix, _, name = line.partition("=")
    assert prefix == "# yaml-language-server: $schema"
    assert (path.parent / name).resolve() == CONFIGS / "regbridge.schema.json"


def test_a_misspelt_key_in_a_shipped_file_does_not_fit(schema: Draft202012Validator) -> None:
    values = read_yaml(CONFIGS / "clients" / "example.yaml").value
    values["targets"]["registrations"]["map"]["Email"]["max_lenght"] = 5
    assert list(schema.iter_errors(values))


def test_the_documented_host_settings_are_the_defaults() -> None:
    host = load_host(CONFIGS)
    assert host.config == type(host.config)()


@pytest.mark.parametrize("path", client_paths(CONFIGS), ids=lambda path: path.name)
def test_a_shipped_client_starts_and_its_cases_pass(path: Path) -> None:
    client_file = load_client(CONFIGS, path)
    pipeline = build(client_file)
    try:
        assert run_cases(client_file, pipeline) == []
    finally:
        pipeline.close()
    assert len(read_cases(cases_path(path))) >= 6
