"""How the simulated service behaves: its tier, its limits, its moods."""

from __future__ import annotations

from dataclasses import dataclass

from regbridge_cvent.simulator.api.pages import EmptyLastPage
from regbridge_cvent.simulator.tiers import STANDARD, Tier


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What can be set about the service.

    `visibility_delay` and `latency` are in seconds, `fault_rate` is the share of calls that fail,
    chosen by `seed`. `url_limit` and `filter_limit` are in characters: Cvent documents neither,
    and has some. `has_total` is whether pages tell totalCount, which "may return blank".
    """

    tier: Tier = STANDARD
    visibility_delay: float = 0.0
    fault_rate: float = 0.0
    seed: int = 1
    latency: float = 0.0
    url_limit: int = 8_000
    filter_limit: int = 64_000
    empty_last_page: EmptyLastPage = EmptyLastPage.SOMETIMES
    has_total: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.fault_rate <= 1:
            raise ValueError("fault_rate is a share between 0 and 1")
        if self.latency < 0 or self.visibility_delay < 0:
            raise ValueError("latency and visibility_delay are seconds, 0 or more")
