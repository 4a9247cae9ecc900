"""Runs a client's cases: message in, expected drop, records or error out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from regbridge.config.case_file import WrittenCase, cases_path, read_cases
from regbridge.config.loader import ClientFile
from regbridge.errors import ConfigError, MalformedMessageError, RegbridgeError
from regbridge.message import Envelope, Revision, read_envelope, read_revisions
from regbridge.models import Drop, Finding, Level, Registration
from regbridge.nearest import did_you_mean
from regbridge.pipeline import Pipeline
from regbridge.registrations import from_revision, untaken


def run_cases(client_file: ClientFile, pipeline: Pipeline) -> list[Finding]:
    """Return a finding for everything that is not as the cases beside a client file expect.

    Nothing is enriched or delivered: what enrichment would add comes from the case.
    """
    path = cases_path(client_file.path)
    if not path.exists():
        return []
    try:
        cases = read_cases(path)
    except ConfigError as error:
        return list(error.findings)
    return [
        Finding(Level.ERROR, f"case {written.case.name!r}: {problem}", written.where)
        for written in cases
        for problem in case_problems(written, pipeline)
    ]


def case_problems(written: WrittenCase, pipeline: Pipeline) -> list[str]:
    """Return what is not as a case expects, each once; nothing is enriched or delivered."""
    return list(dict.fromkeys(_problems(written, pipeline)))


@dataclass(slots=True)
class _Result:
    """What became of one registration."""

    drops: list[str] = field(default_factory=list)
    records: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    error: str = ""
    error_field: str = ""

    def __str__(self) -> str:
        if self.error:
            at = f" (field {self.error_field})" if self.error_field else ""
            return f"the error {self.error!r}{at}"
        if self.records:
            return f"a record for {', '.join(self.records)}"
        return f"the drop {', '.join(dict.fromkeys(self.drops))!r}"


def _problems(written: WrittenCase, pipeline: Pipeline) -> Iterator[str]:
    try:
        envelope = read_envelope(written.body)
    except MalformedMessageError as error:
        yield str(error)
        return
    revisions = list(read_revisions(envelope, pipeline.client.kinds))
    if not revisions:
        yield "the message has no records"
    for revision in revisions:
        result = _run(revision, envelope, written.case.enriched, pipeline)
        yield from _differences(written, result, pipeline)


def _run(
    revision: Revision,
    envelope: Envelope,
    enriched: Mapping[str, Mapping[str, Any]],
    pipeline: Pipeline,
) -> _Result:
    """Do what the worker does, up to the records."""
    if revision.problem:
        return _Result(error=revision.problem, error_field=revision.field)
    endpoint = next(iter(pipeline.client.endpoints), "")
    try:
        registration = from_revision(revision, envelope, pipeline.client, endpoint)
        if drop := untaken(registration, pipeline.client) or pipeline.filter(registration):
            return _Result(drops=[drop.reason])
        return _map(replace(registration, enriched=enriched), pipeline)
    except RegbridgeError as error:
        return _Result(error=str(error), error_field=getattr(error, "field", None) or "")


def _map(registration: Registration, pipeline: Pipeline) -> _Result:
    result = _Result()
    for name, target in pipeline.client.targets.items():
        if registration.kind in target.kinds:
            answer = pipeline.map(registration, target)
            if isinstance(answer, Drop):
                result.drops.append(answer.reason)
            else:
                result.records[name] = answer.fields
    return result


def _differences(written: WrittenCase, result: _Result, pipeline: Pipeline) -> Iterator[str]:
    expect = written.case.expect
    if expect.error:
        if result.error_field != expect.error.field:
            yield f"expected an error at the field {expect.error.field}, got {result}"
    elif expect.drop:
        if result.records or not any(expect.drop in reason for reason in result.drops):
            yield f"expected the drop {expect.drop!r}, got {result}"
    else:
        for target, fields in (expect.records or {}).items():
            if target not in pipeline.client.targets:
                yield f"no target {target!r}; {did_you_mean(target, pipeline.client.targets)}"
            elif result.error or target not in result.records:
                yield f"expected a record for {target}, got {result}"
            else:
                yield from _field_differences(target, fields, result.records[target])


def _field_differences(
    target: str, expected: Mapping[str, Any], record: Mapping[str, Any]
) -> Iterator[str]:
    for name, value in expected.items():
        if name not in record:
            yield f"the record for {target} has no field {name!r}; {did_you_mean(name, record)}"
        elif _json(record[name]) != _json(value):
            yield f"{target}.{name} should be {_json(value)}, it is {_json(record[name])}"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=repr)
