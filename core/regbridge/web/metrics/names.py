"""Every metric: its name, its labels, what it says, and of what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)


class Of(StrEnum):
    """What a metric is of; `HELP` says it, so that nobody adds up what is the same everywhere."""

    HOST = "Of this process."
    LEDGER = "Of the whole ledger: every host says the same, so do not add hosts up."


class Kind(StrEnum):
    """The kinds of metrics."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


_FAMILIES = {
    Kind.COUNTER: CounterMetricFamily,
    Kind.GAUGE: GaugeMetricFamily,
    Kind.HISTOGRAM: HistogramMetricFamily,
}


@dataclass(frozen=True, slots=True)
class Named:
    """One metric; the name of a counter is without its `_total`."""

    name: str
    kind: Kind
    of: Of
    text: str
    labels: tuple[str, ...] = ()

    def family(self) -> Any:
        """Return the metric without any sample."""
        since = " Since its start." if self.kind is Kind.COUNTER and self.of is Of.HOST else ""
        text = f"{self.text} {self.of}{since}"
        return _FAMILIES[self.kind](self.name, text, labels=self.labels)

    def one(self, value: float, *labels: str) -> Metric:
        """Return the metric with one sample."""
        family: Metric = self.family()
        family.add_metric(labels, value)  # type: ignore[attr-defined]
        return family


_HTTP = ("part", "status")
_AT_ENDPOINT = ("client", "endpoint")
_LANE = ("step", "client", "part")
_STAGE = ("client", "stage", "part")
_EVENT = ("client", "event")

BUILD = Named("regbridge_build_info", Kind.GAUGE, Of.HOST, "1, with the version.", ("version",))
READY = Named(
    "regbridge_ready", Kind.GAUGE, Of.HOST, "1 while messages can be taken, as /health/ready says."
)
HTTP = Named(
    "regbridge_http_answers", Kind.COUNTER, Of.HOST, "Answers to HTTP requests, by status.", _HTTP
)
ACCEPTED = Named(
    "regbridge_messages_accepted",
    Kind.COUNTER,
    Of.HOST,
    "Messages that were stored and answered 200.",
    _AT_ENDPOINT,
)
RECORDS = Named(
    "regbridge_registrations_accepted",
    Kind.COUNTER,
    Of.HOST,
    "Records in the messages that were stored.",
    _AT_ENDPOINT,
)
REFUSED = Named(
    "regbridge_tokens_refused",
    Kind.COUNTER,
    Of.HOST,
    "Requests at an endpoint without a right token, answered 401.",
    _AT_ENDPOINT,
)
UNREADABLE = Named(
    "regbridge_messages_unreadable",
    Kind.COUNTER,
    Of.HOST,
    "Messages that cannot be read, kept as parked receipts and answered 400.",
    _AT_ENDPOINT,
)
THREADS = Named(
    "regbridge_worker_threads", Kind.GAUGE, Of.HOST, "Threads of the worker that are alive.", _LANE
)
DEAD = Named(
    "regbridge_worker_threads_dead",
    Kind.GAUGE,
    Of.HOST,
    "Threads of the worker that have ended and do nothing until a restart.",
    _LANE,
)
BUSY = Named(
    "regbridge_worker_busy_seconds",
    Kind.GAUGE,
    Of.HOST,
    "For how long a thread has been at one batch, the longest of a step; 0 while all wait.",
    _LANE,
)

LEDGER_UP = Named(
    "regbridge_ledger_up", Kind.GAUGE, Of.HOST, "1 if the ledger answered when this was asked for."
)
CLIENT_UP = Named(
    "regbridge_client_up",
    Kind.GAUGE,
    Of.HOST,
    "1 for a client that runs, 0 for one whose configuration is refused.",
    ("client",),
)
COUNTED = Named(
    "regbridge_counted_timestamp_seconds",
    Kind.GAUGE,
    Of.HOST,
    "When this host counted the states, and what waits, last.",
    ("what",),
)
REGISTRATIONS = Named(
    "regbridge_registrations",
    Kind.GAUGE,
    Of.LEDGER,
    "Registrations by state, as counted last.",
    ("client", "state"),
)
DELIVERIES = Named(
    "regbridge_deliveries",
    Kind.GAUGE,
    Of.LEDGER,
    "Deliveries by target and state, as counted last.",
    ("client", "target", "state"),
)
OLDEST = Named(
    "regbridge_oldest_pending_seconds",
    Kind.GAUGE,
    Of.LEDGER,
    "For how long the oldest pending registration has waited; 0 when none waits.",
    ("client",),
)
UNSPLIT = Named(
    "regbridge_registrations_unsplit",
    Kind.GAUGE,
    Of.LEDGER,
    "Records in messages that are still to be taken apart.",
)
STAGES = Named(
    "regbridge_stage_seconds",
    Kind.HISTOGRAM,
    Of.LEDGER,
    "How long each stage took today (GMT); begins anew at midnight.",
    _STAGE,
)
STAGE_RECORDS = Named(
    "regbridge_stage_registrations",
    Kind.COUNTER,
    Of.LEDGER,
    "Registrations that passed a stage today (GMT); begins anew at midnight.",
    _STAGE,
)
BREAKER = Named(
    "regbridge_breaker_open",
    Kind.GAUGE,
    Of.LEDGER,
    "1 while a target or an upstream is left alone for this cause.",
    ("client", "upstream", "cause"),
)
PAUSED = Named(
    "regbridge_worker_paused", Kind.GAUGE, Of.LEDGER, "1 while `regbridge drain` rests all workers."
)
CALLS = Named(
    "regbridge_vendor_calls_today",
    Kind.GAUGE,
    Of.LEDGER,
    "Calls of a vendor's account today (GMT).",
    ("account",),
)
CALLS_LEFT = Named(
    "regbridge_vendor_calls_left",
    Kind.GAUGE,
    Of.LEDGER,
    "Calls that a vendor's account has left today, where it is known how many it has.",
    ("account",),
)
BLOCKED = Named(
    "regbridge_vendor_blocked",
    Kind.GAUGE,
    Of.LEDGER,
    "1 while a vendor's account takes no calls: its quota is used up, or it asked to wait.",
    ("account",),
)
RECONCILE_CALLS = Named(
    "regbridge_reconcile_calls_today",
    Kind.GAUGE,
    Of.LEDGER,
    "Calls of Cvent that reconciling made today (GMT).",
    ("client",),
)
RECONCILE_LIMIT = Named(
    "regbridge_reconcile_calls_limit",
    Kind.GAUGE,
    Of.LEDGER,
    "Calls of Cvent that reconciling may make in a day.",
    ("client",),
)
PROVED = Named(
    "regbridge_proof_timestamp_seconds",
    Kind.GAUGE,
    Of.LEDGER,
    "When an event was last compared with Cvent to the end.",
    _EVENT,
)
AT_CVENT = Named(
    "regbridge_proof_at_cvent", Kind.GAUGE, Of.LEDGER, "Registrants at Cvent by the proof.", _EVENT
)
MISSING = Named(
    "regbridge_proof_missing",
    Kind.GAUGE,
    Of.LEDGER,
    "Registrants at Cvent who are not in the ledger, by the last proof.",
    _EVENT,
)
AT_TARGET = Named(
    "regbridge_proof_at_target",
    Kind.GAUGE,
    Of.LEDGER,
    "Registrants whom a target has, by the last proof.",
    (*_EVENT, "target"),
)
DIFFERENCES = Named(
    "regbridge_proof_differences",
    Kind.GAUGE,
    Of.LEDGER,
    "Differences that the last proof found, and whether they were sent.",
    (*_EVENT, "kind", "target", "sent"),
)
TROUBLED = Named(
    "regbridge_proof_troubled",
    Kind.GAUGE,
    Of.LEDGER,
    "1 while a proof that is under way meets a problem, which `regbridge status` names.",
    _EVENT,
)

METRICS: tuple[Named, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Named)
)
"""All of them, in the order of the reference."""
