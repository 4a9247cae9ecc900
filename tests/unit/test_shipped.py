"""Folders that are installed beside the code are found, with or without an `__init__.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from regbridge.shipped import shipped


@pytest.mark.parametrize("package", [True, False], ids=["with __init__.py", "without"])
def test_an_installed_folder_is_found(
    package: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / f"shipped_folder_{package}".lower()
    folder.mkdir()
    (folder / ("__init__.py" if package else "base.yaml")).touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert shipped(folder.name) == folder


def test_an_empty_folder_of_an_install_that_was_replaced_is_passed_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, folder = tmp_path / "left/shipped_twice", tmp_path / "new/shipped_twice"
    left.mkdir(parents=True)
    folder.mkdir(parents=True)
    (folder / "base.yaml").touch()
    monkeypatch.syspath_prepend(folder.parent)
    monkeypatch.syspath_prepend(left.parent)

    assert shipped(folder.name) == folder


def test_a_folder_that_is_not_installed_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="regbridge_nothing is not installed"):
        shipped("regbridge_nothing")
