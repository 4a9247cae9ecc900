"""`regbridge deploy` as an administrator uses it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from regbridge.cli.deploy import deploy
from regbridge.deploy.variables import read_variables

Run = Callable[..., Any]

ROOT = Path(__file__).parents[3]
REFERENCE = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
COMMANDS: dict[str, Any] = dict(typer.main.get_command(deploy).commands)  # type: ignore[attr-defined]
SERVER = ("--server-name", "hooks.example.org")
WINDOWS = ("--program", "C:\\regbridge\\regbridge.exe", "--configs-there", "C:\\regbridge\\configs")
LINUX = ("--program", "/opt/regbridge/bin/regbridge", "--configs-there", "/srv/configs")
KINDS = {
    "iis": (*SERVER, *WINDOWS),
    "windows-service": WINDOWS,
    "systemd": (*SERVER, *LINUX),
}
VARIABLES = {
    "iis": "site/web.config",
    "windows-service": "regbridge.xml",
    "systemd": "regbridge.env",
}


@pytest.fixture
def base(configs: Path) -> Path:
    """The base file of a host behind a proxy on the same machine."""
    path = configs / "base.yaml"
    text = path.read_text(encoding="utf-8").replace(
        "port: 8080", "port: 8080\n  trusted_proxy: 127.0.0.1"
    )
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_are_written_before_any_secret_is_there(
    run: Run, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.delenv("ACME_CVENT_TOKEN")
    ran = run("deploy", kind, "out", *KINDS[kind])
    assert (ran.status, ran.err) == (0, "")
    assert read_variables(tmp_path / "out" / VARIABLES[kind]) == {"ACME_CVENT_TOKEN": ""}
    for line in re.findall(r"^Wrote (.+)$", ran.out, re.MULTILINE):
        assert (tmp_path / line).is_file()
    assert "What next:\n1. " in ran.out


@pytest.mark.parametrize("kind", KINDS)
def test_secrets_are_asked_for_and_stay_when_the_files_are_written_anew(
    run: Run, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    secret = "a&b \"<'\\ $x"
    monkeypatch.setattr(typer, "prompt", lambda name, **_: secret)
    file = str(tmp_path / "out" / VARIABLES[kind])
    run("deploy", kind, "out", *KINDS[kind])
    ran = run("deploy", "secrets", file)
    assert (ran.status, ran.out) == (0, "Wrote ACME_CVENT_TOKEN.\n")
    run("new-client", "other")
    run("deploy", kind, "out", *KINDS[kind])
    expected = {"ACME_CVENT_TOKEN": secret, "OTHER_CVENT_TOKEN": ""}
    assert read_variables(Path(file)) == expected
    monkeypatch.setattr(typer, "prompt", lambda name, **_: name.lower())
    assert run("deploy", "secrets", file).out == "Wrote OTHER_CVENT_TOKEN.\n"
    assert read_variables(Path(file)) == expected | {"OTHER_CVENT_TOKEN": "other_cvent_token"}


def test_a_secret_is_changed_by_its_name_and_kept_when_nothing_is_entered(
    run: Run, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "regbridge.env"
    file.write_text('A="1"\nB="2"\n', encoding="utf-8")
    monkeypatch.setattr(typer, "prompt", lambda name, **_: "")
    assert run("deploy", "secrets", str(file), "A").out == "Wrote nothing.\n"
    monkeypatch.setattr(typer, "prompt", lambda name, **_: "3")
    run("deploy", "secrets", str(file), "B")
    assert file.read_text(encoding="utf-8") == 'A="1"\nB="3"\n'
    wrong = run("deploy", "secrets", str(file), "C")
    assert (wrong.status, "no variable C" in wrong.err) == (1, True)
    assert run("deploy", "secrets", "nowhere.env").status == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_the_rights_of_a_file_with_secrets_stay(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "regbridge.env"
    file.write_text("A=\n", encoding="utf-8")
    file.chmod(0o640)
    monkeypatch.setattr(typer, "prompt", lambda name, **_: "3")
    run("deploy", "secrets", str(file))
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_command_begins_with_the_variables_of_the_service(
    run: Run, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_CVENT_TOKEN", "")
    file = tmp_path / "regbridge.env"
    file.write_text("ACME_CVENT_TOKEN=hunter2hunter2\n", encoding="utf-8")
    assert run("check").status == 1
    assert run("--variables", str(file), "check").status == 0
    assert run("--variables", "nowhere.env", "check").status == 1


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("iis", "out", "--server-name", "https://x.org", *WINDOWS), "without https://"),
        (("iis", "out", *SERVER, *WINDOWS, "--name", "Reg Bridge"), "small letters"),
        (("iis", "out", *SERVER, *WINDOWS, "--inside", "10.0.0.0/40"), "no network"),
        (("iis", "out", *SERVER, *WINDOWS, "--inside", "fd00::/8"), "IPv4 networks alone"),
        (("systemd", "out", *SERVER, *LINUX, "--port", "0"), "--port"),
        (("systemd", "out", *LINUX), "has to be said the first time"),
    ],
)
def test_a_wrong_option_is_a_usage_error_and_nothing_is_written(
    run: Run, base: Path, tmp_path: Path, arguments: tuple[str, ...], found: str
) -> None:
    ran = run("deploy", *arguments)
    assert (ran.status, found in ran.err) == (2, True), ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_answered_once_need_not_be_said_again(
    run: Run, base: Path, tmp_path: Path, kind: str
) -> None:
    inside = ("--inside", "10.1.2.3/8", "--port", "8443") if kind != "windows-service" else ()
    run("deploy", kind, "out", *KINDS[kind], *inside)
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    ran = run("deploy", kind, "out")
    assert (ran.status, ran.err) == (0, "")
    assert {path: path.read_bytes() for path in before} == before
    run("deploy", kind, "out", "--name", "cvent")
    assert json.loads((tmp_path / "out/answers.json").read_bytes())["name"] == "cvent"


def test_answers_that_are_no_json_are_told(run: Run, base: Path, tmp_path: Path) -> None:
    (tmp_path / "answers.json").write_text("{", encoding="utf-8")
    ran = run("deploy", "iis", ".")
    assert (ran.status, "no JSON" in ran.err) == (1, True)


@pytest.mark.parametrize("kind", ["iis", "systemd"])
def test_a_proxy_that_nobody_trusts_is_told_and_nothing_is_written(
    run: Run, configs: Path, tmp_path: Path, kind: str
) -> None:
    ran = run("deploy", kind, "out", *KINDS[kind])
    assert ran.status == 1
    assert "write `trusted_proxy: 127.0.0.1` under `host:`" in ran.err
    assert not (tmp_path / "out").exists()


def test_files_for_another_kind_of_machine_need_its_places(
    run: Run, base: Path, tmp_path: Path
) -> None:
    ran = run("deploy", "iis", "out", *SERVER)
    assert ran.status == 1
    assert "--program and --configs-there" in ran.err


@pytest.mark.parametrize("command", ["serve", "work"])
def test_the_log_goes_into_a_file(
    run: Run, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("regbridge.cli.serve.wait_for", lambda stop: None)
    monkeypatch.setattr("regbridge.cli.serve.hear_of_stops", lambda: None)
    run("upgrade")
    port = ("--port", "0") if command == "serve" else ()
    ran = run(command, *port, "--log-file", str(tmp_path / "logs/a.log"))
    assert (ran.status, ran.err) == (0, "")
    lines = (tmp_path / "logs/a.log").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in lines][-1] == "stopped"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_has_every_option_with_its_default(name: str) -> None:
    _, _, rest = REFERENCE.partition(f"\n### deploy {name}\n")
    rows = re.findall(r"^\| (`.+?) \| (.*?) \|", rest.partition("\n#")[0], re.MULTILINE)
    documented = [re.findall("`([^`]+)`", cell)[0] for cell, _ in rows]
    parameters = COMMANDS[name].params
    assert documented == [
        each.opts[0] if each.param_type_name == "option" else each.name.upper()
        for each in parameters
    ]
    assert [default == "required" for _, default in rows] == [each.required for each in parameters]
