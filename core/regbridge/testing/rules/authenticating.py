"""What an `authenticate_request` must keep, whoever it lets in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from regbridge.errors import AuthenticationError, RetryableError
from regbridge.models import Endpoint, Identity, Request
from regbridge.plugin import Plugin
from regbridge.testing.rules.broken import rule
from regbridge.testing.rules.calls import ask, fault
from regbridge.testing.rules.frozen import differences, frozen

ODD_VALUES: Sequence[str] = (
    "\u00df\u00e9\u00ff",
    "\u6f22\u5b57 \U0001f600",
    "\ud800",
    "\x00\x01\x7f",
    "Bearer",
    "Bearer \u00df.\u00e9.\u00ff",
    "Bearer e30.e30.e30",
    "Bearer ..",
    "Basic \u00df",
    "Basic dXNlcjpwYXNz",
    "%00%0A{0}",
    "x" * 100_000,
    "Bearer " + "y" * 100_000,
)
"""Values of a header that nobody in his right mind sends, and that are sent all the same."""

_REFUSALS = (AuthenticationError, RetryableError)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one request: an answer, the texts that were said about it, a bug's name."""

    answer: object = None
    texts: Sequence[str] = ()
    bug: str = ""

    @property
    def got_in(self) -> bool:
        """Whether the plugin vouches for the request."""
        return self.answer is not None


def attempt(plugin: Plugin, request: Request, endpoint: Endpoint) -> Attempt:
    """Return what a plugin says about a request, whose headers it cannot change."""
    said = ask(
        plugin,
        "authenticate_request",
        request=Request(
            request.method,
            request.path,
            MappingProxyType(dict(request.headers)),
            request.remote_address,
        ),
        endpoint=endpoint,
    )
    if said.error is not None and not isinstance(said.error, _REFUSALS):
        return Attempt(None, said.texts, fault(said.error))
    return Attempt(said.answer, said.texts)


def near_misses(value: str) -> list[str]:
    """Return values that are nearly a given one."""
    half = len(value) // 2
    last = value.rpartition(" ")[2]
    near = [
        value[:-1],
        value[1:],
        f"{value}x",
        f"x{value}",
        value.swapcase(),
        value[half:] + value[:half],
        value + value,
        f"{value},{value}",
        value[: half - 1] + ("y" if value[half - 1] != "y" else "z") + value[half:],
        value.removesuffix(last) + last[::-1],
        f"{value}\u00df",
    ]
    return [each for each in dict.fromkeys(near) if each != value]


@rule("return None for what is not your scheme, or raise AuthenticationError")
def strangers_stay_out(plugin: Plugin, endpoint: Endpoint) -> Iterator[str]:
    """Nobody gets in without a header, or with an odd one, and none of them is a bug."""
    for request in _strangers(endpoint):
        found = attempt(plugin, request, endpoint)
        if found.bug:
            yield f"it failed with {found.bug} for {_label(request)}"
        elif found.got_in:
            yield f"it vouched for {_label(request)}"


@rule("say what is wrong, and never what was sent")
def refusals_hold_nothing_that_was_sent(plugin: Plugin, endpoint: Endpoint) -> Iterator[str]:
    """Why somebody stays out is logged."""
    for request in _strangers(endpoint):
        sent = [word for word in request.headers.get("authorization", "").split() if len(word) > 8]
        texts = attempt(plugin, request, endpoint).texts
        if any(word in text for word in sent for text in texts):
            yield f"it repeats {_label(request)}"


@rule("leave the request as it is: other plugins are asked about it too")
def requests_are_left_alone(
    plugin: Plugin, endpoint: Endpoint, requests: Sequence[Request]
) -> Iterator[str]:
    """A plugin looks at a request and changes nothing of it."""
    for request in requests:
        before = frozen(request)
        said = ask(plugin, "authenticate_request", request=request, endpoint=endpoint)
        if differences(before, frozen(request)):
            yield "it changed the request"
        elif said.answer is not None and not isinstance(said.answer, Identity):
            yield f"it returned {type(said.answer).__name__}"


def _strangers(endpoint: Endpoint) -> Iterator[Request]:
    for headers in ({}, {"authorization": ""}, *({"authorization": v} for v in ODD_VALUES)):
        yield Request("POST", endpoint.path, headers)


def _label(request: Request) -> str:
    value = request.headers.get("authorization")
    if value is None:
        return "a request without a header Authorization"
    if len(value) > 100:
        return "a huge value of Authorization"
    return f"the value {value!a} of Authorization"
