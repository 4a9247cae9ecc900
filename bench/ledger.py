"""The same sync with a ledger that holds two million registrations already, against an empty one.

`python bench/ledger.py [registrations] [records] [rounds]`
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import middle, verdict, write_configuration
from sqlalchemy import insert
from sync import time_ours

from regbridge.store.engine import Store
from regbridge.store.search import add_all_terms
from regbridge.store.tables import (
    dedupe_keys,
    deliveries,
    receipt_parts,
    receipts,
    registrants,
    registration_payloads,
    registrations,
)
from regbridge.store.upgrades import upgrade
from regbridge.testing import payloads

PART = 20_000
EVENT = payloads.EVENT.lower()


def main() -> int:
    """Fill one ledger, then alternate syncs into it and into empty ones."""
    held, records, rounds = [*map(int, sys.argv[1:]), *(2_000_000, 10_000, 3)[len(sys.argv) - 1 :]]
    full: list[float] = []
    empty: list[float] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        ledger = folder / "filled.db"
        fill(ledger, held)
        print(f"the filled ledger: {ledger.stat().st_size / 1e6:.0f} MB")
        for number in range(rounds):
            body = folder / f"sync-{number}.json"
            first = 1 + number * records
            body.write_bytes(payloads.encode(payloads.sync(records, first=first)))
            with_ledger = folder / "full"
            shutil.rmtree(with_ledger, ignore_errors=True)
            write_configuration(with_ledger)
            ledger.rename(with_ledger / "regbridge.db")
            full.append(time_ours(with_ledger, body, records, prepared=True)[0])
            (with_ledger / "regbridge.db").rename(ledger)
            empty.append(time_ours(folder / f"empty-{number}", body, records)[0])
            print(f"round {number + 1}: full {full[-1]:.2f} s, empty {empty[-1]:.2f} s")
    ratio = middle(full) / middle(empty)
    return 0 if verdict(f"sync with {held} registrations held", ratio, 1.3) else 1


def fill(path: Path, count: int) -> None:
    """Write so many delivered registrations of as many registrants, each with its own GUID."""
    store = Store(f"sqlite:///{path.as_posix()}")
    upgrade(store)
    payload = payloads.encode(payloads.registrant(1))
    for start in range(1, count + 1, PART):
        numbers = range(start, min(start + PART, count + 1))
        receipt = start // PART + 1
        store.write(
            lambda c, numbers=numbers, receipt=receipt: [  # type: ignore[misc]
                c.execute(insert(table), list(rows))
                for table, rows in rows_of(numbers, receipt, payload)
            ]
        )
    store.write(add_all_terms)
    store.close()


def rows_of(numbers: range, receipt: int, payload: bytes) -> Iterator[tuple[Any, Any]]:
    """Yield each table with its rows, as a sync leaves them."""
    stubs = {number: str(uuid.uuid4()) for number in numbers}
    now = 1_700_000_000_000 + receipt
    common = {"client": "bench", "settled_at": now, "state": "delivered", "bulk": True}
    yield (
        receipts,
        [
            {
                "id": receipt,
                "client": "bench",
                "endpoint": "CventReg",
                "state": "split",
                "received_at": now,
                "record_count": len(numbers),
                "split_count": len(numbers),
            }
        ],
    )
    yield receipt_parts, [{"receipt_id": receipt, "part": 0, "body": b"[]"}]
    yield (
        registrants,
        (
            {"id": n, "client": "bench", "subject": f"registration:{EVENT}:{stub}"}
            for n, stub in stubs.items()
        ),
    )
    yield (
        registrations,
        (
            common
            | {
                "id": n,
                "receipt_id": receipt,
                "position": n,
                "endpoint": "CventReg",
                "registrant_id": n,
                "kind": "registration",
                "event_stub": EVENT,
                "invitee_stub": stub,
                "contact_stub": stub,
                "name": f"Name {stub[:8]}",
                "search_name": f"name {stub[:8]}",
                "email": f"{stub[:13]}@example.com",
                "confirmation": stub[-12:].upper(),
                "ordered_at": now,
                "admitted": True,
            }
            for n, stub in stubs.items()
        ),
    )
    yield (
        registration_payloads,
        ({"receipt_id": receipt, "position": n, "payload": payload} for n in numbers),
    )
    message = uuid.uuid4()
    yield (
        dedupe_keys,
        (
            {"key": f"bench|{message}:registration:{EVENT}:{stub}:0", "registration_id": n}
            for n, stub in stubs.items()
        ),
    )
    yield (
        deliveries,
        (
            common
            | {
                "id": n,
                "registration_id": n,
                "registrant_id": n,
                "target": "crm",
                "record": payload[:400].decode(),
                "digest": stub,
                "configuration": "bench",
                "outcome": "created",
                "reached": True,
                "attempts": 1,
                "created_at": now,
            }
            for n, stub in stubs.items()
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
