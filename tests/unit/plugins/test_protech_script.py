"""Which call of the simulated service is treated how."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge_protech.simulator.behaviour import (
    ERRORS,
    STAGE,
    TRIGGERS,
    Behaviour,
    Script,
    page,
    text_of,
)
from regbridge_protech.success import Failure, guid_rule

CALL = {"szUserID": "P-001", "szPerID": "a", "szRegID": "1"}


def choices(script: Script, count: int) -> list[Behaviour]:
    return [script.choose(CALL) for _ in range(count)]


def test_a_call_is_staged_unless_something_says_otherwise() -> None:
    assert choices(Script(), 3) == [STAGE] * 3


def test_the_same_seed_makes_the_same_errors() -> None:
    once, again, other = (choices(Script(error_rate=0.5, seed=seed), 200) for seed in (1, 1, 2))
    assert once == again
    assert once != other


def test_an_error_rate_is_the_share_of_calls_that_fail() -> None:
    counts = Counter(choices(Script(error_rate=0.2, seed=7), 2000))
    assert 320 < 2000 - counts[STAGE] < 480
    assert set(counts) == {STAGE, *ERRORS}
    assert set(choices(Script(error_rate=1.0, seed=7), 50)) <= set(ERRORS)


def test_what_was_asked_for_next_comes_before_everything_else() -> None:
    script = Script(error_rate=1.0)
    script.treat_next(STAGE, page(502))
    assert [script.choose({**CALL, "szUserID": "NOTFOUND-1"}) for _ in range(2)] == [
        STAGE,
        page(502),
    ]


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: trigger.start)
def test_a_trigger_pulls_as_often_as_it_says(trigger: object) -> None:
    [found] = [each for each in TRIGGERS if each is trigger]
    script = Script()
    call = {**CALL, found.parameter: f"{found.start}17"}
    for _ in range(found.times or 3):
        assert script.choose(call) == found.behaviour
    assert script.choose(call) == (STAGE if found.times else found.behaviour)
    assert script.choose({**call, "szRegID": "2"}) == found.behaviour


def test_no_two_triggers_start_the_same() -> None:
    starts = [trigger.start for trigger in TRIGGERS]
    assert not [one for one in starts for other in starts if one != other and other.startswith(one)]


@given(length=st.integers(0, 500))
def test_an_error_text_has_the_length_that_was_asked_for_and_is_no_guid(length: int) -> None:
    assert len(text_of(length)) == length
    assert isinstance(guid_rule(text_of(length)), Failure)
