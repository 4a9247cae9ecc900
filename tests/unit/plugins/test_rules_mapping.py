"""`yaml-map`: what becomes of a registration at a target."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regbridge import Client, Drop, Event, Registration, RejectedError, Target
from regbridge_rules.mapping import YamlMap

Build = Callable[..., Registration]
Make = Callable[..., Any]
MapOne = Callable[..., Any]


@pytest.fixture(scope="module")
def map_one(plugin: Make, registration: Build) -> MapOne:
    """Map a registration's fields through one entry, and return the field's value."""

    def run(entry: Any, fields: Mapping[str, Any], **values: Any) -> Any:
        target = Target("crm", map={"szField": entry}, time_zone=values.pop("time_zone", None))
        yaml_map = plugin(YamlMap, target=target)
        record = yaml_map.map_registration(registration(fields=fields, **values), target)
        return record.fields["szField"]

    return run


def test_a_record_has_the_fields_of_the_map_in_their_order(
    plugin: Make, registration: Build
) -> None:
    target = Target(
        "crm",
        map={
            "szLast": "lastName",
            "szEvent": "event.name",
            "szAnswer": "answers.member_id",
            "szFirst": "firstName",
            "szMissing": "nothing.at.all",
        },
    )
    enriched = {"cvent-enrich": {"answers": {"member_id": "P-001"}}}
    record = plugin(YamlMap, target=target).map_registration(
        registration(enriched=enriched), target
    )
    assert list(record.fields.items()) == [
        ("szLast", "Wamle"),
        ("szEvent", "conference-2027"),
        ("szAnswer", "P-001"),
        ("szFirst", "Rory"),
        ("szMissing", None),
    ]


def test_a_target_without_a_map_is_left_to_other_plugins(plugin: Make, registration: Build) -> None:
    target = Target("crm")
    assert plugin(YamlMap, target=target).map_registration(registration(), target) is None


def test_two_targets_of_a_client_have_maps_of_their_own(plugin: Make, registration: Build) -> None:
    one, two = Target("one", map={"name": "firstName"}), Target("two", map={"name": "lastName"})
    yaml_map = plugin(YamlMap, client=Client("apap", targets={"one": one, "two": two}))
    assert yaml_map.map_registration(registration(), one).fields == {"name": "Rory"}
    assert yaml_map.map_registration(registration(), two).fields == {"name": "Wamle"}


@pytest.mark.parametrize("found", [None, "", "  ", "\u00a0"])
def test_a_value_that_was_cleared_at_cvent_is_cleared_at_the_crm(
    map_one: MapOne, found: str | None
) -> None:
    assert map_one("company", {"company": found}) is None


def test_lists_and_objects_stay_what_they_are(map_one: MapOne) -> None:
    orders = [{"orderNumber": "Z1"}, {"orderNumber": "Z2"}]
    assert map_one("orders", {"orders": orders}) == orders
    assert map_one("orders[].orderNumber", {"orders": orders}) == ["Z1", "Z2"]


@pytest.mark.parametrize("constant", ["cvent", 0, False, ["a"], None])
def test_a_constant_needs_no_registration(map_one: MapOne, constant: Any) -> None:
    assert map_one({"value": constant}, {}) == constant


def test_text_in_backticks_is_taken_as_most_examples_write_it(map_one: MapOne) -> None:
    fields = {"customFields": [{"name": "Hometown", "value": "New York"}]}
    assert map_one("customFields[?name==`Hometown`].value | [0]", fields) == "New York"


# --- lookup, then/else, default ---

STUDENT = {"from": "type", "lookup": {"Student (Code Required)": "Student"}, "default": "Other"}


@pytest.mark.parametrize(
    ("found", "sent"),
    [
        ("Student (Code Required)", "Student"),
        (" Student (Code Required) ", "Student"),
        ("student (code required)", "Other"),
        ("Board", "Other"),
        ("", "Other"),
        (None, "Other"),
    ],
)
def test_a_lookup_compares_trimmed_text_with_its_case(
    map_one: MapOne, found: str | None, sent: str
) -> None:
    assert map_one(STUDENT, {"type": found}) == sent


@pytest.mark.parametrize(("found", "key"), [(True, "true"), (1, "1"), (2.5, "2.5")])
def test_a_lookup_finds_numbers_and_booleans_as_json_writes_them(
    map_one: MapOne, found: Any, key: str
) -> None:
    assert map_one({"from": "x", "lookup": {key: "hit"}, "default": None}, {"x": found}) == "hit"


@pytest.mark.parametrize(
    ("found", "sent"),
    [("Student (Code Required)", "Student"), (" Member ", " Member "), (7, 7), (None, None)],
)
def test_what_a_lookup_that_keeps_does_not_name_is_sent_as_it_is(
    map_one: MapOne, found: Any, sent: Any
) -> None:
    entry = {"from": "x", "lookup": {"Student (Code Required)": "Student"}, "keep": True}
    assert map_one(entry, {"x": found}) == sent


def test_the_default_of_a_lookup_that_keeps_is_for_missing_values_alone(map_one: MapOne) -> None:
    entry = {"from": "x", "lookup": {"a": "b"}, "keep": True, "default": "none"}
    assert [map_one(entry, {"x": x}) for x in ("a", "c", "", None)] == ["b", "c", "none", "none"]


@pytest.mark.parametrize("missing", [None, "", "  ", []])
def test_a_record_without_a_value_can_be_left_out_with_a_reason(
    registration: Any, plugin: Any, missing: Any
) -> None:
    entry: dict[str, Any] = {"from": "x", "drop_if_missing": "no member id"}
    entry |= {"lookup": {"never": "x"}, "keep": True} if missing != [] else {"from": "x[0]"}
    target = Target("crm", map={"First": "firstName", "Member": entry})
    mapped = plugin(YamlMap, target=target)

    answer = mapped.map_registration(registration(fields={"x": missing}), target)

    assert answer == Drop("no member id")
    given = mapped.map_registration(
        registration(fields={"x": ["7"] if missing == [] else "7"}), target
    )
    assert given.fields["Member"] == "7"


def test_a_null_in_a_lookup_is_null_and_not_the_default(map_one: MapOne) -> None:
    entry = {"from": "x", "lookup": {"Staff": None}, "default": "Member"}
    assert map_one(entry, {"x": "Staff"}) is None


def test_a_list_cannot_be_looked_up(map_one: MapOne) -> None:
    with pytest.raises(RejectedError, match="a list or an object"):
        map_one({"from": "x", "lookup": {"a": "b"}, "default": None}, {"x": ["a"]})


@pytest.mark.parametrize(
    ("guests", "sent"), [([{"firstName": "Kim"}], "yes"), ([], "no"), (None, "no"), ("", "no")]
)
def test_then_and_else_follow_jmespaths_truth(map_one: MapOne, guests: Any, sent: str) -> None:
    entry = {"from": "guests", "then": "yes", "else": "no"}
    assert map_one(entry, {"guests": guests}) == sent


def test_then_and_else_take_zero_and_the_word_no_as_true(map_one: MapOne) -> None:
    for found in (0, "no", "false"):
        assert map_one({"from": "x", "then": 1, "else": 2}, {"x": found}) == 1


def test_then_and_else_see_what_the_lookup_made(map_one: MapOne) -> None:
    entry = {"from": "x", "lookup": {"No": False}, "default": True, "then": "yes", "else": "no"}
    assert map_one(entry, {"x": "No"}) == "no"
    assert map_one(entry, {"x": "Perhaps"}) == "yes"


@pytest.mark.parametrize(
    ("found", "sent"), [(None, "-"), ("", "-"), (" ", "-"), (0, 0), ("a", "a")]
)
def test_a_default_stands_in_for_a_missing_value_only(
    map_one: MapOne, found: Any, sent: Any
) -> None:
    assert map_one({"from": "x", "default": "-"}, {"x": found}) == sent


# --- format ---

STARTS = {"from": "starts", "format": "%Y-%m-%d %H:%M"}


def test_a_time_is_written_in_the_zone_of_its_event(
    map_one: MapOne, events: Mapping[str, Event]
) -> None:
    fields = {"starts": "2027-06-01T12:00:00.000Z"}
    assert map_one(STARTS, fields) == "2027-06-01 08:00"
    assert map_one(STARTS, fields, event=events["summit-2027"]) == "2027-06-01 14:00"


def test_the_zone_of_an_entry_wins_over_the_targets_and_that_over_the_events(
    map_one: MapOne,
) -> None:
    fields = {"starts": "2027-06-01T12:00:00.000Z"}
    assert map_one(STARTS, fields, time_zone="Asia/Tokyo") == "2027-06-01 21:00"
    entry = {**STARTS, "time_zone": "UTC"}
    assert map_one(entry, fields, time_zone="Asia/Tokyo") == "2027-06-01 12:00"


def test_the_clients_zone_holds_for_an_event_it_does_not_name(
    plugin: Make, registration: Build
) -> None:
    target = Target("crm", map={"starts": STARTS})
    client = Client("apap", targets={"crm": target}, time_zone="Asia/Tokyo")
    stranger = registration(event=None, fields={"starts": "2027-06-01T12:00:00.000Z"})
    record = plugin(YamlMap, client=client).map_registration(stranger, target)
    assert record.fields["starts"] == "2027-06-01 21:00"


def test_a_missing_date_is_null_and_a_wrong_one_parks_the_record(map_one: MapOne) -> None:
    assert map_one(STARTS, {"starts": ""}) is None
    with pytest.raises(RejectedError, match=r"szField: .* \(from starts\)") as caught:
        map_one(STARTS, {"starts": "when it suits Rory"})
    assert caught.value.field == "szField"
    assert "Rory" not in str(caught.value)


def test_a_year_can_be_sent_as_a_number(map_one: MapOne) -> None:
    entry = {"from": "starts", "format": "%Y", "type": "integer"}
    assert map_one(entry, {"starts": "2027-06-01"}) == 2027


# --- type, max_length, required ---


@pytest.mark.parametrize(
    ("type_", "found", "sent"),
    [
        ("string", 12, "12"),
        ("string", True, "true"),
        ("integer", "12", 12),
        ("number", "0.50", 0.5),
        ("boolean", "yes", True),
        ("boolean", 0, False),
        ("integer", "", None),
    ],
)
def test_a_value_becomes_the_type_that_was_asked_for(
    map_one: MapOne, type_: str, found: Any, sent: Any
) -> None:
    result = map_one({"from": "x", "type": type_}, {"x": found})
    assert (result, type(result)) == (sent, type(sent))


@pytest.mark.parametrize(
    ("type_", "found"),
    [("string", ["a"]), ("string", {}), ("integer", "12.5"), ("number", "12 €"), ("boolean", "ja")],
)
def test_a_value_of_another_type_parks_the_record_with_the_fields_name(
    map_one: MapOne, type_: str, found: Any
) -> None:
    with pytest.raises(RejectedError, match=r"^szField: the value is ") as caught:
        map_one({"from": "x", "type": type_}, {"x": found})
    assert caught.value.field == "szField"


def test_a_long_text_is_cut_when_that_is_said(map_one: MapOne) -> None:
    entry = {"from": "x", "max_length": 3, "too_long": "cut"}
    assert map_one(entry, {"x": "abcd"}) == "abc"
    assert map_one(entry, {"x": "äöüß"}) == "äöü"
    assert map_one(entry, {"x": 12345}) == "123"
    assert map_one(entry, {"x": "abc"}) == "abc"


def test_a_long_text_is_refused_when_that_is_said(map_one: MapOne) -> None:
    entry = {"from": "x", "max_length": 3, "too_long": "refuse"}
    assert map_one(entry, {"x": "abc"}) == "abc"
    with pytest.raises(RejectedError, match="has 4 characters, and 3 is the most") as caught:
        map_one(entry, {"x": "Rory"})
    assert "Rory" not in str(caught.value)


@pytest.mark.parametrize("found", [None, "", "   "])
def test_a_required_value_that_is_missing_parks_the_record_with_the_fields_name(
    map_one: MapOne, found: str | None
) -> None:
    with pytest.raises(RejectedError) as caught:
        map_one({"from": "answers.member_id", "required": True}, {"answers": {"member_id": found}})
    assert caught.value.field == "szField"
    assert str(caught.value) == "szField is required and has no value (from answers.member_id)"


@pytest.mark.parametrize("found", [0, False, "x", []])
def test_a_required_value_may_be_zero_or_false(map_one: MapOne, found: Any) -> None:
    assert map_one({"from": "x", "required": True}, {"x": found}) == found


def test_a_default_satisfies_required(map_one: MapOne) -> None:
    assert map_one({"from": "x", "default": "-", "required": True}, {}) == "-"


# --- hostile documents ---


@pytest.mark.parametrize(
    ("expression", "fields"),
    [
        ("length(x)", {}),
        ("sort(x)", {"x": [1, "Rory"]}),
        ("x < y", {"x": 1, "y": "Rory"}),
        ("contains(x, y)", {"x": "Rory", "y": 5}),
        ("ceil(to_number(x))", {"x": "inf"}),
        ("to_number(x)", {"x": "nan"}),
    ],
)
def test_an_expression_that_cannot_take_a_value_parks_the_record_without_showing_it(
    map_one: MapOne, expression: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(RejectedError, match=re.escape(f"(from {expression})")) as caught:
        map_one(expression, fields)
    assert "Rory" not in str(caught.value) + caught.value.detail
    assert caught.value.__cause__ is None


def test_a_document_nested_too_deeply_parks_the_record(map_one: MapOne) -> None:
    nested: Any = "x"
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(RejectedError, match="RecursionError"):
        map_one("to_string(x)", {"x": nested})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)
ENTRIES: list[Any] = [
    "a",
    "a.b.c",
    "a[0].b",
    "a[?b > c].c | [0]",
    "sort_by(a, &b)[0]",
    "max(a)",
    "join(',', a[].to_string(@))",
    "{x: a, y: to_number(b)}",
    {"from": "a", "lookup": {"true": 1, "0": 2}, "default": None},
    {"from": "a.b", "then": "yes", "else": None},
    {"from": "a", "format": "%Y%m%d", "time_zone": "Asia/Tokyo"},
    {"from": "a", "type": "string"},
    {"from": "a", "type": "integer"},
    {"from": "a", "type": "number", "default": 1},
    {"from": "a", "type": "boolean", "required": True},
    {"from": "to_string(a)", "max_length": 2, "too_long": "refuse"},
    {"from": "a", "max_length": 2, "too_long": "cut"},
]


@given(fields=st.dictionaries(st.sampled_from("abc"), JSON), entry=st.sampled_from(ENTRIES))
def test_any_document_either_maps_or_parks_the_record(
    map_one: MapOne, fields: dict[str, Any], entry: Any
) -> None:
    try:
        map_one(entry, fields)
    except RejectedError as error:
        assert error.field == "szField"


@given(
    document=st.dictionaries(st.sampled_from("abc"), JSON), path=st.lists(st.sampled_from("abc"))
)
def test_a_plain_path_finds_what_jmespath_itself_finds(
    map_one: MapOne, document: dict[str, Any], path: list[str]
) -> None:
    expression = ".".join(["a", *path])
    expected = jmespath.search(expression, document)
    blank = isinstance(expected, str) and not expected.strip()
    try:
        found = map_one(expression, document)
    except RejectedError:
        assert isinstance(expected, float)
    else:
        assert found is (None if blank else expected)
