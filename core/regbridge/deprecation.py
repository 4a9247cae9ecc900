"""What still works and will not always: each deprecation, with the version in which it ends."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import structlog

from regbridge.models import Finding, Level

P = ParamSpec("P")
Result = TypeVar("Result")

log = structlog.get_logger(__name__)

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Something public that ends in a version: what it is called, and what to use instead.

    `key` is set for a key of a YAML file: the way to it from the top of a client file, or of
    `base.yaml` for what is under `host`, with "*" for any name or place in a list.
    """

    name: str
    instead: str
    since: str
    ends: str
    key: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not version_of(self.since) < version_of(self.ends):
            raise ValueError(f"the deprecation of {self.name} ends before it begins")

    def __str__(self) -> str:
        return f"{self.name} is deprecated since {self.since} and ends in regbridge {self.ends}"


DEPRECATIONS: Sequence[Deprecation] = ()
"""All of them. The page on compatibility lists them, and a test fails when one is overdue."""


def version_of(text: str) -> tuple[int, int, int]:
    """Return a version as numbers; what follows them, as in `1.0.0rc1`, is left out."""
    found = _VERSION.match(text)
    if found is None:
        raise ValueError(f"{text!r} is no version such as 1.0")
    major, minor, patch = (int(number or 0) for number in found.groups())
    return major, minor, patch


def overdue(version: str, deprecations: Sequence[Deprecation]) -> list[Deprecation]:
    """Return what should be gone in a version."""
    return [each for each in deprecations if version_of(each.ends) <= version_of(version)]


def warn_deprecated(what: Deprecation, *, stacklevel: int = 2) -> None:
    """Warn who calls the function that calls this one; `stacklevel` as `warnings.warn` counts."""
    warnings.warn(f"{what}; {what.instead}", DeprecationWarning, stacklevel=stacklevel + 1)


def deprecated(what: Deprecation) -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """Return a decorator of a function whose every call warns its caller."""

    def decorate(function: Callable[P, Result]) -> Callable[P, Result]:
        @functools.wraps(function)
        def warning(*args: P.args, **options: P.kwargs) -> Result:
            warn_deprecated(what)
            return function(*args, **options)

        return warning

    return decorate


def deprecated_keys(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield a warning for each deprecated key that a YAML file's values have."""
    for what in DEPRECATIONS:
        for path in _found(values, what.key, ()) if what.key else ():
            yield Finding(Level.WARNING, str(what), remedy=what.instead, path=path)


_logged: set[tuple[str, Finding]] = set()


def log_deprecated_keys(file: str, values: Mapping[str, Any]) -> None:
    """Log the deprecated keys of a file, each once in the life of a process."""
    for finding in deprecated_keys(values):
        if (file, finding) not in _logged:
            _logged.add((file, finding))
            key = ".".join(map(str, finding.path))
            log.warning("deprecated key", file=file, key=key, remedy=f"{finding}")


def _found(
    values: Any, key: tuple[str, ...], before: tuple[str | int, ...]
) -> Iterator[tuple[str | int, ...]]:
    if not key:
        yield before
        return
    names: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(values, Mapping):
        names = ((name, value) for name, value in values.items() if key[0] in ("*", name))
    elif isinstance(values, list) and key[0] == "*":
        names = ((number, value) for number, value in enumerate(values))
    for name, value in names:
        yield from _found(value, key[1:], (*before, name))
