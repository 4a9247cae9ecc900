"""Everything that an account has, as tables."""

from __future__ import annotations

from regbridge_cvent.simulator.account.table import Table


class Tables:
    """One table for each kind of record."""

    def __init__(self) -> None:
        self.events = Table()
        self.registration_types = Table("event.id")
        self.registration_paths = Table("event.id")
        self.sessions = Table("event.id")
        self.questions = Table("event.id")
        self.choices = Table("question.id")
        self.custom_fields = Table("category")
        self.contacts = Table()
        self.attendees = Table("event.id", "contact.id", "primaryId")
        self.enrollments = Table("event.id", "attendee.id", "session.id")
        self.orders = Table("event.id", "attendee.id")
        self.order_items = Table("event.id", "attendee.id", "order.id")
