"""What Cvent sends: an endless mix of messages that a seed decides."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from regbridge.testing.payloads import encode, live, message, registrant

REGISTRANTS = 200
BEGIN = datetime(2026, 11, 24, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Revision:
    """What one message says about one registrant; revisions are ordered by their time."""

    time: datetime
    position: int
    company: str
    status: str

    @property
    def text(self) -> str:
        """What the targets keep of it."""
        return f"{self.company} {self.status}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is posted; one without a stub is malformed."""

    body: bytes
    stub: str = ""
    size: int = 0


class Messages:
    """Makes messages, and knows what should have become of each registrant.

    Each message has a messageTime of its own, so that the newest revision is the same however two
    senders come to their turns. `revisions` has those of each registrant, by number.
    """

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._lock = threading.Lock()
        self._count = 0
        self._sent: list[Message] = []
        self.revisions: dict[int, list[Revision]] = {}
        self.sizes: dict[str, int] = {}

    def next(self) -> Message:
        """Return the next message. Safe to call from several threads."""
        with self._lock:
            self._count += 1
            kinds: Mapping[Callable[[], Message], int] = {
                self._change: 50,
                self._cancellation: 10,
                self._late: 12,
                self._the_same_again: 8,
                self._duplicate: 12,
                self._small_sync: 4,
                self._large_sync: 3,
                self._malformed: 1,
            }
            [make] = self._dice.choices(list(kinds), list(kinds.values()))
            made = make()
            self._sent.append(made)
            self.sizes[made.stub] = made.size
            return made

    def newest(self) -> dict[int, Revision]:
        """Return the newest revision of each registrant."""
        return {number: max(found) for number, found in self.revisions.items()}

    def _now(self) -> datetime:
        return BEGIN + timedelta(seconds=self._count)

    def _change(self) -> Message:
        return self._single("InviteeOrGuestModified", self._now(), "Accepted")

    def _cancellation(self) -> Message:
        return self._single("InviteeOrGuestCancelled", self._now(), "Cancelled")

    def _late(self) -> Message:
        """Make a message that comes after others that are newer."""
        earlier = timedelta(seconds=self._dice.randint(1, 60))
        apart = timedelta(milliseconds=self._count % 999 + 1)  # no other has this time
        return self._single("InviteeOrGuestModified", self._now() - earlier - apart, "Accepted")

    def _the_same_again(self) -> Message:
        """Make another message that says what the newest one said."""
        number = self._dice.randint(1, REGISTRANTS)
        known = self.revisions.get(number)
        if not known:
            return self._change()
        last = max(known)
        again = Revision(self._now(), 0, last.company, last.status)
        return self._live("InviteeOrGuestModified", number, again)

    def _duplicate(self) -> Message:
        return self._dice.choice(self._sent[-50:]) if self._sent else self._change()

    def _small_sync(self) -> Message:
        return self._sync(self._dice.randint(2, 20))

    def _large_sync(self) -> Message:
        return self._sync(self._dice.randint(101, 160))

    def _malformed(self) -> Message:
        return Message(f'{{"eventType": "number {self._count}", '.encode())

    def _single(self, event_type: str, time: datetime, status: str) -> Message:
        revision = Revision(time, 0, f"message {self._count}", status)
        return self._live(event_type, self._dice.randint(1, REGISTRANTS), revision)

    def _live(self, event_type: str, number: int, revision: Revision) -> Message:
        record = self._record(number, revision)
        return _message(live(event_type, record, time=_text(revision.time)))

    def _sync(self, size: int) -> Message:
        """Make a sync in which one registrant may come twice: then the later record is right."""
        numbers = self._dice.sample(range(1, REGISTRANTS + 1), size)
        numbers[-1] = self._dice.choice(numbers)
        records = []
        for position, number in enumerate(numbers):
            company = f"message {self._count}.{position}"
            revision = Revision(self._now(), position, company, "Accepted")
            records.append(self._record(number, revision))
        return _message(message("AttendeeManualSynced", records, time=_text(self._now())))

    def _record(self, number: int, revision: Revision) -> dict[str, Any]:
        self.revisions.setdefault(number, []).append(revision)
        return registrant(number, company=revision.company, inviteeStatus=revision.status)


def _message(content: Mapping[str, Any]) -> Message:
    return Message(encode(content), content["messageStub"], len(content["message"]))


def _text(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
