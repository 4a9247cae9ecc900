"""The account behind the API: whom it holds, and how tests add, change and delete them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from regbridge_cvent.simulator.account.forms import rest_id, write_time
from regbridge_cvent.simulator.account.people import Source, contact_of, registered_at
from regbridge_cvent.simulator.account.population import Population, populate
from regbridge_cvent.simulator.account.questions import QUESTIONS, Question, answer
from regbridge_cvent.simulator.account.registrants import Registrant, enter, leave
from regbridge_cvent.simulator.account.table import Row, Table
from regbridge_cvent.simulator.account.tables import Tables
from regbridge_cvent.simulator.filters.conditions import Condition, Record

# What a registration tells nothing of.
_NOT_TOLD = frozenset({"created", "lastModified", "parentId", "event"})


class World:
    """Everything that the simulated account has, in the REST API's form.

    `tables` are for reading. Ids are in lower case: an attendee's is the inviteeStub, a contact's
    the contactStub. `visibility_delay` is in seconds: so long after it was added, nothing shows an
    attendee; those of the population count as added when the world is made.
    """

    def __init__(
        self,
        population: Population,
        clock: Callable[[], datetime],
        visibility_delay: float = 0.0,
    ) -> None:
        self.population = population
        self.tables = Tables()
        self._clock = clock
        self._delay = timedelta(seconds=visibility_delay)
        self._lock = threading.RLock()
        populate(self.tables, population, self._appears_at())

    def attendee(self, attendee_id: str) -> Record:
        """Return an attendee, visible or not. Raises `KeyError`."""
        return self.tables.attendees[attendee_id].record

    def contact(self, contact_id: str) -> Record:
        """Return a contact. Raises `KeyError`."""
        return self.tables.contacts[contact_id].record

    def attendees_at(self, event: str) -> list[Record]:
        """Return all attendees of an event, visible or not, deleted guests among them."""
        with self._lock:
            rows = self.tables.attendees.having("event.id", rest_id(event))
            return [row.record for row in rows]

    def find(self, table: Table, condition: Condition) -> list[Row]:
        """Return the rows that fulfil a condition and can be read now."""
        with self._lock:
            return table.find(condition, self._clock())

    def read(self, rows: Sequence[Row]) -> list[Record]:
        """Return the records of rows as they are now."""
        with self._lock:  # a record must not be made from what is being changed
            return [row.record for row in rows]

    def add(
        self,
        source: Source,
        *,
        answers: Mapping[str, Sequence[str]] | None = None,
        guest_of: str = "",
        test: bool = False,
    ) -> str:
        """Add the registrant of a record like `payloads.registrant`'s; return the attendee's id.

        `answers` are values by the question's code, `guest_of` is the id of the attendee who
        brings this guest. Raises `ValueError` when the event is not one of the population's, the
        attendee is there already, no question has such a code, or registrationDate is no date.
        """
        event_id = rest_id(source["eventStub"])
        registered_at(source)
        if event_id not in self.tables.events:
            raise ValueError(f"the population has no event {event_id}")
        given = [
            answer(_question(code), event_id, tuple(values))
            for code, values in (answers or {}).items()
        ]
        registrant = Registrant(
            id=rest_id(source["inviteeStub"]),
            contact_id=rest_id(source["contactStub"]),
            event_id=event_id,
            make=lambda: source,
            type_name=source.get("registrationType", ""),
            answers=lambda: given,
            primary_id=guest_of,
            guest=source["isGuest"] or bool(guest_of),
            test=test,
            items=self.population.items if source["orders"] else 0,
            appears_at=self._appears_at(),
        )
        with self._lock:
            enter(self.tables, registrant)
            self._touch(registrant.id, {})
            self._renew_contact(source)
        return registrant.id

    def change(self, attendee_id: str, **fields: Any) -> None:
        """Change fields of an attendee under Cvent's names; None takes a field away.

        lastModified and attendeeLastModified move. For the person behind the attendee there are
        `change_contact` and `substitute`. Raises `KeyError` when there is no such attendee.
        """
        if "contact" in fields:
            raise ValueError("a contact is changed by change_contact() or substitute()")
        with self._lock:
            self._touch(attendee_id, {"attendeeLastModified": self._now(), **fields})

    def cancel(self, attendee_id: str) -> None:
        """Cancel a registration as a planner or the registrant does; orders stay."""
        self.change(attendee_id, status="Cancelled", registrationCancelledAt=self._now())

    def answer(self, attendee_id: str, code: str, *values: str) -> None:
        """Give an attendee's answer to the question with a code; no value takes it back."""
        question = _question(code)
        with self._lock:
            record = self.attendee(attendee_id)
            event_id = record["event"]["id"]
            rest = [
                each
                for each in record.get("answers", ())
                if each["question"]["id"] != question.id_at(event_id)
            ]
            given = [answer(question, event_id, values)] if values else []
            self.change(attendee_id, answers=[*rest, *given] or None)

    def change_contact(self, contact_id: str, **fields: Any) -> None:
        """Change fields of a contact, and lastModified of it and of all its attendees."""
        with self._lock:
            row = self.tables.contacts[contact_id]
            self.tables.contacts.change(row, {"lastModified": self._now(), **fields})
            for attendee in self.tables.attendees.having("contact.id", contact_id):
                self._touch(attendee.id, {})

    def substitute(self, attendee_id: str, newcomer: Source) -> None:
        """Give an attendee's registration to another person: only the contact changes."""
        contact_id = rest_id(newcomer["contactStub"])
        with self._lock:
            if contact_id not in self.tables.contacts:
                row = Row(contact_id, lambda: contact_of(newcomer), keys={"purged": None})
                self.tables.contacts.add(row)
            self._touch(attendee_id, {}, {"contact.id": contact_id})

    def remove(self, attendee_id: str) -> None:
        """Delete an attendee with orders and guests; a guest stays, marked as a deleted one."""
        with self._lock:
            row = self.tables.attendees[attendee_id]
            leave(self.tables, attendee_id)
            for guest in self.tables.attendees.having("primaryId", attendee_id):
                self.remove(guest.id)
            if row.keys["primaryId"]:
                self.change(attendee_id, deletedGuest=True)
            else:
                self.tables.attendees.remove(row)

    def purge(self, contact_id: str) -> None:
        """Purge a contact: only id, lastModified and the mark remain of it."""
        left = {"id": contact_id, "lastModified": self._now(), "purged": True}
        with self._lock:
            self.tables.contacts.remove(self.tables.contacts[contact_id])
            self.tables.contacts.add(Row(contact_id, lambda: left, keys={"purged": True}))

    def _touch(
        self,
        attendee_id: str,
        changes: Mapping[str, Any],
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        row = self.tables.attendees[attendee_id]
        self.tables.attendees.change(row, {"lastModified": self._now(), **changes}, keys)

    def _renew_contact(self, source: Source) -> None:
        """Have the contact as the newest registration tells of it."""
        told = contact_of(source)
        known = self.contact(told["id"])
        changed = {
            name: told.get(name)
            for name in {*known, *told} - _NOT_TOLD
            if known.get(name) != told.get(name)
        }
        if changed:
            self.change_contact(told["id"], **changed)

    def _now(self) -> str:
        return write_time(self._clock())

    def _appears_at(self) -> datetime | None:
        return self._clock() + self._delay if self._delay else None


def _question(code: str) -> Question:
    for question in QUESTIONS:
        if question.code == code:
            return question
    raise ValueError(f"no question has the code {code!r}")
