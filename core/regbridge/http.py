"""Calls to a vendor's service over HTTP: pooled, bounded, with each way to fail told apart."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
import structlog
from requests.cookies import RequestsCookieJar
from urllib3.exceptions import HTTPError, MaxRetryError

from regbridge.connections import BoundedAdapter, bounded
from regbridge.correlation import current_batch, new_id, path_shown
from regbridge.errors import AmbiguousError, RegbridgeError, RetryableError
from regbridge.loopback import LOOPBACK as LOOPBACK
from regbridge.loopback import is_here
from regbridge.loopback import service_address as service_address

_CHUNK = 1 << 16

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tracing:
    """The headers by which a service's own log can be compared with ours.

    `call` names one call, `batch` all calls for the registrations that are worked on together, and
    `answer` is the header in which the service names the call in its own way; None where it takes,
    or has, none.
    """

    call: str | None = None
    batch: str | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered, whatever its status. Header names may be asked for in any case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the body's JSON; raises `RetryableError` when it is none (a proxy's page, say)."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            kind = self.headers.get("Content-Type", "no Content-Type").partition(";")[0]
            raise RetryableError(
                f"the answer ({self.status}, {kind}) is not JSON; something between may have "
                "answered in the place of the service"
            ) from None


class Outbound:
    """The connections to one service; several threads may share them.

    `service` is what error texts call it, `url` any address of it. Times are in seconds:
    `answer_seconds` for the first byte of an answer, `longest_seconds` for all of it. `largest` is
    in bytes, of the answer's body as inflated. `ca_file` names the authorities to trust in the
    place of the usual ones; certificates are verified always. Redirects are not followed, cookies
    not kept, a .netrc not read. Without `keep_alive`, each call has a connection of its
    own: none can fail because the service closed an idle one.

    Each call leaves a line in the log: how it went and how long it took, never a query, a header or
    a body, and of the path its words alone if `shows_path`; leave that out where a path holds names
    or secrets.
    """

    def __init__(
        self,
        service: str,
        url: str,
        *,
        connections: int = 10,
        connect_seconds: float = 10.0,
        answer_seconds: float = 60.0,
        longest_seconds: float = 300.0,
        largest: int = 50_000_000,
        ca_file: str | None = None,
        keep_alive: bool = True,
        tracing: Tracing = Tracing(),
        shows_path: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.service = service
        self._timeout = (connect_seconds, answer_seconds)
        self._longest = longest_seconds
        self._largest = largest
        self._clock = clock
        self._keep_alive = keep_alive
        self._tracing = tracing
        self._shows_path = shows_path
        self._session = _new_session(url, connections, ca_file)

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one call and return its answer, whatever the status.

        Raises `RetryableError` when surely nothing reached the service, and `AmbiguousError` when
        something may have and the answer is lost. Neither text holds the URL's query or the body.
        """
        call = new_id()
        given = {**(headers or {}), **self._traced(call)}
        if not self._keep_alive:
            given["Connection"] = "close"
        begun = self._clock()
        deadline = begun + self._longest
        try:
            with (
                bounded(lambda: deadline - self._clock()),
                self._session.request(
                    method,
                    url,
                    data=body.encode() if isinstance(body, str) else body,
                    params=params,
                    headers=given,
                    auth=_as_given,
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                answer = Answer(response.status_code, response.headers, self._read(response))
        except (requests.RequestException, HTTPError) as error:
            failure = self._failed(error, url, too_late=self._clock() >= deadline)
            self._tell_failure(failure, method, url, call, begun)
            raise failure from None
        except AmbiguousError as error:
            self._tell_failure(error, method, url, call, begun)
            raise
        self._tell(answer, method, url, call, begun)
        return answer

    def reach(self, url: str) -> None:
        """Connect as `send` does, through a proxy if there is one and with TLS, and ask nothing.

        Raises `RetryableError`. For `check_connection` where any request would have an effect.
        """
        prepared = requests.Request("GET", url).prepare()
        given = self._session.merge_environment_settings(url, {}, None, None, None)
        adapter = self._session.get_adapter(url)
        assert isinstance(adapter, BoundedAdapter)
        deadline = self._clock() + self._longest
        try:
            with bounded(lambda: deadline - self._clock()):
                adapter.connect(prepared, given["proxies"], given["verify"], self._timeout[0])
        except (requests.RequestException, HTTPError, OSError) as error:
            never_sent = requests.ConnectionError(MaxRetryError(None, "", error))  # type: ignore[arg-type]
            raise self._failed(never_sent, url, too_late=False) from None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _traced(self, call: str) -> dict[str, str]:
        names = {self._tracing.call: call, self._tracing.batch: current_batch()}
        return {name: value for name, value in names.items() if name and value}

    def _tell(self, answer: Answer, *about: Any) -> None:
        name = self._tracing.answer
        theirs = answer.headers.get(name, "")[:100] if name else ""
        also = {"their_call": theirs} if theirs else {}
        _log.info("call answered", status=answer.status, **self._facts(*about), **also)

    def _tell_failure(self, error: RegbridgeError, *about: Any) -> None:
        _log.warning("call failed", **self._facts(*about), error=str(error))

    def _facts(self, method: str, url: str, call: str, begun: float) -> dict[str, Any]:
        """Return what a line says of a call, however it ended."""
        facts = {
            "service": self.service,
            "method": method,
            "host": urlsplit(url).hostname or "",
            "ms": round((self._clock() - begun) * 1000),
            "call": call,
        }
        return {**facts, "path": path_shown(url)} if self._shows_path else facts

    def _read(self, response: requests.Response) -> bytes:
        """Read a body as it comes, so that its size is not unbounded."""
        chunks = []
        size = 0
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > self._largest:
                raise AmbiguousError(
                    f"{self.service} sent an answer of more than {self._largest:,} bytes"
                )
        return b"".join(chunks)

    def _failed(
        self, error: Exception, url: str, *, too_late: bool
    ) -> RetryableError | AmbiguousError:
        host = urlsplit(url).hostname or "its address"
        cause = _cause(error)
        detail = f"{type(error).__name__} at {host}"
        if isinstance(cause, ssl.SSLCertVerificationError):
            text = (
                f"{self.service}: the certificate of {host} is not trusted; let REQUESTS_CA_BUNDLE "
                "name the file of the authority that signed it"
            )
            return RetryableError(text, detail=detail)
        if not may_have_arrived(error):
            text = f"{self.service}: no connection to {host} ({type(cause).__name__})"
            return RetryableError(text, detail=detail)
        text = f"{self.service}: the answer of {host} was lost ({type(cause).__name__})"
        if too_late:
            text = f"{self.service} took more than {self._longest:g} seconds to answer"
        return AmbiguousError(text, detail=detail)


@contextmanager
def repeatable() -> Iterator[None]:
    """Make a lost answer one to ask for again: for calls that change nothing, such as reading."""
    try:
        yield
    except AmbiguousError as error:
        raise RetryableError(str(error), detail=error.detail) from None


def may_have_arrived(error: Exception) -> bool:
    """Say whether a call that failed without an answer may have reached the service."""
    if isinstance(
        error,
        requests.ConnectTimeout
        | requests.exceptions.InvalidURL
        | requests.exceptions.MissingSchema
        | requests.exceptions.InvalidSchema
        | requests.exceptions.InvalidHeader,
    ):
        return False
    # urllib3 reports as MaxRetryError what failed before the first byte was sent.
    return not any(isinstance(cause, MaxRetryError) for cause in (error, *error.args))


def seconds_to_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return what a Retry-After header asks for in seconds, never negative; None without one."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


def _as_given(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave Authorization as it is; without any auth, requests would take it from a .netrc."""
    return request


class _NoCookies(RequestsCookieJar):
    """Keeps nothing: a cookie would tie later calls to one server of the service."""

    def set_cookie(self, cookie: Any, *_args: Any, **_options: Any) -> None:
        """Forget a cookie."""


def _new_session(url: str, connections: int, ca_file: str | None) -> requests.Session:
    session = requests.Session()
    session.cookies = _NoCookies()
    session.headers["User-Agent"] = "regbridge"
    # A proxy of the environment cannot reach this machine's own addresses.
    session.trust_env = not is_here(url)
    if ca_file:
        session.verify = ca_file
    for scheme in ("http://", "https://"):
        session.mount(scheme, BoundedAdapter(pool_connections=4, pool_maxsize=connections))
    return session


def _cause(error: Exception) -> Exception:
    """Return the innermost failure; what is wrapped around it says less."""
    while (inner := _inside(error)) is not None:
        error = inner
    return error


def _inside(error: Any) -> Exception | None:
    for inner in (getattr(error, "reason", None), *getattr(error, "args", ())):
        if isinstance(inner, Exception) and inner is not error:
            return inner
    return None
