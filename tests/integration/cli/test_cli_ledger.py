"""The commands about the ledger: status, show, retry, upgrade."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from regbridge import QuotaExceededError
from regbridge.config.loader import load_host
from regbridge.demo import wait_settled
from regbridge.host import Host
from regbridge.limits import Limiters, RateLimit
from regbridge.store.engine import Store
from regbridge.store.limits import LedgerPlaces
from regbridge.store.pauses import Cause, pause
from regbridge.testing import payloads

RORY = payloads.registrant(1, firstName="Rory", lastName="Wamle", email="rory@example.com")
OTHER = payloads.registrant(2)
NOT_JSON = b'{"eventType": '


def registered(record: dict[str, Any], time: str = payloads.TIME) -> bytes:
    return payloads.encode(payloads.live("InviteeOrGuestAccepted", record, time))


def parking(client: Path) -> None:
    """Let the client require what no record has."""
    text = client.read_text(encoding="utf-8")
    client.write_text(
        text.replace("Email: email", "Email: {from: nowhere, required: true}"), encoding="utf-8"
    )


def mended(client: Path) -> None:
    text = client.read_text(encoding="utf-8")
    client.write_text(text.replace("from: nowhere", "from: email"), encoding="utf-8")


@pytest.mark.parametrize("command", ["status", "retry --all"])
def test_before_the_first_message_nothing_is_made(
    run: Callable[..., Any], configs: Path, command: str
) -> None:
    ran = run(*command.split())
    assert ran.status == 0
    assert "nothing received yet" in ran.out
    assert run(*command.split(), "--json").json
    assert not list(configs.glob("*.db*"))


def test_status_counts_by_client_endpoint_target_and_state(
    run: Callable[..., Any], process: Callable[..., None]
) -> None:
    process(registered(RORY), registered(RORY), registered(OTHER), NOT_JSON, NOT_JSON)
    figures = run("status", "--json").json
    states = {(row["endpoint"], row["state"]): row["count"] for row in figures["registrations"]}
    assert states == {("CventReg", "delivered"): 2, ("CventReg", "duplicate"): 1}
    [delivered] = figures["deliveries"]
    assert (delivered["target"], delivered["count"]) == ("registrations", 2)
    [parked] = figures["parked_receipts"]
    assert parked["arrivals"] == 2
    assert figures["pending_since"] is None


def test_status_prints_whole_reasons_and_nothing_but_harmless_text(
    run: Callable[..., Any], process: Callable[..., None]
) -> None:
    process(payloads.encode(payloads.message("ContactOptedOut", [{"contactStub": "c1"}])))
    ran = run("status")
    assert ran.status == 0
    assert "a contact message; no target of this client takes those" in ran.out
    assert "Nothing is pending." in ran.out


def test_status_counts_what_waits(run: Callable[..., Any], receive: Callable[..., None]) -> None:
    receive(registered(RORY), registered(OTHER))
    assert "Receipts that wait to be split: 2" in run("status").out


def test_status_shows_where_time_went(
    run: Callable[..., Any], receive: Callable[..., None], configs: Path
) -> None:
    assert "nothing received yet" in run("status", "--timings").out
    assert run("status", "--timings", "--json").json == {"days": 1, "timings": []}

    receive(registered(RORY), registered(OTHER))
    host = Host(configs, web=False)
    host.start()
    wait_settled(host, [1, 2])
    host.stop()

    rows = {row["stage"]: row for row in run("status", "--timings", "--json").json["timings"]}
    worked = {"split", "filter", "map", "prepare", "deliver", "settle"}
    assert rows.keys() == worked | {"receive", "arrival to delivery"}
    assert {row["registrations"] for row in rows.values()} == {2}
    assert {row["client"] for row in rows.values()} == {"acme"}
    assert (rows["receive"]["measurements"], rows["receive"]["share"]) == (2, None)
    assert rows["arrival to delivery"]["share"] is None
    assert sum(rows[stage]["share"] for stage in worked) == pytest.approx(1, abs=0.01)
    assert rows["deliver"]["part"] == "registrations"
    assert rows["deliver"]["median_ms"] <= rows["deliver"]["longest_ms"]
    shown = run("status", "--timings", "--days", "7").out
    assert "Where the time of acme went in the last 7 days (GMT)" in shown
    assert shown.index("split") < shown.index("deliver") < shown.index("arrival to delivery")


def test_status_says_when_nothing_was_measured(
    run: Callable[..., Any], process: Callable[..., None]
) -> None:
    process()
    ledger = run("status", "--timings")
    assert ledger.status == 0
    assert "Nothing was measured today (GMT)." in ledger.out
    week = run("status", "--timings", "--days", "7")
    assert "Nothing was measured in the last 7 days (GMT)." in week.out


@pytest.mark.parametrize("days", ["0", "36", "many"])
def test_timings_of_days_that_are_not_kept_are_a_usage_error(
    run: Callable[..., Any], configs: Path, days: str
) -> None:
    assert run("status", "--timings", "--days", days).status == 2


def test_a_host_that_only_receives_writes_its_timings_too(
    run: Callable[..., Any], receive: Callable[..., None]
) -> None:
    receive(registered(RORY), NOT_JSON)
    [row] = run("status", "--timings", "--json").json["timings"]
    assert (row["stage"], row["measurements"], row["registrations"]) == ("receive", 2, 1)


def test_status_shows_pauses_with_their_reason(
    run: Callable[..., Any], process: Callable[..., None], configs: Path
) -> None:
    process()
    store = Store(load_host(configs).database_url)
    store.write(
        lambda c: pause(c, "acme", "registrations", Cause.QUOTA, "used up", 2_000_000, 1_000_000)
    )
    store.close()
    [paused] = run("status", "--json").json["pauses"]
    assert (paused["reason"], paused["until"]) == ("used up", "1970-01-01T00:33:20Z")
    assert "used up" in run("status").out
    store = Store(load_host(configs).database_url)
    limiter = Limiters(LedgerPlaces(store)).limiter("cvent 1a2b")
    limiter.block(datetime.now(UTC) + timedelta(hours=1), "used up")
    assert run("retry", "--target", "elsewhere", "--resume").status == 1
    with pytest.raises(QuotaExceededError), limiter.call(RateLimit(10, 10)):
        pass
    assert "Pauses ended: 1." in run("retry", "--client", "acme", "--resume").out
    assert run("status", "--json").json["pauses"] == []
    with limiter.call(RateLimit(10, 10)):
        pass
    store.close()
    assert [row["calls"] for row in run("status", "--json").json["calls"]] == [1]
    assert "cvent 1a2b" in run("status").out


@pytest.mark.parametrize(
    "text", [RORY["confirmationNumber"], "RORY@example.com", "rory wamle", RORY["inviteeStub"]]
)
def test_show_finds_a_registrant_by_what_people_know(
    run: Callable[..., Any], process: Callable[..., None], text: str
) -> None:
    process(registered(RORY), registered(OTHER))
    [story] = run("show", text, "--json").json
    [revision] = story["registrations"]
    [delivery] = revision["deliveries"]
    assert (story["name"], story["client"]) == ("Rory Wamle", "acme")
    assert (revision["state"], revision["endpoint"]) == ("delivered", "CventReg")
    assert (revision["event_type"], revision["message_time"]) == (
        "InviteeOrGuestAccepted",
        payloads.TIME,
    )
    assert delivery["record"]["Email"] == "rory@example.com"
    assert len(delivery["configuration"]) == 12


def test_show_tells_the_whole_story_of_each_revision(
    run: Callable[..., Any], process: Callable[..., None]
) -> None:
    process(registered(RORY))
    changed = RORY | {"lastName": "Newname"}
    process(registered(changed, "2026-11-25T10:00:00.000Z"), registered(RORY))
    ran = run("show", RORY["confirmationNumber"], "--body")
    assert ran.status == 0
    assert ran.out.startswith("Rory Newname")
    for part in (
        "registration 1: delivered",
        "registration 2: delivered",
        "duplicate",
        "target registrations: delivered",
        "outcome created",
        "LastName: Newname",
        "InviteeOrGuestAccepted of 2026-11-25T10:00:00.000Z, receipt 2",
        '"lastName": "Newname"',
    ):
        assert part in ran.out


def test_a_name_cannot_steer_the_terminal(
    run: Callable[..., Any], process: Callable[..., None]
) -> None:
    process(registered(RORY | {"lastName": "\x1b[2J[bold]x"}))
    ran = run("show", RORY["confirmationNumber"])
    assert "\x1b" not in ran.out
    assert "\\x1b[2J[bold]x" in ran.out


def test_show_lists_all_who_share_a_name(
    run: Callable[..., Any], process: Callable[..., None]
) -> None:
    process(registered(RORY), registered(OTHER | {"firstName": "Rory", "lastName": "Wamle"}))
    assert len(run("show", "Rory Wamle", "--json").json) == 2
    assert run("show", "Rory Wamle").out.count("Rory Wamle  ") == 2
    assert run("show", "Rory Wamle", "--client", "another").status == 1


def test_nobody_found_is_a_finding_with_a_hint(
    run: Callable[..., Any], process: Callable[..., None]
) -> None:
    assert run("show", "Nobody").status == 1  # no ledger yet
    process(registered(RORY))
    ran = run("show", "Nobody")
    assert (ran.status, ran.out) == (1, "")
    assert "nobody found" in ran.err
    assert run("show", "Nobody", "--json").json == []


def test_show_needs_either_a_text_or_a_receipt(run: Callable[..., Any], configs: Path) -> None:
    assert run("show").status == 2
    assert run("show", "Rory", "--receipt", "1").status == 2


def test_a_parked_receipt_is_shown_with_its_reason_and_on_demand_its_body(
    run: Callable[..., Any], process: Callable[..., None]
) -> None:
    process(NOT_JSON, NOT_JSON, registered(RORY))
    ran = run("show", "--receipt", "1")
    assert ran.status == 0
    assert "receipt 1: parked: the body is not JSON" in ran.out
    assert "the same bytes arrived 2 times" in ran.out
    assert "eventType" not in ran.out
    assert NOT_JSON.decode().rstrip() in run("show", "--receipt", "1", "--body").out
    [whole] = run("show", "--receipt", "2", "--json").json
    assert whole["registrations"] == [{"state": "delivered", "reason": "", "count": 1}]
    assert "registrations 1: delivered" in run("show", "--receipt", "2").out
    assert run("show", "--receipt", "99").status == 1


def test_a_parked_registration_is_delivered_after_the_configuration_was_mended(
    run: Callable[..., Any], process: Callable[..., None], client: Path
) -> None:
    parking(client)
    process(registered(RORY))
    shown = run("show", RORY["confirmationNumber"])
    assert "registration 1: parked (field Email)" in shown.out
    mended(client)
    ran = run("retry", "--client", "acme")
    assert (ran.status, ran.out) == (0, "Put back: registrations 1, receipts 0.\n")
    process()
    [story] = run("show", RORY["confirmationNumber"], "--json").json
    assert [revision["state"] for revision in story["registrations"]] == ["delivered"]
    happenings = [each["happening"] for each in story["registrations"][0]["history"]]
    assert happenings == ["parked", "retried"]
    assert "retried" in run("show", RORY["confirmationNumber"]).out


def test_retry_puts_back_what_is_chosen_and_nothing_else(
    run: Callable[..., Any], process: Callable[..., None], client: Path
) -> None:
    parking(client)
    process(registered(RORY), registered(OTHER), NOT_JSON)
    assert run("retry", "--registration", "2", "--json").json == {
        "registrations": 1,
        "receipts": 0,
        "resumed": 0,
    }
    assert run("retry", "--receipt", "3", "--json").json["receipts"] == 1
    nothing = run("retry", "--registration", "2")
    assert nothing.status == 1
    assert nothing.out == "Nothing of what is chosen is parked.\n"
    assert run("retry", "--target", "elsewhere").status == 1
    assert run("retry", "--all", "--json").json["registrations"] == 1


def test_retry_without_a_choice_is_a_usage_error(run: Callable[..., Any], configs: Path) -> None:
    assert run("retry").status == 2
    assert run("retry", "--json").out == ""


def test_a_ledger_of_another_version_is_refused_until_it_is_upgraded(
    run: Callable[..., Any], configs: Path
) -> None:
    sqlite3.connect(configs / "regbridge.db").close()
    (configs / "regbridge.db").touch()
    ran = run("status")
    assert ran.status == 1
    assert "regbridge upgrade" in ran.err
    assert run("upgrade").status == 0
    assert run("status").out == "Nothing received yet.\n"
