"""What the API answers: the facts that the commands print, each as its document says."""

from __future__ import annotations

import json
from typing import Any

import falcon.inspect
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_core import OpenAPI
from tests.integration.api.conftest import TOKEN, Api, require_valid

from regbridge.host import Host
from regbridge.status import figures
from regbridge.story import receipt_story, registrant_stories
from regbridge.testing.payloads import encode, live, message, registrant, sync
from regbridge.web.api.document import DOCUMENT, PATHS, ROOT
from regbridge.web.app import create_app

NAMED: dict[str, Any] = {
    "firstName": "Mary",
    "lastName": "Jones",
    "fullName": "Mary Jones",
    "jobTitle": "Chair",
}
MARY = registrant(1, email="mary@example.com", **NAMED)
NOT_JSON = b'{"eventType": '
HOSTILE = "<script>alert(1)</script>\u202e" + "x" * 10_000
EMPTY_PLACES = {"number": 1, "client": "acme", "event": "conference"}
NEEDED: dict[str, dict[str, Any]] = {"/registrations": {"text": "nobody"}}
JSON_PATHS = [path for path in PATHS if path != "/openapi.json"]

every_path = pytest.mark.parametrize("path", JSON_PATHS)
patient = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def accepted(record: dict[str, Any]) -> bytes:
    return encode(live("InviteeOrGuestAccepted", record))


def test_the_document_is_openapi_and_needs_no_token(api: Api) -> None:
    answer = api.get("/openapi.json", token=None)

    assert answer.status == 200
    assert answer.json == DOCUMENT
    OpenAPI.from_dict(answer.json).check_spec()


def test_every_route_is_in_the_document_and_nothing_else(host: Host) -> None:
    source = host._new_source()
    app = create_app(host.clients, lambda _: 0, body_limit=1, health=dict, source=source)
    found = {route.path for route in falcon.inspect.inspect_app(app).routes}

    assert found - {"/health", "/health/live", "/health/ready"} == {ROOT + path for path in PATHS}


def test_every_example_is_what_its_schema_says() -> None:
    for path in JSON_PATHS:
        content = PATHS[path]["get"]["responses"]["200"]["content"]["application/json"]
        require_valid(content["example"], content["schema"])


@every_path
def test_a_ledger_without_anything_is_answered_as_the_document_says(api: Api, path: str) -> None:
    answer = api.get(path, at=EMPTY_PLACES, **NEEDED.get(path, {}))

    assert answer.status == (404 if "{" in path else 200)


def test_every_answer_is_what_its_schema_says(api: Api) -> None:
    first, *_ = api.send(
        accepted(MARY),
        accepted(registrant(2)),
        encode(message("ContactOptedOut", [{"contactStub": "c1"}])),
        NOT_JSON,
        encode(sync(3, first=10)),
    )

    status = api.get("/status").json
    assert {row["state"] for row in status["registrations"]} == {"delivered", "parked", "filtered"}
    assert all("remedy" in row for row in status["reasons"] if row["state"] == "parked")
    assert [row["arrivals"] for row in status["parked_receipts"]] == [1]
    for body in ("true", "false"):
        [mary] = api.get("/registrations", text="mary@example.com", body=body).json
        assert ("received" in mary["registrations"][0]) == (body == "true")
        number = mary["registrations"][0]["registration"]
        assert api.get("/registrations/{number}", at={"number": number}, body=body).json == mary
        for receipt in range(first, first + 5):
            found = api.get("/receipts/{number}", at={"number": receipt}, body=body).json
            assert ("body" in found) == (body == "true")


def test_status_is_what_the_command_has(api: Api) -> None:
    api.send(accepted(MARY), NOT_JSON)

    found = figures(api.host.store, api.host._clock())
    assert api.get("/status").json == json.loads(json.dumps(found))


def test_status_holds_nothing_personal(api: Api) -> None:
    api.send(accepted(MARY), accepted(registrant(2)), b"mary@example.com")

    text = api.get("/status").body.decode()

    for personal in ("Mary", "Jones", "mary@", *(registrant(2)[n] for n in ("lastName", "email"))):
        assert personal not in text


def test_timings_are_of_the_days_that_are_asked_for(api: Api) -> None:
    api.send(accepted(MARY))
    api.host._flush.stop()

    answer = api.get("/timings", days=7).json

    assert answer["days"] == 7
    assert {"receive", "deliver"} <= {row["stage"] for row in answer["timings"]}
    assert api.get("/timings").json["days"] == 1


@pytest.mark.parametrize("text", ["MARY@example.com", "mary jones", MARY["confirmationNumber"]])
def test_a_registrant_is_found_as_show_finds_them(api: Api, text: str) -> None:
    api.send(accepted(MARY))

    found = api.get("/registrations", text=text).json

    assert found == registrant_stories(api.host.store, text, "", body=False)
    assert found[0]["name"] == "Mary Jones"
    assert api.get("/registrations", text=text, client="other").json == []


def test_one_registration_comes_with_the_other_revisions_of_its_registrant(api: Api) -> None:
    api.send(accepted(MARY))
    api.send(encode(live("InviteeOrGuestModified", {**MARY, "jobTitle": "Guest"}, "2026-11-25")))
    api.send(accepted(registrant(2, confirmationNumber="2")))

    story = api.get("/registrations/{number}", at={"number": 2}).json

    assert [each["registration"] for each in story["registrations"]] == [1, 2]
    assert story["name"] == "Mary Jones"


def test_one_receipt_is_what_the_command_has(api: Api) -> None:
    [number] = api.send(accepted(MARY))

    found = api.get("/receipts/{number}", at={"number": number}, body="true").json

    assert found == receipt_story(api.host.store, number, body=True)


def test_what_others_wrote_comes_back_as_it_was(api: Api) -> None:
    api.send(accepted({**MARY, "fullName": HOSTILE, "jobTitle": "=cmd()"}))

    answer = api.get("/registrations", text="mary@example.com", body="true")

    assert answer.body.isascii()
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    [story] = answer.json
    assert story["registrations"][0]["received"]["fullName"] == HOSTILE


def test_halves_of_characters_are_no_reason_to_fail(api: Api) -> None:
    api.send(accepted({**MARY, "company": "half HERE"}).replace(b"HERE", b"\\ud83d"))

    assert api.get("/status").status == 200
    assert api.get("/registrations", text="mary@example.com", body="true").status == 200
    assert api.get("/receipts/{number}", at={"number": 1}, body="true").status == 200


def test_whoever_looks_at_somebody_is_noted_without_a_name(api: Api) -> None:
    api.send(accepted(MARY), accepted(registrant(2, **NAMED)))

    api.get("/status")
    api.get("/registrations", text="nobody")
    api.get("/registrations", text="mary@example.com")
    api.get("/registrations", text="Mary Jones")
    api.get("/registrations/{number}", at={"number": 1})
    api.get("/receipts/{number}", at={"number": 1})

    assert api.noted() == [
        ("api", "looked at", "registration 1"),
        ("api", "looked at", "registrations 1, 2"),
        ("api", "looked at", "registration 1"),
        ("api", "looked at", "receipt 1"),
    ]


@pytest.mark.parametrize(
    ("path", "query", "says"),
    [
        ("/registrations", {}, "text is missing"),
        ("/registrations", {"text": " "}, "text is missing"),
        ("/registrations", {"text": "a\0b"}, "text holds a NUL character"),
        ("/registrations", {"text": "a", "body": "perhaps"}, "body is true or false"),
        ("/registrations", {"text": "a", "clients": "a"}, "it takes text, client, body"),
        ("/timings", {"days": "0"}, "days is a number from 1 to 35"),
        ("/timings", {"days": "36"}, "days is a number from 1 to 35"),
        ("/timings", {"days": "seven"}, "days is a number from 1 to 35"),
        ("/timings", {"days": ""}, "days is a number from 1 to 35"),
        ("/status", {"days": "1"}, "takes no parameter of this name"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_in_words(
    api: Api, path: str, query: dict[str, Any], says: str
) -> None:
    answer = api.get(path, **query)

    assert answer.status == 400
    assert says in answer.json["detail"]
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/registrations", "text", " "),
        ("/registrations", "text", "a\0b"),
        ("/registrations", "client", "\0"),
        ("/proofs", "client", "a\0"),
        ("/timings", "days", 0),
        ("/timings", "days", 36),
    ],
)
def test_what_is_refused_is_not_valid_by_the_document(
    api: Api, path: str, name: str, value: Any
) -> None:
    [parameter] = [each for each in PATHS[path]["get"]["parameters"] if each["name"] == name]

    assert api.get(path, **(NEEDED.get(path, {}) | {name: value})).status == 400
    assert not Draft202012Validator(parameter["schema"]).is_valid(value)
    assert Draft202012Validator(parameter["schema"]).is_valid(parameter.get("example", 1))


def test_a_parameter_that_stands_twice_is_refused(api: Api) -> None:
    answer = api.ask("/registrations?text=a&text=b", TOKEN, {})

    assert answer.status == 400
    assert "twice" in answer.json["detail"]


@pytest.mark.parametrize("number", ["0", "7", "-1", "1.5", "x", "9" * 30, "%00", "%E2%91%A0"])
def test_what_is_not_there_is_named(api: Api, number: str) -> None:
    for path in ("/registrations/{number}", "/receipts/{number}"):
        answer = api.get(path, at={"number": number})

        assert answer.status == 404
        assert answer.json["title"] == "Not Found"


def test_a_path_that_does_not_exist_says_where_the_document_is(api: Api) -> None:
    for path in ("", "/", "/nothing", "/status/more", "/registrations/1/2"):
        answer = api.ask(path, TOKEN, {})

        assert answer.status == 404
        assert "openapi.json" in answer.json["detail"]


@every_path
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(api: Api, path: str, method: str) -> None:
    answer = api.get(path, at=EMPTY_PLACES, method=method)

    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.json["title"] == "Method Not Allowed"


def test_nothing_is_kept_by_what_lies_between(api: Api) -> None:
    for token in (TOKEN, None):
        assert api.get("/status", token=token).headers["Cache-Control"] == "no-store"


def test_a_ledger_that_is_away_is_answered_with_later(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    from regbridge.errors import StoreUnavailableError

    def read(*_: Any) -> Any:
        raise StoreUnavailableError("the disk of /srv is away")

    monkeypatch.setattr(api.host.store, "read", read)
    answer = api.get("/status")

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "30"
    assert answer.json["detail"] == "The ledger is not available; ask again later."


def test_a_bug_is_answered_without_its_text(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: Any) -> Any:
        raise RuntimeError("secret")

    monkeypatch.setattr(api.host.store, "read", read)
    answer = api.get("/status")

    assert answer.status == 500
    assert answer.json["detail"] == "The service failed; its log has the reason."


@patient
@given(
    path=st.sampled_from(JSON_PATHS),
    query=st.dictionaries(
        st.sampled_from(["text", "client", "body", "days", "limit", "other"]),
        st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.integers().map(str)),
    ),
    number=st.one_of(st.integers().map(str), st.sampled_from(["1", "x", "%2F", "%ff", "%00"])),
)
def test_no_parameter_makes_it_fail(
    api: Api, path: str, query: dict[str, Any], number: str
) -> None:
    places = {"number": number, "client": number, "event": number}
    answer = api.get(path, at=places, **query)

    assert answer.status in (200, 400, 404)


@patient
@given(query=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_no_query_makes_it_fail(api: Api, query: str) -> None:
    query = query.replace("#", "")
    assert api.ask(f"/registrations?{query}", TOKEN, {}).status in (200, 400)
