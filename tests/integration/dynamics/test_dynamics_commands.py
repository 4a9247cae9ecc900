"""`regbridge dynamics describe`, as somebody types it who writes a client file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.integration.dynamics.delivery import settings_for
from typer.testing import CliRunner

from regbridge.cli import app, main
from regbridge.config.loader import load_client
from regbridge.registry import build
from regbridge_dynamics.simulator import DataverseSimulator

Describe = Callable[..., str]


@pytest.fixture
def configs(simulator: DataverseSimulator, tmp_path: Path) -> Path:
    """A configuration whose target names the environment and nothing else yet."""
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text("plugins: [cvent-token]\n", encoding="utf-8")
    write(tmp_path, "apap", settings_for(simulator, tmp_path, table=None, key=None))
    return tmp_path


def write(folder: Path, client: str, settings: dict[str, Any], **target: Any) -> None:
    text = yaml.safe_dump(
        {
            "client": client,
            "endpoints": {"reg": {"path": f"/{client}", "tokens": [{"env": "PATH"}]}},
            "targets": {"staging": {"use": "dynamics", "settings": settings, **target}},
        }
    )
    (folder / "clients" / f"{client}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def describe(configs: Path) -> Iterator[Describe]:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(
            app, ["dynamics", "describe", *arguments, "--configs", str(configs)]
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            return f"{type(result.exception).__name__}: {result.exception}"
        return result.output

    yield run


def test_columns_keys_and_a_block_to_begin_with_are_printed(describe: Describe) -> None:
    said = describe("new_registrationstaging")
    assert "new_registrationstaging (new_registrationstagings)" in said
    assert "one of: Accepted, Cancelled, Waitlisted" in said
    assert "new_inviteeevent" in said
    assert "settings:\n  table: new_registrationstaging\n" in said


def test_the_block_makes_a_target_that_starts(
    describe: Describe, simulator: DataverseSimulator, configs: Path
) -> None:
    said = describe("new_registrationstaging", "--client", "apap")
    block = yaml.safe_load("settings:\n" + said.partition("settings:\n")[2])
    settings = settings_for(simulator, configs, **block["settings"])
    write(configs, "apap", settings, map=block["map"])
    pipeline = build(load_client(configs, configs / "clients" / "apap.yaml"))
    assert pipeline.client.targets["staging"].map["new_email"] == "email"
    pipeline.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["contacts"], "no table 'contacts'; did you mean 'contact'?"),
        (["contact", "--client", "nobody"], "the client nobody has no target with use: dynamics"),
        (["contact", "--environment", "https://other.example.org"], "no target has the url"),
    ],
)
def test_what_cannot_be_described_is_told_with_the_remedy(
    describe: Describe, arguments: list[str], said: str
) -> None:
    assert said in describe(*arguments)


def test_of_several_environments_one_is_to_be_named(
    describe: Describe, simulator: DataverseSimulator, configs: Path
) -> None:
    other = settings_for(simulator, configs, url="https://other.crm.dynamics.com")
    write(configs, "other", other)
    assert "name one of" in describe("contact")
    assert "contact (contacts)" in describe("contact", "--environment", f"{simulator.url}/")
    assert "contact (contacts)" in describe("contact", "--client", "apap")


def test_without_any_such_target_it_says_what_to_write(
    describe: Describe, configs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (configs / "clients").iterdir():
        file.unlink()
    assert "no client uses dynamics; write a target with url" in describe("contact")


def test_a_refused_secret_is_an_error_in_words(
    configs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (configs / "client-secret").write_text("wrong-secret-value", encoding="utf-8")
    arguments = ["regbridge", "dynamics", "describe", "contact", "--configs", str(configs)]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as caught:
        main()
    said = capsys.readouterr()
    assert caught.value.code
    assert "AADSTS7000215" in said.err
    assert "wrong-secret-value" not in said.out + said.err
