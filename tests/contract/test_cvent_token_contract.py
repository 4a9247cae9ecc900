"""`cvent-token` keeps the contracts of every plugin and of authenticating."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from regbridge import Client, Endpoint, PluginContext, Request, Settings
from regbridge.testing.contract import AuthenticateContract, Entrance, PluginContract, Recipe
from regbridge_cvent.token import CventToken

TOKENS = ("first-Token-271828", "second-Token-314159")
PATH = "/cvent/apap/reg"


class TokenEntrance(Entrance):
    """An endpoint with two tokens, as while one is being replaced."""

    endpoint = Endpoint("reg", PATH, TOKENS)
    secrets = TOKENS

    def __init__(self) -> None:
        self.plugin = CventToken(
            Settings(), PluginContext("cvent-token", Client("contract"), Path())
        )

    def right(self) -> Sequence[Request]:
        return [Request("POST", PATH, {"Authorization": token}) for token in TOKENS]

    def wrong(self) -> Sequence[Request]:
        return [Request("POST", PATH, {"Authorization": f"Bearer {TOKENS[0]}"})]


class TestCventToken(AuthenticateContract, PluginContract):
    @pytest.fixture
    def entrance(self) -> Entrance:
        return TokenEntrance()

    @pytest.fixture
    def recipe(self, tmp_path: Path) -> Recipe:
        return Recipe(CventToken, wrong=[{"tokens": ["x"]}], folder=tmp_path)
