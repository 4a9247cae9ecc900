"""Takes messages through a whole client with the plugins under test, without waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from regbridge.models import EMPTY
from regbridge.plugin import Plugin


@dataclass(frozen=True, slots=True)
class TrialRegistration:
    """What became of one record of a message: its state and the reason, in the order of arrival.

    `enriched` are the patches of the plugins that enrich, by their names, as the mapping reads
    them. `receipt` is what `Trial.send` returned.
    """

    id: int
    receipt: int
    name: str
    state: str
    reason: str
    field: str
    fields: Mapping[str, Any]
    enriched: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TrialDelivery:
    """What became of one registration at one target.

    `fields` are those of the record, None where none was made. `due` says when it is tried again.
    """

    registration: int
    target: str
    state: str
    reason: str
    field: str
    fields: Mapping[str, Any] | None
    external_id: str
    attempts: int
    due: datetime | None


class Trial:
    """A client with its plugins, a ledger in memory and a worker whose clock tests move.

    `client` is what a client's file says: its text, its values, or the path of a real one in a
    configuration folder. `client:` and `endpoints:` may be left out. `plugins` are classes by the
    names under which `use:` names them, beside those that are installed. `environ` are variables
    for its secrets. `folder` is the configuration folder, where relative paths start and whose
    `base.yaml`, if there is one, holds as well.

    Raises `ConfigError` with the findings that the host would have. Use it in a `with` block, or
    `close` it.

    Example:
        with Trial(CLIENT, plugins={"crm": Crm}, environ={"CRM_TOKEN": "a token"}) as trial:
            trial.send(sync(3))
            trial.settle()
            assert trial.states() == {"delivered": 3}
    """

    def __init__(
        self,
        client: str | Mapping[str, Any] | Path,
        *,
        plugins: Mapping[str, type[Plugin]] = EMPTY,
        environ: Mapping[str, str] = EMPTY,
        folder: Path | None = None,
    ) -> None:
        raise NotImplementedError

    @property
    def now(self) -> datetime:
        """The worker's time."""
        raise NotImplementedError

    @property
    def registrations(self) -> Sequence[TrialRegistration]:
        """All registrations so far, in the order of their arrival."""
        raise NotImplementedError

    def plugin(self, name: str) -> Plugin:
        """Return the instance of a target's plugin, or of one under `plugins:`, by its name."""
        raise NotImplementedError

    def send(self, message: Mapping[str, Any] | bytes) -> int:
        """Receive a message, as `regbridge.testing.payloads` makes them; return its receipt."""
        raise NotImplementedError

    def settle(self, minutes: float = 0) -> None:
        """Work until nothing is due, and let time pass for whatever is due within `minutes`."""
        raise NotImplementedError

    def retry(self) -> int:
        """Retry what is parked, as a person does; return how many registrations that are."""
        raise NotImplementedError

    def deliveries(self, target: str = "") -> Sequence[TrialDelivery]:
        """Return the deliveries, of one target or of all, in the order of arrival."""
        raise NotImplementedError

    def states(self) -> Counter[str]:
        """Count the registrations by their state."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the plugins and the ledger."""
        raise NotImplementedError
