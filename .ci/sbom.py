"""Writes what a release consists of, in CycloneDX: `python .ci/sbom.py ENVIRONMENT FILE`.

ENVIRONMENT is the folder of a virtual environment into which the wheel and its locked requirements
were installed, and nothing else. Needs the extra `release`. SOURCE_DATE_EPOCH sets its time.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

LOCK = Path(__file__).parents[1] / "requirements" / "runtime.txt"
OURS = "regbridge"
PINNED = re.compile(r"^([\w.-]+)==([^\s\\;]+)", re.MULTILINE)

Plain = dict[str, Any]


def main() -> None:
    """Write the file, once it is valid and says exactly what the lock says."""
    environment, file = sys.argv[1:]
    bill = of_ours(listed(environment))
    text = json.dumps(bill, indent=2, ensure_ascii=False)
    if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"not valid CycloneDX: {problem}")
    if differences := sorted(parts_of(bill) ^ locked()):
        sys.exit(f"not what requirements/runtime.txt says: {differences}")
    Path(file).write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(bill['components'])} components of {OURS}\n")


def listed(environment: str) -> Plain:
    """Return all that is installed in an environment."""
    command = ("-m", "cyclonedx_py", "environment", "--spec-version", "1.6")
    options = ("--output-reproducible", "--no-validate", "--output-file", "-", environment)
    ended = subprocess.run(  # noqa: S603
        [sys.executable, *command, *options], check=True, capture_output=True
    )
    found: Plain = json.loads(ended.stdout)
    return found


def of_ours(bill: Plain) -> Plain:
    """Return what regbridge needs, with regbridge itself as what it is about."""
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    [ours] = [each for each in bill["components"] if each["name"] == OURS]
    reached: set[str] = set()
    found = [ours["bom-ref"]]
    while found:
        ref = found.pop()
        if ref not in reached:
            reached.add(ref)
            found += needs.get(ref, [])
    # It tells where the wheel lay on the machine that made this.
    ours.pop("externalReferences", None)
    bill["metadata"]["component"] = ours | {"type": "application"}
    bill["components"] = [
        each for each in bill["components"] if each["bom-ref"] in reached - {ours["bom-ref"]}
    ]
    bill["dependencies"] = [each for each in bill["dependencies"] if each["ref"] in reached]
    return bill


def parts_of(bill: Plain) -> set[tuple[str, str]]:
    """Return names and versions of the components."""
    return {(normal(each["name"]), each["version"]) for each in bill["components"]}


def locked() -> set[tuple[str, str]]:
    """Return names and versions of the lock, without what other systems need."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    here = "\n".join(line for line in lines if "sys_platform == 'win32'" not in line)
    return {(normal(name), version) for name, version in PINNED.findall(here)}


def normal(name: str) -> str:
    """Return a package's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
