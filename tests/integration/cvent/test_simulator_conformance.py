"""The simulator is what Cvent's specification says, and the recorder sees what is not."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from regbridge.testing.payloads import registrant
from regbridge.testing.server import DROP
from regbridge_cvent.simulator import Behaviour, CventSimulator, Population, Tier

if TYPE_CHECKING:
    from tests.integration.cvent.conftest import Caller, Simulate
    from tests.integration.cvent.openapi import Recorder

SPECIFICATION = json.loads(
    (Path(__file__).parents[2] / "reference" / "cvent-openapi.json").read_text(encoding="utf-8")
)
EVENT = "0b4c4410-1d46-43cd-a903-e8cf9de6ade5"
SIMULATOR = CventSimulator(Population(1))
OPERATIONS = {operation.name: operation for operation in SIMULATOR.operations}
TEXTS = {"description", "example", "examples", "summary", "title"}


def specified() -> dict[str, tuple[str, str, dict[str, Any], list[dict[str, Any]]]]:
    """Return method, path, operation and parameters by operationId."""
    return {
        operation["operationId"]: (
            method.upper(),
            path,
            operation,
            [
                resolved(each)
                for each in (*item.get("parameters", ()), *operation.get("parameters", ()))
            ],
        )
        for path, item in SPECIFICATION["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def resolved(parameter: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in parameter:
        return parameter
    name = parameter["$ref"].rpartition("/")[2]
    found: dict[str, Any] = SPECIFICATION["components"]["parameters"][name]
    return found


SPECIFIED = {name: found for name, found in specified().items() if name != "oauth2Token"}


def test_every_operation_of_the_reference_is_served_and_no_other() -> None:
    served = {name: (each.method, each.path) for name, each in OPERATIONS.items()}
    assert served == {name: found[:2] for name, found in SPECIFIED.items()}


@pytest.mark.parametrize("name", SPECIFIED)
def test_an_operation_takes_the_documented_parameters(name: str) -> None:
    parameters = SPECIFIED[name][3]
    assert OPERATIONS[name].parameters == {
        each["name"] for each in parameters if each["in"] == "query"
    }


@pytest.mark.parametrize("name", SPECIFIED)
def test_an_operation_needs_the_documented_scopes(name: str) -> None:
    (scopes,) = (
        each["OAuth2.clientCredentials"]
        for each in SPECIFIED[name][2]["security"]
        if "OAuth2.clientCredentials" in each
    )
    assert list(OPERATIONS[name].scopes) == scopes


def test_the_reference_in_the_repository_is_structure_without_texts() -> None:
    def texts(value: Any, names_are_free: bool = False) -> Iterable[str]:
        if isinstance(value, list):
            for each in value:
                yield from texts(each)
        elif isinstance(value, dict):
            for name, inner in value.items():
                if name in TEXTS and not names_are_free:
                    yield name
                # What stands in `properties` is called as Cvent likes.
                yield from texts(inner, names_are_free=name in ("properties", "schemas"))

    assert list(texts({**SPECIFICATION, "info": {}})) == []


@pytest.fixture
def caller(simulate: Simulate) -> Caller:
    """A simulator with some of everything."""
    population = Population(60, guests_every=5, tests_every=7, snapshots_every=8)
    return simulate(population)


PATHS = (
    "/attendees",
    "/contacts",
    "/events",
    "/event-questions",
    "/sessions",
    "/sessions/enrollment",
    f"/events/{EVENT}/orders",
    f"/events/{EVENT}/orders/items",
    f"/events/{EVENT}/registration-types",
    f"/events/{EVENT}/registration-paths",
)


@pytest.mark.parametrize("path", PATHS)
def test_lists_are_as_specified(caller: Caller, path: str) -> None:
    assert caller.rows(path, limit=7)


def test_lists_by_post_are_as_specified(caller: Caller) -> None:
    for path in ("/attendees/filter", "/contacts/filter", "/events/filter"):
        assert caller.post(path, {}).json()["data"]


def test_single_records_are_as_specified(caller: Caller) -> None:
    attendee = caller.rows("/attendees")[0]
    for path in (
        f"/attendees/{attendee['id']}",
        f"/contacts/{attendee['contact']['id']}",
        f"/events/{attendee['event']['id']}",
    ):
        assert caller.get(path).status_code == 200


def test_what_else_there_is_is_as_specified(caller: Caller) -> None:
    for question in caller.rows("/event-questions"):
        assert caller.get(f"/event-questions/{question['id']}/choices").status_code == 200
    for category in ("Contact", "Event", "Budget Item"):
        caller.rows("/custom-fields", filter=f"category eq '{category}'")
    assert caller.get("/usage").status_code == 200
    assert caller.get("/usage/tier").status_code == 200


def test_expanded_deleted_purged_and_changed_records_are_as_specified(caller: Caller) -> None:
    world = caller.simulator.world
    first, second = caller.rows("/attendees")[:2]
    world.purge(first["contact"]["id"])
    world.change(second["id"], status="Cancelled", note="called", registrationType=None)
    world.change_contact(second["contact"]["id"], deleted=True, homeAddress={"city": "Duluth"})
    world.substitute(second["id"], registrant(5000, dateOfBirth="04-May-1984", gender="Female"))
    caller.rows(
        "/attendees", expand=["answers.question", "registrationType"], includeDeletedGuests="true"
    )
    caller.rows("/contacts", includePurged="true")
    caller.rows(f"/events/{EVENT}/orders", deleted="true")


def test_the_tier_of_an_unlimited_account_is_as_specified(simulate: Simulate) -> None:
    caller = simulate(Population(1), Behaviour(Tier("unlimited", None, 50, 50)))
    assert caller.get("/usage/tier").json()["quota"] is None
    assert caller.get("/usage").json()["data"][-1]["used"] == 2


@pytest.mark.parametrize("name", SPECIFIED)
def test_refusals_are_as_specified(simulate: Simulate, name: str) -> None:
    caller = simulate(Population(1))
    method, path = SPECIFIED[name][:2]
    url = f"{caller.base}{path.replace('{id}', 'nobody').replace('{questionId}', 'none')}"

    def ask(**query: str) -> int:
        return caller.session.request(method, url, params=query, timeout=30).status_code

    if "{" in path:
        assert ask() == 404
    if "400" in SPECIFIED[name][2]["responses"]:
        assert ask(bogus="1") == 400
    if OPERATIONS[name].scopes:
        caller.log_in("")
        assert ask() == 403
    caller.session.headers["Authorization"] = "Bearer nothing"
    assert ask() == 401


Start = Callable[..., Any]


def app(status: str, body: Any) -> Any:
    """Return an application that always answers the same."""

    def answer(environ: Any, start_response: Start) -> list[bytes]:
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    return answer


PAGE: dict[str, Any] = {"paging": {"_links": {}}, "data": []}


def ask(
    recorder: Recorder, answer: Any, path: str, query: str = "", body: bytes = b"", **more: Any
) -> list[str]:
    """Send a request through the recorder; return what it found, and have it forget it."""
    environ = {
        "REQUEST_METHOD": "POST" if body else "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json",
        "wsgi.input": io.BytesIO(body),
        **more,
    }
    recorder(answer)(environ, lambda *_: lambda _: None)
    found = list(recorder.violations)
    recorder.violations.clear()
    return found


def test_the_recorder_is_content_with_what_is_right(recorded: Recorder) -> None:
    assert (
        ask(recorded, app("200 OK", PAGE), "/ea/attendees", "limit=5&expand=answers.question") == []
    )
    body = b'{"filter": "id eq \'x\'"}'
    assert ask(recorded, app("200 OK", PAGE), "/ea/attendees/filter", body=body) == []
    assert [each[:2] for each in recorded.requests] == [
        ("GET", "/ea/attendees"),
        ("POST", "/ea/attendees/filter"),
    ]
    assert recorded.requests[1][3] == body


@pytest.mark.parametrize(
    ("path", "query", "body", "why"),
    [
        ("/ea/attendees", "limit=201", b"", "201 is greater than the maximum of 200"),
        ("/ea/attendees", "limit=many", b"", "limit"),
        ("/ea/attendees", "after=yesterday", b"", "is not a 'date-time'"),
        ("/ea/attendees", "expand=contact", b"", "'contact' is not one of"),
        ("/ea/attendees", "pageSize=5", b"", "no parameter pageSize"),
        ("/ea/attendees/filter", "filter=x", b"{}", "no parameter filter"),
        ("/ea/attendees/filter", "", b'{"filter": 5}', "5 is not of type 'string'"),
        ("/ea/attendees/filter", "", b'{"filtre": "x"}', "/filtre is not documented"),
        ("/ea/custom-fields", "", b"", "Missing required query parameter: filter"),
        ("/ea/attendees/17", "", b"", "'17' is not a 'uuid'"),
    ],
)
def test_the_recorder_sees_a_wrong_request(
    recorded: Recorder, path: str, query: str, body: bytes, why: str
) -> None:
    refused = app("400 Bad Request", {"code": 400, "message": "no"})
    (found,) = ask(recorded, refused, path, query, body)
    assert why in found
    recorded.checks_refused = False
    assert ask(recorded, refused, path, query, body) == []
    assert ask(recorded, app("200 OK", PAGE), path, query, body)


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        ("200 OK", {"data": []}, "'paging' is a required property"),
        ("200 OK", {**PAGE, "data": [{"id": "17"}]}, "data/0/id: '17' is not a 'uuid'"),
        ("200 OK", {**PAGE, "data": [{"status": "Here"}]}, "'Here' is not one of"),
        ("200 OK", {**PAGE, "data": [{"mail": "x"}]}, "/data/0/mail is not documented"),
        (
            "200 OK",
            {**PAGE, "data": [{"answers": [{"question": {"code": "A"}, "value": []}]}]},
            "/data/0/answers/0/question/code is not documented",
        ),
        ("400 Bad Request", {"message": "no"}, "'code' is a required property"),
        ("418 I'm a teapot", {}, "418"),
        ("500 Internal Server Error", {}, "500"),
    ],
)
def test_the_recorder_sees_a_wrong_answer(
    recorded: Recorder, status: str, body: Any, why: str
) -> None:
    found = ask(recorded, app(status, body), "/ea/attendees")
    assert any(why in each for each in found)


def test_the_recorder_knows_that_expanding_makes_richer(recorded: Recorder) -> None:
    answer = {"question": {"id": EVENT, "code": "A"}, "value": ["1"]}
    page = {**PAGE, "data": [{"answers": [answer]}]}
    assert ask(recorded, app("200 OK", page), "/ea/attendees", "expand=answers.question") == []


@pytest.mark.parametrize("path", ["/ea/attendants", "/ea/attendees/", "/ea/oauth2/token"])
def test_the_recorder_sees_a_call_to_what_does_not_exist(recorded: Recorder, path: str) -> None:
    missing = app("404 Not Found", {"code": 404, "message": "no"})
    (found,) = ask(recorded, missing, path)
    assert "no such operation" in found


def test_the_recorder_lets_pass_what_a_gateway_says_and_what_is_not_of_the_api(
    recorded: Recorder,
) -> None:
    assert ask(recorded, app("502 Bad Gateway", "oops"), "/ea/attendees") == []
    assert ask(recorded, app("200 OK", "anything"), "/simulator/calls") == []


def test_the_recorder_expects_no_answer_on_a_dropped_connection(recorded: Recorder) -> None:
    dropped = []

    def dropping(environ: Any, start_response: Start) -> list[bytes]:
        environ[DROP]()
        start_response("500 Internal Server Error", [])
        return [b""]

    drop: dict[str, Any] = {DROP: lambda: dropped.append(True)}
    assert ask(recorded, dropping, "/ea/attendees", **drop) == []
    assert dropped == [True]
