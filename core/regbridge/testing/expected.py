"""One request that a scripted server expects, what it answers, and in what another one differs."""

from __future__ import annotations

import json as jsons
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import parse_qs
from wsgiref.util import is_hop_by_hop

Text = str | re.Pattern[str]
"""A text, or a pattern that has to fit the whole of it."""

ANYTHING: Any = object()
"""Stands for a body of which nothing is expected. In a JSON value, `unittest.mock.ANY` does."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came.

    `path` is decoded, `query` as of `urllib.parse.parse_qs`, `headers` have their names in lower
    case, and `body` is what was sent.
    """

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON. Raises `ValueError` for one that is none."""
        return jsons.loads(self.body)

    def __str__(self) -> str:
        asked = "&".join(f"{name}={value}" for name, all_ in self.query.items() for value in all_)
        return f"{self.method} {self.path}" + (f"?{asked}" if asked else "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a scripted server answers: a `json` value or a `body`, with the status and headers.

    With `drop` the connection ends without an answer: "before" as if the request had never been
    read, "after" when its work was done.
    """

    status: int = 200
    json: Any = ANYTHING
    body: str | bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    drop: Literal["", "before", "after"] = ""

    def __post_init__(self) -> None:
        if self.json is not ANYTHING and self.body:
            raise ValueError("an answer has either json or body")
        for name in self.headers:
            if is_hop_by_hop(name):
                raise ValueError(f"the header {name} is the server's own")

    @property
    def line(self) -> str:
        """The status with its phrase."""
        known = {status.value: status.phrase for status in HTTPStatus}
        return f"{self.status} {known.get(self.status, 'Unknown')}"

    def encoded(self) -> tuple[bytes, dict[str, str]]:
        """Return the body and all headers, with a Content-Type that fits unless one is given."""
        if self.json is not ANYTHING:
            body, kind = jsons.dumps(self.json, ensure_ascii=False).encode(), "application/json"
        elif isinstance(self.body, str):
            body, kind = self.body.encode(), "text/plain; charset=utf-8"
        else:
            body, kind = self.body, "application/octet-stream"
        named = {name.lower() for name in self.headers}
        typed = {"Content-Type": kind} if body and "content-type" not in named else {}
        return body, {**typed, **self.headers}


class Expectation:
    """A request that is expected, `times` times (None: any number of times, or never).

    Made by `ScriptedServer.expect`; its methods say what happens, and return it. Without any, the
    answer is 200 with an empty body.
    """

    def __init__(
        self,
        method: str,
        path: Text,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, Text] | None = None,
        json: Any = ANYTHING,
        body: str | bytes | re.Pattern[str] | None = None,
        times: int | None = 1,
    ) -> None:
        if json is not ANYTHING and body is not None:
            raise ValueError("a request has either json or body")
        if times is not None and times < 1:
            raise ValueError("times is at least 1, or None for any number of times")
        if isinstance(path, str) and "?" in path:
            if query is not None:
                raise ValueError("the query stands in the path or in query, not in both")
            path, _, asked = path.partition("?")
            query = parse_qs(asked, keep_blank_values=True)
        self.method = method.upper()
        self.path = path
        self.times = times
        self.came = 0
        self._query = None if query is None else {name: _listed(v) for name, v in query.items()}
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self._json = json
        self._body = body.encode() if isinstance(body, str) else body
        self._make: Callable[[Seen], Answer] = lambda _seen: Answer()
        self._arrived = threading.Event()
        self._released = threading.Event()
        self._released.set()

    def answer(
        self,
        status: int = 200,
        *,
        json: Any = ANYTHING,
        body: str | bytes = b"",
        headers: Mapping[str, str] = _NOTHING,
    ) -> Expectation:
        """Answer with a status, and with a JSON value or a body."""
        same = Answer(status, json, body, headers)
        return self.answer_by(lambda _seen: same)

    def answer_by(self, make: Callable[[Seen], Answer]) -> Expectation:
        """Let a function answer, from several threads; what it raises is a failure of the test."""
        self._make = make
        return self

    def drop(self, when: Literal["before", "after"] = "after") -> Expectation:
        """End the connection without an answer.

        "before": the service did nothing, and the request is not among `requests`. "after": it did
        its work, and the answer was lost.
        """
        if when not in ("before", "after"):
            raise ValueError("a connection is dropped 'before' or 'after'")
        same = Answer(drop=when)
        return self.answer_by(lambda _seen: same)

    def hold(self) -> Expectation:
        """Answer only after `release`, or when the server ends."""
        self._released.clear()
        return self

    def release(self) -> None:
        """Let go what `hold` holds."""
        self._released.set()

    def wait_until_came(self, seconds: float = 10.0) -> None:
        """Wait until the request is there. Raises `AssertionError` when it does not come."""
        if not self._arrived.wait(seconds):
            raise AssertionError(f"{self} did not come within {seconds:g} seconds")

    @property
    def is_open(self) -> bool:
        """Whether it is expected another time."""
        return self.times is None or self.came < self.times

    def is_of(self, seen: Seen) -> bool:
        """Say whether method and path are those of a request."""
        return self.method == seen.method and _fits(self.path, seen.path)

    def differences(self, seen: Seen) -> list[str]:
        """Return in what a request is another one than this, in words; nothing if it is this."""
        found: list[str] = []
        if self.method != seen.method:
            found.append(f"the method should be {self.method}, it is {seen.method}")
        if not _fits(self.path, seen.path):
            found.append(f"the path should be {_shown(self.path)}, it is {_shown(seen.path)}")
        if self._query is not None:
            found += _between("the parameter", self._query, seen.query)
        found += self._in_headers(seen.headers)
        found += self._in_body(seen)
        return found

    def take(self, seen: Seen) -> Answer:
        """Wait while it is held, and return the answer to a request that is this one."""
        self._arrived.set()
        self._released.wait()
        return self._make(seen)

    def __str__(self) -> str:
        return f"{self.method} {self.path if isinstance(self.path, str) else _shown(self.path)}"

    def _in_headers(self, headers: Mapping[str, str]) -> Iterator[str]:
        for name, value in self._headers.items():
            if name not in headers:
                yield f"the header {name} is missing"
            elif not _fits(value, headers[name]):
                is_ = _shown(headers[name])
                yield f"the header {name} should be {_shown(value)}, it is {is_}"

    def _in_body(self, seen: Seen) -> Iterator[str]:
        if isinstance(self._body, re.Pattern):
            text = seen.body.decode("utf-8", "replace")
            if not self._body.fullmatch(text):
                yield f"the body should be {_shown(self._body)}, it is {_shown(text)}"
        elif self._body is not None:
            if self._body != seen.body:
                yield f"the body should be {_shown(self._body)}, it is {_shown(seen.body)}"
        elif self._json is not ANYTHING:
            try:
                value = seen.json()
            except ValueError:
                yield f"the body should be JSON, it is {_shown(seen.body)}"
            else:
                yield from json_differences(self._json, value)


def json_differences(expected: Any, value: Any, at: str = "the body") -> Iterator[str]:
    """Yield in what a JSON value is another one, each with its place: `the body.records[0].id`."""
    if isinstance(expected, Mapping) and isinstance(value, dict):
        for name in [*expected, *(name for name in value if name not in expected)]:
            if name not in value:
                yield f"{at} should have {name!r}"
            elif name not in expected:
                yield f"{at} should not have {name!r}, which is {_shown(value[name])}"
            else:
                yield from json_differences(expected[name], value[name], f"{at}.{name}")
    elif isinstance(expected, list | tuple) and isinstance(value, list):
        if len(expected) != len(value):
            yield f"{at} should have {len(expected)} entries, it has {len(value)}"
        for index, (one, other) in enumerate(zip(expected, value, strict=False)):
            yield from json_differences(one, other, f"{at}[{index}]")
    elif not _is_same(expected, value):
        yield f"{at} should be {_shown(expected)}, it is {_shown(value)}"


def _is_same(expected: Any, value: Any) -> bool:
    """Compare two single values as JSON does: true is not 1."""
    known = bool | int | float
    if isinstance(expected, known) and isinstance(value, known):
        return isinstance(expected, bool) == isinstance(value, bool) and expected == value
    return bool(expected == value)


def _between(
    what: str, expected: Mapping[str, Sequence[str]], found: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    for name in [*expected, *(name for name in found if name not in expected)]:
        if name not in found:
            yield f"{what} {name} is missing"
        elif name not in expected:
            yield f"{what} {name} was not expected, it is {_shown(found[name])}"
        elif expected[name] != found[name]:
            yield f"{what} {name} should be {_shown(expected[name])}, it is {_shown(found[name])}"


def _fits(expected: Text, text: str) -> bool:
    return expected == text if isinstance(expected, str) else bool(expected.fullmatch(text))


def _listed(values: str | Sequence[str]) -> list[str]:
    return [values] if isinstance(values, str) else list(values)


def _shown(value: Any) -> str:
    if isinstance(value, re.Pattern):
        return f"like /{value.pattern}/"
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    text = jsons.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
