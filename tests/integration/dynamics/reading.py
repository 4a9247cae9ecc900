"""Tables to read back, and how tests look at what is listed of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from regbridge import Delivered, Record
from regbridge_dynamics.deliver import Dynamics
from regbridge_dynamics.simulator import (
    Behavior,
    ChoiceColumn,
    DateTimeColumn,
    DecimalColumn,
    IntegerColumn,
    Key,
    LookupColumn,
    Option,
    Schema,
    StringColumn,
    Table,
)

STUB = "0F8FAD5B-D9CB-469F-A165-70867728950E"
Make = Callable[..., Dynamics]

DAY = DateTimeColumn(name="new_day", behavior=Behavior.DATE_ONLY)
COUNT = IntegerColumn(name="new_count")
RATE = DecimalColumn(name="new_rate", precision=2)
KIND = ChoiceColumn(name="new_kind", options=(Option(1, "One"), Option(2, "Two")))
WORD = StringColumn(name="new_word")
PARENT = LookupColumn(name="new_parent", targets={"new_parent": "new_Parent"})


def listed(plugin: Dynamics) -> list[Delivered]:
    found: list[Delivered] = []
    page = ""
    while True:
        answer = plugin.list_delivered(page)
        found += answer.records
        page = answer.next_page
        if not page:
            return found


def one_of(plugin: Dynamics, record: Record) -> Delivered:
    """Return what is listed under a record's key, only once and with the fields of the record."""
    wanted = plugin.as_delivered(record)
    [found] = [one for one in listed(plugin) if one.key == wanted.key]
    return found


def is_as_delivered(plugin: Dynamics, record: Record) -> bool:
    return plugin.as_delivered(record).fields.items() <= one_of(plugin, record).fields.items()


def keyed(*columns: Any, others: Sequence[Any] = ()) -> Schema:
    """Return a table whose key is of some columns, and one that it may refer to."""
    parent = Table(
        name="new_parent",
        entity_set="new_parents",
        primary_name="new_code",
        columns=(StringColumn(name="new_code"),),
        keys=(Key("new_code", ("new_code",)),),
    )
    text = StringColumn(name="new_text")
    keys = (Key("new_key", tuple(column.name for column in columns)),)
    thing = Table(
        name="new_thing",
        entity_set="new_things",
        primary_name="new_text",
        columns=(*columns, *others, text),
        keys=keys,
    )
    return Schema(thing, parent)
