"""`regbridge plugins --verify` tries what client files name on the rules that need no network."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

BASE = "plugins: [cvent-token]\n"
HEAD = '''
"""A plugin of this test."""

import socket
from contextlib import suppress

from regbridge import Drop, Plugin, Record, RejectedError, Secret, Settings, hookimpl


class OwnSettings(Settings):
    """What the plugin is given."""

    token: Secret


class Own(Plugin):
    """Does something of its own."""

    settings_model = OwnSettings
'''
SECRET = "own-secret-314159-x"
GOOD = '''
    @hookimpl
    def filter_registration(self, registration):
        """Drop those who cancelled."""
        if registration.fields.get("inviteeStatus") == "Cancelled":
            return Drop("cancelled")
        return None
'''


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write a client file with a plugin of its own beside it."""
    monkeypatch.setenv("OWN_SECRET", SECRET)
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")

    def write(code: str = GOOD, name: str = "acme", **changes: Any) -> None:
        own = {"use": "own.py:Own", "settings": {"token": {"env": "OWN_SECRET"}}}
        content = {
            "client": name,
            "endpoints": {
                "reg": {"path": f"/cvent/{name}/reg", "tokens": [{"env": "ACME_CVENT_TOKEN"}]}
            },
            "plugins": ["cvent-token", own],
            "targets": {
                "crm": {"use": "files", "settings": {"path": "a.jsonl"}, "map": {"Mail": "email"}}
            },
            **changes,
        }
        (tmp_path / "clients" / "own.py").write_text(
            HEAD + dedent(code).replace("\n", "\n    ").rstrip() + "\n", encoding="utf-8"
        )
        path = tmp_path / "clients" / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")

    return write


def test_plugins_that_keep_the_rules_are_listed_and_all_is_well(
    client: Callable[..., None], run: Callable[..., Any]
) -> None:
    client()
    done = run("plugins", "--verify", "--configs", ".")

    assert done.status == 0, done.out
    for name in ("cvent-token", "Own", "latest", "yaml-map", "crm"):
        assert name in done.out
    assert "Nothing was sent" in done.out
    assert "check --online" in done.out


BROKEN = {
    "it raises for odd fields": (
        """
        @hookimpl
        def filter_registration(self, registration):
            \"\"\"Drop nobody.\"\"\"
            registration.fields["title"].strip()
        """,
        "AttributeError (own.py:",
    ),
    "it returns what it may not": (
        """
        @hookimpl
        def dedupe_key(self, registration):
            \"\"\"Name nothing.\"\"\"
            return 7
        """,
        "it returned int",
    ),
    "it changes what it was given": (
        """
        @hookimpl
        def filter_registration(self, registration):
            \"\"\"Drop nobody.\"\"\"
            orders = registration.fields.get("orders")
            if isinstance(orders, list):
                orders.clear()
        """,
        "it changed fields.orders",
    ),
    "it is another one in another process": (
        """
        @hookimpl
        def dedupe_key(self, registration):
            \"\"\"Name the subject.\"\"\"
            return str(hash(registration.subject)) if registration.subject else None
        """,
        "another process would return another key",
    ),
    "it connects when it is made": (
        """
        def __init__(self, settings, context):
            super().__init__(settings, context)
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", 9), timeout=1)

        @hookimpl
        def filter_registration(self, registration):
            \"\"\"Drop nobody.\"\"\"
        """,
        "it opens a connection (own.py:",
    ),
    "it connects when it maps": (
        """
        @hookimpl
        def map_registration(self, registration):
            \"\"\"Ask somebody.\"\"\"
            with suppress(OSError):
                socket.getaddrinfo("crm.example.org", 443)
        """,
        "it opens a connection (own.py:",
    ),
    "it prints": (
        """
        @hookimpl
        def filter_registration(self, registration):
            \"\"\"Drop nobody.\"\"\"
            print("hello")
        """,
        "it prints to standard output",
    ),
    "it logs its secret": (
        """
        @hookimpl
        def filter_registration(self, registration):
            \"\"\"Drop nobody.\"\"\"
            import logging

            logging.getLogger("own").info("with %s", self.settings.token.get_secret_value())
        """,
        "a secret stands in what it prints or logs",
    ),
    "it says its secret": (
        """
        @hookimpl
        def map_registration(self, registration):
            \"\"\"Refuse everybody.\"\"\"
            if registration.fields.get("isGuest"):
                raise RejectedError(f"not with {self.settings.token.get_secret_value()}")
        """,
        "holds a secret",
    ),
    "it maps to what JSON has not": (
        """
        @hookimpl
        def map_registration(self, registration):
            \"\"\"Map to every target.\"\"\"
            return Record({"Ids": {1, 2}})
        """,
        "the field Ids is set",
    ),
    "it has no docstring": (
        """
        @hookimpl
        def filter_registration(self, registration):
            return None
        """,
        "the hook filter_registration has no docstring",
    ),
    "it cannot be closed": (
        """
        @hookimpl
        def filter_registration(self, registration):
            \"\"\"Drop nobody.\"\"\"

        def close(self):
            raise RuntimeError("still at work")
        """,
        "when it was closed",
    ),
    "it keeps what all of its kind see": (
        """
        seen = []

        @hookimpl
        def filter_registration(self, registration):
            \"\"\"Drop nobody.\"\"\"
            self.seen.append(registration.id)
        """,
        "is the same for all instances, and has changed",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_plugin_that_breaks_a_rule_is_told_with_a_remedy(
    fault: str, client: Callable[..., None], run: Callable[..., Any]
) -> None:
    code, said = BROKEN[fault]
    client(code)
    done = run("plugins", "--verify", "--configs", ".")

    assert done.status == 1, done.out
    [line, *_] = [line for line in done.out.splitlines() if said in line]
    assert line.startswith("error: acme: Own: ")
    assert "; " in line
    assert SECRET not in done.out + done.err


def test_what_a_target_shows_and_compares_is_tried_as_well(
    tmp_path: Path, client: Callable[..., None], run: Callable[..., Any]
) -> None:
    (tmp_path / "clients" / "crm.py").write_text(
        dedent(
            '''
            """A target of this test."""

            from datetime import date

            from regbridge import Delivered, DeliveredPage, Outcome, TargetPlugin, hookimpl


            class Crm(TargetPlugin):
                """Delivers nowhere."""

                @hookimpl
                def deliver_records(self, records):
                    """Must not be called."""
                    raise SystemExit("somebody delivered")

                @hookimpl
                def list_delivered(self, page):
                    """Must not be called."""
                    raise SystemExit("somebody listed")

                @hookimpl
                def check_connection(self, target):
                    """Must not be called."""
                    raise SystemExit("somebody checked")

                def preview(self, record):
                    """Fail."""
                    raise KeyError("Mail")

                def as_delivered(self, record):
                    """Return what JSON has not."""
                    return Delivered("1", {"Day": date(2027, 3, 4)})
            '''
        ),
        encoding="utf-8",
    )
    client(targets={"crm": {"use": "crm.py:Crm", "map": {"Mail": "email"}}})
    done = run("plugins", "--verify", "--configs", ".", "--json")

    assert done.status == 1
    [acme] = done.json["clients"]
    crm = next(each for each in acme["plugins"] if each["plugin"] == "crm")
    messages = [broken["message"] for broken in crm["broken"]]
    assert any("preview: KeyError (crm.py:" in message for message in messages)
    assert "as_delivered: the field Day is date" in messages
    assert crm["records"] > 10
    assert all(broken["remedy"] and broken["rule"] for broken in crm["broken"])
    others = [each for each in acme["plugins"] if each["plugin"] != "crm"]
    assert all(each["broken"] == [] for each in others)


def test_clients_can_be_chosen_and_a_wrong_name_is_corrected(
    client: Callable[..., None], run: Callable[..., Any]
) -> None:
    client()
    client(name="other")

    chosen = run("plugins", "--verify", "--json", "--configs", ".", "other").json["clients"]
    assert [each["client"] for each in chosen] == ["other"]
    done = run("plugins", "--verify", "--configs", ".", "othr")
    assert done.status == 1
    assert "no client 'othr'; did you mean 'other'?" in done.out


def test_a_client_that_is_refused_is_told_and_the_others_are_tried(
    tmp_path: Path, client: Callable[..., None], run: Callable[..., Any]
) -> None:
    client()
    (tmp_path / "clients" / "bad.yaml").write_text("client: bad\n", encoding="utf-8")
    done = run("plugins", "--verify", "--configs", ".")

    assert done.status == 1
    assert "bad: its plugins cannot be tried" in done.out
    assert "yaml-map" in done.out


def test_a_plugin_that_cannot_be_made_without_a_network_is_refused_with_the_reason(
    client: Callable[..., None], run: Callable[..., Any]
) -> None:
    client(
        """
        def __init__(self, settings, context):
            super().__init__(settings, context)
            socket.create_connection(("127.0.0.1", 9), timeout=1)

        @hookimpl
        def filter_registration(self, registration):
            \"\"\"Drop nobody.\"\"\"
        """
    )
    done = run("plugins", "--verify", "--configs", ".")

    assert done.status == 1
    assert "there is no network while the rules are tried" in done.out


def test_clients_without_verify_are_a_mistake(run: Callable[..., Any]) -> None:
    done = run("plugins", "acme")
    assert done.status == 2
    assert "--verify" in done.err


def test_a_folder_without_clients_says_how_to_begin(
    tmp_path: Path, run: Callable[..., Any]
) -> None:
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    done = run("plugins", "--verify", "--configs", ".")
    assert done.status == 0
    assert "regbridge new-client" in done.out


def test_it_works_where_pytest_is_not_installed(
    tmp_path: Path, client: Callable[..., None]
) -> None:
    client()
    blocked = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('pytest', '_pytest', 'hypothesis'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from regbridge.cli import main\n"
        "main(['plugins', '--verify', '--configs', '.'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", blocked],
        cwd=tmp_path,
        env={
            **os.environ,
            "ACME_CVENT_TOKEN": "a-token",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "yaml-map" in done.stdout
