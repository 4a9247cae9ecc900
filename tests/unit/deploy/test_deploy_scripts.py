"""The scripts for Linux, run with stand-ins for what would change the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.deploy.conftest import LINUX

from regbridge.deploy.answers import NginxAnswers
from regbridge.deploy.needs import Needs
from regbridge.deploy.systemd import plan_systemd

pytestmark = pytest.mark.skipif(not shutil.which("sh"), reason="there is no shell")

SITE = NginxAnswers(server_name="hooks.example.org", certificate="/etc/ssl/a.pem")
# Each writes down how it was called; getent knows an account once useradd made it.
STAND_INS = {
    "getent": 'grep -q "^useradd" "$CALLS"',
    "useradd": "",
    "chown": "",
    "systemctl": "",
    "nginx": "",
    "runuser": "",
}

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine on which regbridge, its configuration and nginx are installed."""
    root = tmp_path / "root"
    program = root / LINUX.program[1:]
    for folder in (program.parent, root / "etc/nginx/sites-available", root / LINUX.configs[1:]):
        folder.mkdir(parents=True)
    (root / "etc/nginx/sites-enabled").mkdir()
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    (root / LINUX.configs[1:] / "base.yaml").touch()
    return root


@pytest.fixture
def run(machine: Path, needs: Needs, tmp_path: Path) -> Run:
    folder, tools = tmp_path / "written", tmp_path / "tools"
    tools.mkdir()
    for name, line in STAND_INS.items():
        tool = tools / name
        tool.write_text(f'#!/bin/sh\necho "{name} $*" >> "$CALLS"\n{line}\n', encoding="utf-8")
        tool.chmod(0o755)
    plan_systemd(needs, LINUX, SITE, folder).write(folder)
    (tmp_path / "calls").touch()

    def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        here = {"DESTDIR": str(machine), "CALLS": str(tmp_path / "calls")}
        path = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(
            ["sh", str(folder / script), *arguments],
            env={**os.environ, **here, **path, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def calls(tmp_path: Path) -> list[str]:
    return (tmp_path / "calls").read_text(encoding="utf-8").splitlines()


def files(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_an_install_puts_everything_in_its_place_and_starts_it(
    run: Run, machine: Path, tmp_path: Path
) -> None:
    ended = run("install.sh")
    assert ended.returncode == 0, ended.stderr
    assert {
        "etc/systemd/system/regbridge.service",
        "usr/local/bin/regbridge",
        "etc/regbridge/regbridge.env",
        "etc/nginx/sites-available/regbridge",
        "etc/nginx/sites-enabled/regbridge",
    } <= set(files(machine))
    made = calls(tmp_path)
    assert made.index("nginx -t") < made.index("systemctl reload-or-restart nginx")
    assert "systemctl restart regbridge" in made
    assert "chown root:regbridge" in " ".join(made)


def test_a_second_install_creates_nothing_twice_and_keeps_the_secrets(
    run: Run, machine: Path, tmp_path: Path
) -> None:
    run("install.sh")
    variables = machine / "etc/regbridge/regbridge.env"
    entered = variables.read_text(encoding="utf-8").replace("APAP_TOKEN=\n", 'APAP_TOKEN="a b"\n')
    variables.write_text(f"{entered}OWN=1\n", encoding="utf-8")
    before = files(machine)
    assert run("install.sh").returncode == 0
    assert files(machine) == before
    assert variables.stat().st_mode & 0o777 == 0o640
    assert [call for call in calls(tmp_path) if call.startswith("useradd")] == [
        "useradd --system --user-group --no-create-home --home-dir /var/lib/regbridge/configs "
        "--shell /usr/sbin/nologin regbridge"
    ]


def test_a_new_variable_comes_without_a_value_beside_those_that_are_there(
    run: Run, machine: Path
) -> None:
    variables = machine / "etc/regbridge/regbridge.env"
    variables.parent.mkdir(parents=True)
    variables.write_text('APAP_TOKEN="a b"\n', encoding="utf-8")
    assert run("install.sh").returncode == 0
    lines = variables.read_text(encoding="utf-8").splitlines()
    assert lines[0] == 'APAP_TOKEN="a b"'
    assert {"APAP_TOKEN_OLD=", "APAP_SECRET=", "ALERTS_URL="} < set(lines)
    assert len([line for line in lines if line.startswith("APAP_TOKEN=")]) == 1


def test_nginx_of_other_distributions_gets_its_site_where_it_looks(run: Run, machine: Path) -> None:
    shutil.rmtree(machine / "etc/nginx")
    assert run("install.sh").returncode == 0
    assert "etc/nginx/conf.d/regbridge.conf" in files(machine)


def test_an_install_without_a_configuration_changes_nothing(
    run: Run, machine: Path, tmp_path: Path
) -> None:
    (machine / LINUX.configs[1:] / "base.yaml").unlink()
    before = files(machine)
    ended = run("install.sh")
    assert (ended.returncode, "There is no base.yaml" in ended.stderr) == (1, True)
    assert (files(machine), calls(tmp_path)) == (before, [])


@pytest.fixture
def ledger(machine: Path) -> Path:
    found = machine / LINUX.configs[1:] / "regbridge.db"
    for end in ("", "-wal", ".work.lock"):
        found.with_name(f"{found.name}{end}").touch()
    return found


def test_an_uninstall_keeps_the_ledger_the_configuration_and_the_secrets(
    run: Run, machine: Path, ledger: Path
) -> None:
    before = set(files(machine))
    run("install.sh")
    ended = run("uninstall.sh")
    assert ended.returncode == 0, ended.stderr
    assert set(files(machine)) == before | {"etc/regbridge/regbridge.env"}
    assert ledger.exists()
    assert run("uninstall.sh").returncode == 0


def test_an_uninstall_removes_the_ledger_when_it_is_told_to(
    run: Run, machine: Path, ledger: Path
) -> None:
    run("install.sh")
    assert run("uninstall.sh", "--remove-ledger").returncode == 0
    left = [name for name in files(machine) if name.startswith(LINUX.configs[1:])]
    assert left == ["var/lib/regbridge/configs/base.yaml"]


def test_an_uninstall_with_a_mistyped_option_changes_nothing(
    run: Run, machine: Path, ledger: Path
) -> None:
    run("install.sh")
    before = files(machine)
    assert run("uninstall.sh", "--remove-leger").returncode == 1
    assert files(machine) == before


def test_the_command_runs_as_the_account_with_its_variables(run: Run, tmp_path: Path) -> None:
    assert run("regbridge", "check", "a b").returncode == 0
    assert calls(tmp_path)[-1] == (
        "runuser -u regbridge -- /opt/regbridge/bin/regbridge "
        "--variables /etc/regbridge/regbridge.env check a b"
    )
