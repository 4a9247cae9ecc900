"""What one process knows of itself: what it answered, and how its threads are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from regbridge.clients import Clients
from regbridge.pulse import Pulse
from regbridge.readiness import Readiness
from regbridge.web.answers import Answers
from regbridge.web.metrics import names
from regbridge.web.metrics.names import Named


class ProcessMetrics(Collector):
    """Collects from memory alone, but for the one question whether the ledger takes messages."""

    def __init__(
        self, answers: Answers, readiness: Readiness, clients: Callable[[], Clients]
    ) -> None:
        self._answers = answers
        self._clients = clients
        self._readiness = readiness
        self._version = version("regbridge")

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this moment."""
        yield names.BUILD.one(1, self._version)
        yield names.READY.one(float(self._readiness.takes_messages()))
        clients = self._clients()
        yield from _clients_up(clients)
        yield from _answered(self._answers.copy(), clients)
        if crew := self._readiness.crew():
            yield from _threads(crew.pulses)


def _clients_up(clients: Clients) -> Iterator[Metric]:
    up = names.CLIENT_UP.family()
    for name in sorted(clients.running):
        up.add_metric([name], 1)
    for name in sorted({refused.name for refused in clients.refused} - set(clients.running)):
        up.add_metric([name], 0)
    yield up


def _answered(counts: Answers, clients: Clients) -> Iterator[Metric]:
    """Yield the counts of answers; those of endpoints begin at 0, so that the first is seen."""
    yield _counted(names.HTTP, {(part, str(code)): n for (part, code), n in counts.http.items()})
    nothing = {
        (name, endpoint): 0
        for name, pipeline in clients.running.items()
        for endpoint in pipeline.client.endpoints
    }
    yield _counted(names.ACCEPTED, nothing | counts.accepted)
    yield _counted(names.RECORDS, nothing | counts.registrations)
    yield _counted(names.REFUSED, nothing | counts.refused)
    yield _counted(names.UNREADABLE, nothing | counts.unreadable)


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
