"""The locked requirements are those of setup.cfg, and what is known of them is told plainly."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
PINNED = re.compile(r"^([\w.-]+)==([^\s\\;]+)[^\n]*\\\n((?: +--hash=\S+[ \\]*\n)*)", re.MULTILINE)
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[\w+\])?>=([\w.]+)")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


LOCKED = {normal(name): (version, hashes) for name, version, hashes in PINNED.findall(LOCK + "\n")}


def required() -> list[tuple[str, str]]:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return REQUIREMENT.findall(config["options"]["install_requires"])


@pytest.mark.parametrize(("name", "lowest"), required())
def test_a_requirement_is_locked_to_a_version_that_setup_cfg_allows(name: str, lowest: str) -> None:
    version, _ = LOCKED[normal(name)]
    assert numbers(version) >= numbers(lowest)


def test_every_file_that_may_be_installed_has_a_hash() -> None:
    lines = [line for line in LOCK.splitlines() if line and line[0] not in "# "]
    assert len(lines) == len(LOCKED) > 30
    assert [name for name, (_, hashes) in LOCKED.items() if "--hash=sha256:" not in hashes] == []


def audit(tmp_path: Path, answer: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the audit with a pip-audit that answers this."""
    (tmp_path / "pip_audit.py").write_text(f"print({answer!r})", encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "audit.py"), *options],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )


def said(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


FINE = {"name": "falcon", "version": "4.4.0", "vulns": []}
UNKNOWN = {"name": "waitress", "skip_reason": "not found"}
VULNERABLE = {
    "name": "requests",
    "version": "2.0.0",
    "vulns": [{"id": "CVE-2027-1", "fix_versions": ["2.0.1"], "aliases": []}],
}


def test_a_known_vulnerability_fails_the_build_and_is_named(tmp_path: Path) -> None:
    ran = audit(tmp_path, said(FINE, VULNERABLE))

    assert ran.returncode == 1
    assert "VULNERABLE: requests 2.0.0: CVE-2027-1, mended in 2.0.1" in ran.stdout


@pytest.mark.parametrize("answer", ["", "no connection", said(UNKNOWN)])
def test_that_nobody_can_be_asked_is_told_apart_and_stops_a_release(
    tmp_path: Path, answer: str
) -> None:
    ran = audit(tmp_path, answer)

    assert ran.returncode == 0
    assert "NO DATA" in ran.stdout
    assert audit(tmp_path, answer, "--require-data").returncode == 1


def test_what_is_fine_and_what_is_not_known_are_counted(tmp_path: Path) -> None:
    ran = audit(tmp_path, said(FINE, UNKNOWN), "--require-data")

    assert ran.returncode == 0
    assert "not known to pypi: waitress" in ran.stdout
    assert "1 packages asked about at pypi, 0 of them vulnerable" in ran.stdout
