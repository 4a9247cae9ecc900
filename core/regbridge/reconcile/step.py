"""What the steps of a pass share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from regbridge.models import Client
from regbridge.pipeline import Pipeline
from regbridge.store.engine import Store
from regbridge.store.leases import Lease
from regbridge.store.passes import put_down


class LostLeaseError(Exception):
    """Another process has taken over the pass: what this step did is undone."""


@dataclass(frozen=True)
class Bench:
    """The ledger, one client's plugins, and a clock in ms."""

    store: Store
    pipeline: Pipeline
    clock: Callable[[], int]

    @property
    def client(self) -> Client:
        """The client's configuration."""
        return self.pipeline.client

    def put_down(self, row: Any, lease: Lease, values: dict[str, Any]) -> None:
        """Write what a step made of a pass. Raises `LostLeaseError`."""
        now = lease.at(self.clock())
        self.store.write(lambda c: require(put_down(c, row.id, now, values)))


def require(held: bool) -> None:
    """Raise `LostLeaseError` when a lease was lost, so that the transaction is undone."""
    if not held:
        raise LostLeaseError
