"""Counts what a client asked for."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping

from regbridge_dynamics.simulator.optional_headers import NAMES
from regbridge_dynamics.simulator.request import Tally

_ACTION = re.compile(r".*/Microsoft\.Dynamics\.CRM\.(\w+)")
_METHODS = {"POST": "create", "PATCH": "upsert", "DELETE": "delete"}
_READS = {"WhoAmI": "WhoAmI", "EntityDefinitions": "metadata", "sdkmessagefilters": "metadata"}


class Calls:
    """Counters since the start. A batch is one call; its parts are in `parts`.

    `by_operation` knows WhoAmI, metadata, retrieve, query, create, update (a PATCH with If-Match),
    upsert, delete, CreateMultiple, UpdateMultiple, UpsertMultiple and $batch. `throttled` counts
    429s by code, `during_retry_after` the calls that came although they had been told to wait,
    `with_affinity_cookie` those that brought the cookie of a server, `options` the optional
    headers and the tag as `name=value`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way = 0
        self.total = 0
        self.tokens = 0
        self.most_at_once = 0
        self.records_written = 0
        self.during_retry_after = 0
        self.with_affinity_cookie = 0
        self.by_operation: Counter[str] = Counter()
        self.parts: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.throttled: Counter[str] = Counter()
        self.options: Counter[str] = Counter()

    def token(self) -> None:
        """Count a token that was asked for."""
        with self._lock:
            self.tokens += 1

    def begin(self, operation: str, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        """Count a call that arrived."""
        with self._lock:
            self.total += 1
            self.by_operation[operation] += 1
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            self.with_affinity_cookie += "ARRAffinity=" in headers.get("cookie", "")
            self._note_options(headers, query)

    def part(self, operation: str, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        """Count a part of a batch."""
        with self._lock:
            self.parts[operation] += 1
            self._note_options(headers, query)

    def end(self, status: int, tally: Tally) -> None:
        """Count what became of a call."""
        with self._lock:
            self._under_way -= 1
            self.statuses[status] += 1
            self.records_written += tally.written

    def throttle(self, code: str, ignored: int) -> None:
        """Count a 429, and those before it that were not heeded."""
        with self._lock:
            self.throttled[code] += 1
            self.during_retry_after += ignored

    def _note_options(self, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        for name in NAMES:
            if name in headers:
                self.options[f"{name}={headers[name]}"] += 1
        if "tag" in query:
            self.options[f"tag={query['tag']}"] += 1


def operation_of(method: str, path: str, headers: Mapping[str, str]) -> str:
    """Return the name under which a call is counted."""
    if path == "$batch":
        return "$batch"
    if match := _ACTION.fullmatch(path):
        return match[1] if method == "POST" else "metadata"
    if method == "GET":
        name, bracket, _ = path.partition("(")
        first = name.partition("/")[0]
        return _READS.get(first) or ("retrieve" if bracket else "query")
    if method == "PATCH" and "if-match" in headers:
        return "update"
    return _METHODS.get(method, method)
