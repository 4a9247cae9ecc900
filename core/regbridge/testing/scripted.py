"""An HTTP server on this machine that answers by a script, and tells what was asked otherwise."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs

from regbridge.testing.expected import ANYTHING, Answer, Expectation, Seen, Text
from regbridge.testing.server import DROP, LocalServer

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["ANYTHING", "Answer", "Expectation", "ScriptedServer", "Seen"]

Order = Literal["path", "all", "any"]


class ScriptedServer:
    """A real server at `url`, for a `with` block, which answers what a test expects to be asked.

    `order` says in which order requests have to come: those of one method and path in theirs
    ("path"), all of them ("all"), or any ("any", for calls that are made at once).

    What is not expected is answered 501, with the reason, and remembered. The end of the block
    raises `AssertionError`, which names that and what never came; if another exception is on its
    way, it gets this as a note. All of it may be used from several threads.

    Example:
        with ScriptedServer() as server:
            server.expect("POST", "/contacts", json={"email": "a@example.org"}).answer(
                201, json={"id": "7"}
            )
            ...  # code that calls server.url + "/contacts"
            assert server.requests[0].headers["authorization"] == "Bearer token"
    """

    def __init__(self, *, order: Order = "path") -> None:
        if order not in ("path", "all", "any"):
            raise ValueError("order is 'path', 'all' or 'any'")
        self._order = order
        self._expected: list[Expectation] = []
        self._requests: list[Seen] = []
        self._complaints: list[str] = []
        self._lock = threading.Lock()
        self._server = LocalServer(self._answer)

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return self._server.url

    @property
    def requests(self) -> list[Seen]:
        """The requests that came so far, expected or not, without those dropped "before"."""
        with self._lock:
            return list(self._requests)

    def expect(
        self,
        method: str,
        path: Text,
        *,
        query: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, Text] | None = None,
        json: Any = ANYTHING,
        body: str | bytes | re.Pattern[str] | None = None,
        times: int | None = 1,
    ) -> Expectation:
        """Expect a request, after those that were expected before; return it to say the answer.

        What is left out may be anything. `path` may have the query after a "?"; the query, the
        JSON value and the body have to be equal, and of the headers those that are named.
        `times=None` expects any number of requests, also none: it takes what no other one takes.
        """
        expectation = Expectation(
            method, path, query=query, headers=headers, json=json, body=body, times=times
        )
        with self._lock:
            self._expected.append(expectation)
        return expectation

    def verify(self) -> None:
        """Raise `AssertionError` for what was asked otherwise so far, and for what did not come."""
        if complaint := self.complaint():
            raise AssertionError(complaint)

    def complaint(self) -> str:
        """Return what `verify` raises, "" if all is as expected."""
        with self._lock:
            lines = [*self._complaints, *_missing(self._expected)]
        return "\n".join(["the server was not asked as expected:", *lines]) if lines else ""

    def start(self) -> str:
        """Listen, and return the URL."""
        return self._server.start()

    def stop(self) -> None:
        """Let go what is held, and stop listening."""
        with self._lock:
            expected = list(self._expected)
        for expectation in expected:
            expectation.release()
        self._server.stop()

    def __enter__(self) -> ScriptedServer:
        self.start()
        return self

    def __exit__(
        self, _type: object, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.stop()
        if error is None:
            self.verify()
        elif complaint := self.complaint():
            error.add_note(complaint)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        seen = _seen(environ)
        answer = self._take(seen)
        if answer.drop:
            environ[DROP]()
        body, headers = answer.encoded()
        if answer.status >= 200 and answer.status not in (204, 304):
            headers["Content-Length"] = str(len(body))
        start_response(answer.line, list(headers.items()))
        return [] if seen.method == "HEAD" else [body]

    def _take(self, seen: Seen) -> Answer:
        with self._lock:
            self._requests.append(seen)
            expectation, why = self._find(seen)
            if expectation is None:
                self._complaints.append(f"  unexpected: {seen}: {why}")
                return Answer(501, body=f"{seen} was not expected: {why}\n")
            expectation.came += 1
        try:
            answer = expectation.take(seen)
            answer.encoded()
        except Exception as error:  # the function is the test's own
            why = f"its answer failed with {type(error).__name__}: {error}"
            answer = Answer(500, body=f"{why}\n")
            with self._lock:
                self._complaints.append(f"  {seen}: {why}")
        if answer.drop == "before":
            with self._lock:
                self._requests = [each for each in self._requests if each is not seen]
        return answer

    def _find(self, seen: Seen) -> tuple[Expectation | None, str]:
        """Return what expects a request; else why nothing does."""
        counted = [each for each in self._expected if each.times is not None and each.is_open]
        if self._order == "all":
            counted = counted[:1]
        elif self._order == "path":
            counted = [each for each in counted if each.is_of(seen)][:1]
        always = [each for each in self._expected if each.times is None]
        for expectation in (*counted, *always):
            if not expectation.differences(seen):
                return expectation, ""
        return None, self._why(seen, counted, always)

    def _why(self, seen: Seen, counted: list[Expectation], always: list[Expectation]) -> str:
        near = [each for each in (*counted, *always) if each.is_of(seen)]
        if not near and self._order == "all":
            near = counted
        if near:
            closest = min(near, key=lambda each: len(each.differences(seen)))
            return f"{closest} was expected, but {', and '.join(closest.differences(seen))}"
        for each in self._expected:
            if not each.is_open and not each.differences(seen):
                return f"it was expected {_times(each.times)} and had come so often"
        names = dict.fromkeys(str(each) for each in self._expected if each.is_open)
        return f"expected was {', '.join(names) or 'nothing more'}"


def _missing(expected: Sequence[Expectation]) -> list[str]:
    return [
        f"  never came: {each}"
        if not each.came
        else f"  came {_times(each.came)} of {each.times}: {each}"
        for each in expected
        if each.times is not None and each.is_open
    ]


def _times(count: int | None) -> str:
    return "once" if count == 1 else f"{count} times"


def _seen(environ: WSGIEnvironment) -> Seen:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
    }
    return Seen(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
        query=parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True),
        headers=headers,
        body=environ["wsgi.input"].read(),
    )
