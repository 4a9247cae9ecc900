"""While the rules are tried nobody gets out, by a name or by a number, and who tried is known."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from regbridge import Client, Plugin, PluginContext, Settings
from regbridge.testing.rules.network import NetworkRefusedError, no_network


class Caller(Plugin):
    """Connects by a number, which no name has to be looked up for."""

    def call(self) -> None:
        with socket.socket() as own:
            own.connect(("127.0.0.1", 9))


CALLER = Caller(Settings(), PluginContext("caller", Client("acme"), Path()))


def test_a_connection_is_refused_and_says_who_wanted_it() -> None:
    with no_network() as uses, pytest.raises(NetworkRefusedError):
        CALLER.call()
    [use] = uses
    assert use.plugin is CALLER
    assert use.where.startswith("test_no_network.py:")
    assert use.where.endswith("in call")


def test_what_sends_without_connecting_is_refused() -> None:
    with (
        no_network() as uses,
        socket.socket(type=socket.SOCK_DGRAM) as own,
        pytest.raises(NetworkRefusedError),
    ):
        own.sendto(b"x", ("127.0.0.1", 9))
    assert len(uses) == 1


def test_no_name_is_looked_up() -> None:
    with no_network() as uses, pytest.raises(NetworkRefusedError):
        socket.create_connection(("localhost", 9))
    assert len(uses) == 1


def test_afterwards_all_is_as_before() -> None:
    with no_network():
        pass
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
