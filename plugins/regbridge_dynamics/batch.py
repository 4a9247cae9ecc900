"""`$batch`: many requests in one call, each answered for itself."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from requests.structures import CaseInsensitiveDict

from regbridge import AmbiguousError
from regbridge.http import Answer
from regbridge_dynamics.client import BASE_PATH, WebApi
from regbridge_dynamics.errors import Refusal

_CRLF = "\r\n"
_EMPTY_LINE = b"\r\n\r\n"
_BOUNDARY = re.compile(r"boundary=(?:\"([^\"]{1,200})\"|([^\s\";,]{1,200}))", re.IGNORECASE)
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})\b")
_CONTINUE = "odata.continue-on-error"
_UNREADABLE = "the answer to a batch cannot be read"


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch; `path` begins below the base and is percent-encoded."""

    method: str
    path: str
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)


def run_batch(
    web: WebApi, parts: Sequence[Part], headers: Mapping[str, str] | None = None
) -> list[Answer] | Refusal:
    """Return the answer to each part, in order, or why there is none at all.

    Each part is done for itself, whatever becomes of the others: status 200 of the whole says
    nothing (reference/dataverse-web-api.md, section 5). Raises as `WebApi.send` does, and
    `AmbiguousError` for an answer that cannot be read.
    """
    boundary = f"batch_{uuid.uuid4().hex}"
    found = web.send(
        "POST",
        "$batch",
        body=_written(parts, boundary),
        headers={**(headers or {}), "Content-Type": f'multipart/mixed; boundary="{boundary}"'},
        prefer=_CONTINUE,
    )
    if isinstance(found, Refusal):
        return found
    answers = _read(found)
    if len(answers) != len(parts):
        raise AmbiguousError(f"{_UNREADABLE}: it has {len(answers)} parts for {len(parts)}")
    return answers


def _written(parts: Sequence[Part], boundary: str) -> bytes:
    pieces = [f"--{boundary}{_CRLF}".encode() + _request(part) for part in parts]
    return b"".join((*pieces, f"--{boundary}--{_CRLF}".encode()))


def _request(part: Part) -> bytes:
    query = f"?{urlencode(part.params)}" if part.params else ""
    headers = dict(part.headers)
    if part.body is not None:
        headers["Content-Type"] = "application/json; type=entry"
    lines = [
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "",
        f"{part.method} {BASE_PATH}/{part.path}{query} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
        "",
        "",
    ]
    return _CRLF.join(lines).encode() + (part.body or b"") + _CRLF.encode()


def _read(answer: Answer) -> list[Answer]:
    boundary = _BOUNDARY.search(answer.headers.get("Content-Type", ""))
    if not boundary:
        raise AmbiguousError(f"{_UNREADABLE}: it is not in parts")
    mark = f"\r\n--{boundary[1] or boundary[2]}".encode("latin-1", "replace")
    _, *pieces = (b"\r\n" + answer.body).split(mark)
    if not pieces or not pieces[-1].startswith(b"--"):
        raise AmbiguousError(f"{_UNREADABLE}: its end is missing")
    return [_part(piece) for piece in pieces[:-1]]


def _part(piece: bytes) -> Answer:
    """Read one part: its own headers, a status line, headers, and what may follow them."""
    response = piece.partition(_EMPTY_LINE)[2]
    head, _, body = response.partition(_EMPTY_LINE)
    status = _STATUS.match(head)
    if not status:
        raise AmbiguousError(f"{_UNREADABLE}: a part has no status")
    lines = head.decode("latin-1").split(_CRLF)[1:]
    pairs = (line.partition(":") for line in lines)
    headers = CaseInsensitiveDict({name.strip(): value.strip() for name, _, value in pairs})
    return Answer(int(status[1]), headers, body)
