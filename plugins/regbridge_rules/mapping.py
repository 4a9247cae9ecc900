"""The `yaml-map` plugin: the `map:` blocks of a client's targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from regbridge import (
    Client,
    ConfigError,
    Drop,
    Finding,
    Plugin,
    PluginContext,
    Record,
    Registration,
    Settings,
    Target,
    hookimpl,
)
from regbridge_rules.entry import entry_findings, entry_schema
from regbridge_rules.rules import LeftOut, Rule


class YamlMap(Plugin):
    """Turns a registration into a target's record by the entries of the target's `map:`.

    An entry is a JMESPath expression over `registration.document()`, or a mapping that says more
    (`regbridge_rules.rules.Rule`). Every field of the map is in every record. A target without a
    map is left to other plugins. All maps are checked when the client starts.
    """

    map_schema = entry_schema()

    def __init__(self, settings: Settings, context: PluginContext) -> None:
        super().__init__(settings, context)
        if findings := list(_findings(context.client)):
            raise ConfigError(findings)
        self._rules: Mapping[str, tuple[Rule, ...]] = {
            target.name: tuple(
                Rule(field, raw, target.time_zone) for field, raw in target.map.items()
            )
            for target in context.client.targets.values()
        }

    @hookimpl
    def map_registration(self, registration: Registration, target: Target) -> Record | Drop | None:
        """Return the target's record, or why it gets none.

        Raises `RejectedError` when a required value is missing or a value is wrong.
        """
        rules = self._rules.get(target.name)
        if not rules:
            return None
        event = registration.event or self.context.client
        document = registration.document()
        try:
            return Record({rule.field: rule.value(document, event.time_zone) for rule in rules})
        except LeftOut as left_out:
            return Drop(str(left_out))


def _findings(client: Client) -> Iterator[Finding]:
    events = client.events.values()
    named = {
        "answers": frozenset(name for event in events for name in event.questions),
        "products": frozenset(name for event in events for name in event.products),
    }
    for target in client.targets.values():
        for field, raw in target.map.items():
            path = ("targets", target.name, "map", field)
            found = list(entry_findings(raw, path, named))
            yield from found or Rule(field, raw, target.time_zone).constant_findings(path)
