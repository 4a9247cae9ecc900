"""The addresses and networks that base.yaml and a client file name."""

from __future__ import annotations

from pathlib import Path

import pytest

from regbridge.addresses import network_of
from regbridge.checks import check_folder
from regbridge.config.loader import load_host
from regbridge.errors import ConfigError

CLIENT = """
client: apap
endpoints:
  CventReg: {{path: /a, tokens: [{{env: APAP_TOKEN}}], {endpoint}}}
targets: {{file: {{use: files, settings: {{path: a.jsonl}}, map: {{A: email}}}}}}
"""


def host(folder: Path, text: str) -> None:
    (folder / "base.yaml").write_text(f"host: {text}\nplugins: [cvent-token]\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ('"10.0.0.5"', ["10.0.0.5"]),
        ("10.0.0.5", ["10.0.0.5"]),
        ("10.0.0.0/8", ["10.0.0.0/8"]),
        ('"::1"', ["::1"]),
        ("[10.0.0.5, 192.168.0.0/16]", ["10.0.0.5", "192.168.0.0/16"]),
        ("[127.0.0.1, '::1', 'fd00::/8']", ["127.0.0.1", "::1", "fd00::/8"]),
    ],
)
def test_a_proxy_is_an_address_or_a_network_or_several(
    tmp_path: Path, text: str, networks: list[str]
) -> None:
    host(tmp_path, f"{{trusted_proxy: {text}, allow_from: {text}}}")

    config = load_host(tmp_path).config

    assert config.trusted_proxy == tuple(network_of(each) for each in networks)
    assert config.allow_from == config.trusted_proxy


def test_nobody_is_trusted_and_all_are_let_in_unless_it_is_said(tmp_path: Path) -> None:
    host(tmp_path, "{}")

    config = load_host(tmp_path).config

    assert (config.trusted_proxy, config.allow_from) == ((), None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("localhost", "names are not looked up"),
        ("'*'", "neither an address nor a network"),
        ("10.0.0.5/8", "write 10.0.0.0/8"),
        ("[10.0.0.5, here]", "'here' is neither"),
        ("[]", "an empty list names nobody"),
        ("10", "write it in quotes"),
        ("{a: b}", "write it in quotes"),
    ],
)
@pytest.mark.parametrize("key", ["trusted_proxy", "allow_from"])
def test_what_is_no_network_is_refused_with_its_place(
    tmp_path: Path, key: str, text: str, says: str
) -> None:
    host(tmp_path, f"{{{key}: {text}}}")

    with pytest.raises(ConfigError) as refused:
        load_host(tmp_path)

    assert says in str(refused.value)
    assert f"host.{key}" in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "endpoint", "places"),
    [
        ("{allow_from: 10.0.0.0/8}", "", ["host.allow_from"]),
        ("{}", "allow_from: 10.0.0.0/8", ["endpoints.CventReg.allow_from"]),
        ("{trusted_proxy: 127.0.0.1, allow_from: 10.0.0.0/8}", "allow_from: 10.0.0.0/8", []),
        ("{address: 0.0.0.0, allow_from: 10.0.0.0/8}", "", []),
    ],
)
def test_check_warns_of_lists_that_would_see_the_proxy_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: str,
    endpoint: str,
    places: list[str],
) -> None:
    monkeypatch.setenv("APAP_TOKEN", "long-enough-token")
    host(tmp_path, settings)
    (tmp_path / "clients").mkdir()
    client = CLIENT.format(endpoint=endpoint)
    (tmp_path / "clients/apap.yaml").write_text(client, encoding="utf-8")

    base, [checked] = check_folder(tmp_path)

    findings = [*base, *checked.findings]
    assert [finding.where.rpartition(" ")[2] for finding in findings] == places
    assert all("trusted_proxy" in finding.remedy for finding in findings)
    assert checked.is_ok


@pytest.mark.parametrize(
    ("token", "says"),
    [("x" * 11, "fewer than 12 characters"), ("x" * 150, "longer than the 149 characters")],
)
def test_check_warns_of_a_token_that_is_easily_guessed_or_too_long_for_cvent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str, says: str
) -> None:
    monkeypatch.setenv("APAP_TOKEN", token)
    host(tmp_path, "{}")
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients/apap.yaml").write_text(CLIENT.format(endpoint=""), encoding="utf-8")

    _, [checked] = check_folder(tmp_path)

    [finding] = checked.findings
    assert says in finding.message
    assert "regbridge rotate-token apap CventReg" in finding.remedy
    assert token not in str(finding)
    assert checked.is_ok
