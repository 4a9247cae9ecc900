"""What a reader copies from the documents works, and the references leave nothing out."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import requests
import typer
import yaml
from docs.generate.github import slug
from pydantic import BaseModel, SecretStr

from regbridge import (
    AmbiguousError,
    CredentialsError,
    Outcome,
    Record,
    Registration,
    RetryableError,
)
from regbridge.cases import run_cases
from regbridge.cli import app
from regbridge.cli.timings import COLUMNS
from regbridge.config.alerts import AlertsConfig, EmailConfig, WebhookConfig
from regbridge.config.api import ApiConfig
from regbridge.config.case_file import Case
from regbridge.config.encryption import EncryptionConfig
from regbridge.config.loader import load_client, load_host
from regbridge.config.metrics import MetricsConfig
from regbridge.config.ready import ReadyConfig
from regbridge.config.schema import (
    ClientConfig,
    EndpointConfig,
    EventConfig,
    HostConfig,
    PluginUse,
    PostgresqlConfig,
    ProductConfig,
    QuestionConfig,
    RetryConfig,
    TargetConfig,
    WorkerConfig,
)
from regbridge.models import Kind
from regbridge.pipeline import Pipeline
from regbridge.registry import build
from regbridge.store.pauses import Cause
from regbridge.store.revisions import _STRENGTH
from regbridge.store.tables import State
from regbridge.timings import Stage
from regbridge.web.api.document import ERRORS, MOST_DIFFERENCES, PATHS
from regbridge.web.errors import ANSWERS
from regbridge.worker.schedule import Limits, delay
from regbridge_rules.entry import KEYS

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
BASE = "time_zone: UTC\nplugins: [cvent-token]\n"
COMMANDS: dict[str, Any] = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
MODELS: dict[str, type[BaseModel]] = {
    "The host": HostConfig,
    "The worker": WorkerConfig,
    "Retries": RetryConfig,
    "Encryption": EncryptionConfig,
    "Alerts": AlertsConfig,
    "E-mail": EmailConfig,
    "A webhook": WebhookConfig,
    "The API": ApiConfig,
    "Metrics": MetricsConfig,
    "Readiness": ReadyConfig,
    "PostgreSQL": PostgresqlConfig,
    "A client": ClientConfig,
    "An endpoint": EndpointConfig,
    "An event": EventConfig,
    "A question": QuestionConfig,
    "A product": ProductConfig,
    "A target": TargetConfig,
    "A plugin": PluginUse,
}


@pytest.fixture(autouse=True)
def _tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("TOKEN", "TOKEN_2", "CLIENT_ID", "CLIENT_SECRET")
    others = ("APAP_DYNAMICS_SECRET", "MEMBER_SERVICE_TOKEN")
    for name in (*(f"APAP_CVENT_{each}" for each in names), *others):
        monkeypatch.setenv(name, "a token")
    for year in ("2026", "2027"):
        key = base64.b64encode(year.encode() * 8).decode()
        monkeypatch.setenv(f"REGBRIDGE_LEDGER_KEY_{year}", key)
    monkeypatch.setenv("REGBRIDGE_MAIL_PASSWORD", "a password")
    for role in ("", "LOOK_"):
        monkeypatch.setenv(f"REGBRIDGE_CONSOLE_{role}PASSWORD", "a password of the console")
    monkeypatch.setenv("REGBRIDGE_ALERT_URL", "https://chat.example.org/hook")
    monkeypatch.setenv("REGBRIDGE_API_TOKEN", "a-token-of-the-API-for-monitoring")
    monkeypatch.setenv("REGBRIDGE_METRICS_TOKEN", "a-token-of-the-Prometheus")
    monkeypatch.setenv("REGBRIDGE_DATABASE", "postgresql+psycopg://u:p@db.example.org/regbridge")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, *languages: str) -> list[str]:
    """Return a page's blocks of code in some languages, without their indentation."""
    return [
        re.sub(f"^{indent}", "", text, flags=re.MULTILINE)
        for indent, language, text in BLOCK.findall(text_of(page))
        if language in languages
    ]


def examples(start: str) -> Iterator[Any]:
    """Yield every YAML block of every page that starts with a text."""
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        for number, text in enumerate(blocks(name, "yaml")):
            if text.startswith(start):
                yield pytest.param(text, id=f"{name} {number}")


def section(page: str, title: str) -> str:
    """Return what is under a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", text_of(page), re.S | re.M)
    assert found, f"{page} has no heading {title!r}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables in a text, without their headings."""
    lines = [line.strip("| ") for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r" +\| *|\| +", line) for line in lines]
    dashes = [number for number, line in enumerate(lines) if set(line) <= set("-|")]
    headings = {number - 1 for number in dashes} | set(dashes)
    return [row for number, row in enumerate(cells) if number not in headings]


def names(text: str) -> list[str]:
    return [row[0].strip("`") for row in rows(text)]


def write_client(folder: Path, text: str, cases: str = "") -> Path:
    (folder / "clients").mkdir(exist_ok=True)
    (folder / "base.yaml").write_text(BASE, encoding="utf-8")
    client = folder / "clients/apap.yaml"
    client.write_text(text, encoding="utf-8")
    if cases:
        client.with_name("apap.cases.yaml").write_text(cases, encoding="utf-8")
    return client


def pipeline_of(folder: Path, text: str) -> Pipeline:
    return build(load_client(folder, write_client(folder, text)))


def client_with(**parts: Any) -> str:
    """Return a client file that has everything, with some parts replaced."""
    client: dict[str, Any] = {
        "client": "apap",
        "endpoints": {"reg": {"path": "/reg", "tokens": [{"env": "APAP_CVENT_TOKEN"}]}},
        "targets": {
            "registrations": {
                "use": "files",
                "settings": {"path": "a.jsonl"},
                "map": {"A": "firstName"},
            }
        },
    }
    return yaml.safe_dump(client | parts)


@pytest.mark.parametrize("text", [*examples("client:")])
def test_a_client_file_that_a_page_shows_starts(text: str, tmp_path: Path) -> None:
    pipeline_of(tmp_path, text).close()


@pytest.mark.parametrize("text", [*examples("host:")])
def test_a_host_block_that_a_page_shows_loads(text: str, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(text, encoding="utf-8")
    assert load_host(tmp_path).config.model_fields_set


@pytest.mark.parametrize("text", [*examples("endpoints:")])
def test_an_endpoint_that_a_page_shows_loads(text: str, tmp_path: Path) -> None:
    for name in re.findall("file: (.*)", text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"the token in {name}", encoding="utf-8")
    pipeline = pipeline_of(tmp_path, client_with(**yaml.safe_load(text)))
    assert len(pipeline.client.endpoints["CventReg"].tokens) == 2


def test_every_entry_of_the_mapping_guide_works_with_a_sample_registration(tmp_path: Path) -> None:
    entries: dict[str, Any] = {}
    for text in blocks("docs/how-to/write-a-mapping.md", "yaml"):
        if not text.startswith("client:"):
            entries |= yaml.safe_load(text)
    target = {"use": "files", "settings": {"path": "a.jsonl"}, "map": entries}
    pipeline = pipeline_of(tmp_path, client_with(targets={"crm": target}))
    sample = "sample_payloads/InviteeOrGuestAccepted--registered/request.json"
    [fields] = json.loads(text_of(sample))["message"]
    record = pipeline.map(registration(**fields), pipeline.client.targets["crm"])
    assert isinstance(record, Record)
    assert record.fields["LastName"] == fields["lastName"]
    assert record.fields["MemberType"] == "member"
    assert record.fields["Substitution"] == "no"
    assert record.fields["Member"] == "Y"
    assert set().union(*(e for e in entries.values() if isinstance(e, dict))) == KEYS


def test_the_tutorials_client_passes_the_tutorials_case(tmp_path: Path) -> None:
    client, _host, case = blocks("docs/tutorial.md", "yaml")
    client = client.replace("max_length: 10", "max_length: 20")
    client_file = load_client(tmp_path, write_client(tmp_path, client, case))
    assert run_cases(client_file, build(client_file)) == []


def test_the_cases_of_the_guide_pass_at_the_tutorials_client(tmp_path: Path) -> None:
    client = blocks("docs/tutorial.md", "yaml")[0]
    client = client.replace("  - cvent-token", "  - cvent-token\n  - skip-guests")
    cases = blocks("docs/how-to/test-a-client.md", "yaml")[0]
    client_file = load_client(tmp_path, write_client(tmp_path, client, cases))
    assert run_cases(client_file, build(client_file)) == []


def test_the_filter_of_the_plugin_guide_drops_what_it_says(tmp_path: Path) -> None:
    page = "docs/how-to/write-a-filter-or-plugin.md"
    use = yaml.safe_load(blocks(page, "yaml")[0])
    write_client(tmp_path, "")
    (tmp_path / "clients/skip_types.py").write_text(blocks(page, "python")[0], encoding="utf-8")
    pipeline = pipeline_of(tmp_path, client_with(**use))
    drop = pipeline.filter(registration(registrationType="Press"))
    assert drop is not None
    assert drop.reason == "registration type Press"
    assert pipeline.filter(registration(registrationType="Member")) is None


def registration(**fields: Any) -> Registration:
    return Registration(
        1, "apap", "reg", Kind.REGISTRATION, "InviteeOrGuestAccepted", fields, subject="a"
    )


@pytest.fixture
def member_service(tmp_path: Path) -> Iterator[Pipeline]:
    page = "docs/how-to/write-a-filter-or-plugin.md"
    write_client(tmp_path, "")
    code = blocks(page, "python")[1]
    (tmp_path / "clients/member_service.py").write_text(code, encoding="utf-8")
    pipeline = pipeline_of(tmp_path, client_with(**yaml.safe_load(blocks(page, "yaml")[1])))
    yield pipeline
    pipeline.close()


def deliver(pipeline: Pipeline) -> Outcome:
    record = Record({"Email": "ada@example.com"}, delivery=1, registrant="registration:e:i")
    return pipeline.deliver([record], pipeline.client.targets["members"])[0]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (201, Outcome.created()),
        (204, Outcome.updated()),
        (422, Outcome.rejected("the member service answers 422")),
    ],
)
def test_the_target_of_the_plugin_guide_answers_for_its_record(
    status: int, outcome: Outcome, member_service: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def put(_session: requests.Session, url: str, **_options: Any) -> requests.Response:
        asked.append(url)
        answer = requests.Response()
        answer.status_code = status
        return answer

    monkeypatch.setattr(requests.Session, "put", put)
    assert deliver(member_service) == outcome
    assert asked == ["https://members.example.org/api/registrations/registration%3Ae%3Ai"]


@pytest.mark.parametrize(
    ("status", "error"), [(401, CredentialsError), (503, RetryableError), (None, AmbiguousError)]
)
def test_the_target_of_the_plugin_guide_raises_what_became_of_the_call(
    status: int | None,
    error: type[Exception],
    member_service: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def put(*_: Any, **_options: Any) -> requests.Response:
        if status is None:
            raise requests.ReadTimeout
        answer = requests.Response()
        answer.status_code = status
        return answer

    monkeypatch.setattr(requests.Session, "put", put)
    with pytest.raises(error):
        deliver(member_service)


def command_lines() -> Iterator[Any]:
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        for text in blocks(name, "sh", "powershell", "ini"):
            for line in re.findall(r"(?:^|bin/|Scripts\\)regbridge (.+)$", text, re.MULTILINE):
                yield pytest.param(shlex.split(line), id=f"{name}: {line}")


@pytest.mark.parametrize("words", [*command_lines()])
def test_every_command_line_that_a_page_shows_is_accepted(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    while hasattr(command, "get_command"):  # a plugin's command has commands of its own
        name, *words = words
        command = command.get_command(None, name)
    command.make_context(name, words, resilient_parsing=False)


def test_the_readme_shows_the_commands_of_a_first_client() -> None:
    shown = " ".join(blocks("README.md", "sh"))
    missing = [
        name
        for name in ("demo", "new-client", "check", "serve", "send", "status", "show")
        if f"regbridge {name}" not in shown
    ]
    assert missing == []


def test_the_reference_has_every_command_in_the_order_of_help() -> None:
    titles = re.findall(r"^## (.+)$", text_of("docs/reference/cli.md"), re.MULTILINE)
    assert titles == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_has_every_option_of_a_command(name: str) -> None:
    options = [
        parameter.opts[0] if parameter.param_type_name == "option" else parameter.name.upper()
        for parameter in COMMANDS[name].params
    ]
    documented = [cell.partition("`,")[0] for cell in names(section("docs/reference/cli.md", name))]
    assert documented == options


def nested() -> Iterator[tuple[str, Any]]:
    """Yield the commands of commands by the names of their headings."""
    for name, command in COMMANDS.items():
        for inner, found in getattr(command, "commands", {}).items():
            yield f"{name} {inner}", found


@pytest.mark.parametrize(("title", "command"), [*nested()])
def test_the_reference_has_every_option_of_a_command_of_a_command(title: str, command: Any) -> None:
    text = text_of("docs/reference/cli.md")
    found = re.search(rf"^### {title}\n(.*?)(?=^#|\Z)", text, re.S | re.M)
    assert found, f"there is no heading {title!r}"
    documented = {cell.partition("`,")[0] for cell in names(found[1])}
    assert documented == {
        parameter.opts[0] if parameter.param_type_name == "option" else parameter.name.upper()
        for parameter in command.params
    }


@pytest.mark.parametrize("title", MODELS)
def test_the_reference_has_every_key_with_its_default(title: str) -> None:
    table = rows(section("docs/reference/configuration.md", title))
    documented = {row[0].strip("`"): row[1].strip("`") for row in table}
    assert documented == {
        name: default_of(field) for name, field in MODELS[title].model_fields.items()
    }


def default_of(field: Any) -> str:
    """Return a default as the reference writes it."""
    if field.is_required():
        return "required"
    match field.get_default(call_default_factory=True):
        case None | {} | []:
            return "none"
        case bool() as truth:
            return str(truth).lower()
        case SecretStr() as secret:
            return secret.get_secret_value()
        case PluginUse() as plugin:
            return plugin.use
        case BaseModel():
            return "below"
        case bool() as value:
            return str(value).lower()
        case list() as values:
            return f"[{', '.join(values)}]"
        case Enum() as value:
            return str(value)
        case value:
            return str(value)


def test_the_reference_has_every_key_of_a_map_and_of_a_case() -> None:
    page = "docs/reference/configuration.md"
    assert set(names(section(page, "An entry of a map"))) == KEYS
    assert names(section(page, "A case")) == list(Case.model_fields)


def test_the_kinds_of_a_target_are_all_named() -> None:
    [row] = [
        row
        for row in rows(section("docs/reference/configuration.md", "A target"))
        if row[0] == "`kinds`"
    ]
    assert set(re.findall(r"`([\w-]+)`", row[-1])) == {kind.value for kind in Kind}


def test_the_states_are_all_explained_and_ranked_as_the_ledger_ranks_them() -> None:
    page = "docs/reference/states.md"
    explained = names(section(page, "Receipts")) + names(
        section(page, "Registrations and deliveries")
    )
    assert {name for name in explained if name in set(State)} == set(State)
    assert " > ".join(_STRENGTH) in section(page, "One state out of several deliveries")
    assert set(names(section(page, "Pauses"))) == set(Cause)


def test_the_stages_of_timings_are_explained_in_their_order_and_their_columns_too() -> None:
    text = section("docs/reference/cli.md", "What timings mean")
    assert names(text) == [*Stage, *COLUMNS.values()]
    columns = rows(text)[len(Stage) :]
    assert [row[1].strip("`") for row in columns] == list(COLUMNS)


def test_the_retry_schedule_is_the_one_that_is_documented() -> None:
    units = {"s": 1, "min": 60}
    documented = []
    for attempts, wait in rows(section("docs/reference/states.md", "Tries"))[:-1]:
        first, _, last = attempts.partition(" to ")
        number, unit = wait.split()
        waits = range(int(first), int(last or first) + 1)
        documented += [float(number) * units[unit] for _ in waits]
    assert documented == [delay(attempt, 0) for attempt in range(1, Limits().attempts)]


def test_the_http_reference_has_every_status_that_an_error_is_answered_with() -> None:
    documented = {row[0].split()[0] for row in rows(section("docs/reference/http.md", "Answers"))}
    assert {str(int(answer.status)) for answer in ANSWERS.values()} <= documented
    assert {"200", "404", "405", "413", "415", "500"} <= documented


def test_the_api_reference_has_every_path_with_its_parameters_and_every_error() -> None:
    page = "docs/reference/api.md"
    documented = {row[0].strip("`"): row[1] for row in rows(section(page, "Paths"))}
    parameters = {
        path: [each["name"] for each in of["get"].get("parameters", ()) if each["in"] == "query"]
        for path, of in PATHS.items()
    }
    assert {path: re.findall("`([a-z]+)`", cell) for path, cell in documented.items()} == parameters
    assert str(MOST_DIFFERENCES) in documented["/proofs/{client}/{event}/differences"]
    assert {row[0][:3] for row in rows(section(page, "Errors"))} == {*ERRORS, "405"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_json_block_is_json(page: Path) -> None:
    for text in blocks(page.relative_to(ROOT).as_posix(), "json"):
        json.loads(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_heading_finds_it(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s#]*)#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    missing = []
    for target, anchor in links:
        text = (page.parent / target if target else page).read_text(encoding="utf-8")
        titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        if anchor not in {slug(title, "-") for title in titles}:
            missing.append(f"{target}#{anchor}")
    assert missing == []
