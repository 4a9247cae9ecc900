"""Bar charts of what arrived and what was delivered, as numbers for an SVG and its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from regbridge.store.clock import from_ms
from regbridge.store.overview import HOUR

WIDTH, HEIGHT = 720, 180
_LEFT, _TOP, _BOTTOM = 56, 10, 22
_LABELS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """What happened in one hour or on one day; places and sizes are those of the SVG."""

    label: str
    arrived: int
    delivered: int
    x: float
    width: float
    arrived_height: float
    delivered_height: float
    has_label: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart; its lines are at 0, the half and the top of the scale."""

    name: str
    title: str
    unit: str
    bars: Sequence[Bar]
    top: int

    width = WIDTH
    height = HEIGHT
    left = _LEFT
    ground = HEIGHT - _BOTTOM

    @property
    def lines(self) -> list[tuple[int, float]]:
        """The numbers that lines are drawn at, with their places."""
        steps = sorted({0, self.top // 2, self.top})
        return [(number, self.ground - _height(number, self.top)) for number in steps]

    @property
    def summary(self) -> str:
        """The chart in a sentence."""
        arrived = sum(bar.arrived for bar in self.bars)
        delivered = sum(bar.delivered for bar in self.bars)
        most = max(self.bars, key=lambda bar: bar.arrived)
        busiest = f"; most arrived at {most.label} ({most.arrived:,})" if arrived else ""
        return f"{arrived:,} arrived, {delivered:,} delivered{busiest}."


def hours(arrived: Mapping[int, int], delivered: Mapping[int, int], until: int) -> Chart:
    """Return the chart of the last 24 hours, the one of `until` (ms) included."""
    last = until // HOUR
    labels = {hour: f"{from_ms(hour * HOUR):%d %H:00}" for hour in range(last - 23, last + 1)}
    return _chart("hours", "The last 24 hours", "Hour", labels, arrived, delivered)


def days(arrived: Mapping[int, int], delivered: Mapping[int, int], until: int, count: int) -> Chart:
    """Return the chart of the last days, the one of `until` (ms) included."""
    last = until // HOUR // 24
    labels = {
        day: f"{from_ms(day * 24 * HOUR):%Y-%m-%d}" for day in range(last - count + 1, last + 1)
    }
    title = f"The last {count} days"
    return _chart("days", title, "Day", labels, _by_day(arrived), _by_day(delivered))


def _by_day(by_hour: Mapping[int, int]) -> dict[int, int]:
    days: dict[int, int] = {}
    for hour, number in by_hour.items():
        days[hour // 24] = days.get(hour // 24, 0) + number
    return days


def _chart(
    name: str,
    title: str,
    unit: str,
    labels: Mapping[int, str],
    arrived: Mapping[int, int],
    delivered: Mapping[int, int],
) -> Chart:
    top = _round_up(max(max(arrived.get(at, 0), delivered.get(at, 0)) for at in labels))
    step = (WIDTH - _LEFT) / len(labels)
    every = -(-len(labels) // _LABELS)
    bars = [
        Bar(
            label,
            arrived.get(at, 0),
            delivered.get(at, 0),
            round(_LEFT + number * step + step * 0.1, 1),
            round(step * 0.4, 1),
            _height(arrived.get(at, 0), top),
            _height(delivered.get(at, 0), top),
            number % every == 0,
        )
        for number, (at, label) in enumerate(labels.items())
    ]
    return Chart(name, title, unit, bars, top)


def _height(number: int, top: int) -> float:
    return round((HEIGHT - _TOP - _BOTTOM) * number / top, 1)


def _round_up(number: int) -> int:
    """Return a round number that is not smaller: 1, 2 or 5 and zeros, at least 2."""
    scale = 1
    while True:
        for step in (1, 2, 5):
            if number <= step * scale and step * scale >= 2:
                return step * scale
        scale *= 10
