"""The ledger's table of restores."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Table
from sqlmodel import Field, SQLModel

from regbridge.store.columns import Big


class RestoreRow(SQLModel, table=True):
    """At `restored_at` (ms) the ledger was put back to what it had been at some time before.

    Deliveries that are made since then have numbers from `deliveries_from` on.
    """

    __tablename__: ClassVar[str] = "restores"

    restored_at: int = Field(primary_key=True, sa_type=Big)
    deliveries_from: int = Field(sa_type=Big)


restores: Table = SQLModel.metadata.tables["restores"]
