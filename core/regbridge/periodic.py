"""A thread that does the same thing every so often, until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Periodic:
    """Calls `run` every so many seconds; it must not raise. Start and stop it once."""

    def __init__(self, name: str, seconds: float, run: Callable[[], None]) -> None:
        self._seconds = seconds
        self._run = run
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first call comes after the first wait."""
        self._thread.start()

    def stop(self) -> bool:
        """Let a call that is under way come to its end; return whether it ever began."""
        self._stopping.set()
        if self._thread.ident is None:
            return False
        self._thread.join()
        return True

    def _go_on(self) -> None:
        while not self._stopping.wait(self._seconds):
            self._run()
