"""Upserts a batch as HubSpot does: all or nothing, or each by itself if all have trace ids."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from regbridge_hubspot.simulator.errors import ApiError, bad_request
from regbridge_hubspot.simulator.faults import Fault, Faults
from regbridge_hubspot.simulator.records import Records, Stored

MOST = 100


class BatchInput(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One input; property values are text, as HubSpot's own description of its API says."""

    id: str
    properties: dict[str, str]
    idProperty: str = ""  # noqa: N815  # HubSpot's spelling
    objectWriteTraceId: str = ""  # noqa: N815  # HubSpot's spelling


class Batch(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of a batch upsert."""

    inputs: tuple[BatchInput, ...]


def read_batch(body: bytes, records: Records, portal: int) -> Batch:
    """Return what a body asks for. Raises `ApiError` for a batch that is wrong as a whole."""
    try:
        batch = msgspec.json.decode(body, type=Batch)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise bad_request(f"Invalid input JSON: {error}") from None
    if not 0 < len(batch.inputs) <= MOST:
        message = f"The maximum number of inputs supported in a batch request is {MOST}"
        raise bad_request(message)
    for one in batch.inputs:
        if not records.type.is_unique(one.idProperty):
            text = "Unable to perform update/upsert by non-unique"
            name = f"{records.type.type_id} property {one.idProperty or 'hs_object_id'}"
            raise bad_request(f"{text} {name} in portal ID {portal}")
    _require_different(batch.inputs)
    return batch


class Upserts:
    """Does batches. Results come in an order that nobody can foresee."""

    def __init__(self, faults: Faults, *, multi_status: bool, seed: int) -> None:
        self._faults = faults
        self._multi_status = multi_status
        self._chance = random.Random(seed)  # noqa: S311  # no secret

    def run(self, batch: Batch, records: Records) -> tuple[int, dict[str, Any]]:
        """Return status and body. Raises `ApiError` when one input spoils all."""
        traces = [one.objectWriteTraceId for one in batch.inputs]
        if self._multi_status and all(traces) and len(set(traces)) == len(traces):
            return self._answer(*self._each(batch, records))
        with records.all_or_nothing():
            results = [self._one(one, records) for one in batch.inputs]
        return self._answer(results, [])

    def _each(
        self, batch: Batch, records: Records
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        results, errors = [], []
        for one in batch.inputs:
            try:
                results.append(self._one(one, records))
            except ApiError as error:
                errors.append(error.of_input(one.objectWriteTraceId))
        return results, errors

    def _one(self, one: BatchInput, records: Records) -> dict[str, Any]:
        if self._faults.take(Fault.BUSY_INPUT):
            raise ApiError(429, "RATE_LIMITS", "You have reached your secondly limit.")
        stored, is_new = records.upsert(one.idProperty, one.id, one.properties)
        return _result(stored, one, is_new=is_new)

    def _answer(
        self, results: list[dict[str, Any]], errors: list[dict[str, Any]]
    ) -> tuple[int, dict[str, Any]]:
        if self._faults.take(Fault.SILENT):
            (results or errors).pop()
        if self._faults.take(Fault.NAMELESS):
            errors = [{**one, "context": {}} for one in errors]
        if self._faults.take(Fault.TRACELESS):
            results = [{**one, "objectWriteTraceId": None} for one in results]
        self._chance.shuffle(results)
        self._chance.shuffle(errors)
        body = {"status": "COMPLETE", "results": results}
        if errors:
            return 207, {**body, "numErrors": len(errors), "errors": errors}
        return 200, body


def _require_different(inputs: Sequence[BatchInput]) -> None:
    marks = Counter(_mark(one) for one in inputs)
    if twice := sorted({one.id for one in inputs if marks[_mark(one)] > 1}):
        text = f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique"
        raise bad_request(text, context={"ids": twice})


def _mark(one: BatchInput) -> str:
    return one.id.strip().lower() if one.idProperty == "email" else one.id


def _result(stored: Stored, one: BatchInput, *, is_new: bool) -> dict[str, Any]:
    shown = {name: stored.values.get(name) for name in (*one.properties, *_ALWAYS)}
    return {**shown_record(stored, shown), "new": is_new, **dict(_trace(one))}


def _trace(one: BatchInput) -> Iterator[tuple[str, str]]:
    if one.objectWriteTraceId:
        yield "objectWriteTraceId", one.objectWriteTraceId


_ALWAYS = ("hs_object_id", "createdate", "lastmodifieddate")


def shown_record(stored: Stored, values: dict[str, str | None]) -> dict[str, Any]:
    """Return a record as the API tells it."""
    return {
        "id": stored.id,
        "properties": values,
        "createdAt": stored.created,
        "updatedAt": stored.updated,
        "archived": False,
    }
