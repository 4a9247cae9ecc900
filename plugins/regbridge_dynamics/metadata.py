"""Reads what an environment says about its tables, and remembers it for a while."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from regbridge import CredentialsError, RetryableError, did_you_mean
from regbridge.http import Answer, repeatable
from regbridge_dynamics.batch import Part, run_batch
from regbridge_dynamics.client import WebApi
from regbridge_dynamics.columns import BASE, CASTS, read_columns
from regbridge_dynamics.errors import Refusal, Trouble, read_refusal
from regbridge_dynamics.schema import Key, Table

SECONDS = 600.0
"""For how long a table is remembered; so late a new column or option is seen."""

# UpsertMultiple itself is never listed; a table that has these two has it (section 4).
_BULK = ("CreateMultiple", "UpdateMultiple")
_NAME = re.compile(r"[a-z0-9_]{1,128}", re.ASCII)
_NOT_FOUND = 404
_REFUSED = 300


class Metadata:
    """The tables of one environment. Several threads may share it.

    `is_fresh` asks for what was changed in the last half minute too, which takes longer.
    """

    def __init__(
        self,
        web: WebApi,
        *,
        is_fresh: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._web = web
        self._headers = {"Consistency": "Strong"} if is_fresh else {}
        self._clock = clock
        self._tables: dict[str, tuple[float, Table]] = {}
        self._lock = threading.Lock()

    def table(self, name: str) -> Table:
        """Return a table by its logical name, read by one call unless it is remembered.

        Raises `RetryableError` when there is no such table, or as `WebApi.send` does.
        """
        found = self.find(name)
        if found is None:
            raise RetryableError(f"Dataverse has no table {name}; correct the settings")
        return found

    def find(self, name: str) -> Table | None:
        """Return a table, None when there is none of that name. Raises as `table` does else."""
        if not _NAME.fullmatch(name):
            return None
        with self._lock:  # whoever comes second waits for the first one's answer
            known = self._tables.get(name)
            if known and self._clock() < known[0]:
                return known[1]
            table = self._read(name)
            if table:
                self._tables[name] = (self._clock() + SECONDS, table)
            return table

    def suggestion(self, name: str) -> str:
        """Return the remedy for a name that no table has. Raises as `table` does."""
        sets = {entity_set: logical for logical, entity_set in self.names().items()}
        return (
            f"did you mean {sets[name]!r}?" if name in sets else did_you_mean(name, sets.values())
        )

    def names(self) -> dict[str, str]:
        """Return the entity sets of all tables by the tables' logical names."""
        found = self._web.get("EntityDefinitions", params={"$select": "LogicalName,EntitySetName"})
        if isinstance(found, Refusal):
            raise _unreadable(found)
        return {
            str(one["LogicalName"]): str(one.get("EntitySetName") or "") for one in _values(found)
        }

    def _read(self, name: str) -> Table | None:
        answers = self._answers(name)
        if answers[0].status == _NOT_FOUND:
            return None
        for answer in answers:
            if answer.status >= _REFUSED:
                raise _unreadable(read_refusal(answer, self._web.clock()))
        try:
            return _table(name, answers)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            text = f"Dataverse tells about the table {name} in a form that is not known"
            raise RetryableError(text, detail=f"{text} ({type(error).__name__})") from None

    def _answers(self, name: str) -> list[Answer]:
        with repeatable():
            answers = run_batch(self._web, list(self._parts(name)))
        if isinstance(answers, Refusal):
            raise _unreadable(answers)
        return answers

    def _parts(self, name: str) -> Iterable[Part]:
        """Yield everything that is asked about a table (section 11 of the reference)."""
        table = f"EntityDefinitions(LogicalName='{name}')"
        yield self._part(table, {"$select": "EntitySetName,PrimaryIdAttribute,Privileges"})
        yield self._part(f"{table}/Attributes", {"$select": BASE})
        yield self._part(
            f"{table}/Keys", {"$select": "LogicalName,KeyAttributes,EntityKeyIndexStatus"}
        )
        yield self._part(
            f"{table}/ManyToOneRelationships",
            {
                "$select": "ReferencingAttribute,ReferencedEntity,"
                "ReferencingEntityNavigationPropertyName"
            },
        )
        for cast in CASTS:
            path = f"{table}/Attributes/Microsoft.Dynamics.CRM.{cast.name}"
            yield self._part(path, cast.params)
        for message in _BULK:
            yield self._part("sdkmessagefilters", _filter(message, name))

    def _part(self, path: str, params: Mapping[str, str]) -> Part:
        headers = {"Accept": "application/json", **self._headers}
        return Part("GET", path, headers=headers, params=params)


def _table(name: str, answers: Sequence[Answer]) -> Table:
    """Return the table that the answers describe. Raises almost anything for other answers."""
    definition, columns, keys, navigation, *rest = answers
    casts, bulk = rest[: len(CASTS)], rest[len(CASTS) :]
    told = definition.json()
    return Table(
        name=name,
        entity_set=str(told["EntitySetName"]),
        primary_id=str(told["PrimaryIdAttribute"]),
        columns=read_columns(_values(columns), [_values(cast) for cast in casts]),
        keys=tuple(map(_key, _values(keys))),
        navigation=dict(map(_navigation, _values(navigation))),
        privileges={
            str(one["PrivilegeType"]): str(one["Name"]) for one in told.get("Privileges") or ()
        },
        takes_bulk=all(_values(answer) for answer in bulk),
    )


def _filter(message: str, table: str) -> dict[str, str]:
    return {
        "$select": "sdkmessagefilterid",
        "$filter": "sdkmessageid/name eq @message and primaryobjecttypecode eq @table",
        "@message": f"'{message}'",
        "@table": f"'{table}'",
    }


def _values(answer: Answer) -> Sequence[Mapping[str, Any]]:
    found = answer.json()
    values = found.get("value") if isinstance(found, dict) else None
    if not isinstance(values, list):
        raise RetryableError("Dataverse answers a question about its tables with no list")
    return values


def _key(given: Mapping[str, Any]) -> Key:
    return Key(
        name=str(given.get("LogicalName") or ""),
        columns=frozenset(map(str, given.get("KeyAttributes") or ())),
        status=str(given.get("EntityKeyIndexStatus") or ""),
    )


def _navigation(given: Mapping[str, Any]) -> tuple[tuple[str, str], str]:
    pair = (str(given["ReferencingAttribute"]), str(given["ReferencedEntity"]))
    return pair, str(given["ReferencingEntityNavigationPropertyName"])


def _unreadable(refusal: Refusal) -> RetryableError | CredentialsError:
    text = f"Dataverse does not tell about its tables: {refusal}"
    if refusal.trouble is Trouble.RIGHTS:
        return CredentialsError(text, detail=refusal.detail)
    return RetryableError(text, retry_after=refusal.retry_after, detail=refusal.detail)
