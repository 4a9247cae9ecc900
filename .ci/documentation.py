"""Builds the site of the documentation with warnings as errors, and looks at what came out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOADS = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*?\bsrc=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?![^>]*\brel=["']?canonical)[^>]*?\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|url\(["']?((?:https?:)?//[^"')\s]+)|@import\s+["']((?:https?:)?//[^"']+)""",
    re.IGNORECASE,
)
# The theme fetches what draws these from elsewhere.
DRAWN = 'class="mermaid"'


def main() -> None:
    """Build into the folder that is named, or else into a temporary one."""
    with tempfile.TemporaryDirectory() as temporary:
        site = Path(sys.argv[1] if len(sys.argv) > 1 else temporary).absolute()
        problems = [*warnings_of_the_build(ROOT, site), *asked_elsewhere(site), *missing(site)]
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    sys.exit(1 if problems else 0)


def warnings_of_the_build(root: Path, site: Path) -> Iterator[str]:
    """Build the pages of a folder; yield what MkDocs warns of, or why it cannot build."""
    # Not --quiet: what is not shown counts as no warning.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # the theme's news are no warning
    ended = subprocess.run(  # noqa: S603
        command, cwd=root, env=quiet, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if ended.returncode:
        lines = ended.stderr.splitlines()
        yield from (line for line in lines if not line.startswith(("INFO", "DEBUG")))


def asked_elsewhere(site: Path) -> Iterator[str]:
    """Yield what a reader's browser would fetch from somewhere else."""
    for path in sorted(site.rglob("*")):
        if path.suffix in (".html", ".css"):
            text, name = path.read_text(encoding="utf-8"), path.relative_to(site).as_posix()
            for found in LOADS.finditer(text):
                yield f"{name} fetches {next(group for group in found.groups() if group)}"
            if DRAWN in text:
                yield f"{name} has a diagram whose program comes from elsewhere; write it as text"


def missing(site: Path) -> Iterator[str]:
    """Yield the pages of the repository that the site does not have."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        name = page.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        if not (site / name.replace("README.html", "index.html")).is_file():
            yield f"{page.relative_to(ROOT).as_posix()} is not in the site"
    for readme in sorted((ROOT / "plugins").glob("*/README.md")):
        if not (site / f"plugins/{readme.parent.name}.html").is_file():
            yield f"{readme.relative_to(ROOT).as_posix()} is not in the site"


if __name__ == "__main__":
    main()
