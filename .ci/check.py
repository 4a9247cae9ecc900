"""Runs every check that a change has to pass."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"
CHECKS = (
    ("-m", "ruff", "format", "--check", "."),
    ("-m", "ruff", "check", "."),
    ("-m", "mypy"),
    ("-m", "mypy", "--platform", "win32"),
    (".ci/examples.py",),
    ("-c", IMPORTS, "--no-logo"),
    ("-m", "coverage", "run", "-m", "pytest"),
    ("-m", "coverage", "report", "--skip-covered", "--show-missing"),
)


# The plugins that are distributions of their own need not be installed to be checked.
SOURCES = os.pathsep.join(str(path) for path in sorted(ROOT.glob("plugins/*/src")))


def main() -> None:
    """Run all checks, whatever fails, then name those that did.

    With `--without-tests`, for who has just run them, all but the tests.
    """
    chosen = CHECKS[:-2] if "--without-tests" in sys.argv else CHECKS
    failed = [arguments for arguments in chosen if not passes(arguments)]
    for arguments in failed:
        sys.stdout.write(f"FAILED: {title(arguments)}\n")
    sys.exit(1 if failed else 0)


def passes(arguments: tuple[str, ...]) -> bool:
    """Run one check with this Python and say whether it passed."""
    sys.stdout.write(f"-- {title(arguments)}\n")
    sys.stdout.flush()
    begun = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": SOURCES}
    ended = subprocess.run(  # noqa: S603
        [sys.executable, *arguments], cwd=ROOT, env=environment, check=False
    )
    sys.stdout.write(f"   {time.monotonic() - begun:.0f} s\n")
    return ended.returncode == 0


def title(arguments: tuple[str, ...]) -> str:
    """Return a check as a developer would type it."""
    if arguments[0] == "-c":
        return "lint-imports"
    return " ".join(arguments[1:] if arguments[0] == "-m" else arguments)


if __name__ == "__main__":
    main()
