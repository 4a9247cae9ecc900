"""Every rule that needs no network, tried on one plugin as a client's file names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from regbridge.errors import RegbridgeError
from regbridge.models import Record, Request
from regbridge.pipeline import NamedInstance, Pipeline
from regbridge.plugin import Plugin, TargetPlugin
from regbridge.testing.rules import (
    authenticating,
    classes,
    filtering,
    instances,
    keys,
    mapping,
    quiet,
    records,
)
from regbridge.testing.rules.broken import Broken
from regbridge.testing.rules.calls import method_of
from regbridge.testing.rules.frozen import fresh
from regbridge.testing.rules.network import no_network
from regbridge.testing.rules.output import listening
from regbridge.testing.rules.probes import Probe
from regbridge.testing.rules.quiet import HoldsSecret
from regbridge.testing.rules.records import Sample

Found = Iterator[list[Broken]]


@dataclass(frozen=True, slots=True)
class Trial:
    """A client's plugins, and what they are tried with; `samples` are records by target."""

    pipeline: Pipeline
    probes: Sequence[Probe]
    samples: Mapping[str, Sequence[Sample]]
    holds_secret: HoldsSecret

    def of(self, named: NamedInstance) -> list[Broken]:
        """Return what a plugin breaks. It is given no network, and nothing is sent."""
        plugin = named.plugin
        before = instances.shared(type(plugin))
        with listening() as heard:
            with no_network() as uses:
                found = [broken for some in self._offline(named) for broken in some]
            # Keys may be fetched to find out who somebody is, and a table's columns for a preview.
            with no_network():
                found += [broken for some in self._asking(named) for broken in some]
        found += instances.nothing_is_shared(type(plugin), before)
        found += quiet.nothing_is_printed(heard)
        found += quiet.nothing_secret_is_shown(heard, self.holds_secret)
        found += quiet.nobody_is_named(heard)
        return found + quiet.no_connection_is_opened(uses)

    def _offline(self, named: NamedInstance) -> Found:
        yield from _class(named.plugin)
        yield from self._registrations(named.plugin)
        yield from self._mapping(named.plugin)

    def _asking(self, named: NamedInstance) -> Found:
        yield from self._authenticate(named.plugin)
        if isinstance(named.plugin, TargetPlugin):
            yield from self._records(named.plugin, self.samples.get(named.target, ()))

    def _authenticate(self, plugin: Plugin) -> Found:
        if not method_of(plugin, "authenticate_request"):
            return
        for endpoint in self.pipeline.client.endpoints.values():
            strangers = [Request("POST", endpoint.path, {"authorization": "no such token"})]
            yield authenticating.strangers_stay_out(plugin, endpoint)
            yield authenticating.refusals_hold_nothing_that_was_sent(plugin, endpoint)
            yield authenticating.requests_are_left_alone(plugin, endpoint, strangers)

    def _registrations(self, plugin: Plugin) -> Found:
        probes = self.probes
        if method_of(plugin, "filter_registration"):
            yield filtering.a_filter_returns_a_drop_or_none(plugin, probes)
            yield filtering.reasons_are_readable(plugin, probes)
            yield filtering.reasons_name_nobody(plugin, probes, self.holds_secret)
            yield filtering.a_filter_decides_the_same_again(plugin, probes)
            yield filtering.a_filter_changes_nothing(plugin, probes)
        if method_of(plugin, "dedupe_key"):
            another = _again(plugin)
            yield keys.a_key_is_text_or_none(plugin, probes)
            yield keys.keys_name_nobody(plugin, probes)
            yield keys.a_key_stays(plugin, another, probes)
            yield keys.a_key_is_that_of_the_change(plugin, probes)
            yield keys.people_have_keys_of_their_own(plugin, probes)
            yield keys.naming_changes_nothing(plugin, probes)
            instances.let_go(another)

    def _mapping(self, plugin: Plugin) -> Found:
        if not method_of(plugin, "map_registration"):
            return
        for target in self.pipeline.client.targets.values():
            taken = [each for each in self.probes if each.registration.kind in target.kinds]
            yield mapping.a_mapping_raises_rejections_alone(plugin, target, taken)
            yield mapping.records_are_json(plugin, target, taken)
            yield mapping.a_mapping_is_the_same_again(plugin, target, taken)
            yield mapping.a_mapping_changes_nothing(plugin, target, taken)
            yield mapping.refusals_name_nobody(plugin, target, taken, self.holds_secret)
        yield mapping.other_targets_are_left_alone(plugin, self.probes)

    def _records(self, plugin: TargetPlugin, samples: Sequence[Sample]) -> Found:
        lists = method_of(plugin, "list_delivered") is not None
        yield records.a_preview_is_fields_or_a_rejection(plugin, samples)
        yield records.a_preview_shows_no_secret(plugin, samples, self.holds_secret)
        yield records.looking_at_a_record_changes_nothing(plugin, samples, lists=lists)
        if lists:
            yield records.what_is_compared_is_json(plugin, samples)
            yield records.what_is_compared_is_the_same_again(plugin, samples)


def samples_of(pipeline: Pipeline, probes: Sequence[Probe]) -> dict[str, list[Sample]]:
    """Return the records that a client's registrations become, by target, as they are delivered."""
    found: dict[str, list[Sample]] = {name: [] for name in pipeline.client.targets}
    pairs = [(probe, target) for probe in probes for target in pipeline.client.targets.values()]
    for number, (probe, target) in enumerate(pairs, start=1):
        if probe.registration.kind in target.kinds:
            try:
                answer = pipeline.map(fresh(probe.registration), target)
            except RegbridgeError:
                continue
            if isinstance(answer, Record):
                whole = _as_delivered(answer, probe, number)
                found[target.name].append(Sample(probe.label, whole))
    return found


def _as_delivered(record: Record, probe: Probe, number: int) -> Record:
    registration = probe.registration
    return replace(
        record,
        fields=MappingProxyType(record.fields),
        delivery=number,
        registration=registration.id,
        registrant=registration.subject,
        contact_stub=registration.contact_stub,
        previous_contact_stub=registration.previous_contact_stub,
    )


def _class(plugin: Plugin) -> Found:
    """Yield what is wrong with a plugin, and with how another one of its kind is made."""
    cls = type(plugin)
    yield classes.a_plugin_says_what_it_is_for(cls)
    yield classes.settings_are_closed(cls)
    yield classes.hooks_are_marked(cls)
    yield classes.a_plugin_has_a_hook(cls)
    yield classes.a_target_delivers(cls)
    yield classes.a_list_can_be_compared(cls)
    yield instances.batches_have_one(plugin)
    yield instances.closing_works(lambda: _again(plugin), lambda _: None)


def _again(plugin: Plugin) -> Plugin:
    """Return another instance with the same settings, as another process of the host has one."""
    return type(plugin)(plugin.settings, plugin.context)
