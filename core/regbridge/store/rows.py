"""Whole registrations: their rows with what the tables around them say."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from regbridge.store.sql import own_payload
from regbridge.store.tables import receipts, registrants, registration_payloads, registrations

ORDER = (registrations.c.ordered_at, registrations.c.receipt_id, registrations.c.position)
"""How revisions of a registrant follow each other."""


def whole_registrations() -> Select[Any]:
    """Return the query of registrations as `from_row` reads them.

    The payload of one whose data was purged is None.
    """
    return (
        select(
            registrations,
            registration_payloads.c.payload,
            registrants.c.subject,
            receipts.c.event_type,
            receipts.c.message_stub,
            receipts.c.message_time,
            receipts.c.message_time_text,
            receipts.c.received_at,
            receipts.c.record_count,
            receipts.c.kind.label("receipt_kind"),
        )
        .join(receipts, receipts.c.id == registrations.c.receipt_id)
        .outerjoin(registration_payloads, own_payload())
        .outerjoin(registrants, registrants.c.id == registrations.c.registrant_id)
    )
