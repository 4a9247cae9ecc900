"""Prints the lowest versions that setup.cfg allows, as constraints for pip."""

from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path

SETUP = Path(__file__).parents[1] / "setup.cfg"
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?>=(?P<version>[A-Za-z0-9.]+)")


def main() -> None:
    """Print one `name==version` line for each requirement of the package and of its tests."""
    config = configparser.ConfigParser()
    config.read(SETUP, encoding="utf-8")
    required = config["options"]["install_requires"].split()
    tests = config["options.extras_require"]["test"].split()
    for requirement in required + tests:
        sys.stdout.write(f"{lowest(requirement)}\n")


def lowest(requirement: str) -> str:
    """Return `name==version` for `name>=version`."""
    found = REQUIREMENT.fullmatch(requirement)
    if not found:
        sys.exit(f"setup.cfg: {requirement} has no lower bound; write {requirement}>=VERSION")
    return f"{found['name']}=={found['version']}"


if __name__ == "__main__":
    main()
