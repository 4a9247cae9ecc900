"""When a result proves success, and when it does not."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge_protech.success import Failure, Success, guid_rule, json_rule, regex_rule

GUID = "9cc0c0f1-6f43-4f8b-8a43-0d6c3e4e1f11"


@pytest.mark.parametrize("text", [GUID, GUID.upper(), f" {GUID}\r\n"])
def test_a_guid_is_success_and_the_external_id(text: str) -> None:
    assert guid_rule(text) == Success(GUID)


@given(guid=st.uuids())
def test_every_guid_but_the_one_that_means_none_is_success(guid: UUID) -> None:
    verdict = guid_rule(str(guid))
    assert verdict == (Success(str(guid)) if guid.int else Failure("the result is no GUID", ""))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Member not found in the member table",  # just as long as a GUID
        "00000000-0000-0000-0000-000000000000",
        f"{GUID} was refused",
        f"Error {GUID}",
        GUID.replace("-", ""),
        f"{GUID}\n{GUID}",
        GUID.replace("9", "٩"),
        GUID.replace("9", "g"),
        "x" * 100_000,
    ],
)
def test_anything_else_is_a_failure_with_the_services_text(text: str) -> None:
    assert guid_rule(text) == Failure("the result is no GUID", text)


def test_an_error_as_long_as_a_guid_is_as_long_as_a_guid() -> None:
    assert len("Member not found in the member table") == len(GUID)


def test_a_failure_does_not_show_the_services_text_by_accident() -> None:
    assert "Mary" not in repr(guid_rule("Mary Jones is unknown"))


def test_a_regular_expression_must_match_the_whole_result() -> None:
    rule = regex_rule(r"OK:(?P<id>\d+)")
    assert rule("OK:17") == Success("17")
    assert isinstance(rule("OK:17 "), Failure)
    assert isinstance(rule("not OK:17"), Failure)
    assert isinstance(rule("OK:17\n"), Failure)


def test_a_regular_expression_needs_no_id() -> None:
    assert regex_rule("(?i)saved(:(?P<id>.*))?")("Saved") == Success(None)
    assert regex_rule("saved:(?P<id>.*)")("saved:") == Success(None)
    assert regex_rule("saved")("saved") == Success(None)


def test_a_regular_expression_is_not_tried_on_a_result_of_any_length() -> None:
    assert isinstance(regex_rule("x*")("x" * 10_001), Failure)


def test_a_regular_expression_that_does_not_compile_is_refused() -> None:
    with pytest.raises(ValueError, match=r"does not compile: missing \)"):
        regex_rule("(")


def not_ok(text: str) -> Failure:
    return Failure("ok is not true in the result", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"ok": true, "id": "a1"}', Success("a1")),
        ('{"ok": true, "id": 17}', Success("17")),
        ('{"ok": true, "id": ""}', Success(None)),
        ('{"ok": true, "id": true}', Success(None)),
        ('{"ok": true, "id": ["a1"]}', Success(None)),
        ('{"ok": true}', Success(None)),
        ('{"ok": false, "error": "no member"}', not_ok("no member")),
        ('{"ok": "true"}', not_ok('{"ok": "true"}')),
        ('{"ok": 1}', not_ok('{"ok": 1}')),
        ('{"error": {"code": 1}}', not_ok('{"error": {"code": 1}}')),
        ("[]", not_ok("[]")),
        ('"ok"', not_ok('"ok"')),
        ("", Failure("the result is no JSON", "")),
        ("{'ok': true}", Failure("the result is no JSON", "{'ok': true}")),
        ('{"ok": true} and more', Failure("the result is no JSON", '{"ok": true} and more')),
        ("[" * 100_000, Failure("the result is no JSON", "[" * 100_000)),
    ],
)
def test_json_is_success_if_it_has_the_expected_value(text: str, expected: Any) -> None:
    assert json_rule("ok", id_path="id", reason_path="error")(text) == expected


@pytest.mark.parametrize(
    ("equals", "text", "is_success"),
    [
        ("saved", '{"status": "saved"}', True),
        ("saved", '{"status": "Saved"}', False),
        (0, '{"status": 0}', True),
        (0, '{"status": 0.0}', True),
        (0, '{"status": false}', False),
        (0, '{"status": "0"}', False),
        (1.5, '{"status": 1.5}', True),
        (None, '{"status": null}', True),
        (None, "{}", True),
        (None, '{"status": 0}', False),
        (False, '{"status": false}', True),
        (False, '{"status": 0}', False),
        (False, "{}", False),
    ],
)
def test_the_expected_value_is_told_apart_by_its_type(
    equals: Any, text: str, is_success: bool
) -> None:
    assert isinstance(json_rule("status", equals)(text), Success) == is_success


def test_a_path_may_be_any_jmespath_expression() -> None:
    rule = json_rule("errors == `[]` && length(id) > `0`", id_path="id")
    assert rule('{"errors": [], "id": "a1"}') == Success("a1")
    assert isinstance(rule('{"errors": ["x"], "id": "a1"}'), Failure)
    assert isinstance(rule('{"errors": [], "id": 5}'), Failure)  # length() takes no number


@pytest.mark.parametrize("path", ["ok.", "[", "a b", "(" * 10_000])
def test_a_path_that_does_not_parse_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="does not parse"):
        json_rule(path)
    with pytest.raises(ValueError, match="does not parse"):
        json_rule("ok", id_path=path)


@given(text=st.text())
def test_no_text_at_all_breaks_a_rule(text: str) -> None:
    for rule in (guid_rule, regex_rule("a+"), json_rule("a.b", id_path="c")):
        assert isinstance(rule(text), Success | Failure)
