"""The unit is one that systemd takes, and one that may do little."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.deploy.conftest import LINUX

from regbridge import ConfigError
from regbridge.deploy.answers import NginxAnswers
from regbridge.deploy.needs import Needs
from regbridge.deploy.places import Places, linux_places
from regbridge.deploy.plan import Plan
from regbridge.deploy.systemd import plan_systemd
from regbridge.worker.lanes import STOP_SECONDS

SITE = NginxAnswers(server_name="hooks.example.org", certificate="/etc/ssl/a.pem")
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(not ANALYZE, reason="there is no systemd-analyze")


def unit(plan: Plan) -> str:
    return plan.documents["regbridge.service"].text


def analyze(folder: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = folder / "regbridge.service"
    path.write_text(text, encoding="utf-8")
    return subprocess.run(
        [ANALYZE or "", *arguments, str(path)], capture_output=True, text=True, check=False
    )


@needs_systemd
@pytest.mark.parametrize("name", ["regbridge", "with 100% of spaces"])
def test_systemd_takes_the_unit_and_finds_the_program(
    needs: Needs, tmp_path: Path, name: str
) -> None:
    program = tmp_path / name
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    places = Places(str(program), "/srv/100% sure/configs")
    ended = analyze(tmp_path, unit(plan_systemd(needs, places, SITE, tmp_path)), "verify")
    assert (ended.returncode, ended.stderr) == (0, "")


@needs_systemd
def test_systemd_would_refuse_a_program_that_is_not_there(needs: Needs, tmp_path: Path) -> None:
    ended = analyze(tmp_path, unit(plan_systemd(needs, LINUX, SITE, tmp_path)), "verify")
    assert f"{LINUX.program} is not executable" in ended.stderr


@needs_systemd
def test_the_service_is_exposed_to_little(needs: Needs, tmp_path: Path) -> None:
    text = unit(plan_systemd(needs, LINUX, SITE, tmp_path))
    ended = analyze(tmp_path, text, "security", "--offline=yes", "--threshold=15")
    assert ended.returncode == 0, ended.stdout  # an exposure of at most 1.5 of 10
    loose = text.replace("SystemCallFilter=", "#").replace("CapabilityBoundingSet=", "#")
    assert analyze(tmp_path, loose, "security", "--offline=yes", "--threshold=15").returncode == 1


def test_a_stop_has_the_time_that_it_may_take(needs: Needs, tmp_path: Path) -> None:
    text = unit(plan_systemd(needs, LINUX, SITE, tmp_path))
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    requests_under_way = 30
    assert int(seconds) > STOP_SECONDS + requests_under_way


@pytest.mark.parametrize(
    ("configs", "state", "writable"),
    [
        ("/var/lib/regbridge/configs", "StateDirectory=regbridge", []),
        ("/srv/regbridge/configs", None, ["/srv/regbridge/configs"]),
        ("/var/lib/other/configs", None, ["/var/lib/other/configs"]),
    ],
)
def test_the_service_may_write_where_its_configuration_is(
    needs: Needs, tmp_path: Path, configs: str, state: str | None, writable: list[str]
) -> None:
    places = Places(LINUX.program, configs)
    text = unit(plan_systemd(needs, places, SITE, tmp_path))
    assert (state in text.splitlines()) if state else ("StateDirectory=" not in text)
    assert re.findall(r'^ReadWritePaths="(.*)"$', text, re.MULTILINE) == writable


def test_the_service_may_write_where_it_is_told_to_and_where_the_ledger_is(
    needs: Needs, tmp_path: Path
) -> None:
    elsewhere = replace(needs, ledger=Path("/srv/ledger/regbridge.db"))
    site = SITE.model_copy(update={"writable": ("/srv/for the CRM",)})
    text = unit(plan_systemd(elsewhere, LINUX, site, tmp_path))
    found = re.findall(r'^ReadWritePaths="(.*)"$', text, re.MULTILINE)
    assert found == ["/srv/ledger", "/srv/for the CRM"]


@pytest.mark.parametrize("path", ["/run/user/7/for-the-crm", "for-the-crm"])
def test_a_folder_that_the_service_cannot_write_to_is_refused(
    needs: Needs, tmp_path: Path, path: str
) -> None:
    with pytest.raises(ConfigError, match="cannot write to"):
        plan_systemd(needs, LINUX, SITE.model_copy(update={"writable": (path,)}), tmp_path)


@pytest.mark.parametrize("text", ["/run/user/7/regbridge", "relative/x", "/opt/it's", "/opt/$x"])
def test_a_program_that_the_service_could_not_run_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"hidden|absolute|no program of the name"):
        linux_places(text, "/srv/configs", Path())


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"port": 0}, "another one at each start"),
        ({"proxies": ()}, "write `trusted_proxy: 127.0.0.1`"),
        ({"address": "10.0.0.7"}, "write `trusted_proxy: 10.0.0.7`"),
        ({"paths": ()}, "no client has an endpoint"),
    ],
)
def test_a_configuration_that_could_not_work_is_refused(
    needs: Needs, tmp_path: Path, changes: dict[str, Any], found: str
) -> None:
    with pytest.raises(ConfigError, match=found):
        plan_systemd(replace(needs, **changes), LINUX, SITE, tmp_path)


def test_a_service_that_others_reach_is_noticed(needs: Needs, tmp_path: Path) -> None:
    plan = plan_systemd(replace(needs, address="0.0.0.0"), LINUX, SITE, tmp_path)
    assert "others than nginx reach the service" in str(plan.findings[0])
    assert '"http://127.0.0.1:8080/cvent/apap/CventReg"' in plan.documents["nginx.conf"].text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_the_file_of_secrets_is_for_its_owner_alone(needs: Needs, tmp_path: Path) -> None:
    plan_systemd(needs, LINUX, SITE, tmp_path).write(tmp_path)
    modes = {
        path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir() if path.is_file()
    }
    assert modes["regbridge.env"] == 0o600
    assert modes["install.sh"] == 0o755
    assert modes["nginx.conf"] == 0o644
