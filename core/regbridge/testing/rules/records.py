"""What a target's plugin must keep of records before any is sent: preview and `as_delivered`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from regbridge.errors import AmbiguousError, CredentialsError, RejectedError, RetryableError
from regbridge.models import Delivered, Record
from regbridge.plugin import TargetPlugin
from regbridge.testing.rules.broken import rule
from regbridge.testing.rules.calls import Said, fault
from regbridge.testing.rules.frozen import differences, fresh, frozen
from regbridge.testing.rules.json_values import no_json
from regbridge.testing.rules.network import no_network
from regbridge.testing.rules.reasons import unreadable

_NOT_REACHED = (RetryableError, CredentialsError, AmbiguousError)
"""What a plugin says that has to ask its target first what records look like there."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A record that was mapped, and of what, in words that name nobody."""

    label: str
    record: Record


@rule("let preview return a mapping, and raise RejectedError for what the plugin itself refuses")
def a_preview_is_fields_or_a_rejection(
    plugin: TargetPlugin, samples: Sequence[Sample]
) -> Iterator[str]:
    """`regbridge preview` and the console show it, before anything is sent."""
    for sample in samples:
        said = _said(plugin.preview, _own(sample))
        if isinstance(said.error, _NOT_REACHED):
            continue
        if said.error and not isinstance(said.error, RejectedError):
            yield f"preview: {fault(said.error)} for {sample.label}"
        elif isinstance(said.error, RejectedError):
            yield from unreadable(str(said.error))
        elif not isinstance(said.answer, Mapping):
            yield f"preview returned {type(said.answer).__name__}"


@rule("leave secrets out of preview")
def a_preview_shows_no_secret(
    plugin: TargetPlugin, samples: Sequence[Sample], holds_secret: Callable[[str], bool]
) -> Iterator[str]:
    """What would be sent is shown to whoever may look, without what lets us in."""
    for sample in samples:
        said = _said(plugin.preview, _own(sample))
        if holds_secret(repr(frozen(said.answer))) or any(map(holds_secret, said.texts)):
            yield f"the preview of {sample.label} shows a secret"


@rule("copy what you want to change: dict(record.fields)")
def looking_at_a_record_changes_nothing(
    plugin: TargetPlugin, samples: Sequence[Sample], *, lists: bool
) -> Iterator[str]:
    """Neither `preview` nor `as_delivered` changes the record."""
    for sample in samples:
        given = _own(sample)
        _said(plugin.preview, given)
        if lists:
            _said(plugin.as_delivered, given)
        for where in differences(frozen(sample.record), frozen(given.record)):
            yield f"it changed {where} of the record of {sample.label}"


@rule("let as_delivered return Delivered(key, fields) with values of JSON, or raise RejectedError")
def what_is_compared_is_json(plugin: TargetPlugin, samples: Sequence[Sample]) -> Iterator[str]:
    """The ledger keeps the key and the fields that are compared as JSON."""
    for sample in samples:
        said = _said(plugin.as_delivered, _own(sample))
        if isinstance(said.error, _NOT_REACHED):
            continue
        if said.error and not isinstance(said.error, RejectedError):
            yield f"as_delivered: {fault(said.error)} for {sample.label}"
        elif isinstance(said.answer, Delivered):
            yield from _no_delivered(said.answer)
        elif said.error is None:
            yield f"as_delivered returned {type(said.answer).__name__}"


@rule("make what is compared of the record alone: no clock, no chance")
def what_is_compared_is_the_same_again(
    plugin: TargetPlugin, samples: Sequence[Sample]
) -> Iterator[str]:
    """Each pass of `regbridge reconcile` asks again."""
    for sample in samples:
        first, again = (_said(plugin.as_delivered, _own(sample)).answer for _ in range(2))
        if frozen(first) != frozen(again):
            yield f"as_delivered says otherwise at the second time for {sample.label}"


def asks_its_target(plugin: TargetPlugin, samples: Sequence[Sample]) -> bool:
    """Say whether a plugin has to ask its target before it can show a record; it gets no answer."""
    with no_network() as uses:
        for sample in samples[:1]:
            _said(plugin.preview, _own(sample))
    return bool(uses)


def _no_delivered(found: Delivered) -> Iterator[str]:
    if not isinstance(found.key, str) or not found.key:
        yield "the key of as_delivered is no text, or is empty"
    if not isinstance(found.fields, Mapping):
        yield "the fields of as_delivered are no mapping"
    else:
        yield from (f"as_delivered: the field {where}" for where in no_json(dict(found.fields)))


def _own(sample: Sample) -> Sample:
    return replace(sample, record=fresh(sample.record))


def _said(method: Callable[[Record], Any], sample: Sample) -> Said:
    try:
        return Said(method(sample.record))
    except Exception as error:  # what may be raised is for the rules to say
        return Said(error=error)
