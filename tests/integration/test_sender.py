"""`regbridge.sender` sends over real HTTP what Cvent would send."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
import requests
from hypothesis import assume, given
from hypothesis import strategies as st

from regbridge import AmbiguousError, ConfigError, RetryableError
from regbridge.sender import Sender, collect
from regbridge.testing import payloads

TOKEN = "a token of 31 letters and spaces"
BODY = payloads.encode(payloads.live("InviteeOrGuestAccepted", payloads.registrant(1)))
STUB = json.loads(BODY)["messageStub"]


@dataclass
class Receiver:
    """A server that remembers what it got. An empty `answer` closes the connection instead."""

    url: str = ""
    status: int = 200
    answer: bytes = b'{"receipt": 17, "registrations": 1}'
    location: str = ""
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.seen.append((self.command, self.path, headers, body))
            if not receiver.answer:
                self.close_connection = True
                return
            self.send_response(receiver.status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", str(len(receiver.answer)))
            self.end_headers()
            self.wfile.write(receiver.answer)

        do_GET = do_POST = respond  # noqa: N815 - the names that http.server looks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/cvent/example/CventReg"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


@pytest.fixture
def sender(receiver: Receiver) -> Iterator[Sender]:
    with Sender(receiver.url, TOKEN) as sender:
        yield sender


def test_a_validation_is_a_get_of_the_bare_url_with_the_bare_token(
    receiver: Receiver, sender: Sender
) -> None:
    sender.validate()
    ((method, path, headers, body),) = receiver.seen
    assert (method, path, body) == ("GET", "/cvent/example/CventReg", b"")
    assert headers["authorization"] == TOKEN
    assert headers["user-agent"] == "Cvent-Webhooks"
    assert UUID(headers["request-id"]).version == 4
    assert "content-type" not in headers


def test_a_message_is_posted_with_its_type_and_stub_behind_the_path(
    receiver: Receiver, sender: Sender
) -> None:
    answer = sender.send(BODY)
    ((method, path, headers, body),) = receiver.seen
    assert method == "POST"
    assert path == f"/cvent/example/CventReg/InviteeOrGuestAccepted/{STUB}"
    assert body == BODY
    assert headers["authorization"] == TOKEN
    assert headers["content-type"] == "application/json"
    assert (answer.status, answer.receipt) == (200, 17)
    assert answer.seconds > 0


def test_every_request_has_an_id_of_its_own(receiver: Receiver, sender: Sender) -> None:
    sender.send(BODY)
    sender.send(BODY)
    first, second = (headers["request-id"] for _, _, headers, _ in receiver.seen)
    assert first != second


def test_given_headers_replace_cvents_except_the_token(receiver: Receiver, sender: Sender) -> None:
    sender.send(BODY, {"request-id": "mine", "authorization": "<token>", "X-New": "1"})
    ((_, _, headers, _),) = receiver.seen
    assert (headers["request-id"], headers["x-new"]) == ("mine", "1")
    assert headers["authorization"] == TOKEN


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 10_000,
        b'{"eventType": "X"}',
        b'{"eventType": 1, "messageStub": "2"}',
        b'{"eventType": "..", "messageStub": "1"}',
        b'{"eventType": "X", "messageStub": ""}',
    ],
    ids=["empty", "cut", "list", "utf-16", "deep", "no stub", "number", "dots", "empty stub"],
)
def test_a_body_that_is_no_message_goes_to_the_bare_url(
    receiver: Receiver, sender: Sender, body: bytes
) -> None:
    sender.send(body)
    ((_, path, _, seen),) = receiver.seen
    assert (path, seen) == ("/cvent/example/CventReg", body)


def test_type_and_stub_are_percent_encoded(receiver: Receiver, sender: Sender) -> None:
    sender.send(payloads.encode(payloads.message("a/b?c ü", [], stub="#1")))
    ((_, path, _, _),) = receiver.seen
    assert path == "/cvent/example/CventReg/a%2Fb%3Fc%20%C3%BC/%231"


def test_a_byte_order_mark_does_not_hide_the_type(receiver: Receiver, sender: Sender) -> None:
    sender.send(b"\xef\xbb\xbf" + BODY)
    assert receiver.seen[0][1].endswith(STUB)


def test_a_slash_at_the_end_of_the_url_is_not_doubled(receiver: Receiver) -> None:
    with Sender(receiver.url + "/", TOKEN) as sender:
        sender.send(BODY)
    assert receiver.seen[0][1] == f"/cvent/example/CventReg/InviteeOrGuestAccepted/{STUB}"


def test_a_token_with_accents_is_sent_in_utf_8(receiver: Receiver) -> None:
    with Sender(receiver.url, "clé") as sender:
        sender.validate()
    assert receiver.seen[0][2]["authorization"].encode("latin-1").decode() == "clé"


def test_a_netrc_never_replaces_the_token(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    Sender(receiver.url, TOKEN, requests.Session()).send(BODY)
    assert receiver.seen[0][2]["authorization"] == TOKEN


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Sender(receiver.url, TOKEN) as sender:
        assert sender.send(BODY).status == 200


def test_a_redirection_is_an_answer_and_is_not_followed(receiver: Receiver, sender: Sender) -> None:
    receiver.status, receiver.location = 302, "/elsewhere"
    assert sender.send(BODY).status == 302
    assert len(receiver.seen) == 1


@pytest.mark.parametrize(
    "text", ["", "<html>", '{"receipt": "x"}', "[]", "\N{EURO SIGN}" * 3], ids=str
)
def test_an_answer_without_a_receipt_is_shown_as_it_is(
    receiver: Receiver, sender: Sender, text: str
) -> None:
    receiver.answer = text.encode() or b" "
    answer = sender.send(BODY)
    assert (answer.receipt, answer.text.strip()) == (None, text)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "token"), (403, "allow_from"), (404, "path"), (503, "regbridge check"), (500, "log")],
)
def test_a_validation_that_is_not_answered_200_says_what_to_do(
    receiver: Receiver, sender: Sender, status: int, remedy: str
) -> None:
    receiver.status = status
    with pytest.raises(ConfigError, match=remedy) as caught:
        sender.validate()
    assert str(status) in str(caught.value)
    assert receiver.url in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_an_answer_that_is_lost_may_be_sent_again(receiver: Receiver, sender: Sender) -> None:
    receiver.answer = b""
    with pytest.raises(AmbiguousError, match="send the message again"):
        sender.send(BODY)


def test_a_place_where_nothing_answers_is_named(receiver: Receiver) -> None:
    with pytest.raises(RetryableError, match=r"127\.0\.0\.1:1/x: nothing answers there"):
        Sender("http://127.0.0.1:1/x", TOKEN).send(BODY)


def test_a_server_without_tls_is_no_https_server(receiver: Receiver) -> None:
    with pytest.raises(RetryableError, match="certificate"):
        Sender(receiver.url.replace("http", "https", 1), TOKEN).send(BODY)


@pytest.mark.parametrize("ask", ["session", "default"])
def test_a_certificate_is_verified_whatever_the_session_says(
    ask: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    class Adapter(requests.adapters.HTTPAdapter):
        def send(self, request: Any, **options: Any) -> requests.Response:  # type: ignore[override]
            asked.append(options["verify"])
            return super().send(request, **options)

    session = requests.Session()
    session.trust_env = False
    session.verify = ask == "default"
    session.mount("http://", Adapter())
    Sender(receiver.url, TOKEN, session).validate()
    assert asked == [True]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8080/x",
        "ftp://host/x",
        "http://",
        "http:///x",
        "http://user:secret@host/x",
        "http://host/x?y=1",
        "http://host/x#y",
        "http://host:99999/x",
        "http://[::1/x",
    ],
)
def test_a_url_that_is_no_endpoints_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="http:// or https://") as caught:
        Sender(url, TOKEN)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("token", ["", " ", "x\n", " x", "x\r\nX-Other: 1", "x\x00", "\udcff"])
def test_a_token_that_no_header_can_hold_is_refused_unseen(token: str) -> None:
    with pytest.raises(ConfigError, match="token") as caught:
        Sender("http://127.0.0.1/x", token)
    assert "X-Other" not in str(caught.value)


class Recorder(requests.adapters.BaseAdapter):
    """Answers 200 without a network and keeps the URLs."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.urls.append(request.url or "")
        response = requests.Response()
        response.status_code, response.raw = 200, BytesIO()
        return response

    def close(self) -> None:
        pass


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.binary(max_size=50))
def test_any_type_is_one_segment_and_no_body_leads_elsewhere(event_type: str, junk: bytes) -> None:
    assume(event_type not in {".", ".."})
    session, recorder = requests.Session(), Recorder()
    session.mount("http://", recorder)
    sender = Sender("http://host/x", TOKEN, session)
    sender.send(payloads.encode(payloads.message(event_type, [], stub="1")))
    sender.send(junk)
    assert [unquote(part) for part in recorder.urls[0].split("/")[4:]] == [event_type, "1"]
    assert recorder.urls[1] == "http://host/x"


def test_a_file_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes(b"{")
    assert collect(tmp_path / "mine.txt") == [("mine.txt", b"{")]


def test_a_folder_gives_its_json_files_and_sample_folders_by_name(tmp_path: Path) -> None:
    for name, content in {"b.json": b"2", "a.json": b"1", "notes.txt": b"x"}.items():
        (tmp_path / name).write_bytes(content)
    for name in ("A--x", "c--y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "request.json").write_bytes(name.encode())
        (tmp_path / name / "headers.json").write_bytes(b"{}")
    assert collect(tmp_path) == [
        ("A--x", b"A--x"),
        ("a.json", b"1"),
        ("b.json", b"2"),
        ("c--y", b"c--y"),
    ]


def test_a_sample_folder_is_one_message(tmp_path: Path) -> None:
    for name in ("request.json", "headers.json", "expected.json"):
        (tmp_path / name).write_bytes(name.encode())
    assert collect(tmp_path) == [(tmp_path.name, b"request.json")]


def test_a_folder_without_messages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no message here; name a JSON file") as caught:
        collect(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file") as caught:
        collect(tmp_path / "none.json")
    assert "none.json" in str(caught.value)
