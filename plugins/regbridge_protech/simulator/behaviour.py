"""How the simulated service may treat a call, and which calls it treats how."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle, islice
from threading import Lock


class Ending(StrEnum):
    """What becomes of the answer: it is sent, half of it is, or the connection ends before it."""

    WHOLE = "whole"
    HALF = "half"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One way to treat a call that is valid.

    The answer is the new record's GUID, or a `result` in its place (a business error is an
    ordinary answer), a `fault`, or an HTML `page` with this HTTP status. Delays are in seconds,
    before and after the commit.
    """

    commits: bool = True
    result: str | None = None
    fault: str | None = None
    page: int | None = None
    ending: Ending = Ending.WHOLE
    delay_before: float = 0.0
    delay_after: float = 0.0


def text_of(length: int) -> str:
    """Return an error text of exactly so many characters."""
    return "".join(islice(cycle("The registration was not staged. "), length))


def refusal(text: str) -> Behaviour:
    """Answer a business error: HTTP 200 with a text in place of the GUID."""
    return Behaviour(commits=False, result=text)


def fault(text: str = "The staging database timed out.", *, commits: bool = False) -> Behaviour:
    """Answer a SOAP fault of the service's own; a form gets the text alone with HTTP 500."""
    return Behaviour(commits=commits, fault=text)


def page(status: int, *, commits: bool = False) -> Behaviour:
    """Answer an HTML page with a status, as IIS and proxies do."""
    return Behaviour(commits=commits, page=status)


STAGE = Behaviour()
NOT_FOUND = refusal("Member not found.")
DROP_BEFORE = Behaviour(commits=False, ending=Ending.DROP)
DROP_AFTER = Behaviour(ending=Ending.DROP)
HALF_ANSWER = Behaviour(ending=Ending.HALF)
ERRORS = (page(500), page(502), page(503), fault(), DROP_BEFORE, DROP_AFTER, HALF_ANSWER)
"""What an error rate chooses from."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Treats calls so whose `parameter` starts with a text; `times` of each registrant, 0: all."""

    start: str
    behaviour: Behaviour
    times: int = 0
    parameter: str = "szUserID"


TRIGGERS = (
    Trigger("NOTFOUND-", NOT_FOUND),
    Trigger("TEXT36-", refusal(text_of(36))),
    Trigger("TEXT100-", refusal(text_of(100))),
    Trigger("TEXT400-", refusal(text_of(400))),
    Trigger("FAULT-", fault()),
    Trigger("HTML200-", page(200)),
    Trigger("HTML500-", page(500)),
    Trigger("HTML502-", page(502), times=1),
    Trigger("HTML503-", page(503), times=1),
    Trigger("DROPBEFORE-", DROP_BEFORE, times=1),
    Trigger("DROPAFTER-", DROP_AFTER, times=1),
    Trigger("HALF-", HALF_ANSWER, times=1),
    Trigger("SLOW-", Behaviour(delay_before=5.0)),
    Trigger("SLOWAFTER-", Behaviour(delay_after=5.0)),
)
"""The member ids that show each behaviour, such as `NOTFOUND-1`; some only at the first call."""


class Script:
    """Chooses how a call is treated: what was asked for next, a trigger, a random error, or well.

    The same seed makes the same errors for the same order of calls.
    """

    def __init__(
        self,
        triggers: Sequence[Trigger] = TRIGGERS,
        error_rate: float = 0.0,
        seed: int | None = None,
    ) -> None:
        self._triggers = triggers
        self._error_rate = error_rate
        self._random = random.Random(seed)  # noqa: S311 - made-up errors, not secrets
        self._next: deque[Behaviour] = deque()
        self._pulled: Counter[tuple[Trigger, str, str]] = Counter()
        self._lock = Lock()

    def treat_next(self, *behaviours: Behaviour) -> None:
        """Treat the next calls so, one behaviour for each."""
        with self._lock:
            self._next.extend(behaviours)

    def choose(self, parameters: Mapping[str, str]) -> Behaviour:
        """Return how to treat a call."""
        with self._lock:
            if self._next:
                return self._next.popleft()
            for trigger in self._triggers:
                if self._pulls(trigger, parameters):
                    return trigger.behaviour
            if self._random.random() < self._error_rate:
                return self._random.choice(ERRORS)
        return STAGE

    def _pulls(self, trigger: Trigger, parameters: Mapping[str, str]) -> bool:
        if not parameters[trigger.parameter].startswith(trigger.start):
            return False
        key = (trigger, parameters["szPerID"], parameters["szRegID"])
        self._pulled[key] += 1
        return not trigger.times or self._pulled[key] <= trigger.times
