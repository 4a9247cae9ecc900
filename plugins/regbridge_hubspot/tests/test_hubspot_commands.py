"""`regbridge hubspot properties` and `simulate hubspot`, as somebody types them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from regbridge.testing.building import build_plugin
from regbridge_hubspot.commands import app
from regbridge_hubspot.deliver import Hubspot
from regbridge_hubspot.simulator import Credentials, HubspotSimulator, ObjectType, command, contacts

Print = Callable[..., str]
OWN = Credentials()


@pytest.fixture
def simulator() -> Iterator[HubspotSimulator]:
    with HubspotSimulator() as simulator:
        yield simulator


@pytest.fixture
def configs(simulator: HubspotSimulator, tmp_path: Path) -> Path:
    """A configuration whose target names the account and nothing else yet."""
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text("plugins: [cvent-token]\n", encoding="utf-8")
    (tmp_path / "key").write_text(OWN.service_key, encoding="utf-8")
    write(tmp_path, "apap", simulator.url)
    return tmp_path


def write(folder: Path, client: str, url: str) -> None:
    settings = {"url": url, "access_token": {"file": "key"}}
    values = {"client": client, "targets": {"crm": {"use": "hubspot", "settings": settings}}}
    text = yaml.safe_dump(values)
    (folder / "clients" / f"{client}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def printed(configs: Path) -> Print:
    def run(*arguments: str) -> str:
        words = ["properties", *arguments, "--configs", str(configs)]
        result = CliRunner().invoke(app, words)
        if result.exception and not isinstance(result.exception, SystemExit):
            return f"{type(result.exception).__name__}: {result.exception}"
        return result.output

    return run


def test_properties_and_a_block_to_begin_with_are_printed(printed: Print) -> None:
    said = printed("contacts")
    assert "contacts: 19 properties" in said
    assert "several of: art, law, tax" in said
    assert "hs_object_id" not in said
    assert "  id_property: cvent_contact_id\nmap:\n" in said
    assert "  firstname: firstName  # text\n" in said
    assert "  # registered_at: {from: EXPRESSION, format: '%Y-%m-%dT%H:%M:%S%z'}" in said


def test_the_block_makes_a_target_that_starts(printed: Print, simulator: HubspotSimulator) -> None:
    block = yaml.safe_load("settings:\n" + printed("2-4711").partition("settings:\n")[2])
    plugin = build_plugin(
        Hubspot,
        {"url": simulator.url, **block["settings"]},
        map=block["map"],
        secrets={"access_token": OWN.service_key},
    )
    assert plugin.settings.id_property == "cvent_invitee_id"
    assert block["map"]["cvent_event_id"] == "event.id"
    plugin.close()


def test_without_a_unique_property_its_name_is_left_to_write(configs: Path, printed: Print) -> None:
    plain = contacts()
    without = tuple(one for one in plain.properties if not one.unique)
    type_ = ObjectType(plain.names, plain.type_id, plain.scope, without, is_contact=True)
    with HubspotSimulator([type_]) as simulator:
        write(configs, "apap", simulator.url)
        said = printed("contacts")
    assert "# id_property: NAME  # make a property with unique values; email is the second" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["contacts", "--client", "nobody"], "the client nobody has no target with use: hubspot"),
        (["companies"], "HubSpot does not answer this question (VALIDATION_ERROR)"),
        (["../../oauth"], "HubSpot has no such object type"),
    ],
)
def test_what_cannot_be_printed_is_told_in_words(
    printed: Print, arguments: list[str], said: str
) -> None:
    assert said in printed(*arguments)


def test_of_several_clients_one_has_to_be_named(
    configs: Path, printed: Print, simulator: HubspotSimulator
) -> None:
    write(configs, "naspl", simulator.url)
    assert "name one by --client: apap, naspl" in printed("contacts")
    assert "19 properties" in printed("contacts", "--client", "naspl")


def test_where_nobody_uses_hubspot_it_says_so(configs: Path, printed: Print) -> None:
    (configs / "clients" / "apap.yaml").unlink()
    assert "no client uses hubspot" in printed("contacts")


def test_the_simulator_says_how_to_get_in_and_then_what_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def deliver() -> None:
        url = said_so_far().partition("url:")[2].split()[0]
        plugin = build_plugin(
            Hubspot,
            {"url": url, "id_property": "cvent_contact_id"},
            secrets={"access_token": OWN.service_key},
        )
        plugin.check_connection(plugin.context.target)  # type: ignore[arg-type]
        plugin.close()

    lines: list[str] = []

    def said_so_far() -> str:
        return "\n".join(lines)

    monkeypatch.setattr(command, "say", lines.append)
    monkeypatch.setattr(command, "wait_for_stop", deliver)
    own: Any = typer.Typer()
    own.command()(command.simulate)
    assert CliRunner().invoke(own, ["--all-or-nothing"]).exit_code == 0
    said = said_so_far()
    assert f"access token:  {OWN.service_key}" in said
    assert "object type:   contacts (0-1), known by email, cvent_contact_id" in said
    assert "3 calls:" in said
    assert "0 records of registrations" in said
