"""Says what is known to be wrong with the locked requirements: `python .ci/audit.py`.

Ends with 1 for a known vulnerability. Where nobody can be asked it says NO DATA, and ends with 0:
the hashes of the lock hold all the same. With `--require-data`, as for a release, that is an error.
Needs the extra `release`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements" / "runtime.txt"
SOURCES = ("pypi", "osv")
SECONDS = 120


def main() -> None:
    """Ask one source after the other, until one answers."""
    for source in SOURCES:
        found = ask(source)
        asked = [each for each in found if "vulns" in each]
        if asked:
            tell(source, asked, [each for each in found if "vulns" not in each])
    sys.stdout.write(f"NO DATA: neither of {', '.join(SOURCES)} tells of any of the packages.\n")
    sys.exit(1 if "--require-data" in sys.argv else 0)


def ask(source: str) -> list[dict[str, Any]]:
    """Return what a source says of each package; nothing where it cannot be asked."""
    options = ("--requirement", str(LOCK), "--require-hashes", "--disable-pip", "--format", "json")
    quiet = ("--vulnerability-service", source, "--progress-spinner", "off", "--timeout", "20")
    command = [sys.executable, "-m", "pip_audit", *options, *quiet]
    try:
        ended = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        found: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError):
        return []
    return found


def tell(source: str, asked: list[dict[str, Any]], unknown: list[dict[str, Any]]) -> None:
    """Print what a source knows, and end."""
    vulnerable = [each for each in asked if each["vulns"]]
    for each in vulnerable:
        for known in each["vulns"]:
            fixed = ", ".join(known["fix_versions"]) or "no version yet"
            text = f"{each['name']} {each['version']}: {known['id']}, mended in {fixed}\n"
            sys.stdout.write(f"VULNERABLE: {text}")
    for each in unknown:
        sys.stdout.write(f"not known to {source}: {each['name']}\n")
    sys.stdout.write(f"{len(asked)} packages asked about at {source}, ")
    sys.stdout.write(f"{len(vulnerable)} of them vulnerable.\n")
    sys.exit(1 if vulnerable else 0)


if __name__ == "__main__":
    main()
