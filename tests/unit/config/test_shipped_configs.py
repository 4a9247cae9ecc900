"""The configuration that is shipped: it loads, its cases pass, an editor marks nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.simulated import set_shipped_environment

from regbridge.cases import run_cases
from regbridge.config.case_file import cases_path, read_cases
from regbridge.config.json_schema import client_schema
from regbridge.config.loader import client_paths, load_client, load_host
from regbridge.config.yaml_file import read_yaml
from regbridge.registry import build, installed

CONFIGS = Path(__file__).parents[3] / "configs"
SHIPPED = [CONFIGS / "base.yaml", *client_paths(CONFIGS)]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    set_shipped_environment(monkeypatch, "https://api-platform.cvent.com/ea")


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
