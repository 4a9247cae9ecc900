"""What a receiver gets of one record: a body that is the same at each attempt, and its id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from regbridge import PluginContext, Record, RejectedError


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it is sent: its id, which is the same at each attempt, and its body."""

    id: str
    body: bytes


def message_of(record: Record, context: PluginContext, kind: str) -> Message:
    """Return the message of a record; raises `RejectedError` for what JSON has no form for."""
    content = content_of(record, context, kind)
    try:
        return Message(_id(content), _encode(content))
    except (TypeError, ValueError):
        field = _culprit(record.fields)
        raise RejectedError("the value cannot be written as JSON", field=field) from None


def content_of(record: Record, context: PluginContext, kind: str) -> dict[str, Any]:
    """Return what a body says, by the scheme's names: `type`, `timestamp`, `data`.

    `context` says where it comes from; what is not known (in a preview) is left out.
    """
    moment = {"timestamp": _moment(record.message_time)} if record.message_time else {}
    return {
        "type": kind,
        **moment,
        "data": dict(record.fields),
        "context": {key: value for key, value in _around(record, context).items() if value},
    }


def _around(record: Record, context: PluginContext) -> Mapping[str, Any]:
    return {
        "client": context.client.name,
        "target": context.target.name if context.target else "",
        "event": record.event_stub,
        "registrant": record.registrant,
        "contact": record.contact_stub,
        "previous_contact": record.previous_contact_stub,
        "registration": record.registration,
        "delivery": record.delivery,
    }


def _id(content: Mapping[str, Any]) -> str:
    """Return an id that two messages share only if they say the same of the same delivery.

    The delivery's number alone would not do: a ledger that is begun anew, or restored from a
    backup, gives numbers again, and a receiver would take another person's message for a duplicate.
    """
    said = {"context": content["context"], "data": content["data"]}
    text = json.dumps(said, sort_keys=True, allow_nan=False)
    return f"msg_{hashlib.sha256(text.encode('ascii')).hexdigest()[:32]}"


def _encode(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def _culprit(fields: Mapping[str, Any]) -> str | None:
    for name, value in fields.items():
        try:
            _encode({name: value})
        except (TypeError, ValueError):
            return name
    return None


def _moment(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
