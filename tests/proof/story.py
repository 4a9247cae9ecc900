"""What happens to an event, as a seed decides: people register and change, webhooks get lost.

Webhooks are made of what the simulator has, as Cvent makes them of what it has. A tenth is lost,
some come twice, some late and after newer ones. People work in the CRM meanwhile.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import requests
from tests.proof.figures import expected_row
from tests.proof.vendors import TOKEN, Vendors
from tests.simulated import STAGING

from regbridge.testing.payloads import encode, live, registrant, substitution
from regbridge_cvent.simulator import GUESTS

PAUSE_SECONDS = 0.02
NEWCOMERS = 10_000
"""The first registrant who comes after the webhook was linked has this number."""

MOST_BY_HAND = 20
"""So many rows are deleted, and so many edited: more missing ones ask for a person."""

_GONE = 3


class Story:
    """Changes the event and tells of it in a thread of its own, from `begin` to `end`.

    `url` is where webhooks are posted; as long as nobody answers there, they are posted again.
    `happened` counts what happened, `gone` are attendees whom Cvent has no more.
    """

    def __init__(self, around: Vendors, seed: int, registrants: int, guests_every: int) -> None:
        self.url = ""
        self.happened: Counter[str] = Counter()
        self.gone: dict[str, Mapping[str, Any]] = {}
        self._around = around
        self._world = around.cvent.world
        self._dice = random.Random(f"story {seed}")
        self._numbers = list(range(1, registrants + 1))
        self._numbers += [GUESTS + n for n in range(guests_every, registrants + 1, guests_every)]
        self._newcomers = count(NEWCOMERS)
        self._untouched = self._dice.sample(range(1, registrants + 1), 20)
        self._numbers = [n for n in self._numbers if n not in self._untouched]
        self._late: list[bytes] = []
        self._by_hand: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._giving_up = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def begin(self) -> None:
        """Let it go on, until `end`."""
        self._thread.start()

    def end(self) -> None:
        """Let the webhooks that are late arrive, some of them never, and then nothing happen."""
        self._stopping.set()
        self._thread.join()
        if self._failure:
            raise self._failure

    def give_up(self) -> None:
        """Stop at once, whatever nobody has acknowledged."""
        self._giving_up.set()
        self._stopping.set()
        if self._thread.ident:
            self._thread.join()

    def _run(self) -> None:
        chances: Mapping[Callable[[], None], int] = {
            self._somebody_registers: 12,
            self._somebody_changes: 40,
            self._somebody_answers: 12,
            self._somebody_cancels: 12,
            self._somebody_is_substituted: 6,
            self._somebody_comes_after_all: 5,
            self._somebody_brings_a_guest: 6,
            self._a_guest_is_deleted: 4,
            self._somebody_is_removed: 1,
            self._a_late_one_arrives: 12,
            self._a_row_is_deleted: 6,
            self._a_row_is_edited: 6,
        }
        try:
            while not self._stopping.wait(PAUSE_SECONDS):
                [happen] = self._dice.choices(list(chances), list(chances.values()))
                happen()
                self.happened[happen.__name__.strip("_")] += 1
            while len(self._late) > 3:
                self._a_late_one_arrives()
        except BaseException as error:
            self._failure = error

    def _somebody_registers(self) -> None:
        number = next(self._newcomers)
        self._world.add(registrant(number))
        self._numbers.append(number)
        self._tell(number, "InviteeOrGuestAccepted")

    def _somebody_brings_a_guest(self) -> None:
        number = next(self._newcomers)
        host = _attendee(self._anybody())
        self._world.add(registrant(number, guest=True), guest_of=host)
        self._numbers.append(number)
        self._tell(number, "InviteeOrGuestAccepted")

    def _somebody_changes(self) -> None:
        number = self._anybody()
        contact = self._world.attendee(_attendee(number))["contact"]["id"]
        company = f"Company {self._dice.randrange(10_000)}"
        self._world.change_contact(contact, company=company)
        self._tell(number)

    def _somebody_answers(self) -> None:
        number = self._anybody()
        self._world.answer(_attendee(number), "VISITS", str(self._dice.randrange(100)))
        self._tell(number)

    def _somebody_cancels(self) -> None:
        number = self._anybody()
        self._world.cancel(_attendee(number))
        self._tell(number, "InviteeOrGuestCancelled")

    def _somebody_is_substituted(self) -> None:
        """Give the registration of somebody who has accepted to another person."""
        number = self._anybody()
        attendee = self._world.attendee(_attendee(number))
        if attendee["status"] == "Accepted":
            before, newcomer = self._record(number), registrant(next(self._newcomers))
            self._world.substitute(attendee["id"], newcomer)
            time = self._world.attendee(attendee["id"])["lastModified"]
            self._send(encode(substitution(before, newcomer, time=time)))

    def _somebody_comes_after_all(self) -> None:
        number = self._anybody()
        self._world.change(_attendee(number), status="Accepted")
        self._tell(number, "InviteeOrGuestAccepted")

    def _a_guest_is_deleted(self) -> None:
        """Delete a guest, of which Cvent tells nobody."""
        guests = [n for n in self._numbers if self._world.attendee(_attendee(n))["guest"]]
        number = self._dice.choice(guests)
        self._world.remove(_attendee(number))
        self._numbers.remove(number)

    def _somebody_is_removed(self) -> None:
        """Delete somebody wholly, whom the CRM has and no message is about."""
        there = {row["new_inviteeid"] for row in self._around.rows()}
        for number in self._untouched:
            attendee = _attendee(number)
            brings = self._world.tables.attendees.having("primaryId", attendee)
            if len(self.gone) < _GONE and attendee in there and not brings:
                was = expected_row(self._world.attendee(attendee))
                self._world.remove(attendee)
                self._untouched.remove(number)
                self.gone[attendee] = was
                return

    def _a_row_is_deleted(self) -> None:
        if row := self._some_row("deleted"):
            self._around.dataverse.remove(STAGING, row)

    def _a_row_is_edited(self) -> None:
        if row := self._some_row("edited"):
            values = {"new_name": "by hand", "new_registrationstatus": 100000002}
            self._around.dataverse.change(STAGING, row, values)

    def _some_row(self, what: str) -> str:
        rows = self._around.rows()
        if not rows or self._by_hand[what] >= MOST_BY_HAND:
            return ""
        self._by_hand[what] += 1
        return str(self._dice.choice(rows)[f"{STAGING}id"])

    def _anybody(self) -> int:
        return self._dice.choice(self._numbers)

    def _tell(self, number: int, event_type: str = "InviteeOrGuestModified") -> None:
        time = self._world.attendee(_attendee(number))["lastModified"]
        self._send(encode(live(event_type, self._record(number), time=time)))

    def _send(self, body: bytes) -> None:
        """Post the webhook of a change, unless it is lost; some are kept to be late."""
        chance = self._dice.random()
        if chance < 0.1:
            self.happened["lost"] += 1
        elif chance < 0.25:
            self._late.append(body)
        else:
            self._post(body)
            if chance > 0.9:
                self._post(body)
                self.happened["came twice"] += 1

    def _a_late_one_arrives(self) -> None:
        if self._late:
            self._post(self._late.pop(self._dice.randrange(len(self._late))))
            self.happened["came late"] += 1

    def _record(self, number: int) -> Mapping[str, Any]:
        """Return what a webhook would say of somebody now."""
        attendee = self._world.attendee(_attendee(number))
        contact = attendee["contact"]
        told = {name: contact.get(name, "") for name in ("firstName", "lastName", "company")}
        return registrant(
            number,
            guest=attendee["guest"],
            contactStub=contact["id"].upper(),
            inviteeStatus=attendee["status"],
            **told,
        )

    def _post(self, body: bytes) -> None:
        headers = {"Authorization": TOKEN, "Content-Type": "application/json"}
        while not self._giving_up.is_set():
            try:
                answer = requests.post(self.url, data=body, headers=headers, timeout=30)
            except requests.RequestException:  # nobody is there, or died before the answer
                self._giving_up.wait(PAUSE_SECONDS)
                continue
            if answer.status_code == 200:
                return
            assert answer.status_code == 503, answer.text


def _attendee(number: int) -> str:
    return str(registrant(number)["inviteeStub"]).lower()
