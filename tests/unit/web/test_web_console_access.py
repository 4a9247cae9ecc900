"""A session or a link is good for a while, for one ledger, and while no password changes."""

from __future__ import annotations

import pytest
from falcon import testing
from pydantic import SecretStr

from regbridge.config.console import ConsoleConfig
from regbridge.web.console.access import COOKIE, Access
from regbridge.web.console.visitor import Visitor

ACT = "who may act, act"
LOOK = "who may look, look"
KEY = b"the secret of a ledger"


class Times:
    """Seconds that pass when a test says so."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def times() -> Times:
    return Times()


def new_access(times: Times, act: str = ACT, look: str = LOOK, key: bytes = KEY) -> Access:
    """Return what a host makes of its configuration and of its ledger's secret."""
    config = ConsoleConfig.model_construct(password=SecretStr(act), look_password=SecretStr(look))
    return Access(config, (), key, times)


def seen(access: Access, cookie: str | None) -> Visitor | None:
    assert cookie is not None
    return access.visitor(testing.create_req(headers={"Cookie": f"{COOKIE}={cookie}"}))


@pytest.mark.parametrize(("minutes", "lets_in"), [(59, True), (61, False)])
def test_a_one_time_link_is_good_for_an_hour(times: Times, minutes: int, *, lets_in: bool) -> None:
    access = new_access(times)
    link = access.one_time_link()

    times.now += minutes * 60

    assert (access.enter(link) is not None) == lets_in
    assert access.enter(link) is None


@pytest.mark.parametrize("password", [ACT, LOOK])
def test_a_session_survives_a_restart_and_no_change_of_a_password(
    times: Times, password: str
) -> None:
    cookie = new_access(times).login(password, "192.0.2.1")

    assert seen(new_access(times), cookie)
    assert not seen(new_access(times, act="another for who acts"), cookie)
    assert not seen(new_access(times, look="another for who looks"), cookie)


def test_a_session_is_of_one_ledger(times: Times) -> None:
    cookie = new_access(times).login(ACT, "192.0.2.1")

    assert not seen(new_access(times, key=b"the secret of another"), cookie)


def test_a_form_of_before_a_change_of_a_password_does_nothing(times: Times) -> None:
    access = new_access(times)
    visitor = seen(access, access.login(ACT, "192.0.2.1"))
    assert visitor is not None
    token = access.form_token(visitor)

    assert access.is_own_form(visitor, token)
    assert not new_access(times, act="another for who acts").is_own_form(visitor, token)
