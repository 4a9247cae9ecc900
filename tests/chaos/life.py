"""One life of a regbridge process, from its start to its death."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import IO

from tests.chaos.launcher import DIED

ROOT = Path(__file__).parents[2]


class Life:
    """A process that has loaded everything and waits; `begin` lets it go.

    `passed` is the file with the points that it passes, `log` what it says.
    """

    def __init__(self, folder: Path, name: str, *command: str) -> None:
        self.passed = folder / f"{name}.passed"
        self.log = folder / f"{name}.log"
        launcher = (sys.executable, "-m", "tests.chaos.launcher", str(self.passed))
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                (*launcher, *command, "--configs", str(folder)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
            )

    def begin(self, deadly: str = "") -> None:
        """Let it run, to die at `POINT:N`, or to live."""
        with self._stdin as stdin:
            stdin.write(f"{deadly}\n")

    def wait_for_url(self) -> str:
        """Return where it listens; "" if it dies before it does."""
        for line in self._stdout:
            if "http://" in line:
                return "http://" + line.partition("http://")[2].strip()
        return ""

    def die_at_point(self, patience: float) -> bool:
        """Wait for its death; kill it, and return False, if it does not come to its point."""
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        assert code == DIED, f"it ended by itself with {code}: {self.last_words()}"
        self.end()
        return True

    def end(self) -> None:
        """Kill it if it lives, and close its pipes."""
        self.process.kill()
        self.process.wait()
        for pipe in (self._stdin, self._stdout):
            pipe.close()

    def kill(self) -> None:
        """Kill it, as a power cut does."""
        assert self.process.poll() is None, f"it ended by itself: {self.last_words()}"
        self.end()

    def points(self) -> Counter[str]:
        """Return how often each point was passed."""
        found = self.passed.read_bytes() if self.passed.exists() else b""
        return Counter(found.decode().splitlines())

    def last_words(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]

    @property
    def _stdin(self) -> IO[str]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def _stdout(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout
