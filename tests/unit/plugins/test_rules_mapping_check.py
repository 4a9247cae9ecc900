"""`yaml-map`: what is found wrong in a client's maps before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import Client, ConfigError, Event, Finding, Target
from regbridge_rules.mapping import YamlMap

Wrong = Callable[[Any], Finding]


@pytest.fixture(scope="module")
def wrong(findings: Callable[..., list[Finding]]) -> Wrong:
    """Return the only finding about an entry; its path starts at the entry."""

    def run(entry: Any) -> Finding:
        (finding,) = findings(YamlMap, target=Target("crm", map={"szField": entry}))
        assert finding.path[:4] == ("targets", "crm", "map", "szField")
        return finding

    return run


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("first name", "(character 7)"),
        ("a..b", "(character 3)"),
        ("a[?b = 1]", "(character 6)"),
        ("a.'b'", "(character 3)"),
        ("foo(", "it ends too early"),
        ("", "it is empty"),
        ("#", "(character 1)"),
        ("(" * 3000, "too large"),
        ("a[" + "9" * 5000 + "]", "too large"),
    ],
)
def test_an_expression_that_does_not_parse_is_found_with_its_place(
    wrong: Wrong, expression: str, problem: str
) -> None:
    for finding in (wrong(expression), wrong({"from": expression})):
        assert "does not parse" in finding.message
        assert problem in finding.message
    assert finding.path[4:] == ("from",)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("lenght(guests)", "no function lenght(); did you mean 'length'?"),
        ("guests[].upper(name)", "no function upper(); "),
        ("join(',')", "the function join() takes 2 argument(s), not 1"),
        ("length(a, b)", "the function length() takes 1 argument(s), not 2"),
        ("not_null()", "the function not_null() takes at least 1 argument(s), not 0"),
        ("sort_by(guests, name)", "argument 2 of sort_by() must be an expression with &"),
        ("length(&guests)", "argument 1 of length() must be a value, without &"),
        ("&guests", "& is only of use as the argument"),
        ("guests[::0]", "the step of a slice cannot be 0"),
    ],
)
def test_a_wrong_call_is_found_before_it_runs(wrong: Wrong, expression: str, problem: str) -> None:
    assert wrong(expression).message.startswith(problem)


def test_a_right_call_is_accepted(plugin: Callable[..., Any]) -> None:
    for expression in ("not_null(a, b, c)", "sort_by(guests, &name)[0]", "merge(a, b)", "a[::-1]"):
        plugin(YamlMap, target=Target("crm", map={"x": expression}))


@pytest.mark.parametrize(
    ("entry", "key", "message"),
    [
        ({"from": "a", "lookup": {"x": "y"}}, "lookup", "a lookup needs a default"),
        ({"from": "a", "lookup": {"x": "y"}, "keep": False}, "lookup", "a lookup needs a default"),
        ({"from": "a", "keep": True}, "keep", "keep says nothing without lookup"),
        ({"from": "a", "drop_if_missing": ""}, "drop_if_missing", "String should have at least 1"),
        (
            {"from": "a", "required": True, "drop_if_missing": "x"},
            "drop_if_missing",
            "a record is either parked",
        ),
        ({"from": "a", "then": "y"}, "then", "then needs an else"),
        ({"from": "a", "else": "n"}, "else", "else needs a then"),
        ({"from": "a", "max_length": 5}, "max_length", "max_length needs too_long: refuse"),
        ({"from": "a", "too_long": "cut"}, "too_long", "too_long says nothing without"),
        ({"from": "a", "time_zone": "UTC"}, "time_zone", "time_zone says nothing without"),
        ({"from": "a", "format": "%A"}, "format", "%A cannot be used in a format"),
        ({"from": "a", "format": "day"}, "format", "the format 'day' holds no part of a date"),
        ({"from": "a", "type": "date"}, "type", "Input should be 'string', 'integer'"),
        ({"from": "a", "required": "yes"}, "required", "Input should be a valid boolean"),
        ({"from": "a", "lookup": {}, "default": 1}, "lookup", "Dictionary should have at least 1"),
        (
            {"from": "a", "format": "%Y", "time_zone": "Eastern Time"},
            "time_zone",
            "no time zone 'Eastern Time'",
        ),
        (
            {"from": "a", "type": "integer", "max_length": 5, "too_long": "cut"},
            "max_length",
            "max_length is for text",
        ),
        (
            {"from": "a", "max_length": 0, "too_long": "cut"},
            "max_length",
            "Input should be greater than or equal to 1",
        ),
    ],
)
def test_a_rule_that_is_half_said_or_wrong_is_found_at_its_key(
    wrong: Wrong, entry: dict[str, Any], key: str, message: str
) -> None:
    finding = wrong(entry)
    assert finding.path[4:] == (key,)
    assert finding.message.startswith(message)


@pytest.mark.parametrize("entry", [{}, {"from": "a", "value": "b"}, {"default": 1}])
def test_an_entry_has_either_an_expression_or_a_constant(wrong: Wrong, entry: Any) -> None:
    assert wrong(entry).message.startswith("an entry has either from, an expression, or value")


@pytest.mark.parametrize("entry", [None, True, 12, ["a"]])
def test_what_is_no_entry_is_found_with_the_way_to_write_a_constant(
    wrong: Wrong, entry: Any
) -> None:
    assert wrong(entry).remedy == "write an expression, or {value: ...} for a constant"


def test_an_unknown_key_is_found_with_the_nearest_one(wrong: Wrong) -> None:
    finding = wrong({"from": "a", "requird": True})
    assert finding.path[4:] == ("requird",)
    assert str(finding) == "unknown key 'requird'; did you mean 'required'?"


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({"value": "many", "type": "integer"}, ("value",)),
        ({"from": "a", "default": "n/a", "format": "%Y-%m-%d"}, ("default",)),
        ({"from": "a", "lookup": {"x": "2", "y": "two"}, "default": 0, "type": "number"},
         ("lookup", "y")),
        ({"from": "a", "then": "yes", "else": "nope", "type": "boolean"}, ("else",)),
        ({"from": "a", "default": "long", "max_length": 3, "too_long": "refuse"}, ("default",)),
    ],
)  # fmt: skip
def test_a_constant_that_no_record_could_take_is_found(
    wrong: Wrong, entry: dict[str, Any], place: tuple[str, ...]
) -> None:
    finding = wrong(entry)
    assert finding.path[4:] == place
    assert "cannot be sent" in finding.message


@pytest.mark.parametrize(
    "expression",
    [
        "answers.membr_id",
        "answers.membr_id[0].x",
        'answers."membr_id" || answers.member_id',
        "answers.[volunteer, membr_id.text]",
        "answers.{m: membr_id}",
        "answers | membr_id",
        "enriched.cvent.answers.membr_id",
        "guests[*].answers.membr_id",
        "length(answers.membr_id)",
        "guests[?answers.membr_id == 'x']",
    ],
)
def test_a_question_that_no_event_defines_is_found_with_the_nearest_name(
    wrong: Wrong, expression: str
) -> None:
    finding = wrong(expression)
    assert str(finding) == "no event has a question 'membr_id'; did you mean 'member_id'?"


@pytest.mark.parametrize(
    "expression",
    [
        "products.luncheon[0].name",
        "answers",
        "answers.member_id.text",
        "answers.*",
        "answers.[member_id]",
        "answer.x",
        "x.y",
    ],
)
def test_a_question_that_one_event_defines_is_enough(
    plugin: Callable[..., Any], expression: str
) -> None:
    plugin(YamlMap, target=Target("crm", map={"x": expression}))


def test_a_product_that_no_event_defines_is_found_with_the_nearest_name(wrong: Wrong) -> None:
    finding = wrong("sum(products.lunchon[*].quantity)")
    assert str(finding) == "no event has a product 'lunchon'; did you mean 'luncheon'?"


def test_a_question_of_a_client_without_questions_is_found(
    findings: Callable[..., list[Finding]],
) -> None:
    target = Target("crm", map={"x": "answers.member_id"})
    client = Client("apap", events={"e": Event("e", "1")}, targets={"crm": target})
    (finding,) = findings(YamlMap, client=client)
    assert finding.remedy == "name it in questions: of the client's events"


def test_all_findings_of_all_targets_come_at_once(
    findings: Callable[..., list[Finding]], events: Mapping[str, Event]
) -> None:
    one = Target("one", map={"a": "(", "b": {"from": "nope(x)", "lookup": {"x": 1}, "typ": "z"}})
    two = Target("two", map={"c": {"value": 1, "then": 2}, "d": "firstName"})
    client = Client("apap", events=events, targets={"one": one, "two": two})
    assert [finding.path[1:] for finding in findings(YamlMap, client=client)] == [
        ("one", "map", "a"),
        ("one", "map", "b", "typ"),
        ("one", "map", "b", "lookup"),
        ("one", "map", "b", "from"),
        ("two", "map", "c", "then"),
    ]


GOOD: list[Any] = [
    "firstName",
    {"from": "firstName"},
    {"value": None},
    {"from": "a", "lookup": {"x": {"nested": True}}, "default": None},
    {"from": "a", "lookup": {"x": 1}, "keep": True},
    {"from": "a", "lookup": {"x": 1}, "keep": False, "default": 2},
    {"from": "a", "drop_if_missing": "no member id"},
    {"from": "a", "drop_if_missing": "no member id", "required": False},
    {"from": "a", "then": 1, "else": None},
    {"from": "a", "format": "%Y", "time_zone": "UTC", "type": "integer", "required": False},
    {"from": "a", "type": "string", "max_length": 4, "too_long": "cut"},
]
BAD: list[Any] = [
    "",
    {},
    3,
    None,
    {"from": "a", "value": "b"},
    {"from": "a", "unknown": 1},
    {"from": "a", "lookup": {"x": 1}},
    {"from": "a", "lookup": {"x": 1}, "keep": False},
    {"from": "a", "keep": True},
    {"from": "a", "drop_if_missing": ""},
    {"from": "a", "drop_if_missing": "x", "required": True},
    {"from": "a", "then": 1},
    {"from": "a", "max_length": 4},
    {"from": "a", "max_length": "4", "too_long": "cut"},
    {"from": "a", "type": "text"},
]


@pytest.mark.parametrize("entry", GOOD)
def test_the_schema_takes_what_the_plugin_takes(plugin: Callable[..., Any], entry: Any) -> None:
    plugin(YamlMap, target=Target("crm", map={"x": entry}))
    jsonschema.Draft202012Validator(YamlMap.map_schema).validate(entry)


@pytest.mark.parametrize("entry", BAD)
def test_the_schema_refuses_what_the_plugin_refuses(plugin: Callable[..., Any], entry: Any) -> None:
    with pytest.raises(ConfigError):
        plugin(YamlMap, target=Target("crm", map={"x": entry}))
    assert not jsonschema.Draft202012Validator(YamlMap.map_schema).is_valid(entry)


PIECES = [
    "a",
    "answers",
    ".b",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "'",
    '"',
    "`",
    ",",
    ":",
    "|",
    "||",
    "&",
    "&&",
    "!",
    "*",
    "[*]",
    "[]",
    "[?",
    "==",
    "<",
    "1",
    "-1",
    "@",
    "length(",
    "\\",
    "é",
]
RAW = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
KEYS = [
    "from",
    "value",
    "lookup",
    "then",
    "else",
    "default",
    "format",
    "time_zone",
    "type",
    "max_length",
    "too_long",
]


@given(
    entry=st.lists(st.sampled_from(PIECES)).map("".join)
    | RAW
    | st.dictionaries(st.sampled_from(KEYS), RAW | st.sampled_from(PIECES))
)
def test_any_entry_is_either_taken_or_found_wrong(plugin: Callable[..., Any], entry: Any) -> None:
    try:
        plugin(YamlMap, target=Target("crm", map={"x": entry}))
    except ConfigError as error:
        assert all(finding.path[:4] == ("targets", "crm", "map", "x") for finding in error.findings)
