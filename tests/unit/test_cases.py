"""Running the cases beside a client file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from regbridge import Client, Drop, Kind, Plugin, PluginContext, Record, Registration, Settings
from regbridge.cases import run_cases
from regbridge.config.loader import load_client
from regbridge.errors import RejectedError
from regbridge.hookspecs import hookimpl
from regbridge.models import Target
from regbridge.pipeline import NamedInstance, Pipeline
from regbridge.registry import to_client

CLIENT = """\
client: apap
endpoints: {CventReg: {path: /apap, tokens: [{env: APAP_TOKEN}]}}
events: {gala: {id: E1}}
targets:
  staging: {use: files}
  archive: {use: files, kinds: [registration, abandoned]}
kinds: {Gave-Up: abandoned}
"""

RECORD = "{eventStub: E1, inviteeStub: I1, firstName: Rory, isGuest: false}"

Run = Callable[[str], list[str]]


class Rules(Plugin):
    """Drops guests; maps a first name, which is required, to staging and an answer to archive."""

    @hookimpl
    def filter_registration(self, registration: Registration) -> Drop | None:
        return Drop("a guest of somebody") if registration.is_guest else None

    @hookimpl
    def map_registration(self, registration: Registration, target: Target) -> Record | Drop:
        document = registration.document()
        if target.name == "archive":
            if registration.kind is Kind.ABANDONED:
                return Drop("the archive takes no quitters")
            return Record({"Answer": document.get("answer")})
        if document.get("firstName") == "bug":
            raise ZeroDivisionError
        if not document.get("firstName"):
            raise RejectedError("a first name is required", field="FirstName")
        return Record({"FirstName": document["firstName"], "Event": document["event"]["name"]})


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APAP_TOKEN", "x")
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text("{}", encoding="utf-8")
    path = tmp_path / "clients" / "apap.yaml"
    path.write_text(CLIENT, encoding="utf-8")
    client_file = load_client(tmp_path, path)
    client: Client = to_client(client_file.config)
    rules = Rules(Settings(), PluginContext("rules", client, tmp_path))
    pipeline = Pipeline(client, [NamedInstance("rules", rules)])

    def run(cases: str) -> list[str]:
        path.with_name("apap.cases.yaml").write_text(cases, encoding="utf-8")
        return [str(finding) for finding in run_cases(client_file, pipeline)]

    return run


def case(expect: str, message: str = f"payload: {RECORD}", *more: str) -> str:
    lines = ["name: it", message, f"expect: {expect}", *more]
    return "- " + "\n  ".join(lines) + "\n"


@pytest.mark.parametrize(
    "cases",
    [
        case("{records: {staging: {FirstName: Rory, Event: gala}, archive: {}}}"),
        case("{drop: a guest}", f"payload: {RECORD}".replace("false", "true")),
        case("{error: {field: FirstName}}", f"payload: {RECORD}".replace("Rory", '""')),
        case("{error: {field: inviteeStub}}", "payload: {eventStub: E1}"),
        case(
            "{records: {archive: {Answer: 42}}}",
            f"payload: {RECORD}",
            "enriched: {x: {answer: 42}}",
        ),
        case("{drop: no target}", "payload: {contactStub: C1}", "event_type: ContactOptedOut"),
        case("{drop: quitters}", "payload: {eventStub: E1, email: a@b}", "event_type: Gave-Up"),
        case(
            "{records: {staging: {FirstName: Rory}}}",
            f"message: {{eventType: AttendeeManualSynced, message: [{RECORD}, {RECORD}]}}",
        ),
    ],
)
def test_a_case_that_is_as_expected_is_silent(run: Run, cases: str) -> None:
    assert run(cases) == []


@pytest.mark.parametrize(
    ("expect", "problem"),
    [
        ("{drop: a guest}", "expected the drop 'a guest', got a record for staging, archive"),
        (
            "{error: {field: FirstName}}",
            "expected an error at the field FirstName, got a record for staging, archive",
        ),
        ("{records: {stagin: {}}}", "no target 'stagin'; did you mean 'staging'?"),
        (
            "{records: {staging: {FirstNam: Rory}}}",
            "the record for staging has no field 'FirstNam'; did you mean 'FirstName'?",
        ),
        (
            "{records: {staging: {FirstName: Ronald}}}",
            'staging.FirstName should be "Ronald", it is "Rory"',
        ),
        ("{records: {archive: {Answer: ''}}}", 'archive.Answer should be "", it is null'),
    ],
)
def test_what_is_not_as_expected_is_a_finding(run: Run, expect: str, problem: str) -> None:
    assert run("# cases\n" + case(expect)) == [f"clients/apap.cases.yaml:2: case 'it': {problem}"]


def test_a_record_that_is_expected_and_not_made_is_a_finding(run: Run) -> None:
    guest = f"payload: {RECORD}".replace("false", "true")
    [problem] = run(case("{records: {staging: {}}}", guest))
    assert problem.endswith("expected a record for staging, got the drop 'a guest of somebody'")
    nameless = f"payload: {RECORD}".replace("Rory", '""')
    [problem] = run(case("{records: {archive: {}}}", nameless))
    assert problem.endswith("got the error 'a first name is required' (field FirstName)")
    [problem] = run(case("{drop: quitter}", "payload: {eventStub: E1, email: a@b}"))
    assert "got the error 'inviteeStub is missing" in problem


def test_one_and_true_are_told_apart(run: Run) -> None:
    cases = case(
        "{records: {archive: {Answer: 1}}}", f"payload: {RECORD}", "enriched: {x: {answer: true}}"
    )
    assert run(cases)[0].endswith("archive.Answer should be 1, it is true")


def test_a_bug_in_a_plugin_is_a_finding_and_not_a_crash(run: Run) -> None:
    bug = f"payload: {RECORD}".replace("Rory", "bug")
    [problem] = run(case("{records: {staging: {}}}", bug))
    assert "got the error 'the plugin rules failed (ZeroDivisionError)" in problem


def test_every_record_of_a_message_must_be_as_expected(run: Run) -> None:
    guest = RECORD.replace("false", "true")
    message = f"message: {{eventType: AttendeeManualSynced, message: [{RECORD}, {guest}]}}"
    [problem] = run(case("{drop: a guest}", message))
    assert "got a record for staging" in problem


def test_a_message_may_come_from_a_file_beside_the_cases(run: Run, tmp_path: Path) -> None:
    record = {"eventStub": "E1", "inviteeStub": "I1", "firstName": "Rory"}
    message = {"eventType": "AttendeeManualSynced", "message": [record]}
    path = tmp_path / "clients" / "request.json"
    path.write_text(json.dumps(message), encoding="utf-8")
    assert run(case("{records: {staging: {}}}", "file: request.json")) == []
    [problem] = run(case("{records: {staging: {}}}", "file: missing.json"))
    assert problem.startswith("clients/apap.cases.yaml:2: [0].file: the file missing.json cannot")


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("message: {}", "the body is not a Cvent message"),
        ("message: {eventType: X, message: []}", "the message has no records"),
    ],
)
def test_a_message_that_is_none_is_a_finding(run: Run, message: str, problem: str) -> None:
    assert problem in run(case("{drop: x}", message))[0]


def test_mistakes_in_the_case_file_are_all_found_with_their_lines(run: Run) -> None:
    found = run(
        "- name: one\n"
        "  payloud: {}\n"
        "  expect: {drop: x}\n"
        "- name: two\n"
        "  payload: {}\n"
        "  expect:\n"
        "    record: {}\n"
        "- name: three\n"
        "  payload: {}\n"
        "  message: {}\n"
        "  expect: {drop: x}\n"
        "- name: four\n"
        "  payload: {}\n"
        "  expect: {drop: x, error: {field: y}}\n"
        "- five\n"
    )
    assert found == [
        "clients/apap.cases.yaml:2: [0].payloud: unknown key 'payloud'; did you mean 'payload'?",
        "clients/apap.cases.yaml:7: [1].expect.record: unknown key 'record'; "
        "did you mean 'records'?",
        "clients/apap.cases.yaml:8: [2]: a case has either payload, message or file",
        "clients/apap.cases.yaml:14: [3].expect: a case expects either drop, records or error",
        "clients/apap.cases.yaml:15: [4]: a mapping (key: value) was expected",
    ]


def test_an_event_type_beside_a_whole_message_is_refused(run: Run) -> None:
    message = "message: {eventType: X, message: []}"
    assert "event_type goes with payload" in run(case("{drop: x}", message, "event_type: Y"))[0]


def test_a_case_file_without_cases_is_a_finding(run: Run) -> None:
    assert run("[]") == ["clients/apap.cases.yaml:1: the file has no cases; add one"]
    assert "the file is empty" in run("# soon\n")[0]
    assert "a list (- item) was expected" in run("name: x\n")[0]


def test_a_client_without_a_case_file_has_nothing_to_run(run: Run, tmp_path: Path) -> None:
    run("[]")
    (tmp_path / "clients" / "apap.cases.yaml").unlink()
    client_file = load_client(tmp_path, tmp_path / "clients" / "apap.yaml")
    assert run_cases(client_file, Pipeline(to_client(client_file.config), [])) == []
