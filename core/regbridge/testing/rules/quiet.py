"""What a plugin must not let out while it works: prints, secrets, names, connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from regbridge.testing.rules.broken import rule
from regbridge.testing.rules.network import Use
from regbridge.testing.rules.output import Heard
from regbridge.testing.rules.texts import indiscreet

HoldsSecret = Callable[[str], bool]


def no_secrets(_text: str) -> bool:
    """Say that a text holds no secret: there is none."""
    return False


@rule("log with structlog or logging, and take out print()")
def nothing_is_printed(heard: Heard) -> Iterator[str]:
    """Standard output belongs to the commands, whose JSON it would spoil."""
    if text := heard.printed.getvalue():
        yield f"it prints to standard output ({len(text.splitlines())} lines)"


@rule("keep secrets in a regbridge.Secret, and out of every text")
def nothing_secret_is_shown(heard: Heard, holds_secret: HoldsSecret) -> Iterator[str]:
    """Neither what is printed nor what is logged holds a secret."""
    if any(map(holds_secret, heard.texts)):
        yield "a secret stands in what it prints or logs"


@rule("log ids, such as registration.id, and never what people wrote")
def nobody_is_named(heard: Heard) -> Iterator[str]:
    """Neither what is printed nor what is logged names a registrant."""
    if indiscreet(heard.texts):
        yield "a registrant's name or address stands in what it prints or logs"


@rule("connect in the hooks for it, when the first registration comes")
def no_connection_is_opened(uses: Sequence[Use]) -> Iterator[str]:
    """A client starts, and registrations are mapped, while everything outside is down."""
    for each in uses:
        yield f"it opens a connection ({each.where})"
