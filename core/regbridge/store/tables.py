"""The ledger's tables. Times are whole milliseconds since 1970 in UTC.

What `sealing.PLACES` names is read by `sealed.opened` alone: it may be encrypted.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from sqlalchemy import (
    Column,
    Index,
    LargeBinary,
    Table,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from regbridge.models import ReceiptKind
from regbridge.store.columns import Big, PlainText

_WORK = text("due_at IS NOT NULL")


class State(StrEnum):
    """Where a receipt, a registration or a delivery stands.

    A receipt is pending, split or parked, or filtered if a person ignored it. Every registration
    ends in exactly one of the others.
    """

    PENDING = "pending"
    SPLIT = "split"
    DELIVERED = "delivered"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    FILTERED = "filtered"
    DUPLICATE = "duplicate"
    PARKED = "parked"


class Leased(SQLModel):
    """The columns of a row that a worker claims.

    `due_at` is when the row may be claimed, None when there is nothing to do. A claim writes a
    `lease` and moves `due_at` to its end, so that a killed worker's rows come due by themselves.
    """

    due_at: int | None = Field(default=None, sa_type=Big)
    lease: str | None = None
    attempts: int = 0


class Receipt(Leased, table=True):
    """A message as it arrived. `split_count` of its `record_count` records are registrations.

    `kind` is a `ReceiptKind`: one that reconciling made was never posted. `digest` is set for
    malformed bodies only; the same bytes again raise `arrivals`.
    """

    __tablename__: ClassVar[str] = "receipts"
    __table_args__ = (
        Index("receipts_work", "client", "due_at", sqlite_where=_WORK, postgresql_where=_WORK),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    client: str
    endpoint: str
    event_type: str = ""
    message_stub: str = ""
    message_time: int | None = Field(default=None, sa_type=Big)
    message_time_text: str = ""
    received_at: int = Field(sa_type=Big, index=True)
    record_count: int = 0
    split_count: int = 0
    state: str = State.PENDING
    reason: str = Field(default="", sa_type=PlainText)
    arrivals: int = 1
    digest: str | None = Field(default=None, unique=True)
    kind: str = ReceiptKind.WEBHOOK


class ReceiptPart(SQLModel, table=True):
    """A piece of a receipt's message as it came; see `bodies`.

    Apart from the receipt, whose every update would copy it.
    """

    __tablename__: ClassVar[str] = "receipt_parts"

    receipt_id: int = Field(primary_key=True, sa_type=Big, foreign_key="receipts.id")
    part: int = Field(primary_key=True)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Registrant(SQLModel, table=True):
    """Who or what revisions are about. `forgotten_at` says that there is a tombstone."""

    __tablename__: ClassVar[str] = "registrants"
    __table_args__ = (UniqueConstraint("client", "subject"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    client: str
    subject: str
    forgotten_at: int | None = Field(default=None, sa_type=Big)


class RegistrationRow(Leased, table=True):
    """One record of a message. `ordered_at` is messageTime, or the arrival where there is none.

    `admitted` says that filters and dedupe let it pass, so that it supersedes older revisions.
    `search_name` is the name as `search_form` makes it. `bulk` marks the registrations of a sync,
    which wait behind single ones. `purged_at` is when its personal data was removed.
    """

    __tablename__: ClassVar[str] = "registrations"
    __table_args__ = (
        UniqueConstraint("receipt_id", "position"),
        Index(
            "registrations_work",
            "client",
            "bulk",
            "due_at",
            sqlite_where=_WORK,
            postgresql_where=_WORK,
        ),
        Index("registrations_order", "registrant_id", "ordered_at", "receipt_id", "position"),
        Index("registrations_state", "client", "state", "endpoint"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    receipt_id: int = Field(sa_type=Big, foreign_key="receipts.id")
    position: int
    client: str
    endpoint: str
    registrant_id: int | None = Field(default=None, sa_type=Big, foreign_key="registrants.id")
    kind: str
    occurrence: int = 0
    event_stub: str = ""
    invitee_stub: str = ""
    contact_stub: str = ""
    previous_contact_stub: str = ""
    is_guest: bool = False
    name: str = ""
    search_name: str = ""
    email: str = ""
    confirmation: str = ""
    ordered_at: int = Field(sa_type=Big)
    bulk: bool = False
    admitted: bool = False
    state: str = State.PENDING
    reason: str = Field(default="", sa_type=PlainText)
    field: str = Field(default="", sa_type=PlainText)
    settled_at: int | None = Field(default=None, sa_type=Big)
    purged_at: int | None = Field(default=None, sa_type=Big)


class SearchTerm(SQLModel, table=True):
    """What names a registration, as a number; see `regbridge.store.search`."""

    __tablename__: ClassVar[str] = "search_terms"
    __table_args__ = ({"sqlite_with_rowid": False},)

    segment: int = Field(primary_key=True, sa_type=Big)
    term: int = Field(primary_key=True, sa_type=Big)
    registration_id: int = Field(primary_key=True, sa_type=Big)


class Payload(SQLModel, table=True):
    """The JSON of one record of a receipt; apart from the registration, as a receipt's body is."""

    __tablename__: ClassVar[str] = "registration_payloads"

    receipt_id: int = Field(primary_key=True, sa_type=Big, foreign_key="receipts.id")
    position: int = Field(primary_key=True)
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class DedupeKey(SQLModel, table=True):
    """Which registration owns a change. `key` is the client and the key's text, or a digest of it.

    The text is kept as it is where it is short: the keys of one message then lie side by side.
    """

    __tablename__: ClassVar[str] = "dedupe_keys"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: str = Field(primary_key=True)
    registration_id: int = Field(sa_type=Big, foreign_key="registrations.id")


class Delivery(Leased, table=True):
    """One record at one target. `reached` says that the target may have it, now or before.

    `configuration` is the fingerprint of what mapped it, `digest` tells equal records. `begun_at`
    is when the last attempt began, and `batch` the token of its lease: the log and the target name
    it.
    """

    __tablename__: ClassVar[str] = "deliveries"
    __table_args__ = (
        UniqueConstraint("registration_id", "target"),
        Index(
            "deliveries_work",
            "client",
            "target",
            "bulk",
            "due_at",
            sqlite_where=_WORK,
            postgresql_where=_WORK,
        ),
        Index("deliveries_registrant", "registrant_id", "target"),
        Index("deliveries_state", "client", "target", "state"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    registration_id: int = Field(sa_type=Big, foreign_key="registrations.id")
    registrant_id: int | None = Field(default=None, sa_type=Big, foreign_key="registrants.id")
    client: str
    target: str
    contact_stub: str = ""
    bulk: bool = False
    state: str = State.PENDING
    reason: str = Field(default="", sa_type=PlainText)
    field: str = Field(default="", sa_type=PlainText)
    record: str = ""
    digest: str = ""
    configuration: str = ""
    external_id: str | None = Field(default=None, sa_type=PlainText)
    outcome: str = ""
    reached: bool = False
    created_at: int = Field(sa_type=Big)
    begun_at: int | None = Field(default=None, sa_type=Big)
    settled_at: int | None = Field(default=None, sa_type=Big)
    batch: str | None = None


class CorrectionRow(SQLModel, table=True):
    """A value that a person corrected for one registration: who, why and when.

    `target` is "" for a value of the registration itself; `value` is JSON, "" once it is purged.
    """

    __tablename__: ClassVar[str] = "corrections"

    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    registration_id: int = Field(sa_type=Big, foreign_key="registrations.id", index=True)
    target: str = ""
    field: str = Field(sa_type=PlainText)
    value: str = Field(sa_type=PlainText)
    made_by: str = Field(sa_type=PlainText)
    reason: str = Field(sa_type=PlainText)
    at: int = Field(sa_type=Big)


class AlertRow(SQLModel, table=True):
    """The last alert of a cause. `about` is the newest thing that it told, a time in ms."""

    __tablename__: ClassVar[str] = "alerts"

    cause: str = Field(primary_key=True)
    about: int = Field(sa_type=Big)
    sent_at: int = Field(sa_type=Big)


class Tombstone(SQLModel, table=True):
    """Somebody about whom nothing may be kept: a contact of a registrant, "" for any."""

    __tablename__: ClassVar[str] = "tombstones"

    registrant_id: int = Field(primary_key=True, sa_type=Big, foreign_key="registrants.id")
    contact_stub: str = Field(primary_key=True)


class Pause(SQLModel, table=True):
    """An upstream or a target that is left alone until `until`, then tried with one record.

    One without client and upstream is the pause of the whole worker, at every host.
    """

    __tablename__: ClassVar[str] = "pauses"

    client: str = Field(primary_key=True)
    upstream: str = Field(primary_key=True)
    cause: str
    reason: str = Field(sa_type=PlainText)
    since: int = Field(sa_type=Big)
    until: int = Field(sa_type=Big)


class LimiterPlace(SQLModel, table=True):
    """A place for one call of a vendor's account, free from `free_at` on."""

    __tablename__: ClassVar[str] = "limiter_places"

    key: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    free_at: int = Field(sa_type=Big)


class LimiterBlock(SQLModel, table=True):
    """A vendor's account that nobody calls before `until`."""

    __tablename__: ClassVar[str] = "limiter_blocks"

    key: str = Field(primary_key=True)
    until: int = Field(sa_type=Big)
    reason: str = Field(sa_type=PlainText)


class LimiterCalls(SQLModel, table=True):
    """How many calls an account had on one day, which begins at midnight GMT.

    `per_day` is how many it may have, None where nobody has said so.
    """

    __tablename__: ClassVar[str] = "limiter_calls"

    key: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    calls: int
    per_day: int | None = None


class Configuration(SQLModel, table=True):
    """A client's configuration that mapped records; secrets are references only."""

    __tablename__: ClassVar[str] = "configurations"

    client: str = Field(primary_key=True)
    fingerprint: str = Field(primary_key=True)
    text: str
    first_used_at: int = Field(sa_type=Big)


class Timing(SQLModel, table=True):
    """One bucket of the histogram of one stage on one day; see `regbridge.timings`."""

    __tablename__: ClassVar[str] = "timings"

    day: str = Field(primary_key=True)
    client: str = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    part: str = Field(primary_key=True)
    bucket: int = Field(primary_key=True)
    measurements: int = Field(sa_type=Big)
    registrations: int = Field(sa_type=Big)
    microseconds: int = Field(sa_type=Big)


class Compatibility(SQLModel, table=True):
    """One row: the first revision whose version can work with the tables as they are."""

    __tablename__: ClassVar[str] = "compatibility"

    oldest: str = Field(primary_key=True)


class History(SQLModel, table=True):
    """What is out of the ordinary: failures, parking, retries, pauses. Normal steps leave none."""

    __tablename__: ClassVar[str] = "history"

    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    at: int = Field(sa_type=Big)
    client: str
    receipt_id: int | None = Field(default=None, sa_type=Big, index=True)
    registration_id: int | None = Field(default=None, sa_type=Big, index=True)
    target: str = ""
    happening: str
    text: str = Field(default="", sa_type=PlainText)


# For Core statements, which do bulk work without making an object for each row.
receipts: Table = SQLModel.metadata.tables["receipts"]
receipt_parts: Table = SQLModel.metadata.tables["receipt_parts"]
registrants: Table = SQLModel.metadata.tables["registrants"]
registrations: Table = SQLModel.metadata.tables["registrations"]
search_terms: Table = SQLModel.metadata.tables["search_terms"]
registration_payloads: Table = SQLModel.metadata.tables["registration_payloads"]
dedupe_keys: Table = SQLModel.metadata.tables["dedupe_keys"]
deliveries: Table = SQLModel.metadata.tables["deliveries"]
corrections: Table = SQLModel.metadata.tables["corrections"]
tombstones: Table = SQLModel.metadata.tables["tombstones"]
alerts: Table = SQLModel.metadata.tables["alerts"]
pauses: Table = SQLModel.metadata.tables["pauses"]
limiter_places: Table = SQLModel.metadata.tables["limiter_places"]
limiter_blocks: Table = SQLModel.metadata.tables["limiter_blocks"]
limiter_calls: Table = SQLModel.metadata.tables["limiter_calls"]
configurations: Table = SQLModel.metadata.tables["configurations"]
timings: Table = SQLModel.metadata.tables["timings"]
compatibility: Table = SQLModel.metadata.tables["compatibility"]
history: Table = SQLModel.metadata.tables["history"]
