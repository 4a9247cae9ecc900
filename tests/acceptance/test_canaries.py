"""No secret comes out anywhere, and nothing personal but where it must be, whatever goes wrong."""

from __future__ import annotations

import gc
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.acceptance.canary_site import (
    COMPANIES,
    HIDDEN,
    NAMED,
    PATH,
    PRIVATE,
    SECRETS,
    Service,
    Site,
    forms,
    host,
    make_vendors_complain,
    messages,
    site,
)

from regbridge.cli import main
from regbridge.host import Host

COMMANDS: Sequence[Sequence[str]] = (
    ("check",),
    ("check", "--online", "--json"),
    ("show-config", "canary"),
    ("show-config", "canary", "--origins"),
    ("show-config", "canary", "--json"),
    ("show-config", "wrong"),
    ("status",),
    ("status", "--json"),
    ("status", "--timings"),
    ("plugins",),
    ("plugins", "--verify"),
    ("plugins", "--verify", "--json"),
    ("schema", "--output", "-"),
    ("pause", "canary", "file", "--because", "a test"),
    ("resume", "canary", "file"),
    ("retry", "--client", "canary", "--reason", "nothing like it"),
    ("purge", "--older-than", "400", "--preview"),
    ("encrypt", "--count"),
    ("encrypt", "--json"),
    ("doctor", "--online", "--bundle", "help.zip", "--log", "serve.log"),
    ("doctor", "--json"),
    ("backup", "copies"),
    ("rotate-token", "canary", "CventReg", "--check"),
    ("upgrade",),
)
"""Commands that name nobody; a new one of that kind belongs here."""

ABOUT_PEOPLE: Sequence[Sequence[str]] = (
    ("show", "1." + NAMED["address"], "--body"),
    ("show", "--receipt", "1", "--body"),
    ("preview", "canary", "--registration", "1"),
    ("replay", "canary", "--preview"),
    ("reconcile", "--event", "conference", "--client", "canary"),
    ("forget", "1." + NAMED["address"], "--preview"),
    ("correct", "1", f"company={PRIVATE['corrected']}", "--because", "a call"),
)
"""Commands that show somebody to who asks for them; no secret is in these either."""

PAGES = ("", "/parked", "/syncs", "/messages", "/configuration", "/audit")
PAGES_ABOUT_PEOPLE = ("/registrations", "/registrations/1", "/registrations/2", "/messages/1")

MAY_NAME = {
    ("registrations", "name"),
    ("registrations", "search_name"),
    ("registrations", "email"),
    ("differences", "name"),
}
"""Columns in which people are named, so that they can be found."""

MAY_TELL = {
    ("receipt_parts", "body"),
    ("registration_payloads", "payload"),
    ("deliveries", "record"),
    ("corrections", "value"),
    ("differences", "text"),
    ("differences", "changes"),
    ("differences", "record"),
}
"""Columns that hold what people wrote, if the ledger is not encrypted."""


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Everything has happened, and what came out of it is there to be searched."""
    folder = tmp_path_factory.mktemp("canaries")
    with pytest.MonkeyPatch.context() as patch, site(folder, patch.setenv) as found:
        patch.chdir(folder)
        service = Service(found)
        with closing(service):
            service.wait_until_it_listens()
            receive(found, service)
            look_around(service)
            for command in (*COMMANDS, *ABOUT_PEOPLE):
                run(found, *command)
            service.wait_until_done()
            service.crash()
        read_files(found, "encrypted")
        found.traces["objects"] = objects(folder)
        end_badly(found)
        yield found


def receive(found: Site, service: Service) -> None:
    """Send what is right, and everything that can be wrong."""
    make_vendors_complain(found)
    assert [service.send(body) for body in messages()] == [200] * len(COMPANIES)
    first = next(messages())
    assert service.send(first, SECRETS["CANARY_WRONG_TOKEN"]) == 401
    assert service.send(first, SECRETS["CANARY_WRONG_TOKEN"], **{"X-Trouble": "yes"}) == 500
    assert service.send(first[:-2]) == 400
    assert service.send(first.decode().encode("utf-16")) == 400
    assert service.send(first, **{"Content-Encoding": "gzip"}) == 400
    service.wait_until_done()


def look_around(service: Service) -> None:
    """Ask the console and the API, with the right credentials and with wrong ones."""
    wrong = SECRETS["CANARY_WRONG_TOKEN"]
    for token, status in ((SECRETS["CANARY_API_TOKEN"], 200), (wrong, 401)):
        bearer = {"Authorization": f"Bearer {token}"}
        assert service.ask("GET", "/api/v1/status", headers=bearer) == status
        asked = f"/api/v1/registrations?text={NAMED['last name']}"
        assert service.ask("GET", asked, names_people=True, headers=bearer) == status
    for path in ("/health", "/health/live", "/health/ready", "/metrics"):
        assert service.ask("GET", path) == 200
    assert service.ask("GET", f"{PATH}/nothing") == 404
    assert not service.log_in(wrong).cookies
    session = service.log_in(SECRETS["CANARY_CONSOLE_PASSWORD"]).cookies
    for page in PAGES:
        assert service.ask("GET", f"/console{page}", cookies=session) == 200
    for page in PAGES_ABOUT_PEOPLE:
        assert service.ask("GET", f"/console{page}", names_people=True, cookies=session) == 200


def run(found: Site, *command: str) -> None:
    """Run a command and keep what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit):
        main(command)
    structlog.reset_defaults()
    name = " ".join(command)
    place = found.about_people if command in ABOUT_PEOPLE else found.traces
    place[f"regbridge {name}"] = f"{out.getvalue()}\n{err.getvalue()}".encode()


def end_badly(found: Site) -> None:
    """Start with what cannot work: a database that is not there, a key that is wrong."""
    base = found.folder / "base.yaml"
    wrong_key = {"encryption": {"keys": [{"env": "CANARY_API_TOKEN"}]}}
    away = {"database": {"env": "CANARY_DATABASE"}, "postgresql": {"retry_seconds": 0}}
    for changes in (away, wrong_key, {"encryption": None}):
        base.write_text(json.dumps({"host": host(**changes)}), encoding="utf-8")
        for command in (("status",), ("serve",), ("upgrade",)):
            run(found, *command, "--configs", str(found.folder))
    decrypts = {"keys": [{"env": "CANARY_ENCRYPTION_KEY"}], "writes": False}
    base.write_text(json.dumps({"host": host(encryption=decrypts)}), encoding="utf-8")
    run(found, "encrypt")
    read_files(found, "decrypted")


def objects(folder: Path) -> bytes:
    """Return what all objects of a host say about themselves."""
    running = Host(folder)
    try:
        found = [each for each in gc.get_objects() if is_ours(type(each))]
        assert len(found) > 100
        return "\n".join(repr(each) for each in found).encode()
    finally:
        running.clients.close()
        running.store.close()


def is_ours(kind: type) -> bool:
    """Say whether a class is regbridge's, or a plugin's; the simulators know what they should."""
    module = str(kind.__module__)
    return module.startswith("regbridge") and ".simulator" not in module


def read_files(found: Site, when: str) -> None:
    """Keep the files of the ledger as they are."""
    for file in found.folder.glob("regbridge.db*"):
        found.traces[f"{when} {file.name}"] = file.read_bytes()
    for file in found.folder.glob("copies/*"):
        found.traces["encrypted regbridge.db of a backup"] = file.read_bytes()
    with zipfile.ZipFile(found.folder / "help.zip") as bundle:
        for name in bundle.namelist():
            found.traces[f"bundle {name}"] = bundle.read(name)


def columns(path: Path) -> dict[tuple[str, str], bytes]:
    """Return what each column of the ledger holds."""
    found: dict[tuple[str, str], bytes] = {}
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        for (table,) in tables:
            cursor = connection.execute(f"SELECT * FROM {table}")
            rows = cursor.fetchall()
            for place, (name, *_) in enumerate(cursor.description):
                values = [row[place] for row in rows]
                found[table, name] = b"\n".join(
                    value if isinstance(value, bytes) else str(value).encode() for value in values
                )
    return found


def found_in(canaries: Iterable[str], texts: Mapping[Any, bytes]) -> dict[Any, list[str]]:
    """Return which canaries are in which texts, in whatever form."""
    return {
        place: there
        for place, text in texts.items()
        if (there := [each for each in canaries if any(form in text for form in forms(each))])
    }


def reached(folder: Path) -> dict[str, int]:
    """Return how many records each target has."""
    counts = "SELECT target, count(*) FROM deliveries WHERE reached GROUP BY target"
    with closing(sqlite3.connect(folder / "regbridge.db")) as connection:
        return dict(connection.execute(counts).fetchall())


def test_everything_that_is_searched_for_was_really_there(after: Site) -> None:
    delivered = after.delivered
    told = b"".join(after.about_people.values()).decode()

    assert reached(after.folder) == {"file": 5, "crm": 2, "dataverse": 5, "protech": 4}
    for canary in (NAMED["last name"], *(v for k, v in PRIVATE.items() if k != "corrected")):
        assert canary in delivered
        assert canary in told
    assert after.alerts
    assert any(b"trouble" in text for text in after.traces.values())
    assert len(after.traces) > 50


def test_no_secret_is_in_anything_that_came_out(after: Site) -> None:
    assert found_in(HIDDEN, after.traces) == {}
    assert found_in(HIDDEN, after.about_people) == {}
    assert (
        found_in(HIDDEN, {"alerts": b"".join(after.alerts), "delivered": after.delivered.encode()})
        == {}
    )


def test_no_person_is_in_what_is_about_nobody(after: Site) -> None:
    files = {place: text for place, text in after.traces.items() if "regbridge.db" not in place}
    assert found_in((*NAMED.values(), *PRIVATE.values()), files) == {}
    assert found_in(NAMED.values(), {"alerts": b"".join(after.alerts)}) == {}


def test_nothing_that_people_wrote_is_in_the_file_or_in_its_log(after: Site) -> None:
    files = {place: text for place, text in after.traces.items() if "encrypted reg" in place}
    assert {"encrypted regbridge.db", "encrypted regbridge.db-wal"} <= files.keys()
    assert found_in(PRIVATE.values(), files) == {}
    assert found_in([NAMED["address"]], files) != {}


@pytest.mark.parametrize("when", ["encrypted", "decrypted"])
def test_what_people_wrote_is_in_the_tables_only_where_it_must_be(
    after: Site, when: str, tmp_path: Path
) -> None:
    for place, text in after.traces.items():
        if place.startswith(when) and "backup" not in place:
            (tmp_path / place.removeprefix(f"{when} ")).write_bytes(text)
    found = columns(tmp_path / "regbridge.db")
    allowed = MAY_NAME if when == "encrypted" else MAY_NAME | MAY_TELL

    named = found_in((*NAMED.values(), *PRIVATE.values()), found)

    assert named.keys() - allowed == set()
    assert found_in(PRIVATE.values(), {place: found[place] for place in MAY_NAME}) == {}
    assert ("registration_payloads", "payload") in found
    assert (("deliveries", "record") in named) == (when == "decrypted")
    assert len(found) > 100
