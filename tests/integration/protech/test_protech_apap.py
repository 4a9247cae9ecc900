"""The shipped client apap delivers what its cases say to a real service over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from regbridge import Level, OutcomeKind, Record, Registration
from regbridge.config.case_file import WrittenCase, cases_path, read_cases
from regbridge.config.loader import load_client
from regbridge.pipeline import Pipeline
from regbridge.preview import registrations_of
from regbridge.registry import build
from regbridge_protech.deliver import Protech
from regbridge_protech.simulator.app import Simulator
from regbridge_protech.simulator.contract import DATE, TEXTS

CONFIGS = Path(__file__).parents[3] / "configs"
APAP = CONFIGS / "clients" / "apap.yaml"
STAGED = [
    written
    for written in read_cases(cases_path(APAP))
    if "staging" in (written.case.expect.records or {})
]


class Running(Protocol):
    """The simulator of conftest.py."""

    simulator: Simulator
    url: str
    seen: list[tuple[dict[str, str], bytes]]


@pytest.fixture
def pipeline(service: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    for name in ("TOKEN", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"APAP_CVENT_{name}", "a secret")
    monkeypatch.setenv("APAP_CVENT_URL", "https://api-platform.cvent.com/ea")
    monkeypatch.setenv("APAP_PROTECH_URL", service.url)
    pipeline = build(load_client(CONFIGS, APAP))
    yield pipeline
    pipeline.close()


def staging_records(written: WrittenCase, pipeline: Pipeline) -> Sequence[Record]:
    target = pipeline.client.targets["staging"]
    records = []
    for registration in registrations_of(written.body, pipeline):
        assert isinstance(registration, Registration)
        answer = pipeline.map(replace(registration, enriched=written.case.enriched), target)
        assert isinstance(answer, Record)
        records.append(answer)
    return records


def expected_of(written: WrittenCase) -> Mapping[str, Any]:
    return (written.case.expect.records or {})["staging"]


@pytest.mark.parametrize("written", STAGED, ids=lambda written: written.case.name)
def test_the_service_receives_what_a_case_expects(
    written: WrittenCase, pipeline: Pipeline, service: Running
) -> None:
    records = staging_records(written, pipeline)

    [outcome] = pipeline.deliver(records, pipeline.client.targets["staging"])

    [staged] = service.simulator.staging.records
    assert (outcome.kind, outcome.external_id) == (OutcomeKind.CREATED, staged.guid)
    expected = expected_of(written)
    assert {name: staged.parameters[name] for name in expected} == {
        name: value or "" for name, value in expected.items()
    }


def test_the_settings_are_those_of_the_services_wsdl(pipeline: Pipeline) -> None:
    plugin = pipeline.target_plugin("staging")
    assert isinstance(plugin, Protech)

    found = plugin.check_connection(target=pipeline.client.targets["staging"])

    assert [finding.level for finding in found or ()] == [Level.OK]


def test_the_cases_show_every_parameter() -> None:
    assert set().union(*map(expected_of, STAGED)) == {*TEXTS, DATE}


@pytest.mark.parametrize("flag", [name for name in TEXTS if name.endswith("Flag")])
def test_the_cases_show_both_values_of_a_flag(flag: str) -> None:
    assert {expected_of(written).get(flag) for written in STAGED} >= {"yes", "no"}


def test_a_value_that_was_cleared_is_sent_as_empty_text(
    pipeline: Pipeline, service: Running
) -> None:
    [written] = [each for each in STAGED if each.case.name.startswith("who answered nothing")]

    pipeline.deliver(staging_records(written, pipeline), pipeline.client.targets["staging"])

    [(_, body)] = service.seen
    for name in ("szHeardAboutEvent", "szPaymentMethod"):
        assert f"<{name}/>".encode() in body or f"<{name}></{name}>".encode() in body
