"""The ledger's tables of the endpoints' doors: tokens and their uses, and who was refused."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Table
from sqlmodel import Field, SQLModel

from regbridge.store.columns import Big, PlainText


class EndpointToken(SQLModel, table=True):
    """A token that hosts take at an endpoint, by its fingerprint; never the token.

    `name` says where it comes from. `since` is when a host took it first, `configured_at` when a
    host that takes it started last.
    """

    __tablename__: ClassVar[str] = "endpoint_tokens"

    client: str = Field(primary_key=True)
    endpoint: str = Field(primary_key=True)
    fingerprint: str = Field(primary_key=True)
    name: str = Field(sa_type=PlainText)
    since: int = Field(sa_type=Big)
    configured_at: int = Field(sa_type=Big)
    uses: int = Field(default=0, sa_type=Big)
    first_used_at: int | None = Field(default=None, sa_type=Big)
    last_used_at: int | None = Field(default=None, sa_type=Big)


class RefusedRow(SQLModel, table=True):
    """How many requests of an address were refused at an endpoint; "" for many addresses.

    `client` is "" where the path is the host's own, which `endpoint` names then. `by_cvent` says
    that one of them seems to have been Cvent's.
    """

    __tablename__: ClassVar[str] = "refused"

    client: str = Field(primary_key=True)
    endpoint: str = Field(primary_key=True)
    cause: str = Field(primary_key=True)
    address: str = Field(primary_key=True, sa_type=PlainText)
    by_cvent: bool = False
    requests: int = Field(sa_type=Big)
    first_at: int = Field(sa_type=Big)
    last_at: int = Field(sa_type=Big)


endpoint_tokens: Table = SQLModel.metadata.tables["endpoint_tokens"]
refused: Table = SQLModel.metadata.tables["refused"]
