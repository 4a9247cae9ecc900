"""A person is told once, by a real mail server or webhook, when something needs one."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import falcon
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from regbridge.alerts.causes import find_alerts
from regbridge.alerts.channels import channels
from regbridge.alerts.watch import Watch
from regbridge.config.alerts import AlertsConfig
from regbridge.errors import RetryableError
from regbridge.models import Client, Endpoint
from regbridge.store.clock import from_ms
from regbridge.store.engine import Store
from regbridge.store.hosts import ClientThere, HostThere, Standing, put_host
from regbridge.store.intake import Arrival, Intake
from regbridge.store.pauses import Cause, pause, resume
from regbridge.store.upgrades import upgrade
from regbridge.testing.server import LocalServer

NOW = 1_800_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
PASSWORD = "a password of the mail server"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


class Channel:
    """Keeps what it is told to send; fails while `fails`."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        self.texts: list[str] = []
        self.fails = False

    def __call__(self, alert: Any) -> None:
        if self.fails:
            raise RetryableError("no mail today")
        self.subjects.append(alert.subject)
        self.texts.append(alert.text)


class Watched:
    """A ledger, the alerts about it, and a clock."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = Clock()
        self.channel = Channel()
        endpoints = {
            "CventReg": Endpoint("CventReg", "/a", ("t",), silence_hours=6),
            "Other": Endpoint("Other", "/b", ("t",)),
        }
        self.clients = {"apap": Client("apap", endpoints=endpoints)}
        self.intake = Intake(store)
        self.watch = self.another()

    def another(self) -> Watch:
        """Return the watch of another host."""
        return Watch(self.store, lambda: self.clients, {"test": self.channel}, self.clock)

    def receive(self, body: bytes = b"{", problem: str = "the body is not JSON") -> None:
        at = from_ms(self.clock.now)
        self.intake.accept(Arrival("apap", "CventReg", body, at, problem=problem))

    def pause(self, cause: Cause) -> None:
        until = self.clock.now + 5 * MINUTE
        now = self.clock.now
        self.store.write(lambda c: pause(c, "apap", "crm", cause, "mary@x.org failed", until, now))

    def resume(self) -> None:
        self.store.write(lambda c: resume(c, "apap", "crm", self.clock.now))


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    store = Store(f"sqlite:///{tmp_path / 'regbridge.db'}")
    upgrade(store)
    watched = Watched(store)
    yield watched
    watched.intake.close()
    store.close()


def test_a_refused_change_that_nobody_corrects_is_an_alert(watched: Watched) -> None:
    runs = ClientThere("acme", Standing.RUNS, "a1", NOW)
    refused = ClientThere("apap", Standing.REFUSED, "b2", NOW, NOW, "clients/apap.yaml:3: no")
    there = HostThere("hooks:1", ("receive", "work"), NOW, [runs, refused])

    def look() -> None:
        watched.store.write(lambda c: put_host(c, there, watched.clock.now))
        watched.watch.look()

    look()
    watched.clock.now += 9 * MINUTE
    look()
    assert watched.channel.subjects == []  # somebody is working on it

    watched.clock.now += 2 * MINUTE
    look()
    look()

    assert watched.channel.subjects == ["apap: its changed configuration is refused"]


def test_an_endpoint_that_is_new_is_not_silent_at_once(watched: Watched) -> None:
    watched.clock.now += 48 * HOUR
    watched.receive()
    watched.watch.look()
    endpoint = Endpoint("CventReg", "/c", ("t",), silence_hours=6)
    watched.clients["acme"] = Client("acme", endpoints={"CventReg": endpoint})
    sent = len(watched.channel.subjects)

    watched.watch.look()
    watched.clock.now += 5 * HOUR
    watched.watch.look()
    assert watched.channel.subjects[sent:] == []

    watched.clock.now += HOUR + MINUTE
    watched.watch.look()
    assert "acme: nothing arrives at CventReg" in watched.channel.subjects[sent:]


def test_one_alert_is_sent_for_a_cause_whatever_the_number_of_hosts(watched: Watched) -> None:
    watched.receive()
    other = watched.another()

    for _ in range(3):
        watched.watch.look()
        other.look()

    assert watched.channel.subjects == ["apap: 1 message of today cannot be read"]


def test_what_is_new_within_the_hour_is_told_after_it(watched: Watched) -> None:
    watched.receive()
    watched.watch.look()
    watched.clock.now += 59 * MINUTE
    watched.receive(b"{{")
    watched.watch.look()
    assert len(watched.channel.subjects) == 1

    watched.clock.now += MINUTE
    watched.watch.look()
    watched.clock.now += HOUR
    watched.watch.look()

    assert watched.channel.subjects[1:] == ["apap: 2 messages of today cannot be read"]


@pytest.mark.parametrize(
    ("cause", "subject"),
    [
        (Cause.OUTAGE, "apap: crm is down"),
        (Cause.CREDENTIALS, "apap: crm refuses our credentials"),
        (Cause.QUOTA, "apap: the calls of crm are used up"),
    ],
)
def test_a_target_that_is_left_alone_is_told_once_and_nothing_of_the_error(
    watched: Watched, cause: Cause, subject: str
) -> None:
    watched.pause(cause)
    watched.watch.look()
    watched.clock.now += 3 * HOUR
    watched.pause(cause)  # it is still so
    watched.watch.look()

    assert watched.channel.subjects == [subject]
    assert "mary" not in watched.channel.texts[0]

    watched.resume()
    watched.pause(cause)
    watched.watch.look()
    assert watched.channel.subjects == [subject] * 2


def test_a_pause_that_an_operator_wanted_is_no_alert(watched: Watched) -> None:
    watched.pause(Cause.OPERATOR)
    watched.clock.now += 7 * HOUR

    watched.watch.look()

    assert watched.channel.subjects == ["apap: nothing arrives at CventReg"]


def test_an_endpoint_at_which_nothing_arrives_is_told_once(watched: Watched) -> None:
    watched.clock.now += 5 * HOUR
    watched.watch.look()
    assert watched.channel.subjects == []  # this host has not been there for six hours

    for _ in range(4):
        watched.clock.now += 2 * HOUR
        watched.watch.look()

    assert watched.channel.subjects == ["apap: nothing arrives at CventReg"]
    assert "Push API" in watched.channel.texts[0]


def test_after_a_message_a_new_silence_is_told_again(watched: Watched) -> None:
    watched.clock.now += 7 * HOUR
    watched.watch.look()
    watched.receive(b'{"eventType": "x", "message": []}', problem="")
    watched.watch.look()
    watched.clock.now += 7 * HOUR

    watched.watch.look()

    assert watched.channel.subjects == ["apap: nothing arrives at CventReg"] * 2


def test_an_alert_that_could_not_be_sent_is_sent_the_next_time(watched: Watched) -> None:
    watched.receive()
    watched.channel.fails = True
    watched.watch.look()
    watched.channel.fails = False

    watched.watch.look()
    watched.watch.look()

    assert len(watched.channel.subjects) == 1


class Inbox:
    """A mail server's mailbox."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope)
        return "250 OK"


def authenticate(
    _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=data.password == PASSWORD.encode())


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    """An authority that this process trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


@pytest.fixture
def serve_mail() -> Iterator[Callable[[trustme.CA | None], tuple[int, Inbox]]]:
    """Starts mail servers, with STARTTLS and a password if they have an authority."""
    running: list[Controller] = []

    def serve(authority: trustme.CA | None) -> tuple[int, Inbox]:
        inbox = Inbox()
        options: dict[str, Any] = {}
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("localhost").configure_cert(context)
            options = {
                "tls_context": context,
                "require_starttls": True,
                "authenticator": authenticate,
                "auth_required": True,
            }
        port = free_port()
        server = Controller(inbox, hostname="127.0.0.1", port=port, **options)
        server.start()
        running.append(server)
        return port, inbox

    yield serve
    for server in running:
        server.stop()


def free_port() -> int:
    """Return a port that nobody listens at; the mail server cannot choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def email(tmp_path: Path, port: int, **settings: Any) -> AlertsConfig:
    (tmp_path / "secret").write_text(PASSWORD, encoding="utf-8")
    given = {
        "host": "localhost",
        "port": port,
        "sender": "bridge@example.org",
        "to": ["it@example.org"],
        **settings,
    }
    return AlertsConfig.model_validate({"email": given}, context={"folder": tmp_path})


def with_password(**more: Any) -> Mapping[str, Any]:
    return {"username": "bridge", "password": {"file": "secret"}, **more}


def test_an_alert_arrives_by_mail_encrypted_and_with_a_password(
    watched: Watched,
    tmp_path: Path,
    authority: trustme.CA,
    serve_mail: Callable[..., tuple[int, Inbox]],
) -> None:
    port, inbox = serve_mail(authority)
    watched.receive()
    [alert] = find_alerts(watched.store, watched.clients, NOW, {})

    channels(email(tmp_path, port, **with_password()))["email"](alert)

    [mail] = inbox.mails
    assert mail.rcpt_tos == ["it@example.org"]
    assert isinstance(mail.content, bytes)
    assert b"Subject: regbridge: apap: 1 message of today cannot be read" in mail.content


def test_a_mail_server_whose_certificate_is_not_trusted_gets_nothing(
    watched: Watched, tmp_path: Path, serve_mail: Callable[..., tuple[int, Inbox]]
) -> None:
    port, inbox = serve_mail(trustme.CA())
    watched.receive()
    [alert] = find_alerts(watched.store, watched.clients, NOW, {})

    with pytest.raises(RetryableError, match=r"did not take the alert \(SSLCertVerificationError"):
        channels(email(tmp_path, port, **with_password()))["email"](alert)

    assert inbox.mails == []


def test_a_relay_of_the_own_network_may_do_without(
    watched: Watched, tmp_path: Path, serve_mail: Callable[..., tuple[int, Inbox]]
) -> None:
    port, inbox = serve_mail(None)
    watched.receive()
    [alert] = find_alerts(watched.store, watched.clients, NOW, {})

    channels(email(tmp_path, port, tls="none"))["email"](alert)

    assert len(inbox.mails) == 1


class Hook:
    """A chat service's incoming webhook."""

    def __init__(self) -> None:
        self.posted: list[Any] = []
        self.status = "200 OK"

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        self.posted.append(req.get_media())
        resp.status = self.status


def test_an_alert_arrives_at_a_webhook(watched: Watched, tmp_path: Path) -> None:
    hook = Hook()
    app = falcon.App()
    app.add_route("/hook", hook)
    with LocalServer(app) as server:
        (tmp_path / "url").write_text(f"{server.url}/hook", encoding="utf-8")
        settings = {"webhook": {"url": {"file": "url"}}}
        config = AlertsConfig.model_validate(settings, context={"folder": tmp_path})
        watched.receive()
        [alert] = find_alerts(watched.store, watched.clients, NOW, {})
        send = channels(config)["webhook"]

        send(alert)
        hook.status = "500 Internal Server Error"
        with pytest.raises(RetryableError, match="answered 500"):
            send(alert)

    assert hook.posted[0]["cause"] == "unread apap"
    assert hook.posted[0]["text"].startswith("regbridge: apap: 1 message of today cannot be read")
    assert json.dumps(hook.posted[0])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"email": {"host": "h", "sender": "nobody", "to": ["a@b"]}},
            "'nobody' is no e-mail address",
        ),
        ({"email": {"host": "h", "sender": "a@b", "to": []}}, "to"),
        (
            {"email": {"host": "h", "sender": "a@b", "to": ["a@b"], "username": "u"}},
            "go together",
        ),
        (
            {"email": {"host": "h", "sender": "a@b", "to": ["a@b"], **with_password(tls="none")}},
            "not sent without TLS",
        ),
        ({"webhook": {"url": {"file": "plain"}}}, "https://"),
        ({"webhook": {"url": {"file": "cunning"}}}, "https://"),
        ({"webhook": {"url": "https://example.org"}}, "never as the secret itself"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(
    tmp_path: Path, settings: Any, says: str
) -> None:
    (tmp_path / "secret").write_text(PASSWORD, encoding="utf-8")
    (tmp_path / "plain").write_text("http://example.org/hook", encoding="utf-8")
    (tmp_path / "cunning").write_text("http://localhost.example.org/hook", encoding="utf-8")

    with pytest.raises(ValueError, match=says):
        AlertsConfig.model_validate(settings, context={"folder": tmp_path})
