"""The charts of the overview hold every number, and add up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from regbridge.web.console import charts


@given(
    st.dictionaries(st.integers(-30, 0), st.integers(0, 10**7)),
    st.dictionaries(st.integers(-30, 0), st.integers(0, 10**7)),
    st.integers(10**12, 2 * 10**12),
)
def test_a_chart_holds_every_number_within_its_frame(
    arrived: dict[int, int], delivered: dict[int, int], until: int
) -> None:
    last = until // 3_600_000
    came = {last + hour: number for hour, number in arrived.items()}
    went = {last + hour: number for hour, number in delivered.items()}

    chart = charts.hours(came, went, until)

    assert [bar.arrived for bar in chart.bars] == [came.get(last - n, 0) for n in range(23, -1, -1)]
    assert [bar.delivered for bar in chart.bars] == [
        went.get(last - n, 0) for n in range(23, -1, -1)
    ]
    for bar in chart.bars:
        assert 0 <= bar.arrived_height <= chart.ground
        assert 0 <= bar.delivered_height <= chart.ground
        assert chart.left <= bar.x <= bar.x + 2 * bar.width <= chart.width


def test_days_add_up_their_hours() -> None:
    until = 20_000 * 86_400_000 + 5
    hours = {20_000 * 24: 3, 20_000 * 24 - 1: 4, 19_999 * 24: 5}

    chart = charts.days(hours, {}, until, 14)

    assert [bar.arrived for bar in chart.bars] == [0] * 12 + [9, 3]
    assert chart.bars[-1].label == "2024-10-04"
