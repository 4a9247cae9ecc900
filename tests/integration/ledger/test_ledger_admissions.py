"""The ledger knows which tokens are used and who was refused, in a bounded number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from regbridge.admission_flush import AdmissionFlush
from regbridge.admissions import Admissions, Cause, Refusal, Use
from regbridge.errors import StoreUnavailableError
from regbridge.models import Client, Endpoint
from regbridge.store import admissions as store_admissions
from regbridge.store.admission_tables import endpoint_tokens, refused
from regbridge.store.admissions import ADDRESSES, current_tokens, refused_requests
from regbridge.tokens import fingerprint
from regbridge.web.refusal_log import RefusalLog

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

DAY = 86_400_000
MINUTE = 60_000
OLD, NEW = "env APAP_TOKEN", "env APAP_TOKEN_2"


class Host:
    """A web host as far as it counts who comes."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.admissions = Admissions()
        self.flush = AdmissionFlush(ledger.store, self.admissions, RefusalLog(), ledger.clock)

    def starts(self, **tokens: str) -> None:
        """Start with tokens by the names of their variables."""
        names = tuple(f"env {name}" for name in tokens)
        endpoint = Endpoint("CventReg", "/a", tuple(tokens.values()), token_names=names)
        client = Client("apap", endpoints={"CventReg": endpoint})
        pipelines = {"apap": SimpleNamespace(client=client)}
        self.flush.take_tokens(cast("Mapping[str, Any]", pipelines))

    def uses(self, token: str, times: int = 1) -> None:
        use = Use("apap", "CventReg", fingerprint(self.admissions.key, token))
        for _ in range(times):
            self.admissions.used(use)
        self.flush.flush()

    def refuses(self, address: str, times: int = 1, by_cvent: bool = False) -> None:
        refusal = Refusal("apap", "CventReg", Cause.TOKEN, address, by_cvent)
        self.admissions.refused(refusal, times)

    def tokens(self) -> dict[str, tuple[int, int | None, int | None]]:
        rows = self.ledger.store.read(current_tokens)
        return {row.token: (row.uses, row.first_used_at, row.last_used_at) for row in rows}

    def refused(self) -> dict[str, int]:
        rows = self.ledger.store.read(lambda c: refused_requests(c, limit=1000))
        return {row.address: row.requests for row in rows}


@pytest.fixture
def host(ledger: Ledger) -> Host:
    return Host(ledger)


def test_each_tokens_uses_are_known_with_the_first_and_the_last(host: Host) -> None:
    begun = host.ledger.clock.now
    host.starts(APAP_TOKEN_2="new", APAP_TOKEN="old")
    host.uses("old", 3)
    host.ledger.clock.now += MINUTE
    host.uses("old")
    host.uses("new")

    assert host.tokens() == {
        OLD: (4, begun, begun + MINUTE),
        NEW: (1, begun + MINUTE, begun + MINUTE),
    }


def test_a_token_that_is_taken_out_is_shown_no_more_and_known_again_when_it_comes_back(
    host: Host,
) -> None:
    host.starts(APAP_TOKEN="old")
    host.uses("old", 2)
    host.ledger.clock.now += DAY
    host.starts(APAP_TOKEN_2="new")
    assert list(host.tokens()) == [NEW]

    host.ledger.clock.now += DAY
    host.starts(APAP_TOKEN_2="new", APAP_TOKEN="old")

    assert host.tokens()[OLD][0] == 2


def test_another_token_under_the_same_name_has_its_own_uses(host: Host) -> None:
    host.starts(APAP_TOKEN="old")
    host.uses("old", 2)
    host.ledger.clock.now += MINUTE

    host.starts(APAP_TOKEN="new")

    assert host.tokens() == {OLD: (0, None, None)}


def test_the_ledger_holds_no_token(host: Host) -> None:
    host.starts(APAP_TOKEN="a-very-secret-token")
    host.uses("a-very-secret-token")

    [row] = host.ledger.store.read(lambda c: c.execute(select(endpoint_tokens)).all())
    assert "secret" not in str(row)
    assert len(row.fingerprint) == 16


def test_another_ledgers_fingerprint_of_the_same_token_is_another(host: Host) -> None:
    host.starts(APAP_TOKEN="old")

    assert len(host.admissions.key) == 32
    assert fingerprint(host.admissions.key, "old") != fingerprint(bytes(32), "old")


def test_tokens_of_long_ago_are_forgotten(host: Host) -> None:
    host.starts(APAP_TOKEN="old")
    host.ledger.clock.now += 500 * DAY

    host.starts(APAP_TOKEN_2="new")

    count = select(func.count()).select_from(endpoint_tokens)
    assert host.ledger.store.read(lambda c: c.scalar(count)) == 1


def test_refused_requests_add_up_and_are_forgotten_a_week_after_the_last(host: Host) -> None:
    host.refuses("203.0.113.7", 2)
    host.flush.flush()
    host.ledger.clock.now += 6 * DAY
    host.refuses("203.0.113.7")
    host.refuses("203.0.113.8")
    host.flush.flush()
    assert host.refused() == {"203.0.113.7": 3, "203.0.113.8": 1}

    host.ledger.clock.now += 7 * DAY + 1
    host.refuses("203.0.113.9")
    host.flush.flush()

    assert host.refused() == {"203.0.113.9": 1}


def test_of_many_addresses_cvents_and_the_busiest_are_named_and_the_others_are_one(
    host: Host,
) -> None:
    for number in range(100):
        host.refuses(f"10.0.0.{number}", times=number + 1)
    host.refuses("203.0.113.7", by_cvent=True)

    host.flush.flush()

    found = host.refused()
    assert len(found) == ADDRESSES + 1
    assert found["203.0.113.7"] == 1
    assert {"10.0.0.99", "10.0.0.81"} <= set(found)
    assert sum(found.values()) == 5050 + 1
    [cvents] = [
        row for row in host.ledger.store.read(lambda c: refused_requests(c)) if row.by_cvent
    ]
    assert cvents.address == "203.0.113.7"


def test_a_flood_for_weeks_leaves_a_bounded_number_of_rows(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_admissions, "MOST", 30)
    host.refuses("203.0.113.7", by_cvent=True)
    for minute in range(10):
        for number in range(50):
            host.refuses(f"10.0.{minute}.{number}")
        host.flush.flush()
        host.ledger.clock.now += MINUTE

    rows = host.ledger.store.read(lambda c: c.execute(select(refused)).all())
    assert len(rows) == 30
    assert "203.0.113.7" in {row.address for row in rows}


def test_what_the_ledger_cannot_take_is_written_later(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.starts(APAP_TOKEN="old")

    def fail(_work: Any) -> None:
        raise StoreUnavailableError("the disk is full")

    with monkeypatch.context() as broken, capture_logs() as logs:
        broken.setattr(host.ledger.store, "write_hastily", fail)
        host.refuses("203.0.113.7", 2)
        host.uses("old")
        assert [log["event"] for log in logs] == ["who was refused is kept for later"]
    assert host.refused() == {}

    host.flush.flush()

    assert host.refused() == {"203.0.113.7": 2}
    assert host.tokens()[OLD][0] == 1
