"""A crash trial: `serve` is killed again and again while Cvent sends and the targets answer."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.account import assert_accounted_for, pending
from tests.chaos.life import Life
from tests.chaos.messages import Messages
from tests.chaos.sender import Cvent
from tests.chaos.site import Targets, targets, write_configuration

from regbridge.store.engine import Store

MOMENT = "at a random moment"
READY = 2
"""So many processes load what they need while another one lives: that takes about a second."""

_TRANSACTIONS = (
    "store_receipts",
    "claim_receipts",
    "store_registrations",
    "claim_registrations",
    "admit",
    "settle_prepared",
    "claim_deliveries",
    "settle_deliveries",
)
ESSENTIAL = frozenset(
    [f"{name}:{side}-commit" for name in _TRANSACTIONS for side in ("before", "after")]
    + ["deliver-dynamics:sent", "deliver-protech:sent"]
)
"""The points on the way of every message; all others are found as well."""

_LONGEST_LIFE = 1.0
_CALM_SECONDS = 2.0
_PATIENCE_SECONDS = 20.0
_SETTLED_SECONDS = 240.0


@dataclass
class Report:
    """What a trial did: the `points` that were found, `kills` by where they came, the `account`.

    `vain` are the points that a process did not come to in time; it was killed all the same.
    """

    points: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    vain: Counter[str] = field(default_factory=Counter)
    account: Counter[str] = field(default_factory=Counter)


class Trial:
    """One trial in a folder of its own; the seed decides the messages and the kills."""

    def __init__(self, folder: Path, database: str, seed: int) -> None:
        self.report = Report()
        self._folder = folder
        self._database = database
        self._dice = random.Random(f"kills {seed}")
        self._messages = Messages(random.Random(f"messages {seed}"))
        self._ready: deque[Life] = deque()

    def run(self, kills: int = 0, *, part: slice = slice(None), moments: int = 0) -> Report:
        """Kill at a part of the points once, at some moments, and go on until there are `kills`.

        Everything is accounted for at the end.
        """
        with ExitStack() as stack:
            around = stack.enter_context(targets())
            write_configuration(self._folder, self._database, around)
            stack.callback(self._end_ready)
            self._upgrade()
            cvent = Cvent(self._messages)
            stack.callback(cvent.give_up)
            self._live_calmly(cvent)
            plan = self._plan(part, moments, kills)
            for place, deadly in enumerate(plan):
                self._live_and_die(cvent, deadly, len(plan) - place)
            self._settle(cvent, around)
        return self.report

    def _upgrade(self) -> None:
        """Make the tables; the first process dies before its commit, the next one after it."""
        for deadly in ("_migrate:before-commit:1", "_migrate:after-commit:1"):
            life = Life(self._folder, "upgrade", "upgrade")
            life.begin(deadly)
            self._note_death(life, deadly)

    def _live_calmly(self, cvent: Cvent) -> None:
        """Let one process live until it has passed what is essential, and see what it passed."""
        life = self._begin("")
        cvent.url = life.wait_for_url()
        assert cvent.url, life.last_words()
        begun = time.monotonic()
        while not self._is_enough(life, time.monotonic() - begun):
            time.sleep(0.1)
        cvent.url = ""
        life.kill()
        self.report.points = life.points()

    def _is_enough(self, life: Life, seconds: float) -> bool:
        missing = ESSENTIAL - life.points().keys()
        assert seconds < _SETTLED_SECONDS, f"no process comes to {missing}: {life.last_words()}"
        return seconds > _CALM_SECONDS and not missing

    def _plan(self, part: slice, moments: int, kills: int) -> Sequence[str]:
        """Return where to die: `POINT:N`, or at a random moment."""
        points = sorted(self.report.points)
        planned = [*points[part], *[MOMENT] * moments]
        self._dice.shuffle(planned)
        left = max(kills - self.report.kills.total() - len(planned), 0)
        planned += self._dice.choices([*points, *[MOMENT] * (len(points) // 2)], k=left)
        return [self._at_some_passage(point) for point in planned]

    def _at_some_passage(self, point: str) -> str:
        often = min(self.report.points[point], 3)
        return point if point == MOMENT else f"{point}:{self._dice.randint(1, often)}"

    def _live_and_die(self, cvent: Cvent, deadly: str, following: int) -> None:
        if deadly == MOMENT:
            life = self._begin("", following)
            killing = threading.Timer(self._dice.random() * _LONGEST_LIFE, life.process.kill)
            killing.start()
            cvent.url = life.wait_for_url()
            killing.join()
            life.end()
            self.report.kills[MOMENT] += 1
        else:
            life = self._begin(deadly, following)
            cvent.url = life.wait_for_url()
            self._note_death(life, deadly)
        cvent.url = ""
        if cvent.failure:
            raise cvent.failure

    def _note_death(self, life: Life, deadly: str) -> None:
        point = deadly.rpartition(":")[0]
        if life.die_at_point(_PATIENCE_SECONDS):
            self.report.kills[point] += 1
        else:
            self.report.kills[MOMENT] += 1
            self.report.vain[point] += 1

    def _begin(self, deadly: str, following: int = READY) -> Life:
        """Let the process go that is ready, and have others get ready; so many will follow it."""
        while len(self._ready) <= min(READY, following):
            command = ("serve", "--port", "0", "--log-level", "warning")
            self._ready.append(Life(self._folder, "serve", *command))
        life = self._ready.popleft()
        life.begin(deadly)
        return life

    def _end_ready(self) -> None:
        for life in self._ready:
            life.end()

    def _settle(self, cvent: Cvent, around: Targets) -> None:
        """Let a last process do what is left, and compare."""
        life = self._begin("", 0)
        store = Store(self._database)
        try:
            cvent.url = life.wait_for_url()
            cvent.stop()
            deadline = time.monotonic() + _SETTLED_SECONDS
            while left := pending(store):
                assert life.process.poll() is None, life.last_words()
                assert time.monotonic() < deadline, f"{left} are still pending"
                time.sleep(0.1)
            life.kill()
            self.report.account = assert_accounted_for(store, self._messages, cvent, around)
        finally:
            life.end()
            store.close()
