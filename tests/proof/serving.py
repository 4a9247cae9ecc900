"""A `regbridge serve` that dies during passes again and again, and is started anew."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

from tests.chaos.life import Life
from tests.proof.figures import is_running

from regbridge.store.engine import Store

MOMENT = "at a random moment of a pass"
PATIENCE_SECONDS = 60.0

_TRANSACTIONS = (
    "begin_passes",
    "claim_pass",
    "count_call",
    "_take",
    "send_records",
    "require",
    "add_differences",
    "_targets",
    "Reconciler._finish",
)
POINTS = tuple(f"{name}:{side}-commit" for name in _TRANSACTIONS for side in ("before", "after"))
"""Where a process can die: before and after each transaction of a pass."""

_READY = 2
_LONGEST_MOMENT = 0.5
_SOON_SECONDS = 6.0


class Serving:
    """The lives of one host. `kills` counts them by where each ended."""

    def __init__(self, folder: Path, store: Store, seed: int) -> None:
        self.kills: Counter[str] = Counter()
        self._folder = folder
        self._store = store
        self._dice = random.Random(f"kills {seed}")
        self._ready: deque[Life] = deque()
        self._life: Life | None = None

    def live_and_die(self, points: int, moments: int, tell: Callable[[str], None]) -> None:
        """Let processes live and die, some at a point each; `tell` is given the URL of each."""
        plan = [*self._dice.sample(POINTS, points), *[MOMENT] * moments]
        self._dice.shuffle(plan)
        for place, point in enumerate(plan):
            deadly = "" if point == MOMENT else f"{point}:{self._dice.randint(1, 3)}"
            life = self._begin(deadly, len(plan) - place)
            tell(life.wait_for_url())
            if point == MOMENT:
                self._die_during_a_pass(life)
            elif not life.die_at_point(_SOON_SECONDS):
                point = MOMENT
            self.kills[point] += 1

    def live_on(self, tell: Callable[[str], None]) -> None:
        """Let a last process live."""
        tell(self._begin("", 0).wait_for_url())

    def wait_until(self, is_so: Callable[[], object], what: str) -> None:
        """Wait for something, as long as the process lives."""
        assert self._life is not None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert self._life.process.poll() is None, self._life.last_words()
            assert time.monotonic() < deadline, f"never {what}: {self._life.last_words()}"
            time.sleep(0.05)

    def passed(self) -> set[str]:
        """Return the points that any of its processes has passed."""
        assert self._life is not None
        return set(self._life.points())

    def end(self) -> None:
        """Kill all that lives."""
        for life in (*self._ready, *([self._life] if self._life else [])):
            life.end()

    def _begin(self, deadly: str, following: int) -> Life:
        """Let the process go that is ready, and have others get ready; so many will follow it."""
        while len(self._ready) <= min(_READY, following):
            command = ("serve", "--port", "0", "--log-level", "warning")
            self._ready.append(Life(self._folder, "serve", *command))
        life = self._life = self._ready.popleft()
        life.begin(deadly)
        return life

    def _die_during_a_pass(self, life: Life) -> None:
        """Kill a process in the middle of a pass after the first that it has finished."""

        def is_amidst() -> bool:
            return life.points()[POINTS[-1]] > finished and is_running(self._store)

        finished = life.points()[POINTS[-1]]
        self.wait_until(is_amidst, "amidst a pass")
        threading.Event().wait(self._dice.random() * _LONGEST_MOMENT)
        life.kill()
