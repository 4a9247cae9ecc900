"""Acts as Cvent: validates an endpoint, posts messages to it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec
import requests
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict

from regbridge.errors import AmbiguousError, ConfigError, RetryableError
from regbridge.http import LOOPBACK, may_have_arrived
from regbridge.models import Finding, Level

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 300.0  # a sync of 50,000 registrations takes its time
_REMEDIES = {
    401: "give the token that the client's file names; the log of the host has the reason",
    403: "let `allow_from` name the address that you send from",
    404: "compare the path with the endpoints in the client's file",
    503: "see the log of the host, and run `regbridge check --online`",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answered; `receipt` is the id under which the message is stored."""

    status: int
    receipt: int | None
    text: str
    seconds: float


class Sender:
    """Sends to one endpoint as Cvent does. `url` is the one that Cvent would be given.

    `token` is all that the Authorization header says. Certificates are verified always. One
    instance serves one thread. Raises `ConfigError` when the URL or the token cannot be right.
    """

    def __init__(self, url: str, token: str, session: requests.Session | None = None) -> None:
        self._url = url.rstrip("/")
        if findings := [*_url_findings(self._url), *_token_findings(token)]:
            raise ConfigError(findings)
        self._auth = _BareToken(token)
        self._session = session or _new_session(self._url)

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def validate(self) -> None:
        """Send the GET by which Cvent looks whether an endpoint works.

        Raises `ConfigError` unless the answer is 200, `RetryableError` or `AmbiguousError` when
        there is none.
        """
        answer = self._request("GET", self._url, None, None)
        if answer.status == 200:
            return
        remedy = _REMEDIES.get(answer.status, "see the log of the host")
        message = f"the endpoint answers {answer.status} to Cvent's validation, not 200"
        raise ConfigError.of(message, remedy, self._url)

    def send(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Post one message, with eventType and messageStub behind the path as Cvent does.

        A body that is no message goes to the path itself. `headers` replace Cvent's, except that
        Authorization is always the token. Raises `RetryableError` when nothing answers there,
        `AmbiguousError` when the answer is lost.
        """
        return self._request("POST", self._url + _suffix(body), body, headers)

    def _request(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None
    ) -> Answer:
        try:
            response = self._session.request(
                method,
                url,
                data=body,
                headers=_headers(body, headers),
                auth=self._auth,
                timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),
                allow_redirects=False,
                verify=True,
            )
        except requests.RequestException as error:
            raise _no_answer(error, self._url) from None
        return Answer(
            status=response.status_code,
            receipt=_receipt(response.content),
            text=response.content.decode("utf-8", "replace"),
            seconds=response.elapsed.total_seconds(),
        )


def collect(path: Path) -> list[tuple[str, bytes]]:
    """Return the messages at a path by name: of a file, a folder of files, or sample folders.

    A sample folder holds a `request.json`; nothing else in it is a message. Raises `ConfigError`
    when there is nothing to send.
    """
    files = _messages(path)
    if not files:
        message = "no message here"
        remedy = "name a JSON file, a folder of *.json, or a folder of sample folders"
        raise ConfigError.of(message, remedy, str(path))
    try:
        return [(name, file.read_bytes()) for name, file in files]
    except OSError as error:
        message = f"cannot be read ({error.strerror})"
        raise ConfigError.of(message, where=str(error.filename)) from None


def _messages(path: Path) -> list[tuple[str, Path]]:
    if not path.is_dir():
        return [(path.name, path)]
    if (path / "request.json").is_file():
        return [(path.resolve().name, path / "request.json")]
    files = [(file.name, file) for file in path.glob("*.json")]
    return sorted(files + [(file.parent.name, file) for file in path.glob("*/request.json")])


def _url_findings(url: str) -> list[Finding]:
    try:
        parts = urlsplit(url)
        right = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        right = right and not (parts.query or parts.fragment or parts.username or parts.password)
    except ValueError:
        right = False
    if right:
        return []
    message = "the URL of an endpoint is http:// or https://, a host, a path, nothing else"
    return [Finding(Level.ERROR, message, remedy="put the endpoint's path behind the host")]


def _token_findings(token: str) -> list[Finding]:
    if token and token.isprintable() and token == token.strip():
        return []
    message = "the token is empty, or has spaces around it or line breaks in it"
    return [Finding(Level.ERROR, message, remedy="give the value that Cvent's settings hold")]


def _new_session(url: str) -> requests.Session:
    session = requests.Session()
    # A proxy of the environment cannot reach this machine's own addresses.
    session.trust_env = urlsplit(url).hostname not in LOOPBACK
    return session


class _BareToken(AuthBase):
    """Sets Authorization to the token alone.

    As `auth` and not as a header, because requests would replace a header by what a .netrc says.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode().decode("latin-1")  # the bytes of UTF-8, as http.client sends

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._token
        return request


class _Head(msgspec.Struct, rename="camel"):
    """The two fields of a message that its URL ends with."""

    event_type: str
    message_stub: str


def _suffix(body: bytes) -> str:
    """Return what Cvent appends to the path; "" for a body that is no message."""
    try:
        head = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"), type=_Head)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
    segments = (head.event_type, head.message_stub)
    if any(segment in {"", ".", ".."} for segment in segments):
        return ""
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


def _headers(body: bytes | None, given: Mapping[str, str] | None) -> CaseInsensitiveDict[str]:
    headers = CaseInsensitiveDict({"Request-ID": str(uuid.uuid4()), "User-Agent": "Cvent-Webhooks"})
    if body is not None:
        headers["Content-Type"] = "application/json"
    headers.update(given or {})
    return headers


class _Stored(msgspec.Struct):
    """What the host says about a message that it stored."""

    receipt: int


def _receipt(content: bytes) -> int | None:
    try:
        return msgspec.json.decode(content, type=_Stored).receipt
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _no_answer(error: requests.RequestException, url: str) -> RetryableError | AmbiguousError:
    detail = type(error).__name__
    if isinstance(error, requests.exceptions.SSLError):
        text = (
            f"{url}: the certificate is not trusted; let REQUESTS_CA_BUNDLE name the file of the "
            "authority that signed it"
        )
        return RetryableError(text, detail=detail)
    if not may_have_arrived(error):
        text = f"{url}: nothing answers there; start regbridge, or correct host and port"
        return RetryableError(text, detail=detail)
    text = (
        f"{url}: the answer was lost; send the message again (one that is stored counts once), "
        "and compare its size with the host's body_limit"
    )
    return AmbiguousError(text, detail=detail)
