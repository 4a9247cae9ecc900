"""Generates every kind of plugin package, installs each beside the built wheel, runs its tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
RULES = ("authenticate", "filter", "dedupe", "map")
SOURCES = ("enrich", "attendees", "enrich,attendees,check")
TARGETS = ("deliver", "deliver,check,read-back")
PAIRS = ("deliver,enrich", "deliver,map")
ALL = "deliver,check,read-back,enrich,attendees,authenticate,filter,dedupe,map"
OURS = ("http", "hubspot", "salesforce")


def main() -> None:
    """Take the environment's Python, with the wheel installed, and prove each package with it."""
    if len(sys.argv) < 2:
        sys.exit("usage: new_plugins.py WHEEL [WHEEL...]")
    wheels = [str(Path(wheel).resolve()) for wheel in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="regbridge-plugins-") as name:
        failed = list(Proof(Path(name), wheels).failures())
    for each in failed:
        sys.stdout.write(f"FAILED: {each}\n")
    sys.exit(1 if failed else 0)


class Proof:
    """A clean environment with the wheel, into which the packages are installed in turn."""

    def __init__(self, work: Path, wheels: list[str]) -> None:
        self._work = work
        self._wheels = wheels
        self._bin = work / "venv" / ("Scripts" if os.name == "nt" else "bin")
        self._python = str(self._bin / "python")
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if name != "PYTHONPATH" and not name.startswith("REGBRIDGE_")
        }

    def failures(self) -> Iterator[str]:
        """Yield the names of the packages that are not as they should be."""
        self._make_environment()
        variants = [*RULES, *SOURCES, *TARGETS, *PAIRS, ALL]
        for number, hooks in enumerate(variants):
            package = self._generate(hooks, number)
            if not self._told(hooks, package, with_dependencies=number == 0, verified=True):
                yield hooks
        for name in OURS:
            package = self._copied(ROOT / "plugins" / f"regbridge_{name}")
            if not self._told(f"plugins/regbridge_{name}", package, with_dependencies=True):
                yield name

    def _make_environment(self) -> None:
        self._run(sys.executable, "-m", "venv", str(self._work / "venv"))
        for wheel in self._wheels:
            self._pip("install", f"{wheel}[test]")
        self._pip("install", "setuptools>=77")

    def _generate(self, hooks: str, number: int) -> Path:
        folder = self._work / f"variant-{number}"
        folder.mkdir()
        command = [str(self._bin / "regbridge"), "new-plugin", f"try-{number}", "--hooks", hooks]
        self._run(*command, "--folder", str(folder))
        return folder / f"regbridge_try_{number}"

    def _copied(self, package: Path) -> Path:
        """Return a copy: building leaves files behind, and tests are to find nothing of ours."""
        copy = self._work / "ours" / package.name
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
        return Path(shutil.copytree(package, copy, ignore=ignored))

    def _told(self, title: str, package: Path, **how: bool) -> bool:
        begun = time.monotonic()
        problem = ""
        try:
            self._prove(package, **how)
        except subprocess.CalledProcessError as error:
            problem = f"{' '.join(map(str, error.cmd))}\n{error.stdout}"
        result = "FAILED" if problem else "passed"
        sys.stdout.write(f"   {result} {title} ({time.monotonic() - begun:.0f} s)\n{problem}")
        sys.stdout.flush()
        return not problem

    def _prove(
        self, package: Path, *, with_dependencies: bool = False, verified: bool = False
    ) -> None:
        quickly = [] if with_dependencies else ["--no-deps", "--no-build-isolation"]
        self._pip("install", *quickly, f"{package}[test]" if with_dependencies else str(package))
        try:
            self._require_listed(package)
            if verified:
                self._verify(package)
            if (package / "tests").is_dir():
                self._run(self._python, "-m", "pytest", "-q", "-p", "no:cacheprovider", at=package)
            elif verified:
                raise subprocess.CalledProcessError(1, [package.name], "it has no tests")
        finally:
            self._pip("uninstall", "-y", package.name.replace("_", "-"))

    def _require_listed(self, package: Path) -> None:
        """Require that the package's plugins are found by their entry points."""
        listed = self._run(str(self._bin / "regbridge"), "plugins", "--json")
        if f'"{package.name.replace("_", "-")}"' not in listed:
            raise subprocess.CalledProcessError(1, ["regbridge plugins"], listed)

    def _verify(self, package: Path) -> None:
        configs = ["--configs", str(package / "configs")]
        self._run(str(self._bin / "regbridge"), "check", *configs, variables=package)
        self._run(str(self._bin / "regbridge"), "plugins", "--verify", *configs, variables=package)

    def _pip(self, *arguments: str) -> None:
        self._run(self._python, "-m", "pip", "--quiet", *arguments)

    def _run(self, *command: str, at: Path | None = None, variables: Path | None = None) -> str:
        environment = {**self._environment, **(_variables(variables) if variables else {})}
        ended = subprocess.run(  # noqa: S603
            command,
            cwd=at or self._work,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=True,
        )
        return ended.stdout


def _variables(package: Path) -> dict[str, str]:
    """Return the variables that the package's README tells to set."""
    text = (package / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r'^export (\w+)="([^"]*)"$', text, re.MULTILINE))


if __name__ == "__main__":
    main()
