"""What a configuration needs is read before its secrets are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.deploy.conftest import Write

from regbridge import ConfigError
from regbridge.deploy.fitting import trusts
from regbridge.deploy.needs import Needs, read_needs


def test_the_variables_are_those_that_secrets_are_read_from(needs: Needs) -> None:
    assert needs.variables == ("APAP_TOKEN", "APAP_TOKEN_OLD", "APAP_SECRET", "ALERTS_URL")


def test_the_paths_limits_and_the_ledger_are_found(needs: Needs) -> None:
    assert needs.paths == ("/cvent/apap/CventReg", "/cvent/apap/CventReg/inner")
    assert (needs.address, needs.port, needs.body_limit) == ("127.0.0.1", 8080, 100_000_000)
    assert needs.ledger == needs.folder / "regbridge.db"
    assert needs.identity_header is None


def test_what_the_console_and_the_database_say_is_read_without_their_secrets(write: Write) -> None:
    needs = read_needs(
        write(
            "host:\n"
            "  body_limit: 50MB\n"
            "  trusted_proxy: 127.0.0.1\n"
            "  database: {env: REGBRIDGE_DATABASE}\n"
            "  console: {identity_header: X-Who, act: [anna], password: {env: CONSOLE}}\n"
        )
    )
    assert needs.body_limit == 50_000_000
    assert needs.ledger is None
    assert (needs.identity_header, needs.has_passwords) == ("X-Who", True)
    assert {"REGBRIDGE_DATABASE", "CONSOLE"} <= set(needs.variables)


def test_a_ledger_elsewhere_is_found_there(write: Write) -> None:
    needs = read_needs(write("host: {database: sqlite:////srv/ledger/a.db}"))
    assert needs.ledger == Path("/srv/ledger/a.db")


@pytest.mark.parametrize(
    ("base", "client", "found"),
    [
        ("host: {port: many}", "", "base.yaml:1: host.port"),
        ("host: 7", "", "base.yaml:1: host"),
        ("time_zone: UTC", "endpoints: {a: {path: 'cvent here'}}", "apap.yaml:1: endpoints.a.path"),
        ("time_zone: UTC", "endpoints: {a: {}}", "apap.yaml:1: endpoints.a.path"),
        ("time_zone: UTC", "endpoints: [", "apap.yaml:1"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    write: Write, base: str, client: str, found: str
) -> None:
    with pytest.raises(ConfigError, match=found.replace("[", r"\[")):
        read_needs(write(base, client))


def test_a_folder_without_base_yaml_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="regbridge new-client"):
        read_needs(tmp_path)


@pytest.mark.parametrize(
    ("proxies", "address", "trusted"),
    [
        (("127.0.0.1",), "127.0.0.1", True),
        (("10.0.0.0/8", "127.0.0.0/8"), "127.0.0.1", True),
        (("10.0.0.5",), "127.0.0.1", False),
        ((), "127.0.0.1", False),
        (("proxy",), "proxy", True),
    ],
)
def test_a_proxy_is_trusted_by_its_address_or_its_network(
    needs: Needs, proxies: tuple[str, ...], address: str, trusted: bool
) -> None:
    assert trusts(replace(needs, proxies=proxies), address) is trusted
