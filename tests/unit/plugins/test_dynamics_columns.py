"""Columns, as their metadata describes them."""

from __future__ import annotations

from typing import Any

import pytest

from regbridge_dynamics.columns import CASTS, read_columns
from regbridge_dynamics.schema import Behavior, Column, Option, Type


def label(*texts: str) -> dict[str, Any]:
    localized = [{"Label": text, "LanguageCode": 1000 + n} for n, text in enumerate(texts)]
    return {"LocalizedLabels": localized, "UserLocalizedLabel": localized[-1]}


def base(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "LogicalName": "new_c",
        "AttributeType": "Virtual",
        "AttributeTypeName": {"Value": kind},
        "RequiredLevel": {"Value": "None"},
        "IsValidForCreate": True,
        "IsValidForUpdate": True,
        "DisplayName": label("Column"),
        **more,
    }


def read(kind: str, details: dict[str, Any] | None = None, **more: Any) -> Column:
    found = {"LogicalName": "new_c", **(details or {})}
    return read_columns([base(kind, **more)], [[], [found]])["new_c"]


def test_a_column_tells_its_type_and_where_it_may_be_written() -> None:
    column = read(
        "StringType",
        {"MaxLength": 50},
        IsValidForUpdate=False,
        IsCustomAttribute=True,
        RequiredLevel={"Value": "SystemRequired"},
    )
    assert (column.type, column.max_length, column.display) == (Type.STRING, 50, "Column")
    assert (column.can_create, column.can_update) == (True, False)
    assert (column.is_required, column.is_custom) == (True, True)


def test_options_have_their_labels_in_every_language_the_users_first() -> None:
    options = [{"Value": 1, "Label": label("Yes", "Ja"), "State": 0}, {"Value": 2, "Label": None}]
    column = read("StatusType", {"OptionSet": {"Options": options}})
    assert column.options == (Option(1, ("Ja", "Yes"), 0), Option(2))


def test_the_options_of_a_global_choice_may_stand_there_alone() -> None:
    details = {
        "OptionSet": None,
        "GlobalOptionSet": {"Options": [{"Value": 1, "Label": label("A")}]},
    }
    assert read("MultiSelectPicklistType", details).options == (Option(1, ("A",)),)


def test_yes_and_no_are_two_options() -> None:
    pair = {
        "FalseOption": {"Value": 0, "Label": label("No")},
        "TrueOption": {"Value": 1, "Label": label("Yes")},
    }
    options = read("BooleanType", {"OptionSet": pair}).options
    assert options == (Option(0, ("No",)), Option(1, ("Yes",)))


@pytest.mark.parametrize(("source", "places"), [(0, 2), (1, 4), (2, 4)])
def test_money_with_the_places_of_a_currency_keeps_four(source: int, places: int) -> None:
    column = read("MoneyType", {"Precision": 2, "PrecisionSource": source, "MinValue": 0})
    assert (column.places, column.minimum) == (places, 0)


def test_a_date_has_the_usual_behavior_unless_it_tells_another() -> None:
    assert read("DateTimeType").behavior is Behavior.USER_LOCAL
    told = read("DateTimeType", {"DateTimeBehavior": {"Value": "DateOnly"}})
    assert told.behavior is Behavior.DATE_ONLY


@pytest.mark.parametrize(
    ("kind", "type_name"), [("ImageType", "Image"), ("PartyListType", "PartyList"), ("", "Virtual")]
)
def test_a_type_that_nobody_knows_is_remembered_by_its_name(kind: str, type_name: str) -> None:
    column = read(kind)
    assert (column.type, column.type_name) == (Type.OTHER, type_name)


def test_what_is_missing_is_taken_for_unknown() -> None:
    [column] = read_columns([{"LogicalName": "new_c"}], []).values()
    assert column == Column("new_c", Type.OTHER, type_name="unknown")


def test_each_cast_asks_for_the_name_and_what_only_it_has() -> None:
    for cast in CASTS:
        assert cast.params["$select"].split(",")[0] == "LogicalName"
        assert len(cast.params["$select"].split(",")) > 1 or cast.params["$expand"]
