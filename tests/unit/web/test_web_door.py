"""Whoever comes with wrong tokens, and however often: a right one is let in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import falcon.testing
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from structlog.testing import capture_logs

from regbridge.admissions import MOST, Admissions, Cause
from regbridge.errors import AuthenticationError
from regbridge.models import Client, Endpoint, Identity, Request
from regbridge.tokens import fingerprint, position_of
from regbridge.web import attempts
from regbridge.web.app import create_app
from regbridge.web.door import FREE, Door
from regbridge.web.refusal_log import LINES, MINUTE, RefusalLog

PATH = "/cvent/apap/CventReg"
CVENT = "Cvent-Webhooks"
MESSAGE = b'{"eventType": "A", "messageStub": "s", "message": []}'
# One address is Cvent's own and everybody else's behind the same proxy.
ADDRESSES = ("203.0.113.7", "203.0.113.8", "2001:db8::1", "2001:db8::2", "not an address")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class StandInPipeline:
    client = Client("apap")

    def in_use(self) -> AbstractContextManager[bool]:
        return nullcontext(True)

    def authenticate(self, request: Request, endpoint: Endpoint) -> Identity:
        position = position_of(request.headers.get("authorization", ""), endpoint.tokens)
        if position is None:
            raise AuthenticationError("no plugin vouches for it")
        return Identity(f"token {position + 1}")


class StandInClients:
    """One client, whose endpoint's tokens may change as when the service is restarted."""

    def __init__(self) -> None:
        self.tokens: tuple[str, ...] = ("the-right-token", "the-old-token")

    def find(self, path: str) -> Any:
        endpoint = Endpoint("CventReg", PATH, self.tokens)
        return (StandInPipeline(), endpoint) if path == PATH else None


class Site:
    """The application with a clock, as far as a request's token is judged."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clients = StandInClients()
        self.admissions = Admissions(b"a key")
        self.door = Door(self.admissions, self.clock)
        self.refusals = RefusalLog(self.clock)
        self.app = create_app(
            cast("Any", self.clients),
            lambda _arrival: 1,
            body_limit=1000,
            health=dict,
            door=self.door,
            refusals=self.refusals,
        )

    def ask(
        self, token: str | None, address: str = ADDRESSES[0], agent: str = CVENT, post: bool = True
    ) -> falcon.testing.Result:
        headers: dict[str, str] = {"User-Agent": agent}
        if token is not None:
            headers["Authorization"] = token
        return falcon.testing.simulate_request(
            self.app,
            "POST" if post else "GET",
            PATH,
            headers=headers,
            body=MESSAGE if post else None,
            remote_addr=address,
        )

    def refused(self) -> Mapping[tuple[Cause, str, bool], int]:
        found = self.admissions.take().refusals
        return {(each.cause, each.address, each.by_cvent): times for each, times in found.items()}


class Doors(RuleBasedStateMachine):
    """Attackers and a Cvent that may be set wrongly, behind the same addresses, as time goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.site = Site()
        self.cvents = "the-right-token"
        self.logs = capture_logs()
        self.lines = self.logs.__enter__()

    @rule(
        address=st.sampled_from(ADDRESSES),
        token=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20),
        times=st.integers(1, 60),
    )
    def an_attacker_guesses(self, address: str, token: str, times: int) -> None:
        for number in range(times):
            answer = self.site.ask(f"{token}-{number}", address, "curl")
            assert answer.status_code in (401, 429)

    @rule(address=st.sampled_from(ADDRESSES), times=st.integers(1, 60))
    def an_attacker_has_no_token(self, address: str, times: int) -> None:
        for _ in range(times):
            assert self.site.ask(None, address, "curl").status_code == 401

    @rule(
        address=st.sampled_from(ADDRESSES),
        token=st.sampled_from(["the-right-token", "the-old-token"]),
        post=st.booleans(),
    )
    def somebody_has_a_right_token(self, address: str, token: str, post: bool) -> None:
        answer = self.site.ask(token, address, "curl", post)
        assert answer.status_code in ({200} if token in self.site.clients.tokens else {401, 429})

    @rule(address=st.sampled_from(ADDRESSES), post=st.booleans())
    def cvent_posts(self, address: str, post: bool) -> None:
        answer = self.site.ask(self.cvents, address, post=post)
        assert answer.status_code in (
            {200} if self.cvents in self.site.clients.tokens else {401, 429}
        )

    @rule(right=st.booleans())
    def cvents_setting_changes(self, right: bool) -> None:
        self.cvents = "the-right-token" if right else "a-wrong-setting"

    @rule(both=st.booleans())
    def the_service_takes_other_tokens(self, both: bool) -> None:
        self.site.clients.tokens = ("the-right-token", "the-old-token")[: 1 + both]

    @rule(seconds=st.floats(0, 2000))
    def time_goes_by(self, seconds: float) -> None:
        self.site.clock.now += seconds

    @invariant()
    def the_log_has_no_more_lines_than_its_minutes_allow(self) -> None:
        assert len(self.lines) <= (2 * LINES + 1) * (self.site.clock.now / MINUTE + 1)
        assert all("the-" not in str(line) for line in self.lines)

    @invariant()
    def what_is_remembered_is_bounded(self) -> None:
        assert len(self.site.door.attempts) <= len(ADDRESSES)

    def teardown(self) -> None:
        self.logs.__exit__(None, None, None)


TestARightTokenIsAlwaysLetIn = Doors.TestCase
TestARightTokenIsAlwaysLetIn.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None
)


def guess(site: Site, times: int, address: str = ADDRESSES[0]) -> list[int]:
    return [site.ask(f"guess-{number}", address, "curl").status_code for number in range(times)]


def test_who_guesses_is_told_to_wait_and_nobody_behind_the_same_address_is_kept_out() -> None:
    site = Site()

    statuses = guess(site, FREE + 5)

    assert statuses == [401] * FREE + [429] * 5
    answer = site.ask("one-more-guess", agent="curl")
    assert int(answer.headers["Retry-After"]) > 0
    assert "A right one is let in" in answer.json["detail"]
    assert site.ask("the-right-token").status_code == 200
    assert site.ask("the-old-token", post=False).status_code == 200


def test_a_cvent_that_is_set_wrongly_is_told_so_each_time_and_gets_in_once_it_is_right() -> None:
    site = Site()

    assert {site.ask("a-wrong-setting").status_code for _ in range(500)} == {401}

    assert site.ask("the-right-token").status_code == 200


def test_access_tokens_that_are_refused_are_told_so_however_many_there_are() -> None:
    site = Site()

    statuses = {site.ask(f"Bearer token-{number}").status_code for number in range(2 * FREE)}

    assert statuses == {401}
    assert site.refused() == {(Cause.TOKEN, ADDRESSES[0], True): 2 * FREE}


def test_a_million_guesses_from_many_addresses_take_bounded_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attempts, "REMEMBERED", 100)
    site = Site()

    for number in range(MOST + 500):
        site.ask("guess", f"10.0.{number // 250}.{number % 250}", "curl")

    assert len(site.door.attempts) == 100
    refused = site.refused()
    assert len(refused) == MOST + 1
    assert refused[Cause.TOKEN, "", False] == 500
    assert sum(refused.values()) == MOST + 500


def test_a_wrong_token_is_counted_with_its_address_and_whether_it_says_it_is_cvent() -> None:
    site = Site()

    site.ask("a-wrong-setting")
    site.ask(None)
    site.ask("a-guess", agent="curl")
    site.ask(None, agent="curl")

    address = ADDRESSES[0]
    assert site.refused() == {
        (Cause.TOKEN, address, True): 2,
        (Cause.TOKEN, address, False): 1,
    }


def test_each_use_of_a_token_is_counted_by_its_fingerprint() -> None:
    site = Site()

    for token in ("the-right-token", "the-old-token", "the-right-token"):
        site.ask(token)

    uses = {use.token: times for use, times in site.admissions.take().uses.items()}
    names = ("the-right-token", "the-old-token")
    assert uses == {
        fingerprint(b"a key", name): count for name, count in zip(names, (2, 1), strict=True)
    }
    assert not any(name in str(uses) for name in names)


def test_what_could_not_be_written_down_is_counted_again_later() -> None:
    site = Site()
    site.ask("the-right-token")
    site.ask("a-guess", agent="curl")
    counts = site.admissions.take()
    site.ask("the-right-token")

    site.admissions.put_back(counts)

    again = site.admissions.take()
    assert sorted([*again.uses.values(), *again.refusals.values()]) == [1, 2]
    assert not site.admissions.take()
