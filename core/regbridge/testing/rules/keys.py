"""What a `dedupe_key` must keep, whatever it takes for the same change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from regbridge.models import Registration
from regbridge.plugin import Plugin
from regbridge.testing.rules.another_process import as_in_another_process
from regbridge.testing.rules.broken import rule
from regbridge.testing.rules.calls import Said, ask, fault
from regbridge.testing.rules.frozen import differences, fresh, frozen
from regbridge.testing.rules.probes import Probe
from regbridge.testing.rules.reasons import named

_ANOTHER = "a0a0a0a0-0000-4000-8000-00000000000a"
_LATER = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


@rule("return text, or None to leave it to the host, and raise nothing")
def a_key_is_text_or_none(plugin: Plugin, probes: Sequence[Probe]) -> Iterator[str]:
    """Nothing that comes makes it fail, and no key is empty."""
    for probe in probes:
        said = _ask(plugin, probe.registration)
        if said.error:
            yield f"{fault(said.error)} for {probe.label}"
        elif said.answer is not None and not isinstance(said.answer, str):
            yield f"it returned {type(said.answer).__name__} for {probe.label}"
        elif said.answer is not None and not said.answer.strip():
            yield f"it returned an empty key for {probe.label}"


@rule("make keys of ids, such as registration.subject, and of nothing that people wrote")
def keys_name_nobody(plugin: Plugin, probes: Sequence[Probe]) -> Iterator[str]:
    """Keys are kept as they are, in an encrypted ledger too."""
    for probe in probes:
        key = _ask(plugin, probe.registration).answer
        about = "" if ":" not in probe.registration.subject else probe.registration.subject
        if isinstance(key, str) and named(probe.registration, [key.replace(about, "")]):
            yield f"the key of {probe.label} holds a name or an address"


@rule("make keys of the registration alone, without hash(), chance or clock")
def a_key_stays(plugin: Plugin, another: Plugin, probes: Sequence[Probe]) -> Iterator[str]:
    """The same registration has the same key, always and everywhere."""
    for probe in probes:
        first = _ask(plugin, probe.registration).answer
        if _ask(plugin, probe.registration).answer != first:
            yield f"it returned another key at the second time for {probe.label}"
        if _ask(another, probe.registration).answer != first:
            yield f"another instance returned another key for {probe.label}"
        with as_in_another_process(plugin):
            if _ask(plugin, probe.registration).answer != first:
                yield f"another process would return another key for {probe.label}"


@rule("leave registration.id and registration.received_at out of the key")
def a_key_is_that_of_the_change(plugin: Plugin, probes: Sequence[Probe]) -> Iterator[str]:
    """The same message that arrives again is the same change."""
    for probe in probes:
        again = replace(
            probe.registration, id=probe.registration.id + 1_000_000, received_at=_LATER
        )
        if _ask(plugin, again).answer != _ask(plugin, probe.registration).answer:
            yield f"{probe.label} has another key when it arrives again"


@rule("make registration.subject a part of the key")
def people_have_keys_of_their_own(plugin: Plugin, probes: Sequence[Probe]) -> Iterator[str]:
    """Registrations of two people are never taken for the same change."""
    for probe in probes:
        registration = probe.registration
        key = _ask(plugin, registration).answer
        if key and registration.subject and key == _ask(plugin, of_another(registration)).answer:
            yield f"{probe.label} has the key that another person's has"


@rule("copy what you want to change: dict(registration.fields)")
def naming_changes_nothing(plugin: Plugin, probes: Sequence[Probe]) -> Iterator[str]:
    """The registration is as it was."""
    for probe in probes:
        registration = fresh(probe.registration)
        ask(plugin, "dedupe_key", registration=registration)
        for where in differences(frozen(probe.registration), frozen(registration)):
            yield f"it changed {where} of {probe.label}"


def of_another(registration: Registration) -> Registration:
    """Return the same registration of another person: other ids, and all else alike."""
    event = registration.event_stub
    fields: dict[str, Any] = {**registration.fields, "inviteeStub": _ANOTHER}
    return replace(
        registration,
        subject=f"{registration.kind}:{event}:{_ANOTHER}",
        invitee_stub=_ANOTHER,
        contact_stub=_ANOTHER,
        fields=fields,
    )


def _ask(plugin: Plugin, registration: Registration) -> Said:
    return ask(plugin, "dedupe_key", registration=fresh(registration))
