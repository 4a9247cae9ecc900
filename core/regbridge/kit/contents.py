"""The files of a new package, each with its text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import requires, version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from regbridge.kit.samples import Sample, sample_of
from regbridge.kit.variant import Variant
from regbridge.testing.payloads import EVENT


@dataclass(frozen=True, slots=True)
class _File:
    """A file, the template that it is made by, and the words one of which has to be there."""

    path: str
    template: str
    words: tuple[str, ...] = ()


_CALLS = ("deliver", "enrich", "attendees")
_RULES = ("authenticate", "filter", "dedupe", "map")
_FILES = (
    _File("pyproject.toml", "pyproject.toml.j2"),
    _File("README.md", "README.md.j2"),
    _File(".gitignore", "gitignore.j2"),
    _File("configs/base.yaml", "configs/base.yaml.j2"),
    _File("configs/clients/example.yaml", "configs/example.yaml.j2"),
    _File("configs/clients/example.cases.yaml", "configs/example.cases.yaml.j2"),
    _File("sample_payloads/README.md", "samples/README.md.j2"),
    _File("{src}/__init__.py", "src/__init__.py.j2"),
    _File("{src}/py.typed", "src/py.typed"),
    _File("{src}/settings.py", "src/settings.py.j2"),
    _File("{src}/client.py", "src/client.py.j2", _CALLS),
    _File("{src}/deliver.py", "src/deliver.py.j2", ("deliver",)),
    _File("{src}/check.py", "src/check.py.j2", ("check",)),
    _File("{src}/listing.py", "src/listing.py.j2", ("read-back",)),
    _File("{src}/source.py", "src/source.py.j2", ("enrich", "attendees")),
    _File("{src}/attendees.py", "src/attendees.py.j2", ("attendees",)),
    _File("{src}/authenticate.py", "src/authenticate.py.j2", ("authenticate",)),
    _File("{src}/filter.py", "src/filter.py.j2", ("filter",)),
    _File("{src}/dedupe.py", "src/dedupe.py.j2", ("dedupe",)),
    _File("{src}/mapping.py", "src/mapping.py.j2", ("map",)),
    _File("{src}/simulator/__init__.py", "src/simulator/__init__.py.j2", _CALLS),
    _File("{src}/simulator/app.py", "src/simulator/app.py.j2", _CALLS),
    _File("{src}/simulator/command.py", "src/simulator/command.py.j2", _CALLS),
    _File("{src}/simulator/faults.py", "src/simulator/faults.py.j2", _CALLS),
    _File("{src}/simulator/gate.py", "src/simulator/gate.py.j2", _CALLS),
    _File("{src}/simulator/reading.py", "src/simulator/reading.py.j2", _CALLS),
    _File("{src}/simulator/records.py", "src/simulator/records.py.j2", ("deliver",)),
    _File("{src}/simulator/people.py", "src/simulator/people.py.j2", ("enrich",)),
    _File("{src}/simulator/attendees.py", "src/simulator/attendees.py.j2", ("attendees",)),
    _File("tests/places_{snake}.py", "tests/places.py.j2", _CALLS),
    _File("tests/test_{snake}_client_file.py", "tests/test_client_file.py.j2"),
    _File("tests/test_{snake}_deliver.py", "tests/test_deliver.py.j2", ("deliver",)),
    _File("tests/test_{snake}_rules.py", "tests/test_rules.py.j2", _RULES),
    _File("tests/test_{snake}_simulator.py", "tests/test_simulator.py.j2", _CALLS),
    _File("tests/test_{snake}_source.py", "tests/test_source.py.j2", ("enrich", "attendees")),
)


def contents(variant: Variant) -> Iterator[tuple[str, str]]:
    """Yield each file of a package: its path within the folder, and its text.

    The same variant gives the same texts: no clock, no chance.
    """
    names = variant.names
    sample = sample_of(variant)
    values = {"n": names, "v": variant, "sample": sample, "event": EVENT, "bounds": _bounds()}
    values["block"] = _block(_render("configs/example.yaml.j2", values))
    for file in _FILES:
        if not file.words or variant.has(*file.words):
            path = file.path.format(src=f"src/{names.package}", snake=names.snake)
            yield path, _render(file.template, values)
    yield from _sample_files(sample)


def _sample_files(sample: Sample) -> Iterator[tuple[str, str]]:
    folder = f"sample_payloads/{sample.name}"
    for name, value in sample.files.items():
        yield f"{folder}/{name}", json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _block(client: str) -> str:
    """Return what a client file says of the plugins, without what every client has."""
    return client[client.index("# In call order") :]


def _render(template: str, values: Mapping[str, Any]) -> str:
    return _templates().get_template(template).render(values)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("regbridge.kit"),
        autoescape=False,  # noqa: S701 - no HTML; a name has letters, digits and hyphens alone
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _bounds() -> dict[str, str]:
    """Return the versions that a package requires: of regbridge this one and what stays the same.

    What regbridge requires itself is required in the same versions.
    """
    major, minor, *_ = version("regbridge").split(".")
    bounds = {"regbridge": f">={major}.{minor},<{int(major) + 1}"}
    for requirement in requires("regbridge") or ():
        if found := re.match(r"([A-Za-z0-9-]+)\s*(>=[0-9.]+)\s*$", requirement):
            bounds[found[1].lower()] = found[2]
    return bounds
