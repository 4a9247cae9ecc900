"""What a rule finds broken, and how a rule is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from itertools import islice
from typing import ParamSpec

_MOST = 3
"""So many different faults of one rule are told; more would be of the same cause."""

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a plugin does not keep: what it does instead, and what its author can do."""

    rule: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}; {self.remedy}"


Rule = Callable[P, list[Broken]]


def rule(remedy: str) -> Callable[[Callable[P, Iterator[str]]], Rule[P]]:
    """Make a rule of a function that yields what is wrong; its name is the rule in words."""

    def made(find: Callable[P, Iterator[str]]) -> Rule[P]:
        @wraps(find)
        def found(*args: P.args, **kwargs: P.kwargs) -> list[Broken]:
            different = dict.fromkeys(find(*args, **kwargs))
            return [Broken(words_of(find), text, remedy) for text in islice(different, _MOST)]

        return found

    return made


def words_of(function: Callable[..., object]) -> str:
    """Return what a rule is called."""
    return function.__name__.replace("_", " ")
