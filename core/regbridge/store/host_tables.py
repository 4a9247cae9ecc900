"""The ledger's tables of hosts: who works on it, and with which configurations."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Table
from sqlmodel import Field, SQLModel

from regbridge.store.columns import Big, PlainText


class HostRow(SQLModel, table=True):
    """A process that receives, works or both. `seen_at` is when it last said that it is there.

    `changed_at` is when its `host:` block was changed, which holds after a restart; `findings` is
    what is wrong with the change, one in a line.
    """

    __tablename__: ClassVar[str] = "hosts"

    host: str = Field(primary_key=True)
    roles: str
    started_at: int = Field(sa_type=Big)
    seen_at: int = Field(sa_type=Big)
    changed_at: int | None = Field(default=None, sa_type=Big)
    findings: str = Field(default="", sa_type=PlainText)


class HostClientRow(SQLModel, table=True):
    """A client at a host: the fingerprint of what it runs with, since when, and how it stands.

    `changed_at` is when its file became another one that the host does not run with, `findings`
    why, one in a line.
    """

    __tablename__: ClassVar[str] = "host_clients"

    host: str = Field(primary_key=True)
    client: str = Field(primary_key=True)
    standing: str
    configuration: str = ""
    since: int | None = Field(default=None, sa_type=Big)
    changed_at: int | None = Field(default=None, sa_type=Big)
    findings: str = Field(default="", sa_type=PlainText)


hosts: Table = SQLModel.metadata.tables["hosts"]
host_clients: Table = SQLModel.metadata.tables["host_clients"]
