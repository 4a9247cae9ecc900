"""Keeps out, before anything else is looked at, who comes from an address that is not allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from regbridge.addresses import Network, address_of, is_among
from regbridge.admissions import Admissions, Cause, Refusal
from regbridge.errors import ConfigError, StoreUnavailableError
from regbridge.tokens import position_of
from regbridge.web.destination import find_destination
from regbridge.web.errors import Answer

if TYPE_CHECKING:
    from regbridge.clients import Clients

CVENT = "cvent-webhooks"
"""How Cvent names itself in User-Agent (in lower case)."""

Allowed = Sequence[Network] | None
"""The networks that are let in; None lets in all."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a request before its body: `path` is decoded, `uri` as it was sent."""

    path: str
    uri: str
    address: str
    authorization: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class _Door:
    client: str
    endpoint: str
    allowed: Allowed
    tokens: Sequence[str] = ()


class Fence:
    """Lets in the addresses that allow_from names.

    `everywhere` holds where nothing else does; `own` has the lists of the host's own paths by their
    first segment, None for what everybody may reach.
    """

    def __init__(
        self,
        clients: Clients,
        admissions: Admissions,
        everywhere: Allowed = None,
        own: Mapping[str, Allowed] | None = None,
    ) -> None:
        self._clients = clients
        self._admissions = admissions
        self._everywhere = everywhere
        self._own = own or {}

    def refusal(self, head: Head) -> Answer | None:
        """Return how a request is refused, None for one that may go on."""
        door = self._door(head)
        if door.allowed is None or is_among(address_of(head.address), door.allowed):
            return None
        right = position_of(head.authorization, door.tokens) is not None
        by_cvent = right or says_cvent(head.agent)
        self._admissions.refused(
            Refusal(door.client, door.endpoint, Cause.ADDRESS, head.address, by_cvent)
        )
        return Answer(
            HTTPStatus.FORBIDDEN,
            f"Your address, {head.address}, is not among those that are let in here; `allow_from` "
            "in regbridge's configuration names them.",
        )

    def _door(self, head: Head) -> _Door:
        """Return what a request knocks at, by the same readings of its path as those that answer.

        The host's own paths are routed by the decoded path, endpoints by the URI as it was sent.
        """
        first = head.path.lstrip("/").partition("/")[0]
        if first in self._own:
            return _Door("", f"/{first}", self._own[first])
        try:
            found = find_destination(self._clients, head.uri)
        except (ConfigError, StoreUnavailableError):
            found = None
        if found is None:
            return _Door("", "no endpoint", self._everywhere)
        own = found.endpoint.allow_from
        allowed = self._everywhere if own is None else own
        return _Door(found.client, found.endpoint.name, allowed, found.endpoint.tokens)


def says_cvent(agent: str) -> bool:
    """Say whether a sender calls itself Cvent, as anybody can."""
    return agent.lower().startswith(CVENT)
