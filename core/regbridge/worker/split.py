"""The first step: a receipt becomes one registration for each of its records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from regbridge.correlation import working_on
from regbridge.errors import MalformedMessageError
from regbridge.message import Envelope, read_envelope, read_revisions
from regbridge.store.bodies import read_bodies
from regbridge.store.leases import Lease, release
from regbridge.store.sealed import DAMAGED, is_damaged
from regbridge.store.split import (
    ClaimedReceipt,
    Part,
    claim_receipts,
    describe_receipt,
    park_receipt,
    store_registrations,
)
from regbridge.store.tables import receipts
from regbridge.timings import Key, Stage
from regbridge.worker.context import Context

PART_SIZE = 2000
"""Records of a sync that are written in one transaction."""


class Splitter:
    """Splits syncs, or all other messages: a sync never holds up a single registration."""

    def __init__(self, context: Context, *, syncs: bool) -> None:
        self._context = context
        self._syncs = syncs

    def run(self) -> bool:
        """Split what one claim brings; return whether there was anything to do."""
        begun = self._context.timings.clock()
        lease = self._context.leasing.new()
        clients = list(self._context.clients.running)
        claimed = self._context.store.write(
            lambda c: claim_receipts(c, clients, self._syncs, lease)
        )
        if not claimed:
            return False
        ids = [receipt.id for receipt in claimed]
        with (
            working_on(lease.token, ids, step="split"),
            self._context.leasing.keep(lease, receipts, ids),
        ):
            bodies = self._context.store.read(lambda c: read_bodies(c, ids))
            if self._syncs:
                for receipt in claimed:
                    self._split_sync(receipt, bodies.pop(receipt.id), lease, begun)
            else:
                parts = [p for each in claimed for p in self._parts(each, bodies[each.id], lease)]
                self._write(parts, lease, begun)
        return True

    def _split_sync(self, receipt: ClaimedReceipt, body: bytes, lease: Lease, begun: float) -> None:
        for part in self._parts(receipt, body, lease):
            if not self._write([part], lease, begun) or part.last:
                return
            begun = self._context.timings.clock()
            if self._context.stopping.is_set():
                now = self._context.clock()
                self._context.store.write(
                    lambda c: release(c, receipts, [receipt.id], lease.token, now)  # noqa: B023 - called at once
                )
                return

    def _parts(self, receipt: ClaimedReceipt, body: bytes, lease: Lease) -> Iterator[Part]:
        """Cut a receipt's remaining revisions into parts; an empty message is one empty part."""
        try:
            if is_damaged(body):
                raise MalformedMessageError(DAMAGED)
            envelope = read_envelope(body)
        except MalformedMessageError as error:
            reason = str(error)
            self._context.store.write(lambda c: park_receipt(c, receipt, reason, lease))
            return
        if receipt.unread:
            receipt = self._describe(receipt, envelope, lease)
        kinds = self._context.clients.running[receipt.client].client.kinds
        revisions = read_revisions(envelope, kinds, start=receipt.split_count)
        left = len(envelope.records) - receipt.split_count
        while True:
            part = list(islice(revisions, PART_SIZE))
            left -= len(part)
            yield Part(receipt, part, last=left <= 0)
            if left <= 0:
                return

    def _measure(self, parts: list[Part], begun: float) -> None:
        """Share the time that parts took between their clients.

        Several at once are small messages, each of which takes about as long as any other.
        """
        spent = self._context.timings.clock() - begun
        messages = Counter(part.receipt.client for part in parts)
        registrations: Counter[str] = Counter()
        for part in parts:
            registrations[part.receipt.client] += len(part.revisions)
        for client, count in messages.items():
            share = spent * count / len(parts)
            self._context.timings.add(Key(client, Stage.SPLIT), share, registrations[client])

    def _describe(
        self, receipt: ClaimedReceipt, envelope: Envelope, lease: Lease
    ) -> ClaimedReceipt:
        return self._context.store.write(lambda c: describe_receipt(c, receipt, envelope, lease))

    def _write(self, parts: list[Part], lease: Lease, begun: float) -> bool:
        now = lease.at(self._context.clock())
        written = self._context.store.write(lambda c: store_registrations(c, parts, now))
        self._measure(parts, begun)
        for client in {part.receipt.client for part in parts}:
            self._context.wake("prepare", client)
        return written
