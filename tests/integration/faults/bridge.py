"""A ledger and a worker in a time that tests move, with a fault proxy before the vendor."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from regbridge.clients import start_clients
from regbridge.config.schema import WorkerConfig
from regbridge.limits import Limiters
from regbridge.store import report
from regbridge.store.engine import Store
from regbridge.store.intake import Arrival, Intake
from regbridge.store.limits import LedgerPlaces
from regbridge.store.tables import deliveries, registrations
from regbridge.testing.fault_proxy import Fault, FaultProxy, Reply
from regbridge.testing.payloads import EVENT, encode, live, registrant
from regbridge.worker.loop import Worker
from regbridge_dynamics.simulator import TENANT, Application
from regbridge_protech.simulator.contract import DATE, TEXTS

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC).timestamp()
TIMED = "tests.integration.faults.timed"

CLIENT = f"""
client: apap
endpoints: {{CventReg: {{path: /cvent/apap/CventReg, tokens: [{{env: APAP_TOKEN}}]}}}}
events: {{conference: {{id: {EVENT}, questions: {{member_id: {{code: MEMBERID}}}}}}}}
"""
DYNAMICS = f"""
plugins: [cvent-token]
targets:
  crm:
    use: {TIMED}:TimedDynamics
    settings:
      url: {{env: VENDOR_URL}}
      authority: {{env: VENDOR_URL}}
      tenant: {TENANT}
      client_id: {Application().client_id}
      client_secret: {{env: VENDOR_SECRET}}
      table: new_registrationstaging
      key: [new_inviteeid, new_eventid]
    map: {{new_inviteeid: registration.inviteeStub, new_eventid: event.id, new_lastname: company}}
"""
PROTECH = f"""
plugins: [cvent-token]
targets:
  crm:
    use: {TIMED}:TimedProtech
    settings:
      allow_http: true
      url: {{env: VENDOR_URL}}
      namespace: http://tempuri.org/
      operation: UpdateUserInfo
      parameters: [{", ".join(f"{{name: {name}}}" for name in TEXTS)},
        {{name: {DATE}, type: dateTime}}]
      success: guid
      timeout_seconds: 1
    map:
      szUserID: email
      szPerID: registration.inviteeStub
      szRegID: event.id
      szJobTitle: company
      {DATE}: {{from: registrationDate, format: "%Y-%m-%dT%H:%M:%S"}}
"""
CVENT = f"""
plugins:
  - cvent-token
  - use: {TIMED}:TimedCvent
    settings:
      account:
        url: {{env: VENDOR_URL}}
        client_id: {{env: VENDOR_ID}}
        client_secret: {{env: VENDOR_SECRET}}
        calls_per_second: 1000
        burst: 10
      include: [answers]
targets:
  crm:
    use: files
    settings: {{path: crm.jsonl}}
    map:
      Invitee: registration.inviteeStub
      Company: company
      Fetched: attendee.confirmationNumber
"""


class Clock:
    """Seconds since 1970 that pass when a test says so, or when somebody sleeps."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


class Bridge:
    """Everything from the commit of a message to what the vendor has, on a ledger in `folder`."""

    def __init__(self, folder: Path, proxy: FaultProxy, clock: Clock) -> None:
        self.folder = folder
        self.proxy = proxy
        self.clock = clock
        self.store = Store(f"sqlite:///{(folder / 'ledger.db').as_posix()}")
        limiters = Limiters(LedgerPlaces(self.store), clock, clock.sleep)
        self.clients = start_clients(folder, limiters)
        assert not self.clients.refused, self.clients.refused
        self.intake = Intake(self.store)
        self.worker = Worker(
            self.store,
            self.clients,
            WorkerConfig(),
            clock=lambda: round(clock.now * 1000),
            jitter=lambda: 0.0,
        )

    def register(self, *numbers: int, company: str = "old") -> None:
        """Receive what Cvent sends when these registrants register, or change their company."""
        for number in numbers:
            record = registrant(number, company=company)
            time = f"{self.clock.moment():%Y-%m-%dT%H:%M:%S}.{len(self.registrations()):03}Z"
            message = live("InviteeOrGuestModified", record, time)
            arrival = Arrival(
                "apap",
                "CventReg",
                encode(message),
                self.clock.moment(),
                message["eventType"],
                message["messageStub"],
                datetime.fromisoformat(time),
                time,
                1,
            )
            self.intake.accept(arrival)

    def run(self) -> None:
        """Do everything that is due now."""
        self.worker.run_once()

    def run_for(self, seconds: int, step: int = 60) -> None:
        """Let time pass in steps, doing each time what is due."""
        for _ in range(0, seconds, step):
            self.run()
            self.clock.sleep(step)
        self.run()

    def give_up_after(self, seconds: float) -> None:
        """Let the vendors' plugins wait so long for an answer, and twice as long for all of it."""
        for outbound in self.vendor.outbounds():
            outbound._timeout = (5.0, seconds)
            outbound._longest = seconds * 2

    def trust(self, ca_file: Path) -> None:
        """Let the vendors' plugins trust an authority."""
        for outbound in self.vendor.outbounds():
            outbound._session.verify = str(ca_file)

    def states(self) -> Counter[str]:
        """Return how many registrations are in which state."""
        return Counter(row.state for row in self.registrations())

    def registrations(self) -> Sequence[Any]:
        return self._rows(select(registrations).order_by(registrations.c.id))

    def deliveries(self) -> Sequence[Any]:
        return self._rows(select(deliveries).order_by(deliveries.c.id))

    def attempts(self) -> dict[int, int]:
        """Return the attempts of each delivery."""
        return {row.id: row.attempts for row in self.deliveries()}

    def pauses(self) -> Sequence[Any]:
        return self.store.read(report.all_pauses)

    def close(self) -> None:
        self.intake.close()
        self.clients.close()
        self.store.close()

    @property
    def vendor(self) -> Any:
        """The plugin that calls the vendor."""
        [pipeline] = self.clients.running.values()
        [found] = [each.plugin for each in pipeline.plugins if hasattr(each.plugin, "outbounds")]
        return found

    def _rows(self, statement: Any) -> Sequence[Any]:
        return self.store.read(lambda connection: connection.execute(statement).all())


def invitee(number: int) -> str:
    """Return what Cvent calls a registrant's registration."""
    return str(registrant(number)["inviteeStub"]).lower()


def delivered(bridge: Bridge) -> list[tuple[str, str, str]]:
    """Return invitee, company and what was fetched from Cvent, of each record in the file."""
    lines = (bridge.folder / "crm.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [(row["Invitee"].lower(), row["Company"], row["Fetched"]) for row in rows]


def expected(number: int, company: str) -> tuple[str, str, str]:
    """Return the same of one registrant."""
    return invitee(number), company, registrant(number)["confirmationNumber"]


def name_of(what: Fault | Reply) -> str:
    """Return what a test of a fault is called."""
    return what.value if isinstance(what, Fault) else f"{what.status} {what.body[:9]}".strip()
