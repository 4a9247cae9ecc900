"""Runs the tests of a contract on plugins that break it, and says which of them fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import getmembers, isfunction
from typing import Any

import pytest


def cases(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of a test of a contract, besides what its fixture returns."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    if not marks:
        yield {}
    for mark in marks:
        names, values = mark.args
        if isinstance(names, str):
            yield from ({names: value} for value in values)
        else:
            yield from (dict(zip(names, value, strict=True)) for value in values)


def contract_tests(contract: type) -> dict[str, Callable[..., None]]:
    """Return the tests of a contract by name."""
    return {name: test for name, test in getmembers(contract, isfunction) if name[:5] == "test_"}


def failing(contract: type, make: Callable[[], Any]) -> set[str]:
    """Return the tests of a contract that fail; `make` returns what the fixture would, anew."""
    found = set()
    for name, test in contract_tests(contract).items():
        for arguments in cases(test):
            try:
                test(contract(), make(), **arguments)
            except pytest.skip.Exception:
                continue
            except (Exception, pytest.fail.Exception):
                found.add(name)
    return found
