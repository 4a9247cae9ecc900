"""The same work without our machinery: split, store, map, write; prints the seconds it took.

One transaction, one `executemany` for each table, the same JMESPath expressions, one file.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import jmespath
import msgspec
from common import FIELDS

from regbridge.store.engine import Store
from regbridge.store.upgrades import upgrade


class Envelope(msgspec.Struct):
    """Cvent's envelope with its records unread."""

    eventType: str  # noqa: N815
    messageStub: str  # noqa: N815
    message: list[msgspec.Raw]


class Record(msgspec.Struct):
    """The fields that identify a record."""

    inviteeStub: str = ""  # noqa: N815
    contactStub: str = ""  # noqa: N815
    eventStub: str = ""  # noqa: N815
    firstName: str = ""  # noqa: N815
    lastName: str = ""  # noqa: N815
    email: str = ""
    confirmationNumber: str = ""  # noqa: N815


def main() -> None:
    """Make equal tables in an empty database, then do the work against the clock."""
    folder, body_file = Path(sys.argv[1]), Path(sys.argv[2])
    database = folder / "bare.db"
    store = Store(f"sqlite:///{database.as_posix()}")
    upgrade(store)
    store.close()
    expressions = {name: jmespath.compile(text) for name, text in FIELDS.items()}
    begun = time.perf_counter()
    work(database, body_file.read_bytes(), folder / "bare.jsonl", expressions)
    print(time.perf_counter() - begun)


def work(database: Path, body: bytes, out: Path, expressions: dict[str, Any]) -> None:
    """Do all of it in one transaction."""
    envelope = msgspec.json.decode(body, type=Envelope)
    read = msgspec.json.Decoder(Record).decode
    records = [(bytes(raw), read(raw)) for raw in envelope.message]
    mapped = []
    for payload, _ in records:
        fields = msgspec.json.decode(payload)
        mapped.append({name: e.search(fields) for name, e in expressions.items()})
    encoded = [json.dumps(record, ensure_ascii=False) for record in mapped]
    now = time.time_ns() // 1_000_000
    with sqlite3.connect(database) as db:
        db.execute("PRAGMA synchronous=FULL")
        insert(db, "receipts", [receipt(envelope, now)])
        insert(db, "receipt_parts", [{"receipt_id": 1, "part": 0, "body": body}])
        insert(db, "registrants", [registrant(i, r) for i, (_, r) in enumerate(records, 1)])
        insert(
            db,
            "registrations",
            [registration(i, r, now) for i, (_, r) in enumerate(records, 1)],
        )
        insert(
            db,
            "registration_payloads",
            [
                {"receipt_id": 1, "position": i, "payload": payload}
                for i, (payload, _) in enumerate(records, 1)
            ],
        )
        insert(
            db,
            "dedupe_keys",
            [key(i, envelope.messageStub, r) for i, (_, r) in enumerate(records, 1)],
        )
        insert(db, "deliveries", [delivery(i, text, now) for i, text in enumerate(encoded, 1)])
        with out.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in encoded)


def insert(db: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert rows by one `executemany`."""
    names = list(rows[0])
    marks = ", ".join(f":{name}" for name in names)
    db.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)


def receipt(envelope: Envelope, now: int) -> dict[str, Any]:
    """Return the row of the message."""
    return {
        "id": 1,
        "client": "bench",
        "endpoint": "CventReg",
        "event_type": envelope.eventType,
        "message_stub": envelope.messageStub,
        "message_time_text": "",
        "received_at": now,
        "record_count": len(envelope.message),
        "split_count": len(envelope.message),
        "state": "split",
        "reason": "",
        "arrivals": 1,
        "attempts": 0,
    }


def registrant(number: int, record: Record) -> dict[str, Any]:
    """Return the row of a registrant."""
    return {"id": number, "client": "bench", "subject": subject(record)}


def registration(number: int, record: Record, now: int) -> dict[str, Any]:
    """Return the row of a registration."""
    return {
        "id": number,
        "receipt_id": 1,
        "position": number,
        "client": "bench",
        "endpoint": "CventReg",
        "registrant_id": number,
        "kind": "registration",
        "occurrence": 0,
        "event_stub": record.eventStub,
        "invitee_stub": record.inviteeStub,
        "contact_stub": record.contactStub,
        "previous_contact_stub": "",
        "is_guest": 0,
        "name": f"{record.firstName} {record.lastName}",
        "search_name": f"{record.firstName} {record.lastName}".casefold(),
        "email": record.email,
        "confirmation": record.confirmationNumber,
        "ordered_at": now,
        "bulk": 1,
        "admitted": 1,
        "state": "delivered",
        "reason": "",
        "field": "",
        "settled_at": now,
        "attempts": 0,
    }


def key(number: int, stub: str, record: Record) -> dict[str, Any]:
    """Return the row of a dedupe key."""
    return {
        "key": f"bench|{stub}:{subject(record)}:0",
        "registration_id": number,
    }


def delivery(number: int, record: str, now: int) -> dict[str, Any]:
    """Return the row of a delivery."""
    return {
        "id": number,
        "registration_id": number,
        "registrant_id": number,
        "client": "bench",
        "target": "crm",
        "contact_stub": "",
        "bulk": 1,
        "state": "delivered",
        "reason": "",
        "field": "",
        "record": record,
        "configuration": "",
        "outcome": "created",
        "digest": hashlib.blake2b(record.encode(), digest_size=16).hexdigest(),
        "reached": 1,
        "attempts": 1,
        "created_at": now,
        "settled_at": now,
    }


def subject(record: Record) -> str:
    """Return who a record is about."""
    return f"registration:{record.eventStub}:{record.inviteeStub}".lower()


if __name__ == "__main__":
    main()
