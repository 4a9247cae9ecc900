"""`status` and `show` with --host: the same as beside the ledger, asked from elsewhere."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import structlog
from tests.integration.api.conftest import BASE, TOKEN, Api

from regbridge.cli import main
from regbridge.errors import ConfigError
from regbridge.host import Address, Host
from regbridge.remote import RemoteHost
from regbridge.testing.payloads import encode, live, registrant
from regbridge.web.api.examples import EXAMPLES

MARY = registrant(1, email="mary@example.com", firstName="Mary", lastName="Jones", jobTitle="Chair")
NOT_JSON = b'{"eventType": '

COMMANDS = [
    ["status"],
    ["status", "--json"],
    ["status", "--timings"],
    ["status", "--timings", "--days", "7", "--json"],
    ["show", "mary@example.com"],
    ["show", "mary@example.com", "--json", "--body"],
    ["show", "mary@example.com", "--client", "acme"],
    ["show", "mary@example.com", "--client", "other"],
    ["show", "nobody@example.com", "--json"],
    ["show", "--receipt", "1", "--body"],
    ["show", "--receipt", "2", "--json"],
    ["show", "--receipt", "99"],
]


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Run]:
    """Runs `regbridge` where there is no ledger."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("REGBRIDGE_API_TOKEN", TOKEN)
    monkeypatch.delenv("REGBRIDGE_CONFIGS", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # the host's, in here too

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int | None)
        return Ran(ended.value.code or 0, out, err)

    yield run
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_output_is_the_same_from_elsewhere(
    run: Run, api: Api, configs: Path, words: list[str]
) -> None:
    api.send(encode(live("InviteeOrGuestAccepted", MARY)), NOT_JSON)
    api.host._flush.stop()

    here = run(*words, "--configs", str(configs))
    there = run(*words, "--host", api.host.url)

    assert there == here


def test_an_empty_ledger_is_the_same_too(run: Run, api: Api, configs: Path) -> None:
    for words in (["status"], ["status", "--json"], ["status", "--timings"]):
        assert run(*words, "--host", api.host.url) == run(*words, "--configs", str(configs))


def test_the_token_may_be_in_another_variable(
    run: Run, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGBRIDGE_API_TOKEN", "wrong")
    monkeypatch.setenv("MINE", TOKEN)

    assert run("status", "--host", f"{api.host.url}/", "--token-env", "MINE").status == 0


def test_a_token_that_is_missing_or_wrong_is_said_and_never_shown(
    run: Run, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for token, says in (
        ("", "REGBRIDGE_API_TOKEN is not set or is empty"),
        ("a-wrong-token-of-somebody", "the host does not know this token"),
        ("a wrong-token", "visible ASCII characters"),
    ):
        monkeypatch.setenv("REGBRIDGE_API_TOKEN", token)
        for words in (["status"], ["show", "mary"]):
            ran = run(*words, "--host", api.host.url)
            assert (ran.status, ran.out) == (1, "")
            assert says in ran.err
            assert "wrong-token" not in ran.err


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://hooks.example.org", "not sent without encryption"),
        ("http://127.0.0.1.example.org", "not sent without encryption"),
        ("hooks.example.org", "is not the URL of a host"),
        ("ftp://127.0.0.1", "is not the URL of a host"),
        ("https://", "is not the URL of a host"),
        ("", "is not the URL of a host"),
        ("https://hooks.example.org/?a=b", "is not the URL of a host"),
        ("https://hooks.example.org:port", "is no URL"),
        ("https://[::1", "is no URL"),
        ("https://me:a-password@hooks.example.org", "holds no name and no password"),
    ],
)
def test_a_url_that_cannot_be_right_is_refused_before_anything_is_sent(
    run: Run, url: str, says: str
) -> None:
    ran = run("status", "--host", url)

    assert ran.status == 1
    assert says in ran.err
    assert "a-password" not in ran.err


def test_no_host_at_all_is_said(run: Run, host: Host) -> None:
    url = host.url
    host.stop()

    ran = run("status", "--host", url)

    assert ran.status == 1
    assert "no connection to 127.0.0.1" in ran.err
    assert "regbridge serve" in ran.err


@pytest.mark.parametrize("words", [["status"], ["show", "mary"], ["show", "--receipt", "1"]])
def test_a_host_without_an_api_is_told_from_one_that_knows_nobody(
    run: Run, configs: Path, words: list[str]
) -> None:
    (configs / "base.yaml").write_text(BASE, encoding="utf-8")
    host = Host(configs, address=Address("127.0.0.1", 0))
    host.start()
    try:
        ran = run(*words, "--host", host.url)
    finally:
        host.stop()

    assert ran.status == 1
    assert "this host has no API; host.api in its base.yaml" in ran.err


def test_too_many_wrong_tokens_are_said(
    run: Run, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGBRIDGE_API_TOKEN", "wrong")
    errors = [run("status", "--host", api.host.url).err for _ in range(6)]

    assert "the host answers 429 (Too many wrong tokens" in errors[-1]


class _Somebody(http.server.BaseHTTPRequestHandler):
    """Answers as something that is not regbridge would."""

    answer: ClassVar[tuple[int, bytes]] = (200, b"")
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, body = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 302:
            self.send_header("Location", "/login")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def somebody(status: int, body: bytes) -> Iterator[str]:
    """Start a server that always answers the same; yield its URL."""
    _Somebody.answer = status, body
    _Somebody.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Somebody)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (200, b"<html>Welcome</html>", "not one of regbridge's API"),
        (200, b"[]", "not one of regbridge's API"),
        (200, b'{"status": "ok"}', "not one of regbridge's API"),
        (200, b"[" * 100_000, "not one of regbridge's API"),
        (200, b"\xff\xfe", "not one of regbridge's API"),
        (204, b"", "the host answers 204"),
        (302, b"", "the host answers 302"),
        (404, b"Not here", "this host has no API"),
        (500, b"<html>", "the host answers 500; compare the URL"),
        (503, b'{"detail": "The ledger is away."}', "503 (The ledger is away.)"),
        (503, b'{"detail": ["x"]}', "the host answers 503"),
    ],
)
def test_whatever_else_answers_is_told_from_a_host(
    run: Run, status: int, body: bytes, says: str
) -> None:
    with somebody(status, body) as url:
        ran = run("status", "--host", url)

    assert (ran.status, ran.out) == (1, "")
    assert says in ran.err
    assert len(_Somebody.asked) == 1


def test_a_host_may_live_below_a_path(run: Run) -> None:
    with somebody(200, json.dumps(EXAMPLES["Status"]).encode()) as url:
        assert run("status", "--host", f"{url}/regbridge/").status == 0

    assert _Somebody.asked == ["/regbridge/api/v1/status"]


def test_a_newer_host_may_tell_more(run: Run) -> None:
    newer = EXAMPLES["Status"] | {"weather": {"today": "rain"}}
    with somebody(200, json.dumps(newer).encode()) as url:
        assert "delivered" in run("status", "--host", url).out


def test_each_part_of_an_answer_has_to_have_its_shape() -> None:
    for wrong in (
        {"calls": None},
        {"calls": [1]},
        {"calls": [{"key": "a", "day": "b"}]},
        {"pending_since": 4},
        {"proofs": [{**EXAMPLES["Status"]["proofs"][0], "account": {}}]},
        {"registrations": [{"client": "a", "endpoint": "b", "state": "c", "count": True}]},
    ):
        body = json.dumps(EXAMPLES["Status"] | wrong).encode()
        refused = pytest.raises(ConfigError, match="not one of regbridge's API")
        with refused, somebody(200, body) as url, RemoteHost(url, TOKEN) as there:
            there.figures()
