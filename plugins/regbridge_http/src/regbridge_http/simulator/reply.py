"""One answer of a simulated receiver, and whether it does its work before it answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """How a request is answered.

    `body` is a text, or what is written as JSON; None for no body. `takes` says that the message is
    kept first, `drops` that the connection ends without the answer.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    takes: bool = False
    drops: bool = False

    @property
    def line(self) -> str:
        """The status with its phrase."""
        known = {status.value: status.phrase for status in HTTPStatus}
        return f"{self.status} {known.get(self.status, 'Unknown')}"

    def encoded(self) -> tuple[list[tuple[str, str]], bytes]:
        """Return the headers and the body as they are sent."""
        if self.body is None:
            return [*self.headers.items()], b""
        is_text = isinstance(self.body, str)
        kind = "text/plain; charset=utf-8" if is_text else "application/json; charset=utf-8"
        body = (self.body if is_text else json.dumps(self.body)).encode()
        named = {"Content-Type": kind, "Content-Length": str(len(body)), **self.headers}
        return [*named.items()], body


def refusal(status: int, text: str, **headers: str) -> Reply:
    """Refuse a request, and say why as JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"error": text}, named)


DROP_BEFORE = Reply(drops=True)
DROP_AFTER = Reply(takes=True, drops=True)
