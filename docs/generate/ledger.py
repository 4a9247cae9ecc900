"""The ledger's tables: columns and types from its models, meanings from `columns.yaml`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from docs.generate.markdown import code, table
from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import SQLModel

from regbridge import store
from regbridge.store.sealing import PLACES

WORDS = Path(__file__).with_name("columns.yaml")
"""What each column means, and which hold what is of people. Written by hand."""

MARKS = {"": "", "personal": "yes", "id": "an id"}
"""What the words of a column begin with, before a colon, and how the page has it."""

_TYPES: Mapping[type[TypeEngine[Any]], str] = {
    Boolean: "boolean",
    LargeBinary: "bytes",
    BigInteger: "integer",
    Integer: "integer",
}


def models() -> dict[str, type[SQLModel]]:
    """Return the models of the ledger by the names of their tables."""
    for module in pkgutil.iter_modules(store.__path__, f"{store.__name__}."):
        if module.name.endswith("tables"):
            importlib.import_module(module.name)
    found = {
        str(model.__tablename__): model
        for model in _below(SQLModel)
        if model.__module__.startswith("regbridge.store.") and hasattr(model, "__table__")
    }
    return dict(sorted(found.items()))


def words() -> dict[str, dict[str, str]]:
    """Return what the columns mean, by table and column."""
    read: dict[str, dict[str, str]] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return read


def write(_about: str) -> str:
    """Return every table with its columns."""
    meanings = words()
    parts = []
    for name, model in models().items():
        purpose = " ".join((inspect.getdoc(model) or "").split())
        rows = [_row(column, meanings[name]) for column in _table(model).columns]
        parts += [f"## {name}", purpose, table(["column", "type", "is", "personal"], rows)]
    return "\n\n".join(parts)


def _row(column: Column[Any], meanings: Mapping[str, str]) -> tuple[str, str, str, str]:
    mark, plain = _split(meanings[column.name])
    key = " (key)" if column.primary_key else ""
    null = " or none" if column.nullable else ""
    sealed = column.name in getattr(PLACES.get(column.table.name), "columns", ())
    return (
        code(column.name) + key,
        _type(column.type) + null,
        _reference(column) or plain,
        MARKS[mark] + (", can be encrypted" if sealed else ""),
    )


def _split(words: str) -> tuple[str, str]:
    mark, colon, plain = words.partition(": ")
    return (mark, plain) if colon and mark in MARKS else ("", words)


def _reference(column: Column[Any]) -> str:
    for key in column.foreign_keys:
        return f"the row of [{key.column.table.name}](#{key.column.table.name})"
    return ""


def _type(kind: TypeEngine[Any]) -> str:
    plain = kind.impl if isinstance(kind, TypeDecorator) else kind
    return next((word for known, word in _TYPES.items() if isinstance(plain, known)), "text")


def _table(model: type[SQLModel]) -> Table:
    return model.metadata.tables[str(model.__tablename__)]


def _below(model: type[SQLModel]) -> list[type[SQLModel]]:
    return [found for each in model.__subclasses__() for found in (each, *_below(each))]
