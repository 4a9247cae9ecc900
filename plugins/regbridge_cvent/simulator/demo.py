"""Cvent's part in `regbridge demo`: a simulator that knows whoever a message is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from regbridge import Kind, Registration
from regbridge.testing import payloads
from regbridge.testing.demo_service import DemoService
from regbridge_cvent.simulator.account.population import Population
from regbridge_cvent.simulator.behaviour import Behaviour
from regbridge_cvent.simulator.service import CventSimulator
from regbridge_cvent.simulator.tiers import PREMIUM


class CventInDemo(DemoService):
    """A simulated account of the largest tier with the events of the example client."""

    def __init__(self) -> None:
        events = (payloads.EVENT, payloads.SUMMIT)
        self.simulator = CventSimulator(Population(0, events=events), Behaviour(PREMIUM))
        self._contacts: dict[str, str] = {}

    def start(self) -> Mapping[str, str]:
        """Listen, and return the account that the shipped clients' files name."""
        account = {
            "URL": self.simulator.start(),
            "CLIENT_ID": self.simulator.credentials.client_id,
            "CLIENT_SECRET": self.simulator.credentials.client_secret,
        }
        return {
            f"{client}_CVENT_{name}": value
            for client in ("EXAMPLE", "APAP")
            for name, value in account.items()
        }

    def learn(self, registrations: Sequence[Registration]) -> None:
        """Make an attendee of each registrant that is new, another person after a substitution."""
        for registration in registrations:
            if registration.kind is not Kind.REGISTRATION or not registration.subject:
                continue
            known = self._contacts.get(registration.invitee_stub)
            source = _source(registration)
            if known is None:
                self.simulator.world.add(source, answers=_answers(registration))
            elif known != registration.contact_stub:
                self.simulator.world.substitute(registration.invitee_stub, source)
            self._contacts[registration.invitee_stub] = registration.contact_stub

    def figures(self) -> Mapping[str, int]:
        """Return how often the API was called."""
        return {
            "calls of Cvent's API": len(self.simulator.calls),
            "registrants that they were about": len(self._contacts),
        }

    def stop(self) -> None:
        """Stop listening."""
        self.simulator.stop()


def _source(registration: Registration) -> dict[str, Any]:
    """Return a record in the form of a manual sync, whatever the message's own form is."""
    usual = payloads.registrant(_number(registration), registration.event_stub.upper())
    given = {name: value for name, value in registration.fields.items() if name in usual}
    return (
        usual
        | given
        | {
            "inviteeStub": registration.invitee_stub.upper(),
            "contactStub": registration.contact_stub.upper(),
            "eventStub": registration.event_stub.upper(),
            "registrationDate": usual["registrationDate"],
            "orders": usual["orders"],
            "isGuest": registration.is_guest,
        }
    )


def _answers(registration: Registration) -> dict[str, Sequence[str]]:
    number = _number(registration)
    return {
        "MEMBERID": [f"M-{number:06}"] if number % 50 else [],
        "VOLUNTEER": ["Yes" if number % 2 else "No"],
    }


def _number(registration: Registration) -> int:
    """Return a number that is always the same for the same registrant."""
    return crc32(registration.invitee_stub.encode()) % 1_000_000
