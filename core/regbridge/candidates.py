"""What each client file says now: loaded, built and checked, or why it cannot be used."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from regbridge.cases import run_cases
from regbridge.config.case_file import cases_path, read_cases
from regbridge.config.loader import ClientFile, claimed, client_paths, read_draft
from regbridge.config.sources import Stamp, Stamps, digest, named_files, own_files, stamps
from regbridge.errors import ConfigError
from regbridge.limits import Limiters
from regbridge.models import Finding, Level
from regbridge.pipeline import Pipeline
from regbridge.registry import build


@dataclass(frozen=True, slots=True)
class Made:
    """A client as a file defines it. `since` (ms) is when that was taken over.

    `files` are those that the file names; `identity` tells equal clients, with their contents.
    """

    file: Path
    pipeline: Pipeline
    identity: str
    files: frozenset[Path] = frozenset()
    since: int = 0

    @property
    def name(self) -> str:
        """The client's name."""
        return self.pipeline.client.name

    @property
    def paths(self) -> tuple[str, ...]:
        """The URL paths that it takes."""
        return tuple(endpoint.path for endpoint in self.pipeline.client.endpoints.values())


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that cannot be used. Its `paths` are answered 503, all unknown ones if empty.

    `goes_on` says that its client runs as before. `since` is in ms; `files` are those that it
    names.
    """

    name: str
    file: Path
    paths: tuple[str, ...]
    error: ConfigError
    goes_on: bool = False
    since: int = 0
    files: frozenset[Path] = frozenset()


@dataclass
class Reading:
    """One look at all client files of a folder, at a time `now` (ms).

    `running` are the clients by name, as in `Roster.made`: what did not change is theirs, and a
    change has to pass the client's cases. `known` are the stamps of the last reading; what it
    refused is read again. `seen` gathers the stamp of every file from before it is read.
    """

    folder: Path
    limiters: Limiters
    now: int
    running: Mapping[str, Made] = field(default_factory=dict)
    known: Stamps = field(default_factory=dict)
    refused: Collection[Path] = ()
    seen: dict[Path, Stamp] = field(default_factory=dict)

    def candidates(self) -> list[Made | Refused]:
        """Return what there is for each client file, in the order of the files' names."""
        return [self._read(path) for path in client_paths(self.folder)]

    def made_from(self, file: Path) -> Made | None:
        """Return the client that runs with what a file said last."""
        latest_first = reversed(list(self.running.values()))
        return next((made for made in latest_first if made.file == file), None)

    def is_as_before(self, file: Path, named: Collection[Path]) -> bool:
        """Say whether neither a client file nor one that it names changed since the last time."""
        paths = [*own_files(self.folder, file), *named]
        return all(path in self.known and self.seen[path] == self.known[path] for path in paths)

    def _read(self, file: Path) -> Made | Refused:
        before = self.made_from(file)
        named = before.files if before else frozenset[Path]()
        self.seen |= stamps([*own_files(self.folder, file), *named])
        if before and file not in self.refused and self.is_as_before(file, named):
            return before
        try:
            draft = read_draft(self.folder, file)
            named = named_files(draft.values, self.folder, file.parent)
            self.seen |= stamps(named)
            return self._made(draft.checked(), named)
        except ConfigError as error:
            name, paths = claimed(self.folder, file)
            return Refused(name, file, paths, error, since=self.now, files=named)

    def _made(self, client_file: ClientFile, named: frozenset[Path]) -> Made:
        """Return a client file's client, the running one if it is the same."""
        identity = digest(client_file.text, named)
        running = self.running.get(client_file.config.client)
        if running and running.identity == identity:
            return replace(running, file=client_file.path)
        pipeline = build(client_file, self.limiters)
        if running:
            _require_cases(client_file, pipeline)
        return Made(client_file.path, pipeline, identity, named, self.now)


def _require_cases(client_file: ClientFile, pipeline: Pipeline) -> None:
    """Refuse what does otherwise than the client's cases expect: what runs can go on.

    What came out is not told here: a case may have been made of a real message.
    """
    cases = cases_path(client_file.path)
    try:
        if cases.exists():
            read_cases(cases)
        wrong = dict.fromkeys(finding.where for finding in run_cases(client_file, pipeline))
        if wrong:
            text = "a case comes out otherwise than it expects"
            remedy = "`regbridge check` shows how"
            raise ConfigError([Finding(Level.ERROR, text, where, remedy) for where in wrong])
    except ConfigError:
        pipeline.close()
        raise
