"""Whether the settings of a target fit the tables that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from regbridge import did_you_mean
from regbridge_dynamics.keys import key_problem
from regbridge_dynamics.schema import LOOKUPS, Column, Table, Type
from regbridge_dynamics.settings import DynamicsSettings, LookupSettings
from regbridge_dynamics.source import HASH_LENGTH, Source


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why no record at all can be delivered; `path` is below `settings`."""

    path: tuple[str, ...]
    text: str
    remedy: str


def misfits(
    table: Table, parents: Mapping[str, Table], settings: DynamicsSettings
) -> Iterator[Misfit]:
    """Yield what does not fit; `parents` are the tables that lookups name."""
    yield from _of_key(table, settings.sources(), ("key",))
    for name, lookup in settings.lookups.items():
        path = ("lookups", name)
        yield from _of_lookup(table, name, lookup, path)
        if sources := lookup.sources(name):
            yield from _of_key(parents[lookup.table], sources, (*path, "key"))


def _of_key(table: Table, sources: tuple[Source, ...], path: tuple[str, ...]) -> Iterator[Misfit]:
    names = [source.column for source in sources]
    for source in sources:
        column = table.columns.get(source.column)
        if column and (problem := key_problem(table, column)):
            yield Misfit(path, f"{column.name}: {problem}", "choose another key")
        elif column and source.is_hash and not _takes_hash(column):
            text = f"{column.name} takes no hash, which is a text of {HASH_LENGTH} characters"
            yield Misfit(path, text, "make the column longer, or choose another key")
    if names == [table.primary_id]:
        return
    key = table.key_of(frozenset(names))
    if key is None:
        known = [" with ".join(sorted(key.columns)) for key in table.keys]
        yield Misfit(
            path,
            f"the table {table.name} has no alternate key of {' with '.join(names)}",
            f"its keys are {', '.join(known)}" if known else "it has none; make one",
        )
    elif not key.is_active:
        yield Misfit(
            path,
            f"the key {key.name} of the table {table.name} is {key.status or 'not active'}",
            "make it again once its values are unique"
            if key.status == "Failed"
            else "wait until its index is built",
        )


def _takes_hash(column: Column) -> bool:
    return column.type is Type.STRING and (column.max_length or HASH_LENGTH) >= HASH_LENGTH


def _of_lookup(
    table: Table, name: str, lookup: LookupSettings, path: tuple[str, ...]
) -> Iterator[Misfit]:
    column = table.columns.get(name)
    if column is None:
        remedy = did_you_mean(name, table.columns)
        yield Misfit(path, f"the table {table.name} has no column {name}", remedy)
    elif column.type not in LOOKUPS:
        text = f"{name} is no lookup but a column of the type {column.type_name}"
        yield Misfit(path, text, "remove it here and give it a value in the map")
    elif (name, lookup.table) not in table.navigation:
        text = f"{name} does not refer to the table {lookup.table}"
        targets = ", ".join(column.targets) or "nothing"
        yield Misfit((*path, "table"), text, f"it refers to {targets}")
