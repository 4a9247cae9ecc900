"""The commands by which a person mends things: ignore, correct, replay, pause, drain and so on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from regbridge.demo import wait_settled
from regbridge.host import Address, Host
from regbridge.sender import Sender
from regbridge.testing import payloads

TOKEN = "hunter2hunter2"
PATH = "/cvent/acme/CventReg"
RORY = payloads.registrant(1, firstName="Rory", lastName="Wamle", email="rory@example.com")
ADA = payloads.registrant(2, firstName="Ada", lastName="Zorn", email="ada@example.com")
Run = Callable[..., Any]


def registered(record: dict[str, Any], time: str = payloads.TIME) -> bytes:
    return payloads.encode(payloads.live("InviteeOrGuestAccepted", record, time))


def change(client: Path, old: str, new: str) -> None:
    text = client.read_text(encoding="utf-8")
    assert old in text
    client.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def parked(client: Path, process: Callable[..., None]) -> None:
    """Two registrations that are parked, because a field has no value."""
    change(client, "Email: email", "Email: {from: nowhere, required: true}")
    process(registered(RORY), registered(ADA))


def delivered(configs: Path) -> list[dict[str, Any]]:
    [file] = configs.rglob("*.jsonl")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_status_says_why_how_many_and_what_to_do(run: Run, parked: None) -> None:
    [reason] = run("status", "--json").json["reasons"]
    assert (reason["state"], reason["count"]) == ("parked", 2)
    assert "regbridge correct" in reason["remedy"]
    assert "Why registrations are parked, and what to do" in run("status").out


def test_ignore_sets_aside_what_is_chosen_for_good(run: Run, parked: None) -> None:
    ran = run("ignore", "--registrant", "Rory Wamle", "--because", "a test", "--by", "anna")

    assert (ran.status, ran.out) == (0, "Ignored: registrations 1, receipts 0.\n")
    shown = run("show", "Rory Wamle").out
    assert "filtered: ignored by anna: a test" in shown
    assert run("status", "--json").json["reasons"][0]["count"] == 1


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("ignore --because x", "choose by"),
        ("ignore --registration 1", "say why with --because"),
        ("correct 1 a=b", "say why with --because"),
        ("correct 1 ab --because x", "'ab' is not FIELD=VALUE"),
        ("correct 1 a:=b --because x", "is not JSON"),
        ("correct 1 message.eventType=b --because x", "cannot be corrected"),
        ("correct 1 event.name=b --because x", "cannot be corrected"),
        ("retry --state delivered --all", "what is delivered is not retried"),
        ("purge --older-than 3 --state pending", "what is pending is not purged"),
        ("resume acme", "name the target too"),
        ("forget rory@example.com", "say why with --because"),
    ],
)
def test_a_command_that_cannot_be_meant_is_refused(
    run: Run, configs: Path, command: str, says: str
) -> None:
    ran = run(*command.split())

    assert ran.status == 2
    assert says in " ".join(ran.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("retry --event summit", "no client file names an event 'summit'"),
        ("pause acme registratons --because x", "did you mean 'registrations'"),
        ("pause acme cvent-token --because x", "no plugin of that name enriches"),
        ("pause acne registrations --because x", "did you mean 'acme'"),
    ],
)
def test_a_name_that_nobody_has_is_an_error(
    run: Run, configs: Path, process: Callable[..., None], command: str, says: str
) -> None:
    process(registered(RORY))

    ran = run(*command.split())

    assert ran.status == 1
    assert says in ran.err


def test_a_corrected_value_is_delivered(
    run: Run, configs: Path, parked: None, process: Callable[..., None]
) -> None:
    ran = run("correct", "1", "nowhere=rory@work.example", "--because", "she called")
    assert (ran.status, ran.out) == (0, "Corrected, and put back: registration 1.\n")
    process()

    [record] = delivered(configs)
    assert record["Email"] == "rory@work.example"
    shown = run("show", "Rory Wamle").out
    assert "corrected: nowhere by" in shown
    assert "she called" in shown


def test_a_preview_shows_what_was_corrected(run: Run, parked: None) -> None:
    assert "Email is required" in run("preview", "acme", "Rory Wamle").out

    run("correct", "1", "nowhere=rory@work.example", "--because", "she called")

    assert "rory@work.example" in run("preview", "acme", "Rory Wamle").out


def test_a_plugin_that_enriches_can_rest(
    run: Run, client: Path, process: Callable[..., None]
) -> None:
    process()
    change(client, "- cvent-token\n", "- cvent-token\n  - cvent-enrich\n")

    assert run("pause", "acme", "cvent-enrich", "--because", "x").status == 0


def test_a_correction_may_be_no_text(
    run: Run, configs: Path, parked: None, process: Callable[..., None]
) -> None:
    run("correct", "1", "nowhere:=7", "--because", "a number")
    process()

    assert delivered(configs)[0]["Email"] == 7


def test_a_correction_that_cannot_be_made_says_why(run: Run, parked: None) -> None:
    ran = run("correct", "9", "a=b", "--because", "x")

    assert (ran.status, ran.err) == (
        1,
        "error: there is no registration 9, or its data was purged\n",
    )


def test_replay_shows_what_would_change_and_then_sends_it(
    run: Run, configs: Path, client: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY), registered(ADA))
    change(client, "Email: email", "Email: company")

    preview = run("replay", "acme", "--preview", "--registrant", "Rory Wamle")
    assert "rory@example.com" in preview.out
    assert "Would be sent: 1 at registrations." in preview.out
    process()
    assert len(delivered(configs)) == 2

    ran = run("replay", "acme", "--json")
    assert (ran.json["registrations"], ran.json["sent"]) == (2, 2)
    process()
    assert [each["Email"] for each in delivered(configs)[2:]] == [RORY["company"], ADA["company"]]
    assert "Mapped again: registrations 2." in run("replay", "acme").out


def test_a_target_rests_and_goes_on(run: Run, configs: Path, process: Callable[..., None]) -> None:
    process()
    assert run("pause", "acme", "registrations", "--because", "audit", "--by", "anna").status == 0
    process(registered(RORY))

    [pause] = run("status", "--json").json["pauses"]
    assert (pause["cause"], pause["reason"]) == ("operator", "by anna: audit")
    assert "`regbridge resume`" in run("status").out
    assert not list(configs.rglob("*.jsonl"))
    assert run("retry", "--all", "--resume").status == 0
    assert len(run("status", "--json").json["pauses"]) == 1

    assert run("resume", "acme", "registrations").out == "Going on: registrations of acme.\n"
    process()
    assert len(delivered(configs)) == 1
    assert run("resume", "acme", "registrations").status == 1


def test_a_running_worker_comes_to_rest_and_goes_on(run: Run, configs: Path) -> None:
    host = Host(configs, address=Address("127.0.0.1", 0))
    host.start()
    try:
        ran = run("drain", "--because", "backup")
        assert (ran.status, ran.out.split(".")[0]) == (0, "Nothing is under way")
        assert "the worker" in run("status").out
        with Sender(host.url + PATH, TOKEN) as sender:
            assert sender.send(registered(RORY)).status == 200
        run("drain")  # which waits until every worker has seen it
        assert "wait to be split: 1" in run("status").out
        assert run("resume").out == "Going on: the worker.\n"
        assert run("status", "--json").json["pauses"] == []
        assert wait_settled(host, [1])
    finally:
        host.stop()


def test_drain_says_what_does_not_end_in_time(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY))
    with closing(sqlite3.connect(configs / "regbridge.db")) as db:
        db.execute("UPDATE deliveries SET lease='x', due_at=9000000000000")
        db.commit()

    ran = run("drain", "--timeout", "0")

    assert (ran.status, ran.err) == (1, "error: 1 thing still under way after 0 seconds\n")


def test_purge_counts_first_and_then_removes(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY))
    age(configs, days=40)
    process(registered(ADA))

    assert run("purge", "--older-than", "30", "--preview").out == (
        "Would be purged: registrations delivered 1.\n"
    )
    assert "rory@example.com" in bytes_of(configs)
    with closing(sqlite3.connect(configs / "regbridge.db")) as service:
        service.execute("SELECT count(*) FROM receipts").fetchall()
        ran = run("purge", "--older-than", "30")
        assert "rory@example.com" not in bytes_of(configs)

    assert ran.out == "Purged: registrations delivered 1.\nDeleted: messages 1.\n"
    assert "rory@example.com" not in bytes_of(configs)
    assert "ada@example.com" in bytes_of(configs)
    shown = run("show", "1", "--body")
    assert shown.status == 0
    assert "registration 1: delivered" in shown.out
    assert run("show", "--receipt", "1", "--body").status == 0
    assert run("retry", "--registration", "1", "--state", "filtered").status == 1
    assert run("preview", "acme", "1").status == 1


def test_nothing_of_a_forgotten_person_is_left_in_the_file(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY), registered(ADA))

    preview = run("forget", "rory@example.com", "--preview").out
    assert "Would be forgotten: registrations 1." in preview
    ran = run("forget", "rory@example.com", "--because", "a letter", "--by", "anna", "--json")

    assert ran.json["targets"][0]["target"] == "registrations"
    assert [each["registration"] for each in ran.json["registrations"]] == [1]
    left = bytes_of(configs)
    assert "rory@example.com" not in left
    assert "Wamle" not in left
    assert "ada@example.com" in left
    assert run("forget", "rory@example.com", "--because", "again").status == 1
    process(registered(RORY, "2026-12-01T10:00:00.000Z"))
    assert "rory@example.com" not in bytes_of(configs)


def test_who_is_parked_because_nobody_is_named_is_forgotten_too(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY | {"inviteeStub": ""}))
    assert run("status", "--json").json["reasons"][0]["state"] == "parked"

    assert run("forget", "rory@example.com", "--because", "a letter").status == 0

    assert "rory@example.com" not in bytes_of(configs)
    assert run("status", "--json").json["reasons"][0]["state"] == "filtered"


def test_of_two_who_had_one_registration_only_the_one_who_is_named_is_forgotten(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    other = {"contactStub": ADA["contactStub"], "firstName": "Ada", "email": "ada@example.com"}
    process(registered(RORY), registered(RORY | other, "2026-12-01T10:00:00.000Z"))

    for text in (RORY["confirmationNumber"], RORY["inviteeStub"]):
        ran = run("forget", text, "--because", "x")
        assert ran.status == 2
        assert "handed from one person" in " ".join(ran.err.replace("│", " ").split())
    assert run("forget", "rory@example.com", "--because", "x").status == 0

    left = bytes_of(configs)
    assert "rory@example.com" not in left
    assert "ada@example.com" in left


def test_a_name_is_not_enough_to_forget_somebody(
    run: Run, configs: Path, process: Callable[..., None]
) -> None:
    process(registered(RORY))

    ran = run("forget", "Rory Wamle", "--because", "x")

    assert ran.status == 2
    assert "may be several people's" in " ".join(ran.err.replace("│", " ").split())
    assert "rory@example.com" in bytes_of(configs)


@pytest.mark.parametrize(
    "command",
    [
        "ignore --registration 1 --because x",
        "correct 1 a=b --because x",
        "replay acme",
        "pause acme registrations --because x",
        "drain",
        "forget a@b.c --because x",
    ],
)
def test_before_the_first_message_there_is_nothing_to_mend(
    run: Run, configs: Path, command: str
) -> None:
    ran = run(*command.split())

    assert ran.status == 1
    assert "nothing received yet" in ran.out + ran.err
    assert not list(configs.glob("*.db*"))


def age(configs: Path, days: int) -> None:
    with closing(sqlite3.connect(configs / "regbridge.db")) as db:
        db.execute("UPDATE receipts SET received_at = received_at - ?", [days * 86_400_000])
        db.commit()


def bytes_of(configs: Path) -> str:
    """Return the ledger's files as one text."""
    files = sorted(configs.glob("regbridge.db*"))
    return "".join(file.read_bytes().decode("latin-1") for file in files)
