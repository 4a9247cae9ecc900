"""What a `filter_registration` must keep, whatever it drops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from regbridge.models import Drop
from regbridge.plugin import Plugin
from regbridge.testing.rules.broken import rule
from regbridge.testing.rules.calls import Said, ask, fault
from regbridge.testing.rules.frozen import differences, fresh, frozen
from regbridge.testing.rules.probes import Probe
from regbridge.testing.rules.quiet import HoldsSecret, no_secrets
from regbridge.testing.rules.reasons import named, unreadable


@rule("return Drop(reason) or None, and raise nothing: any field may be missing, or of any type")
def a_filter_returns_a_drop_or_none(plugin: Plugin, probes: Sequence[Probe]) -> Iterator[str]:
    """Nothing that comes makes it fail."""
    for probe in probes:
        said = _ask(plugin, probe)
        if said.error:
            yield f"{fault(said.error)} for {probe.label}"
        elif said.answer is not None and not isinstance(said.answer, Drop):
            yield f"it returned {type(said.answer).__name__} for {probe.label}"


@rule("write the reason as one line that a planner understands")
def reasons_are_readable(plugin: Plugin, probes: Sequence[Probe]) -> Iterator[str]:
    """Each `Drop` says why, in a line."""
    for probe in probes:
        if isinstance(drop := _ask(plugin, probe).answer, Drop):
            yield from unreadable(drop.reason)


@rule("say what was decided by, such as the field's name, and never its value")
def reasons_name_nobody(
    plugin: Plugin, probes: Sequence[Probe], holds_secret: HoldsSecret = no_secrets
) -> Iterator[str]:
    """No reason holds a secret, or the name, the address or the number of whom it is about."""
    for probe in probes:
        texts = _ask(plugin, probe).texts
        if named(probe.registration, texts):
            yield f"a reason names the person of {probe.label}"
        if any(map(holds_secret, texts)):
            yield f"a reason holds a secret for {probe.label}"


@rule("decide by the registration and the settings alone")
def a_filter_decides_the_same_again(plugin: Plugin, probes: Sequence[Probe]) -> Iterator[str]:
    """Asked twice, it gives the same answer."""
    for probe in probes:
        first, again = _ask(plugin, probe), _ask(plugin, probe)
        if (first.answer, type(first.error)) != (again.answer, type(again.error)):
            yield f"it decided otherwise at the second time for {probe.label}"


@rule("copy what you want to change: dict(registration.fields)")
def a_filter_changes_nothing(plugin: Plugin, probes: Sequence[Probe]) -> Iterator[str]:
    """The registration is as it was."""
    for probe in probes:
        registration = fresh(probe.registration)
        ask(plugin, "filter_registration", registration=registration)
        for where in differences(frozen(probe.registration), frozen(registration)):
            yield f"it changed {where} of {probe.label}"


def _ask(plugin: Plugin, probe: Probe) -> Said:
    return ask(plugin, "filter_registration", registration=fresh(probe.registration))
