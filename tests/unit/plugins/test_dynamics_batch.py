"""Answers to batches, read part by part whatever comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import AmbiguousError
from regbridge.http import Answer
from regbridge_dynamics.batch import Part, run_batch
from regbridge_dynamics.errors import Refusal, Trouble

PARTS = [
    Part(
        "PATCH",
        "contacts(a='1')",
        b'{"lastname":"Zo\xc3\xab"}',
        {"CallerObjectId": "x"},
        {"tag": "a b"},
    ),
    Part("GET", "WhoAmI"),
]


class Web:
    """Answers a batch with what a test gives it, and keeps what was sent."""

    def __init__(self, answer: Answer | Refusal) -> None:
        self._answer = answer
        self.sent: dict[str, Any] = {}

    def send(self, method: str, path: str, **options: Any) -> Answer | Refusal:
        self.sent = {"method": method, "path": path, **options}
        return self._answer


def answered(*parts: str, content_type: str = "multipart/mixed; boundary=b") -> Answer:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    return Answer(200, {"Content-Type": content_type}, body.encode())


def part(status: str, body: str = "", *headers: str) -> str:
    head = ["Content-Type: application/http", "Content-Transfer-Encoding: binary", ""]
    return "\r\n".join([*head, f"HTTP/1.1 {status}", *headers, "", body])


def run(answer: Answer, parts: Sequence[Part] = PARTS) -> list[Answer]:
    found = run_batch(Web(answer), parts)  # type: ignore[arg-type]
    assert isinstance(found, list)
    return found


def test_a_batch_is_written_as_the_reference_shows() -> None:
    web = Web(answered(part("204 No Content"), part("200 OK")))
    run_batch(web, PARTS, {"CallerObjectId": "x"})  # type: ignore[arg-type]
    boundary = web.sent["headers"]["Content-Type"].partition('boundary="')[2].rstrip('"')
    assert (web.sent["method"], web.sent["path"]) == ("POST", "$batch")
    assert web.sent["headers"]["CallerObjectId"] == "x"
    assert web.sent["prefer"] == "odata.continue-on-error"
    assert web.sent["body"].decode() == (
        f"--{boundary}\r\n"
        "Content-Type: application/http\r\n"
        "Content-Transfer-Encoding: binary\r\n"
        "\r\n"
        "PATCH /api/data/v9.2/contacts(a='1')?tag=a+b HTTP/1.1\r\n"
        "CallerObjectId: x\r\n"
        "Content-Type: application/json; type=entry\r\n"
        "\r\n"
        '{"lastname":"Zoë"}\r\n'
        f"--{boundary}\r\n"
        "Content-Type: application/http\r\n"
        "Content-Transfer-Encoding: binary\r\n"
        "\r\n"
        "GET /api/data/v9.2/WhoAmI HTTP/1.1\r\n"
        "\r\n"
        "\r\n"
        f"--{boundary}--\r\n"
    )


def test_each_part_has_its_own_status_headers_and_body() -> None:
    first, second = run(
        answered(
            part(
                "412 Precondition Failed",
                '{"error":{"code":"0x1"}}',
                "REQ_ID: 17",
                "Retry-After: 3",
            ),
            part("204 No Content", "", "OData-Version: 4.0"),
        )
    )
    assert (first.status, first.headers["req_id"], first.headers["Retry-After"]) == (412, "17", "3")
    assert first.json() == {"error": {"code": "0x1"}}
    assert (second.status, second.body) == (204, b"")


@pytest.mark.parametrize(
    "content_type",
    ['multipart/mixed; boundary="b"', "multipart/mixed;BOUNDARY=b; charset=utf-8"],
)
def test_the_boundary_may_be_quoted_or_not(content_type: str) -> None:
    assert len(run(answered(part("200 OK"), part("200 OK"), content_type=content_type))) == 2


@pytest.mark.parametrize(
    "answer",
    [
        answered(part("200 OK")),
        answered(part("200 OK"), part("200 OK"), part("200 OK")),
        answered(part("200 OK"), "no part at all"),
        answered(part("200 OK"), "Content-Type: application/http\r\n\r\nFTP/1.1 200\r\n\r\n"),
        answered(part("200 OK"), part("200 OK"), content_type="application/json"),
        Answer(200, {"Content-Type": "multipart/mixed; boundary=b"}, b"--b\r\n"),
        Answer(200, {}, b""),
    ],
)
def test_an_answer_that_cannot_be_read_leaves_it_open_what_was_done(answer: Answer) -> None:
    with pytest.raises(AmbiguousError, match="the answer to a batch cannot be read"):
        run(answer)


def test_a_batch_that_is_refused_as_a_whole_has_no_parts() -> None:
    refusal = Refusal(Trouble.RECORD, 400, "", "")
    assert run_batch(Web(refusal), PARTS) is refusal  # type: ignore[arg-type]


@given(st.binary(max_size=300), st.booleans())
def test_no_answer_breaks_the_reader(body: bytes, framed: bool) -> None:
    text = b"--b\r\n" + body + b"\r\n--b--\r\n" if framed else body
    try:
        found = run(Answer(200, {"Content-Type": "multipart/mixed; boundary=b"}, text), PARTS[:1])
    except AmbiguousError:
        return
    assert 100 <= found[0].status <= 999
