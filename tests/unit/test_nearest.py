"""The remedy for a misspelt name."""

from __future__ import annotations

import pytest

from regbridge.nearest import did_you_mean


@pytest.mark.parametrize("name", ["pluginz", "plugin", "PLUGINS", "plguins"])
def test_a_misspelt_name_is_told_the_nearest_one(name: str) -> None:
    assert did_you_mean(name, ["plugins", "targets"]) == "did you mean 'plugins'?"


def test_a_name_that_is_near_to_none_is_told_them_all_in_order() -> None:
    assert did_you_mean("xyz", ["b", "a", "b"]) == "valid names are a, b"


def test_there_is_no_remedy_without_valid_names_or_with_too_many() -> None:
    assert did_you_mean("xyz", []) == ""
    assert did_you_mean("xyz", [f"name-{number}" for number in range(100)]) == ""
