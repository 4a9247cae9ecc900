"""Writes every generated block of every page anew."""

from __future__ import annotations

import sys

from docs.generate.blocks import PAGES, ROOT, renewed


def main() -> None:
    """Write the pages that are no longer what the code says, and name them."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if (new := renewed(text)) != text:
            page.write_text(new, encoding="utf-8", newline="\n")
            sys.stdout.write(f"Wrote {page.relative_to(ROOT).as_posix()}\n")


if __name__ == "__main__":
    main()
