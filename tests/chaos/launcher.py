"""Runs a regbridge command that dies when it passes a named point for the N-th time.

`python -m tests.chaos.launcher PASSED COMMAND...` loads what a host needs and waits for one line
on stdin: `POINT:N`, or an empty line to live. Points are found by themselves: each transaction of
the ledger has one before its commit and one after it, each call of a target one when its answer is
there. Every passage is a line of the file PASSED.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import regbridge.cli
import regbridge.timing_flush
import regbridge.worker.reconcile
import regbridge.worker.split
from regbridge.models import Record, Target
from regbridge.pipeline import Pipeline
from regbridge.store.engine import Store

DIED = 137
"""The exit code of a process that died at its point."""

PART_SIZE = 60
"""Records of a sync that are written at once, so few that small syncs have several parts."""

FLUSH_SECONDS = 0.4

LOOK_SECONDS = 0.3
"""How often it is looked whether an event is to be compared."""

_PLUGINS = ("regbridge_cvent.enrich", "regbridge_dynamics.deliver", "regbridge_protech.deliver")
_NEEDED = {
    "serve": ("regbridge.cli.serve", *_PLUGINS),
    "reconcile": ("regbridge.cli.reconcile", *_PLUGINS),
}
"""What is loaded while the process before lives."""


class Points:
    """Counts what is passed, and ends the process at once where it is to die."""

    def __init__(self, passed: Path, deadly: str = "") -> None:
        point, _, times = deadly.rpartition(":")
        self._deadly = (point, int(times or 0))
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._log = passed.open("ab", buffering=0)

    def pass_by(self, point: str) -> None:
        """Die here if this is the passage; nothing is cleaned up, as when the power goes."""
        with self._lock:
            self._log.write(f"{point}\n".encode())
            self._counts[point] += 1
            if (point, self._counts[point]) == self._deadly:
                os._exit(DIED)


def main(arguments: Sequence[str]) -> None:
    """Wait for the line, then run the command."""
    passed, *command = arguments
    for module in _NEEDED.get(command[0], ()):
        import_module(module)
    line = sys.stdin.readline()
    if not line:  # nobody wants this process any more
        return
    watch(Points(Path(passed), line.strip()))
    regbridge.worker.split.PART_SIZE = PART_SIZE
    regbridge.timing_flush._EVERY_SECONDS = FLUSH_SECONDS
    regbridge.worker.reconcile.LOOK_SECONDS = LOOK_SECONDS
    regbridge.cli.main(command)


def watch(points: Points) -> None:
    """Give a point to each transaction and to each call of a target, from outside."""
    for method in ("write", "write_hastily"):
        setattr(Store, method, _watched(getattr(Store, method), points))
    deliver = Pipeline.deliver

    def watched(pipeline: Pipeline, records: Sequence[Record], target: Target) -> Any:
        outcomes = deliver(pipeline, records, target)
        points.pass_by(f"deliver-{target.name}:sent")
        return outcomes

    Pipeline.deliver = watched  # type: ignore[assignment, method-assign]


def _watched(write: Callable[..., Any], points: Points) -> Callable[..., Any]:
    def watched(store: Store, work: Callable[[Any], Any]) -> Any:
        name = name_of(work)

        def to_the_end(connection: Any) -> Any:
            result = work(connection)
            points.pass_by(f"{name}:before-commit")
            return result

        result = write(store, to_the_end)
        points.pass_by(f"{name}:after-commit")
        return result

    return watched


def name_of(work: Callable[..., Any]) -> str:
    """Return the first function of ours that a transaction calls, or where it stands."""
    function: Any = work
    for name in function.__code__.co_names:
        called = function.__globals__.get(name)
        if callable(called) and getattr(called, "__module__", "").startswith("regbridge."):
            return str(name)
    return str(function.__qualname__.partition(".<locals>")[0])


if __name__ == "__main__":
    main(sys.argv[1:])
