"""Finds out which part of a batch's answer is about which record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from regbridge import AmbiguousError, Outcome
from regbridge_hubspot.faults import Fault, of_record, read_fault
from regbridge_hubspot.inputs import Input, same_key

_SILENT = "HubSpot's answer does not say what became of this record"


def outcomes_of(inputs: Sequence[Input], document: Any, id_property: str) -> dict[int, Outcome]:
    """Return what an answer says of each input, by its place.

    Results and errors stand in any order: a trace id says whose they are, and where there is none
    the id does. An error that names nobody belongs to the one input that is left; where several are
    left, they are left out here, so that each is sent in a smaller batch. Raises `AmbiguousError`
    for what is no answer to a batch.
    """
    if not isinstance(document, dict) or not isinstance(document.get("results"), list):
        raise AmbiguousError("HubSpot answers a batch with no list of results")
    by_trace = {one.trace: one for one in inputs}
    by_key = {one.key: one for one in inputs}
    found: dict[int, Outcome] = {}
    nameless = 0
    for result in _objects(document["results"]):
        key = same_key(str(_mapping(result.get("properties")).get(id_property) or ""))
        one = by_trace.get(str(result.get("objectWriteTraceId") or "")) or by_key.get(key)
        if one is None:
            nameless += 1
        else:
            found[one.place] = _delivered(one, result)
    faults: list[Fault] = []
    for fault in map(read_fault, _objects(document.get("errors"))):
        named = [by_trace[trace] for trace in fault.traces if trace in by_trace]
        named = named or [by_key[same_key(id_)] for id_ in fault.ids if same_key(id_) in by_key]
        found |= {one.place: of_record(fault, one) for one in named}
        faults += [] if named else [fault]
    left = [one for one in inputs if one.place not in found]
    return found | _of_the_left(left, faults, nameless)


def _of_the_left(
    left: Sequence[Input], faults: Sequence[Fault], nameless: int
) -> dict[int, Outcome]:
    """Return what can be said of inputs that nothing in the answer names."""
    if faults and len(left) > 1:
        return {}
    if faults:
        return {one.place: of_record(faults[0], one) for one in left}
    if nameless == len(left):  # as many were done as are left, so these were
        return {one.place: _delivered(one, {}) for one in left}
    return {one.place: Outcome.ambiguous(_SILENT) for one in left}


def _delivered(one: Input, result: Mapping[str, Any]) -> Outcome:
    id_ = str(result.get("id") or one.record.external_id or "") or None
    is_new = result.get("new", one.record.external_id is None)
    return Outcome.created(id_) if is_new is True else Outcome.updated(id_)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))
