"""The ledger's tables of the console: its audit, and the key of its sessions."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Column, LargeBinary, Table
from sqlmodel import Field, SQLModel

from regbridge.store.columns import Big, PlainText


class AuditRow(SQLModel, table=True):
    """Something that somebody did or saw in the console. It names nobody but who did it."""

    __tablename__: ClassVar[str] = "audit"

    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    at: int = Field(sa_type=Big, index=True)
    who: str = Field(sa_type=PlainText)
    address: str = Field(sa_type=PlainText)
    what: str
    about: str = Field(sa_type=PlainText)
    text: str = Field(sa_type=PlainText)


class ConsoleKey(SQLModel, table=True):
    """One row: what sessions are signed with, beside the password."""

    __tablename__: ClassVar[str] = "console_keys"

    id: int = Field(primary_key=True)
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


audit: Table = SQLModel.metadata.tables["audit"]
console_keys: Table = SQLModel.metadata.tables["console_keys"]
