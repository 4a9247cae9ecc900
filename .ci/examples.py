"""Checks the types of the Python programs on the pages, all of them in one run of mypy."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
# A short test on a page needs no annotations; what has them is checked.
AS_PEOPLE_WRITE = ("--allow-untyped-defs", "--allow-incomplete-defs", "--no-check-untyped-defs")
sys.path.insert(0, str(ROOT))

from tests.page_blocks import blocks  # noqa: E402


def main() -> None:
    """Write each program into a folder under the name of its page, and let mypy read them."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for block in blocks("python"):
            if not block.generated and not block.reason:
                page = Path(block.page).with_suffix("").as_posix()
                name = "".join(letter if letter.isalnum() else "_" for letter in page)
                files.append(Path(folder) / f"{name}_{block.number}.py")
                files[-1].write_text(block.text, encoding="utf-8")
        command = [sys.executable, "-m", "mypy", *AS_PEOPLE_WRITE, *files]
        sys.exit(subprocess.run(command, cwd=ROOT).returncode)  # noqa: S603


if __name__ == "__main__":
    main()
