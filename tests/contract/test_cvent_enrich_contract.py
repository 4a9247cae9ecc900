"""The `cvent-enrich` plugin keeps the contracts of its three hooks, against its simulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.cvent_service import CventService

from regbridge.testing.contract import (
    AttendeesContract,
    Connection,
    ConnectionContract,
    EnrichContract,
    Listing,
    PluginContract,
    Recipe,
    Source,
)
from regbridge_cvent.enrich import CventEnrich


@pytest.fixture
def service(tmp_path: Path) -> Iterator[CventService]:
    service = CventService(tmp_path)
    yield service
    service.close()


class TestCventEnrich(EnrichContract, ConnectionContract, AttendeesContract):
    @pytest.fixture
    def source(self, service: CventService) -> Source:
        return service

    @pytest.fixture
    def connection(self, service: CventService) -> Connection:
        return service

    @pytest.fixture
    def listing(self, service: CventService) -> Listing:
        return service


class TestCventEnrichIsAPlugin(PluginContract):
    @pytest.fixture
    def recipe(self, tmp_path: Path) -> Recipe:
        return Recipe(
            CventEnrich,
            {"account": {"region": "europe"}},
            wrong=[{"page_size": 0}, {"include": []}, {"account": {"region": "mars"}}],
            secrets={"account.client_id": "an-id-1618", "account.client_secret": "a-secret-1618"},
            folder=tmp_path,
        )
