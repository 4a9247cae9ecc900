"""What the parts of a client file say about each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regbridge.config.place import Keys
from regbridge.message import normal_id
from regbridge.models import Finding, Level
from regbridge.nearest import did_you_mean


def cross_check(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong between parts that may each be right.

    Takes the values as the YAML gives them and passes over what the model refuses, so that these
    findings are shown beside those of the model.
    """
    events = dict(_entries(values, "events"))
    endpoints = dict(_entries(values, "endpoints"))
    yield from _after(dict(_entries(values, "targets")))
    yield from _twice("events", "id", events, "event")
    yield from _twice("endpoints", "path", endpoints, "endpoint")
    for name, endpoint in endpoints.items():
        named = endpoint.get("events")
        for index, event in enumerate(named if isinstance(named, list) else ()):
            if isinstance(event, str) and event not in events:
                remedy = did_you_mean(event, events) or "name it in the client's events: block"
                path = ("endpoints", name, "events", index)
                yield _error(path, f"no event {event!r}", remedy)


def _after(targets: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield targets that wait for none that there is, or for each other."""
    for name, target in targets.items():
        path = ("targets", name, "after")
        first = target.get("after")
        if not isinstance(first, str):
            continue
        if first not in targets:
            yield _error(path, f"no target {first!r}", did_you_mean(first, targets))
        elif _comes_back(name, targets):
            yield _error(path, f"the target {name} would wait for itself", "remove one after:")


def _comes_back(name: str, targets: Mapping[str, Mapping[str, Any]]) -> bool:
    seen = {name}
    first = targets[name].get("after")
    while isinstance(first, str) and first in targets:
        if first in seen:
            return first == name
        seen.add(first)
        first = targets[first].get("after")
    return False


def _entries(values: Mapping[str, Any], block: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    entries = values.get(block)
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        if isinstance(entry, dict):
            yield name, entry


def _twice(
    block: str, key: str, entries: Mapping[str, Mapping[str, Any]], what: str
) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for name, entry in entries.items():
        value = normal_id(entry.get(key))
        if value in seen:
            message = f"the {what} {seen[value]!r} has the same {key}"
            yield _error((block, name, key), message, "keep one of them")
        elif value:
            seen[value] = name


def _error(path: Keys, message: str, remedy: str) -> Finding:
    return Finding(Level.ERROR, message, remedy=remedy, path=path)
