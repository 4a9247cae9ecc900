"""What the ledger holds, as metrics: read by indices and from small tables, never counted here."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import structlog
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from regbridge.clients import Clients
from regbridge.counting import Counting, Tally
from regbridge.errors import StoreUnavailableError
from regbridge.pipeline import Pipeline
from regbridge.store.clock import from_ms
from regbridge.store.differences import Difference
from regbridge.store.engine import Store
from regbridge.store.limits import blocked_accounts, calls_since
from regbridge.store.passes import calls_key, latest_passes
from regbridge.store.pauses import Cause
from regbridge.store.report import all_pauses
from regbridge.store.tables import State
from regbridge.store.timings import timings_since
from regbridge.tallies import Standing, Waiting
from regbridge.timings import BOUNDS, Stage
from regbridge.web.metrics import names

log = structlog.get_logger()

PATIENCE = 1.0
"""So many seconds the first scrape waits for the first counts."""

# Not all of them, for all are half of what a scrape has to say.
_OF_WORK = range(20)
"""The buckets of what is done at once: to 9 minutes."""

_OF_TOTAL = range(6, len(BOUNDS) - 1)
"""The buckets of what waits for others: from 64 ms to 6 days."""

_LABELS = [str(bound / 1000) for bound in BOUNDS]

_STATES = [state for state in State if state is not State.SPLIT]  # in which a receipt alone can be
_AT_TARGETS = (Difference.MISSING_THERE, Difference.CHANGED_THERE, Difference.EXTRA_THERE)


@dataclass(frozen=True)
class Counted:
    """What is counted in the background."""

    counting: Counting
    standing: Tally[Standing]
    waiting: Tally[Waiting]


@dataclass(frozen=True)
class _Read:
    """What one scrape reads, at one moment."""

    pauses: Sequence[Any]
    calls: Sequence[Any]
    blocked: Sequence[str]
    timings: Sequence[Any]
    passes: Sequence[Any]


class LedgerMetrics(Collector):
    """Collects what all hosts share. `clock` gives ms."""

    def __init__(
        self,
        store: Store,
        clients: Callable[[], Clients],
        clock: Callable[[], int],
        counted: Counted,
    ) -> None:
        self._store = store
        self._clients = clients
        self._clock = clock
        self._counted = counted

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this moment; without those of the ledger while it is away."""
        clients = self._clients()
        found = self._read()
        yield names.LEDGER_UP.one(float(found is not None))
        if found is None:
            return
        yield from self._states(clients)
        yield from _stages(clients, found.timings)
        yield from _breakers(clients, found.pauses)
        yield from _calls(clients, found.calls, found.blocked)
        yield from _proofs(clients, found.passes)

    def _read(self) -> _Read | None:
        try:
            now = self._clock()
            today = f"{from_ms(now):%Y-%m-%d}"
            return self._store.read(
                lambda c: _Read(
                    all_pauses(c),
                    calls_since(c, today),
                    blocked_accounts(c, now),
                    timings_since(c, today),
                    latest_passes(c),
                ),
                patience=0,
            )
        except StoreUnavailableError as error:
            log.warning("metrics without the ledger", error=error.detail)
            return None

    def _states(self, clients: Clients) -> Iterator[Metric]:
        """Yield what was counted in the background, as of its last count."""
        standing, waiting = self._counted.standing, self._counted.waiting
        self._counted.counting.wait(PATIENCE, standing, waiting)
        at = names.COUNTED.family()
        if standing.found and standing.at is not None:
            at.add_metric(["states"], standing.at / 1000)
            yield from _by_state(standing.found, clients)
        if waiting.found and waiting.at is not None:
            at.add_metric(["waiting"], waiting.at / 1000)
            oldest = names.OLDEST.family()
            for client in sorted({*clients.running, *waiting.found.since}):
                since = waiting.found.since.get(client)
                age = 0.0 if since is None else max(self._clock() - since, 0) / 1000
                oldest.add_metric([client], age)
            yield oldest
            yield names.UNSPLIT.one(waiting.found.unsplit)
        yield at


def _by_state(standing: Standing, clients: Clients) -> Iterator[Metric]:
    """Yield the counts by state, those of a state in which nothing is too."""
    here, there = names.REGISTRATIONS.family(), names.DELIVERIES.family()
    counts = {(each.client, each.target, each.state): each.number for each in standing.states}
    for name, pipeline in clients.running.items():
        for target in ("", *pipeline.client.targets):
            counts = {(name, target, state.value): 0 for state in _STATES} | counts
    for (client, target, state), number in sorted(counts.items()):
        if target:
            there.add_metric([client, target, state], number)
        else:
            here.add_metric([client, state], number)
    yield from (here, there)


def _stages(clients: Clients, rows: Sequence[Any]) -> Iterator[Metric]:
    """Yield the histograms of today; those without a measurement too, so that the first is seen."""
    seconds, records = names.STAGES.family(), names.STAGE_RECORDS.family()
    histograms: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for name, pipeline in clients.running.items():
        for stage, part in _parts(pipeline):
            histograms[name, stage, part] = []
    for row in rows:
        histograms[row.client, row.stage, row.part].append(row)
    for labels, buckets in histograms.items():
        # The sums are decimal numbers at PostgreSQL.
        measured: Counter[int] = Counter()
        for row in buckets:
            measured[min(row.bucket, len(BOUNDS) - 1)] += int(row.measurements)
        spent = sum(int(row.microseconds) for row in buckets) / 1_000_000
        shown = _OF_TOTAL if labels[1] == Stage.TOTAL else _OF_WORK
        seconds.add_metric(labels, _cumulated(measured, shown), spent)
        records.add_metric(labels, sum(int(row.registrations) for row in buckets))
    yield from (seconds, records)


def _parts(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Yield what is measured of a client: each stage with the plugin or target that it is of."""
    for stage in Stage:
        match stage:
            case Stage.ENRICH:
                parts = pipeline.enrichers()
            case Stage.DELIVER | Stage.SETTLE | Stage.TOTAL:
                parts = list(pipeline.client.targets)
            case _:
                parts = [""]
        for part in parts:
            yield stage.value, part


def _cumulated(measured: Counter[int], shown: range) -> list[tuple[str, float]]:
    """Return a histogram as Prometheus has it: how many were no longer than each bound."""
    passed = list(accumulate(measured[bucket] for bucket in range(len(BOUNDS))))
    return [*((_LABELS[bucket], passed[bucket]) for bucket in shown), ("+Inf", passed[-1])]


def _breakers(clients: Clients, pauses: Sequence[Any]) -> Iterator[Metric]:
    """Yield every breaker that there is, so that one that closes goes to 0 and does not vanish."""
    is_open = {(row.client, row.upstream): row.cause for row in pauses}
    known = {
        (name, upstream)
        for name, pipeline in clients.running.items()
        for upstream in (*pipeline.enrichers(), *pipeline.client.targets)
    }
    breaker = names.BREAKER.family()
    for client, upstream in sorted(known | (set(is_open) - {("", "")})):
        for cause in Cause:
            value = float(is_open.get((client, upstream)) == cause)
            breaker.add_metric([client, upstream, cause], value)
    yield breaker
    yield names.PAUSED.one(float(("", "") in is_open))


def _calls(clients: Clients, rows: Sequence[Any], blocked: Sequence[str]) -> Iterator[Metric]:
    calls = {row.key: row.calls for row in rows}
    reconciling, limits = names.RECONCILE_CALLS.family(), names.RECONCILE_LIMIT.family()
    for name, pipeline in sorted(clients.running.items()):
        made = calls.pop(calls_key(name), 0)
        if made or pipeline.implements("list_attendees"):
            reconciling.add_metric([name], made)
            limits.add_metric([name], pipeline.client.reconcile.calls_per_day)
    today, left, stopped = (
        named.family() for named in (names.CALLS, names.CALLS_LEFT, names.BLOCKED)
    )
    for row in rows:
        if row.key in calls and row.left is not None:
            left.add_metric([row.key], row.left)
    for account in sorted({*calls, *blocked}):
        today.add_metric([account], calls.get(account, 0))
        stopped.add_metric([account], float(account in blocked))
    yield from (today, left, stopped, reconciling, limits)


def _proofs(clients: Clients, passes: Sequence[Any]) -> Iterator[Metric]:
    """Yield what passes found at the events that clients have now: nobody proves the others."""
    known = {
        (name, event.id)
        for name, pipeline in clients.running.items()
        for event in pipeline.client.events.values()
    }
    proved, at_cvent, missing = (
        named.family() for named in (names.PROVED, names.AT_CVENT, names.MISSING)
    )
    at_target, differences, troubled = (
        named.family() for named in (names.AT_TARGET, names.DIFFERENCES, names.TROUBLED)
    )
    for row in passes:
        if (row.client, row.event_stub) not in known:
            continue
        event = [row.client, row.event]
        if row.finished_at is None:
            troubled.add_metric(event, float(bool(row.problem)))
            continue
        proved.add_metric(event, row.finished_at / 1000)
        if not row.account:
            continue
        account = json.loads(row.account)
        at_cvent.add_metric(event, account["at_cvent"])
        missing.add_metric(event, account["at_cvent"] - account["here"] - account["forgotten"])
        for target, each in account["targets"].items():
            at_target.add_metric([*event, target], each["there"])
        for labels, number in _differences(account).items():
            differences.add_metric([*event, *labels], number)
    yield from (proved, at_cvent, missing, at_target, differences, troubled)


def _differences(account: Mapping[str, Any]) -> dict[tuple[str, str, str], int]:
    """Return how many differences there are of each kind, those that there are none of too."""
    counts: dict[tuple[str, str, str], int] = {}
    for kind in Difference:
        for target in account["targets"] if kind in _AT_TARGETS else ("",):
            counts |= {(kind, target, "no"): 0, (kind, target, "yes"): 0}
    for each in account["differences"]:
        counts[each["kind"], each["target"], "no"] = each["count"] - each["sent"]
        counts[each["kind"], each["target"], "yes"] = each["sent"]
    return counts
