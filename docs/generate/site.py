"""What MkDocs is told when it builds the site: pages from all over the repository, as they are.

Pages are written for the repository's own page. Here those that lie elsewhere join the ones under
`docs/`, links between them are led to where they are in the site, and the navigation follows the
folders.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.generate.github import adapted, slug
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)")
SECTIONS = {
    "How to": "how-to/",
    "Reference": "reference/",
    "Explanation": "explanation/",
    "Decisions": "decisions/",
    "Plugins": "plugins/",
}
"""The sections of the navigation by the folders that they hold."""

FIRST = ("README.md", "overview.md")
"""What the navigation begins with: the start page of `docs/`, and the repository's own."""


def elsewhere() -> dict[str, str]:
    """Return the pages that do not lie under `docs/`: where they are in the site, by their path."""
    readmes = sorted((ROOT / "plugins").glob("*/README.md"))
    plugins = {path.relative_to(ROOT).as_posix(): path.parent.name for path in readmes}
    return {
        "README.md": "overview.md",
        "CONTRIBUTING.md": "contributing.md",
        "CHANGELOG.md": "changes.md",
        "bench/README.md": "explanation/benchmarks.md",
        **{path: f"plugins/{name}.md" for path, name in plugins.items()},
    }


def on_config(config: Any) -> Any:
    """Let headings have the anchors that they have on the repository's page."""
    config["mdx_configs"].setdefault("toc", {})["slugify"] = slug
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add what lies elsewhere, and the files that pages link to; write the navigation."""
    for path, uri in elsewhere().items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
    pages = {path_of(file): file for file in files if file.is_documentation_page()}
    for path in sorted(set(linked(pages)) - pages.keys()):
        if not path.startswith("docs/") and (ROOT / path).is_file():
            uri = site_path(path)
            files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
    config["nav"] = list(navigation(sorted(file.src_uri for file in pages.values())))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return a page with its links led to where they are in the site."""
    here = path_of(page.file)

    def led(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), found[1]))
        return posixpath.relpath(site_path(path), posixpath.dirname(page.file.src_uri) or ".")

    return LINK.sub(led, adapted(markdown))


def path_of(file: File) -> str:
    """Return where a page lies in the repository."""
    names = {uri: path for path, uri in elsewhere().items()}
    return names.get(file.src_uri, f"docs/{file.src_uri}")


def site_path(path: str) -> str:
    """Return where a file of the repository is in the site."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return elsewhere().get(path, f"files/{path}")


def linked(pages: dict[str, File]) -> Iterator[str]:
    """Yield the paths in the repository that pages link to."""
    for path in pages:
        for link in LINK.findall((ROOT / path).read_text(encoding="utf-8")):
            yield posixpath.normpath(posixpath.join(posixpath.dirname(path), link))


def navigation(uris: list[str]) -> Iterator[Any]:
    """Yield the entries of the navigation: a page alone, or a section with its pages."""
    first = [uri for uri in uris if uri in FIRST or uri.startswith("tutorial")]
    others = [uri for uri in uris if "/" not in uri and uri not in first]
    yield from sorted(first, key=lambda uri: (FIRST.index(uri) if uri in FIRST else 9, uri))
    for title, folder in SECTIONS.items():
        inside = [uri for uri in uris if uri.startswith(folder)]
        if inside:
            yield {title: sorted(inside, key=lambda uri: (not uri.endswith("README.md"), uri))}
    if others:
        yield {"About": others}
