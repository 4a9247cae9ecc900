"""Both patterns of the guide, as client files of a host with its ledger and its worker."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import requests
import yaml
from tests.integration.dynamics.delivery import APPLICATION, changed_schema

from regbridge import Level
from regbridge.checks import check_folder
from regbridge.host import Host
from regbridge.store.report import deliveries_of, endings_of
from regbridge.testing.payloads import encode, live, message, registrant
from regbridge_dynamics.simulator import TENANT, DataverseSimulator

GUIDE = Path(__file__).parents[3] / "docs/how-to/deliver-to-dynamics.md"
BASE = "host: {port: 0, worker: {poll_seconds: 0.05}}\nplugins: [cvent-token]\n"
STAGING, DIRECT = 0, 1
TOKEN = "a-long-random-text"
SECONDS = 60.0

Start = Callable[..., Host]


def client_of_the_guide(number: int, simulator: DataverseSimulator) -> dict[str, Any]:
    """Return a client file as the guide shows it, with the simulator's address."""
    blocks = re.findall(r"```yaml\n(client:.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    client: dict[str, Any] = yaml.safe_load(blocks[number])
    for target in client["targets"].values():
        url = {"url": simulator.url, "authority": simulator.url, "tenant": TENANT}
        target["settings"] |= {**url, "client_id": APPLICATION.client_id}
    return client


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return what starts a host with one client."""
    monkeypatch.setenv("APAP_CVENT_TOKEN", TOKEN)
    monkeypatch.setenv("APAP_DYNAMICS_SECRET", APPLICATION.secret)
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    hosts: list[Host] = []

    def begin(client: Mapping[str, Any]) -> Host:
        (tmp_path / "clients/apap.yaml").write_text(yaml.safe_dump(client), encoding="utf-8")
        hosts.append(Host(tmp_path))
        hosts[-1].start()
        return hosts[-1]

    yield begin
    for host in hosts:
        host.stop()


def post(host: Host, body: Any) -> int:
    """Send a message as Cvent does; return its receipt."""
    answer = requests.post(
        f"{host.url}/cvent/apap/CventReg",
        data=encode(body),
        headers={"Authorization": TOKEN},
        timeout=SECONDS,
    )
    return int(answer.json()["receipt"])


def settled(host: Host, receipt: int) -> Counter[str]:
    """Return the states of a message's registrations once none is on its way."""
    deadline = time.monotonic() + SECONDS
    never = Event()
    while True:
        states = Counter(one.state for one in host.store.read(lambda c: endings_of(c, [receipt])))
        if states and not states["pending"]:
            return states
        assert time.monotonic() < deadline, states
        never.wait(0.05)


def refuse_bad(values: Mapping[str, object]) -> str | None:
    return "no such member" if str(values["new_lastname"]) == "Bad" else None


def test_a_sync_goes_to_the_staging_table_and_only_the_bad_ones_park(start: Start) -> None:
    with DataverseSimulator(
        changed_schema("new_registrationstaging", plug_in=refuse_bad)
    ) as simulator:
        host = start(client_of_the_guide(STAGING, simulator))
        records = [registrant(n) for n in range(300)]
        for bad in records[7::100]:
            bad["lastName"] = "Bad"
        receipt = post(host, message("AttendeeManualSynced", records))
        assert settled(host, receipt) == {"delivered": 297, "parked": 3}
        rows = simulator.tables["new_registrationstaging"]
        assert len(rows) == 297
        assert {row["new_registrationstatus"] for row in rows} == {100000000}
        assert all(str(row["new_registeredon"]).endswith("Z") for row in rows)
        ids = range(1, 301)
        delivered = host.store.read(lambda c: deliveries_of(c, list(ids)))
        assert all(row.external_id for row in delivered if row.state == "delivered")
        [reason] = {row.reason for row in delivered if row.state == "parked"}
        assert reason.startswith("a plug-in of the environment refuses it (0x80040265)")


def test_the_same_sync_again_makes_no_call(start: Start) -> None:
    with DataverseSimulator() as simulator:
        host = start(client_of_the_guide(STAGING, simulator))
        people = [registrant(n) for n in range(50)]
        receipt = post(host, message("AttendeeManualSynced", people))
        assert settled(host, receipt) == {"delivered": 50}
        calls = simulator.calls.total
        again = {**message("AttendeeManualSynced", people), "messageStub": "another"}
        assert settled(host, post(host, again)) == {"unchanged": 50}
        assert simulator.calls.total == calls


def test_contacts_come_before_the_registrations_that_refer_to_them(start: Start) -> None:
    with DataverseSimulator() as simulator:
        host = start(client_of_the_guide(DIRECT, simulator))
        people = [registrant(n) for n in range(120)]
        receipt = post(host, message("AttendeeManualSynced", people))
        assert settled(host, receipt) == {"delivered": 120}
        contacts = {row["contactid"]: row for row in simulator.tables["contact"]}
        assert len(contacts) == 120
        registrations = simulator.tables["new_eventregistration"]
        assert len(registrations) == 120
        for row in registrations:
            contact = contacts[row["new_contact"]]
            assert row["new_name"] == f"{contact['firstname']} {contact['lastname']}"


def test_a_change_updates_the_record_whatever_becomes_of_the_token(start: Start) -> None:
    with DataverseSimulator() as simulator:
        host = start(client_of_the_guide(STAGING, simulator))
        first = live("InviteeOrGuestAccepted", registrant(1, lastName="Byron"))
        assert settled(host, post(host, first)) == {"delivered": 1}
        simulator.expire_tokens()
        changed = live(
            "InviteeOrGuestModified",
            registrant(1, lastName="Lovelace"),
            time="2026-11-25T10:00:00.000Z",
        )
        receipt = post(host, changed)
        assert settled(host, receipt) == {"delivered": 1}
        [row] = simulator.tables["new_registrationstaging"]
        assert row["new_lastname"] == "Lovelace"
        [delivery] = host.store.read(lambda c: deliveries_of(c, [2]))
        assert delivery.outcome == "updated"
        assert delivery.external_id == row["new_registrationstagingid"]


@pytest.mark.parametrize("number", [STAGING, DIRECT])
def test_the_guides_clients_pass_the_check_online(
    start: Start, tmp_path: Path, number: int
) -> None:
    with DataverseSimulator() as simulator:
        text = yaml.safe_dump(client_of_the_guide(number, simulator))
        (tmp_path / "clients/apap.yaml").write_text(text, encoding="utf-8")
        _, [client] = check_folder(tmp_path, online=True)
        assert [str(one) for one in client.findings if one.level is not Level.OK] == []
        assert client.findings
        assert simulator.calls.records_written == 0


def test_what_the_check_finds_has_file_and_line(start: Start, tmp_path: Path) -> None:
    with DataverseSimulator() as simulator:
        client = client_of_the_guide(STAGING, simulator)
        client["targets"]["staging"]["map"]["new_frstname"] = "firstName"
        (tmp_path / "clients/apap.yaml").write_text(yaml.safe_dump(client), encoding="utf-8")
        _, [checked] = check_folder(tmp_path, online=True)
        [wrong] = [str(one) for one in checked.findings if one.level is Level.ERROR]
        assert re.search(r"apap\.yaml:\d+: targets\.staging\.map\.new_frstname: ", wrong)
        assert wrong.endswith("did you mean 'new_firstname'?")
