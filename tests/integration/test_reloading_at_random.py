"""Files are edited at random while messages arrive: nothing is lost or mapped by what is wrong."""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.client_folder import Folder

from regbridge.demo import endings, wait_settled
from regbridge.host import Address, Host
from regbridge.roster import read_roster
from regbridge.sender import Sender
from regbridge.store.tables import deliveries, registrations
from regbridge.testing.payloads import encode, live, registrant

TOKEN = "hunter2"
PATHS = ("/one", "/two")
CLIENT = """\
client: {name}
endpoints:
  CventReg: {{path: {path}, tokens: [{{env: ROSTER_TOKEN}}]}}
targets:
  crm: {{use: {use}, settings: {{path: {name}.jsonl}}, map: {{Email: email, By: {{value: {by}}}}}}}
"""
BASE = """\
host: {port: 0, reload_seconds: 0, threads: 4, worker: {poll_seconds: 0.02}}
plugins: [cvent-token]
"""


@dataclass(frozen=True)
class Sent:
    """A message that was taken, and which configuration of each client held just before."""

    receipt: int
    before: Mapping[str, int]


class Site:
    """A host, files that are edited, and somebody who sends all the time."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        folder.base(BASE)
        self.edits = 0
        self.has_deleted = False
        self.paths = dict(zip("ab", PATHS, strict=True))
        for name in self.paths:
            self.write(name)
        self.host = Host(folder.path, address=Address("127.0.0.1", 0))
        self.held: dict[str, list[int]] = defaultdict(list)
        self.sent: list[Sent] = []
        self.note()

    def write(self, name: str, use: str = "files") -> None:
        """Write a client's file; every text of it has a number of its own."""
        text = CLIENT.format(name=name, path=self.paths[name], use=use, by=self.edits)
        self.folder.put(self.folder.clients / f"{name}.yaml", text)

    def edit(self, what: str, name: str) -> None:
        self.edits += 1
        match what:
            case "change":
                self.write(name)
            case "break":
                self.write(name, "filez")
            case "swap":
                self.paths = dict(zip("ab", reversed(self.paths.values()), strict=True))
                self.write("a")
                self.write("b")
            case "swap badly":
                self.paths = dict(zip("ab", reversed(self.paths.values()), strict=True))
                self.write("a", "filez" if name == "a" else "files")
                self.write("b", "filez" if name == "b" else "files")
            case "delete":
                self.has_deleted = True
                self.folder.delete(name)
            case "base":
                wrong = self.edits % 2
                self.folder.base(BASE + ("pluginz: []\n" if wrong else "time_zone: UTC\n"))

    def look(self) -> None:
        self.host.reload.look()
        self.host.reload.look()
        self.note()

    def note(self) -> None:
        """Note what each client runs with now."""
        for name, by in self.holding().items():
            if by not in self.held[name][-1:]:
                self.held[name].append(by)

    def holding(self) -> dict[str, int]:
        running = self.host.clients.running
        return {n: each.client.targets["crm"].map["By"]["value"] for n, each in running.items()}

    @contextmanager
    def sending(self) -> Iterator[None]:
        ended = threading.Event()
        thread = threading.Thread(target=self._send, args=(ended,))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _send(self, ended: threading.Event) -> None:
        senders = [Sender(self.host.url + path, TOKEN) for path in PATHS]
        number = 0
        while not ended.is_set():
            for sender in senders:
                number += 1
                before = self.holding()
                answer = sender.send(encode(live("InviteeOrGuestAccepted", registrant(number))))
                if answer.status in (404, 503) and self.has_deleted:
                    continue  # whoever had the path left it to one without a file, or a wrong one
                assert (answer.status, answer.receipt is None) == (200, False), answer.text
                self.sent.append(Sent(answer.receipt or 0, before))
        for sender in senders:
            sender.close()

    def delivered(self) -> dict[int, tuple[str, int]]:
        """Return the client and the configuration that delivered each receipt's registration."""
        rows: Any = self.host.store.read(
            lambda c: c.execute(
                select(registrations.c.receipt_id, deliveries.c.client, deliveries.c.record).join(
                    registrations, registrations.c.id == deliveries.c.registration_id
                )
            ).all()
        )
        return {row.receipt_id: (row.client, json.loads(row.record)["By"]) for row in rows}


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["change", "break", "swap", "swap badly", "delete", "base"]),
        st.sampled_from("ab"),
    ),
    min_size=4,
    max_size=10,
)


@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(EDITS)
def test_nothing_is_lost_and_all_is_delivered_by_what_held_at_that_time(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[str, str]]
) -> None:
    os.environ["ROSTER_TOKEN"] = TOKEN
    site = Site(Folder(tmp_path_factory.mktemp("random") / "configs"))
    try:
        site.host.start()
        with site.sending():
            for what, name in edits:
                site.edit(what, name)
                site.look()
        receipts = [sent.receipt for sent in site.sent]
        assert wait_settled(site.host, receipts)
        assert {each.state for each in endings(site.host, receipts)} <= {"delivered"}
        delivered = site.delivered()
        assert sorted(delivered) == sorted(set(receipts))
        for sent in site.sent:
            client, by = delivered[sent.receipt]
            held = site.held[client]
            # A batch that begins in the moment of a change ends as it began.
            assert held.index(by) >= held.index(sent.before[client]) - 1
        require_as_fresh(site)
    finally:
        assert site.host.stop()
    lines = [line for name in "ab" for line in lines_of(site, name)]
    assert len(lines) == len(site.sent)


def require_as_fresh(site: Site) -> None:
    """Require that the host runs what one that is started now would run, if all of it is right."""
    roster, fresh = site.host.reload.roster, read_roster(site.folder.path)
    if not fresh.refused:
        assert not roster.refused
        defined = {n: made for n, made in roster.made.items() if n not in roster.gone}
        assert {n: made.identity for n, made in defined.items()} == {
            n: made.identity for n, made in fresh.made.items()
        }
        for name, made in fresh.made.items():
            for path in made.paths:
                found = site.host.clients.find(path)
                assert found is not None
                assert found[0].client.name == name
    fresh.discard(roster)


def lines_of(site: Site, name: str) -> list[str]:
    file = site.folder.path / f"{name}.jsonl"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
