"""What a plugin that authenticates must do, as tests that a plugin's author inherits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from regbridge.models import Endpoint, Identity, Request
from regbridge.plugin import Plugin
from regbridge.testing.contract.kept import assert_kept
from regbridge.testing.rules import authenticating
from regbridge.testing.rules.authenticating import Attempt, attempt


class Entrance(ABC):
    """A plugin with an endpoint and those who come to it.

    `header` is the header by which the plugin goes, in lower case. `secrets` are texts that nothing
    may show: tokens, and what signs them.
    """

    plugin: Plugin
    endpoint: Endpoint
    header: str = "authorization"
    secrets: Sequence[str] = ()

    @abstractmethod
    def right(self) -> Sequence[Request]:
        """Return requests for which the plugin vouches: one for each token of the endpoint."""

    def wrong(self) -> Sequence[Request]:
        """Return requests for which it does not, besides those that the contract makes itself.

        Such as a token that is right at another endpoint, or one that has expired.
        """
        return ()


class AuthenticateContract:
    """The contract. Derive a class whose fixture `entrance` returns an `Entrance`."""

    @pytest.fixture
    def entrance(self) -> Entrance:
        """Return the plugin under test with its endpoint."""
        raise NotImplementedError("override the fixture `entrance`")

    def test_who_has_what_it_takes_gets_in(self, entrance: Entrance) -> None:
        """The header's name comes in lower case, however it was sent."""
        assert entrance.right()
        for request in entrance.right():
            assert isinstance(tried(entrance, request).answer, Identity)

    def test_the_name_of_who_got_in_can_be_logged(self, entrance: Entrance) -> None:
        """It says which token it was, never the token."""
        for request in entrance.right():
            answer = tried(entrance, request).answer
            assert isinstance(answer, Identity)
            assert answer.name.strip()
            assert_no_secret(entrance, request, [answer.name])

    def test_who_has_nothing_stays_out(self, entrance: Entrance) -> None:
        """No header at all, an empty one, and one with spaces."""
        for request in entrance.right():
            others = {k: v for k, v in as_sent(request).headers.items() if k != entrance.header}
            for headers in (
                others,
                {**others, entrance.header: ""},
                {**others, entrance.header: " "},
            ):
                assert not tried(entrance, replace(request, headers=headers)).got_in

    def test_a_near_miss_stays_out(self, entrance: Entrance) -> None:
        """One sign less or more, another case, the halves exchanged, and it twice."""
        for request in entrance.right():
            value = as_sent(request).headers[entrance.header]
            for near in authenticating.near_misses(value):
                assert not tried(entrance, with_value(entrance, request, near)).got_in

    def test_what_the_author_calls_wrong_stays_out(self, entrance: Entrance) -> None:
        """What only the author of the plugin can know."""
        for request in entrance.wrong():
            assert not tried(entrance, request).got_in

    def test_odd_values_stay_out_and_break_nothing(self, entrance: Entrance) -> None:
        """Letters of all scripts, signs that no header has, and a huge value."""
        for value in authenticating.ODD_VALUES:
            for request in entrance.right():
                found = tried(entrance, with_value(entrance, request, value))
                assert not found.bug, f"the plugin failed: {found.bug}"
                assert not found.got_in

    def test_a_refusal_holds_nothing_of_what_was_sent(self, entrance: Entrance) -> None:
        """Why somebody stays out is logged: a token with one sign less is nearly the token."""
        for request in entrance.right():
            value = as_sent(request).headers[entrance.header]
            for near in authenticating.near_misses(value):
                sent = with_value(entrance, request, near)
                assert_no_secret(entrance, sent, tried(entrance, sent).texts)
        for request in entrance.wrong():
            assert_no_secret(entrance, request, tried(entrance, request).texts)

    def test_an_endpoint_without_tokens_lets_in_by_something_else_or_nobody(
        self, entrance: Entrance
    ) -> None:
        """That is what `needs_tokens` says."""
        bare = replace(entrance.endpoint, tokens=(), token_names=())
        for request in entrance.right():
            got_in = attempt(entrance.plugin, as_sent(request), bare).got_in
            assert got_in is not entrance.plugin.needs_tokens

    def test_a_request_stays_as_it_is(self, entrance: Entrance) -> None:
        """Other plugins are asked about the same request."""
        assert_kept(
            authenticating.requests_are_left_alone(
                entrance.plugin, entrance.endpoint, [as_sent(each) for each in entrance.right()]
            )
        )

    def test_requests_at_once_do_not_mix_up(self, entrance: Entrance) -> None:
        """Each request is looked at in a thread of its own."""
        right = [as_sent(each) for each in entrance.right()]
        wrong = [with_value(entrance, each, "no such token") for each in right]
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda each: tried(entrance, each).got_in, [*right, *wrong] * 20))

        assert found == [*[True] * len(right), *[False] * len(wrong)] * 20


def as_sent(request: Request) -> Request:
    """Return a request as the host gives it to plugins: names of headers in lower case."""
    return replace(request, headers={name.lower(): v for name, v in request.headers.items()})


def with_value(entrance: Entrance, request: Request, value: str) -> Request:
    """Return a request with another value of the header by which the plugin goes."""
    sent = as_sent(request)
    return replace(sent, headers={**sent.headers, entrance.header: value})


def tried(entrance: Entrance, request: Request) -> Attempt:
    """Return what the plugin says about a request."""
    return attempt(entrance.plugin, as_sent(request), entrance.endpoint)


def assert_no_secret(entrance: Entrance, request: Request, texts: Sequence[str]) -> None:
    """Assert that texts hold no secret, and no word of what was sent that could be one."""
    hidden = [*entrance.secrets, *entrance.endpoint.tokens, *_words(entrance, request)]
    found = [text for text in texts if any(secret in text for secret in hidden)]
    assert not found, "a text holds a secret, or what was sent"


def _words(entrance: Entrance, request: Request) -> Iterator[str]:
    for word in as_sent(request).headers.get(entrance.header, "").split():
        if len(word) > 8:
            yield word
