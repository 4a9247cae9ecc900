"""What setup.cfg declares is what is on disk."""

from __future__ import annotations

import configparser
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from regbridge import Plugin

ROOT = Path(__file__).parents[2]
SOURCE_ROOTS = ("core", "plugins")
# Alembic runs these itself; they cannot be imported outside a migration.
RUN_BY_ALEMBIC = re.compile(r"regbridge\.store\.migrations\.(env|versions\..*)")
# Written beside the configurations when somebody tries them in the checkout.
LEFT_BY_RUNS = re.compile(r"configs/(delivered/.*|.*\.db(-wal|-shm)?)")
FOR_DEVELOPERS = re.compile(r"core/regbridge/store/migrations/script\.py\.mako|.*/README\.md")


def read_setup() -> configparser.ConfigParser:
    setup = configparser.ConfigParser()
    setup.optionxform = str  # type: ignore[assignment,method-assign]
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    return setup


# A folder with a pyproject.toml of its own is another distribution, which sets itself up.
OTHERS = {path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml")}
SETUP = read_setup()
PACKAGES = SETUP["options"]["packages"].split()


def pairs(text: str) -> dict[str, str]:
    split = (line.partition("=") for line in text.strip().splitlines())
    return {name.strip(): value.strip() for name, _, value in split}


FOLDERS = {name: ROOT / folder for name, folder in pairs(SETUP["options"]["package_dir"]).items()}


def folder_of(package: str) -> Path:
    """Return where setuptools looks for a package: `package_dir` of it, or of one around it."""
    if package in FOLDERS:
        return FOLDERS[package]
    parent, dot, name = package.rpartition(".")
    return folder_of(parent) / name if dot else ROOT / package


def code_of(root: str) -> Iterator[Path]:
    for path in sorted((ROOT / root).rglob("*.py")):
        if not OTHERS.intersection(path.parents):
            yield path


def modules() -> Iterator[tuple[str, Path]]:
    for root in SOURCE_ROOTS:
        for path in code_of(root):
            parts = path.relative_to(ROOT / root).with_suffix("").parts
            yield ".".join(parts).removesuffix(".__init__"), path


MODULES = dict(modules())


def test_every_folder_with_code_is_a_declared_package() -> None:
    on_disk = {
        ".".join(path.parent.relative_to(ROOT / root).parts)
        for root in SOURCE_ROOTS
        for path in code_of(root)
    }
    code = {name for name in PACKAGES if folder_of(name).parts[len(ROOT.parts)] in SOURCE_ROOTS}
    assert code == on_disk


def test_every_declared_package_is_found_where_setup_cfg_says() -> None:
    assert {name: folder_of(name) for name in PACKAGES if not folder_of(name).is_dir()} == {}


def test_every_package_of_code_has_an_init_module() -> None:
    folders = {path.parent for path in MODULES.values()}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_no_package_is_declared_twice_or_out_of_order() -> None:
    assert sorted(set(PACKAGES)) == PACKAGES


@pytest.mark.parametrize("name", [name for name in MODULES if not RUN_BY_ALEMBIC.match(name)])
def test_every_module_imports(name: str) -> None:
    assert importlib.import_module(name).__name__ == name


def test_every_plugin_entry_point_is_a_plugin_class() -> None:
    points = pairs(SETUP["options.entry_points"]["regbridge.plugins"])
    assert points
    for name, value in points.items():
        module, _, attribute = value.partition(":")
        found = getattr(importlib.import_module(module), attribute)
        assert issubclass(found, Plugin), name


def test_the_command_is_a_function() -> None:
    module, _, name = pairs(SETUP["options.entry_points"]["console_scripts"])[
        "regbridge"
    ].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def package_data() -> Iterator[tuple[str, str]]:
    for package, patterns in SETUP["options.package_data"].items():
        for pattern in re.split(r"[,\s]+", patterns.strip()):
            yield package, pattern


@pytest.mark.parametrize(("package", "pattern"), list(package_data()))
def test_every_pattern_of_package_data_matches_a_file(package: str, pattern: str) -> None:
    assert list(folder_of(package).glob(pattern))


def test_every_file_that_is_no_code_is_package_data() -> None:
    declared = {
        path for package, pattern in package_data() for path in folder_of(package).glob(pattern)
    }
    forgotten = [
        name
        for folder in FOLDERS.values()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and path not in declared
        for name in [path.relative_to(ROOT).as_posix()]
        if not LEFT_BY_RUNS.fullmatch(name) and not FOR_DEVELOPERS.fullmatch(name)
    ]
    assert forgotten == []


def test_every_requirement_has_a_lower_bound() -> None:
    needed = SETUP["options"]["install_requires"] + SETUP["options.extras_require"]["test"]
    bound = re.compile(r"[A-Za-z0-9._-]+(\[[a-z]+\])?>=[0-9][A-Za-z0-9.]*")
    assert [line for line in needed.split() if not bound.fullmatch(line)] == []
