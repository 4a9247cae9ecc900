"""Keeps a plugin from the network for a while, and notes who tried."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any
from unittest import mock

from regbridge.plugin import Plugin

_NAMES = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "getnameinfo", "gethostbyaddr")
_CALLS = ("connect", "connect_ex", "sendto", "bind")


class NetworkRefusedError(ConnectionRefusedError):
    """No connection can be made at the moment; that is what a plugin sees of it."""


@dataclass(frozen=True, slots=True)
class Use:
    """An attempt to use the network: by which plugin, if that can be seen, and where."""

    plugin: Plugin | None
    where: str


@contextmanager
def no_network() -> Iterator[list[Use]]:
    """Refuse every connection while the block runs; yields the list of who tried.

    Sockets of the machine itself (such as that of a keyring) are left alone. It holds for the whole
    process.
    """
    uses: list[Use] = []
    calls: dict[str, Any] = {name: _call(name, uses) for name in _CALLS}
    names: dict[str, Any] = dict.fromkeys(_NAMES, _name(uses))
    with mock.patch.multiple(socket.socket, **calls), mock.patch.multiple(socket, **names):
        yield uses


def _call(name: str, uses: list[Use]) -> Callable[..., Any]:
    before = getattr(socket.socket, name)

    def refused(self: socket.socket, *args: Any) -> Any:
        if self.family not in (socket.AF_INET, socket.AF_INET6):
            return before(self, *args)
        uses.append(_use())
        raise NetworkRefusedError("there is no network while the rules are tried")

    return refused


def _name(uses: list[Use]) -> Callable[..., Any]:
    def refused(*_args: Any, **_options: Any) -> Any:
        uses.append(_use())
        raise NetworkRefusedError("there is no network while the rules are tried")

    return refused


def _use() -> Use:
    """Return who asks: the plugin that is nearest in the stack, and the line of its own code."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        plugin = frame.f_locals.get("self")
        if isinstance(plugin, Plugin):
            file = frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
            return Use(plugin, f"{file}:{frame.f_lineno}, in {frame.f_code.co_name}")
        frame = frame.f_back
    return Use(None, "a thread of its own")
