"""What a `map_registration` must keep, whatever it maps to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from regbridge.errors import RejectedError
from regbridge.models import Drop, Record, Target
from regbridge.plugin import Plugin
from regbridge.testing.rules.broken import rule
from regbridge.testing.rules.calls import Said, ask, fault
from regbridge.testing.rules.frozen import differences, fresh, frozen
from regbridge.testing.rules.json_values import no_json
from regbridge.testing.rules.probes import Probe
from regbridge.testing.rules.quiet import HoldsSecret, no_secrets
from regbridge.testing.rules.reasons import named, unreadable

SOMEBODY_ELSES = Target("a target of somebody else")


@rule("return Record, Drop or None, and raise RejectedError(..., field=...) for a wrong value")
def a_mapping_raises_rejections_alone(
    plugin: Plugin, target: Target, probes: Sequence[Probe]
) -> Iterator[str]:
    """Nothing that comes makes it fail: one registration parks, or none."""
    for probe in probes:
        said = _ask(plugin, target, probe)
        if said.error and not isinstance(said.error, RejectedError):
            yield f"{fault(said.error)} for {probe.label}"
        elif said.answer is not None and not isinstance(said.answer, Record | Drop):
            yield f"it returned {type(said.answer).__name__} for {probe.label}"


@rule("let fields be texts, numbers, true, false, None, lists and dicts with texts as keys")
def records_are_json(plugin: Plugin, target: Target, probes: Sequence[Probe]) -> Iterator[str]:
    """What the ledger keeps is what was mapped."""
    for probe in probes:
        if isinstance(record := _ask(plugin, target, probe).answer, Record):
            if not isinstance(record.fields, Mapping):
                yield f"the fields are {type(record.fields).__name__}"
            else:
                yield from (f"the field {where}" for where in no_json(dict(record.fields)))


@rule("map by the registration, the target and the settings alone: no clock, no chance")
def a_mapping_is_the_same_again(
    plugin: Plugin, target: Target, probes: Sequence[Probe]
) -> Iterator[str]:
    """Asked twice, it gives the same answer."""
    for probe in probes:
        first, again = _ask(plugin, target, probe), _ask(plugin, target, probe)
        if _comparable(first) != _comparable(again):
            yield f"it mapped otherwise at the second time for {probe.label}"


@rule("copy what you want to change: dict(registration.fields), or registration.document()")
def a_mapping_changes_nothing(
    plugin: Plugin, target: Target, probes: Sequence[Probe]
) -> Iterator[str]:
    """The registration and the target are as they were."""
    for probe in probes:
        given = {"registration": fresh(probe.registration), "target": fresh(target)}
        ask(plugin, "map_registration", **given)
        before = frozen({"registration": probe.registration, "target": target})
        for where in differences(before, frozen(given)):
            yield f"it changed {where} of {probe.label}"


@rule("say which field is wrong and how, in a line, and never its value")
def refusals_name_nobody(
    plugin: Plugin,
    target: Target,
    probes: Sequence[Probe],
    holds_secret: HoldsSecret = no_secrets,
) -> Iterator[str]:
    """Drops and rejections say why, and hold no secret and nobody's data."""
    for probe in probes:
        said = _ask(plugin, target, probe)
        if any(map(holds_secret, said.texts)):
            yield f"what it says about {probe.label} holds a secret"
        if named(probe.registration, said.texts):
            yield f"what it says about {probe.label} names the person"
        if isinstance(said.answer, Drop):
            yield from unreadable(said.answer.reason)
        elif isinstance(said.error, RejectedError):
            yield from unreadable(str(said.error))


@rule("return None unless target.name is one that the plugin maps to")
def other_targets_are_left_alone(plugin: Plugin, probes: Sequence[Probe]) -> Iterator[str]:
    """For a target that it does not know it makes no record; it may well drop."""
    for probe in probes:
        answer = _ask(plugin, SOMEBODY_ELSES, probe).answer
        if isinstance(answer, Record):
            yield "it returned a record for a target that is not its own"


def _ask(plugin: Plugin, target: Target, probe: Probe) -> Said:
    registration = fresh(probe.registration)
    return ask(plugin, "map_registration", registration=registration, target=fresh(target))


def _comparable(said: Said) -> Any:
    answer = said.answer
    return frozen(answer), type(said.error), str(said.error or "")
