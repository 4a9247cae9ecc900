"""What Windows and other systems do differently: locking a file, and being told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import IO

STOPPING = ("SIGINT", "SIGTERM", "SIGBREAK")
"""The signals of a stop: a service's is SIGTERM, on Windows Ctrl+C or Ctrl+Break (SIGBREAK)."""

if sys.platform == "win32":
    import ctypes
    import msvcrt

    def lock(file: IO[bytes]) -> None:
        """Keep other processes from locking a file until this one ends. Raises `OSError`."""
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _take_ctrl_c() -> None:
        """Hear Ctrl+C even if whoever started this process switched it off.

        A process in a group of its own begins deaf to it, and so does the child of one that is.
        """
        ctypes.windll.kernel32.SetConsoleCtrlHandler(None, False)
else:
    import fcntl

    def lock(file: IO[bytes]) -> None:
        """Keep other processes from locking a file until this one ends. Raises `OSError`."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _take_ctrl_c() -> None:
        """Hear Ctrl+C as everywhere."""


def hear_of_stops() -> threading.Event:
    """Return what is set by the first signal to stop; the second one ends the process at once.

    What is under way then keeps its lease until it runs out, nothing is lost.
    """
    stop = threading.Event()

    def hear(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for name in STOPPING:
        if number := getattr(signal, name, None):
            signal.signal(number, hear)
    _take_ctrl_c()
    return stop


def wait_for(stop: threading.Event) -> None:
    """Wait until a stop was heard of."""
    while not stop.wait(0.5):  # Windows runs signal handlers only between short waits
        pass
