"""The base classes of plugins and of their settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from regbridge.limits import Limiters, OwnPlaces
from regbridge.models import Client, Delivered, Record, Target


class Settings(BaseModel):
    """Base of a plugin's settings model: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class PluginContext:
    """What surrounds a plugin: its name in the YAML, its client, its target if it is one's.

    `folder` is where relative paths in settings start: the folder of `base.yaml`. `path` is where
    the plugin is named in the client's file (`("plugins", 0)`), for the `path` of its findings.
    `limiters` holds one limiter for each vendor's account, shared with all who use the same ledger.
    """

    name: str
    client: Client
    folder: Path
    target: Target | None = None
    path: tuple[str | int, ...] = ()
    limiters: Limiters = field(default_factory=lambda: Limiters(OwnPlaces()))


class Plugin:
    """Base of every plugin. Hooks are methods marked with `@hookimpl`.

    One instance is made for each client (for a target's plugin: for each target) and is called by
    several threads. `batch_size` bounds the batches of `enrich_registrations`. `needs_tokens` says
    that `authenticate_request` goes by an endpoint's `tokens`, so that nobody gets in where there
    are none. A constructor that finds its settings or a target's `map` wrong raises `ConfigError`
    with findings. `map_schema` is the JSON Schema of one entry of `map`, if the plugin maps.
    """

    settings_model: ClassVar[type[Settings]] = Settings
    map_schema: ClassVar[Mapping[str, Any]] = {}
    batch_size: int = 200
    needs_tokens: bool = True

    def __init__(self, settings: Settings, context: PluginContext) -> None:
        self.settings = settings
        self.context = context

    def close(self) -> None:
        """Release what the plugin holds; called once nobody uses it any more.

        That is when the host stops, or after another configuration was taken over: a new instance
        works by then. Batches and requests that began with this one have ended.
        """


class TargetPlugin(Plugin):
    """Base of a plugin that delivers to a target.

    `batch_size` is the most records in one call, `concurrency` the most calls at once, and
    `idempotent` says that sending the same record twice leaves one record at the target.
    `reads_back` says that `list_delivered`, if the plugin has it, can tell all that the target has,
    and `restores` that what is gone there may be delivered again without asking a person.
    Set them as class attributes, or on the instance when settings decide.
    """

    batch_size: int = 1
    concurrency: int = 1
    idempotent: bool = False
    reads_back: bool = True
    restores: bool = True

    def preview(self, record: Record) -> Mapping[str, Any]:
        """Return what would be sent for a record, by name; for `regbridge preview`.

        Raises `RejectedError` for a record that this plugin would reject by itself. Nothing is
        sent, and nothing secret is shown.
        """
        return record.fields

    def as_delivered(self, record: Record) -> Delivered:
        """Return how `list_delivered` lists a record that was delivered.

        The host compares the fields that `as_delivered` names with the listed ones: what cannot be
        compared is left out here, whatever is listed. Keys and fields are kept as JSON. Raises
        `RejectedError` for a record that the target cannot have. A plugin with `list_delivered`
        overrides this.
        """
        raise NotImplementedError
