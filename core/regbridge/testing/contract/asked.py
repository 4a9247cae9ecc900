"""A plugin that is asked about registrations, and whose they are."""

from __future__ import annotations

from abc import ABC

from regbridge.models import Client
from regbridge.plugin import Plugin


class Asked(ABC):
    """A plugin under test. `regbridge.testing.registrations` makes registrations for it."""

    plugin: Plugin

    @property
    def client(self) -> Client:
        """The client whose registrations these are; that of the plugin."""
        return self.plugin.context.client
