"""The built wheel works by itself, away from the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("core", "plugins", "configs", "sample_payloads")
FILES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")
IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info", "delivered", "*.db*")

LOOK_AROUND = """
import importlib, pkgutil, sys
from pathlib import Path
from regbridge.shipped import CONFIGS, SAMPLES, shipped

home = Path(sys.prefix).resolve()
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    names = [name] + [found.name for found in pkgutil.walk_packages(package.__path__, name + ".")]
    for module in names:
        if ".migrations" not in module and not module.endswith("__main__"):
            origin = Path(importlib.import_module(module).__file__).resolve()
            assert origin.is_relative_to(home), origin
for package, pattern in ((CONFIGS, "base.yaml"), (CONFIGS, "clients/*.yaml"), (SAMPLES, "*/*")):
    assert shipped(package).resolve().is_relative_to(home), package
    assert list(shipped(package).glob(pattern)), pattern
"""


def run(*command: str | Path, cwd: Path) -> str:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = clean | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from a copy so that nothing old in the checkout gets into it."""
    source = tmp_path_factory.mktemp("source")
    for part in PARTS:
        shutil.copytree(ROOT / part, source / part, ignore=IGNORED)
    for file in FILES:
        shutil.copy(ROOT / file, source)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps")
    run(*pip, "--wheel-dir", source / "dist", ".", cwd=source)
    [built] = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the scripts' folder of an environment with the wheel.

    The requirements come from the environment of the tests, whose own regbridge is out of reach:
    a path that a `.pth` file adds is not searched for further `.pth` files.
    """
    home = tmp_path_factory.mktemp("wheel")
    venv.create(home, with_pip=False)
    place = {"base": str(home), "platbase": str(home)}
    packages = Path(sysconfig.get_path("purelib", "venv", place))
    requirements = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "requirements.pth").write_text("\n".join(requirements), encoding="utf-8")
    scripts = Path(sysconfig.get_path("scripts", "venv", place))
    pip = (sys.executable, "-m", "pip", "--python", scripts / Path(sys.executable).name)
    run(*pip, "install", "--quiet", "--no-deps", "--ignore-installed", wheel, cwd=home)
    return scripts


def test_the_wheel_holds_every_file_of_every_package(wheel: Path) -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = setup["options"]["package_dir"].strip().splitlines()
    homes = dict(line.replace(" ", "").split("=") for line in lines)
    on_disk = {
        f"{package}/{path.relative_to(ROOT / home).as_posix()}"
        for package, home in homes.items()
        for path in (ROOT / home).rglob("*")
        if path.suffix in (".py", ".yaml", ".json", ".typed") and "delivered" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        assert sorted(on_disk - set(archive.namelist())) == []


def test_every_module_and_shipped_file_is_the_wheels_own(installed: Path, tmp_path: Path) -> None:
    plugins = ("cvent", "dynamics", "files", "protech", "rules")
    packages = ("regbridge", *(f"regbridge_{plugin}" for plugin in plugins))
    run(installed / "python", "-W", "error", "-c", LOOK_AROUND, *packages, cwd=tmp_path)


def test_the_command_of_the_wheel_says_what_it_can_do(installed: Path, tmp_path: Path) -> None:
    shown = run(installed / "regbridge", "--help", cwd=tmp_path)
    assert all(command in shown for command in ("serve", "check", "demo", "show"))
    assert list(tmp_path.iterdir()) == []
