"""`regbridge rotate-token`: from the new token to the old one's end, without a refused message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from regbridge.host import Address, Host
from regbridge.sender import Sender
from regbridge.testing import payloads

OLD = "hunter2hunter2"
PATH = "/cvent/acme/CventReg"
ROTATE = ("rotate-token", "acme", "CventReg")
Run = Callable[..., Any]


@contextmanager
def serving(configs: Path) -> Iterator[Host]:
    """Run the service, as after a restart."""
    host = Host(configs, worker=False, address=Address("127.0.0.1", 0))
    host.start()
    try:
        yield host
    finally:
        host.stop()


def post(host: Host, token: str) -> int:
    body = payloads.encode(payloads.live("InviteeOrGuestAccepted", payloads.registrant(1)))
    with Sender(host.url + PATH, token) as cvent:
        return cvent.send(body).status


def replace(client: Path, old: str, new: str) -> None:
    text = client.read_text(encoding="utf-8")
    assert old in text
    client.write_text(text.replace(old, new), encoding="utf-8")


def test_the_whole_way_from_an_old_token_to_a_new_one(
    run: Run, configs: Path, client: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = run(*ROTATE)
    [new] = re.findall(r"^    (\w{48})$", made.out, re.MULTILINE)
    assert "ACME_CVENT_TOKEN_2" in made.out
    assert "clients/acme.yaml:" in made.out
    assert "(a) put the new token in the place of the old one" in made.out
    assert "(b) validate it" in made.out
    assert new not in client.read_text(encoding="utf-8")

    with serving(configs) as host:
        assert post(host, OLD) == 200
    replace(client, "tokens:\n", "tokens:\n      - env: ACME_CVENT_TOKEN_2\n")
    monkeypatch.setenv("ACME_CVENT_TOKEN_2", new)
    checked = run(*ROTATE, "--check")
    assert (checked.status, "does not take env ACME_CVENT_TOKEN_2 yet" in checked.out) == (1, True)

    with serving(configs) as host:
        assert post(host, OLD) == 200
    assert "Nobody has used env ACME_CVENT_TOKEN_2 yet" in run(*ROTATE, "--check").out

    with serving(configs) as host:
        assert post(host, new) == 200
    checked = run(*ROTATE, "--check")
    assert checked.status == 0
    assert "take env ACME_CVENT_TOKEN out" in checked.out
    assert "Tokens of endpoints that take several" in run("status").out

    replace(client, "      - env: ACME_CVENT_TOKEN\n", "")
    monkeypatch.delenv("ACME_CVENT_TOKEN")
    with serving(configs) as host:
        assert post(host, new) == 200
        assert post(host, OLD) == 401
    assert "none is being replaced" in run(*ROTATE, "--check").out
    assert "Tokens of endpoints" not in run("status").out
    [refused] = run("status", "--json").json["refused"]
    assert (refused["cause"], refused["by_cvent"]) == ("wrong token", True)


def test_a_token_in_a_file_gets_a_file_beside_it_and_is_not_shown(
    run: Run, configs: Path, client: Path
) -> None:
    (configs / "secrets").mkdir()
    (configs / "secrets/acme.txt").write_text(OLD, encoding="utf-8")
    replace(client, "env: ACME_CVENT_TOKEN", "file: secrets/acme.txt")

    made = run(*ROTATE)

    token = (configs / "secrets/acme-2.txt").read_text(encoding="utf-8").strip()
    assert len(token) == 48
    assert token not in made.out
    assert "- file: secrets/acme-2.txt" in made.out
    again = run(*ROTATE)
    assert again.status == 1
    assert "a rotation was begun" in again.err
    assert (configs / "secrets/acme-2.txt").read_text(encoding="utf-8").strip() == token


def test_a_rotation_that_is_under_way_is_not_begun_again(run: Run, client: Path) -> None:
    replace(client, "tokens:\n", "tokens:\n      - env: ACME_CVENT_TOKEN_2\n")

    again = run(*ROTATE)

    assert again.status == 1
    assert "takes 2 tokens already" in again.err
    assert "--check" in again.err


def test_scripts_get_json(run: Run, configs: Path) -> None:
    made = run(*ROTATE, "--json").json
    assert (made["old"], made["new"]) == (
        {"env": "ACME_CVENT_TOKEN"},
        {"env": "ACME_CVENT_TOKEN_2"},
    )
    assert len(made["token"]) == 48

    checked = run(*ROTATE, "--check", "--json").json
    assert checked["done"] is True
    assert [row["token"] for row in checked["tokens"]] == ["env ACME_CVENT_TOKEN"]


@pytest.mark.parametrize(
    ("windows", "says"), [(True, "SetEnvironmentVariable"), (False, "EnvironmentFile")]
)
def test_the_steps_are_those_of_the_machine(
    run: Run, configs: Path, monkeypatch: pytest.MonkeyPatch, windows: bool, says: str
) -> None:
    monkeypatch.setattr("regbridge.cli.rotate_token.WINDOWS", windows)

    assert says in run(*ROTATE).out
