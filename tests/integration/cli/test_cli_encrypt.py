"""`regbridge encrypt`, and what other commands say about keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from regbridge.testing.payloads import encode, sync

Run = Callable[..., Any]


@pytest.fixture
def keys(run: Run, configs: Path) -> Callable[..., None]:
    """Names keys in base.yaml, each made when it is first named."""

    def name(*names: str, writes: bool = True) -> None:
        base = yaml.safe_load((configs / "base.yaml").read_text(encoding="utf-8"))
        for each in names:
            file = configs / each
            if not file.exists():
                file.write_text(run("secret", "random").out, encoding="utf-8")
        given = [{"file": each} for each in names]
        base["host"]["encryption"] = {"keys": given, "writes": writes} if names else None
        if not names:
            del base["host"]["encryption"]
        (configs / "base.yaml").write_text(yaml.safe_dump(base), encoding="utf-8")

    return name


def states(ran: Any) -> list[tuple[str, int | None]]:
    return [(key["state"], key["values"]) for key in ran.json["keys"]]


def test_everything_is_encrypted_rotated_and_decrypted_again(
    run: Run, keys: Callable[..., None], process: Callable[..., None]
) -> None:
    process(encode(sync(3)))
    keys("first")
    assert states(run("encrypt", "--count", "--json")) == [("not encrypted", 7)]

    ran = run("encrypt", "--json")
    assert (ran.status, ran.json["rows"], ran.json["damaged"]) == (0, 7, 0)
    assert states(ran) == [("not encrypted", 0), ("encrypts", 7)]

    keys("second", "first")
    ran = run("encrypt")
    assert ran.status == 0
    assert "Written anew: rows 7." in ran.out
    assert "take it out of host.encryption.keys" in ran.out
    keys("second")
    assert "can go" not in run("encrypt", "--count").out

    keys("second", writes=False)
    assert states(run("encrypt", "--json")) == [("not encrypted", 7), ("can go", 0)]
    keys()
    assert "Encryption" not in run("status").out
    assert "Amara Achterberg" in run("show", "AH2UDJKKCL4").out


def test_a_key_that_is_missing_stops_every_command_and_the_host(
    run: Run, keys: Callable[..., None], process: Callable[..., None]
) -> None:
    keys("first")
    process(encode(sync(1)))
    keys("second")

    for command in (["status"], ["show", "AH2UDJKKCL4"], ["encrypt"], ["serve", "--port", "0"]):
        ran = run(*command)
        assert ran.status == 1
        assert "error: host.encryption.keys: the ledger has values that are encr" in ran.err
        assert "add the key again, after the first one" in ran.err

    keys("second", "first")
    assert "AH2UDJKKCL4" in run("show", "AH2UDJKKCL4").out


def test_status_says_how_many_values_are_under_which_key(
    run: Run, keys: Callable[..., None], process: Callable[..., None]
) -> None:
    keys("first")
    process(encode(sync(1)))
    [before] = run("status", "--json").json["encryption"]
    assert (before["state"], before["values"], before["counted_at"]) == ("encrypts", None, None)

    run("encrypt", "--count")

    [after] = run("status", "--json").json["encryption"]
    assert (after["key"], after["state"], after["values"]) == (before["key"], "encrypts", 3)
    assert after["counted_at"]
    assert "Encryption: values by their keys" in run("status").out


@pytest.mark.parametrize("options", [[], ["--count"]])
def test_without_keys_it_says_that_there_are_none(
    run: Run, process: Callable[..., None], options: list[str]
) -> None:
    process(encode(sync(1)))

    ran = run("encrypt", *options)

    assert ran.status == 1
    assert "host.encryption has no keys" in ran.err


def test_before_anything_arrived_there_is_nothing_to_do(
    run: Run, keys: Callable[..., None]
) -> None:
    keys("first")
    ran = run("encrypt")
    assert ran.status == 0
    assert "nothing received yet" in ran.out


def test_a_restore_reads_what_was_encrypted_and_forgets_nobody_but_who_was_forgotten(
    run: Run, keys: Callable[..., None], process: Callable[..., None], configs: Path
) -> None:
    keys("first")
    process(encode(sync(2)))
    backup = run("backup", "--json").json["file"]
    gone = run("forget", "amara.achterberg.1@example.org", "--because", "a letter")
    assert gone.status == 0

    assert run("restore", backup, "--yes").status == 0

    assert "Amara" not in run("show", "--receipt", "1", "--body").out
    assert "Bellweather" in run("show", "--receipt", "1", "--body").out


def test_a_backup_whose_key_is_missing_is_not_restored(
    run: Run, keys: Callable[..., None], process: Callable[..., None], configs: Path
) -> None:
    keys("first")
    process(encode(sync(1)))
    backup = run("backup", "--json").json["file"]
    before = (configs / "regbridge.db").read_bytes()
    keys("second")

    ran = run("restore", backup, "--yes")

    assert ran.status == 1
    assert "the ledger has values that are encrypted by the key" in ran.err
    assert (configs / "regbridge.db").read_bytes() == before
