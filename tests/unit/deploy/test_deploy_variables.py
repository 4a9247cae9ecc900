"""The values that somebody entered survive, in each of the three kinds of file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regbridge import ConfigError
from regbridge.deploy.variables import (
    kept_variables,
    read_variables,
    set_variables,
    with_values,
)

FILES = {
    "web.config": """<?xml version="1.0" encoding="utf-8"?>
<!-- kept -->
<configuration><system.webServer><httpPlatform processPath="a"><environmentVariables>
  <environmentVariable name="TOKEN" value="" />
  <!-- kept -->
  <environmentVariable name="OLD" value="a &amp; b" />
</environmentVariables></httpPlatform></system.webServer></configuration>
""",
    "service.xml": """<service><id>regbridge</id>
  <env name="TOKEN" value="" />
  <!-- kept -->
  <env name="OLD" value="a &amp; b" />
</service>
""",
    "regbridge.env": """# kept
TOKEN=
; kept
 OLD = "a & b"
""",
}


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / str(request.param)
    path.write_text(FILES[path.name], encoding="utf-8")
    return path


def test_variables_are_read_with_and_without_a_value(file: Path) -> None:
    assert read_variables(file) == {"TOKEN": "", "OLD": "a & b"}


def test_what_is_there_is_kept_and_what_is_new_has_no_value(file: Path) -> None:
    kept = kept_variables(file, ("NEW", "OLD"))
    assert kept == [("NEW", ""), ("OLD", "a & b"), ("TOKEN", "")]


def test_without_a_file_every_variable_is_new(tmp_path: Path) -> None:
    assert kept_variables(tmp_path / "web.config", ("TOKEN",)) == [("TOKEN", "")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(value=st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn"))))
def test_a_value_is_read_back_as_it_was_entered(file: Path, value: str) -> None:
    file.write_text(FILES[file.name], encoding="utf-8")
    if value.count("%") > 1 and file.suffix != ".env":
        return
    text = with_values(file, {"TOKEN": value, "ELSEWHERE": "x"})
    file.write_text(text, encoding="utf-8")
    assert read_variables(file) == {"TOKEN": value, "OLD": "a & b"}
    assert text.count("kept") == FILES[file.name].count("kept")


def test_a_value_that_windows_would_expand_is_refused(tmp_path: Path) -> None:
    for name in ("web.config", "service.xml"):
        file = tmp_path / name
        file.write_text(FILES[name], encoding="utf-8")
        with pytest.raises(ConfigError, match=r"percent signs.*\{file: PATH\}"):
            with_values(file, {"TOKEN": "ab%TEMP%cd"})


def test_a_line_break_is_refused_without_showing_the_value(file: Path) -> None:
    with pytest.raises(ConfigError, match="line break") as refused:
        with_values(file, {"TOKEN": "hunter2\nhunter2"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b c", "b c"),
        ("A='b\"c'", 'b"c'),
        ('A="b\\"c\\\\d\\x"', 'b"c\\d\\x'),
        ("A=b\\ c", "b c"),
        ("A=", ""),
        ("A='", "'"),
    ],
)
def test_lines_are_read_as_systemd_reads_them(tmp_path: Path, line: str, value: str) -> None:
    file = tmp_path / "regbridge.env"
    file.write_text(f"{line}\n#B=c\nno line\n", encoding="utf-8")
    assert read_variables(file) == {"A": value}


@pytest.mark.parametrize("text", ["<configuration>", "<a>&b;</a>"])
def test_a_file_that_is_no_xml_is_told_apart(tmp_path: Path, text: str) -> None:
    file = tmp_path / "web.config"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="this is not XML"):
        read_variables(file)


def test_a_file_of_a_code_page_is_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "web.config"
    file.write_bytes(b"<a>\xfc</a>")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_variables(file)


def test_an_entity_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2", encoding="utf-8")
    file = tmp_path / "service.xml"
    file.write_text(
        f'<!DOCTYPE service [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
        '<service><env name="A" value="b"/><name>&e;</name></service>',
        encoding="utf-8",
    )
    assert read_variables(file) == {"A": "b"}
    assert "hunter2" not in with_values(file, {"A": "c"})


def test_a_process_gets_the_variables_that_have_a_value(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "from before")
    monkeypatch.setenv("OLD", "from before")
    set_variables(file)
    assert (os.environ["TOKEN"], os.environ["OLD"]) == ("from before", "a & b")
