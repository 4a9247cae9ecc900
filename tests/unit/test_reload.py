"""A changed configuration is read once its files rest, and is taken over or not at all."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.client_folder import Folder

from regbridge.errors import StoreUnavailableError
from regbridge.host_block import BlockChange, HostBlock
from regbridge.limits import Limiters, OwnPlaces
from regbridge.reload import PATIENCE, Reload
from regbridge.roster import Roster


class Site:
    """A folder that is watched, and what was taken over."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.roster = folder.read()
        self.block: BlockChange | None = None
        self.taken = 0
        self.tidied = 0
        self.has_tidied = threading.Event()
        self.fails: Exception | None = None
        self.reload = self.watch(0)

    def watch(self, seconds: float) -> Reload:
        return Reload(
            self.folder.path,
            self.roster,
            HostBlock(self.folder.path),
            self.apply,
            limiters=Limiters(OwnPlaces()),
            clock=lambda: 5000,
            seconds=seconds,
            tidy=self.tidy,
        )

    def apply(self, before: Roster, after: Roster, block: BlockChange | None) -> None:
        if self.fails:
            raise self.fails
        self.roster, self.block = after, block
        self.taken += 1
        for made in before.new_since(after):
            made.pipeline.close()

    def tidy(self) -> None:
        self.tidied += 1
        self.has_tidied.set()

    def look(self, times: int = 2) -> int:
        """Look so often; return how often something was taken over."""
        before = self.taken
        for _ in range(times):
            self.reload.look()
        return self.taken - before

    @property
    def zone(self) -> str:
        """The time zone of the one client, which tests change."""
        return self.roster.made["apap"].pipeline.client.time_zone


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("ROSTER_TOKEN", "hunter2")
    folder = Folder(tmp_path / "configs")
    folder.write("apap")
    site = Site(folder)
    yield site
    for made in site.roster.made.values():
        made.pipeline.close()


def in_zone(site: Site, zone: str) -> None:
    site.folder.write("apap", extra=f"time_zone: {zone}\n")


def test_nothing_is_read_while_nothing_changes(site: Site) -> None:
    assert site.look(5) == 0


def test_a_change_is_taken_over_at_the_second_look(site: Site) -> None:
    in_zone(site, "Europe/Berlin")

    assert site.look(1) == 0
    assert site.look(1) == 1
    assert site.zone == "Europe/Berlin"
    assert site.look(5) == 0


def test_a_file_that_is_still_being_written_is_not_read(site: Site) -> None:
    whole = "time_zone: Europe/Berlin\n"
    for length in (0, 5, 12, len(whole)):
        site.folder.write("apap", extra=whole[:length])
        assert site.look(1) == 0

    assert site.look(1) == 1
    assert site.zone == "Europe/Berlin"


def test_what_is_written_while_it_is_read_is_read_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = HostBlock.look

    def writes_meanwhile(block: HostBlock, now: int) -> BlockChange | None:
        monkeypatch.setattr(HostBlock, "look", real)
        in_zone(site, "Asia/Tokyo")
        return real(block, now)

    monkeypatch.setattr(HostBlock, "look", writes_meanwhile)
    in_zone(site, "Europe/Berlin")

    assert site.look(2) == 0
    assert site.look(2) == 1
    assert site.zone == "Asia/Tokyo"


def test_a_file_that_another_program_holds_is_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where an editor may let nobody else read while it saves."""
    in_zone(site, "Europe/Berlin")
    held = hold(site, monkeypatch)
    assert site.look(PATIENCE) == 0
    assert site.roster.refused == ()

    held.clear()

    assert site.look(1) == 1
    assert site.zone == "Europe/Berlin"


def test_a_file_that_nobody_may_read_is_refused_after_a_while(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_zone(site, "Europe/Berlin")
    hold(site, monkeypatch)

    site.look(PATIENCE + 2)

    assert "the file cannot be read (Permission denied)" in str(site.roster.refused[0].error)
    assert site.zone == "UTC"


def hold(site: Site, monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """Let nobody open the client's file, until it is taken out of the returned set."""
    held = {site.folder.clients / "apap.yaml"}
    real = Path.open

    def refusing(path: Path, *args: Any, **options: Any) -> Any:
        if path in held:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *args, **options)

    def read_bytes(path: Path) -> bytes:
        with refusing(path, "rb") as file:
            content: bytes = file.read()
        return content

    monkeypatch.setattr(Path, "open", refusing)
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    return held


def test_while_the_ledger_is_away_nothing_is_taken_over(site: Site) -> None:
    in_zone(site, "Europe/Berlin")
    site.fails = StoreUnavailableError("the disk is full")
    before = site.roster
    assert site.look(4) == 0
    assert site.roster is before

    site.fails = None

    assert site.look(1) == 1
    assert site.zone == "Europe/Berlin"


def test_a_bug_is_logged_once_and_waits_for_the_next_change(site: Site) -> None:
    in_zone(site, "Europe/Berlin")
    site.fails = KeyError("a bug")
    with structlog.testing.capture_logs() as logs:
        site.look(6)
    assert [each["log_level"] for each in logs] == ["error"]
    site.fails = None
    in_zone(site, "Asia/Tokyo")

    assert site.look(2) == 1
    assert site.zone == "Asia/Tokyo"


def test_findings_are_logged_once_for_a_change(site: Site) -> None:
    site.folder.write("apap", use="filez", extra="pluginz: []\n")
    with structlog.testing.capture_logs() as logs:
        site.look(6)
        site.folder.write("acme")
        site.look(6)

    refused = [each for each in logs if each["event"] == "change refused, what runs goes on"]
    assert len(refused) == 1
    assert (refused[0]["client"], refused[0]["log_level"]) == ("apap", "error")
    assert [e["client"] for e in logs if e["event"] == "configuration taken over"] == ["acme"]


def test_it_is_told_when_files_never_rest(site: Site) -> None:
    with structlog.testing.capture_logs() as logs:
        for number in range(40):
            in_zone(site, ("Asia/Tokyo", "Europe/Berlin")[number % 2])
            site.look(1)

    [told] = logs
    assert told["event"] == "configuration files change again and again"
    assert told["files"][0].endswith("apap.yaml")
    assert site.taken == 0


def test_a_host_block_that_changed_holds_after_a_restart(site: Site) -> None:
    site.folder.base("plugins: [cvent-token]\nhost: {port: 8081}\n")
    with structlog.testing.capture_logs() as logs:
        site.look(4)
    assert site.block == BlockChange(5000)
    assert [each["event"] for each in logs] == [
        "host: in base.yaml changed; it holds after a restart"
    ]

    site.folder.base("plugins: [cvent-token]\nhost: {prt: 8081}\n")
    site.look()
    assert site.block is not None
    assert "did you mean 'port'?" in site.block.findings[0]

    site.folder.base("plugins: [cvent-token]\n")
    site.look()
    assert site.block is None


def test_a_secret_of_the_host_block_that_changed_holds_after_a_restart(site: Site) -> None:
    password = site.folder.path / "password"
    site.folder.put(password, "a very long password")
    site.folder.base(
        "plugins: [cvent-token]\nhost: {console: {password: {file: password}}}\n",
    )
    site.look()
    site.reload = site.watch(0)
    assert site.look() == 0
    site.folder.put(password, "another long password")

    site.look()

    assert site.block == BlockChange(5000)


def test_what_is_replaced_is_tidied_away_once_nobody_uses_it(site: Site) -> None:
    pipeline = site.roster.made["apap"].pipeline
    in_zone(site, "Europe/Berlin")
    with pipeline.in_use():
        site.look(4)
        assert (site.taken, site.tidied) == (1, 0)

    site.look(2)

    assert site.tidied == 1


def test_it_looks_by_itself(site: Site) -> None:
    site.reload = site.watch(0.01)
    site.reload.start()
    in_zone(site, "Europe/Berlin")

    assert site.has_tidied.wait(30)
    site.reload.stop()
    assert site.zone == "Europe/Berlin"
