"""Answers an operation that lists records: filter, window of time, order, pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from regbridge_cvent.simulator.account.table import Row, Table
from regbridge_cvent.simulator.account.world import World
from regbridge_cvent.simulator.api.operation import Asked
from regbridge_cvent.simulator.api.pages import Page, Pages
from regbridge_cvent.simulator.api.query import Query
from regbridge_cvent.simulator.errors import ApiError
from regbridge_cvent.simulator.filters.conditions import (
    AllOf,
    Changed,
    Condition,
    Record,
    at,
    equals,
)
from regbridge_cvent.simulator.filters.grammar import FilterError
from regbridge_cvent.simulator.filters.rules import Rules


@dataclass(frozen=True, slots=True)
class Service:
    """What all operations share: the account, its pages under way, the longest filter."""

    world: World
    pages: Pages
    filter_limit: int

    def one(self, table: Table, id: str) -> Record:  # noqa: A002
        """Return the record with an id. Raises `ApiError` 404 when there is none to be seen."""
        found = self.world.find(table, equals("id", id))
        if not found:
            raise ApiError(404, "there is nothing with this id")
        return self.world.read(found)[0]


@dataclass(frozen=True, slots=True)
class Listing:
    """Lists the records of one table.

    `rules` say what a filter may be. `fixed` are the conditions that the path and the other
    parameters make. `view` is what is shown of a record. `includes_ends` is whether `after` and
    `before` take in that very moment.
    """

    service: Service
    table: Table
    rules: Callable[[Asked], Rules] = lambda _: Rules({})
    fixed: Callable[[Asked], Sequence[Condition]] = lambda _: ()
    view: Callable[[Asked, Record], Record] = lambda _, record: record
    includes_ends: bool = False

    def __call__(self, asked: Asked) -> dict[str, Any]:
        """Return a page. Raises `ApiError`.

        A token overrides all that chooses records; `expand` counts as it is sent with each page.
        """
        token = asked.query.token
        page = self._first_page(asked) if token is None else self._page_at(asked, token)
        records = self.service.world.read(page.rows)
        data = [self.view(asked, record) for record in records]
        return {"paging": page.paging, "data": data}

    def _page_at(self, asked: Asked, token: str) -> Page:
        return self.service.pages.at(asked.url, token)

    def _first_page(self, asked: Asked) -> Page:
        rows = self.service.world.find(self.table, AllOf(tuple(self._conditions(asked))))
        _sort(rows, asked.query)
        question = f"{asked.filter} {asked.query}"
        return self.service.pages.first(asked.url, question, rows, asked.query.limit)

    def _conditions(self, asked: Asked) -> Iterator[Condition]:
        yield from self.fixed(asked)
        query = asked.query
        if query.after is not None or query.before is not None:
            yield Changed(query.after, query.before, self.includes_ends)
        if asked.filter is not None:
            yield self._filter(asked, asked.filter)

    def _filter(self, asked: Asked, text: str) -> Condition:
        if len(text) > self.service.filter_limit:
            raise ApiError(
                400, f"the filter has more than {self.service.filter_limit:,} characters", "filter"
            )
        try:
            return self.rules(asked).compile(text)
        except FilterError as error:
            raise ApiError(400, str(error), "filter") from None


def _sort(rows: list[Row], query: Query) -> None:
    for field, is_descending in reversed(query.sort):
        rows.sort(key=_sort_key(field), reverse=is_descending)


def _sort_key(field: str) -> Callable[[Row], Any]:
    read = at(*field.split("."))
    return lambda row: next(iter(read(row.record)), "")
