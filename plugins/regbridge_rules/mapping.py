"""The `yaml-map` plugin: the `map:` blocks of a client's targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from regbridge import (
    Client,
    ConfigError,
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
from regbridge_rules.rules import Rule


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
    def map_registration(self, registration: Registration, target: Target) -> Record | None:
        """Return the target's record; raise `RejectedError` when a value is missing or wrong."""
        rules = self._rules.get(target.name)
        if not rules:
            return None
        event = registration.event or self.context.client
        document = registration.document()
        return Record({rule.field: rule.value(document, event.time_zone) for rule in rules})


def _findings(client: Client) -> Iterator[Finding]:
    questions = frozenset(name for event in client.events.values() for name in event.questions)
    for target in client.targets.values():
        for field, raw in target.map.items():
            path = ("targets", target.name, "map", field)
            found = list(entry_findings(raw, path, questions))
            yield from found or Rule(field, raw, target.time_zone).constant_findings(path)
