"""The records of one type, with what must be unique among them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime

from regbridge_hubspot.simulator.errors import ApiError, invalid_values
from regbridge_hubspot.simulator.rules import BadValueError, kept
from regbridge_hubspot.simulator.schema import ObjectType


@dataclass(slots=True)
class Stored:
    """One record; `values` are its properties as they are kept."""

    id: str
    values: dict[str, str] = field(repr=False)
    created: str = ""
    updated: str = ""


class Records:
    """The records of a type. The caller holds a lock."""

    def __init__(
        self, type_: ObjectType, ids: Iterator[int], portal: int, clock: Callable[[], float]
    ) -> None:
        self.type = type_
        self._ids = ids
        self._portal = portal
        self._clock = clock
        self._all: dict[str, Stored] = {}

    def __iter__(self) -> Iterator[Stored]:
        return iter(list(self._all.values()))

    def after(self, id_: int) -> Iterator[Stored]:
        """Yield the records whose ids are greater, in their order."""
        later = (one for one in self._all.values() if int(one.id) > id_)
        return iter(sorted(later, key=lambda one: int(one.id)))

    def upsert(self, name: str, value: str, given: Mapping[str, str]) -> tuple[Stored, bool]:
        """Make or change the record that a unique property knows; say whether it is new.

        Raises `ApiError` for what is refused, and then nothing has changed.
        """
        values = self.checked({**given, name: value})
        found = self._with(name, str(values[name] or ""))
        self._require_unique(values, found)
        now = self._now()
        if found is None:
            id_ = str(next(self._ids))
            created = {"hs_object_id": id_, "createdate": now}
            found, is_new = Stored(id_, created, now), True
            self._all[id_] = found
        else:
            is_new = False
        found.updated = found.values["lastmodifieddate"] = now
        for changed, text in values.items():
            if text is None:
                found.values.pop(changed, None)
            else:
                found.values[changed] = text
        return found, is_new

    def checked(self, given: Mapping[str, str]) -> dict[str, str | None]:
        """Return values as they are kept. Raises `ApiError` with all that is wrong."""
        values: dict[str, str | None] = {}
        problems = []
        for name, text in given.items():
            found = self.type.by_name.get(name)
            if found is None:
                message = f'Property "{name}" does not exist'
                problems.append((name, "PROPERTY_DOESNT_EXIST", message))
                continue
            try:
                values[name] = kept(found, text)
            except BadValueError as error:
                problems.append((name, error.code, str(error)))
        if problems:
            raise invalid_values(problems, self._portal)
        return values

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Let everything be as before when the `with` block raises."""
        before = deepcopy(self._all)
        try:
            yield
        except ApiError:
            self._all = before
            raise

    def remove(self, id_: str) -> None:
        """Move a record to the bin, as a person would."""
        del self._all[id_]

    def _require_unique(self, values: Mapping[str, str | None], own: Stored | None) -> None:
        for name in self.type.unique_names():
            other = self._with(name, values.get(name) or "")
            if other is None or other is own:
                continue
            if name == "email":
                text = f"Contact already exists. Existing ID: {other.id}"
                raise ApiError(409, "CONFLICT", text, context={"existingId": [other.id]})
            message = f"{other.id} already has that value."
            raise invalid_values([(name, "CONFLICTING_UNIQUE_VALUE", message)], self._portal)

    def _with(self, name: str, value: str) -> Stored | None:
        found = (one for one in self._all.values() if value and one.values.get(name) == value)
        return next(found, None)

    def _now(self) -> str:
        moment = datetime.fromtimestamp(self._clock(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def numbers() -> Iterator[int]:
    """Yield ids for records."""
    return itertools.count(151, 50)
