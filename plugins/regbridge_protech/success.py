"""The rules by which a result's text proves that the service did its work."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jmespath
import msgspec
from jmespath.exceptions import JMESPathError

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_GUID = "00000000-0000-0000-0000-000000000000"
_LONGEST = 10_000
"""The most characters that a regular expression is tried on: some take very long for more."""


@dataclass(frozen=True, slots=True)
class Success:
    """The service did it; `external_id` is what it calls the record, if it says so."""

    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """The service did not do it. `problem` may be shown; `text` is the service's own."""

    problem: str
    text: str = field(repr=False)


Verdict = Success | Failure
Rule = Callable[[str], Verdict]
"""Judges the text of a result."""


def guid_rule(text: str) -> Verdict:
    """Take a result that is a GUID and nothing else for success; all zeros mean none."""
    found = text.strip().lower()
    if _GUID.fullmatch(found) and found != _NO_GUID:
        return Success(found)
    return Failure("the result is no GUID", text)


def regex_rule(pattern: str) -> Rule:
    """Take a result that matches as a whole for success; the group `id` is the external id.

    Raises `ValueError` when the pattern does not compile.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the regular expression does not compile: {error}") from None

    def judge(text: str) -> Verdict:
        match = compiled.fullmatch(text) if len(text) <= _LONGEST else None
        if match is None:
            return Failure("the result does not match the regular expression", text)
        return Success(match.groupdict().get("id") or None)

    return judge


def json_rule(
    path: str,
    equals: str | float | bool | None = True,
    id_path: str = "",
    reason_path: str = "",
) -> Rule:
    """Take a JSON result for success when what it has at a path is just what is expected.

    The paths are JMESPath: `id_path` leads to the external id, `reason_path` to the text of a
    failure. JSON's types are told apart: true is neither 1 nor "true". Raises `ValueError` when a
    path does not parse.
    """
    find, find_id, find_reason = map(_finder, (path, id_path, reason_path))

    def judge(text: str) -> Verdict:
        try:
            document = msgspec.json.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return Failure("the result is no JSON", text)
        if not _same(find(document), equals):
            own = find_reason(document)
            expected = msgspec.json.encode(equals).decode()
            problem = f"{path} is not {expected} in the result"
            return Failure(problem, own if isinstance(own, str) else text)
        return Success(_identifier(find_id(document)))

    return judge


def _finder(path: str) -> Callable[[Any], Any]:
    """Return a search that finds None for what is not there, or cannot be evaluated."""
    if not path:
        return lambda _: None
    try:
        with warnings.catch_warnings():
            # Text in backticks is deprecated without end, and still what most examples show.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            compiled = jmespath.compile(path)
    except (JMESPathError, ValueError, RecursionError) as error:
        raise ValueError(f"the path {path!r} does not parse: {_first_line(error)}") from None

    def find(document: Any) -> Any:
        try:
            return compiled.search(document)
        except (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError):
            return None

    return find


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _same(found: Any, expected: Any) -> bool:
    """Compare as JSON does, to which 1.0 is 1 and true is nothing but true."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    return bool(found == expected)


def _identifier(found: Any) -> str | None:
    if isinstance(found, str | int) and not isinstance(found, bool):
        return str(found) or None
    return None
