"""The contract of authentication passes a plugin that keeps it, and fails each way to break it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.contract.breaking import contract_tests, failing

from regbridge import (
    AuthenticationError,
    Client,
    Endpoint,
    Identity,
    Plugin,
    PluginContext,
    Request,
    Settings,
    hookimpl,
)
from regbridge.testing.contract import AuthenticateContract, Entrance

TOKENS = ("ticket-Number-271828", "ticket-Number-314159")
PATH = "/cvent/contract/reg"


class Tickets(Plugin):
    """Lets in whoever has a ticket."""

    header = "x-ticket"

    def __init__(self) -> None:
        super().__init__(Settings(), PluginContext("tickets", Client("contract"), Path()))

    @hookimpl
    def authenticate_request(self, request: Request, endpoint: Endpoint) -> Identity | None:
        """Return whose ticket it is."""
        sent = request.headers.get(self.header, "")
        for number, token in enumerate(endpoint.tokens, start=1):
            if self.fits(sent, token):
                return Identity(self.name(number, token))
        return self.refuse(sent)

    def fits(self, sent: str, token: str) -> bool:
        """Say whether a ticket is the right one."""
        return sent == token

    def name(self, number: int, token: str) -> str:
        """Return what a ticket is called in the log."""
        return f"ticket {number}"

    def refuse(self, sent: str) -> Identity | None:
        """Say why nobody is let in."""
        if not sent:
            return None
        raise AuthenticationError("the ticket is not valid here")


class TicketEntrance(Entrance):
    """The plugin as the contract sees it."""

    header = "x-ticket"
    secrets = TOKENS
    endpoint = Endpoint("reg", PATH, TOKENS)

    def __init__(self, plugin: type[Tickets] = Tickets) -> None:
        self.plugin = plugin()

    def right(self) -> Sequence[Request]:
        return [Request("POST", PATH, {"X-Ticket": token, "Accept": "*/*"}) for token in TOKENS]

    def wrong(self) -> Sequence[Request]:
        return [Request("POST", PATH, {"X-Ticket": "ticket-Number-999999"})]


class TestTickets(AuthenticateContract):
    """A plugin that keeps the contract."""

    @pytest.fixture
    def entrance(self) -> Entrance:
        return TicketEntrance()


class Capital(Tickets):
    """Looks for the header by the name under which it was sent."""

    header = "X-Ticket"


class FirstOnly(Tickets):
    """Knows one ticket alone."""

    def fits(self, sent: str, token: str) -> bool:
        return sent == token == TOKENS[0]


class Calling(Tickets):
    """Calls people by their tickets."""

    def name(self, number: int, token: str) -> str:
        return token


class Nameless(Tickets):
    """Calls nobody anything."""

    def name(self, number: int, token: str) -> str:
        return ""


class Hospitable(Tickets):
    """Lets in whoever has nothing."""

    def refuse(self, sent: str) -> Identity | None:
        return super().refuse(sent) if sent.strip() else Identity("a friend")


class Shortsighted(Tickets):
    """Compares the beginning alone."""

    def fits(self, sent: str, token: str) -> bool:
        return sent[:6] == token[:6]


class Generous(Tickets):
    """Takes a ticket that was valid last year."""

    def fits(self, sent: str, token: str) -> bool:
        return sent in (token, "ticket-Number-999999")


class Latin(Tickets):
    """Cannot read what is not ASCII."""

    def fits(self, sent: str, token: str) -> bool:
        return sent.encode("ascii") == token.encode("ascii")


class Weary(Tickets):
    """Lets in whatever is too long to read."""

    def fits(self, sent: str, token: str) -> bool:
        return sent == token or len(sent) > 10_000


class Repeating(Tickets):
    """Repeats the ticket that it refuses."""

    def refuse(self, sent: str) -> Identity | None:
        if not sent:
            return None
        raise AuthenticationError("the ticket is not valid here", detail=f"it was {sent[:200]}")


class Dutiful(Tickets):
    """Says that it needs no tokens, and does."""

    needs_tokens = False


class Clearing(Tickets):
    """Takes the ticket out of the request."""

    @hookimpl
    def authenticate_request(self, request: Request, endpoint: Endpoint) -> Identity | None:
        found = super().authenticate_request(request, endpoint)
        if isinstance(request.headers, dict):
            request.headers.pop(self.header, None)
        return found


class Muddled(Tickets):
    """Keeps the ticket that it looks at where all threads see it."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = threading.Barrier(2)

    def fits(self, sent: str, token: str) -> bool:
        self.sent = sent
        if threading.current_thread() is not threading.main_thread():
            try:
                self.meeting.wait(0.05)
            except threading.BrokenBarrierError:
                self.meeting.reset()
        return self.sent == token


IN = "test_who_has_what_it_takes_gets_in"
NAMES = "test_the_name_of_who_got_in_can_be_logged"
NOTHING = "test_who_has_nothing_stays_out"
NEAR = "test_a_near_miss_stays_out"
WRONG = "test_what_the_author_calls_wrong_stays_out"
ODD = "test_odd_values_stay_out_and_break_nothing"
BARE = "test_an_endpoint_without_tokens_lets_in_by_something_else_or_nobody"
AT_ONCE = "test_requests_at_once_do_not_mix_up"

BROKEN: dict[type[Tickets], set[str]] = {
    Capital: {IN, NAMES, AT_ONCE},
    FirstOnly: {IN, NAMES, AT_ONCE},
    Calling: {NAMES},
    Nameless: {NAMES},
    Hospitable: {NOTHING},
    Shortsighted: {NEAR, WRONG},
    Generous: {WRONG},
    Latin: {ODD},
    Weary: {ODD},
    Repeating: {"test_a_refusal_holds_nothing_of_what_was_sent"},
    Dutiful: {BARE},
    Clearing: {"test_a_request_stays_as_it_is"},
    Muddled: {AT_ONCE},
}


@pytest.mark.parametrize("plugin", BROKEN, ids=lambda plugin: plugin.__name__)
def test_a_broken_entrance_fails_the_tests_that_look_for_it(plugin: type[Tickets]) -> None:
    assert failing(AuthenticateContract, lambda: TicketEntrance(plugin)) == BROKEN[plugin]


def test_every_test_of_authentication_is_failed_by_some_broken_plugin() -> None:
    assert set(contract_tests(AuthenticateContract)) == set().union(*BROKEN.values())


def test_a_class_without_an_entrance_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="override the fixture"):
        AuthenticateContract.entrance.__wrapped__(  # type: ignore[attr-defined]
            AuthenticateContract()
        )
