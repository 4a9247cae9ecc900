"""What an instance of every plugin must keep, from the moment in which it is made."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from regbridge.errors import ConfigError
from regbridge.plugin import Plugin, TargetPlugin
from regbridge.testing.rules.broken import rule
from regbridge.testing.rules.calls import fault
from regbridge.testing.rules.network import NetworkRefusedError, no_network
from regbridge.testing.rules.output import Heard, listening

Make = Callable[[], Plugin]
UsePlugin = Callable[[Plugin], object]


@rule("set batch_size and concurrency to whole numbers from 1 on")
def batches_have_one(plugin: Plugin) -> Iterator[str]:
    """The host cuts its work into batches, and starts so many threads."""
    names = ["batch_size", *(["concurrency"] if isinstance(plugin, TargetPlugin) else [])]
    for name in names:
        value = getattr(plugin, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            yield f"{name} is {value!r}"


@rule("connect when the first registration comes: a client starts while everything else is down")
def making_opens_no_connection(make: Make) -> Iterator[str]:
    """The constructor asks nobody."""
    with no_network() as uses:
        try:
            made = make()
        except (ConfigError, NetworkRefusedError) as error:
            if not uses:
                yield f"it cannot be made: {error}"
        else:
            let_go(made)
    yield from (f"it opens a connection ({each.where})" for each in uses)


@rule("show no secret: keep it in a regbridge.Secret, and out of every text")
def no_secret_is_shown(make: Make, use: UsePlugin, secrets: Sequence[str]) -> Iterator[str]:
    """Nothing that is printed or logged holds a secret, and neither does the plugin's repr."""
    heard = heard_of(make, use)
    plugin = make()
    texts = [*heard.texts, repr(plugin), repr(plugin.settings), str(plugin.settings)]
    let_go(plugin)
    if any(secret and secret in text for secret in secrets for text in texts):
        yield "a secret stands in what it prints, in what it logs, or in its repr"


@rule("set what an instance keeps in __init__, as self.name = ...")
def instances_share_nothing(make: Make, use: UsePlugin) -> Iterator[str]:
    """What one instance does changes nothing that another one has."""
    one, other = make(), make()
    before, kept = shared(type(one)), _contents(other)
    use(one)
    yield from changed(type(one), before)
    for name, value in _contents(other).items():
        if value != kept.get(name):
            yield f"what one instance did changed {name} of another"
    let_go(one)
    let_go(other)


@rule("let close() release what there is, and raise nothing")
def closing_works(make: Make, use: UsePlugin) -> Iterator[str]:
    """A plugin can be closed before it was used, and after."""
    for when, work in {"before it was used": lambda _: None, "after it was used": use}.items():
        plugin = make()
        work(plugin)
        yield from closed(plugin, when)


@rule("set what an instance keeps in __init__, as self.name = ...")
def nothing_is_shared(cls: type, before: Mapping[str, Any]) -> Iterator[str]:
    """What all instances have in common is as it was; `before` is of `shared`."""
    yield from changed(cls, before)


def heard_of(make: Make, use: UsePlugin) -> Heard:
    """Return what is printed and logged from the making of a plugin to its end."""
    with listening() as heard:
        plugin = make()
        use(plugin)
        let_go(plugin)
    return heard


def let_go(plugin: Plugin) -> None:
    """Close a plugin, whatever comes of that: `closing_works` is the rule about it."""
    with suppress(Exception):
        plugin.close()


def closed(plugin: Plugin, when: str) -> Iterator[str]:
    """Close a plugin; yield what is wrong with how it did."""
    try:
        answer: object = plugin.close()  # type: ignore[func-returns-value]
    except Exception as error:
        yield f"{fault(error)} when it was closed {when}"
    else:
        if answer is not None:
            yield f"close() returned {type(answer).__name__}"


def shared(cls: type) -> Mapping[str, Any]:
    """Return a copy of everything changeable that all instances of a class have in common."""
    return {
        f"{each.__name__}.{name}": copy.deepcopy(value)
        for each in cls.__mro__
        for name, value in vars(each).items()
        if isinstance(value, list | dict | set) and not name.startswith("__")
    }


def changed(cls: type, before: Mapping[str, Any]) -> Iterator[str]:
    """Yield what all instances have in common and is not as it was."""
    for name, value in shared(cls).items():
        if value != before.get(name):
            yield f"{name} is the same for all instances, and has changed"


def _contents(plugin: Plugin) -> Mapping[str, Any]:
    return {
        name: copy.copy(value)
        for name, value in vars(plugin).items()
        if isinstance(value, list | dict | set)
    }
