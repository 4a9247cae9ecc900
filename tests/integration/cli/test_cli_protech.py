"""`regbridge protech` and `regbridge simulate protech`, as somebody types them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from pydantic import TypeAdapter

from regbridge.testing.server import LocalServer
from regbridge_protech.deliver import ProtechSettings
from regbridge_protech.simulator import command
from regbridge_protech.simulator.app import PATH, Simulator

Run = Callable[..., Any]


def test_describe_prints_settings_that_the_plugin_takes(run: Run) -> None:
    with LocalServer(Simulator()) as server:
        ran = run("protech", "describe", f"{server.url}{PATH}", "--binding", "soap12")

    block = yaml.safe_load(ran.out)
    assert ran.status == 0
    assert block["use"] == "protech"
    settings = TypeAdapter(ProtechSettings).validate_python(
        {**block["settings"], "allow_http": True}
    )
    assert (settings.operation, len(settings.parameters)) == ("UpdateUserInfo", 15)


def test_describe_takes_a_file(run: Run, tmp_path: Path) -> None:
    with LocalServer(Simulator()) as server:
        wsdl = requests.get(f"{server.url}{PATH}?WSDL", timeout=10).content
    (tmp_path / "service.wsdl").write_bytes(wsdl)

    assert "operation: UpdateUserInfo" in run("protech", "describe", "service.wsdl").out


def test_describe_says_what_is_wrong(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<html></html>", encoding="utf-8")
    with LocalServer(Simulator()) as server:
        missing = run("protech", "describe", f"{server.url}/nowhere.asmx")

    assert (missing.status, "answers 404 and shows no WSDL" in missing.err) == (1, True)
    assert "the WSDL cannot be used" in run("protech", "describe", "page.html").err
    assert run("protech", "describe", "no-such-file").status == 1
    assert run("protech", "describe", "ftp://example.org/x").status == 2
    assert "no connection" in run("protech", "describe", "http://127.0.0.1:9/x.asmx").err


def test_a_file_that_is_too_large_to_be_a_wsdl_is_not_read(run: Run, tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(5_000_000)

    assert "so it is no WSDL" in run("protech", "describe", "large").err


def test_the_simulator_runs_until_it_is_stopped_and_says_what_it_staged(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "wait_for_stop", lambda: None)

    ran = run("simulate", "protech", "--port", "0")

    assert ran.status == 0
    assert PATH in ran.out
    assert "0 records staged" in ran.out
