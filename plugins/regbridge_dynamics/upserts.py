"""The three ways to send upserts: one alone, many at once, many one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from regbridge import Outcome
from regbridge.http import Answer
from regbridge_dynamics.batch import Part, run_batch
from regbridge_dynamics.client import JSON, WebApi
from regbridge_dynamics.errors import Refusal, read_refusal
from regbridge_dynamics.outcomes import delivered
from regbridge_dynamics.records import Upsert
from regbridge_dynamics.schema import Table

Results = dict[int, Outcome | Refusal]
"""What became of each upsert, by its place."""

_CREATED = 201
_REFUSED = 300
# A decimal is written as a number: as text Dataverse would refuse it.
_encode = msgspec.json.Encoder(decimal_format="number").encode


def upsert_one(web: WebApi, table: Table, upsert: Upsert) -> Outcome | Refusal:
    """Send one record by PATCH; the answer says whether it was new, and its id.

    That costs Dataverse a read (reference/dataverse-web-api.md, section 3), which one record
    alone is worth. Raises as `WebApi.send` does.
    """
    found = web.send(
        "PATCH",
        upsert.address.url,
        body=_encode(upsert.body),
        headers={**JSON, **web.options},
        prefer="return=representation",
        params={"$select": table.primary_id, **web.tag},
    )
    if isinstance(found, Refusal):
        return found
    record_id = _id_of(found, table) or upsert.record.external_id or upsert.address.plain
    made = found.status == _CREATED
    return Outcome.created(record_id) if made else Outcome.updated(record_id)


def upsert_together(web: WebApi, table: Table, upserts: Sequence[Upsert]) -> Results | Refusal:
    """Send records by UpsertMultiple, all or none. Raises as `WebApi.send` does.

    No two of them may have the same key (section 4). The answer is empty.
    """
    kind = f"Microsoft.Dynamics.CRM.{table.name}"
    targets = [
        {"@odata.type": kind, **_identity(table, upsert), **upsert.body} for upsert in upserts
    ]
    found = web.send(
        "POST",
        f"{table.entity_set}/Microsoft.Dynamics.CRM.UpsertMultiple",
        body=_encode({"Targets": targets}),
        headers={**JSON, **web.options},
        params=web.tag,
    )
    if isinstance(found, Refusal):
        return found
    return {upsert.place: delivered(upsert) for upsert in upserts}


def upsert_each(web: WebApi, upserts: Sequence[Upsert]) -> Results | Refusal:
    """Send records by `$batch`, each for itself. Raises as `WebApi.send` does.

    A refusal of the batch as a whole was given before any record was touched.
    """
    parts = [
        Part("PATCH", upsert.address.url, _encode(upsert.body), web.options, web.tag)
        for upsert in upserts
    ]
    answers = run_batch(web, parts, web.options)
    if isinstance(answers, Refusal):
        return answers
    results: Results = {}
    for upsert, answer in zip(upserts, answers, strict=True):
        is_done = answer.status < _REFUSED
        results[upsert.place] = delivered(upsert) if is_done else read_refusal(answer, web.clock())
    return results


def _identity(table: Table, upsert: Upsert) -> dict[str, str]:
    """Return what says which record it is: an id stands in its column, a key in an address."""
    if upsert.address.record_id:
        return {table.primary_id: upsert.address.record_id}
    return {"@odata.id": upsert.address.plain}


def _id_of(answer: Answer, table: Table) -> str | None:
    try:
        found = msgspec.json.decode(answer.body, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeError):
        return None
    given = found.get(table.primary_id)
    return given if isinstance(given, str) else None
