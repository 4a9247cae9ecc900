"""What one process knows of itself: what it answered, and how its threads are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from regbridge.pulse import Pulse
from regbridge.readiness import Readiness
from regbridge.web.answers import Answers
from regbridge.web.metrics import names
from regbridge.web.metrics.names import Named


class ProcessMetrics(Collector):
    """Collects from memory alone, but for the one question whether the ledger takes messages."""

    def __init__(self, answers: Answers, readiness: Readiness) -> None:
        self._answers = answers
        self._readiness = readiness
        self._version = version("regbridge")

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this moment."""
        yield names.BUILD.one(1, self._version)
        yield names.READY.one(float(self._readiness.takes_messages()))
        counts = self._answers.copy()
        yield _counted(names.HTTP, {(k[0], str(k[1])): n for k, n in counts.http.items()})
        yield _counted(names.ACCEPTED, counts.accepted)
        yield _counted(names.RECORDS, counts.registrations)
        yield _counted(names.REFUSED, counts.refused)
        yield _counted(names.UNREADABLE, counts.unreadable)
        if crew := self._readiness.crew():
            yield from _threads(crew.pulses)


def _counted(named: Named, counts: Mapping[tuple[str, str], int]) -> Metric:
    family = named.family()
    for labels, number in sorted(counts.items()):
        family.add_metric(labels, number)
    return family  # type: ignore[no-any-return]


def _threads(pulses: Sequence[Pulse]) -> Iterator[Metric]:
    lanes: dict[tuple[str, str, str], list[Pulse]] = defaultdict(list)
    for pulse in pulses:
        lanes[pulse.step, pulse.client, pulse.part].append(pulse)
    threads, dead, busy = names.THREADS.family(), names.DEAD.family(), names.BUSY.family()
    for labels, mine in lanes.items():
        alive = sum(pulse.is_alive for pulse in mine)
        threads.add_metric(labels, alive)
        dead.add_metric(labels, len(mine) - alive)
        busy.add_metric(labels, max(pulse.busy_seconds for pulse in mine))
    yield from (threads, dead, busy)
