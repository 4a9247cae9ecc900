"""The commands about the configuration: new-client, check, show-config, schema, plugins."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from regbridge import registry


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_new_client_passes_the_check(run: Callable[..., Any], client: Path) -> None:
    ran = run("check")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "acme: OK (0 events, 1 endpoint, 1 target, 1 case)\n"


def test_a_new_client_says_which_variable_holds_the_token(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run("new-client", "north-wind", "--path", "/hooks/in")
    assert "NORTH_WIND_CVENT_TOKEN" in ran.out
    ran = run("check")
    assert ran.status == 1
    assert "north-wind.yaml:12: endpoints.CventReg.tokens[0]" in ran.out
    assert "NORTH_WIND_CVENT_TOKEN is not set" in ran.out
    monkeypatch.setenv("NORTH_WIND_CVENT_TOKEN", "x")
    assert run("check").status == 0
    values = run("show-config", "north-wind", "--json").json["values"]
    assert values["endpoints"]["CventReg"]["path"] == "/hooks/in"


def test_a_new_client_overwrites_nothing(run: Callable[..., Any], client: Path) -> None:
    client.write_text("mine", encoding="utf-8")
    ran = run("new-client", "acme")
    assert ran.status == 1
    assert "acme.yaml: the file is there already" in ran.err
    assert client.read_text(encoding="utf-8") == "mine"


def test_a_second_client_leaves_base_yaml_alone(
    run: Callable[..., Any], configs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(configs / "base.yaml", "port: 8080", "port: 8081")
    assert run("new-client", "second").status == 0
    assert "port: 8081" in (configs / "base.yaml").read_text(encoding="utf-8")
    monkeypatch.setenv("SECOND_CVENT_TOKEN", "x")
    assert run("check").out.count(": OK") == 2


@pytest.mark.parametrize(
    "arguments", [("../up",), ("a b",), ("x.cases",), ("acme", "--path", "no-slash"), ()]
)
def test_a_name_or_path_that_cannot_be_is_a_usage_error(
    run: Callable[..., Any], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert run("new-client", *arguments).status == 2
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_plugin_is_found_with_its_line_and_the_nearest_name(
    run: Callable[..., Any], client: Path
) -> None:
    edit(client, "use: files", "use: filess")
    ran = run("check")
    assert ran.status == 1
    assert ran.out == (
        "error: configs/clients/acme.yaml:28: targets.registrations.use: no plugin 'filess'; "
        "did you mean 'files'?\n"
    )


def test_broken_yaml_is_found_with_its_line(run: Callable[..., Any], client: Path) -> None:
    edit(client, "endpoints:", "endpoints: [")
    ran = run("check")
    assert ran.status == 1
    assert "error: configs/clients/acme.yaml:" in ran.out
    assert "Traceback" not in ran.out + ran.err


def test_all_mistakes_of_all_files_are_found_at_once(
    run: Callable[..., Any], client: Path, configs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECOND_CVENT_TOKEN", "x")
    run("new-client", "second")
    run("new-client", "third")
    edit(client, "plugins:", "pluginz:")
    edit(configs / "base.yaml", "port: 8080", "port: eight")
    edit(configs / "clients" / "third.cases.yaml", "expect:", "expects:")
    found = run("check", "--json")
    assert found.status == 1
    clients = {each["client"]: each for each in found.json["clients"]}
    [base] = found.json["findings"]
    line = (configs / "base.yaml").read_text(encoding="utf-8").splitlines().index("  port: eight")
    assert base["where"] == f"configs/base.yaml:{line + 1}: host.port"
    assert "did you mean 'plugins'?" in str(clients["acme"]["findings"])
    assert clients["second"]["ok"]
    assert clients["second"]["counts"] == {"events": 0, "endpoints": 1, "targets": 1, "cases": 1}
    assert "THIRD_CVENT_TOKEN is not set" in str(clients["third"]["findings"])
    assert "third.cases.yaml" in str(clients["third"]["findings"])


def test_a_mistake_in_base_yaml_is_told_once(run: Callable[..., Any], configs: Path) -> None:
    (configs / "base.yaml").write_text("client: x\n", encoding="utf-8")
    ran = run("check")
    assert ran.status == 1
    assert ran.out.count("a client is named in its own file") == 1


def test_a_case_that_comes_out_otherwise_is_a_finding(
    run: Callable[..., Any], client: Path
) -> None:
    edit(client, "LastName: lastName", "LastName: firstName")
    ran = run("check")
    assert ran.status == 1
    assert "case 'a registration'" in ran.out
    assert ": OK" not in ran.out


def test_two_clients_cannot_share_a_path(
    run: Callable[..., Any], client: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECOND_CVENT_TOKEN", "x")
    run("new-client", "second", "--path", "/cvent/acme/CventReg")
    ran = run("check")
    assert ran.status == 1
    assert "acme: OK" in ran.out
    assert "acme.yaml already has an endpoint at /cvent/acme/CventReg" in ran.out


def test_check_takes_the_clients_that_are_named(run: Callable[..., Any], client: Path) -> None:
    run("new-client", "broken")  # its token is not set
    assert run("check", "acme").status == 0
    ran = run("check", "acne")
    assert ran.status == 1
    assert "no client 'acne'; did you mean 'acme'?" in ran.out


def test_check_online_tries_the_targets(run: Callable[..., Any], client: Path) -> None:
    edit(client, "path: delivered/", "path: ../configs/base.yaml/")
    ran = run("check", "--online")
    assert ran.status == 1
    assert "error: configs/clients/acme.yaml:27: targets.registrations" in ran.out


def test_check_without_a_client_says_how_to_make_one(run: Callable[..., Any], client: Path) -> None:
    for path in client.parent.iterdir():
        path.unlink()
    ran = run("check")
    assert ran.status == 0
    assert "regbridge new-client" in ran.out


def test_the_merged_configuration_holds_references_and_no_secrets(
    run: Callable[..., Any], client: Path
) -> None:
    ran = run("show-config", "acme")
    values = yaml.safe_load(ran.out)
    assert values["time_zone"] == "UTC"
    assert values["endpoints"]["CventReg"]["tokens"] == [{"env": "ACME_CVENT_TOKEN"}]
    assert "hunter2" not in ran.out
    assert "host" not in values


def test_every_value_says_where_it_comes_from(run: Callable[..., Any], client: Path) -> None:
    lines = run("show-config", "acme", "--origins").out.splitlines()
    assert 'configs/clients/acme.yaml:5: client: "acme"' in lines
    [zone] = [line for line in lines if line.endswith(': time_zone: "UTC"')]
    assert zone.startswith("configs/base.yaml:")
    figures = run("show-config", "acme", "--origins", "--json").json
    assert figures["origins"]["client"] == "configs/clients/acme.yaml:5"
    assert figures["fingerprint"] in lines[0]


def test_an_unknown_client_has_no_configuration(run: Callable[..., Any], client: Path) -> None:
    ran = run("show-config", "acne")
    assert (ran.status, ran.out) == (1, "")
    assert "did you mean 'acme'?" in ran.err


def test_the_schema_beside_the_configuration_accepts_a_new_client(
    run: Callable[..., Any], client: Path, configs: Path
) -> None:
    (configs / "regbridge.schema.json").unlink()
    assert run("schema").status == 0
    written = (configs / "regbridge.schema.json").read_text(encoding="utf-8")
    jsonschema.validate(yaml.safe_load(client.read_text(encoding="utf-8")), json.loads(written))
    assert json.loads(run("schema", "--output", "-").out) == json.loads(written)
    assert run("schema", "-o", "other.json").out == "Wrote other.json\n"


def test_the_plugins_say_what_they_do(run: Callable[..., Any]) -> None:
    found = {plugin["name"]: plugin for plugin in run("plugins", "--json").json}
    assert found["cvent-token"]["hooks"] == ["authenticate_request"]
    assert found["files"]["distribution"] == "regbridge"
    assert all(plugin["purpose"] and not plugin["error"] for plugin in found.values())
    table = run("plugins")
    assert table.status == 0
    assert all(plugin["purpose"] in table.out for plugin in found.values())


def test_a_plugin_that_does_not_load_is_listed_with_its_error(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = EntryPoint("broken", "regbridge_nowhere:Plugin", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [broken])
    ran = run("plugins")
    assert ran.status == 1
    assert "regbridge_nowhere" in ran.err
    assert run("plugins", "--json").json[0]["error"]
    schema = run("schema", "-o", "-")
    assert "regbridge_nowhere" in schema.err
    assert "$schema" in schema.json
