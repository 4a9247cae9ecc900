"""Faults of the simulated Dataverse: scripted for the next call, or seeded by chance."""

from __future__ import annotations

import pytest
import requests
from tests.integration.dynamics.web_client import (
    WebClient,
    code_of,
    key,
    multipart,
    read_batch,
    request_part,
    target,
)

from regbridge_dynamics.simulator import DataverseSimulator, Fault, Faults

TABLE = "new_registrationstaging"


def test_an_unavailable_service_answers_503_in_html_and_does_nothing(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    simulator.fail_next(Fault.UNAVAILABLE)
    answer = client.patch(key("A"), {})
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/html")
    assert simulator.tables[TABLE] == []
    assert client.patch(key("A"), {}).status_code == 204


@pytest.mark.parametrize(
    ("fault", "written"), [(Fault.DROPPED_BEFORE, 0), (Fault.DROPPED_AFTER, 1)]
)
def test_a_connection_ends_without_an_answer_before_or_after_the_work(
    simulator: DataverseSimulator, client: WebClient, fault: Fault, written: int
) -> None:
    simulator.fail_next(fault)
    assert client.get("WhoAmI").status_code == 200
    with pytest.raises(requests.ConnectionError):
        client.patch(key("A"), {})
    assert len(simulator.tables[TABLE]) == written
    assert client.patch(key("A"), {}).status_code == 204


def test_a_call_that_wrote_nothing_keeps_its_answer(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    simulator.fail_next(Fault.DROPPED_AFTER)
    assert client.patch(key("A"), {"new_nothing": 1}).status_code == 400
    with pytest.raises(requests.ConnectionError):
        client.bulk("UpsertMultiple", [target("A")])


def test_a_race_refuses_only_an_upsert_that_would_make_a_record(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    client.patch(key("A"), {})
    simulator.fail_next(Fault.RACE, times=3)
    assert client.patch(key("A"), {}).status_code == 204
    assert client.bulk("UpsertMultiple", [target("A")]).status_code == 204
    assert code_of(client.patch(key("B"), {})) == (412, "0x80060892")
    bulk = client.bulk("UpsertMultiple", [target("A"), target("B")])
    assert code_of(bulk) == (412, "0x80060892")
    part = request_part("PATCH", f"/api/data/v9.2/{key('B')}", {})
    [answer] = read_batch(client.batch(multipart([part])))
    assert (answer.status, answer.code) == (412, "0x80060892")
    assert client.patch(key("B"), {}).status_code == 204


def test_a_part_of_a_batch_may_be_throttled(
    simulator: DataverseSimulator, client: WebClient
) -> None:
    simulator.fail_next(Fault.THROTTLED_PART)
    parts = [request_part("PATCH", f"/api/data/v9.2/{key(one)}", {}) for one in "AB"]
    answer = client.batch(multipart(parts), Prefer="odata.continue-on-error")
    found = read_batch(answer)
    assert [(one.status, one.headers.get("retry-after")) for one in found] == [
        (429, "1"),
        (204, None),
    ]


def statuses(seed: int) -> list[int]:
    with DataverseSimulator(faults=Faults(unavailable=0.5, seed=seed)) as simulator:
        client = WebClient(simulator)
        return [client.get("WhoAmI").status_code for _ in range(20)]


def test_the_same_seed_brings_the_same_faults() -> None:
    first = statuses(1)
    assert set(first) == {200, 503}
    assert first == statuses(1)
    assert first != statuses(2)
