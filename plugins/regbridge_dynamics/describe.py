"""What a table takes, as rows to read and as YAML to begin a target with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from regbridge_dynamics.keys import key_problem
from regbridge_dynamics.schema import LOOKUPS, NUMBERS, Behavior, Column, Table, Type
from regbridge_dynamics.values import can_be_written

_MOST_OPTIONS = 12
_SYSTEM = frozenset(
    {"statecode", "statuscode", "timezoneruleversionnumber", "utcconversiontimezonecode"}
)

# What Cvent calls what a column of such a name, without its prefix, usually holds.
_USUAL: Mapping[str, str] = {
    "invitee": "registration.inviteeStub",
    "inviteeid": "registration.inviteeStub",
    "inviteestub": "registration.inviteeStub",
    "registrationid": "registration.inviteeStub",
    "event": "event.id",
    "eventid": "event.id",
    "eventstub": "event.id",
    "eventname": "event.name",
    "contact": "registration.contactStub",
    "contactid": "registration.contactStub",
    "contactstub": "registration.contactStub",
    "cventcontactid": "registration.contactStub",
    "firstname": "firstName",
    "lastname": "lastName",
    "email": "email",
    "emailaddress": "email",
    "emailaddress1": "email",
    "company": "company",
    "jobtitle": "title",
    "title": "title",
    "phone": "workPhone",
    "telephone1": "workPhone",
    "mobilephone": "mobilePhone",
    "confirmation": "confirmationNumber",
    "confirmationnumber": "confirmationNumber",
}

_FORMATS = {
    Behavior.DATE_ONLY: "%Y-%m-%d",
    Behavior.TIME_ZONE_INDEPENDENT: "%Y-%m-%dT%H:%M:%S",
    Behavior.USER_LOCAL: "%Y-%m-%dT%H:%M:%S%z",
}

Row = tuple[str, str, str, str]


def column_rows(table: Table) -> Iterator[Row]:
    """Yield name, label, what it takes, and notes of each column that can be written."""
    in_key = {name for key in table.keys for name in key.columns}
    for column in sorted(table.columns.values(), key=lambda one: one.name):
        if not _is_writable(column):
            continue
        notes = ["key"] * (column.name in in_key) + ["required"] * column.is_required
        if not (column.can_create and column.can_update):
            notes.append("only when made" if column.can_create else "only when changed")
        yield column.name, column.display, takes(column), ", ".join(notes)


def key_rows(table: Table) -> Iterator[tuple[str, str, str]]:
    """Yield name, columns and state of each alternate key."""
    for key in table.keys:
        columns = sorted(key.columns)
        problems = [
            problem
            for name in columns
            if name in table.columns and (problem := key_problem(table, table.columns[name]))
        ]
        yield key.name, ", ".join(columns), ", ".join([key.status, *problems])


def takes(column: Column) -> str:
    """Return in words what a column takes."""
    if column.max_length is not None:
        return f"text, at most {column.max_length:,} characters"
    if column.type in LOOKUPS:
        return f"a record of {' or '.join(column.targets) or 'another table'}"
    if column.options and column.type is not Type.BOOLEAN:
        return f"{'several' if column.type is Type.CHOICES else 'one'} of: {_options(column)}"
    if column.type in NUMBERS and column.places is not None:
        return f"{_WORDS[column.type]}, {column.places} digits after the point"
    if column.type is Type.DATE_TIME:
        return f"date or time, {column.behavior}"
    return _WORDS.get(column.type, column.type_name)


def target_block(table: Table) -> str:
    """Return the `settings` and the `map` of a target as YAML to begin with.

    Columns that nobody can guess a value for are there as comments; one of the key is left empty,
    which `regbridge check` does not let pass.
    """
    key = sorted(next((one.columns for one in table.keys if one.is_active), frozenset()))
    lines = ["settings:", f"  table: {table.name}"]
    lines.append(f"  key: {_flow(key[0] if len(key) == 1 else key)}" if key else "  # key: COLUMN")
    columns = [
        one
        for one in table.columns.values()
        if _is_writable(one) and (one.name in key or one.name not in _SYSTEM | {table.primary_id})
    ]
    lookups = [one for one in columns if one.type in LOOKUPS and one.name not in key]
    lines += ["  # lookups:"] * bool(lookups)
    for column in lookups:
        target = next(iter(column.targets), "TABLE")
        lines.append(f"  #   {column.name}: {{table: {target}, key: COLUMN}}")
    lines.append("map:")
    by_name = {one.name: one for one in columns}
    first = [by_name[name] for name in key if name in by_name]
    lines += [_entry(one, known=True) for one in first]
    for column in columns:
        if column not in first:
            lines.append(_entry(column, known=_guess(column) != "" and column.type not in LOOKUPS))
    return "\n".join(lines)


_WORDS: Mapping[Type, str] = {
    Type.INTEGER: "a whole number",
    Type.BIG_INTEGER: "a whole number",
    Type.DECIMAL: "a number",
    Type.DOUBLE: "a number",
    Type.MONEY: "an amount",
    Type.BOOLEAN: "yes or no",
    Type.GUID: "a GUID",
}


def _is_writable(column: Column) -> bool:
    may = column.can_create or column.can_update
    return may and (can_be_written(column) or column.type in LOOKUPS)


def _options(column: Column) -> str:
    shown = [next(iter(one.labels), str(one.value)) for one in column.options]
    more = ", ..." if len(shown) > _MOST_OPTIONS else ""
    return ", ".join(shown[:_MOST_OPTIONS]) + more


def _entry(column: Column, *, known: bool) -> str:
    value = _guess(column) or ("" if known else "EXPRESSION")
    if column.type is Type.DATE_TIME and value == "EXPRESSION":
        value = f"{{from: EXPRESSION, format: '{_FORMATS[column.behavior]}'}}"
    note = takes(column).replace("\n", " ")
    return f"  {'' if known else '# '}{column.name}: {value}  # {note}"


def _guess(column: Column) -> str:
    prefix, mark, rest = column.name.partition("_")
    return _USUAL.get((rest if mark else prefix).replace("_", ""), "")


def _flow(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=1000).strip().removesuffix("\n...")
