"""What the README says is what the plugin does, and its examples run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from regbridge import Record, Target
from regbridge.testing.building import build_plugin
from regbridge.testing.server import LocalServer
from regbridge.testing.trial import Trial
from regbridge_http.deliver import Http
from regbridge_http.meaning import Meaning, meaning_of
from regbridge_http.settings import HttpSettings
from regbridge_http.signing import key_of, new_secret, signed_headers
from regbridge_http.simulator import FLAVOURS, Receiver

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SECRET = new_secret()
BODY = '{"type":"a","data":{"Name":"Zoë"}}'.encode()
NODE = shutil.which("node")


def rows(section: str) -> list[list[str]]:
    """Return the cells of a section's first table, without its head."""
    text = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    [table] = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)[:1]
    return [
        [cell.strip() for cell in line.strip("|\n").split(" | ")] for line in table.splitlines()
    ][2:]


def block(language: str, containing: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    [found] = [each for each in blocks if containing in each]
    return str(found)


def test_every_setting_is_in_the_table_with_its_default() -> None:
    table = {name.strip("`"): default.strip("`") for name, default, *_ in rows("Settings")}
    assert list(table) == list(HttpSettings.model_fields)
    usual = HttpSettings.model_validate({"url": "https://hooks.example.org/x"})
    for name, default in table.items():
        value = getattr(usual, name)
        if default == "required":
            assert HttpSettings.model_fields[name].is_required()
        elif default in ("none", "any"):
            assert not value
        else:
            assert str(value).removesuffix(".0") == default


def test_every_status_means_what_the_table_says() -> None:
    said: dict[int, str] = {}
    for statuses, meaning, *_ in rows("What an answer means"):
        for word in re.split(r", | such as ", statuses):
            if word.isdigit():
                said[int(word)] = meaning
            elif found := re.fullmatch(r"(\d)xx", word):
                said.update({int(found[1]) * 100 + n: meaning for n in range(100)})
            elif found := re.fullmatch(r"any other (\d)xx", word):
                known = set(said)
                hundred = range(int(found[1]) * 100, int(found[1]) * 100 + 100)
                said.update({status: meaning for status in hundred if status not in known})
    assert set(said) == set(range(200, 600))
    assert {status: meaning_of(status, {}).value for status in said} == said
    assert set(said.values()) == {meaning.value for meaning in Meaning}


def test_the_yaml_of_the_readme_sends_the_json_of_the_readme() -> None:
    receiver = Receiver(FLAVOURS["standard"], [SECRET])
    shown = json.loads(block("json", "registration.changed"))
    names = {"Email": "email", "FirstName": "firstName", "LastName": "lastName"}
    people = {ours: shown["data"][theirs] for theirs, ours in names.items()}
    event, invitee = shown["context"]["registrant"].split(":")[1:]
    record = {
        "eventStub": event,
        "inviteeStub": invitee,
        "contactStub": shown["context"]["contact"],
        "inviteeStatus": shown["data"]["Status"],
        **people,
    }
    message = {
        "eventType": "InviteeOrGuestAccepted",
        "messageTime": shown["timestamp"],
        "messageStub": "4A2F5E8E-6D5B-4F0C-9E57-6C1B5A3D2F10",
        "message": [record],
    }
    with (
        LocalServer(receiver) as server,
        Trial(
            "client: members\n" + block("yaml", "use: http"),
            plugins={"http": Http},
            environ={
                "MEMBERS_HOOK_URL": server.url + receiver.address,
                "MEMBERS_HOOK_SECRET": SECRET,
            },
        ) as trial,
    ):
        trial.send(message)
        trial.settle()
    [taken] = receiver.messages
    numbers = {"registration": 1, "delivery": 1}
    assert taken.content == {**shown, "context": {**shown["context"], **numbers}}


def test_the_receiver_in_python_takes_what_is_sent_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(block("python", "standardwebhooks"), "README.md", "exec"), names)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setenv("OTHER_SECRET", new_secret())
    record = Record({"Name": "Zoë"}, delivery=1)
    with LocalServer(names["receive"]) as server:
        for secret, wanted in (
            ("HOOK_SECRET", "created"),
            ("HOOK_SECRET", "created"),
            ("OTHER_SECRET", "CredentialsError"),
        ):
            settings = {"url": server.url, "secrets": [{"env": secret}]}
            plugin = build_plugin(Http, settings, target=Target("hook"))
            try:
                outcome = str(plugin.deliver_records([record])[0].kind)
            except Exception as error:
                outcome = type(error).__name__
            plugin.close()
            assert outcome == wanted
    assert capsys.readouterr().out.count("{'Name': 'Zoë'}\n") == 1


@pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
@pytest.mark.parametrize(
    ("secret", "age", "body", "outcome"),
    [
        (SECRET, 0, BODY, '[{"json":{"type":"a","data":{"Name":"Zoë"}}}]'),
        (new_secret(), 0, BODY, "not signed by regbridge"),
        (SECRET, 0, BODY.replace("Zoë".encode(), b"Eve"), "not signed by regbridge"),
        (SECRET, 600, BODY, "too old"),
    ],
)
def test_the_code_for_n8n_takes_what_is_signed_and_nothing_else(
    tmp_path: Path, secret: str, age: int, body: bytes, outcome: str
) -> None:
    headers = signed_headers(
        [key_of(new_secret()), key_of(SECRET)], "msg_1", int(time.time()) - age, BODY
    )
    given = {"headers": dict(headers), "secret": secret, "body": body.decode()}
    script = tmp_path / "node.js"
    script.write_text(
        f"const given = {json.dumps(given)};\n"
        "const $input = { first: () => ({ json: { headers: given.headers } }) };\n"
        "const $env = { REGBRIDGE_HOOK_SECRET: given.secret };\n"
        "const helpers = { getBinaryDataBuffer: async () => Buffer.from(given.body, 'utf8') };\n"
        f"(async function () {{\n{block('js', 'createHmac')}\n}}).call({{ helpers }})\n"
        "  .then((items) => console.log(JSON.stringify(items)), (e) => console.log(e.message));\n",
        encoding="utf-8",
    )
    ran = subprocess.run(
        [str(NODE), str(script)], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert ran.stdout.strip() == outcome
