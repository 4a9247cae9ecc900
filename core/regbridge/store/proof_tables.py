"""The ledger's tables of reconciling: whom Cvent has, passes, and what they found."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Column, Index, LargeBinary, Table, text
from sqlmodel import Field, SQLModel

from regbridge.store.columns import Big, PlainText
from regbridge.store.tables import Leased

_RUNNING = text("finished_at IS NULL")


class AttendeeRow(SQLModel, table=True):
    """Whom Cvent had at an event when that was last paged: an id and a status, no name.

    `seen_in` is the last pass that saw them.
    """

    __tablename__: ClassVar[str] = "attendees"
    __table_args__ = ({"sqlite_with_rowid": False},)

    client: str = Field(primary_key=True)
    event_stub: str = Field(primary_key=True)
    invitee_stub: str = Field(primary_key=True)
    subject: str
    status: str
    is_deleted: bool = False
    seen_in: int = Field(sa_type=Big)


class PassRow(Leased, table=True):
    """One comparison of an event: Cvent, the ledger, the targets. At most one of an event runs.

    `since` (ms) makes it an incremental one, None a full one. `page` is where Cvent is asked next,
    `newest` the newest change (ms) that it showed. `untold` counts registrants whom no webhook told
    of. `account` is the result as JSON, `shown` whether who asked for it has seen that.
    """

    __tablename__: ClassVar[str] = "passes"
    __table_args__ = (
        Index(
            "passes_running",
            "client",
            "event_stub",
            unique=True,
            sqlite_where=_RUNNING,
            postgresql_where=_RUNNING,
        ),
        Index("passes_of", "client", "event_stub", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    client: str
    event_stub: str
    event: str
    since: int | None = Field(default=None, sa_type=Big)
    fixes: bool = False
    overwrites: bool = False
    made_by: str = Field(sa_type=PlainText)
    step: str
    page: str = ""
    attendees: int = 0
    total: int | None = None
    calls: int = 0
    newest: int | None = Field(default=None, sa_type=Big)
    waiting: int = 0
    waiting_since: int | None = Field(default=None, sa_type=Big)
    problem: str = Field(default="", sa_type=PlainText)
    untold: int = 0
    account: str = ""
    shown: bool = False
    began_at: int = Field(sa_type=Big)
    finished_at: int | None = Field(default=None, sa_type=Big)


class DifferenceRow(SQLModel, table=True):
    """Something that a pass found in one place and not, or otherwise, in another.

    `record` is what will be sent about it, None where nothing is or where it was; `changes` are the
    fields that a target has otherwise, as JSON. `sent_at` says that it was mended.
    """

    __tablename__: ClassVar[str] = "differences"
    __table_args__ = (Index("differences_of", "pass_id", "subject"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    pass_id: int = Field(sa_type=Big, foreign_key="passes.id")
    kind: str
    target: str = ""
    subject: str = Field(default="", index=True)
    registration_id: int | None = Field(default=None, sa_type=Big)
    delivery_id: int | None = Field(default=None, sa_type=Big)
    name: str = Field(default="", sa_type=PlainText)
    text: str = Field(default="", sa_type=PlainText)
    changes: str = Field(default="", sa_type=PlainText)
    event_type: str = ""
    record: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    receipt_id: int | None = Field(default=None, sa_type=Big)
    found_at: int = Field(sa_type=Big)
    sent_at: int | None = Field(default=None, sa_type=Big)


attendees: Table = SQLModel.metadata.tables["attendees"]
passes: Table = SQLModel.metadata.tables["passes"]
differences: Table = SQLModel.metadata.tables["differences"]
