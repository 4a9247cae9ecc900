"""Takes the text of a batch apart, and puts the text of its answer together."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from regbridge_dynamics.simulator.errors import ApiError, bad_payload, bad_request
from regbridge_dynamics.simulator.request import JSON_TYPE, Answer

_CRLF = b"\r\n"
_TYPE = re.compile(
    r"multipart/mixed\s*;\s*boundary=(?:\"(?P<quoted>[^\"]{1,70})\"|(?P<bare>[^\s\"();:,/?=@<>]{1,70}))",
    re.IGNORECASE,
)
_LONGEST_URL = 65_536


@dataclass(frozen=True, slots=True)
class Part:
    """One piece between boundaries: its headers in lower case, and what comes after them."""

    headers: Mapping[str, str]
    content: bytes

    @property
    def is_change_set(self) -> bool:
        """Return whether it holds pieces of its own."""
        return self.headers.get("content-type", "").lower().startswith("multipart/")


@dataclass(frozen=True, slots=True)
class PartRequest:
    """The request within a part."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    content_id: str


def split_batch(content_type: str, body: bytes) -> list[Part]:
    """Return the pieces of a multipart body. Raises `ApiError` for anything that is amiss.

    Every line must end with CR and LF; Dataverse's answer to others is that of a stream that
    cannot be read.
    """
    match = _TYPE.fullmatch(content_type.strip())
    if not match:
        raise bad_request("The Content-Type must be multipart/mixed with a boundary.")
    if body.count(b"\n") != body.count(_CRLF):
        raise bad_payload("", "System.ArgumentException: Stream was not readable.")
    delimiter = b"\r\n--" + (match["quoted"] or match["bare"]).encode("latin-1", "replace")
    pieces = (_CRLF + body).split(delimiter)
    if len(pieces) < 2 or pieces[0].strip() or pieces[-1].rstrip(_CRLF) != b"--":
        raise bad_request("The batch does not begin and end with its boundary.")
    if not pieces[-1].endswith(_CRLF):
        raise bad_payload("", "System.ArgumentException: Stream was not readable.")
    if not pieces[1:-1]:
        raise bad_request("The batch has no part.")
    return [_part(piece) for piece in pieces[1:-1]]


def read_request(part: Part) -> PartRequest:
    """Return the request in a part. Raises `ApiError`."""
    if part.headers.get("content-type", "").lower() != "application/http":
        raise bad_request("A part must have the Content-Type application/http.")
    if part.headers.get("content-transfer-encoding", "").lower() != "binary":
        raise bad_request("A part must have the Content-Transfer-Encoding binary.")
    first, _, rest = part.content.partition(_CRLF)
    method, _, target = first.decode("utf-8", "replace").partition(" ")
    url, _, protocol = target.rpartition(" ")
    if not method.isupper() or not url or protocol != "HTTP/1.1":
        raise bad_request("A part must begin with METHOD URL HTTP/1.1.")
    if len(url) > _LONGEST_URL:
        raise bad_request("The URL of a part is longer than 65,536 characters.")
    headers, body = _head_and_body(rest)
    return PartRequest(method, url, headers, body, part.headers.get("content-id", ""))


def join_batch(items: Sequence[bytes]) -> Answer:
    """Return the answer that holds the parts, its status 200."""
    boundary, body = join(items, "batchresponse")
    return Answer(200, body, {"Content-Type": f"multipart/mixed; boundary={boundary}"})


def join(items: Sequence[bytes], kind: str) -> tuple[str, bytes]:
    """Return a new boundary and a multipart body."""
    boundary = f"{kind}_{uuid.uuid4()}"
    mark = f"--{boundary}".encode("ascii")
    body = b"".join(mark + _CRLF + item + _CRLF for item in items)
    return boundary, body + mark + b"--" + _CRLF


def part_of(answer: Answer, content_id: str) -> bytes:
    """Return the text of one answer within a batch."""
    head = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id:
        head.append(f"Content-ID: {content_id}")
    status = HTTPStatus(answer.status)
    head += ["", f"HTTP/1.1 {status.value} {status.phrase}"]
    if status >= HTTPStatus.BAD_REQUEST:
        head.append(f"REQ_ID: {uuid.uuid4()}")
    content = b""
    if answer.body is not None:
        assert isinstance(answer.body, dict)
        content = json.dumps(answer.body, ensure_ascii=False).encode("utf-8")
        head.append(f"Content-Type: {JSON_TYPE}")
    head.append("OData-Version: 4.0")
    head += [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\r\n".join([*head, "", ""]).encode("utf-8") + content


def change_set_of(items: Sequence[bytes]) -> bytes:
    """Return the part that holds the answers of a change set."""
    boundary, body = join(items, "changesetresponse")
    return f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode("ascii") + body


def _part(piece: bytes) -> Part:
    if not piece.startswith(_CRLF):
        raise bad_request("A boundary must stand alone in its line.")
    headers, content = _head_and_body(piece[len(_CRLF) :])
    return Part(headers, content)


def _head_and_body(text: bytes) -> tuple[dict[str, str], bytes]:
    """Return headers in lower case, and what follows the empty line, without its last CRLF."""
    if text.startswith(_CRLF):
        return {}, text[len(_CRLF) :]
    head, _, body = text.partition(b"\r\n\r\n")
    headers = {}
    for line in head.rstrip(_CRLF).decode("latin-1").split("\r\n") if head.strip() else ():
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise _bad_headers()
        headers[name.lower()] = value.strip()
    return headers, body


def _bad_headers() -> ApiError:
    """Return "the head of a part cannot be read"."""
    return bad_request("The headers of a part cannot be read.")
