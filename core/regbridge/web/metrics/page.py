"""`GET /metrics`: the metrics in the text that a Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable

import falcon
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from regbridge.config.metrics import MetricsConfig
from regbridge.web.gate import Gate


class MetricsPage:
    """Answers who has a token, or everybody if the settings say so. `clock` gives seconds."""

    def __init__(
        self, config: MetricsConfig, clock: Callable[[], float], *collectors: Collector
    ) -> None:
        self._gate = None if config.open else Gate(config.tokens or (), "host.metrics", clock)
        # One of its own: what other libraries add to the common one is no business of ours.
        self._registry = CollectorRegistry(auto_describe=False)
        for collector in collectors:
            self._registry.register(collector)
        ProcessCollector(registry=self._registry)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer in Prometheus's own format, or in that of OpenMetrics if it is asked for."""
        if self._gate:
            self._gate.admit(req)
        encode, content_type = choose_encoder(req.get_header("Accept") or "")
        resp.content_type = content_type
        resp.cache_control = ["no-store"]
        resp.data = encode(self._registry)
