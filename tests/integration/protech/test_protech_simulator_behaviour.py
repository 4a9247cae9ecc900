"""The simulator fails as it is told to, and keeps what it committed before it failed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from regbridge_protech.answer import Answer, Fault, Result, Unrecognized, read_answer
from regbridge_protech.operation import Binding, Operation, Parameter, XsdType
from regbridge_protech.request import build_request
from regbridge_protech.simulator.behaviour import (
    DROP_AFTER,
    DROP_BEFORE,
    HALF_ANSWER,
    NOT_FOUND,
    STAGE,
    Behaviour,
    Script,
    Trigger,
    fault,
    page,
    refusal,
    text_of,
)
from regbridge_protech.simulator.contract import DATE, TEXTS
from regbridge_protech.success import Failure, Success, guid_rule

OPERATION = Operation(
    "http://tempuri.org/",
    "UpdateUserInfo",
    (*map(Parameter, TEXTS), Parameter(DATE, XsdType.DATE_TIME, required=True)),
)
Serve = Callable[..., Any]


def send(
    service: Any, values: dict[str, str], binding: Binding = Binding.SOAP11, **changes: str
) -> requests.Response:
    request = build_request(service.url, OPERATION, binding, {**values, **changes})
    return requests.post(request.url, request.body, headers=dict(request.headers), timeout=10)


def said(answer: requests.Response, binding: Binding = Binding.SOAP11) -> Answer:
    return read_answer(OPERATION, binding, answer.content)


@pytest.mark.parametrize("binding", Binding)
@pytest.mark.parametrize("length", [36, 37, 100, 150, 151, 400])
def test_a_business_error_of_any_length_is_an_ordinary_answer(
    service: Any, values: dict[str, str], binding: Binding, length: int
) -> None:
    service.simulator.script.treat_next(refusal(text_of(length)))
    answer = send(service, values, binding)
    result = said(answer, binding)
    assert answer.status_code == 200
    assert isinstance(result, Result)
    assert len(result.text) == length
    assert isinstance(guid_rule(result.text), Failure)
    assert service.simulator.staging.records == ()


@pytest.mark.parametrize(
    ("binding", "code"), [(Binding.SOAP11, "Server"), (Binding.SOAP12, "Receiver")]
)
@pytest.mark.parametrize("commits", [True, False])
def test_a_fault_may_come_before_and_after_the_commit(
    service: Any, values: dict[str, str], binding: Binding, code: str, commits: bool
) -> None:
    service.simulator.script.treat_next(fault("The log is full.", commits=commits))
    answer = send(service, values, binding)
    assert answer.status_code == 500
    assert said(answer, binding) == Fault(code, "The log is full.")
    assert len(service.simulator.staging.records) == commits


def test_a_form_gets_a_fault_as_text(service: Any, values: dict[str, str]) -> None:
    service.simulator.script.treat_next(fault("The log is full."))
    answer = send(service, values, Binding.FORM)
    assert (answer.status_code, answer.text) == (500, "The log is full.")


@pytest.mark.parametrize("status", [200, 500, 502, 503])
@pytest.mark.parametrize("binding", Binding)
def test_an_html_page_may_come_with_any_status(
    service: Any, values: dict[str, str], binding: Binding, status: int
) -> None:
    service.simulator.script.treat_next(page(status))
    answer = send(service, values, binding)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    read = said(answer, binding)
    assert isinstance(read, Unrecognized)
    assert read.problem == "the answer is an HTML page"


@pytest.mark.parametrize("binding", Binding)
@pytest.mark.parametrize(
    ("behaviour", "committed"), [(DROP_BEFORE, 0), (DROP_AFTER, 1), (HALF_ANSWER, 1)]
)
def test_a_connection_may_end_before_and_after_the_commit(
    service: Any, values: dict[str, str], binding: Binding, behaviour: Behaviour, committed: int
) -> None:
    service.simulator.script.treat_next(behaviour)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        send(service, values, binding)
    assert len(service.simulator.staging.records) == committed
    assert isinstance(said(send(service, values, binding), binding), Result)  # the next is answered


def test_half_an_answer_begins_as_a_whole_one(service: Any, values: dict[str, str]) -> None:
    service.simulator.script.treat_next(HALF_ANSWER)
    request = build_request(service.url, OPERATION, Binding.SOAP11, values)
    headers = dict(request.headers)
    answer = requests.post(request.url, request.body, headers=headers, timeout=10, stream=True)
    assert answer.status_code == 200
    half = answer.raw.read(10_000_000)
    assert b"<soap:Envelope" in half
    assert 0 < len(half) < int(answer.headers["Content-Length"])
    answer.close()


def test_delays_come_before_and_after_the_commit(serve: Serve, values: dict[str, str]) -> None:
    slept = []

    def sleep(seconds: float) -> None:
        slept.append((seconds, len(service.simulator.staging.records)))

    service = serve(delay=0.25, sleep=sleep)
    service.simulator.script.treat_next(Behaviour(delay_before=1.0, delay_after=2.0))
    send(service, values)
    assert slept == [(1.25, 0), (2.0, 1)]


def test_a_service_without_delays_does_not_sleep(service: Any, values: dict[str, str]) -> None:
    send(service, values)
    assert service.slept == []


def test_what_was_asked_for_next_happens_once_each_and_in_order(
    service: Any, values: dict[str, str]
) -> None:
    service.simulator.script.treat_next(page(503), NOT_FOUND)
    answers = [send(service, values) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 200, 200]
    assert said(answers[1]) == Result("Member not found.")
    assert len(service.simulator.staging.records) == 1


@pytest.mark.parametrize(
    ("start", "status"),
    [("NOTFOUND-", 200), ("TEXT36-", 200), ("TEXT400-", 200), ("FAULT-", 500), ("HTML500-", 500)],
)
def test_a_member_id_shows_an_error_at_every_call(
    service: Any, values: dict[str, str], start: str, status: int
) -> None:
    for _ in range(2):
        assert send(service, values, szUserID=f"{start}1").status_code == status
    assert service.simulator.staging.records == ()


@pytest.mark.parametrize("start", ["HTML502-", "HTML503-"])
def test_a_member_id_shows_an_outage_at_the_first_call_of_each_registrant(
    service: Any, values: dict[str, str], start: str
) -> None:
    statuses = [
        send(service, values, szUserID=f"{start}1", szPerID=person).status_code
        for person in ("a", "a", "b", "b")
    ]
    assert statuses == [int(start[4:7]), 200, int(start[4:7]), 200]


def test_triggers_can_be_others(serve: Serve, values: dict[str, str]) -> None:
    trigger = Trigger("Wire", refusal("No wire transfers."), parameter="szPaymentMethod")
    service = serve(Script([trigger]))
    refused = send(service, values, szPaymentMethod="Wire Transfer", szUserID="NOTFOUND-1")
    assert said(refused) == Result("No wire transfers.")
    staged = said(send(service, values, szUserID="NOTFOUND-1"))
    assert isinstance(staged, Result)
    assert isinstance(guid_rule(staged.text), Success)


def test_every_call_is_staged_and_doubles_are_counted(service: Any, values: dict[str, str]) -> None:
    for name, value in (
        ("szPerID", values["szPerID"]),
        ("szPerID", values["szPerID"]),
        ("szJobTitle", "CEO"),
        ("szPerID", "other"),
        ("szPerID", values["szPerID"]),
    ):
        send(service, {**values, name: value})
    staging = service.simulator.staging
    assert len({record.guid for record in staging.records}) == 5
    assert [len(staging.of(person)) for person in (values["szPerID"], "other")] == [4, 1]
    assert staging.counts()[values["szPerID"], values["szRegID"]] == 4
    assert [record.guid for record in staging.doubles()] == [
        staging.records[1].guid,
        staging.records[4].guid,
    ]


def test_calls_at_the_same_time_are_all_staged(service: Any, values: dict[str, str]) -> None:
    wrong = build_request(service.url, OPERATION, Binding.FORM, values)
    wrong_body = wrong.body.replace(b"2027", b"late")

    def call(number: int) -> Answer:
        binding = list(Binding)[number % 3]
        refused = requests.post(wrong.url, wrong_body, headers=dict(wrong.headers), timeout=10)
        assert refused.status_code == 500
        return said(send(service, values, binding, szPerID=str(number)), binding)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(call, range(60)))
    staged = {record.guid for record in service.simulator.staging.records}
    assert {answer.text for answer in answers if isinstance(answer, Result)} == staged
    assert len(staged) == 60


def test_no_behaviour_is_the_usual_one(service: Any, values: dict[str, str]) -> None:
    service.simulator.script.treat_next(STAGE)
    assert send(service, values).status_code == 200
