"""Which clients run with what, by all client files together and by who runs already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from regbridge.candidates import Made, Reading, Refused
from regbridge.config.place import shown
from regbridge.config.sources import Stamps
from regbridge.errors import ConfigError
from regbridge.limits import Limiters, OwnPlaces
from regbridge.models import Finding, Level
from regbridge.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Roster:
    """Who runs, by name, and what is refused.

    `gone` says since when (ms) a client goes on without a file that defines it: so what it has
    received is delivered, and Cvent finds its paths, unless another client has them now. Those come
    first in `made`. `seen` are the files by which the roster was made.
    """

    made: Mapping[str, Made] = field(default_factory=dict)
    refused: tuple[Refused, ...] = ()
    gone: Mapping[str, int] = field(default_factory=dict)
    seen: Stamps = field(default_factory=dict)

    @property
    def running(self) -> Mapping[str, Pipeline]:
        """The clients' pipelines by name."""
        return {name: made.pipeline for name, made in self.made.items()}

    @property
    def named(self) -> set[Path]:
        """The files that client files name."""
        files = [made.files for made in self.made.values()]
        return set[Path]().union(*files, *(refused.files for refused in self.refused))

    def new_since(self, before: Roster) -> list[Made]:
        """Return who runs with another pipeline than before."""
        kept = {id(made.pipeline) for made in before.made.values()}
        return [made for made in self.made.values() if id(made.pipeline) not in kept]

    def discard(self, kept: Roster) -> None:
        """Close what was made for nothing: `kept` goes on."""
        for made in self.new_since(kept):
            made.pipeline.close()


NOBODY = Roster()


def read_roster(
    folder: Path, before: Roster = NOBODY, limiters: Limiters | None = None, now: int = 0
) -> Roster:
    """Read all client files, and return who runs from now (ms) on.

    A file that is wrong changes nothing for a client that runs. Files are taken over together or
    not at all where one needs the other, as when an endpoint moves from one client to another.
    """
    reading = Reading(
        folder,
        limiters or Limiters(OwnPlaces()),
        now,
        before.made,
        before.seen,
        [refused.file for refused in before.refused],
    )
    choice = _Choice(reading, before)
    for candidate in reading.candidates():
        choice.add(candidate)
    choice.settle()
    return choice.roster()


class _Choice:
    """The client of each file: what the file says, or what it said before."""

    def __init__(self, reading: Reading, before: Roster) -> None:
        self._reading = reading
        self._before = before
        self._kept = {id(made.pipeline) for made in before.made.values()}
        self._chosen: dict[Path, Made] = {}
        self._refused: dict[Path, Refused] = {}

    def add(self, candidate: Made | Refused) -> None:
        """Take what there is for one file; in the order in which the first one wins."""
        if isinstance(candidate, Made):
            self._chosen[candidate.file] = candidate
        else:
            self._refused[candidate.file] = candidate

    def settle(self) -> None:
        """Let those go on whose file is wrong, until no two clients claim the same."""
        for refused in list(self._refused.values()):
            self._go_on(refused)
        while loser := next(self._losers(), None):
            error = ConfigError(list(self._claimed_by_others(loser)))
            del self._chosen[loser.file]
            if id(loser.pipeline) not in self._kept:
                loser.pipeline.close()
            self._go_on(
                Refused(
                    loser.name,
                    loser.file,
                    loser.paths,
                    error,
                    since=self._reading.now,
                    files=loser.files,
                ),
                loser,
            )

    def roster(self) -> Roster:
        """Return what came of it."""
        made = {each.name: each for each in self._chosen.values()}
        left = {name: each for name, each in self._before.made.items() if name not in made}
        refused = tuple(self._as_before(self._refused[file]) for file in sorted(self._refused))
        gone = {name: self._before.gone.get(name, self._reading.now) for name in left}
        return Roster(left | made, refused, gone, self._reading.seen)

    def _go_on(self, refused: Refused, loser: Made | None = None) -> None:
        """Refuse a file, and let its client go on with what runs, unless just that has lost."""
        runs = self._reading.made_from(refused.file) or self._without_file(refused.name)
        self._refused[refused.file] = (
            replace(refused, name=runs.name, goes_on=True) if runs else refused
        )
        if runs and not (loser and loser.pipeline is runs.pipeline):
            self._chosen[refused.file] = replace(runs, file=refused.file)

    def _without_file(self, name: str) -> Made | None:
        """Return a client that runs and whose file is not there any more: it may have moved."""
        made = self._before.made.get(name)
        return made if made and made.file not in self._files() else None

    def _losers(self) -> Iterator[Made]:
        """Yield who has to give way: what is new to what runs, of two new ones the later."""
        owners: dict[str, Made] = {}
        for file in self._files():
            if made := self._chosen.get(file):
                for claim in (made.name, *made.paths):
                    owner = owners.setdefault(claim, made)
                    if owner is not made:
                        yield owner if self._is_new(owner) and not self._is_new(made) else made

    def _is_new(self, made: Made) -> bool:
        """Say whether a client has not been what its file was taken for."""
        runs = self._before.made.get(made.name)
        is_other = runs is None or runs.pipeline is not made.pipeline or runs.file != made.file
        return is_other or made.name in self._before.gone

    def _claimed_by_others(self, made: Made) -> Iterator[Finding]:
        for other in self._chosen.values():
            if other is made:
                continue
            texts = [
                f"{other.file.name} already has an endpoint at {path}"
                for path in made.paths
                if path in other.paths
            ]
            if made.name == other.name:
                texts.insert(0, f"another file already defines the client {made.name}")
            for text in texts:
                yield Finding(Level.ERROR, text, where=shown(made.file), remedy="change one")

    def _as_before(self, refused: Refused) -> Refused:
        """Return the refusal of before, if it is the same and the file was not touched since."""
        for before in self._before.refused:
            same = replace(before, since=refused.since, error=refused.error)
            is_same = refused == same and str(before.error) == str(refused.error)
            if is_same and self._reading.is_as_before(refused.file, refused.files):
                return before
        return refused

    def _files(self) -> list[Path]:
        return sorted({*self._chosen, *self._refused})
