"""The cases beside a client file: messages with what should become of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from regbridge.config.explain import explain
from regbridge.config.model import Model
from regbridge.config.place import located, place
from regbridge.config.yaml_file import YamlFile, read_yaml
from regbridge.errors import ConfigError
from regbridge.models import Finding, Level

_EVENT_TYPE = "InviteeOrGuestAccepted"
_MESSAGE_TIME = "2027-01-01T12:00:00.000Z"


class ExpectedError(Model):
    """A record that is parked because of one field."""

    field: Annotated[str, Field(min_length=1)]


class Expectation(Model):
    """What becomes of the case: one of a drop, records and an error.

    `drop` is a part of the reason. `records` holds, for each target that must get a record, the
    fields to compare; the record may have others.
    """

    drop: Annotated[str, Field(min_length=1)] | None = None
    records: Annotated[dict[str, dict[str, Any]], Field(min_length=1)] | None = None
    error: ExpectedError | None = None

    @model_validator(mode="after")
    def _one(self) -> Expectation:
        if [self.drop, self.records, self.error].count(None) != 2:
            raise ValueError("a case expects either drop, records or error")
        return self


class Case(Model):
    """A message, and what should become of each registration in it.

    The message is given by one of `payload` (a record alone, of the event type `event_type`),
    `message` (with its envelope) and `file` (a JSON file with a message, from the case file's
    folder). `enriched` stands for what the enrichment plugins would add, by their names.
    """

    name: Annotated[str, Field(min_length=1)]
    payload: dict[str, Any] | None = None
    message: dict[str, Any] | None = None
    file: Annotated[str, Field(min_length=1)] | None = None
    event_type: Annotated[str, Field(min_length=1)] = _EVENT_TYPE
    enriched: dict[str, dict[str, Any]] = Field(default_factory=dict)
    expect: Expectation

    @model_validator(mode="after")
    def _one_message(self) -> Case:
        if [self.payload, self.message, self.file].count(None) != 2:
            raise ValueError("a case has either payload, message or file")
        if self.payload is None and "event_type" in self.model_fields_set:
            raise ValueError("event_type goes with payload; a message says its own eventType")
        return self


@dataclass(frozen=True, slots=True)
class WrittenCase:
    """A case as it stands in a file: `where` is its line, `body` its message as Cvent posts it."""

    case: Case
    where: str
    body: bytes


def cases_path(client_path: Path) -> Path:
    """Return where the cases of a client file are, if it has any."""
    return client_path.with_name(f"{client_path.stem}.cases.yaml")


def read_cases(path: Path) -> list[WrittenCase]:
    """Read a case file. Raises `ConfigError` with all that is wrong with it at once."""
    file = read_yaml(path, top=list)
    cases: list[WrittenCase] = []
    findings: list[Finding] = []
    for index, value in enumerate(file.value):
        try:
            cases.append(_read_case(file, index, value))
        except ConfigError as error:
            findings += located(error.findings, file.origins)
    if not file.value:
        findings.append(Finding(Level.ERROR, "the file has no cases", place(path, 1), "add one"))
    if findings:
        raise ConfigError(findings)
    return cases


def _read_case(file: YamlFile, index: int, value: Any) -> WrittenCase:
    try:
        case = Case.model_validate(value)
    except ValidationError as error:
        raise ConfigError(explain(error, Case, (index,))) from None
    if case.file is not None:
        body = _read_body(file.path.parent / case.file, index)
    else:
        body = json.dumps(_envelope(case) if case.message is None else case.message).encode()
    return WrittenCase(case, place(file.path, file.lines[(index,)]), body)


def _envelope(case: Case) -> dict[str, Any]:
    return {
        "eventType": case.event_type,
        "messageTime": _MESSAGE_TIME,
        "messageStub": "case",
        "message": [case.payload],
    }


def _read_body(path: Path, index: int) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"the file {path.name} cannot be read ({error.strerror})"
        finding = Finding(Level.ERROR, message, remedy="correct the path", path=(index, "file"))
        raise ConfigError([finding]) from None
