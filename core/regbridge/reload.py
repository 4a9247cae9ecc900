"""Looks at the configuration's files every so often, and has what changed taken over."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import structlog

from regbridge.config.place import shown
from regbridge.config.sources import Stamps, stamps, written_files
from regbridge.errors import RegbridgeError
from regbridge.host_block import BlockChange, HostBlock
from regbridge.limits import Limiters
from regbridge.periodic import Periodic
from regbridge.pipeline import Pipeline
from regbridge.roster import Roster, read_roster

log = structlog.get_logger()

PATIENCE = 15
"""For so many looks a file may be closed to us by who writes it; then it cannot be read at all."""

_RESTLESS = 30
"""After so many looks it is told that files change again and again."""


class Apply(Protocol):
    """Lets `after` hold in the place of `before`; or raises `RegbridgeError`, and lets nothing."""

    def __call__(self, before: Roster, after: Roster, block: BlockChange | None) -> None:
        """Do it. `block` says how the `host:` block differs from what the host runs with."""


class Reload:
    """Watches a configuration folder. Start and stop it once.

    A change is read once its files rest: when they are the same at two looks. What is written while
    they are read is read again. `tidy` is called after what was replaced is closed. With 0 seconds
    it never looks by itself.
    """

    def __init__(
        self,
        folder: Path,
        roster: Roster,
        block: HostBlock,
        apply: Apply,
        *,
        limiters: Limiters,
        clock: Callable[[], int],
        seconds: float,
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder = folder
        self.roster = roster
        self._block = block
        self._apply = apply
        self._limiters = limiters
        self._clock = clock
        self._tidy = tidy
        self._known = self._as_read(roster, roster.seen)
        self._last = self._known
        self._times_held = self._times_changed = 0
        self._leaving: list[Pipeline] = []
        self._periodic = Periodic("configuration", seconds, self.look) if seconds else None

    def start(self) -> None:
        """Begin."""
        if self._periodic:
            self._periodic.start()

    def stop(self) -> None:
        """End; what is being taken over is taken over."""
        if self._periodic:
            self._periodic.stop()

    def look(self) -> None:
        """Look once. What cannot be taken over now is tried at the next look."""
        found = self._last
        try:
            self._tidy_up()
            found = stamps(self._files(self.roster))
            if self._rests(found):
                self._read(found)
        except RegbridgeError as error:
            log.error("the changed configuration waits", error=error.detail)
        except Exception:
            log.exception("the changed configuration is not taken over; this is a bug")
            self._known = found

    def _rests(self, found: Stamps) -> bool:
        """Say whether something changed, and nobody is writing any more."""
        before, self._last = self._last, found
        if found == self._known:
            return False
        self._times_changed = self._times_changed + 1 if found != before else 0
        if self._times_changed:
            if self._times_changed == _RESTLESS:
                files = [shown(path) for path in _differing(found, before)]
                log.warning("configuration files change again and again", files=files)
            return False
        self._times_held = self._times_held + 1 if self._is_held(found) else 0
        return not 0 < self._times_held <= PATIENCE

    def _is_held(self, found: Stamps) -> bool:
        """Say whether a changed file is closed to us, as a Windows editor does while it saves."""
        return any(found.get(p) and not _opens(p) for p in _differing(found, self._known))

    def _read(self, found: Stamps) -> None:
        now = self._clock()
        before, told = self.roster, self._block.change
        after = read_roster(self._folder, before, self._limiters, now)
        with ExitStack() as otherwise:
            otherwise.callback(after.discard, before)
            block = self._block.look(now)
            known = self._as_read(after, {**found, **after.seen})
            if stamps(known) != known:
                return  # the next look sees that too, and waits again
            self._apply(before, after, block)
            otherwise.pop_all()
        self.roster = after
        self._known = self._last = known
        self._leaving += [made.pipeline for made in before.new_since(after)]
        _tell(before, after)
        if block and block != told:
            text = "host: in base.yaml changed; it holds after a restart"
            log.warning(text, findings=block.findings)

    def _tidy_up(self) -> None:
        """Let what is left of replaced pipelines be thrown away once nobody uses them any more."""
        if self._leaving:
            self._leaving = [each for each in self._leaving if not each.loans.is_closed]
            if not self._leaving:
                self._tidy()

    def _as_read(self, roster: Roster, read: Stamps) -> Stamps:
        """Return the stamps of all files that matter; of what was read as it was then."""
        now = stamps(self._files(roster))
        return {path: read.get(path, found) for path, found in now.items()}

    def _files(self, roster: Roster) -> set[Path]:
        base = self._folder / "base.yaml"
        return {base, *written_files(self._folder), *roster.named, *self._block.files}


def _differing(one: Stamps, other: Stamps) -> list[Path]:
    """Return the files that differ, those that are on one side alone included."""
    paths = sorted({*one, *other})
    return [p for p in paths if p not in one or p not in other or one[p] != other[p]]


def _opens(path: Path) -> bool:
    """Say whether a file can be opened; one that is a folder or is gone is no reason to wait."""
    try:
        path.open("rb").close()
    except (FileNotFoundError, IsADirectoryError):
        return True
    except OSError:
        return path.is_dir()  # Windows refuses to open one
    return True


def _tell(before: Roster, after: Roster) -> None:
    """Log what came of a change, each finding once."""
    for made in after.new_since(before):
        facts = {"configuration": made.pipeline.fingerprint, "file": shown(made.file)}
        log.info("configuration taken over", client=made.name, **facts)
    known = {id(refused) for refused in before.refused}
    for refused in after.refused:
        for finding in () if id(refused) in known else refused.error.findings:
            what = "change refused, what runs goes on" if refused.goes_on else "client refused"
            log.error(what, client=refused.name, finding=str(finding))
    names = {refused.name for refused in after.refused}
    new = {made.name for made in after.new_since(before)}
    for name in {refused.name for refused in before.refused} - names - new:
        log.info("refused change taken back", client=name)
    for name in after.gone.keys() - before.gone.keys():
        log.warning("no file defines this client any more; it goes on until a restart", client=name)
