"""Takes one client's passes step by step; a killed one goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from regbridge.errors import (
    CredentialsError,
    QuotaExceededError,
    RegbridgeError,
    RejectedError,
    RetryableError,
    StoreUnavailableError,
)
from regbridge.leasing import Leasing
from regbridge.pipeline import Pipeline
from regbridge.reconcile.account import take_account
from regbridge.reconcile.attendees import compare_page
from regbridge.reconcile.feeding import feed, resend, still_waits
from regbridge.reconcile.step import Bench, LostLeaseError
from regbridge.reconcile.targets import compare_target, targets_left
from regbridge.store.clock import to_ms
from regbridge.store.engine import Store
from regbridge.store.leases import Lease, release
from regbridge.store.passes import Step, begin_again, claim_pass, finish_pass, has_due, put_down
from regbridge.store.proof_tables import passes

PATIENCE_SECONDS = 120.0
"""So long a pass waits for what it sent while none of it arrives."""

LOOK_AGAIN_MS = 500
_AGAIN_MS = 60_000
_LONGEST_MS = 3_600_000


class Reconciler:
    """The passes of one client.

    `wake` is told when a receipt waits to be split, `log` (a structlog logger) how passes go.
    """

    def __init__(
        self,
        store: Store,
        pipeline: Pipeline,
        leasing: Leasing,
        clock: Callable[[], int],
        wake: Callable[[str, str], None] = lambda _step, _client: None,
        patience: float = PATIENCE_SECONDS,
        log: Any = None,
    ) -> None:
        self._bench = Bench(store, pipeline, clock)
        self._leasing = leasing
        self._wake = wake
        self._patience = round(patience * 1000)
        self._log = log
        self._steps: Mapping[str, Callable[[Any, Lease], None]] = {
            Step.ATTENDEES: self._compare_page,
            Step.FEED: self._feed,
            Step.SETTLE: lambda row, lease: self._settle(row, lease, Step.TARGETS),
            Step.TARGETS: self._compare_targets,
            Step.RESEND: self._resend,
            Step.SETTLE_AGAIN: lambda row, lease: self._settle(row, lease, Step.FINISH),
            Step.FINISH: self._finish,
        }

    def run(self, event: str = "") -> bool:
        """Take one step of a pass that is due (of an event, unless ""); False if there is none."""
        client = self._bench.client.name
        lease = self._leasing.new()
        if not self._bench.store.read(lambda c: has_due(c, client, lease.now)):
            return False
        row = self._bench.store.write(lambda c: claim_pass(c, client, event, lease))
        if row is None:
            return False
        with self._leasing.keep(lease, passes, [row.id]):
            try:
                self._steps[row.step](row, lease)
            except LostLeaseError:
                self._tell(row, "another process goes on with a pass")
            except StoreUnavailableError:
                raise
            except KeyboardInterrupt:
                now = self._bench.clock()
                self._bench.store.write(lambda c: release(c, passes, [row.id], lease.token, now))
                raise
            except RegbridgeError as error:
                self._postpone(row, lease, error)
        return True

    def _compare_page(self, row: Any, lease: Lease) -> None:
        compare_page(self._bench, row, lease)

    def _feed(self, row: Any, lease: Lease) -> None:
        if feed(self._bench, row, lease):
            self._wake("split", "")
        else:
            self._go_on(row, lease, Step.SETTLE)

    def _settle(self, row: Any, lease: Lease, then: Step) -> None:
        """Wait for what was sent, as long as any of it arrives now and then."""
        waiting = self._bench.store.read(lambda c: still_waits(c, row.id))
        now = self._bench.clock()
        since = row.waiting_since if row.waiting == waiting and row.waiting_since else now
        if not waiting or now - since >= self._patience:
            self._go_on(row, lease, then)
            return
        later = {"due_at": now + LOOK_AGAIN_MS, "waiting": waiting, "waiting_since": since}
        self._bench.put_down(row, lease, later)

    def _compare_targets(self, row: Any, lease: Lease) -> None:
        left = targets_left(self._bench, row)
        if left:
            compare_target(self._bench, row, lease, left[0])
        else:
            self._go_on(row, lease, Step.RESEND if row.fixes else Step.FINISH)

    def _resend(self, row: Any, lease: Lease) -> None:
        if resend(self._bench, row, lease):
            self._wake("deliver", self._bench.client.name)

    def _finish(self, row: Any, lease: Lease) -> None:
        self._bench.store.write(lambda c: self._end(c, row, lease))
        self._tell(row, "reconciled", calls=row.calls)

    def _end(self, connection: Any, row: Any, lease: Lease) -> None:
        values = take_account(connection, row, self._bench.pipeline)
        if not finish_pass(connection, row, lease.at(self._bench.clock()), values):
            raise LostLeaseError

    def _go_on(self, row: Any, lease: Lease, step: Step) -> None:
        fresh = {"step": step, "waiting": 0, "waiting_since": None}
        self._bench.put_down(row, lease, fresh)

    def _postpone(self, row: Any, lease: Lease, error: RegbridgeError) -> None:
        """Try again later; a page that Cvent knows no longer lets the pass begin again."""
        self._tell(row, "a pass waits", error=error.detail)
        now = self._bench.clock()
        if isinstance(error, RejectedError) and row.page:
            at = lease.at(now)
            self._bench.store.write(lambda c: begin_again(c, row.id, at, now + _AGAIN_MS))
            return
        wait = min(_AGAIN_MS * 2 ** min(row.attempts, 10), _LONGEST_MS)
        due_at = now + wait
        if isinstance(error, QuotaExceededError):
            due_at = max(to_ms(error.until), now)
        elif isinstance(error, RetryableError) and error.retry_after:
            due_at = now + max(wait, round(error.retry_after * 1000))
        elif isinstance(error, CredentialsError):
            due_at = now + _LONGEST_MS // 4
        later = {"due_at": due_at, "problem": str(error), "attempts": row.attempts + 1}
        self._bench.store.write(lambda c: put_down(c, row.id, lease.at(now), later))

    def _tell(self, row: Any, what: str, **more: Any) -> None:
        if self._log:
            self._log.info(what, client=row.client, about=row.event, **more)
