"""One client's plugins behind one typed method a stage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pluggy

from regbridge import hookspecs
from regbridge.blame import Blamed
from regbridge.errors import (
    AuthenticationError,
    ConfigError,
    PluginError,
    RegbridgeError,
    RejectedError,
    RetryableError,
)
from regbridge.loans import Loans
from regbridge.models import (
    AttendeePage,
    Client,
    Delivered,
    DeliveredPage,
    Drop,
    Endpoint,
    Event,
    Finding,
    Identity,
    Outcome,
    Record,
    Registration,
    Request,
    Target,
)
from regbridge.plugin import Plugin, TargetPlugin
from regbridge.timings import Key, Stage, Timings


@dataclass(frozen=True, slots=True)
class NamedInstance:
    """A configured plugin under the name that the YAML gives it; `target` if it delivers to one."""

    name: str
    plugin: Plugin
    target: str = ""


Caller = tuple[NamedInstance, Callable[..., Any]]


ENRICHED_TOGETHER = 200
"""So many registrations are enriched before any of them goes on; more if a batch is larger."""


@dataclass(frozen=True, slots=True)
class Enrichment:
    """What enrichment made of a batch: one entry for each registration, and the failed calls.

    `called` names the plugins that were called at all.
    """

    entries: Sequence[Registration | RegbridgeError]
    failures: Sequence[RegbridgeError]
    called: Collection[str]


class Pipeline:
    """The stages of one client. Safe to call from several threads if the plugins are.

    Whatever a plugin raises comes out as a `RegbridgeError` that names client, plugin and stage.
    """

    def __init__(
        self,
        client: Client,
        plugins: Sequence[NamedInstance],
        fingerprint: str = "",
        text: str = "",
    ) -> None:
        self.client = client
        self.plugins = tuple(plugins)
        self.fingerprint = fingerprint
        self.text = text
        self._targets = {named.target: named.plugin for named in plugins if named.target}
        self._callers = _callers(plugins)
        self.loans = Loans(self._close)

    def authenticate(self, request: Request, endpoint: Endpoint) -> Identity:
        """Return who sent a request.

        A plugin that refuses the request, or cannot tell now, leaves it to the others. When nobody
        vouches for it, raises `RetryableError` if one could not tell, because after a wrong 401
        Cvent may give up; else `AuthenticationError`.
        """
        errors: list[AuthenticationError | RetryableError] = []
        for named, call in self._callers["authenticate_request"]:
            try:
                with self._blamed(named.name, "authenticate", request):
                    identity = call(request=request, endpoint=endpoint)
                    if identity is not None:
                        _require(identity, Identity)
                        assert isinstance(identity, Identity)
                        return identity
            except (AuthenticationError, RetryableError) as error:
                errors.append(error)
        raise _nobody_vouches(errors, endpoint)

    def filter(self, registration: Registration) -> Drop | None:
        """Return the first reason to drop a registration, or None to keep it."""
        drop: Drop | None = self._first("filter_registration", Drop, registration=registration)
        return drop

    def dedupe_key(self, registration: Registration) -> str:
        """Return what names the change; the host's own key when every plugin is silent."""
        key: str | None = self._first("dedupe_key", str, registration=registration)
        return key or default_key(registration)

    def enrich(
        self, registrations: Sequence[Registration], timings: Timings | None = None
    ) -> Enrichment:
        """Return each registration with its patches, or with what went wrong with it alone.

        A call that fails as a whole is a failure, and the error of each registration in it.
        `timings` measure each call.
        """
        timings = timings or Timings()
        entries: list[Registration | RegbridgeError] = list(registrations)
        failures: list[RegbridgeError] = []
        called: set[str] = set()
        for named, call in self._callers["enrich_registrations"]:
            key = Key(self.client.name, Stage.ENRICH, named.name)
            good = [i for i, entry in enumerate(entries) if isinstance(entry, Registration)]
            for start in range(0, len(good), named.plugin.batch_size):
                places = good[start : start + named.plugin.batch_size]
                called.add(named.name)
                try:
                    with timings.measure(key, len(places)):
                        self._enrich_batch(named.name, call, entries, places)
                except RegbridgeError as error:
                    failures.append(error)
                    for place in places:
                        entries[place] = error
        return Enrichment(entries, failures, called)

    def map(self, registration: Registration, target: Target) -> Record | Drop:
        """Return the record for one target. Raises `RejectedError` for what cannot be mapped."""
        answer: Record | Drop | None = self._first(
            "map_registration", (Record, Drop), registration=registration, target=target
        )
        if answer is None:
            raise RejectedError(f"no plugin maps registrations to the target {target.name}")
        return answer

    def maps(self, registration: Registration, target: Target) -> bool:
        """Say whether any plugin feels responsible for a target."""
        try:
            answer = self._first(
                "map_registration", (Record, Drop), registration=registration, target=target
            )
        except RegbridgeError:
            return True
        return answer is not None

    def deliver(self, records: Sequence[Record], target: Target) -> Sequence[Outcome]:
        """Bring records to a target; return one outcome for each, in order."""
        for named, call in self._callers["deliver_records"]:
            if named.target == target.name:
                with self._blamed(named.name, "deliver", records):
                    outcomes = call(records=records, target=target)
                    _require_one_each(outcomes, records, Outcome)
                    return list(outcomes)
        raise PluginError(f"no plugin delivers to the target {target.name}")

    def preview(self, record: Record, target: Target) -> Mapping[str, Any]:
        """Return what a target's plugin would send for a record, without sending it."""
        with self._blamed(target.name, "preview", record):
            return self.target_plugin(target.name).preview(record)

    def check(self, target: Target) -> list[Finding]:
        """Return what the plugins find out about a target, without changing anything there."""
        findings: list[Finding] = []
        for named, call in self._callers["check_connection"]:
            if named.target in ("", target.name):
                with self._blamed(named.name, "check"):
                    findings.extend(call(target=target) or ())
        return findings

    def attendees(self, event: Event, since: datetime | None, page: str) -> AttendeePage:
        """Return a page of whom Cvent has at an event."""
        found: AttendeePage | None = self._first(
            "list_attendees", AttendeePage, event=event, since=since, page=page
        )
        if found is None:
            raise PluginError(f"no plugin lists the attendees of {event.name}")
        return found

    def can_read_back(self, target: str) -> bool:
        """Say whether a target can tell what it has."""
        listed = any(named.target == target for named, _ in self._callers["list_delivered"])
        return listed and self.target_plugin(target).reads_back

    def delivered(self, target: Target, page: str) -> DeliveredPage:
        """Return a page of what a target has."""
        for named, call in self._callers["list_delivered"]:
            if named.target == target.name:
                with self._blamed(named.name, "reconcile"):
                    found = call(target=target, page=page)
                    _require(found, DeliveredPage)
                    assert isinstance(found, DeliveredPage)
                    return found
        raise PluginError(f"the target {target.name} cannot be read back")

    def as_delivered(self, record: Record, target: Target) -> Delivered:
        """Return how a target lists a record that was delivered there."""
        with self._blamed(target.name, "reconcile", record):
            return self.target_plugin(target.name).as_delivered(record)

    def implements(self, hook: str) -> bool:
        """Say whether any plugin implements a hook."""
        return bool(self._callers[hook])

    def authenticators(self) -> list[Plugin]:
        """Return the plugins that authenticate."""
        return [named.plugin for named, _ in self._callers["authenticate_request"]]

    def enrichers(self) -> list[str]:
        """Return the names of the plugins that enrich."""
        return [named.name for named, _ in self._callers["enrich_registrations"]]

    def whole_batches(self, most: int) -> int:
        """Return how many registrations, at most so many, are enriched together.

        They fill the enrichments' batches: one that is half full takes a vendor's call like a full
        one. They are no more than that needs, because all wait until the last call is answered.
        """
        sizes = [named.plugin.batch_size for named, _ in self._callers["enrich_registrations"]]
        if sizes:
            most = min(most, max(ENRICHED_TOGETHER, *sizes))
        for size in sizes:
            most -= most % size if most > size else 0
        return most

    def target_plugin(self, target: str) -> TargetPlugin:
        """Return the plugin that delivers to a target."""
        plugin = self._targets[target]
        assert isinstance(plugin, TargetPlugin)
        return plugin

    @contextmanager
    def in_use(self) -> Iterator[bool]:
        """Keep the plugins open while the block runs; False if they are closed already."""
        if not self.loans.take():
            yield False
            return
        try:
            yield True
        finally:
            self.loans.give_back()

    def close(self) -> None:
        """Close the plugins, now or when nobody uses them any more."""
        self.loans.end()

    def _close(self) -> None:
        """Let every plugin release what it holds; one that fails is logged, the others go on."""
        for named in self.plugins:
            with suppress(RegbridgeError), self._blamed(named.name, "close"):
                named.plugin.close()

    def _first(self, hook: str, kind: Any, **values: Any) -> Any:
        for named, call in self._callers[hook]:
            with self._blamed(named.name, _stage(hook), values):
                answer = call(**values)
                if answer is not None:
                    _require(answer, kind)
                    return answer
        return None

    def _enrich_batch(
        self,
        name: str,
        call: Callable[..., Any],
        entries: list[Registration | RegbridgeError],
        places: list[int],
    ) -> None:
        batch = [entries[place] for place in places]
        with self._blamed(name, "enrich", batch):
            patches = call(registrations=batch)
            if patches is None:
                return
            _require_one_each(patches, batch, (Mapping, RetryableError, RejectedError, type(None)))
        for place, patch in zip(places, patches, strict=True):
            entry = entries[place]
            if isinstance(patch, RegbridgeError):
                entries[place] = self._blamed(name, "enrich").blame(patch)
            elif patch is not None and isinstance(entry, Registration):
                enriched = {**entry.enriched, name: MappingProxyType(patch)}
                entries[place] = replace(entry, enriched=MappingProxyType(enriched))

    def _blamed(self, plugin: str, stage: str, about: object = None) -> Blamed:
        return Blamed(self.client.name, plugin, stage, about)


def default_key(registration: Registration) -> str:
    """Return the host's own dedupe key: the same record of the same message is the same change."""
    if registration.message_stub and registration.subject:
        where = f"{registration.subject}#{registration.occurrence}"
    else:
        where = f"#{registration.position}"
    message = registration.message_stub or f"registration-{registration.id}"
    return f"{message}|{where}"


def _nobody_vouches(
    errors: Sequence[AuthenticationError | RetryableError], endpoint: Endpoint
) -> AuthenticationError | RetryableError:
    unsure = [error for error in errors if isinstance(error, RetryableError)]
    if unsure or len(errors) == 1:
        return (unsure or errors)[0]
    if not errors:
        text = "the Authorization header holds nothing that lets anybody in here"
        return AuthenticationError(text, challenge="Token" if endpoint.tokens else "Bearer")
    challenges = [error.challenge for error in errors if isinstance(error, AuthenticationError)]
    detail = "; ".join(dict.fromkeys(error.detail for error in errors))
    return AuthenticationError(detail, challenge=", ".join(dict.fromkeys(challenges)))


def _callers(plugins: Sequence[NamedInstance]) -> dict[str, list[Caller]]:
    """Return, for each hook, the plugins that implement it, in the order of the YAML.

    Each plugin is called by itself, so that a patch or an error is known to be its own.
    """
    manager = pluggy.PluginManager("regbridge")
    manager.add_hookspecs(hookspecs)
    for named in reversed(plugins):
        if isinstance(named.plugin, type):
            raise ConfigError.of(f"the plugin {named.name} is a class; have you forgotten the ()?")
        try:
            manager.register(named.plugin, name=f"{named.name} {id(named.plugin)}")
        except pluggy.PluginValidationError as error:
            raise ConfigError.of(f"the plugin {named.name} does not fit: {error}") from error
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise ConfigError.of(f"no such hook: {error}") from error
    instances = [named.plugin for named in plugins]
    callers: dict[str, list[Caller]] = {}
    for hook in hook_names():
        callers[hook] = []
        for named in plugins:
            others = [plugin for plugin in instances if plugin is not named.plugin]
            caller = manager.subset_hook_caller(hook, others)
            if caller.get_hookimpls():
                callers[hook].append((named, _direct(caller)))
    return callers


def _direct(caller: pluggy.HookCaller) -> Callable[..., Any]:
    """Return a call of one plugin's hook with the arguments that it takes.

    The plugin is alone and no wrapper is let in, so there is nothing to gather around the call.
    """
    [found] = caller.get_hookimpls()
    function, names = found.function, found.argnames
    return lambda **values: function(*[values[name] for name in names])


def _stage(hook: str) -> str:
    return "reconcile" if hook.startswith("list_") else hook.split("_")[0]


def hook_names() -> list[str]:
    """Return the names of all hooks."""
    return [name for name, value in vars(hookspecs).items() if hasattr(value, "regbridge_spec")]


def _require(answer: Any, kind: Any) -> None:
    if not isinstance(answer, kind):
        raise TypeError(f"returned {type(answer).__name__}, which this hook may not return")


def _require_one_each(answers: Any, asked: Sequence[Any], kind: Any) -> None:
    _require(answers, Sequence)
    if len(answers) != len(asked):
        raise ValueError(f"returned {len(answers)} answers for {len(asked)} entries")
    for answer in answers:
        _require(answer, kind)
