"""A target in memory whose plugin keeps the contract, for the contract's own tests."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from regbridge import (
    AmbiguousError,
    Client,
    CredentialsError,
    Delivered,
    DeliveredPage,
    Outcome,
    PluginContext,
    QuotaExceededError,
    Record,
    RetryableError,
    Settings,
    Target,
    TargetPlugin,
    hookimpl,
)
from regbridge.testing.contract import PERSON, USUAL, Destination, Failure

SECRET = "shelf-key-314159"
MIDNIGHT = datetime(2031, 5, 6, tzinfo=UTC)


class Shelf(TargetPlugin):
    """Puts records on a shelf."""

    batch_size = 3
    concurrency = 4
    idempotent = True

    def __init__(self) -> None:
        super().__init__(Settings(), PluginContext("shelf", Client("contract"), Path()))
        self.held: dict[Any, dict[str, Any]] = {}
        self.failure: Failure | None = None
        self.lock = threading.Lock()

    @hookimpl
    def deliver_records(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Put each record on the shelf."""
        match self.failure:
            case Failure.UNREACHABLE | Failure.BUSY:
                raise RetryableError("the shelf cannot be reached")
            case Failure.CREDENTIALS:
                raise CredentialsError("the shelf is locked")
            case Failure.QUOTA:
                raise QuotaExceededError("enough for today", until=MIDNIGHT)
            case Failure.LOST_BEFORE:
                raise AmbiguousError("the shelf said nothing")
        outcomes = [self.put(record) for record in records]
        if self.failure is Failure.LOST_AFTER:
            raise AmbiguousError("the shelf said nothing")
        return outcomes

    def put(self, record: Record) -> Outcome:
        """Put one record on the shelf."""
        if record.fields["number"] < 0:
            return Outcome.rejected("no shelf has such a number", field="number")
        with self.lock:
            self.held[self.key(record)] = dict(record.fields)
        return Outcome.created()

    def key(self, record: Record) -> Any:
        """Return where a record stands."""
        return record.delivery


class OpenShelf(Shelf):
    """Shows what stands on the shelf too, two records at a time."""

    @hookimpl
    def list_delivered(self, page: str) -> DeliveredPage:
        """Return what stands on the shelf, two at a time."""
        match self.failure:
            case Failure.UNREACHABLE | Failure.BUSY:
                raise RetryableError("the shelf cannot be reached")
            case Failure.CREDENTIALS:
                raise CredentialsError("the shelf is locked")
            case Failure.QUOTA:
                raise QuotaExceededError("enough for today", until=MIDNIGHT)
        start = int(page or 0)
        rows = list(self.held.items())
        found = [self.shown(key, fields) for key, fields in rows[start : start + 2]]
        return DeliveredPage(found, str(start + 2) if start + 2 < len(rows) else "")

    def shown(self, key: Any, fields: Mapping[str, Any]) -> Delivered:
        """Return what stands at a place."""
        return Delivered(str(key), dict(fields))

    def as_delivered(self, record: Record) -> Delivered:
        """Return what a record looks like on the shelf."""
        return Delivered(str(record.delivery), dict(record.fields))


class ShelfDestination(Destination):
    """The shelf as the contract sees it."""

    secrets = (SECRET,)
    failures = USUAL | {Failure.QUOTA}

    def __init__(self, plugin: type[Shelf] = Shelf) -> None:
        self.plugin: Shelf = plugin()
        self.target = Target("shelf")

    def record(self, number: int, text: str = PERSON) -> Record:
        """Return a record for the shelf."""
        return Record({"number": number, "text": text, "more": {"list": [1]}}, delivery=number)

    def bad_record(self, number: int) -> Record:
        """Return a record with a number that no shelf has."""
        return Record({"number": -number, "text": PERSON, "more": {"list": [1]}}, delivery=number)

    def held(self) -> Sequence[tuple[int, str]]:
        """Return what stands on the shelf."""
        return [(fields["number"], fields["text"]) for fields in self.plugin.held.values()]

    def fail(self, failure: Failure | None) -> None:
        """Let the shelf fail."""
        self.plugin.failure = failure
