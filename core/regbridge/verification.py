"""Tries every plugin that client files name on the rules that need no network."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from regbridge.candidates import Made, Refused
from regbridge.checks import read_host, unknown_clients
from regbridge.config.case_file import cases_path, read_cases
from regbridge.config.place import shown
from regbridge.errors import ConfigError, MalformedMessageError, RejectedError
from regbridge.hidden import hide
from regbridge.installed import hooks_of
from regbridge.models import Finding
from regbridge.pipeline import NamedInstance, Pipeline
from regbridge.plugin import TargetPlugin
from regbridge.roster import NOBODY, read_roster
from regbridge.testing.registrations import read_registrations
from regbridge.testing.rules.broken import Broken
from regbridge.testing.rules.network import no_network
from regbridge.testing.rules.output import listening
from regbridge.testing.rules.probes import Probe, probes
from regbridge.testing.rules.records import Sample, asks_its_target
from regbridge.testing.rules.trial import Trial, samples_of
from regbridge.testing.samples import read_samples

_OF_ONE_MESSAGE = 20


@dataclass(frozen=True, slots=True)
class Verified:
    """One plugin of a client: its hooks, what it was tried with, and the rules that it breaks.

    `path` is its class, as `module:Class`. `asks` says that it has to ask its target before it can
    show a record, so that `preview` and `as_delivered` could not be tried.
    """

    name: str
    path: str
    hooks: tuple[str, ...]
    registrations: int
    records: int
    broken: tuple[Broken, ...]
    asks: bool = False


@dataclass(frozen=True, slots=True)
class VerifiedClient:
    """One client file. `findings` say why it is refused, where `base.yaml` is not to blame."""

    name: str
    file: str
    plugins: tuple[Verified, ...] = ()
    is_refused: bool = False
    findings: tuple[Finding, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether the client starts and no plugin breaks a rule."""
        return not self.is_refused and not any(plugin.broken for plugin in self.plugins)


def verify_folder(
    folder: Path, names: Collection[str] = ()
) -> tuple[list[Finding], list[VerifiedClient]]:
    """Return the findings about `base.yaml`, then each client's; `names` chooses clients.

    Nothing is sent and nobody is asked: the process has no network meanwhile.
    """
    _, base = read_host(folder)
    with no_network():
        roster = read_roster(folder)
    try:
        made = {each.file: each for each in roster.made.values()}
        refused = {each.file: each for each in roster.refused}
        found = [
            _tried(made[file]) if file in made else _refused(refused[file], base)
            for file in sorted({*made, *refused})
            if not names or (made.get(file) or refused[file]).name in names
        ]
    finally:
        roster.discard(NOBODY)
    known = [*(each.name for each in made.values()), *(each.name for each in refused.values())]
    return [*base, *unknown_clients(names, known)], found


def _refused(refused: Refused, base: Sequence[Finding]) -> VerifiedClient:
    """Return why a file is refused; a mistake in base.yaml is told once."""
    findings = tuple(each for each in refused.error.findings if each not in base)
    return VerifiedClient(refused.name, shown(refused.file), is_refused=True, findings=findings)


def _tried(made: Made) -> VerifiedClient:
    pipeline = made.pipeline
    asked = [*probes(pipeline.client), *_sampled(pipeline), *_cases(made.file, pipeline)]
    with no_network(), listening():
        records = samples_of(pipeline, asked)
    trial = Trial(pipeline, asked, records, _holds_secret)
    plugins = tuple(
        Verified(
            named.name,
            f"{type(named.plugin).__module__}:{type(named.plugin).__qualname__}",
            hooks_of(type(named.plugin)),
            len(asked),
            len(records.get(named.target, ())),
            tuple(trial.of(named)),
            _asks(named, records.get(named.target, ())),
        )
        for named in pipeline.plugins
    )
    return VerifiedClient(made.name, shown(made.file), plugins)


def _asks(named: NamedInstance, samples: Sequence[Sample]) -> bool:
    with listening():
        return isinstance(named.plugin, TargetPlugin) and asks_its_target(named.plugin, samples)


def _holds_secret(text: str) -> bool:
    return hide(text) != text


def _sampled(pipeline: Pipeline) -> Iterator[Probe]:
    """Yield the registrations of the sample payloads, some of each."""
    for sample in read_samples():
        with suppress(MalformedMessageError, RejectedError):
            found = read_registrations(sample.body, pipeline.client)[:_OF_ONE_MESSAGE]
            yield from (Probe(f"the sample {sample.name}", each) for each in found)


def _cases(file: Path, pipeline: Pipeline) -> Iterator[Probe]:
    """Yield the registrations of the client's cases, with what enrichment adds to them.

    A case may have been made of a real message: it is named by its line alone.
    """
    path = cases_path(file)
    if not path.exists():
        return
    with suppress(ConfigError):
        for written in read_cases(path):
            with suppress(MalformedMessageError, RejectedError):
                for each in read_registrations(written.body, pipeline.client)[:_OF_ONE_MESSAGE]:
                    yield Probe(
                        f"the case at {written.where}",
                        replace(each, enriched=written.case.enriched),
                    )
