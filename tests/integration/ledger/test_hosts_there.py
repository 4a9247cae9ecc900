"""The ledger knows which hosts there are, and what they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regbridge.standings import remarks, standings
from regbridge.store.hosts import (
    ClientThere,
    HostThere,
    Standing,
    beat,
    leave,
    make_way,
    put_host,
)
from regbridge.store.pauses import Cause, pause, try_credentials

if TYPE_CHECKING:
    from tests.integration.ledger.conftest import Ledger

SECOND = 1000


def put(ledger: Ledger, host: str, *clients: ClientThere, **about: Any) -> None:
    there = HostThere(host, ("receive", "work"), ledger.clock.now, clients, **about)
    ledger.store.write(lambda c: put_host(c, there, ledger.clock.now))


def beats(ledger: Ledger, host: str) -> bool:
    return ledger.store.write(lambda c: beat(c, host, ledger.clock.now))


def there(ledger: Ledger) -> dict[str, list[dict[str, Any]]]:
    return ledger.store.read(lambda c: standings(c, ledger.clock.now))


def test_what_a_host_says_last_is_what_is_known(bare_ledger: Ledger) -> None:
    put(bare_ledger, "one:1", ClientThere("apap", Standing.RUNS, "a1", 1_000))
    put(bare_ledger, "one:1", ClientThere("acme", Standing.GONE, "b2", 2_000, 3_000))

    found = there(bare_ledger)

    assert [host["host"] for host in found["hosts"]] == ["one:1"]
    assert found["clients"] == [
        {
            "host": "one:1",
            "client": "acme",
            "standing": "gone",
            "configuration": "b2",
            "since": "1970-01-01T00:00:02Z",
            "changed_at": "1970-01-01T00:00:03Z",
            "findings": [],
        }
    ]


def test_a_host_that_is_silent_is_not_there_until_it_speaks_again(bare_ledger: Ledger) -> None:
    put(bare_ledger, "one:1", ClientThere("apap", Standing.RUNS))
    put(bare_ledger, "two:2", ClientThere("apap", Standing.RUNS))
    bare_ledger.advance(60)
    assert beats(bare_ledger, "two:2")
    bare_ledger.advance(60)

    assert [host["host"] for host in there(bare_ledger)["hosts"]] == ["two:2"]
    assert [row["host"] for row in there(bare_ledger)["clients"]] == ["two:2"]

    assert beats(bare_ledger, "one:1")
    assert len(there(bare_ledger)["hosts"]) == 2


def test_a_host_that_ends_is_forgotten_and_one_that_was_killed_after_a_day(
    bare_ledger: Ledger,
) -> None:
    for host in ("one:1", "two:2", "three:3"):
        put(bare_ledger, host, ClientThere("apap", Standing.RUNS))
    bare_ledger.store.write(lambda c: leave(c, "one:1"))
    assert not beats(bare_ledger, "one:1")
    bare_ledger.advance(25 * 3600)

    assert beats(bare_ledger, "three:3")

    assert not beats(bare_ledger, "two:2")
    assert [row["host"] for row in there(bare_ledger)["clients"]] == ["three:3"]


def test_a_host_of_a_file_takes_the_place_of_the_killed_one_before_it(ledger: Ledger) -> None:
    put(ledger, "one:1", ClientThere("apap", Standing.RUNS))

    ledger.store.write(lambda c: make_way(c, ["work"]))

    assert there(ledger) == {"hosts": [], "clients": []}


def test_remarks_say_what_to_know_and_at_which_host(bare_ledger: Ledger) -> None:
    refused = ClientThere("apap", Standing.REFUSED, "a1", 1_000, 2_000, "line 1\nline 2")
    put(bare_ledger, "one:1", refused, ClientThere("acme", Standing.RUNS, "b2", 1_000))
    [(text, findings)] = remarks(there(bare_ledger))
    assert text == (
        "client apap: the file changed at 1970-01-01T00:00:02Z and is refused; the configuration "
        "of 1970-01-01T00:00:01Z goes on until a restart"
    )
    assert findings == ["line 1", "line 2"]

    put(
        bare_ledger,
        "two:2",
        ClientThere("apap", Standing.GONE, "a1", 1_000, 2_000),
        ClientThere("other", Standing.STOPPED, findings="wrong"),
        changed_at=5_000,
        findings="no port",
    )
    texts = [text for text, _ in remarks(there(bare_ledger))]
    assert [text.partition(": ")[0] for text in texts] == [
        "client apap at one:1",
        "client apap at two:2",
        "client other at two:2",
        "the host",
    ]
    assert "two:2" in texts[3]
    assert "would fail" in texts[3]


def test_changed_credentials_are_tried_at_once(bare_ledger: Ledger) -> None:
    now = bare_ledger.clock.now
    for target, cause in (("crm", Cause.CREDENTIALS), ("other", Cause.OUTAGE)):
        bare_ledger.store.write(
            lambda c, t=target, why=cause: pause(c, "apap", t, why, "no", now + 300_000, now)  # type: ignore[misc]
        )

    bare_ledger.store.write(lambda c: try_credentials(c, "apap", now))

    assert {row.upstream: row.until - now for row in bare_ledger.pauses()} == {
        "crm": 0,
        "other": 300_000,
    }
