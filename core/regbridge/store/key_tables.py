"""The ledger's table of encryption: the keys by their ids, never the keys themselves."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Column, LargeBinary, Table
from sqlmodel import Field, SQLModel

from regbridge.store.columns import Big


class EncryptionKey(SQLModel, table=True):
    """A key that values are sealed by, by its id; "" stands for values that are not sealed.

    `digest_key` is the ledger's, sealed by this key. `held` values were counted at `counted_at`.
    One that is retired sealed nothing that is still there.
    """

    __tablename__: ClassVar[str] = "encryption_keys"

    id: str = Field(primary_key=True)
    digest_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    first_used_at: int = Field(sa_type=Big)
    retired_at: int | None = Field(default=None, sa_type=Big)
    held: int | None = Field(default=None, sa_type=Big)
    counted_at: int | None = Field(default=None, sa_type=Big)


encryption_keys: Table = SQLModel.metadata.tables["encryption_keys"]
