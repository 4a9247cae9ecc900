"""The log of calls: what was asked, how it was answered, how fast it came."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regbridge_cvent.simulator.account.forms import write_time
from regbridge_cvent.simulator.limiter import SECOND, microseconds

_MOST_SHOWN = 1_000
DROPPED = 0
"""The status of a call whose connection was dropped."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, by the time of its arrival and the template of its path, without its query."""

    time: datetime
    method: str
    template: str
    status: int

    @property
    def operation(self) -> str:
        """Method and template: `GET /attendees/{id}`."""
        return f"{self.method} {self.template}"


class CallLog:
    """All calls since the start or the last `clear`, in the order in which they ended.

    Whether a call for a token counts against the quota is not documented: they are kept apart, in
    `tokens`, and neither counted nor limited.
    """

    def __init__(self) -> None:
        self.tokens: list[Call] = []
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._calls))

    def record(self, call: Call, *, is_token: bool = False) -> None:
        """Take in a call."""
        with self._lock:
            (self.tokens if is_token else self._calls).append(call)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self.tokens.clear()
            self._calls.clear()

    @property
    def operations(self) -> Counter[str]:
        """How many calls there were of each operation."""
        return Counter(call.operation for call in self)

    @property
    def statuses(self) -> Counter[int]:
        """How many calls were answered with each status, 0 for a dropped connection."""
        return Counter(call.status for call in self)

    @property
    def most_in_a_second(self) -> int:
        """The largest number of calls that arrived within any one second."""
        return most_within(SECOND, (microseconds(call.time) for call in self))

    @property
    def was_refused(self) -> bool:
        """Whether any call was answered 429."""
        return any(call.status == 429 for call in self)

    def summary(self) -> dict[str, Any]:
        """Return all of it as JSON shows it, of the calls themselves the newest thousand."""
        return {
            "count": len(self),
            "tokens": len(self.tokens),
            "operations": dict(sorted(self.operations.items())),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "most_in_a_second": self.most_in_a_second,
            "was_refused": self.was_refused,
            "calls": [
                {
                    "time": write_time(call.time),
                    "method": call.method,
                    "path": call.template,
                    "status": call.status,
                }
                for call in list(self)[-_MOST_SHOWN:]
            ],
        }


def most_within(length: int, times: Iterable[int]) -> int:
    """Return how many of the times at most lie in a window; one ends before `length` is over."""
    ordered = sorted(times)
    most = start = 0
    for end, time in enumerate(ordered):
        while ordered[start] <= time - length:
            start += 1
        most = max(most, end - start + 1)
    return most
