"""A host in a process of its own, its vendors, and plugins with bugs, full of canaries.

Every secret and everything personal is a text that stands nowhere else, so that a search for it
finds each place where it came out.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from tests.simulated import STAGING, dynamics_settings, protech_target

from regbridge.testing.payloads import EVENT, encode, live, registrant
from regbridge.testing.server import LocalServer
from regbridge_cvent.simulator import Behaviour, CventSimulator, Population
from regbridge_dynamics.simulator.dataverse import DataverseSimulator
from regbridge_dynamics.simulator.tokens import Application
from regbridge_protech.simulator.app import PATH as PROTECH_PATH
from regbridge_protech.simulator.app import Simulator as Protech
from regbridge_protech.simulator.behaviour import Script, refusal

PATH = "/cvent/canary/CventReg"
RUN = """
from regbridge.alerts import watch
from regbridge.cli import main

watch.EVERY_SECONDS = 0.5
main()
"""
SECONDS = 60.0

KEY = base64.urlsafe_b64encode(b"canary of the encryption key 32b").decode()
SECRETS: Mapping[str, str] = {
    "CANARY_TOKEN": "canary-token-Vq7",
    "CANARY_OLD_TOKEN": "canary-old-token-Wr8",
    "CANARY_CVENT_SECRET": "canary-cvent-secret-Xs9",
    "CANARY_DATAVERSE_SECRET": "canary-dataverse-secret-Yt1",
    "CANARY_PROTECH_PASSWORD": "canary-protech-password-Zu2",
    "CANARY_CONSOLE_PASSWORD": "canary-console-password-Av3",
    "CANARY_LOOK_PASSWORD": "canary-look-password-Bw4",
    "CANARY_API_TOKEN": "canary-api-token-for-monitors-Cx5",
    "CANARY_MAIL_PASSWORD": "canary-mail-password-Dy6",
    "CANARY_ALERT_URL": "",  # of a server whose port is known later
    "CANARY_PLUGIN_KEY": "canary-plugin-key-Ez7",
    "CANARY_ENCRYPTION_KEY": KEY,
    "CANARY_LITERAL": "canary-literal-Fa8",
    "CANARY_DATABASE": "postgresql+psycopg://canary:canary-database-Gb9@127.0.0.1:9/none",
    "CANARY_WRONG_TOKEN": "canary-wrong-token-Hc1",
}
HIDDEN = (
    *(value for value in SECRETS.values() if value and "://" not in value),
    "canary-database-Gb9",
    "canary-alert-path-Id2",
    "canary of the encryption key 32b",
)
"""What no text may hold: the secrets, what is secret in a URL, and the key as it is used."""

NAMED: Mapping[str, str] = {
    "first name": "Xanthippe",
    "last name": "Quillfeather",
    "address": "xanthippe.quillfeather@canary.example",
}
"""By these people are found, and so the ledger keeps them readable."""

PRIVATE: Mapping[str, str] = {
    "phone": "+1 917 555 0142",
    "street": "17 Marzipanovsky Lane",
    "custom field": "zwieback-7731",
    "answer": "gluten-phobia-8842",
    "corrected": "Grand Trombonist",
}
"""What else people wrote."""

TROUBLE = '''
"""Plugins that do what nobody should."""

import logging

import structlog

from regbridge import (
    CredentialsError, Outcome, Plugin, Secret, Settings, TargetPlugin, hookimpl
)


class Keyed(Settings):
    key: Secret


class Trouble(Plugin):
    settings_model = Keyed
    batch_size = 1

    def _all(self, thing):
        key = self.settings.key.get_secret_value()
        structlog.get_logger().warning("asked", key=key, settings=repr(self.settings))
        logging.getLogger("trouble").error("asked with %s of %r", key, self.context)
        return f"{thing!r} {self.settings!r} {self.context!r} {key}"

    @hookimpl
    def authenticate_request(self, request):
        if "x-trouble" in request.headers:
            raise ValueError(f"{dict(request.headers)} {self._all(request)}")

    @hookimpl
    def filter_registration(self, registration):
        if registration.fields["company"] == "FILTER":
            raise ValueError(f"{dict(registration.fields)} {self._all(registration)}")

    @hookimpl
    def enrich_registrations(self, registrations):
        for each in registrations:
            if each.fields["company"] == "ENRICH":
                raise KeyError(each.fields["lastName"] + " has no answer " + self._all(each))
        return [{"diet": "ANSWER"} for _ in registrations]


class Crm(TargetPlugin):
    settings_model = Keyed

    @hookimpl
    def deliver_records(self, records):
        [record] = records
        match record.fields["Company"]:
            case "DELIVER":
                raise ValueError(f"nobody is called {record.fields['Name']} {record.fields}")
            case "CREDENTIALS" if record.attempt == 1 and not hasattr(self, "refused"):
                self.refused = True
                key = self.settings.key.get_secret_value()
                said = f"the CRM refuses {record.fields['Name']} with the key {key}"
                raise CredentialsError(said, detail=said)
        return [Outcome.created("1")]

    @hookimpl
    def check_connection(self, target):
        raise RuntimeError(f"{self.settings!r} {self.settings.key.get_secret_value()}")
'''.replace("ANSWER", PRIVATE["answer"])


@dataclass
class Site:
    """The configuration, the vendors, and all that came out of anything, by where it came out."""

    folder: Path
    dataverse: DataverseSimulator
    protech: Protech
    traces: dict[str, bytes] = field(default_factory=dict)
    about_people: dict[str, bytes] = field(default_factory=dict)
    alerts: list[bytes] = field(default_factory=list)

    @property
    def delivered(self) -> str:
        """What the targets have."""
        lines = (self.folder / "delivered.jsonl").read_text(encoding="utf-8")
        return lines + json.dumps(self.dataverse.tables[STAGING])


def persons(number: int, company: str) -> dict[str, Any]:
    """Return somebody's record; what they wrote is planted."""
    fields: dict[str, Any] = {
        "firstName": NAMED["first name"],
        "lastName": NAMED["last name"],
        "fullName": f"{NAMED['first name']} {NAMED['last name']}",
        "email": f"{number}.{NAMED['address']}",
        "mobilePhone": PRIVATE["phone"],
        "workPhone": PRIVATE["phone"],
        "workAddress1": PRIVATE["street"],
        "company": company,
    }
    record = registrant(number, **fields)
    record["customFields"][0]["value"] = PRIVATE["custom field"]
    return record


COMPANIES = ("WELL", "FILTER", "ENRICH", "DELIVER", "CREDENTIALS", "PROTECH", "DATAVERSE")
"""What happens to a registration is told by its company."""


@contextmanager
def site(folder: Path, setenv: Callable[[str, str], None]) -> Iterator[Site]:
    """Run the vendors, and write the configuration."""
    cvent = CventSimulator(
        Population(10), Behaviour(), client_secret=SECRETS["CANARY_CVENT_SECRET"]
    )
    application = Application(secret=SECRETS["CANARY_DATAVERSE_SECRET"])
    dataverse = DataverseSimulator(applications=[application])
    protech = Protech(Script(()), security_password=SECRETS["CANARY_PROTECH_PASSWORD"])
    alerts: list[bytes] = []

    def take_alert(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        alerts.append(environ["wsgi.input"].read())
        start_response("204 No Content", [])
        return []

    with (
        cvent.serving() as cvent_url,
        dataverse,
        LocalServer(protech) as protech_server,
        LocalServer(take_alert) as alert_server,
    ):
        for name, value in SECRETS.items():
            setenv(name, value)
        setenv("CANARY_ALERT_URL", f"{alert_server.url}/canary-alert-path-Id2")
        setenv("CANARY_CVENT_URL", cvent_url)
        setenv("CANARY_CVENT_ID", cvent.credentials.client_id)
        setenv("REGBRIDGE_CONFIGS", str(folder))
        found = Site(folder, dataverse, protech, alerts=alerts)
        write(folder, dataverse.url, protech_server.url + PROTECH_PATH)
        yield found


def write(folder: Path, dataverse: str, protech: str) -> None:
    """Write the configuration: a client with everything, and one that does not start."""
    (folder / "clients").mkdir()
    (folder / "clients/trouble.py").write_text(TROUBLE, encoding="utf-8")
    (folder / "base.yaml").write_text(json.dumps({"host": host()}), encoding="utf-8")
    token = {"env": "CANARY_TOKEN"}
    client = {
        "client": "canary",
        "endpoints": {"CventReg": {"path": PATH, "tokens": [{"env": "CANARY_OLD_TOKEN"}, token]}},
        "events": {"conference": {"id": EVENT}},
        "plugins": plugins(),
        "targets": targets(dataverse, protech),
    }
    (folder / "clients/canary.yaml").write_text(json.dumps(client), encoding="utf-8")
    literal = {"path": "/literal", "tokens": [SECRETS["CANARY_LITERAL"]]}
    wrong = client | {"client": "wrong", "endpoints": {"CventReg": literal}}
    (folder / "clients/wrong.yaml").write_text(json.dumps(wrong), encoding="utf-8")


def host(**changes: Any) -> dict[str, Any]:
    """Return the host's settings."""
    email = {
        "host": "127.0.0.1",
        "port": 9,
        "tls": "none",
        "username": "canary",
        "password": {"env": "CANARY_MAIL_PASSWORD"},
        "sender": "regbridge@example.org",
        "to": ["it@example.org"],
    }
    return {
        "encryption": {"keys": [{"env": "CANARY_ENCRYPTION_KEY"}]},
        "worker": {"poll_seconds": 0.1, "retry": {"attempts": 1, "bug_attempts": 1}},
        "alerts": {"email": email, "webhook": {"url": {"env": "CANARY_ALERT_URL"}}},
        "console": {
            "password": {"env": "CANARY_CONSOLE_PASSWORD"},
            "look_password": {"env": "CANARY_LOOK_PASSWORD"},
        },
        "metrics": {"open": True},
        "api": {"tokens": [{"env": "CANARY_API_TOKEN"}]},
    } | changes


def plugins() -> list[Any]:
    """Return what authenticates, filters and enriches."""
    account = {
        "url": {"env": "CANARY_CVENT_URL"},
        "client_id": {"env": "CANARY_CVENT_ID"},
        "client_secret": {"env": "CANARY_CVENT_SECRET"},
    }
    keyed = {"key": {"env": "CANARY_PLUGIN_KEY"}}
    return [
        {"use": "./trouble.py:Trouble", "settings": keyed},
        "cvent-token",
        {"use": "cvent-enrich", "settings": {"account": account, "include": ["contact"]}},
    ]


def targets(dataverse: str, protech: str) -> dict[str, Any]:
    """Return the targets: a file, a plugin with bugs, and the vendors."""
    file_map = {
        "Name": "fullName",
        "Phone": "mobilePhone",
        "Street": "workAddress1",
        "Member": "customFields[0].value",
        "Diet": "diet",
    }
    dynamics = dynamics_settings(dataverse, chunk_size=10, concurrency=1)
    staged = {
        "new_inviteeid": "registration.inviteeStub",
        "new_eventid": "event.id",
        "new_lastname": "lastName",
        "new_name": {"from": "join(' ', [company, workAddress1])"},
    }
    service = protech_target(protech, "mobilePhone")
    service["settings"]["parameters"].insert(
        0, {"name": "securityPassword", "secret": {"env": "CANARY_PROTECH_PASSWORD"}}
    )
    service["settings"]["success"] = {"json": "ok", "equals": True, "id": "id", "reason": "error"}
    return {
        "file": {"use": "files", "settings": {"path": "delivered.jsonl"}, "map": file_map},
        "crm": {
            "use": "./trouble.py:Crm",
            "settings": {"key": {"env": "CANARY_PLUGIN_KEY"}},
            "map": {"Name": "fullName", "Company": "company", "Phone": "workPhone"},
        },
        "dataverse": {
            "use": "dynamics",
            "settings": dynamics | {"client_secret": {"env": "CANARY_DATAVERSE_SECRET"}},
            "map": staged,
        },
        "protech": service,
    }


class Service:
    """`regbridge serve`, which logs all that it can."""

    def __init__(self, around: Site) -> None:
        self._site = around
        self._folder = around.folder
        with self._out("out").open("wb") as out, self._out("err").open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-c", RUN, *self._command()],
                stdout=out,
                stderr=err,
            )
        self.url = ""

    def wait_until_it_listens(self) -> None:
        """Wait until it says where."""
        text = self._wait_for(lambda: self._read("out"), lambda text: PATH in text)
        self.url = text.partition(" CventReg: ")[2].split(PATH)[0]

    def send(self, body: bytes, token: str = SECRETS["CANARY_TOKEN"], **headers: str) -> int:
        """Post a body as Cvent does; what comes back is searched too."""
        given = {"Authorization": token, **headers}
        return self.ask("POST", PATH, data=body, headers=given)

    def ask(self, method: str, path: str, *, names_people: bool = False, **options: Any) -> int:
        """Ask for anything; what comes back is searched too."""
        answer = requests.request(method, self.url + path, timeout=30, **options)
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        place = self._site.about_people if names_people else self._site.traces
        place[f"{method} {path} {len(place)}"] = head.encode() + b"\n" + answer.content
        return answer.status_code

    def log_in(self, password: str) -> requests.Session:
        """Log in to the console, if the password is right."""
        session = requests.Session()
        answer = session.post(f"{self.url}/console/login", {"password": password}, timeout=30)
        self._site.traces[f"login {len(self._site.traces)}"] = answer.content
        return session

    def wait_until_done(self) -> None:
        """Wait until nothing is pending any more but what waits for the CRM's credentials."""
        token = {"Authorization": f"Bearer {SECRETS['CANARY_API_TOKEN']}"}

        def pending() -> Any:
            answer = requests.get(f"{self.url}/api/v1/status", headers=token, timeout=30)
            seen = sum(row["count"] for row in answer.json()["registrations"])
            waiting = [row for row in answer.json()["deliveries"] if row["state"] == "pending"]
            return seen >= len(COMPANIES) and {row["target"] for row in waiting} == {"crm"}

        self._wait_for(pending, bool)
        self._wait_for(lambda: self._site.alerts, bool)

    def crash(self) -> None:
        """End it as a crash does, with what a crash writes down."""
        if os.name == "nt":
            self._process.kill()
        else:
            self._process.send_signal(signal.SIGABRT)
        self._process.wait(SECONDS)
        for name in ("out", "err", "log"):
            self._site.traces[f"serve, {name}"] = self._out(name).read_bytes()

    def close(self) -> None:
        """End it if it has not ended."""
        self._process.kill()
        self._process.wait(SECONDS)

    def _command(self) -> list[str]:
        log = str(self._out("log"))
        return ["serve", "--port", "0", "--log-level", "debug", "--log-file", log]

    def _out(self, name: str) -> Path:
        return self._folder / f"serve.{name}"

    def _read(self, name: str) -> str:
        path = self._out(name)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _wait_for(self, look: Callable[[], Any], is_enough: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + SECONDS
        while not is_enough(found := look()):
            said = "\n".join(map(self._read, ("out", "err", "log")))
            assert self._process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)
        return found


def messages() -> Iterator[bytes]:
    """Yield what Cvent sends: somebody for each thing that can happen."""
    for number, company in enumerate(COMPANIES, start=1):
        yield encode(live("InviteeOrGuestAccepted", persons(number, company)))


def make_vendors_complain(around: Site) -> None:
    """Let Protech's answer quote a person, as a business error does."""
    person = f"{NAMED['first name']} {NAMED['last name']} ({PRIVATE['phone']})"
    around.protech.script.treat_next(refusal(f"no member is called {person}"))


def forms(canary: str) -> Iterator[bytes]:
    """Yield the forms in which a text may come out."""
    yield canary.encode()
    yield json.dumps(canary)[1:-1].encode()
    yield quote(canary, safe="").encode()
    yield canary.lower().encode()
    yield canary.encode("utf-16-le")
    yield base64.b64encode(canary.encode()).rstrip(b"=")[:-1]
