"""A ledger that is opened with some keys or others, and all that it holds as it holds it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, select, text
from sqlmodel import SQLModel
from tests.integration.ledger.conftest import Ledger

from regbridge.config.encryption import EncryptionConfig
from regbridge.corrections import Correction
from regbridge.store.differences import Found, add_differences
from regbridge.store.operate import correct
from regbridge.store.passes import NewPass, begin_passes
from regbridge.store.sealing import PLACES
from regbridge.store.tables import compatibility
from regbridge.testing.payloads import encode, sync

CANARY = "Quetzalcoatlus"
"""What people wrote; it is in nothing that can be searched for."""


def key(name: str) -> str:
    """Return a key as it is written, made of a name."""
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode()


def config(*names: str, writes: bool = True) -> EncryptionConfig | None:
    """Return what `host.encryption` says with the keys of some names."""
    if not names:
        return None
    secrets = [SecretStr(key(name)) for name in names]
    return EncryptionConfig.model_construct(keys=secrets, writes=writes)


def fill(ledger: Ledger) -> None:
    """Let everything happen that keeps something of people."""
    ledger.register(1, f"{CANARY} 1")
    body = encode(sync(3, first=2)).replace(b'"company":"', f'"company":"{CANARY} '.encode())
    ledger.receive(body)
    ledger.receive(f'{{"broken": "{CANARY}'.encode())
    ledger.run()
    made = [Correction("company", f"{CANARY} corrected")]
    ledger.store.write(lambda c: correct(c, 1, made, "anna", "a call", ledger.clock.now))
    ledger.run()
    find(ledger)


def find(ledger: Ledger) -> None:
    """Let a pass find something."""
    new = NewPass("apap", "event", "gala", None, False, False, "anna")
    ledger.store.write(lambda c: begin_passes(c, [new], ledger.clock.now))
    record = f'{{"a": "{CANARY}"}}'.encode()
    changes = f'{{"a": ["{CANARY}", 1]}}'
    found = [
        Found("stale", "registration:e:i", text=f"{CANARY} at Cvent", record=record),
        Found("changed there", "registration:e:j", target="crm", changes=changes),
    ]
    ledger.store.write(lambda c: add_differences(c, 1, found, ledger.clock.now))


def everything(ledger: Ledger) -> str:
    """Return all that the tables hold as they hold it, as one text."""

    def dump(connection: Connection) -> str:
        tables = SQLModel.metadata.sorted_tables
        return "\n".join(repr(row) for t in tables for row in connection.execute(select(t)))

    return ledger.store.read(dump)


def kept(ledger: Ledger) -> list[str]:
    """Return the sealed and unsealed values of all columns that can be sealed, as texts."""
    tables = SQLModel.metadata.tables
    columns = [tables[name].c[column] for name in PLACES for column in PLACES[name].columns]

    def read(connection: Connection) -> list[Any]:
        return [value for column in columns for value in connection.scalars(select(column))]

    values = [value for value in ledger.store.read(read) if value]
    return [v if isinstance(v, str) else bytes(v).decode("latin-1") for v in values]


def sealed_by(ledger: Ledger) -> Collection[str]:
    """Return the marks and the ids of the keys by which values are sealed; "plain" for none."""
    return {
        v.split(":")[1] if v.lstrip("\xff").startswith("sealed:") else "plain" for v in kept(ledger)
    }


def clear(connection: Connection) -> None:
    """Empty the tables of a database that several tests use."""
    names = ", ".join(t.name for t in SQLModel.metadata.sorted_tables if t is not compatibility)
    connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
