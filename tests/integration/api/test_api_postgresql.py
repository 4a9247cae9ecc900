"""The API of a host whose ledger is in PostgreSQL, which tells numbers and texts otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.api.conftest import API, Api
from tests.postgres import new_schema

from regbridge.store.engine import Store
from regbridge.store.upgrades import upgrade
from regbridge.testing.payloads import encode, live, registrant, sync


@pytest.fixture
def configs(configs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with new_schema() as url:
        store = Store(url)
        upgrade(store)
        store.close()
        monkeypatch.setenv("REGBRIDGE_DATABASE", url)
        base = f"host:\n  database: {{env: REGBRIDGE_DATABASE}}\n{API}plugins: [cvent-token]\n"
        (configs / "base.yaml").write_text(base, encoding="utf-8")
        yield configs


def test_every_answer_is_what_its_schema_says_there_too(api: Api) -> None:
    mary = registrant(1, email="mary@example.com", jobTitle="Chair")
    api.send(encode(live("InviteeOrGuestAccepted", mary)), b"not JSON", encode(sync(3)))
    api.host._flush.stop()

    assert len(api.get("/status").json["parked_receipts"]) == 1
    assert api.get("/timings", days=2).json["timings"]
    [story] = api.get("/registrations", text="mary@example.com", body="true").json
    number = story["registrations"][0]["registration"]
    assert api.get("/registrations/{number}", at={"number": number}, body="true").json == story
    assert api.get("/receipts/{number}", at={"number": 1}, body="true").status == 200
    assert api.get("/proofs").json == {"proofs": []}
    assert len(api.noted()) == 3


@pytest.mark.parametrize("number", ["9" * 17, "9" * 18, "9" * 19, "%00"])
def test_a_number_that_no_column_holds_is_not_there(api: Api, number: str) -> None:
    for path in ("/registrations/{number}", "/receipts/{number}"):
        assert api.get(path, at={"number": number}).status == 404
    assert api.get("/registrations", text=number).json == []


def test_a_name_that_no_column_holds_is_of_nobody(api: Api) -> None:
    path = "/proofs/{client}/{event}/differences"
    for name in ("%00", "acme%00", "%EF%BF%BE"):
        assert api.get(path, at={"client": name, "event": "conference"}).status == 404
        assert api.get(path, at={"client": "acme", "event": name}).status == 404


@pytest.mark.parametrize(
    "text", ["\x01", "\ufffe", "'; --", "%", "_", "\\", "x" * 20_000, "9" * 17]
)
def test_no_text_makes_it_fail_there(api: Api, text: str) -> None:
    assert api.get("/registrations", text=text, client=text[:50]).json == []
